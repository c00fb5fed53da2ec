"""`TensorProto`, the message in which TensorFlow keeps one array.

Field numbers and types are those of `tensorflow/core/framework/tensor.proto`, `tensor_shape.proto` and `types.proto`;
the encoding is protobuf's ("Protocol Buffers Documentation: Encoding"). Values are in `tensor_content`, as they lie in
memory, little-endian; or one by one in the field of their kind, where the last value stands for all that are missing.
Where there is none at all, TensorFlow makes zeros: here that is an error, for it is also what a cut message looks like.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.errors import DtypeError, TensorDecodeError, with_article
from feedline.spec import dtype_name, string

# Repeating the last value may not make a larger array than this, in bytes.
MOST_FILLED_BYTES = 256 << 20
_MOST_DIMENSIONS = 64

_DTYPE, _SHAPE, _CONTENT, _STRINGS, _FLOAT8 = 1, 2, 4, 8, 18
_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = 0, 1, 2, 3, 4, 5
_FIX = "Make sure that these are the bytes that serialize_tensor() gave, unchanged."

_NUMBERS = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "string": 7,
    "complex64": 8,
    "int64": 9,
    "bool": 10,
    "bfloat16": 14,
    "uint16": 17,
    "complex128": 18,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
    "float8_e5m2": 24,
    "float8_e4m3fn": 25,
    "float8_e4m3fnuz": 26,
    "float8_e4m3b11fnuz": 27,
    "float8_e5m2fnuz": 28,
    "int4": 29,
    "uint4": 30,
    "int2": 31,
    "uint2": 32,
    "float4_e2m1fn": 33,
}
_NAMES = {number: name for name, number in _NUMBERS.items()}
_UNSUPPORTED = {11: "qint8", 12: "quint8", 13: "qint32", 15: "qint16", 16: "quint16", 20: "resource", 21: "variant"}

# dtype -> (field that holds its values one by one, wire type there, how a value is stored there)
_VALUE_FIELDS = {
    "float32": (5, _FIXED32, "float32"),
    "float64": (6, _FIXED64, "float64"),
    "int64": (10, _VARINT, "int64"),
    "bool": (11, _VARINT, "bool"),
    "uint32": (16, _VARINT, "uint32"),
    "uint64": (17, _VARINT, "uint64"),
    "complex64": (9, _FIXED32, "float32"),
    "complex128": (12, _FIXED64, "float64"),
    "float16": (13, _VARINT, "bits"),
    "bfloat16": (13, _VARINT, "bits"),
    **dict.fromkeys(("int32", "int16", "int8", "uint16", "uint8"), (7, _VARINT, "int32")),
    **dict.fromkeys(("int4", "uint4", "int2", "uint2"), (7, _VARINT, "int32")),
}


def encode_tensor(array: np.ndarray) -> bytes:
    """Returns the `TensorProto` of an array, as `tf.io.serialize_tensor` writes it.

    Args:
        array: of any shape; strings are an object array of bytes.

    Raises:
        DtypeError: there is no such dtype in a `TensorProto`, or an element of an object array is not bytes.

    Example:
        >>> encode_tensor(np.array([1, 2], np.uint8))
        b'\\x08\\x04\\x12\\x04\\x12\\x02\\x08\\x02"\\x02\\x01\\x02'
    """
    header = _encode_header(array.dtype, array.shape)
    if array.dtype == string:
        parts = [header]
        for value in array.ravel().tolist():
            if not isinstance(value, bytes):
                raise DtypeError(
                    f"an array of strings holds {value!r}, {with_article(type(value).__name__)}.",
                    fix="Make every element bytes, and the array rectangular.",
                )
            parts += (b"B", _varint(len(value)), value)
        return b"".join(parts)
    if array.size == 0:
        return header
    if not array.dtype.isnative or sys.byteorder == "big":
        array = array.astype(array.dtype.newbyteorder("<"))
    # Joining takes the array's bytes straight from where they lie. Dtypes of ml_dtypes offer no buffer but as uint8.
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return b"".join((header, b'"', _varint(flat.nbytes), flat.data))


@functools.lru_cache(maxsize=1024)
def _encode_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    number = _NUMBERS.get(dtype_name(dtype))
    if number is None:
        raise DtypeError(
            f"an array of dtype {dtype} cannot be serialised: TensorFlow has no such dtype.",
            fix="Convert it first, for example with array.astype(numpy.float64) or astype(numpy.int64).",
        )
    sizes = [b"\x08" + _varint(size) if size else b"" for size in shape]
    dims = b"".join(b"\x12" + _varint(len(size)) + size for size in sizes)
    return b"\x08" + _varint(number) + b"\x12" + _varint(len(dims)) + dims


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 128:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def decode_tensor(data: bytes) -> Any:
    """Returns the array of a `TensorProto`, read-only and where possible without a copy.

    An array whose values lie in the message aligned for their dtype (always, for dtypes of one byte) is a view of
    `data`; others are copied once.

    Args:
        data: the message.

    Returns:
        An array; an object array of bytes for strings, and `bytes` for one string without a shape.

    Raises:
        TensorDecodeError: the bytes are not a whole `TensorProto`, or its values do not fill its shape.
        DtypeError: its dtype has no counterpart in NumPy, or only one in ml_dtypes, which is not installed.

    Example:
        >>> decode_tensor(encode_tensor(np.arange(3)))
        array([0, 1, 2])
    """
    place = content_place(data, len(data))
    if place is None:
        return _decode_any(data)
    dtype, shape, at = place
    return _view(data, dtype, shape, math.prod(shape), at)


def content_place(data: bytes, length: int) -> tuple[np.dtype, tuple[int, ...], int] | None:
    """Returns the dtype, the shape and where the values begin of a message as `encode_tensor` writes them; else None.

    Args:
        data: the message, of which 144 bytes are enough.
        length: how many bytes it has.
    """
    # Dtype, shape, content, in this order, and nothing more. All but the content is the same from one tensor to the
    # next, so it is parsed once.
    if len(data) <= 4 or data[0] != 0x08 or data[2] != 0x12 or data[1] >= 128 or data[3] >= 124:
        return None
    start = 4 + data[3]
    known = _decode_plain_header(data[:start])
    if known is None or len(data) <= start or data[start] != 0x22:
        return None
    dtype, shape, content_size = known
    at = start + 1
    size = shift = 0
    while at < len(data) and shift < 35:
        byte = data[at]
        at += 1
        size |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
    return (dtype, shape, at) if size and size == content_size and length - at == size else None


@functools.lru_cache(maxsize=1024)
def _decode_plain_header(header: bytes) -> tuple[np.dtype, tuple[int, ...], int] | None:
    """Returns (dtype, shape, bytes) of a header that is quite usual; else None."""
    try:
        number, _, sizes = _read_fields(header)
        dtype = _dtype_of(number)
        count = _count(sizes)
    except (TensorDecodeError, DtypeError):
        return None
    if dtype == string or len(sizes) > _MOST_DIMENSIONS:
        return None
    return dtype, tuple(sizes), count * dtype.itemsize


def _view(data: bytes, dtype: np.dtype, shape: tuple[int, ...], count: int, at: int) -> np.ndarray:
    array = np.frombuffer(data, dtype, count, at)
    if dtype == np.bool_ and array.view(np.uint8).max() > 1:
        raise TensorDecodeError("a serialised tensor of bool holds bytes that are neither 0 nor 1.", fix=_FIX)
    if sys.byteorder == "big":
        array = array.byteswap()
    elif not array.flags.aligned:
        array = array.copy()
    if len(shape) != 1:
        array = array.reshape(shape)
    array.flags.writeable = False
    return array


def _decode_any(data: bytes) -> Any:
    number, values, sizes = _read_fields(data)
    dtype = _dtype_of(number)
    shape, count = tuple(sizes), _count(sizes)
    content = _last_bytes(values, _CONTENT)
    if dtype == string:
        spelt = [value for wire, value in values.get(_STRINGS, []) if wire == _BYTES]
        strings = _decode_strings(content, count) if content else spelt
        return _fill(np.array([None, *strings], object)[1:], dtype, shape, count)
    if content:
        if len(content) != count * dtype.itemsize:
            raise TensorDecodeError(
                f"a serialised tensor of {dtype_name(dtype)} {shape} takes {count * dtype.itemsize} bytes, "
                f"but holds {len(content)}.",
                fix=_FIX,
            )
        return _view(content, dtype, shape, count, 0)
    return _fill(_decode_values(values, dtype), dtype, shape, count)


def _fill(values: np.ndarray, dtype: np.dtype, shape: tuple[int, ...], count: int) -> Any:
    """Returns the array of these values: the last one repeated to fill the shape."""
    if len(values) > count or (count and not len(values)):
        raise TensorDecodeError(
            f"a serialised tensor of shape {shape} takes {count} values, but holds {len(values)}.", fix=_FIX
        )
    if len(values) < count and count * dtype.itemsize > MOST_FILLED_BYTES:
        raise TensorDecodeError(
            f"a serialised tensor claims the shape {shape}, {count * dtype.itemsize} bytes, "
            f"but spells out {len(values)} of its {count} values.",
            fix=f"{_FIX} At most {MOST_FILLED_BYTES >> 20} MB are filled up with a repeated value.",
        )
    array = np.empty(count, dtype)
    array[: len(values)] = values
    if len(values) < count:
        array[len(values) :] = values[-1]
    try:
        array = array.reshape(shape)
    except ValueError:  # NumPy refuses (0, 2**62)
        raise TensorDecodeError(f"NumPy has no arrays of shape {shape}.", fix=_FIX) from None
    if dtype == string and not shape:
        return array[()]
    array.flags.writeable = False
    return array


def _count(sizes: list[int]) -> int:
    if len(sizes) > _MOST_DIMENSIONS:
        raise TensorDecodeError(
            f"a serialised tensor has {len(sizes)} dimensions; NumPy has at most {_MOST_DIMENSIONS}.", fix=_FIX
        )
    if any(size < 0 for size in sizes):
        raise TensorDecodeError(f"a serialised tensor has the shape {tuple(sizes)}.", fix=_FIX)
    count = math.prod(sizes)
    if count >= 1 << 56:
        raise TensorDecodeError(f"a serialised tensor claims the shape {tuple(sizes)}: {count} values.", fix=_FIX)
    return count


def _dtype_of(number: int) -> np.dtype:
    name = _NAMES.get(number)
    if name is None:
        if number in _UNSUPPORTED:
            raise DtypeError(
                f"a serialised tensor is of TensorFlow's dtype {_UNSUPPORTED[number]}, which NumPy does not have.",
                fix="Write it from a numeric dtype.",
            )
        raise TensorDecodeError(f"a serialised tensor has the dtype number {number}, which is none.", fix=_FIX)
    if name == "string":
        return string
    if number in (14, *range(24, 34)):
        return _machine_learning_dtype(name)
    return np.dtype(name)


def _machine_learning_dtype(name: str) -> np.dtype:
    try:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    except (ImportError, AttributeError):
        raise DtypeError(
            f"a serialised tensor is of dtype {name}, which needs ml_dtypes.", fix="pip install --upgrade ml_dtypes"
        ) from None


def _last_bytes(values: dict[int, list], field: int) -> bytes:
    """Returns what a field of bytes holds: of one that comes twice, the last counts."""
    return next((value for wire, value in reversed(values.get(field, [])) if wire == _BYTES), b"")


def _read_fields(data: bytes) -> tuple[int, dict[int, list], list[int]]:
    """Returns the dtype's number, every field's (wire type, value) in order, and the lengths of the dimensions."""
    values: dict[int, list] = {}
    for field, wire, value in _fields(data):
        values.setdefault(field, []).append((wire, value))
    numbers = [value for wire, value in values.get(_DTYPE, []) if wire == _VARINT]
    if not numbers:
        raise TensorDecodeError("a serialised tensor names no dtype.", fix=_FIX)
    sizes = []
    for shape_wire, shape in values.get(_SHAPE, []):
        for field, wire, value in _fields(shape) if shape_wire == _BYTES else ():
            if (field, wire) == (2, _BYTES):
                size = 0
                for inner, inner_wire, inner_value in _fields(value):
                    if (inner, inner_wire) == (1, _VARINT):
                        size = inner_value - (1 << 64) if inner_value >> 63 else inner_value
                sizes.append(size)
            elif (field, wire) == (3, _VARINT) and value:
                raise TensorDecodeError("a serialised tensor has a shape of unknown rank.", fix=_FIX)
    return numbers[-1], values, sizes


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yields (field, wire type, value) of a message; a value is an int or bytes. Skips groups, which are obsolete."""
    at = 0
    groups: list[int] = []
    while at < len(data):
        tag, at = _read_varint(data, at)
        field, wire = tag >> 3, tag & 7
        if field == 0 or tag >= 1 << 32:
            raise _malformed(at)
        value: Any = None
        if wire == _VARINT:
            value, at = _read_varint(data, at)
        elif wire == _GROUP:
            groups.append(field)
        elif wire == _END_GROUP:
            if not groups or groups.pop() != field:
                raise _malformed(at)
            continue
        else:
            if wire == _BYTES:
                size, at = _read_varint(data, at)
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
            else:
                raise _malformed(at)
            if size > len(data) - at:
                raise TensorDecodeError(
                    f"a serialised tensor is cut off: field {field} takes {size} bytes at byte {at}, "
                    f"{len(data) - at} are there.",
                    fix=_FIX,
                )
            value = data[at : at + size]
            at += size
        if not groups:
            yield field, wire, value
    if groups:
        raise _malformed(at)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise TensorDecodeError(f"a serialised tensor is cut off within a number, at byte {at}.", fix=_FIX)
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise _malformed(at)


