"""FL202: inputs that never change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.content.given import changing_step, given, number, pixels, table
from feedline.check.finding import Finding
from feedline.check.looking import spread
from feedline.check.rule import Rule
from feedline.sparse import SparseTensor

_FEWEST = 64
_MANY = 460
"""Of so many elements from all over a dataset, one differs with a chance of 99 %, if one in a hundred does."""

_MORE = 4096
_MOST_COLUMNS = 48
"""Wider rows are often flattened pictures, or encoded classes, of which some are never used."""

_COMMON = 0.1
_MEANT_TO_BE_SO = ("mask", "type", "segment", "state", "dummy", "valid", "bias", "ones", "zeros", "lang", "domain")


class ConstantComponent(Rule):
    """An input, or a column of it, is the same in all elements."""

    code = "FL202"
    name = "constant-component"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Nothing can be learnt of what never changes. Mostly it was to hold something: a default value in place of a "
        "feature that was not found, a column that was read of the wrong place, a division that made all of it 0."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        for component in elements.inputs:
            if len(component.rows) < _FEWEST or _may_be_constant(component):
                continue
            rows = table(component)
            if component.statistics.constant:
                if _enough(context, component) and _stays(context, elements, component, None):
                    yield self._whole(context, component)
            elif rows is not None and _enough(context, component):
                columns = [each for each in _constant_columns(component, rows) if
                           _stays(context, elements, component, each)]  # fmt: skip
                if columns:
                    yield self._columns(context, component, rows, columns)

    def _whole(self, context: Context, component: Component) -> Finding:
        value: Any = component.rows[0]
        first = np.asarray(value).reshape(-1)
        told = repr(value if isinstance(value, bytes) else first[0].item()) if first.size else "empty"
        return self.finding(
            f"{component.name} is {told} in all elements.",
            seen=f"{component.name}, {component.dtype}: every value of {context.seen()}",
            at=changing_step(context),
            fix=f"Look at where {component.name} comes from: a feature's name and its default value, a column's "
            "number, a cast or a division. If it is to be so, leave it out of the inputs.",
        )

    def _columns(self, context: Context, component: Component, rows: np.ndarray, columns: list[int]) -> Finding:
        first = columns[0]
        named = ", ".join(map(str, columns[:5])) + (" and others" if len(columns) > 5 else "")
        several = len(columns) > 1
        return self.finding(
            f"column{'s' if several else ''} {named} of {component.name} never change{'' if several else 's'}.",
            seen=f"column {first} is {number(float(rows[0, first]))} in {context.seen()}; {len(columns)} of "
            f"{rows.shape[1]} columns are so",
            at=changing_step(context),
            fix=f"Leave {'these columns' if several else 'this column'} out of {component.name}, or look at where it "
            "is read: a wrong column, a default value, a feature that is empty in this part of the data.",
        )


def _may_be_constant(component: Component) -> bool:
    """Says whether it may be meant to be constant: bools, and what is named like a mask or a state.

    Of images, FL207 tells that they are blank.
    """
    dtype, key = component.dtype, component.key.lower()
    if (
        dtype is None
        or dtype.kind in "bc"
        or isinstance(component.rows[0], SparseTensor)
        or any(part in key for part in _MEANT_TO_BE_SO)
    ):
        return True
    return component.is_image or (pixels(component) and not component.statistics.constant)


def _enough(context: Context, component: Component) -> bool:
    """Says whether so many elements were looked at, and from all over the dataset, that it is not chance.

    Arrays are told by the first elements of a stream as well: that all of their many values are one is no chance.
    """
    if context.sample.saw_all:
        return True
    if context.plan.elements.indexed and not context.sample.elements.batched:
        return len(component.rows) >= _MANY
    sizes = [np.size(row) for row in component.rows[:8]]
    return component.statistics.constant and min(sizes) >= 16


def _stays(context: Context, elements: Elements, component: Component, column: int | None) -> bool:
    """Says whether it is the same in further elements, where some can be read."""
    node, length = context.plan.elements, context.length
    if context.sample.saw_all or not node.indexed or length is None or elements.node is not node:
        return True
    first = np.asarray(component.rows[0]).reshape(-1)
    wanted = spread(length, _MORE)
    for start, stop in ((0, 64), (64, 1024), (1024, _MORE)):
        read = context.sample.read(node, np.sort(wanted[start:stop]))
        if not read.count:
            break
        values = read.components[component.index].rows
        if column is None:
            if any(not np.array_equal(np.asarray(value).reshape(-1), first) for value in values):
                return False
        elif any(np.asarray(value)[column] != first[column] for value in values):
            return False
    return True


def _constant_columns(component: Component, rows: np.ndarray) -> list[int]:
    """Returns the columns of a table that never change, where that is no matter of course.

    A value that is common in other columns, as 0 is in sparse and encoded rows, may well be all that a column has; so
    may a flag beside other flags.
    """
    width = rows.shape[1]
    if not 2 <= width <= _MOST_COLUMNS or component.dtype is None or component.dtype.kind != "f":
        return []
    if component.statistics.integer_valued or not np.isfinite(rows).all():
        return []
    constant = (rows == rows[0]).all(axis=0)
    others = rows[:, ~constant]
    if not constant.any() or not others.size:
        return []
    distinct = [len(np.unique(others[:, each])) for each in range(others.shape[1])]
    if min(distinct) <= 3:
        return []
    found = np.flatnonzero(constant).tolist()
    return [each for each in found if float((others == rows[0, each]).mean()) < _COMMON]
