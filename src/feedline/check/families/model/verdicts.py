"""What is wrong with the labels of one output, for each kind of loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.check.families.content.blending import blended_mask
from feedline.check.families.model.given import Given, Part, Shape
from feedline.check.families.model.label_rows import Verdict, class_rows, counted, distinct_of, range_of, told
from feedline.check.families.model.targets import Target, aligned, equal

ENCODING, CLASSES, SHAPE = "FL505", "FL507", "FL511"


def verdict_of(target: Target, given: Given) -> Verdict | None:
    """Returns what is wrong with the labels of an output; None where nothing is, or it cannot be told.

    Args:
        target: the output, its loss and its labels.
        given: what the dataset gives.
    """
    if target.kind and target.classes == 1 and target.port is not None and target.port.activation == "softmax":
        return _softmax_of_one(target)
    part = target.part
    if part is None or not part.is_number or part.shape is None:
        return None
    judges = {"sparse": _of_sparse, "categorical": _of_categorical, "binary": _of_binary, "numeric": _of_numeric}
    judge = judges.get(target.kind)
    return judge(target, part, part.shape, given) if judge is not None else None


def _softmax_of_one(target: Target) -> Verdict:
    return Verdict(
        CLASSES,
        f"{target.output_told} is a softmax over one value, which is always 1.",
        f"the output has the shape {target.port.shape if target.port is not None else None}; the loss is "
        f"{target.loss.name}",
        f"For two classes make the last layer {target.written_layer(1, 'sigmoid')}, with "
        f"compile({target.compile_loss('binary_crossentropy', False)}); for more, give it as many units as classes.",
    )


def _of_sparse(target: Target, part: Part, row: Shape, given: Given) -> Verdict | None:
    ignored = target.loss.settings.get("ignore_class")
    seen, values = _seen(target, part), part.values
    if values is not None and part.is_float and not values.integer_valued:
        if given.context.once(blended_mask) is not None:
            return None  # FL214 tells why
        shares = len(row) > 0 and class_rows(part).shares
        fix = f"compile({target.compile_loss('categorical_crossentropy')})"
        if not shares:
            fix = (
                "Give class numbers, 0, 1, 2 and so on, that are scaled by nothing; for numbers to be predicted write "
                f"compile({target.compile_loss('mse')}) and make the last layer {target.written_layer(1, 'linear')}"
            )
        return Verdict(
            ENCODING,
            f"{target.loss.name} takes class numbers, and the labels have fractions, which are cut off."
            if not shares
            else f"{target.loss.name} takes class numbers, and the labels are probabilities, one for each class.",
            f"{seen}; the labels are {told(values.minimum or 0)} to {told(values.maximum or 0)}",
            f"{'Write ' if shares else ''}{fix}.",
            tuple(part.where(lambda value: value != np.floor(value))),
        )
    output, classes = target.output, target.classes
    if output is None or len(output) == 0:
        return None
    steps = output[:-1]
    if equal(row, steps) or (row[-1:] == (1,) and equal(row[:-1], steps)):
        return _of_class_numbers(target, part, classes, ignored, given)
    if equal(row[:-1], steps) and row and row[-1] != 1:
        rows = class_rows(part)
        if rows.count == 0 or rows.one_hot or (rows.zero_one and row[-1] == classes):
            return Verdict(
                ENCODING,
                f"the labels are one-hot vectors, and {target.loss.name} takes class numbers.",
                seen + (f"; one value of each of {rows.count:,} vectors is 1" if rows.one_hot else ""),
                f"Write compile({target.compile_loss('categorical_crossentropy')}); or make them class numbers: "
                f"{given.written_map(part, '{}.argmax(axis=-1)')}.",
            )
    return _of_shape(target, part, row, given, "Give one class number for each step of the output.")


def _told_elsewhere(target: Target, part: Part, given: Given) -> bool:
    """Says whether FL209 tells of labels outside the range: of all that is not a class too many for the output."""
    # FL209 looks at what the model learns from; of validation data only FL507 tells.
    known = target.port is not None and target.port.classes is not None and given.context.model is not None
    if not known or given.context.sample.not_looked_at or part.values is None or not part.values.integer_valued:
        return False
    if target.kind == "binary":
        return target.classes == 1 and len(distinct_of(part)) <= 2
    values = distinct_of(part, 100_000)
    return not (values[:1] >= [0] and set(range((target.classes or 0) + 1)) <= set(values))


def _of_class_numbers(target: Target, part: Part, classes: int | None, ignored: Any, given: Given) -> Verdict | None:
    bounds = counted_range(target, part, ignored)
    seen = _seen(target, part)
    if classes == 1:
        return Verdict(
            CLASSES,
            f"{target.loss.name} takes one value for each class, and {target.output_told} has one in all: the loss is "
            "always 0.",
            seen,
            f"For two classes write compile({target.compile_loss('binary_crossentropy')}) with "
            f"{target.written_layer(1, 'sigmoid')}; for more, give the last layer as many units as classes.",
        )
    if bounds is None or classes is None or (bounds[0] >= 0 and bounds[1] < classes):
        return None
    if _told_elsewhere(target, part, given):
        return None
    low, high = bounds
    if low >= 1 and high == classes:
        fix = f"Count from 0: {given.written_map(part, '{} - 1')}."
    elif low < 0:
        fix = "Give class numbers from 0; leave out a class that is not to count with ignore_class=" + (
            f"{told(low)}: compile(loss=keras.losses.SparseCategoricalCrossentropy(ignore_class={int(low)}))."
        )
    elif high == 255 and len(part.shape or ()) >= 2:
        fix = (
            "Where 255 marks what is not to count, write compile(loss=keras.losses.SparseCategoricalCrossentropy("
            "ignore_class=255))."
        )
    else:
        fix = f"Make the last layer {target.written_layer(int(high) + 1)}, or number the classes 0 to {classes - 1}."
    return Verdict(
        CLASSES,
        f"the labels are class numbers from {told(low)} to {told(high)}, and {target.output_told} has {classes} "
        f"classes, 0 to {classes - 1}.",
        f"{seen}; looked at {given.context.seen()}",
        fix,
        tuple(part.where(lambda value: ((value >= classes) | (value < 0)) & (value != _or_none(ignored)))),
    )


def _of_categorical(target: Target, part: Part, row: Shape, given: Given) -> Verdict | None:
    output, classes = target.output, target.classes
    if output is None or len(output) == 0:
        return None
    seen, steps = _seen(target, part), output[:-1]
    if classes == 1 and (equal(row, steps) or equal(row, output)):
        return Verdict(
            CLASSES,
            f"{target.loss.name} takes one value for each class, and {target.output_told} has one in all: the loss is "
            "always 0.",
            seen,
            f"For two classes write compile({target.compile_loss('binary_crossentropy')}) with "
            f"{target.written_layer(1, 'sigmoid')}.",
        )
    if equal(row, steps) or (row[-1:] == (1,) and equal(row[:-1], steps)):
        expression = f"fl.one_hot({{}}, {classes})" if row[-1:] != (1,) else f"fl.one_hot({{}}[..., 0], {classes})"
        return Verdict(
            ENCODING,
            f"the labels are class numbers, and {target.loss.name} takes one-hot vectors.",
            seen,
            f"Write compile({target.compile_loss('sparse_categorical_crossentropy')}); or make them one-hot: "
            f"{given.written_map(part, expression)}.",
        )
    if not equal(row[:-1], steps) or not row:
        return _of_shape(target, part, row, given, "Give one vector of classes for each step of the output.")
    if row[-1] is not None and classes is not None and row[-1] != classes:
        return Verdict(
            CLASSES,
            f"the labels are vectors of {row[-1]}, and {target.output_told} has {classes} classes.",
            seen,
            f"Make the last layer {target.written_layer(row[-1])}, or the labels vectors of {classes}: "
            f"fl.one_hot(label, {classes}).",
        )
    rows = class_rows(part)
    several_steps = len(row) > 1
    if rows.zero_one and rows.with_several and rows.with_several >= 0.01 * rows.count:
        return Verdict(
            ENCODING,
            f"labels have several classes at once, and {target.loss.name} takes one class for each element.",
            f"{seen}; {rows.with_several:,} of {rows.count:,} vectors have more than one 1",
            f"Write compile({target.compile_loss('binary_crossentropy')}) and make the last layer "
            f"{target.written_layer(activation='sigmoid')}.",
            tuple(part.where(lambda value: value.sum(axis=-1) > 1)),
            "warning",
        )
    if rows.zero_one and not rows.with_several and not several_steps and 0 < rows.without < rows.count:
        return Verdict(
            CLASSES,
            "some one-hot labels hold no 1 at all: their class number has no place among the classes, or is missing.",
            f"{seen}; {rows.without:,} of {rows.count:,} vectors are all 0",
            "Give fl.one_hot a depth of the greatest class number + 1, and the last layer as many units.",
            tuple(part.where(lambda value: value.sum(axis=-1) == 0)),
            "warning",
        )
    return None


def _of_binary(target: Target, part: Part, row: Shape, given: Given) -> Verdict | None:
    output, classes = target.output, target.classes
    seen = _seen(target, part)
    if output is not None and len(output) > 0 and not equal(*aligned(row, output)):
        steps = output[:-1]
        if classes != 1 and (equal(row, steps) or (row[-1:] == (1,) and equal(row[:-1], steps))):
            return Verdict(
                ENCODING,
                f"the labels are one number each, and {target.loss.name} compares them with {classes} outputs.",
                seen,
                f"For two classes make the last layer {target.written_layer(1, 'sigmoid')}; for more write "
                f"compile({target.compile_loss('sparse_categorical_crossentropy')}) and "
                f"{target.written_layer(activation='softmax')}.",
            )
        if len(row) == 1 and len(output) == 1:
            wanted = row[-1] or 1
            two = f"; or give one number: {given.written_map(part, '{}[..., 1]')}" if wanted == 2 else ""
            one_hot = class_rows(part).one_hot
            loss = f" with compile({target.compile_loss('categorical_crossentropy')})" if one_hot else ""
            activation = "softmax" if one_hot else "sigmoid"
            return Verdict(
                CLASSES,
                f"the labels are vectors of {row[-1]}, and {target.output_told} has {classes} "
                f"value{'s' if classes != 1 else ''}.",
                seen,
                f"Make the last layer {target.written_layer(wanted, activation)}{loss}{two}.",
            )
        return _of_shape(target, part, row, given, "Give one label for each value of the output.")
    bounds = counted_range(target, part)
    if bounds is None:
        return None
    low, high = bounds
    if low < -1e-3 or high > 1 + 1e-3:
        if _told_elsewhere(target, part, given):
            return None
        return Verdict(
            ENCODING,
            f"{target.loss.name} takes labels from 0 to 1, and they are {told(low)} to {told(high)}: the loss falls "
            "below 0 without end.",
            f"{seen}; looked at {given.context.seen()}",
            _to_unit(target, part, low, high, given),
            tuple(part.where(lambda value: (value < -1e-3) | (value > 1 + 1e-3))),
        )
    softmax = target.port is not None and target.port.activation == "softmax"
    if softmax and classes is not None and classes > 2 and row and class_rows(part).one_hot:
        return Verdict(
            ENCODING,
            f"the labels have one class of {classes}, and {target.loss.name} judges each class by itself: accuracy "
            "counts each 0 that is right.",
            seen,
            f"Write compile({target.compile_loss('categorical_crossentropy')}).",
        )
    return None


def _to_unit(target: Target, part: Part, low: float, high: float, given: Given) -> str:
    distinct = distinct_of(part)
    if high == 255 and low >= 0:
        return f"Scale them: {given.written_map(part, 'fl.cast({}, fl.float32) / 255')}."
    if distinct == [-1, 1]:
        return f"Make them 0 and 1: {given.written_map(part, '({} + 1) / 2')}."
    if len(distinct) == 2:
        return f"Make them 0 and 1: {given.written_map(part, f'fl.cast({{}} == {told(high)}, fl.float32)')}."
    if part.values is not None and part.values.integer_valued and low >= 0 and high < 1000:
        return (
            f"For these {int(high) + 1} classes make the last layer {target.written_layer(int(high) + 1, 'softmax')}, "
            f"with compile({target.compile_loss('sparse_categorical_crossentropy', False)})."
        )
    return (
        f"For numbers to be predicted write compile({target.compile_loss('mse')}) and "
        f"{target.written_layer(activation='linear')}; otherwise scale the labels to 0 to 1."
    )


def _of_numeric(target: Target, part: Part, row: Shape, given: Given) -> Verdict | None:
    output = target.output
    if output is None or equal(*aligned(row, output)):
        return None
    classes, values = target.classes, part.values
    scalar = row == () or row == (1,)
    if len(output) == 1 and scalar and target.port is not None and target.port.activation == "softmax":
        fix = f"Write compile({target.compile_loss('sparse_categorical_crossentropy')})."
    elif len(output) == 1 and scalar:
        fix = f"For one number an element make the last layer {target.written_layer(1)}"
        if values is not None and values.integer_valued and (values.minimum or 0) >= 0:
            fix += (
                f"; for classes write compile({target.compile_loss('sparse_categorical_crossentropy')}) and "
                f"{target.written_layer(activation='softmax')}"
            )
        fix += "."
    elif len(output) == 2 and len(row) <= 1 and scalar:
        fix = (
            "Where one number is meant for the whole sequence, leave out return_sequences=True in the last layer of it."
        )
    elif len(row) >= 1 and len(output) == 1 and classes == 1 and len(row) == 1:
        fix = (
            f"Make the last layer {target.written_layer(row[0] or 1)}; or where each is the label of a step, give the "
            "recurrent layer return_sequences=True."
        )
    else:
        fix = f"Make the labels and the output of one shape: {row} or {output}."
    return _of_shape(target, part, row, given, fix)


def _of_shape(target: Target, part: Part, row: Shape, given: Given, fix: str) -> Verdict | None:
    first, second = aligned(row, target.output or ())
    message = f"an element's labels have the shape {row}, and {target.output_told} gives {target.output}"
    repeats = target.kind == "numeric" and _broadcast(first, second)
    message += ": the one is repeated along the other." if repeats else "."
    return Verdict(SHAPE, message, _seen(target, part), fix)


def _broadcast(first: Shape, second: Shape) -> bool:
    pairs = zip(reversed(first), reversed(second), strict=False)
    return all(a == b or 1 in (a, b) or None in (a, b) for a, b in pairs)


def counted_range(target: Target, part: Part, without: float | None = None) -> tuple[float, float] | None:
    """Returns the least and the greatest label of those that weigh something, as `range_of` does."""
    weight = target.weight
    if weight is None or weight.component is None or (weight.values is not None and (weight.values.minimum or 0) > 0):
        return range_of(part, without)
    return counted(part, weight, without)


def _or_none(ignored: Any) -> float:
    return float("nan") if ignored is None else float(ignored)


def _seen(target: Target, part: Part) -> str:
    shape = target.port.shape if target.port is not None else None
    output = f"{target.output_told} has the shape {shape}; " if shape is not None else ""
    return f"{part.told}; {output}the loss is {target.loss.name}"
