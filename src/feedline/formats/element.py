"""Elements as bytes: what stored datasets are made of.

The bytes of one element, all numbers little-endian:

    header    uint8 version (1), uint8 0, uint16 number of components, uint32 length of the header
              a component: uint8 kind (0 dense, 1 ragged, 2 sparse), uint8 number of arrays
              an array:    uint8 length of the dtype's name, uint8 number of dimensions, the name, uint64 dimensions
    numbers   the arrays one after the other as they lie in memory; of a string array, the uint64 lengths of its strings
    strings   the strings of all string arrays, one after the other

A dense component is one array. A ragged one is its row splits, the outermost first, and then its values; a sparse one
is its indices, values and dense shape. Elements of equal shapes have equal headers: many are then read and written at
once. The structure around the components and a checksum are not part of it: a stored dataset has them elsewhere.
"""

from __future__ import annotations

import functools
import math
import struct
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.block import Column
from feedline.errors import DtypeError, FeedlineError, FileFormatError, with_article
from feedline.nested import DatasetComponent
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import as_dtype, dtype_name, string
from feedline.strings import PackedStrings

VERSION = 1
_DENSE, _RAGGED, _SPARSE = 0, 1, 2
_START = struct.Struct("<BBHI")
_MOST_AT_ONCE = 1 << 31
_MOST_DIMENSIONS = 64
_DTYPES = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32"),
    *("float64", "complex64", "complex128", "string", "bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"),
}

Packed = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """One array of an element.

    Args:
        dtype: its dtype.
        shape: its shape.
        offset: where its numbers begin, counted from the end of the header.
        nbytes: how many bytes of numbers it has.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What a header says.

    Args:
        components: for each component its kind and its arrays.
        header_bytes: how long the header is.
        number_bytes: how long the part with the numbers is.
    """

    components: tuple[tuple[int, tuple[ArrayLayout, ...]], ...]
    header_bytes: int
    number_bytes: int

    def string_arrays(self) -> list[ArrayLayout]:
        """Returns the arrays of strings."""
        return [array for _, arrays in self.components for array in arrays if array.dtype == string]


def arrays_of(value: Any) -> tuple[int, list[Any]]:
    """Returns a component's kind and arrays.

    Raises:
        DtypeError: a dataset cannot be stored.
    """
    if isinstance(value, RaggedTensor):
        return _RAGGED, [*value.nested_row_splits, value.flat_values]
    if isinstance(value, SparseTensor):
        return _SPARSE, [value.indices, value.values, value.dense_shape]
    if isinstance(value, DatasetComponent):
        raise DtypeError(
            "a component of the element is a dataset, which cannot be stored.",
            fix="Make elements of it first, for example with flat_map or batch.",
        )
    return _DENSE, [value]


def encode_header(components: list[tuple[int, list[tuple[np.dtype, tuple[int, ...]]]]]) -> bytes:
    """Returns the header of elements.

    Args:
        components: for each its kind, and the dtype and shape of each of its arrays.

    Raises:
        DtypeError: a dtype cannot be stored.
    """
    parts = []
    for kind, arrays in components:
        parts.append(struct.pack("<BB", kind, len(arrays)))
        for dtype, shape in arrays:
            if dtype_name(dtype) not in _DTYPES:
                raise DtypeError(f"{dtype_name(dtype)} cannot be stored.", fix="Cast it first, with fl.cast.")
            name = dtype_name(dtype).encode()
            parts.append(struct.pack(f"<BB{len(name)}s{len(shape)}Q", len(name), len(shape), name, *shape))
    body = b"".join(parts)
    return _START.pack(VERSION, 0, len(components), _START.size + len(body)) + body


@functools.lru_cache(1024)
def decode_header(header: bytes) -> Layout:
    """Returns what a header says.

    Args:
        header: the header, whole; `header_length` says how long it is.

    Raises:
        FileFormatError: it is none.
    """
    try:
        return _decode_header(header)
    except (struct.error, UnicodeDecodeError, DtypeError, IndexError):
        raise _damaged("its header is cut off or says what cannot be") from None


