"""Datasets inside elements: what `window` gives, and what functions given to `flat_map` return.

Nodes make datasets for the user's functions to work on, but know nothing of the class `Dataset`: it registers itself
here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class DatasetComponent:
    """A dataset as a component of an element."""

    shape = ()
    dtype = np.dtype(object)

    @property
    def node(self) -> Any:
        """The last node of the dataset."""
        raise NotImplementedError


_factories: list[Callable[[Any], DatasetComponent]] = []


def register_dataset_class(factory: Callable[[Any], DatasetComponent]) -> None:
    """Says how a dataset is made of a node."""
    _factories[:] = [factory]


def dataset_of_node(node: Any) -> DatasetComponent:
    """Returns the dataset whose last node this is."""
    return _factories[0](node)
