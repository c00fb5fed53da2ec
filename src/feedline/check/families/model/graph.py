"""What an input of a model goes into: the layers that take it, through those that do not change what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from feedline.check.model import ModelFacts


def layers_behind(model: ModelFacts, index: int, passes: Callable[[Any], bool]) -> Iterator[Any]:
    """Yields the layers that take an input, and those behind layers that pass it on.

    Args:
        model: the model; of a Sequential one that is not built its layers in their order.
        index: which of its inputs.
        passes: says of a layer whether what is behind it is looked at too.
    """
    inputs = getattr(model.model, "inputs", None)
    if not inputs:
        yield from _in_order(model, passes)
        return
    graph = getattr(model.model, "_functional", None) or model.model
    yield from _behind(graph, inputs[index], passes, set())


def kind(layer: Any) -> str:
    """Returns the name of a layer's class; "" for layers that are not Keras' own."""
    return type(layer).__name__ if str(type(layer).__module__).startswith("keras") else ""


def _in_order(model: ModelFacts, passes: Callable[[Any], bool]) -> Iterator[Any]:
    if not str(type(model.model).__module__).startswith("keras") or type(model.model).__name__ != "Sequential":
        return
    for layer in model.model.layers:
        yield layer
        if not passes(layer):
            return


def _behind(graph: Any, tensor: Any, passes: Callable[[Any], bool], seen: set[int]) -> Iterator[Any]:
    history = getattr(tensor, "_keras_history", None)
    nodes = {id(node) for each in getattr(graph, "_nodes_by_depth", {}).values() for node in each}
    for node in getattr(getattr(history, "operation", None), "_outbound_nodes", ()):
        if id(node) in seen or id(node) not in nodes:
            continue
        seen.add(id(node))
        layer = node.operation
        inner = getattr(layer, "inputs", None)
        if isinstance(inner, list) and inner:
            place = next((place for place, each in enumerate(node.input_tensors) if each is tensor), 0)
            yield from _behind(getattr(layer, "_functional", None) or layer, inner[place], passes, seen)
            continue
        yield layer
        if passes(layer):
            for output in node.output_tensors:
                yield from _behind(graph, output, passes, seen)
