"""`tf.debugging` by feedline: checks that raise where they do not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.arithmetic import OPERATIONS, both
from feedline.compat.tf.convert import fitting, to_array, to_tensor, whole
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.tensor import Tensor
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import as_dtype, dtype_name

__all__ = [
    "Assert", "assert_all_finite", "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer",
    "assert_less", "assert_less_equal", "assert_near", "assert_negative", "assert_non_negative", "assert_non_positive",
    "assert_none_equal", "assert_positive", "assert_rank", "assert_rank_at_least", "assert_rank_in", "assert_scalar",
    "assert_shapes", "assert_type", "check_numerics", "is_numeric_tensor",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tf.debugging", name, __all__)


def _assertion(public: str, operation: str, words: str) -> Callable[..., None]:
    def check(
        x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
    ) -> None:
        left, right = both(public, x, y)
        holds = fitting(OPERATIONS[operation].function, left, right)
        if not np.all(holds):
            place = np.argwhere(~np.asarray(holds, bool))[0].tolist() if np.ndim(holds) else []
            a, b = np.broadcast_arrays(left, right)
            values = f"{_shown(a, place)} and {_shown(b, place)}"
            raise ArgumentError(
                f"{_start(message)}x must be {words} y, and{_at(place)} they are {values}.",
                fix="Mend what makes these values, or the check.",
            )

    check.__name__ = check.__qualname__ = public
    check.__doc__ = f"Raises ArgumentError unless x is {words} y everywhere."
    return check


assert_equal = _assertion("assert_equal", "equal", "equal to")
_differ = _assertion("assert_none_equal", "not_equal", "different from")


def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raises ArgumentError unless x is different from y everywhere."""
    _differ(x, y, message)


assert_greater = _assertion("assert_greater", "greater", "above")
assert_greater_equal = _assertion("assert_greater_equal", "greater_equal", "at least")
assert_less = _assertion("assert_less", "less", "below")
assert_less_equal = _assertion("assert_less_equal", "less_equal", "at most")


