"""`decode_raw` and `decode_padded_raw`: the bytes of numbers to numbers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, FileFormatError, ShapeError, TensorDecodeError, with_article
from feedline.packed_arrays import PackedArrays
from feedline.spec import as_dtype, string
from feedline.strings import PackedStrings, as_plain_array

_FIRST_BYTES = b"\x93\x89\xffG"
_SECOND_BYTES = b"NP\xd8I"
_MAY_BE_FILES = np.isin(np.arange(256), np.frombuffer(_FIRST_BYTES, np.uint8))
_MAY_GO_ON = np.isin(np.arange(256), np.frombuffer(_SECOND_BYTES, np.uint8))


def decode_raw(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: int | None = None,
    name: str | None = None,
) -> np.ndarray:
    """Turns the bytes of numbers into an array of numbers.

    Args:
        input_bytes: `bytes`, or an array or list of them, all of the same length.
        out_type: the numbers' dtype: any float, integer or complex dtype, or bool.
        little_endian: whether each number's lowest byte comes first.
        fixed_length: if given, rows may differ in length, and each is cut, or filled up with zero bytes, to so many
            bytes.
        name: not used.

    Returns:
        The shape of `input_bytes` with one dimension more: as many numbers as the bytes hold. It may be a read-only
        view of `input_bytes`.

    Raises:
        TensorDecodeError: the length is no multiple of a number's, or rows differ in length.
        FileFormatError: the bytes are a whole `.npy`, PNG, JPEG or GIF file, whose header would become numbers.

    Example:
        >>> decode_raw(b"\\x01\\x00\\x02\\x00", "int16")
        array([1, 2], dtype=int16)
        >>> decode_raw([b"ab", b"cd"], "uint8")
        array([[ 97,  98],
               [ 99, 100]], dtype=uint8)
    """
    dtype = as_dtype(out_type)
    if dtype == string or dtype.kind not in "iufcbV" or dtype.names is not None or not dtype.itemsize:
        raise DtypeError(f"decode_raw makes numbers; out_type is {out_type!r}.", fix='Use for instance "uint8".')
    if fixed_length is not None:
        _check_fixed_length(fixed_length, dtype)
    if type(input_bytes) is bytes:
        row = input_bytes if fixed_length is None else _fit(input_bytes, fixed_length)
        check_row(input_bytes, dtype, None, fixed_length is not None)
        return _numbers(row, dtype, little_endian)
    if isinstance(input_bytes, PackedStrings) and little_endian and fixed_length is None:
        packed = packed_numbers(input_bytes, dtype)
        if packed is not None:
            return packed.array()
    input_bytes = as_plain_array(input_bytes)  # a batch of records, as a file's reader leaves it
    if not isinstance(input_bytes, np.ndarray) and hasattr(input_bytes, "numpy"):
        input_bytes = input_bytes.numpy()
    if isinstance(input_bytes, bytes | bytearray | memoryview | np.bytes_):
        return decode_raw(bytes(input_bytes), dtype, little_endian, fixed_length)
    if isinstance(input_bytes, str | os.PathLike):
        raise DtypeError(
            f"decode_raw needs bytes; it was given the text {os.fspath(input_bytes)[:60]!r}.",
            fix="If it is a file's name, read the file first: decode_raw(fl.io.read_file(name), dtype).",
        )
    return _decode_rows(_as_rows(input_bytes), dtype, little_endian, fixed_length)


def decode_padded_raw(
    input_bytes: Any, fixed_length: int, out_type: Any, little_endian: bool = True, name: str | None = None
) -> np.ndarray:
    """Does `decode_raw` with a `fixed_length`."""
    return decode_raw(input_bytes, out_type, little_endian, fixed_length)


def packed_numbers(strings: PackedStrings, dtype: np.dtype) -> PackedArrays | None:
    """Returns the numbers in strings where they lie; None where something has to be done to them, or told of them.

    Args:
        strings: the bytes of numbers.
        dtype: the numbers' dtype.
    """
    lengths = strings.packed_lengths
    if dtype.kind == "b" or not len(lengths) or (lengths != lengths[0]).any() or lengths[0] % dtype.itemsize:
        return None
    if lengths[0] > 1:
        buffer, offsets = strings.packed_buffer, strings.packed_offsets
        rows = np.flatnonzero(_MAY_BE_FILES[buffer[offsets]])
        for row in rows[_MAY_GO_ON[buffer[offsets[rows] + 1]]].tolist():
            try:
                check_row(strings[row], dtype, row, False)
            except FileFormatError:
                return None
    return PackedArrays(strings.packed_buffer, strings.packed_offsets, (int(lengths[0]) // dtype.itemsize,), dtype)


def _as_rows(input_bytes: Any) -> np.ndarray:
    if isinstance(input_bytes, np.ndarray):
        if input_bytes.dtype.kind == "S":
            # NumPy drops zero bytes at the end of its fixed-length strings: put them back.
            width = input_bytes.dtype.itemsize
            out = np.empty(input_bytes.shape, object)
            for index, value in np.ndenumerate(input_bytes):
                out[index] = bytes(value).ljust(width, b"\0")
            return out
        if input_bytes.dtype != object:
            raise DtypeError(
                f"decode_raw needs bytes; it was given a {input_bytes.dtype} array of shape {input_bytes.shape}.",
                fix="The numbers may be decoded already.",
            )
        return input_bytes
    if not isinstance(input_bytes, list | tuple):
        raise DtypeError(
            f"decode_raw needs bytes; it was given {with_article(type(input_bytes).__name__)}.",
            fix="Give the bytes that read_file, or a feature of dtype string, gave.",
        )
    shape: list[int] = []
    inner: Any = input_bytes
    while isinstance(inner, list | tuple):
        shape.append(len(inner))
        if not inner:
            break
        inner = inner[0]
    rows = np.empty(tuple(shape), object)
    if rows.size:
        try:
            rows[...] = input_bytes
        except ValueError:
            raise ShapeError(
                "decode_raw was given nested lists of different lengths.", fix="Decode each list on its own."
            ) from None
    return rows


def _decode_rows(rows: np.ndarray, dtype: np.dtype, little_endian: bool, fixed_length: int | None) -> np.ndarray:
    flat = rows.reshape(-1)
    length = fixed_length
    parts = []
    for number in range(flat.size):
        row = flat[number]
        if not isinstance(row, bytes):
            raise DtypeError(
                f"decode_raw needs bytes; row {number} is {with_article(type(row).__name__)}.",
                fix="Give the bytes that read_file, or a feature of dtype string, gave.",
            )
        check_row(row, dtype, number, fixed_length is not None)
        if fixed_length is not None:
            row = _fit(row, fixed_length)
        elif length is None:
            length = len(row)
        elif len(row) != length:
            raise TensorDecodeError(
                f"row {number} is {len(row)} bytes long, row 0 is {length}: decode_raw needs rows of one length.",
                where=[f"row {number} of the input of decode_raw"],
                fix="Decode before the batch, or give fixed_length to cut or fill up every row.",
            )
        parts.append(row)
    width = (length or 0) // dtype.itemsize
    return _numbers(b"".join(parts), dtype, little_endian).reshape(*rows.shape, width)


def check_row(row: bytes, dtype: np.dtype, number: int | None, padded: bool) -> None:
    where = [] if number is None else [f"row {number} of the input of decode_raw"]
    if row[:1] in _FIRST_BYTES and row:
        from feedline.formats.signature import decoder_of, whole_file_format

        found = whole_file_format(row)
        if found is not None:
            raise FileFormatError(
                f"the {len(row):,} bytes are a whole {found} file: its header would become numbers.",
                where=where,
                fix=f"Use fl.{decoder_of(found)}(contents).",
            )
    if not padded and len(row) % dtype.itemsize:
        raise TensorDecodeError(
            f"{len(row)} bytes are no whole number of {dtype.name} values of {dtype.itemsize} bytes.",
            where=where,
            fix="Give the dtype that was written, or look whether the bytes are cut off.",
        )


def _check_fixed_length(fixed_length: int, dtype: np.dtype) -> None:
    if fixed_length <= 0 or fixed_length % dtype.itemsize:
        raise ArgumentError(
            f"fixed_length is {fixed_length} bytes; it must be a positive multiple of {dtype.itemsize}, "
            f"the size of {dtype.name}.",
            fix="fixed_length counts bytes, not numbers.",
        )


def _fit(row: bytes, length: int) -> bytes:
    return row[:length].ljust(length, b"\0")


def _numbers(row: bytes, dtype: np.dtype, little_endian: bool) -> np.ndarray:
    if dtype.kind == "b":
        return np.frombuffer(row, np.uint8) != 0
    if little_endian or dtype.itemsize == 1:
        return np.frombuffer(row, dtype)
    if dtype.kind == "V":  # bfloat16 and its like have no byte order of their own
        return np.frombuffer(row, np.dtype(f"u{dtype.itemsize}")).byteswap().view(dtype)
    return np.frombuffer(row, dtype.newbyteorder(">")).astype(dtype)
