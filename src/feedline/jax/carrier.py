"""Elements as JAX arrays, on their way to devices."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from feedline.errors import ShapeError, StructureError
from feedline.jax.composites import arrays_of
from feedline.jax.integers import check_integers
from feedline.lookahead import check_no_datasets, is_text
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.structure import Treedef, component_names, describe_tree


class JaxCarrier:
    """Sends elements to a device, or several; strings stay what they are.

    A ragged tensor becomes the pair of its values and row splits, a sparse one a `BCOO`.

    JAX goes on with the program while it copies, and on the CPU takes an array's memory as it is where that is aligned.
    It holds a reference to the array for as long as it needs it, so that feedline's buffers are not used again before.

    Args:
        place: a device, a sharding, a structure of shardings, or None.
    """

    def __init__(self, place: Any) -> None:
        self._place = place

    def send(self, components: list[Any], treedef: Treedef) -> list[Any]:
        check_no_datasets(components, treedef, "JAX")
        places = self._places(treedef)
        result: list[Any] = list(components)
        numbers = []
        for number, component in enumerate(components):
            if is_text(component):
                continue
            if isinstance(component, RaggedTensor | SparseTensor):
                result[number] = self._arrays(component, places[number], component_names(treedef)[number])
                continue
            numbers.append(number)
            check_integers(components[number], component_names(treedef)[number])
        try:
            sent = _put([components[number] for number in numbers], [places[number] for number in numbers])
        except ValueError as error:
            raise self._does_not_fit(components, numbers, places, treedef, error) from None
        for number, array in zip(numbers, sent, strict=True):
            result[number] = array
        return result

    def receive(self, sent: list[Any]) -> list[Any]:
        return sent

    def close(self) -> None:
        pass

    def _arrays(self, component: RaggedTensor | SparseTensor, place: Any, name: str) -> Any:
        if isinstance(place, jax.sharding.Sharding):
            kind = "ragged" if isinstance(component, RaggedTensor) else "sparse"
            raise StructureError(
                f"{name} is {kind}, which cannot be laid out as {place}.",
                fix="Make it dense in map(), with .to_tensor() where it is ragged, or .to_dense() where it is sparse.",
            )
        return arrays_of(component, place, name)

    def _places(self, treedef: Treedef) -> list[Any]:
        if self._place is None or isinstance(self._place, jax.Device | jax.sharding.Sharding):
            return [self._place] * treedef.num_leaves
        try:
            return treedef.flatten_up_to(self._place)
        except (ValueError, TypeError):
            raise StructureError(
                f"the sharding {self._place!r:.80} is not for elements of {describe_tree(treedef)}.",
                fix="Give one sharding for all components, or one for each in the structure of the elements.",
            ) from None

    def _does_not_fit(
        self, components: list[Any], numbers: list[int], places: list[Any], treedef: Treedef, error: ValueError
    ) -> ShapeError:
        """Returns the error for the component that cannot be laid out as it should."""
        for number in numbers:
            try:
                _put([components[number]], [places[number]])
            except ValueError as own:
                name, shape = component_names(treedef)[number], np.shape(components[number])
                return ShapeError(
                    f"{name} of shape {shape} cannot be laid out as {places[number]}: {str(own).partition(chr(10))[0]}",
                    fix="Make the batch size a multiple of the number of devices and leave the smaller last batch out, "
                    "batch(n, drop_remainder=True); or give a sharding of its own for each component.",
                )
        return ShapeError(str(error), fix="Give a sharding that fits the elements.")


def _put(arrays: list[Any], places: list[Any]) -> list[Any]:
    """Sends arrays to their places; what spans several processes is made of each process's own part."""
    if not any(_spans_processes(place) for place in places):
        return jax.device_put(arrays, places)
    return [
        jax.make_array_from_process_local_data(place, np.asarray(array))
        if _spans_processes(place)
        else jax.device_put(array, place)
        for array, place in zip(arrays, places, strict=True)
    ]


def _spans_processes(place: Any) -> bool:
    return isinstance(place, jax.sharding.Sharding) and not place.is_fully_addressable
