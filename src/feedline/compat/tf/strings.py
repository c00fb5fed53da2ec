"""`tf.strings` by feedline: functions on tensors, and ragged tensors, of strings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.convert import axis_of, fitting, kind_of, to_array, to_tensor, whole, wholes
from feedline.compat.tf.farmhash import fingerprint64
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.ngrams import ngrams
from feedline.compat.tf.patterns import check_rewrite, compiled, replaced
from feedline.compat.tf.ragged_broadcast import any_ragged, elementwise
from feedline.compat.tf.ragged_reductions import joined, reduced
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.string_format import format
from feedline.compat.tf.string_hashes import murmur64, siphash
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.compat.tf.text import decoded, each, parts, row_of, single_text
from feedline.compat.tf.unicode import (
    unicode_decode,
    unicode_decode_with_offsets,
    unicode_encode,
    unicode_split,
    unicode_split_with_offsets,
    unicode_transcode,
)
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import as_dtype, dtype_name, string

__all__ = [
    "as_string", "bytes_split", "format", "join", "length", "lower", "ngrams", "reduce_join", "regex_full_match",
    "regex_replace", "split", "strip", "substr", "to_hash_bucket", "to_hash_bucket_fast", "to_hash_bucket_strong",
    "to_number", "unicode_decode", "unicode_decode_with_offsets", "unicode_encode", "unicode_split",
    "unicode_split_with_offsets", "unicode_transcode", "unsorted_segment_join", "upper",
]  # fmt: skip

_SPACE = b" \t\n\v\f\r"


def __getattr__(name: str) -> Any:
    raise missing_name("tf.strings", name, __all__)


def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Returns text in lower case: the letters a to z, or with encoding "utf-8" all."""
    if _by_bytes(encoding):
        return each(input, bytes.lower)
    return each(input, lambda value: decoded(value).lower().encode())


