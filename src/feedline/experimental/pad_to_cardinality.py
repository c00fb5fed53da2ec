"""pad_to_cardinality: elements of zeros behind a dataset's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, ShapeError, StructureError
from feedline.spec import TensorSpec, string
from feedline.structure import component_names, flatten


def pad_to_cardinality(cardinality: Any, mask_key: str = "valid") -> Callable[[Dataset], Dataset]:
    """Returns, for `Dataset.apply`, what puts elements of zeros behind a dataset's own until it has a number of them.

    Args:
        cardinality: the number.
        mask_key: the entry of each element that says whether it is the dataset's own.

    Raises:
        StructureError: the elements are no dicts.
        ArgumentError: the dataset has more elements, or an unknown number of them.
        ShapeError: the length of a component is not known.

    Example:
        >>> import feedline as fl
        >>> ds = fl.Dataset.from_tensor_slices({"a": [1, 2]}).apply(fl.experimental.pad_to_cardinality(3))
        >>> [(int(element["a"]), bool(element["valid"])) for element in ds]
        [(1, True), (2, True), (0, False)]
    """
    wanted = whole_number(cardinality, "cardinality", least=0)

    def padded(dataset: Dataset) -> Dataset:
        count = dataset.cardinality()
        if count < 0:
            raise ArgumentError(
                "pad_to_cardinality needs a dataset whose number of elements is known.",
                fix="Say it with assert_cardinality.",
            )
        if count > wanted:
            raise ArgumentError(f"the dataset has {count} elements, more than {wanted}.", fix=f"Give {count} or more.")
        spec = dataset.element_spec
        if not isinstance(spec, dict):
            raise StructureError("pad_to_cardinality is for elements that are dicts.", fix="Make dicts of them in map.")
        filler = {**_zeros(spec), mask_key: np.bool_(False)}
        own = dataset.map(lambda element: {**element, mask_key: np.bool_(True)})
        return own.concatenate(Dataset.from_tensors(filler).repeat(wanted - count))

    return padded


def _zeros(spec: dict) -> Any:
    """Returns an element of zeros, and empty strings, that a spec describes."""
    leaves, treedef = flatten(spec)
    for name, leaf in zip(component_names(treedef), leaves, strict=True):
        if not isinstance(leaf, TensorSpec) or leaf.shape is None or None in leaf.shape:
            raise ShapeError(f"the shape of {name} is not known: {leaf}.", fix="Bring the elements to one shape first.")
    return treedef.unflatten([np.full(leaf.shape, b"" if leaf.dtype == string else 0, leaf.dtype) for leaf in leaves])
