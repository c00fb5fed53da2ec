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

    def with_rank(self, rank: int) -> TensorShape:
        """Returns the shape, which must have so many dimensions.

        Raises:
            ShapeError: it has another number of them.
        """
        return self._where(len(self) == rank, f"of rank {rank}")

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Returns the shape, which must have so many dimensions or more."""
        return self._where(len(self) >= rank, f"of rank {rank} or more")

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """Returns the shape, which must have so many dimensions or fewer."""
        return self._where(len(self) <= rank, f"of rank {rank} or less")

    def assert_has_rank(self, rank: int) -> None:
        """Raises ShapeError unless the shape has so many dimensions."""
        self.with_rank(rank)

    def assert_same_rank(self, other: Any) -> None:
        """Raises ShapeError unless both shapes have as many dimensions."""
        self.with_rank(len(TensorShape(other)))

    def assert_is_fully_defined(self) -> None:
        """Raises ShapeError where a length is not known."""
        self._where(None not in self, "known in every length")

    def merge_with(self, other: Any) -> TensorShape:
        """Returns the shape with the lengths that either of two knows.

        Raises:
            ShapeError: they contradict each other.
        """
        if other is None:
            return self
        self.assert_is_compatible_with(other)
        return TensorShape([b if a is None else a for a, b in zip(tuple(self), TensorShape(other), strict=True)])

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """Returns the most exact shape that allows what either of two allows.

        Raises:
            ShapeError: they have different numbers of dimensions.
        """
        pairs = zip(tuple(self), TensorShape(other).with_rank(len(self)), strict=True)
        return TensorShape([a if a == b else None for a, b in pairs])

    def _where(self, holds: bool, words: str) -> TensorShape:
        if not holds:
            raise ShapeError(f"the shape {tuple(self)} is not {words}.", fix="Use tf.reshape or tf.expand_dims.")
        return self

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