def _malformed(at: int) -> TensorDecodeError:
    return TensorDecodeError(f"these bytes are not a serialised tensor: no field can end at byte {at}.", fix=_FIX)


def _decode_values(values: dict[int, list], dtype: np.dtype) -> np.ndarray:
    """Returns the values that are given one by one, packed or not, in their order."""
    name = dtype_name(dtype)
    if name.startswith("float8"):
        return np.frombuffer(_last_bytes(values, _FLOAT8), dtype)
    if name not in _VALUE_FIELDS:
        return np.empty(0, dtype)
    field, wire, stored = _VALUE_FIELDS[name]
    found = [item for item in values.get(field, []) if item[0] in (wire, _BYTES)]
    if wire == _VARINT:
        if any(item_wire == _BYTES for item_wire, _ in found):
            packed = (value if item_wire == _BYTES else _varint(value) for item_wire, value in found)
            return _as_stored(_unpack_varints(b"".join(packed)), stored, dtype)
        return _as_stored(np.array([value for _, value in found], np.uint64), stored, dtype)
    joined = b"".join(value for _, value in found)
    if len(joined) % dtype.itemsize:
        raise TensorDecodeError(
            f"a serialised tensor of {name} has values of {len(joined)} bytes, no multiple of {dtype.itemsize}.",
            fix=_FIX,
        )
    return np.frombuffer(joined, dtype.newbyteorder("<"))