def _against_0(public: str, operation: str, words: str) -> Callable[..., None]:
    def check(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
        array = to_array(x, None, "x")
        holds = np.asarray(OPERATIONS[operation].function(array, array.dtype.type(0)))
        if not holds.all():
            place = np.argwhere(~holds)[0].tolist()
            raise ArgumentError(
                f"{_start(message)}x must be {words}, and{_at(place)} it is {_shown(array, place)}.",
                fix="Mend what makes these values, or the check.",
            )

    check.__name__ = check.__qualname__ = public
    check.__doc__ = f"Raises ArgumentError unless x is {words} everywhere."
    return check


def _at(place: list[int]) -> str:
    return f" at {place}" if place else ""


def _shown(array: Any, place: list[int]) -> str:
    value = np.asarray(array)[tuple(place)]
    return repr(value.item() if isinstance(value, np.generic) else value)


def _start(message: str | None) -> str:
    return f"{message}: " if message else ""


assert_positive = _against_0("assert_positive", "greater", "above 0")
assert_negative = _against_0("assert_negative", "less", "below 0")
assert_non_negative = _against_0("assert_non_negative", "greater_equal", "at least 0")
assert_non_positive = _against_0("assert_non_positive", "less_equal", "at most 0")


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None, summarize: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    """Raises ArgumentError unless x and y are near each other everywhere: |x - y| <= atol + rtol * |y|.

    Both bounds are ten times the least difference that the dtype knows where they are not given.
    """
    left, right = both("assert_near", x, y)
    least = 10 * np.finfo(left.dtype).eps if left.dtype.kind in "fc" else 0
    bounds = [least if bound is None else float(to_array(bound)) for bound in (atol, rtol)]
    near = fitting(lambda a, b: np.abs(a - b) <= bounds[0] + bounds[1] * np.abs(b), left, right)
    if not np.all(near):
        raise ArgumentError(
            f"{_start(message)}x and y differ by up to {np.max(np.abs(left - right))}.",
            fix="Mend what makes these values, or the check.",
        )


def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> None:
    """Raises ArgumentError, with values to show, unless a condition is True."""
    if not np.all(to_array(condition, bool, "condition")):
        shown = ", ".join(str(value) for value in data)
        raise ArgumentError(f"the condition of an Assert is False: {shown:.200}", fix="Mend what makes these values.")


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ShapeError unless a tensor has so many dimensions."""
    array = to_array(x, None, "x")
    if array.ndim != whole(rank, "rank"):
        raise ShapeError(
            f"{message + ': ' if message else ''}the shape {array.shape} has {array.ndim} dimensions, not {rank}.",
            fix="Use tf.expand_dims, tf.squeeze or tf.reshape.",
        )


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """Returns a tensor of floats; raises ArgumentError where one is infinite or NaN."""
    array = to_array(tensor, None, "tensor")
    if not np.isfinite(array).all():
        kind = "NaN" if np.isnan(array).any() else "an infinity"
        raise ArgumentError(f"{message}: the tensor has {kind} in it.", fix="Look for a division by 0 before it.")
    return to_tensor(tensor)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Tensor:
    """Does what `check_numerics` does."""
    return check_numerics(x, message)


def _check_rank(x: Any, allowed: Callable[[int], bool], words: str, message: str | None) -> None:
    rank = len(x.shape) if hasattr(x, "row_splits") else to_array(x, None, "x").ndim
    if not allowed(rank):
        raise ShapeError(f"{_start(message)}the tensor is of rank {rank}, not {words}.", fix="Mend its shape.")


def assert_rank_at_least(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ShapeError unless a tensor has a number of dimensions or more."""
    least = whole(rank, "rank")
    _check_rank(x, lambda found: found >= least, f"{least} or more", message)


def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ShapeError unless a tensor has one of some numbers of dimensions."""
    wanted = [whole(rank, "ranks") for rank in ranks]
    _check_rank(x, lambda found: found in wanted, " or ".join(map(str, wanted)), message)


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ShapeError unless a tensor is a single value."""
    _check_rank(tensor, lambda found: found == 0, "0", message)


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises DtypeError unless a tensor is of a dtype."""
    found, wanted = to_array(tensor).dtype, as_dtype(tf_type)
    if found != wanted:
        raise DtypeError(
            f"{_start(message)}the tensor is {dtype_name(found)}, not {dtype_name(wanted)}.", fix="Use tf.cast."
        )


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises DtypeError unless a tensor is of integers."""
    found = to_array(x).dtype
    if found.kind not in "iu":
        raise DtypeError(f"{_start(message)}the tensor is {dtype_name(found)}, not integers.", fix="Use tf.cast.")


def assert_shapes(
    shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raises ShapeError unless tensors have shapes.

    Args:
        shapes: pairs of tensor and shape; in shapes a letter stands for one length everywhere, None and "." for any,
            and "..." or "*" in the first place for further dimensions.
        data: not used.
        summarize: not used.
        message: what the error begins with.
        name: not used.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.debugging.assert_shapes([(tf.zeros([2, 3]), ("N", 3)), (tf.zeros([2]), ("N",))])
    """
    known: dict[Any, int] = {}
    for tensor, wanted in shapes.items() if isinstance(shapes, dict) else shapes:
        found = tuple(to_array(tensor, None, "a tensor").shape)
        lengths = list(wanted) if isinstance(wanted, list | tuple | str) else [wanted]
        open_ended = bool(lengths) and lengths[0] in ("*", Ellipsis)
        lengths = lengths[1:] if open_ended else lengths
        fits = len(found) >= len(lengths) if open_ended else len(found) == len(lengths)
        for length, there in zip(reversed(lengths), reversed(found), strict=False):
            if length in (None, "."):
                continue
            needed = known.setdefault(length, there) if isinstance(length, str) else whole(length, "a length")
            fits = fits and needed == there
        if not fits:
            raise ShapeError(
                f"{_start(message)}a tensor has the shape {found} where {wanted} is asked for"
                f"{f' with {known}' if known else ''}.",
                fix="Mend its shape, or the check.",
            )


def is_numeric_tensor(tensor: Any) -> bool:
    """Says whether a value is a tensor of numbers."""
    return isinstance(tensor, Tensor) and tensor.dtype.kind in "iufcV"