def _decode_header(header: bytes) -> Layout:
    version, _, count, length = _START.unpack_from(header)
    if version != VERSION or length != len(header):
        raise _damaged(f"it is of version {version}, not {VERSION}" if version != VERSION else "its header is cut off")
    position, offset = _START.size, 0
    components = []
    for _ in range(count):
        kind, arrays = struct.unpack_from("<BB", header, position)
        position += 2
        layouts = []
        for _ in range(arrays):
            name_bytes, rank = struct.unpack_from("<BB", header, position)
            name, *shape = struct.unpack_from(f"<{name_bytes}s{rank}Q", header, position + 2)
            position += 2 + name_bytes + 8 * rank
            if name.decode("ascii") not in _DTYPES:
                raise _damaged("its header names a dtype that does not exist")
            dtype = as_dtype(name.decode("ascii"))
            if rank > _MOST_DIMENSIONS or math.prod(max(1, length) for length in shape) >= 1 << 50:
                raise _damaged("its header promises more than there can be")
            nbytes = math.prod(shape) * (8 if dtype == string else dtype.itemsize)
            layouts.append(ArrayLayout(dtype, tuple(shape), offset, nbytes))
            offset += nbytes
        expected = {_DENSE: arrays == 1, _RAGGED: arrays >= 2, _SPARSE: arrays == 3}
        if not expected.get(kind, False):
            raise _damaged("its header says what cannot be")
        components.append((kind, tuple(layouts)))
    if position != length or offset >= 1 << 62:
        raise _damaged("its header says what cannot be")
    return Layout(tuple(components), length, offset)


def header_length(start: bytes) -> int:
    """Returns how long an element's header is, from its first 8 bytes.

    Raises:
        FileFormatError: there are fewer.
    """
    if len(start) < _START.size:
        raise _damaged("it is cut off")
    return max(_START.size, _START.unpack_from(start)[3])


def _damaged(what: str) -> FileFormatError:
    return FileFormatError(
        f"a record is no element of a stored dataset: {what}.",
        fix="Write the dataset again; or was another file put in place of one of its own?",
    )


def encode_element(components: list[Any]) -> bytes:
    """Returns the bytes of one element.

    Args:
        components: its components.

    Raises:
        DtypeError: a component cannot be stored.

    Example:
        >>> data = encode_element([np.float32(0.5), b"text"])
        >>> decode_element(data)
        [np.float32(0.5), b'text']
    """
    described, numbers, strings = [], [], []
    for value in components:
        kind, arrays = arrays_of(value)
        layouts: list[tuple[np.dtype, tuple[int, ...]]] = []
        for array in arrays:
            if isinstance(array, bytes):
                layouts.append((string, ()))
                numbers.append(struct.pack("<Q", len(array)))
                strings.append(array)
                continue
            layouts.append((array.dtype, array.shape))
            if array.dtype == object:
                texts = np.asarray(array).reshape(-1).tolist()
                numbers.append(np.fromiter(map(len, texts), "<u8", len(texts)).tobytes())
                strings += texts
            else:
                numbers.append(little_endian(np.asarray(array)).tobytes())
        described.append((kind, layouts))
    return b"".join([encode_header(described), *numbers, *strings])


def little_endian(array: np.ndarray) -> np.ndarray:
    """Returns an array with its bytes as they are stored; the same function leads back."""
    return array.byteswap() if sys.byteorder == "big" else array


def decode_element(data: Any) -> list[Any]:
    """Returns the components of one element, which share no memory with its bytes.

    Args:
        data: bytes, or uint8 `(n,)`.

    Raises:
        FileFormatError: the bytes are none of an element.
    """
    data = memoryview(data).cast("B")
    layout = decode_header(bytes(data[: header_length(bytes(data[:8]))]))
    body = data[layout.header_bytes :]
    if len(body) < layout.number_bytes:
        raise _damaged("it is cut off")
    numbers, at = body[: layout.number_bytes], layout.number_bytes
    components = []
    for kind, arrays in layout.components:
        values = []
        for array in arrays:
            part = numbers[array.offset : array.offset + array.nbytes]
            if array.dtype == string:
                lengths = np.frombuffer(part, "<u8").tolist()
                if sum(lengths) > len(body) - at:
                    raise _damaged("its strings are cut off")
                values.append(_strings(body, at, lengths, array.shape))
                at += sum(lengths)
            else:
                # `frombuffer` knows no dtypes of ml_dtypes
                plain = np.frombuffer(part, np.uint8).copy().view(array.dtype).reshape(array.shape)
                values.append(little_endian(plain) if array.shape else little_endian(plain)[()])
        components.append(component_of(kind, values))
    if at != len(body):
        raise _damaged("there are bytes after its end")
    return components