def _as_stored(numbers: np.ndarray, stored: str, dtype: np.dtype) -> np.ndarray:
    if stored == "bool":
        return numbers != 0
    if stored in ("int64", "uint64"):
        return numbers.view(stored)
    signed = numbers.view(np.int64)
    if stored == "bits":  # of a float of two bytes
        return _checked(signed, 0, 0xFFFF, dtype).astype(np.uint16).view(dtype)
    if stored == "uint32":
        return _checked(signed, 0, 0xFFFFFFFF, dtype).astype(np.uint32)
    # A negative int32 has its sign extended to 64 bits, or, as some encoders write it, to 32.
    signed = _checked(signed, -(1 << 31), (1 << 32) - 1, dtype).astype(np.uint32).view(np.int32)
    if dtype.kind in "iu":
        limits: Any = np.iinfo(dtype)
    else:
        import ml_dtypes

        limits = ml_dtypes.iinfo(dtype)
    return _checked(signed, int(limits.min), int(limits.max), dtype).astype(dtype)


def _checked(numbers: np.ndarray, low: int, high: int, dtype: np.dtype) -> np.ndarray:
    if len(numbers) and (numbers.min() < low or numbers.max() > high):
        worst = numbers.min() if numbers.min() < low else numbers.max()
        raise TensorDecodeError(f"a serialised tensor of {dtype_name(dtype)} holds the value {worst}.", fix=_FIX)
    return numbers


