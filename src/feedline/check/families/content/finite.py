"""FL201: NaN and infinity among the values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.content.given import first_step_where, given
from feedline.check.families.format.raw_values import maps_of_mistaken_bytes
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor

_MOST_COLUMNS_NAMED = 5
_ROLES = {"x": "the inputs", "y": "the labels", "sample_weight": "the sample weights", None: "the elements"}


class NotFinite(Rule):
    """NaN or infinity is among the inputs, the labels or the weights."""

    code = "FL201"
    name = "not-finite"
    severity = "error"
    needs = ("sample",)
    why = (
        "One of them in a batch makes the loss NaN, and after that step every weight of the model is NaN: nothing that "
        "was learnt is left."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        for component in elements.components:
            statistics = component.statistics
            if (statistics.nan_count or statistics.inf_count) and not _is_additive_mask(component):
                node = _first_with(context, component)
                if node not in context.once(maps_of_mistaken_bytes):  # FL103 tells what makes it NaN
                    yield self._finding(context, elements, component, node)

    def _finding(self, context: Context, elements: Elements, component: Component, node: Node | None) -> Finding:
        bad = [index for index, row in enumerate(component.rows) if not _finite(row)]
        statistics = component.statistics
        counts = {"NaN": statistics.nan_count, "infinite": statistics.inf_count}
        kinds = ", ".join(
            f"{name} {count:,} time{'' if count == 1 else 's'}" for name, count in counts.items() if count
        )
        makes = isinstance(node, Map)
        what = "NaN" if statistics.nan_count else "infinity"
        return self.finding(
            f"{what} is among {_ROLES[component.role]}"
            + (f": {node.label()} makes it of finite numbers." if makes and node is not None else "."),
            seen=f"{component.name} is {kinds}, in {len(bad):,} of {len(component.rows):,} elements"
            f"{_columns(component)}",
            where=[elements.where_row(bad[0])],
            at=node or context.plan.last,
            fix=_fix(context, component, node, makes),
        )


def _first_with(context: Context, component: Component) -> Node | None:
    return first_step_where(context, lambda each: _has(each, component))


def _fix(context: Context, component: Component, node: Node | None, makes: bool) -> str:
    if makes and node is not None:
        return (
            f"Look in {node.label()} for a division by 0 (a standard deviation, a maximum or a sum of 0: add "
            "1e-7 to it) and for the logarithm or the root of what is 0 or less."
        )
    if component.role == "y":
        condition = "np.isfinite(y).all()"
    else:
        condition = "np.isfinite(x).all()"
    pair = any(each.role == "y" for each in context.sample.elements.components)
    name = component.name.replace("element", "x", 1) if "[" in component.name else None
    if name is not None:
        condition = f"np.isfinite({name}).all()"
    leave_out = f".filter(lambda {'x, y' if pair and not component.name.startswith('element') else 'x'}: {condition})"
    before = written(context.plan.batch) if context.plan.batch is not None else ".batch(...)"
    mend = {
        "y": "mend them where the labels come from: one that is made up teaches what is not so",
        "sample_weight": "give them a weight of 0",
    }
    fill = "fill them with a value that was taken of the training data, such as the column's median"
    return (
        f"Leave these elements out: write {leave_out} in front of {before}; or {mend.get(component.role or 'x', fill)}."
    )


def _has(elements: Elements, like: Component) -> bool:
    """Says whether a step's elements have such values, in a component of the same role where there are roles."""
    return any(
        each.statistics.nan_count or each.statistics.inf_count
        for each in elements.components
        if each.role in (like.role, None)
    )


def _columns(component: Component) -> str:
    """Returns which columns of a table it is, "" for others."""
    rows = [row for row in component.rows if isinstance(row, np.ndarray)]
    if not rows or len(rows) != len(component.rows) or len({row.shape for row in rows}) != 1 or rows[0].ndim != 1:
        return ""
    found = np.flatnonzero(~np.isfinite(np.array(rows, np.float64)).all(axis=0)).tolist()
    if len(found) == rows[0].shape[0] and len(found) > 1:
        return ", in every column"
    named = ", ".join(map(str, found[:_MOST_COLUMNS_NAMED])) + (
        " and others" if len(found) > _MOST_COLUMNS_NAMED else ""
    )
    return f", in column{'' if len(found) == 1 else 's'} {named} of {rows[0].shape[0]:,}"


def _finite(value: Any) -> bool:
    if isinstance(value, RaggedTensor | SparseTensor):
        return _finite(value.values)
    array = np.asarray(value)
    if array.dtype.kind in "iub" or array.dtype == object:
        return True
    return bool(np.isfinite(array).all())


def _is_additive_mask(component: Component) -> bool:
    """Says whether it is 0 and minus infinity, and nothing else: what attention adds to leave places out."""
    statistics = component.statistics
    return (
        component.role != "y"
        and not statistics.nan_count
        and statistics.minimum == statistics.maximum == 0
        and all(not np.isposinf(array).any() for array in statistics.arrays)
    )