def _strings(body: memoryview, at: int, lengths: list[int], shape: tuple[int, ...]) -> Any:
    texts = []
    for length in lengths:
        texts.append(bytes(body[at : at + length]))
        at += length
    if not shape:
        return texts[0]
    array = np.empty(len(texts), object)
    array[:] = texts
    return array.reshape(shape)


def component_of(kind: int, arrays: list[Any]) -> Any:
    """Returns a component made of its arrays.

    Raises:
        FileFormatError: they do not make one.
    """
    if kind == _DENSE:
        return arrays[0]
    try:
        if kind == _SPARSE:
            indices, values, dense_shape = arrays
            if indices.shape != (*values.shape, *dense_shape.shape) or values.ndim != 1 or indices.dtype != np.int64:
                raise _damaged("the parts of a sparse tensor do not fit together")
            return SparseTensor(indices, values, dense_shape)
        value = arrays[-1]
        for splits in reversed(arrays[:-1]):
            value = RaggedTensor(value, splits)
        return value
    except (FeedlineError, AttributeError, TypeError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise _damaged("the parts of a ragged tensor do not fit together") from error


def encode_columns(length: int, columns: list[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the bytes of many elements.

    Args:
        length: how many there are.
        columns: a column for each component.

    Returns:
        `(payloads, lengths)`: uint8, one element after the other, and int64 `(n,)`.

    Raises:
        DtypeError: a component cannot be stored.
    """
    if length == 0:
        return np.empty(0, np.uint8), np.empty(0, np.int64)
    if all(isinstance(column, np.ndarray | PackedStrings) for column in columns):
        return _encode_alike(length, columns)
    parts = [encode_element([column[row] for column in columns]) for row in range(length)]
    lengths = np.fromiter(map(len, parts), np.int64, length)
    return np.frombuffer(b"".join(parts), np.uint8), lengths


def _encode_alike(length: int, columns: list[np.ndarray | PackedStrings]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the bytes of elements whose shapes agree."""
    header = encode_header([(_DENSE, [(column.dtype, column.shape[1:])]) for column in columns])
    widths = [_number_bytes(column) for column in columns]
    fixed = np.empty((length, len(header) + sum(widths)), np.uint8)
    fixed[:, : len(header)] = np.frombuffer(header, np.uint8)
    at = len(header)
    texts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for column, width in zip(columns, widths, strict=True):
        if column.dtype == object:
            buffer, offsets, lengths = _text_pieces(column)
            texts.append((buffer, offsets, lengths))
            numbers = little_endian(lengths.astype(np.uint64))
        else:
            numbers = little_endian(np.ascontiguousarray(column))
        fixed[:, at : at + width] = numbers.reshape(length, -1).view(np.uint8).reshape(length, width)
        at += width
    if not texts:
        return fixed.reshape(-1), np.full(length, fixed.shape[1], np.int64)
    return _with_texts(fixed, texts)


def _number_bytes(column: np.ndarray | PackedStrings) -> int:
    return math.prod(column.shape[1:]) * (8 if column.dtype == object else column.dtype.itemsize)


def _text_pieces(column: np.ndarray | PackedStrings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns a buffer of strings, and where each begins and how long it is: `(n, strings of an element)`."""
    if isinstance(column, PackedStrings):
        return column.packed_buffer, column.packed_offsets[:, None], column.packed_lengths[:, None]
    texts = column.reshape(-1).tolist()
    try:
        joined = b"".join(texts)
    except TypeError:
        kind = next(type(text) for text in texts if not isinstance(text, bytes))
        if issubclass(kind, DatasetComponent):
            arrays_of(next(text for text in texts if not isinstance(text, bytes)))
        raise DtypeError(f"an array of strings holds {with_article(kind.__name__)}.", fix="Give bytes.") from None
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    shape = (len(column), math.prod(column.shape[1:]))
    offsets = np.cumsum(lengths) - lengths
    return np.frombuffer(joined, np.uint8), offsets.reshape(shape), lengths.reshape(shape)


def _with_texts(fixed: np.ndarray, texts: list[Packed]) -> tuple[np.ndarray, np.ndarray]:
    from feedline.kernels.pieces import copy_pieces

    length, width = fixed.shape
    lengths = width + np.sum([part.sum(axis=1) for _, _, part in texts], axis=0, dtype=np.int64)
    ends = np.cumsum(lengths)
    payloads = np.empty(int(ends[-1]), np.uint8)
    places = ends - lengths
    whole = np.full(length, width, np.int64)
    copy_pieces(fixed.reshape(-1), np.arange(length) * width, whole, payloads, places)
    places = places + width
    for buffer, offsets, parts in texts:
        targets = places[:, None] + np.cumsum(parts, axis=1) - parts
        copy_pieces(buffer, _flat(offsets), _flat(parts), payloads, _flat(targets))
        places = places + parts.sum(axis=1)
    return payloads, lengths


def _flat(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.int64).reshape(-1)


def decode_columns(buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray) -> list[Column]:
    """Returns the columns of many elements, at least one.

    Args:
        buffer: uint8 `(n,)`; strings may go on using it, so it must not be written to again.
        offsets: int64 `(k,)`: where elements begin.
        lengths: int64 `(k,)`: how long they are.

    Raises:
        FileFormatError: one is no element; `row` says which.
    """
    from feedline.kernels.pieces import first_unlike

    offsets, lengths = _flat(offsets), _flat(lengths)
    first = buffer[offsets[0] : offsets[0] + lengths[0]]
    if lengths[0] >= _START.size:
        size = header_length(first[:8].tobytes())
        if size <= lengths[0] and first_unlike(buffer, offsets, lengths, size) == -1:
            columns = _decode_alike(buffer, offsets, lengths, first[:size].tobytes())
            if columns is not None:
                return columns
    rows = []
    for row, (start, length) in enumerate(zip(offsets.tolist(), lengths.tolist(), strict=True)):
        try:
            rows.append(decode_element(buffer[start : start + length].data))
        except FileFormatError as error:
            error.row = row
            raise
    counts = {len(components) for components in rows}
    if len(counts) > 1:
        damage = _damaged("it has another number of components than the one before")
        damage.row = next(row for row, components in enumerate(rows) if len(components) != len(rows[0]))
        raise damage
    return [list(column) for column in zip(*rows, strict=True)]


def _decode_alike(buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, header: bytes) -> list[Column] | None:
    """Returns the columns of elements with one header; None where they have to be looked at one by one."""
    from feedline.kernels.pieces import copy_pieces

    layout = decode_header(header)
    if any(kind != _DENSE for kind, _ in layout.components) or int(lengths.max()) >= _MOST_AT_ONCE:
        return None
    begin = layout.header_bytes
    fixed = begin + layout.number_bytes
    if int(lengths.min()) < fixed or (not layout.string_arrays() and int(lengths.max()) > fixed):
        return None
    count = len(offsets)
    columns: list[Column] = []
    at = offsets + fixed  # where the strings of the next string array begin
    ends = offsets + lengths
    for _, (array,) in layout.components:
        numbers = np.empty(count * array.nbytes, np.uint8)
        widths = np.full(count, array.nbytes, np.int64)
        copy_pieces(buffer, offsets + (begin + array.offset), widths, numbers, np.arange(count) * array.nbytes)
        if array.dtype != string:
            columns.append(little_endian(numbers.view(array.dtype).reshape(count, *array.shape)))
            continue
        text_lengths = little_endian(numbers.view(np.uint64)).reshape(count, math.prod(array.shape))
        if text_lengths.size and int(text_lengths.max()) >= _MOST_AT_ONCE:
            return None
        sizes = text_lengths.astype(np.int64)
        starts = at[:, None] + np.cumsum(sizes, axis=1) - sizes
        at = at + sizes.sum(axis=1)
        if (at > ends).any():
            return None
        texts = PackedStrings(buffer, starts.reshape(-1), sizes.reshape(-1))
        columns.append(texts if array.shape == () else texts.array().reshape(count, *array.shape))
    return columns if (at == ends).all() or not layout.string_arrays() else None
