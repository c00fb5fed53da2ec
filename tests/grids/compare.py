"""One call, made of feedline and of TensorFlow: the same value, dtype and shape, or an error from both."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import tensorflow as tf

import feedline as fl
from feedline.errors import FeedlineError

TENSORFLOW_ERRORS = (tf.errors.OpError, ValueError, TypeError, AttributeError, IndexError, OverflowError)
NO_KERNEL = r"Could not find device|allowed values|not implemented|UnimplementedError|no such dtype|TileOp"
"""TensorFlow has no code for a dtype on this machine; feedline may have some."""

DTYPES = (
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "bfloat16", "float32", "float64", "bool"),
)


@dataclass
class Case:
    """Arguments for both libraries.

    Args:
        arguments: by position.
        options: by name.
    """

    arguments: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = [
            f"{one.dtype}{list(one.shape)}" if isinstance(one, np.ndarray) and one.size > 8 else f"{one!r:.100}"
            for one in self.arguments
        ]
        return ", ".join([*shown, *(f"{name}={value!r:.60}" for name, value in self.options.items())])


def value_of(dtype: str, shape: tuple[int, ...], seed: int = 0, low: float = -0.1, high: float = 1.1) -> np.ndarray:
    """Returns an array: integers from all over their range (from 0 on where `low` is 0), floats of `low` to `high`."""
    rng = np.random.default_rng([seed, len(shape), *shape])
    held = np.dtype(tf.as_dtype(dtype).as_numpy_dtype)
    if held.kind == "b":
        return rng.random(shape) < 0.5
    if held.kind in "iu":
        limits = np.iinfo(held)
        return rng.integers(0 if low == 0 else limits.min, limits.max, shape, dtype=held, endpoint=True)
    return (low + rng.random(shape) * (high - low)).astype(held)


def as_theirs(value: Any) -> Any:
    """Returns an argument as TensorFlow takes it."""
    if isinstance(value, np.ndarray):
        return tf.constant(value)
    if isinstance(value, np.dtype):
        return tf.string if value.kind == "O" else tf.as_dtype(value)
    if isinstance(value, type) and issubclass(value, np.generic):
        return tf.as_dtype(value)
    return value


def as_plain(value: Any) -> Any:
    """Returns a result of either library as nested tuples of arrays and bytes."""
    if isinstance(value, tf.RaggedTensor | fl.RaggedTensor):
        return ("ragged", as_plain(value.values), as_plain(value.row_splits))
    if isinstance(value, tf.SparseTensor | fl.SparseTensor):
        return ("sparse", as_plain(value.indices), as_plain(value.values), as_plain(value.dense_shape))
    if isinstance(value, tf.Tensor):
        return as_plain(value.numpy())
    if isinstance(value, Mapping):
        return {name: as_plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return tuple(as_plain(one) for one in value)
    return value if isinstance(value, bytes | str) or value is None else np.asarray(value)


def difference(ours: Any, theirs: Any, tolerance: float = 0.0) -> str:
    """Returns in what two plain results differ, or "".

    Args:
        tolerance: how far values may be apart, as a share of the value range: that of an integer's dtype (but one step
            at least), and for floats the largest value, but 1 at least. Half floats may be apart by two of their
            smallest steps.
    """
    if isinstance(theirs, dict | tuple):
        if type(ours) is not type(theirs) or len(ours) != len(theirs):
            return f"structure {ours!r:.80}, not {theirs!r:.80}"
        if isinstance(theirs, dict):
            if list(ours) != list(theirs):
                return f"names {list(ours)}, not {list(theirs)}"
            ours, theirs = tuple(ours.values()), tuple(theirs.values())
        found = (difference(one, other, tolerance) for one, other in zip(ours, theirs, strict=True))
        return next(filter(None, found), "")
    if not isinstance(theirs, np.ndarray):
        return "" if type(ours) is type(theirs) and ours == theirs else f"{ours!r:.60}, not {theirs!r:.60}"
    if not isinstance(ours, np.ndarray) or (ours.dtype, ours.shape) != (theirs.dtype, theirs.shape):
        return f"{getattr(ours, 'dtype', type(ours))} {np.shape(ours)}, not {theirs.dtype} {theirs.shape}"
    if theirs.dtype.kind in "OSUb":
        return "" if ours.tolist() == theirs.tolist() else f"{ours!r:.60}, not {theirs!r:.60}"
    kind = np.complex128 if theirs.dtype.kind == "c" else np.float64
    exact = ours == theirs if theirs.dtype.kind in "iu" else (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    if exact.all():
        return ""
    if tolerance:
        apart = np.abs(ours.astype(kind) - theirs.astype(kind))[~exact]
        if not np.isnan(apart).any() and apart.max() <= _allowed(theirs, tolerance):
            return ""
    return f"{ours[~exact][:3]}, not {theirs[~exact][:3]} ({(~exact).sum()} of {exact.size} values)"


def _allowed(theirs: np.ndarray, tolerance: float) -> float:
    if theirs.dtype.kind in "iu":
        limits = np.iinfo(theirs.dtype)
        return max(1.0, tolerance * (float(limits.max) - float(limits.min)))
    step = float(ml_dtypes.finfo(theirs.dtype).eps) if theirs.dtype.itemsize == 2 else 0.0
    wide = np.abs(theirs.astype(np.complex128))
    return max(tolerance, 2 * step) * max(1.0, float(wide[np.isfinite(wide)].max(initial=0)))


def outcome(function: Callable[..., Any], case: Case, errors: tuple[type[Exception], ...]) -> tuple[Any, Any]:
    """Returns the value of a call, or the error that it raised."""
    try:
        return function(*case.arguments, **case.options), None
    except errors as error:
        return None, error


def compare(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    cases: Iterable[Case],
    *,
    tolerance: float = 0.0,
    stricter: str = "",
    wider: str = "",
    plain: Callable[[Any], Any] = as_plain,
) -> None:
    """Holds that both libraries answer every case in the same way, and that some case has a value.

    Args:
        ours, theirs: the functions.
        cases: what they are called with.
        tolerance: as in `difference`.
        stricter: what our message says where we refuse on purpose what TensorFlow takes; a regular expression.
        wider: what TensorFlow's message says where we take on purpose what it refuses; a regular expression.
        plain: what is compared of a result.
    """
    wrong, values, seen = [], 0, 0
    for case in cases:
        seen += 1
        got, error = outcome(ours, case, (FeedlineError,))
        given = Case(
            tuple(as_theirs(one) for one in case.arguments),
            {name: as_theirs(value) for name, value in case.options.items()},
        )
        wanted, refusal = outcome(theirs, given, TENSORFLOW_ERRORS)
        if error is not None and not error.fix:
            wrong.append(f"{case}: no fix in {error.what!r}")
        if error is not None and refusal is None and not (stricter and re.search(stricter, error.what)):
            wrong.append(f"{case}: {type(error).__name__} {error.what[:90]!r}, but TensorFlow gives a value")
        if error is None and refusal is not None and not (wider and re.search(wider, f"{refusal!r} {refusal}")):
            wrong.append(f"{case}: a value, but TensorFlow raises {refusal!r:.150}")
        if error is None and refusal is None:
            values += 1
            apart = difference(plain(got), plain(wanted), tolerance)
            if apart:
                wrong.append(f"{case}: {apart}")
    assert not wrong, f"{len(wrong)} of {seen} cases:\n" + "\n".join(wrong[:12])
    assert values, f"none of {seen} cases gave a value"


def signature_difference(ours: Callable[..., Any], theirs: Callable[..., Any]) -> str:
    """Returns in what the arguments' names, order and defaults differ, or ""; we may have more, by name only."""
    mine = [one for one in inspect.signature(ours).parameters.values() if one.kind is not one.KEYWORD_ONLY]
    wanted = list(inspect.signature(theirs).parameters.values())
    if [one.name for one in mine] != [one.name for one in wanted]:
        return f"{[one.name for one in mine]}, not {[one.name for one in wanted]}"
    return "; ".join(
        f"{one.name}={one.default!r}, not {other.default!r}"
        for one, other in zip(mine, wanted, strict=True)
        if _default(one.default) != _default(other.default)
    )


def _default(value: Any) -> Any:
    """Returns a default as both libraries write it: an empty sequence is one, and a dtype is its name."""
    if isinstance(value, list | tuple):
        return tuple(value)
    if isinstance(value, tf.DType):
        return value.name
    return value.name if isinstance(value, np.dtype) else value
