"""FL504: the dtypes of what goes into a model and of its labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.families.model.given import Given, Part
from feedline.check.families.model.graph import kind, layers_behind
from feedline.check.families.model.inputs import places_of
from feedline.check.families.model.label_rows import told
from feedline.check.families.model.model_rule import ModelRule
from feedline.check.families.model.targets import targets_of
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts

_OF_NUMBERS = frozenset({
    "Dense", "Conv1D", "Conv2D", "Conv3D", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "Embedding", "Flatten",
    "Rescaling", "Normalization", "BatchNormalization",
})  # fmt: skip
"""Layers that a model begins with which takes no strings."""

_OF_WHOLE_NUMBERS = frozenset({"Embedding", "CategoryEncoding", "IntegerLookup", "HashedCrossing"})

_EXACT_IN_FLOAT32 = 1 << 24

_MOST_NAMES = 6

_IMAGE_ENDINGS = (b".png", b".jpg", b".jpeg", b".bmp", b".gif")


class Dtype(ModelRule):
    """Strings where numbers are taken, fractions where whole numbers are, numbers too large for a float."""

    code = "FL504"
    name = "dtype"
    severity = "error"
    needs = ("model",)
    why = (
        "Keras turns what it is given into the dtype of the input. Strings end training there; fractions are cut off, "
        "and whole numbers from 16,777,217 on are rounded to others, without a word."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        for index, port, part in places_of(model, given):
            dtype = port.dtype if port is not None else ""
            layers = list(
                layers_behind(model, index, lambda layer: kind(layer) in ("InputLayer", "Reshape", "Identity"))
            )
            name = f"the input {port.name!r}" if port is not None else "the model"
            if part.is_text:
                if (port is not None and dtype != "string") or (port is None and _take_numbers(layers)):
                    yield self._text(given, part, name, dtype)
                continue
            if part.is_number and part.values is not None:
                yield from self._numbers(given, part, name, dtype, layers)
        for target in targets_of(model, given):
            if target.part is not None and target.part.is_text:
                yield self._labels(given, target.part, target.loss.name)

    def _text(self, given: Given, part: Part, name: str, dtype: str) -> Finding:
        rows = [bytes(row) for row in _some_rows(part) if isinstance(row, bytes)]
        change = "Make numbers of them in a map, with a dict of the strings: .map(lambda x, y: (NUMBERS[x], y))"
        if rows and all(row.lower().endswith(_IMAGE_ENDINGS) for row in rows):
            change = "Read the files: " + given.mapped(part, "fl.io.decode_image(fl.io.read_file({}))")
        example = f", such as {rows[0].decode('utf-8', 'replace')[:40]!r}" if rows else ""
        return self.finding(
            f"{part.name} is strings, and {name} takes numbers" + (f" ({dtype})." if dtype else "."),
            seen=f"{part.name} is of strings{example}",
            at=given.step(),
            fix=f"{change}{given.in_front}.",
        )

    def _numbers(self, given: Given, part: Part, name: str, dtype: str, layers: list[Any]) -> Iterator[Finding]:
        values = part.values
        if values is None or values.minimum is None or values.maximum is None:
            return
        whole = next((layer for layer in layers if kind(layer) in _OF_WHOLE_NUMBERS), None)
        integers = dtype.startswith(("int", "uint"))
        bounds = f"{told(values.minimum)} to {told(values.maximum)}"
        if part.is_float and (integers or whole is not None) and not values.integer_valued:
            taken = f"the layer {whole.name!r}" if whole is not None else f"{name}, which is {dtype},"
            fix = 'Write keras.Input(..., dtype="float32").'
            if whole is not None:
                fix = f"Give whole numbers as {part.name}, or a Dense layer in the place of {whole.name!r}."
            yield self.finding(
                f"{part.name} has fractions, and {taken} takes whole numbers: they are cut off.",
                seen=f"{part.told}, {bounds}; looked at {given.context.seen()}",
                at=given.step(),
                where=part.where(lambda value: value != np.floor(value)),
                fix=fix,
            )
        elif part.dtype.kind in "iu" and dtype in ("float32", "float16", "bfloat16"):
            largest = max(-values.minimum, values.maximum)
            if largest > _EXACT_IN_FLOAT32:
                fix = f"Scale them, or number the categories that they stand for from 0 in a map{given.in_front}."
                if whole is not None:
                    fix = 'Write keras.Input(..., dtype="int64").'
                yield self.finding(
                    f"{part.name} is whole numbers of up to {told(largest)}, and {name} is {dtype}, which rounds them.",
                    seen=f"{part.told}, {bounds}; {dtype} holds whole numbers up to 16,777,216 exactly",
                    at=given.step(),
                    fix=fix,
                    severity="warning",
                )

    def _labels(self, given: Given, part: Part, loss: str) -> Finding:
        names = sorted({bytes(row).decode("utf-8", "replace") for row in _some_rows(part) if isinstance(row, bytes)})
        shown = ", ".join(map(repr, names[:_MOST_NAMES])) + (", ..." if len(names) > _MOST_NAMES else "")
        change = given.written_map(part, "CLASSES.index({}.decode())")
        return self.finding(
            f"the labels are strings, and {loss} compares numbers.",
            seen=f"{part.name} is of strings: {shown}" if names else f"{part.name} is of strings",
            at=given.step("y"),
            fix=f"Make class numbers of them: CLASSES = [{shown}] and {change}.",
        )


def _take_numbers(layers: list[Any]) -> bool:
    return bool(layers) and all(kind(layer) in _OF_NUMBERS for layer in layers)


def _some_rows(part: Part) -> list[Any]:
    rows = part.component.rows if part.component is not None else []
    return [row for value in rows[:512] for row in np.asarray(value, object).reshape(-1)[:16].tolist()]
