"""What a model does to the values it is given before the first layer that learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.model import ModelFacts

_PASSES_VALUES = {
    "InputLayer", "Reshape", "Permute", "Flatten", "RepeatVector", "Resizing", "CenterCrop", "Dropout", "GaussianNoise",
    "Identity", "Concatenate", "Masking",
}  # fmt: skip
_BEGINNINGS_PASSING = ("ZeroPadding", "Cropping", "Random", "SpatialDropout", "UpSampling", "MaxPooling", "AveragePool")
_LEARNS = {"Dense", "EinsumDense", "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "Bidirectional"}
_BEGINNINGS_LEARNING = ("Conv", "SeparableConv", "DepthwiseConv")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What becomes of the values of one input.

    Args:
        rescalings: the `Rescaling` layers that they go through first, pairs of a scale and a layer's name.
        raw: whether they come, after these, to a layer with weights as they are; False also where that is not known.
        layer: that layer's name.
    """

    rescalings: tuple[tuple[float, str], ...]
    raw: bool
    layer: str


def beginning_for(context: Context, elements: Elements, component: Component) -> Beginning | None:
    """Returns what a model does first with a component; None without a model, or where it does not tell.

    Args:
        context: the dataset and its model.
        elements: what the component is one of.
        component: one of its inputs.
    """
    facts = context.model
    if facts is None:
        return None
    inputs = list(elements.inputs)
    ports = facts.inputs
    if ports is None:
        return _beginning_of_layers(facts) if len(inputs) == 1 else None
    if len(ports) == 1 and len(inputs) == 1:
        index = 0
    else:
        names = list(facts.input_names or [port.name for port in ports])
        if component.key in names:
            index = names.index(component.key)
        elif len(ports) == len(inputs) and not any(each.key for each in inputs):
            index = inputs.index(component)
        else:
            return None
    return _joined(_beginnings(ports[index].layer, ()))


def _beginning_of_layers(facts: ModelFacts) -> Beginning | None:
    """Returns the beginning of a `Sequential` model that is not built yet."""
    if type(facts.model).__name__ != "Sequential":
        return None
    rescalings: tuple[tuple[float, str], ...] = ()
    for layer in facts.model.layers:
        kind = _kind(layer)
        if kind == "rescales":
            rescalings = (*rescalings, (_scale(layer), layer.name))
        elif kind != "passes":
            return Beginning(rescalings, kind == "learns", str(getattr(layer, "name", "")))
    return None


def _beginnings(operation: Any, before: tuple[tuple[float, str], ...]) -> list[Beginning]:
    """Returns what becomes of an operation's output on each way from it."""
    found: list[Beginning] = []
    for node in getattr(operation, "_outbound_nodes", ()):
        after = node.operation
        inner = getattr(after, "inputs", None) if hasattr(after, "layers") else None
        kind = _kind(after)
        if inner and len(inner) == 1:
            found += _beginnings(inner[0]._keras_history.operation, before)
        elif kind == "rescales":
            found += _beginnings(after, (*before, (_scale(after), after.name)))
        elif kind == "passes":
            found += _beginnings(after, before)
        else:
            found.append(Beginning(before, kind == "learns", str(getattr(after, "name", ""))))
    return found


def _joined(found: list[Beginning]) -> Beginning | None:
    """Returns what is true of all ways."""
    if not found or len({each.rescalings for each in found}) != 1:
        return None
    return found[0] if all(each.raw for each in found) else Beginning(found[0].rescalings, False, found[0].layer)


def _kind(layer: Any) -> str:
    name = type(layer).__name__
    if not type(layer).__module__.startswith("keras."):
        return "unknown"
    if name == "Rescaling":
        return "rescales"
    if name in _PASSES_VALUES or name.startswith(_BEGINNINGS_PASSING):
        return "passes"
    return "learns" if name in _LEARNS or name.startswith(_BEGINNINGS_LEARNING) else "unknown"


def _scale(layer: Any) -> float:
    return float(np.mean(np.asarray(layer.scale, np.float64)))
