"""`tf.data.experimental.Optional`: an element that may not be there."""

from __future__ import annotations

from typing import Any

from feedline.compat.tf.data.dataset import DatasetIterator
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.compat.tf.values import plain, wrapped
from feedline.errors import ArgumentError
from feedline.structure import as_component, map_structure, spec_of


class Optional:
    """An element that may not be there; made by `from_value`, `empty` or `iterator.get_next_as_optional()`.

    Args:
        spec: the spec of the element.
        value: the element, in a tuple of its own; an empty tuple where there is none.

    Example:
        >>> import feedline.compat.tf as tf
        >>> optional = tf.data.experimental.get_next_as_optional(iter(tf.data.Dataset.range(3)))
        >>> bool(optional.has_value()), int(optional.get_value())
        (True, 0)
    """

    def __init__(self, spec: Any, value: tuple) -> None:
        self._spec = spec
        self._value = value

    @staticmethod
    def from_value(value: Any) -> Optional:
        """Returns what holds a value."""
        held = map_structure(as_component, plain(value))
        return Optional(map_structure(spec_of, held), (wrapped(held),))

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """Returns what holds nothing, in place of an element of this spec."""
        return Optional(element_spec, ())

    @property
    def element_spec(self) -> Any:
        """The spec of the element."""
        return self._spec

    def has_value(self, name: str | None = None) -> Tensor:
        """Says whether there is an element."""
        return as_tensor(bool(self._value))

    def get_value(self, name: str | None = None) -> Any:
        """Returns the element.

        Raises:
            ArgumentError: there is none.
        """
        if not self._value:
            raise ArgumentError("there is no element.", fix="Ask has_value() first.")
        return self._value[0]


def get_next_as_optional(iterator: DatasetIterator) -> Optional:
    """Returns the next element of an iterator, if there is one."""
    try:
        return Optional(iterator.element_spec, (next(iterator),))
    except StopIteration:
        return Optional.empty(iterator.element_spec)
