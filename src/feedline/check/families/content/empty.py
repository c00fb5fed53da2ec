"""FL207: elements without values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.content.given import changing_step, first_step_where, given
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.structure import component_shape

_FEWEST = 8
_FEWEST_BLANK = 3
_LEAST_SHARE = 0.01
_LEAST_SHARE_OF_ZEROS = 0.2
_MOST_LEFT_OUT = 0.5
"""Nobody is to leave out more than this: it was lost on the way."""

_NO_PICTURES = ("mask", "map", "depth", "edge", "flow", "state")


class EmptyElements(Rule):
    """Elements hold nothing: no values, an empty text, a picture of one colour."""

    code = "FL207"
    name = "empty-elements"
    severity = "warning"
    needs = ("sample",)
    why = (
        "A label is learnt from nothing, so that the model learns to guess. Often a file that could not be read, a "
        "failed cast or a default value in place of what was not found is behind it."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        inputs = elements.inputs
        if len(inputs) != 1 or len(inputs[0].rows) < _FEWEST:
            return  # of several inputs, each may be empty where another tells something
        component = inputs[0]
        rows = component.rows
        kind, empty = _empty(component, rows)
        if not empty:
            return
        share = len(empty) / len(rows)
        one = "x, y" if elements.labels else "x"
        fix = (
            f"Leave them out: write .filter(lambda {one}: {_CONDITIONS[kind]}) in front of "
            f"{written(context.plan.batch) if context.plan.batch is not None else '.batch(...)'}."
        )
        maker = first_step_where(context, lambda each: _are_lost(each, kind)) if share >= _MOST_LEFT_OUT else None
        if share == 1 or (maker is not None and maker.parents):
            step = changing_step(context) if maker is None else maker
            lost = "all" if share == 1 else "most"
            fix = f"Look at what comes into {step.label()} and out of it: {lost} of it is lost there."
        count = "all elements are" if share == 1 else f"{share:.1%} of the elements are"
        yield self.finding(
            f"{count} {_KINDS[kind]}.",
            seen=f"{component.name}: {len(empty):,} of {len(rows):,}; {context.seen()}",
            where=[elements.where_row(index) for index in empty[:2]],
            at=changing_step(context),
            fix=fix,
        )


def _are_lost(elements: Elements, kind: str) -> bool:
    """Says whether most of a step's elements hold nothing, in the same way."""
    found = (_empty(component, component.rows) for component in elements.inputs)
    return any(
        each == kind and len(empty) >= _MOST_LEFT_OUT * len(component.rows)
        for (each, empty), component in zip(found, elements.inputs, strict=True)
    )


_KINDS = {
    "no values": "empty: they have no values",
    "no text": "empty texts",
    "one colour": "pictures of one colour throughout",
    "zeros": "nothing but zeros",
}
_CONDITIONS = {
    "no values": "x.size > 0",
    "no text": "len(x) > 0",
    "one colour": "x.min() < x.max()",
    "zeros": "x.any()",
}


def _empty(component: Component, rows: list[Any]) -> tuple[str, list[int]]:
    """Returns which kind of emptiness there is, and the rows that are so."""
    if any(isinstance(row, SparseTensor) for row in rows):
        return "", []
    without = [index for index, row in enumerate(rows) if _size(row) == 0]
    if without:
        return "no values", without
    if component.dtype == object:
        texts = [index for index, row in enumerate(rows) if isinstance(row, bytes) and not row.strip()]
        return "no text", texts if len(texts) < len(rows) else []
    if not component.statistics.is_number or component.key.lower().endswith(_NO_PICTURES):
        return "", []
    if component.is_image:
        blank = [index for index, row in enumerate(rows) if _one_value(row)]
        enough = len(blank) >= max(_FEWEST_BLANK, _LEAST_SHARE * len(rows))
        return "one colour", blank if enough else []
    zeros = [index for index, row in enumerate(rows) if _size(row) > 2 and not np.any(_array(row))]
    others = [_array(rows[index]) for index in range(len(rows)) if index not in set(zeros)][:64]
    dense = bool(others) and float(np.mean([np.mean(each != 0) for each in others])) > 0.9
    enough = dense and len(zeros) >= max(_FEWEST_BLANK, _LEAST_SHARE_OF_ZEROS * len(rows))
    return "zeros", zeros if enough else []


def _size(row: Any) -> int:
    if isinstance(row, RaggedTensor):
        return int(np.size(_array(row)))
    shape = component_shape(row)
    return int(np.prod([length or 0 for length in shape])) if shape else 1


def _array(row: Any) -> np.ndarray:
    return _array(row.values) if isinstance(row, RaggedTensor) else np.asarray(row)


def _one_value(row: Any) -> bool:
    array = np.asarray(row).reshape(-1)
    return bool(array[0] == array[-1] and (array == array[0]).all())