def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Returns text in upper case: the letters a to z, or with encoding "utf-8" all."""
    if _by_bytes(encoding):
        return each(input, bytes.upper)
    return each(input, lambda value: decoded(value).upper().encode())


def _by_bytes(encoding: str) -> bool:
    if encoding not in ("", "utf-8"):
        raise ArgumentError(f"encoding is {encoding!r}.", fix='Use "" or "utf-8".')
    return encoding == ""


def strip(input: Any, name: str | None = None) -> Any:
    """Returns text without white space at its ends."""
    return each(input, lambda value: value.strip(_SPACE))


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """Returns the lengths of strings, int32, in bytes or with unit "UTF8_CHAR" in characters."""
    if _in_bytes(unit):
        return each(input, len, np.int32)
    # A character is every byte that does not go on with one.
    return each(input, lambda value: sum(byte & 0xC0 != 0x80 for byte in value), np.int32)


def _in_bytes(unit: str) -> bool:
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise ArgumentError(f"unit is {unit!r}.", fix='Use "BYTE" or "UTF8_CHAR".')
    return unit == "BYTE"


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """Returns parts of strings.

    Args:
        input: strings.
        pos: where the part begins; negative numbers count from the end.
        len: how long it is at the most; negative for all that follows.
        unit: "BYTE" or "UTF8_CHAR".

    Raises:
        ArgumentError: `pos` is beyond the string.
    """
    by_bytes = _in_bytes(unit)
    if any_ragged(input, pos, len):
        values = [value if isinstance(value, RaggedTensor) else to_tensor(value) for value in (input, pos, len)]
        return elementwise(lambda text, start, count: substr(text, start, count, unit), *values)
    array = to_array(input, string, "input")
    starts, counts = to_array(pos, None, "pos"), to_array(len, None, "len")
    found = fitting(
        np.frompyfunc(lambda value, start, count: _part(value, start, count, by_bytes), 3, 1), array, starts, counts
    )
    return as_tensor(found if isinstance(found, bytes) else np.asarray(found, object))


def _part(value: bytes, start: int, count: int, by_bytes: bool) -> bytes:
    units: Any = value if by_bytes else decoded(value)
    if not -len(units) <= start <= len(units):
        raise ArgumentError(f"pos is {start}, beyond the string {value[:40]!r}.", fix="Check the length first.")
    start += len(units) if start < 0 else 0
    found = units[start:] if count < 0 else units[start : start + count]
    return found if by_bytes else found.encode()


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """Returns the parts of strings between separators.

    Args:
        input: one string, or a tensor of them.
        sep: the separator; None for any white space, of which none is left at the ends.
        maxsplit: how many times at the most; -1 for all.

    Returns:
        A tensor of the parts of one string; a ragged tensor with one dimension more for a tensor of strings.
    """
    between: Any = None if sep is None else to_array(sep, string, "sep")[()]

    return parts(input, lambda value: value.split(between or None, maxsplit))


def bytes_split(input: Any, name: str | None = None) -> Any:
    """Returns the bytes of strings as strings."""
    return parts(input, lambda value: [value[place : place + 1] for place in range(len(value))])


def join(inputs: Any, separator: Any = "", name: str | None = None) -> Any:
    """Returns strings of several tensors joined, element by element.

    Args:
        inputs: tensors of one shape, or single strings.
        separator: what stands between.
    """
    between: Any = to_array(separator, string, "separator")[()]
    if any_ragged(*inputs):
        texts = [value if isinstance(value, RaggedTensor) else to_tensor(value, string) for value in inputs]
        return elementwise(lambda *values: join(values, separator), *texts)
    arrays = [to_array(value, string, "inputs") for value in inputs]
    shapes = {array.shape for array in arrays if array.ndim}
    if len(shapes) > 1:
        raise ShapeError(
            f"the inputs have the shapes {sorted(shapes)}.", fix="Give tensors of one shape, and single strings."
        )
    joined = fitting(np.frompyfunc(lambda *values: between.join(values), len(arrays), 1), *arrays)
    return as_tensor(joined if isinstance(joined, bytes) else np.asarray(joined, object))


def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: Any = "", name: str | None = None
) -> Any:
    """Returns the strings of a tensor joined along axes.

    Args:
        inputs: strings.
        axis: an axis, several in the order in which they are joined, or None for all, the last first.
        keepdims: whether the axes stay, with length 1.
        separator: what stands between.
    """
    between: Any = to_array(separator, string, "separator")[()]
    if isinstance(inputs, RaggedTensor):
        return _reduce_join_ragged(inputs, axis, keepdims, between)
    array = to_array(inputs, string, "inputs")
    axes = list(range(array.ndim))
    if axis is not None:
        axes = [axis_of(number, array.ndim) for number in reversed(wholes(axis, "axis"))]
    kept = [number for number in range(array.ndim) if number not in axes]
    rows = np.transpose(array, [*kept, *axes]).reshape(*(array.shape[number] for number in kept), -1)
    result = np.empty(rows.shape[:-1], object)
    for place in np.ndindex(*result.shape):
        result[place] = between.join(rows[place].tolist())
    if keepdims:
        result = result.reshape([1 if number in axes else array.shape[number] for number in range(array.ndim)])
    return as_tensor(result)


def _reduce_join_ragged(inputs: RaggedTensor, axis: Any, keepdims: bool, between: bytes) -> Any:
    """Joins along the innermost of the axes first, as TensorFlow does."""
    rank = len(inputs.shape)
    axes = None if axis is None else sorted({axis_of(number, rank) for number in wholes(axis, "axis")}, reverse=True)
    if not axes:
        flat = as_tensor(np.asarray(inputs.flat_values))
        return reduce_join(flat, None, keepdims, between) if axes is None else inputs
    result: Any = inputs
    for number in axes:
        if isinstance(result, RaggedTensor):
            result = reduced(result, number, keepdims, _joined_dense(between), joined(between))
        else:
            result = reduce_join(result, number, keepdims, between)
    return result


def _joined_dense(between: bytes) -> Callable[..., Any]:
    return lambda values, axis, keepdims: reduce_join(values, axis, keepdims, between)


def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: Any = "", name: str | None = None
) -> Tensor:
    """Returns for each number the strings that have it, joined.

    Args:
        inputs: strings.
        segment_ids: a number for each, in the shape of the first dimensions of `inputs`.
        num_segments: how many numbers there are.
        separator: what stands between.
        name: not used.

    Raises:
        ShapeError: the shapes differ.
        ArgumentError: a number is not from 0 to below `num_segments`.
    """
    between: Any = to_array(separator, string, "separator")[()]
    array, numbers = to_array(inputs, string, "inputs"), to_array(segment_ids, None, "segment_ids")
    count = whole(num_segments, "num_segments")
    if numbers.ndim == 0 or array.shape[: numbers.ndim] != numbers.shape:
        raise ShapeError(
            f"segment_ids has the shape {numbers.shape}, and inputs {array.shape}.", fix="Give one for each string."
        )
    if ((numbers < 0) | (numbers >= count)).any():
        raise ArgumentError(f"segment_ids has numbers that are not from 0 to {count - 1}.", fix="Raise num_segments.")
    inner = array.shape[numbers.ndim :]
    rows = array.reshape(-1, int(np.prod(inner, dtype=np.int64)))
    result = np.empty((count, rows.shape[1]), object)
    for segment in range(count):
        for column, texts in enumerate(rows[numbers.reshape(-1) == segment].T.tolist()):
            result[segment, column] = between.join(texts)
    return as_tensor(result.reshape(count, *inner))


def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None) -> Any:
    """Returns text with what matches a pattern replaced.

    Args:
        input: strings in UTF-8.
        pattern: a regular expression; see `feedline.compat.tf.patterns` for what is not covered.
        rewrite: what takes its place; \\1 is the first group.
        replace_global: whether every match is replaced, or the first alone.
    """
    found, put = compiled(single_text(pattern, "pattern")), single_text(rewrite, "rewrite")
    check_rewrite(found, put)
    return each(input, lambda value: replaced(found, decoded(value), put, replace_global).encode())


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Says which strings match a pattern from their first character to their last."""
    found = compiled(single_text(pattern, "pattern"))
    return each(input, lambda value: found.fullmatch(decoded(value)) is not None, bool)


