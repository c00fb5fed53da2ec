"""Which component of a dataset goes into which input of a model, and whether its shape fits."""

from __future__ import annotations

from dataclasses import dataclass

from feedline.check.families.model.given import Given, Part, Shape
from feedline.check.families.model.targets import equal
from feedline.check.model import ModelFacts, Port


@dataclass(frozen=True, eq=False)
class Pair:
    """A component beside the input that it goes into.

    Args:
        index: which of the model's inputs.
        port: the input.
        part: the component.
    """

    index: int
    port: Port
    part: Part

    @property
    def wanted(self) -> Shape:
        """The shape that the input takes, with the batch."""
        return self.port.shape or ()


def pairs_of(model: ModelFacts, given: Given) -> list[Pair]:
    """Returns the inputs that are known with what goes into them, as Keras brings them together.

    Args:
        model: the model.
        given: what the dataset gives.
    """
    inputs, keys, parts = model.inputs, model.input_keys, given.of("x")
    if inputs is None or keys is None:
        return []
    structure = given.structure_of("x")
    if isinstance(structure, dict):
        found = []
        for index, (port, key) in enumerate(zip(inputs, keys, strict=True)):
            part = next((part for part in parts if part.path == (key,)), None)
            if part is not None:
                found.append(Pair(index, port, part))
        return found
    plain = all(len(part.path) <= 1 and not part.key for part in parts)
    if len(parts) != len(inputs) or not plain:
        return []
    return [Pair(index, port, part) for index, (port, part) in enumerate(zip(inputs, parts, strict=True))]


def places_of(model: ModelFacts, given: Given) -> list[tuple[int, Port | None, Part]]:
    """Returns the inputs with what goes into them; of a model whose inputs are not known the only component, if any.

    Args:
        model: the model.
        given: what the dataset gives.
    """
    if model.inputs is not None:
        return [(pair.index, pair.port, pair.part) for pair in pairs_of(model, given)]
    parts = given.of("x")
    return [(0, None, parts[0])] if len(parts) == 1 else []


def fits(shape: Shape, wanted: Shape) -> bool:
    """Says whether a batch of a shape goes into an input, which adds or takes away a last dimension of 1.

    Args:
        shape: the shape of the batch.
        wanted: the input's shape.

    Example:
        >>> fits((None, 28, 28), (None, 28, 28, 1))
        True
        >>> fits((None, 28, 28), (None, 784))
        False
    """
    if len(shape) == len(wanted):
        return equal(shape[1:], wanted[1:])
    if len(shape) == len(wanted) + 1 and shape[-1] in (1, None):
        return equal(shape[1:-1], wanted[1:])
    return len(shape) == len(wanted) - 1 and wanted[-1] == 1 and equal(shape[1:], wanted[1:-1])


def moved(shape: Shape) -> Shape | None:
    """Returns the shape of a single image with the channels at the other end; None for what is no image.

    Example:
        >>> moved((3, 32, 48)), moved((32, 48, 3)), moved((32, 48, 16))
        ((32, 48, 3), (3, 32, 48), None)
    """
    if len(shape) != 3:
        return None
    first, last = shape[0] in (1, 3, 4), shape[2] in (1, 3, 4)
    if first and not last:
        return (shape[1], shape[2], shape[0])
    return (shape[2], shape[0], shape[1]) if last and not first else None
