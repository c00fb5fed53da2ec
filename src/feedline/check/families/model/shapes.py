"""FL503 and FL509: the shapes of what goes into a model, and the order of the channels of images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from feedline.check.families.model.given import Given, Part, Shape
from feedline.check.families.model.graph import kind, layers_behind
from feedline.check.families.model.inputs import Pair, fits, moved, pairs_of
from feedline.check.families.model.model_rule import ModelRule
from feedline.check.families.model.targets import equal
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts
from feedline.check.plan import written
from feedline.nodes.base import Node
from feedline.nodes.batch import GroupNode
from feedline.sources.generator import Generator

_PASSING = frozenset({
    "InputLayer", "Rescaling", "Normalization", "ZeroPadding2D", "Cropping2D", "Resizing", "CenterCrop", "Activation",
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness", "RandomTranslation",
    "RandomCrop", "GaussianNoise", "Identity", "Dropout", "BatchNormalization",
})  # fmt: skip
"""Layers behind which an image is an image still."""

_SPATIAL = frozenset({
    "Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D",
})  # fmt: skip


class InputShape(ModelRule):
    """A component has another shape than the model's input."""

    code = "FL503"
    name = "shape"
    severity = "error"
    needs = ("model",)
    why = (
        "The model does not take it: training stops in the first batch that has this shape, with an error that names a "
        "layer and not the step of the pipeline."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        pairs = pairs_of(model, given)
        for pair in pairs:
            part = pair.part
            if not part.dense or part.shape is None or not pair.wanted:
                continue
            unbatched = _is_unbatched(given, pair)
            if unbatched:
                yield self.finding(
                    f"the dataset is not batched: {part.name} has the shape {part.shape}, and the input "
                    f"{pair.port.name!r} takes {pair.wanted}.",
                    seen=_seen(pair),
                    at=given.context.plan.last,
                    fix="Add .batch(32) to the dataset.",
                )
                return
            if _fits(given, pair) or _of_channels(pair, part.shape):
                continue
            if model_takes(model, given, pairs):
                return
            yield self._mismatch(given, pair, part.shape)

    def _mismatch(self, given: Given, pair: Pair, shape: Shape) -> Finding:
        part, wanted = pair.part, pair.wanted
        again = batched_again(given, pair)
        if again is not None and again.count > 1:
            message = f"the dataset is batched twice: {part.name} has {shape} an element of a batch"
            return self.finding(
                f"{message}, and the input {pair.port.name!r} takes {wanted[1:]}.",
                seen=_seen(pair), at=again.step, fix="Leave out one .batch(...).",
            )  # fmt: skip
        expected = wanted[1:]
        if again is not None:
            source = given.context.plan.chain[0]
            return self.finding(
                f"{source.label()} gives batches, it seems, and they are batched once more: {part.name} has {shape} an "
                f"element, and the input {pair.port.name!r} takes {expected}.",
                seen=_seen(pair), at=again.step,
                fix=f"Leave out {written(again.step)}, or write .unbatch() in front of it.",
            )  # fmt: skip
        return self.finding(
            f"{part.name} has the shape {shape} an element, and the input {pair.port.name!r} takes {expected}.",
            seen=_seen(pair),
            at=given.step(),
            where=part.where(lambda value: not fits((None, *value.shape), wanted)) if None in shape else (),
            fix=_fix(given, part, shape, expected),
        )


class ChannelOrder(ModelRule):
    """Images have their channels first where the model takes them last, or the other way round."""

    code = "FL509"
    name = "channel-order"
    severity = "error"
    needs = ("model",)
    why = (
        "A layer that takes the channels for rows slides its windows over colours: it learns hardly anything, and "
        "where the shapes happen to fit, nothing says so."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        pairs = pairs_of(model, given)
        for pair in pairs:
            shape = pair.part.shape
            if not pair.part.is_number or shape is None or len(shape) != 3:
                continue
            if _fits(given, pair):
                yield from self._by_layer(given, model, pair.index, pair.part, shape)
            elif _of_channels(pair, shape) and not model_takes(model, given, pairs):
                yield self._finding(given, pair.part, shape, f"the input {pair.port.name!r} takes {pair.wanted[1:]}")
        parts = given.of("x")
        if model.inputs is None and len(parts) == 1 and parts[0].is_number and parts[0].shape is not None:
            yield from self._by_layer(given, model, 0, parts[0], parts[0].shape)

    def _by_layer(self, given: Given, model: ModelFacts, index: int, part: Part, shape: Shape) -> Iterator[Finding]:
        if moved(shape) is None or min(length or 8 for length in _spatial(shape)) < 8:
            return
        layer = next(
            (
                each
                for each in layers_behind(model, index, lambda each: kind(each) in _PASSING)
                if kind(each) in _SPATIAL
            ),
            None,
        )
        order = getattr(layer, "data_format", None)
        if layer is not None and order == ("channels_last" if shape[0] in (1, 3, 4) else "channels_first"):
            yield self._finding(given, part, shape, f"the layer {layer.name!r} takes {order.replace('_', ' ')}", order)

    def _finding(self, given: Given, part: Part, shape: Shape, takes: str, order: str = "") -> Finding:
        first = shape[0] in (1, 3, 4)
        change = "np.moveaxis({}, 0, -1)" if first else "np.moveaxis({}, -1, 0)"
        other = f'; or give the layers data_format="{"channels_first" if first else "channels_last"}"' if order else ""
        return self.finding(
            f"{part.name} has its channels {'first' if first else 'last'}, {shape}, and {takes}.",
            seen=part.told,
            at=given.step(),
            fix=f"Move them: {given.written_map(part, change)}{other}.",
        )


@dataclass(frozen=True)
class BatchedAgain:
    """Batches that are put together to batches.

    Args:
        step: the last step that does so.
        count: how many steps of the plan make batches; where it is one, the source gives batches itself.
    """

    step: Node
    count: int


def batched_again(given: Given, pair: Pair) -> BatchedAgain | None:
    """Returns which step puts batches together to batches, so that a component has a dimension too many.

    Args:
        given: what the dataset gives.
        pair: an input with what goes into it.

    Returns:
        The step; None where batches are made once, as far as shapes tell.
    """
    shape, wanted = pair.part.shape, pair.wanted
    if not shape or not wanted or len(shape) != len(wanted) or not equal(shape[1:], wanted[1:]):
        return None
    chain = given.context.plan.chain
    batches = [node for node in chain if isinstance(node, GroupNode)]
    if len(batches) > 1 or (batches and isinstance(chain[0], Generator)):
        return BatchedAgain(batches[-1], len(batches))
    return None


def model_takes(model: ModelFacts, given: Given, pairs: list[Pair]) -> bool:
    """Says whether the model takes what the dataset gives, although its inputs are of other shapes."""
    if len(pairs) != len(model.inputs or ()):
        return False
    shapes = [(None, *(pair.part.shape or ())) for pair in pairs if pair.part.dense]
    return len(shapes) == len(pairs) and model.takes(shapes)


def _fits(given: Given, pair: Pair) -> bool:
    """Says whether a component fits; single ones of varying length only where the input's is open."""
    shape, wanted = pair.part.shape or (), pair.wanted
    if not fits((None, *shape), wanted):
        return not given.batched and fits(shape, wanted)
    component = pair.part.component
    if component is None or None not in shape or not given.batched:
        return True
    return all(fits((None, *each), wanted) for each in component.statistics.row_shapes)


def _is_unbatched(given: Given, pair: Pair) -> bool:
    if given.batched or pair.part.shape is None:
        return False
    return fits((None, *pair.part.shape), pair.wanted) and not fits(pair.part.shape, pair.wanted)


def _of_channels(pair: Pair, shape: Shape) -> bool:
    other = moved(shape)
    return other is not None and fits((None, *other), pair.wanted)


def _spatial(shape: Shape) -> Shape:
    return shape[1:] if shape[0] in (1, 3, 4) else shape[:2]


def _seen(pair: Pair) -> str:
    return f"{pair.part.told}; the input {pair.port.name!r} has the shape {pair.wanted}"


def _fix(given: Given, part: Part, shape: Shape, wanted: Shape) -> str:
    known = all(length is not None for length in (*shape, *wanted))
    if len(shape) == len(wanted) == 3 and None not in wanted:
        height, width, channels = wanted
        if shape[-1] != channels and shape[-1] in (1, 3, 4) and channels in (1, 3, 4):
            change = ""
            if (shape[-1], channels) in ((1, 3), (3, 1)):
                name = "grayscale_to_rgb" if channels == 3 else "rgb_to_grayscale"
                change = f"; or change them: {given.written_map(part, f'fl.image.{name}({{}})')}"
            return f"Decode with channels={channels}, such as fl.io.decode_png(content, channels={channels}){change}."
        if shape[-1] == channels:
            resize = f"fl.image.resize({{}}, ({height}, {width}))"
            return f"Resize them: {given.written_map(part, resize)}; or write keras.Input({_tuple(shape)})."
    if known and math.prod(_ints(shape)) == math.prod(_ints(wanted)):
        layers = " begin the model with keras.layers.Flatten() and" if len(wanted) == 1 else ""
        return (
            f"Reshape them: {given.written_map(part, f'np.reshape({{}}, {_tuple(wanted)})')}; or{layers} write "
            f"keras.Input({_tuple(shape)})."
        )
    steps = len(shape) == len(wanted) and len(shape) >= 1 and equal(shape[1:], wanted[1:]) and wanted[0] is not None
    if steps and (len(shape) > 1 or shape[0] is None):
        return (
            f"Let the model take any length: keras.Input({_tuple((None, *wanted[1:]))}); or bring all to {wanted[0]}: "
            f"padded_shapes={_tuple(wanted)} for {part.name} in .padded_batch(...)."
        )
    return f"Write keras.Input({_tuple(shape)}), or bring {part.name} to {wanted} in a map{given.in_front}."


def _tuple(shape: Any) -> str:
    return repr(tuple(shape))


def _ints(shape: Shape) -> list[int]:
    return [length for length in shape if length is not None]
