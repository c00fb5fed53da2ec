"""TensorShape: a shape as TensorFlow's users handle it, and a tuple all the same."""

from __future__ import annotations

import math
import operator
from typing import Any

from feedline.errors import ArgumentError, ShapeError
from feedline.spec import as_shape


class TensorShape(tuple):
    """The lengths of a tensor, None for those that are not known.

    Args:
        dims: lengths, or another shape; None for an unknown rank, which is the one thing that is no tuple.

    Example:
        >>> shape = TensorShape([None, 3])
        >>> shape, shape.rank, shape.as_list(), shape[1:] == [3]
        (TensorShape([None, 3]), 2, [None, 3], True)
    """

    __slots__ = ()

    def __new__(cls, dims: Any) -> TensorShape:
        if dims is None:
            raise ArgumentError(
                "TensorShape(None), a shape of unknown rank, is not covered.",
                fix="Give None itself where a shape is asked for.",
            )
        lengths = as_shape(dims)
        assert lengths is not None
        return tuple.__new__(cls, lengths)

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self)

    @property
    def ndims(self) -> int:
        """The number of dimensions."""
        return len(self)

    @property
    def dims(self) -> list[int | None]:
        """The lengths as a list."""
        return list(self)

    def as_list(self) -> list[int | None]:
        """Returns the lengths as a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """Returns the number of values, None where a length is not known."""
        return None if None in self else math.prod(self)

    def is_fully_defined(self) -> bool:
        """Says whether every length is known."""
        return None not in self

    def is_compatible_with(self, other: Any) -> bool:
        """Says whether one tensor could have both shapes."""
        other = tuple(TensorShape(other)) if other is not None else None
        if other is None:
            return True
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(tuple(self), other, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ShapeError unless one tensor could have both shapes."""
        if not self.is_compatible_with(other):
            raise ShapeError(f"the shapes {tuple(self)} and {tuple(other)} do not go together.")

    def concatenate(self, other: Any) -> TensorShape:
        """Returns the lengths of this shape and then another's."""
        return TensorShape((*self, *TensorShape(other)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple.__new__(TensorShape, tuple.__getitem__(self, index))
        return tuple.__getitem__(self, operator.index(index))

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: Any) -> bool:
        if isinstance(other, list | tuple):
            return tuple.__eq__(self, tuple(other))
        return False

    def __ne__(self, other: Any) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __str__(self) -> str:
        return tuple.__repr__(self)

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __reduce__(self) -> tuple:
        return (TensorShape, (tuple(self),))
