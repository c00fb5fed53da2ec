"""`pad_sequences`: `keras.utils.pad_sequences`, which loses nothing silently."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, DtypeError, ShapeError, with_article
from feedline.spec import as_dtype

SIDES = ("pre", "post")


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Returns sequences of different lengths as one array, filled up or cut to one length.

    Equal to `keras.utils.pad_sequences`, except that numbers which `dtype` cannot hold, such as 0.5 in the default
    int32, are an error. Within a pipeline, `padded_batch` does the same for each batch.

    Args:
        sequences: a list of lists or arrays; their elements are numbers, or arrays of one shape.
        maxlen: the length; None for the longest sequence's.
        dtype: the dtype of the result; `object` for text.
        padding: "pre" to fill up at the front, "post" at the end.
        truncating: "pre" to cut at the front, "post" at the end.
        value: what to fill up with.

    Returns:
        (sequences, maxlen, ...) of `dtype`.

    Raises:
        ArgumentError: an argument cannot work.
        ShapeError: the elements of the sequences have different shapes.
        DtypeError: a number does not fit `dtype`, or there is no such dtype.

    Example:
        >>> pad_sequences([[1], [2, 3], [4, 5, 6]])
        array([[0, 0, 1],
               [0, 2, 3],
               [4, 5, 6]], dtype=int32)
        >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2, padding="post", truncating="post")
        array([[1, 0],
               [2, 3],
               [4, 5]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in SIDES:
            raise ArgumentError(f"{name} is {side!r}.", fix='Give "pre" or "post".')
    if not hasattr(sequences, "__len__"):
        raise ArgumentError(
            f"sequences is {with_article(type(sequences).__name__)}, not a list.", fix="Give a list of lists."
        )
    for index, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ArgumentError(
                f"sequence {index} is {sequence!r:.60}, not a sequence.", fix="Give a list of lists or arrays."
            )
    if maxlen is None and not len(sequences):
        raise ArgumentError("there are no sequences, so there is no longest one.", fix="Give maxlen.")
    longest = max(map(len, sequences)) if maxlen is None else whole_number(maxlen, "maxlen", least=0)
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = as_dtype(dtype)  # a framework's, or none at all
    inner = next(
        (
            _cast(sequence, wanted, f"sequence {index}").shape[1:]
            for index, sequence in enumerate(sequences)
            if len(sequence)
        ),
        (),
    )
    filled = np.empty((len(sequences), longest, *inner), wanted)
    filled[...] = _cast(value, wanted, "value")
    for index, sequence in enumerate(sequences):
        if not len(sequence) or not longest:
            continue
        kept = _cast(sequence[-longest:] if truncating == "pre" else sequence[:longest], wanted, f"sequence {index}")
        if kept.shape[1:] != inner:
            raise ShapeError(
                f"the elements of sequence {index} have shape {kept.shape[1:]}, and those before {inner}.",
                fix="Give sequences whose elements have one shape.",
            )
        if padding == "post":
            filled[index, : len(kept)] = kept
        else:
            filled[index, longest - len(kept) :] = kept
    return filled


def _cast(values: Any, dtype: np.dtype, name: str) -> np.ndarray:
    """Returns an array of `dtype`, which must hold every value that it had."""
    try:
        array = np.asarray(values, object) if dtype.kind == "O" else np.asarray(values)
        if array.dtype.kind in "US" and dtype.kind not in "OUS":
            raise DtypeError(f"{name} is text, and dtype is {dtype}.", fix="Give dtype=object for text.")
        with (
            np.errstate(invalid="ignore", over="ignore"),
            warnings.catch_warnings(),
        ):  # what is lost is looked for below
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            cast = array.astype(dtype, copy=False)
    except DtypeError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise DtypeError(f"{name} cannot be an array of {dtype}: {error}.", fix="Give another dtype.") from None
    lost = np.flatnonzero(_lost(array, cast))
    if len(lost):
        raise DtypeError(
            f"{name} holds {array.reshape(-1)[lost[0]]}, which {dtype} cannot.",
            fix='Give a dtype that can, such as dtype="float32".',
        )
    return cast


def _lost(array: np.ndarray, cast: np.ndarray) -> np.ndarray:
    """Says which values are others after a cast; floats may be rounded."""
    kinds = array.dtype.kind + cast.dtype.kind
    if kinds[0] in "biufc" and kinds[1] in "biu":
        return cast != array
    if kinds[0] in "iuf" and kinds[1] == "f":
        return np.isfinite(array) & ~np.isfinite(cast)
    if kinds in ("cf", "SS", "UU", "US", "SU"):
        return cast.astype(array.dtype) != array
    return np.zeros(0, bool)
