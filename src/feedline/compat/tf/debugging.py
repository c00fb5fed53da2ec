"""`tf.debugging` by feedline: checks that raise where they do not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.arithmetic import OPERATIONS, both
from feedline.compat.tf.convert import fitting, to_array, to_tensor, whole
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.tensor import Tensor
from feedline.errors import ArgumentError, ShapeError

__all__ = [
    "Assert", "assert_all_finite", "assert_equal", "assert_greater", "assert_greater_equal", "assert_less",
    "assert_less_equal", "assert_none_equal", "assert_rank", "check_numerics",
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
            values = f"{a[tuple(place)]!r} and {b[tuple(place)]!r}"
            raise ArgumentError(
                f"{message + ': ' if message else ''}x must be {words} y, and at {place} they are {values}.",
                fix="Mend what makes these values, or the check.",
            )

    check.__name__ = check.__qualname__ = public
    check.__doc__ = f"Raises ArgumentError unless x is {words} y everywhere."
    return check


assert_equal = _assertion("assert_equal", "equal", "equal to")
assert_none_equal = _assertion("assert_none_equal", "not_equal", "different from")
assert_greater = _assertion("assert_greater", "greater", "above")
assert_greater_equal = _assertion("assert_greater_equal", "greater_equal", "at least")
assert_less = _assertion("assert_less", "less", "below")
assert_less_equal = _assertion("assert_less_equal", "less_equal", "at most")


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