_FLOAT = re.compile(rb"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity|nan)", re.IGNORECASE)
_HEXADECIMAL = re.compile(rb"[+-]?0[xX][0-9a-fA-F]+\.?[0-9a-fA-F]*([pP][+-]?\d+)?")
_INTEGER = re.compile(rb"[+-]?\d+")


def to_number(input: Any, out_type: Any = np.float32, name: str | None = None) -> Any:
    """Returns the numbers that strings say.

    Args:
        input: strings.
        out_type: float32, float64, int32, int64, uint32 or uint64.

    Raises:
        ArgumentError: a string is no number of this dtype.
    """
    dtype = as_dtype(out_type)
    if dtype.name not in ("float32", "float64", "int32", "int64", "uint32", "uint64"):
        raise DtypeError(f"to_number makes no {dtype_name(dtype)}.", fix="Make int32 or float32, and tf.cast it.")

    def number(value: bytes) -> Any:
        text = value.strip(_SPACE)
        if dtype.kind == "f":
            if _FLOAT.fullmatch(text):
                return float(text)
            if _HEXADECIMAL.fullmatch(text):
                return float.fromhex(text.decode())
        elif _INTEGER.fullmatch(text) and np.iinfo(dtype).min <= int(text) <= np.iinfo(dtype).max:
            return int(text)
        raise ArgumentError(
            f"the string {value[:40]!r} is no {dtype_name(dtype)}.", fix="Mend the text, or leave such strings out."
        )

    with np.errstate(over="ignore"):
        return each(input, number, dtype)


def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1, fill: str = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Returns numbers as text.

    Args:
        input: numbers or bools; strings stay as they are.
        precision: how many places behind the point; -1 for 6. For floats only.
        scientific: whether to write 1.5e+03.
        shortest: whether to write the shorter of both.
        width: how many characters at least.
        fill: what fills up: " ", "0", "+" (and a sign), or "-" to fill up behind the number.
    """
    if isinstance(input, RaggedTensor):
        text = as_string(input.flat_values, precision, scientific, shortest, width, fill)
        return input.with_flat_values(text)
    array = to_array(input)
    kind = kind_of(array.dtype)
    if kind == "O":
        return as_tensor(array)
    if kind == "c":
        raise DtypeError("as_string of complex numbers is not covered.", fix="Use tf.math.real.")
    if kind != "f" and (precision >= 0 or scientific or shortest):
        raise ArgumentError(f"precision, scientific and shortest are for floats, not {dtype_name(array.dtype)}.")
    if scientific and shortest:
        raise ArgumentError("scientific and shortest were given.", fix="Give one of them.")
    if fill not in ("", " ", "0", "+", "-"):
        raise ArgumentError(f"fill is {fill!r}.", fix='Use "", " ", "0", "+" or "-".')
    shape = f"%{fill}{width if width > 0 else ''}"
    if kind == "b":
        values = [str(value).lower() for value in array.reshape(-1).tolist()]
    elif kind == "f":
        shape += ("" if precision < 0 else f".{precision}") + ("e" if scientific else "g" if shortest else "f")
        values = [shape % value for value in array.astype(np.float64).reshape(-1).tolist()]
    else:
        values = [(shape + "d") % value for value in array.reshape(-1).tolist()]
    result = row_of([value.encode() for value in values])
    return as_tensor(result.reshape(array.shape))


def to_hash_bucket_fast(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """Returns a number from 0 to below `num_buckets` for each string, int64: the same as TensorFlow's."""
    count = _buckets(num_buckets)
    return each(input, lambda value: fingerprint64(value) % count, np.int64)


def to_hash_bucket(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """Returns a number from 0 to below `num_buckets` for each string, int64, by the older of TensorFlow's functions."""
    count = _buckets(num_buckets)
    return each(input, lambda value: murmur64(value) % count, np.int64)


def to_hash_bucket_strong(input: Any, num_buckets: Any, key: Any, name: str | None = None) -> Any:
    """Returns a number from 0 to below `num_buckets` for each string, int64, that only who has the key can foresee.

    Args:
        input: strings.
        num_buckets: how many numbers there are.
        key: two whole numbers.
        name: not used.
    """
    count, words = _buckets(num_buckets), wholes(key, "key")
    if len(words) != 2:
        raise ArgumentError(f"key is {key!r:.60}.", fix="Give two whole numbers.")
    return each(input, lambda value: siphash(value, *words) % count, np.int64)


def _buckets(num_buckets: Any) -> int:
    count = whole(num_buckets, "num_buckets")
    if count < 1:
        raise ArgumentError(f"num_buckets is {count}.", fix="Give 1 or more.")
    return count