def _unpack_varints(data: bytes) -> np.ndarray:
    octets = np.frombuffer(data, np.uint8)
    if len(octets) == 0:
        return np.empty(0, np.uint64)
    last = np.flatnonzero(octets < 128)
    starts = np.concatenate([[0], last[:-1] + 1])
    lengths = last - starts + 1 if len(last) else np.zeros(0, np.int64)
    if len(last) == 0 or last[-1] != len(octets) - 1 or lengths.max() > 10:
        raise TensorDecodeError("a serialised tensor has a malformed list of packed numbers.", fix=_FIX)
    numbers = np.zeros(len(last), np.uint64)
    for place in range(int(lengths.max())):
        longer = np.flatnonzero(lengths > place)
        part = (octets[starts[longer] + place] & 127).astype(np.uint64)
        numbers[longer] |= part << np.uint64(7 * place)
    return numbers


def _decode_strings(content: bytes, count: int) -> list[bytes]:
    """Returns strings kept in `tensor_content`: all their lengths, then all their bytes."""
    if count > len(content):
        raise TensorDecodeError(f"a serialised tensor of {count} strings is cut off.", fix=_FIX)
    lengths, at = [], 0
    for _ in range(count):
        length, at = _read_varint(content, at)
        lengths.append(length)
    if sum(lengths) != len(content) - at:
        raise TensorDecodeError(
            f"the strings of a serialised tensor take {sum(lengths)} bytes, but {len(content) - at} are there.",
            fix=_FIX,
        )
    strings = []
    for length in lengths:
        strings.append(content[at : at + length])
        at += length
    return strings
