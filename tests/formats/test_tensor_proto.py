"""TensorProto: TensorFlow's own messages, every way of giving values, and damage of every kind."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from feedline.errors import DtypeError, TensorDecodeError
from feedline.formats import tensor_proto
from feedline.formats.tensor_proto import decode_tensor, encode_tensor
from feedline.spec import dtype_name

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "data" / "tensor_proto" / "tensors.json").read_text())
PLAIN_DTYPES = ["bool", "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "c16"]


def array(dtype: str, shape: list[int]) -> np.ndarray:
    """Returns the array of tests/golden/make_tensor_proto.py."""
    count = int(np.prod(shape))
    octets = np.random.default_rng(len(shape)).integers(0, 256, count * 16, dtype=np.uint8)
    if dtype == "string":
        values = np.empty(count, object)
        values[:] = [bytes([number]) * (number % 4) + b"\0" * (number % 2) for number in range(count)]
        return values.reshape(shape)
    if dtype == "bool":
        return (octets[:count] % 2).astype(bool).reshape(shape)
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    return np.frombuffer(octets.tobytes(), np.dtype(dtype), count).reshape(shape)


def octets_of(value) -> bytes:
    return np.ascontiguousarray(value).tobytes()


@pytest.mark.parametrize("case", GOLDEN["serialized"])
def test_equals_tensorflow_byte_for_byte_and_back(case):
    dtype, shape = case.split(" ", 1)
    expected = array(dtype, json.loads(shape))
    message = bytes.fromhex(GOLDEN["serialized"][case])
    assert encode_tensor(expected) == message
    found = decode_tensor(message)
    if dtype == "string":
        assert found == expected[()] if not expected.shape else found.tolist() == expected.tolist()
        return
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert octets_of(found) == octets_of(expected)
    assert not found.flags.writeable


@pytest.mark.parametrize("case", GOLDEN["spelt_out"], ids=lambda case: f"{case['dtype']}-{case['shape']}")
def test_values_one_by_one_as_tensorflow_reads_them(case):
    if case["dtype"].startswith(("bfloat16", "float8", "int4", "uint4")):
        pytest.importorskip("ml_dtypes")
    if case.get("values") == 0 and 0 not in case["shape"]:  # TensorFlow makes zeros
        with pytest.raises(TensorDecodeError, match="takes 3 values, but holds 0"):
            decode_tensor(bytes.fromhex(case["message"]))
        return
    found = decode_tensor(bytes.fromhex(case["message"]))
    if case["dtype"] == "string":
        strings = [found] if isinstance(found, bytes) else found.ravel().tolist()
        assert [item.hex() for item in strings] == case["strings"]
        return
    assert (dtype_name(found.dtype), list(found.shape)) == (case["dtype"], case["shape"])
    octets = bytes.fromhex(case["octets"])
    if case["dtype"] in ("int4", "uint4"):  # only the lower half of the byte has a meaning
        assert np.frombuffer(octets, found.dtype).astype(int).tolist() == found.astype(int).ravel().tolist()
    else:
        assert octets_of(found) == octets
    assert not found.flags.writeable


@given(
    values=numpy_strategies.arrays(
        st.sampled_from(PLAIN_DTYPES), numpy_strategies.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    ),
    order=st.sampled_from("CF"),
    swapped=st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_round_trip(values, order, swapped):
    given_array = np.array(values, order=order)
    if swapped:
        given_array = given_array.astype(given_array.dtype.newbyteorder())
    message = encode_tensor(given_array)
    found = decode_tensor(message)
    assert (found.dtype, found.shape) == (values.dtype, values.shape)
    assert octets_of(found) == octets_of(values)
    assert message == encode_tensor(found)


def test_of_one_byte_is_a_view_and_others_are_aligned():
    message = encode_tensor(np.arange(12, dtype=np.uint8).reshape(3, 4))
    first, second = decode_tensor(message), decode_tensor(message)
    assert np.shares_memory(first, second)
    for shape in [(3,), (1, 3), (1, 1, 3), (200,)]:
        assert decode_tensor(encode_tensor(np.zeros(shape))).flags.aligned


@pytest.mark.parametrize(
    "name", ["float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "int4", "uint4"]
)
def test_small_dtypes_round_trip(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.array([[0, 1, 2], [3, 4, 5]]).astype(getattr(ml_dtypes, name))
    found = decode_tensor(encode_tensor(values))
    assert found.dtype == values.dtype
    assert np.array_equal(found.astype(int), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]", "V3", "longdouble", [("a", "i4")]])
def test_dtype_that_tensorflow_lacks(dtype):
    values = np.zeros(2, dtype)
    if values.dtype == np.float64:
        pytest.skip("longdouble is float64 here")
    with pytest.raises(DtypeError, match="cannot be serialised"):
        encode_tensor(values)


@pytest.mark.parametrize("element", ["text", 1, None, bytearray(b"x")])
def test_object_that_is_not_bytes(element):
    values = np.empty(2, object)
    values[:] = [b"good", element]
    with pytest.raises(DtypeError, match=type(element).__name__):
        encode_tensor(values)


# Damage


def message(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("", "no dtype"),
        ("1200", "no dtype"),
        ("0800", "dtype number 0"),
        ("0863", "dtype number 99"),
        ("08ffffffffffffffffff01", "dtype number"),
        ("0801 1204 1202 0802 2204 00000000", "takes 8 bytes"),
        ("0801 1204 1202 0800 2204 00000000", "takes 0 bytes"),
        ("0804 1204 1202 0803 2202 0102", "takes 3 bytes"),
        ("0804 1204 1202 0803 2205 0102", "cut off"),
        ("0804 1204 1202 0803 22 ffffffffffffffffff01 0102", "cut off"),
        ("0804 1204 1202 0803 22 ffffffffffffffffffff01 0102", "no field"),
        ("0804 1204 1202 0803 22", "cut off within a number"),
        ("080a 1204 1202 0802 2202 0102", "neither 0 nor 1"),
        ("0801 120d 120b 08 ffffffffffffffffff01", "shape"),
        ("0801 1201 20", "cut off within"),
        ("0801 1202 1801", "unknown rank"),
        ("0801 1204 1202 0801 2d0000803f 2d0000803f", "takes 1 values, but holds 2"),
        ("0806 1204 1202 0801 38 8002", "holds the value 256"),
        ("0806 1204 1202 0801 38 ffffffffffffffff7f", "holds the value"),
        ("0813 1204 1202 0801 68 808008", "holds the value 131072"),
        ("0816 1204 1202 0801 8001 8080808010", "holds the value 4294967296"),
        ("0803 1204 1202 0801 3a02 8080", "packed"),
        ("0803 1204 1202 0801 3a0b ffffffffffffffffffff01", "packed"),
        ("0801 2a03 000000", "no multiple of 4"),
        ("0808 1204 1202 0801 4d0000803f", "no multiple of 8"),
        ("0807 1204 1202 0802 2202 0501", "strings"),
        ("0807 1204 1202 0803 2202 0001", "strings"),
        ("0807 1204 1202 0802 2203 ffff01", "cut off within"),
        ("0801 0b", "no field"),
        ("0801 0c", "no field"),
        ("0801 0b 14", "no field"),
        ("0801 0f", "no field"),
        ("0801 0000", "no field"),
        ("0801 f8ffffffff01 01", "no field"),
    ],
)
def test_malformed(data, says):
    with pytest.raises(TensorDecodeError, match=says) as caught:
        decode_tensor(message(data))
    assert caught.value.fix


@pytest.mark.parametrize("number", [11, 12, 13, 15, 16, 20, 21])
def test_dtype_without_counterpart(number):
    with pytest.raises(DtypeError, match="TensorFlow's dtype"):
        decode_tensor(bytes([8, number]))


def shape_of(*sizes: int) -> bytes:
    dims = b"".join(b"\x12" + bytes([len(size) + 1]) + b"\x08" + size for size in map(tensor_proto._varint, sizes))
    return b"\x12" + tensor_proto._varint(len(dims)) + dims


@pytest.mark.parametrize(
    "sizes", [(2**40,), (2**62,), (2**63 - 1,), (2**32, 2**32), (2**31, 2**31, 2**31), (2**33, 1), (2**30, 2**33)]
)
@pytest.mark.parametrize("dtype", [1, 4, 7, 10])
def test_absurd_shapes_allocate_nothing(sizes, dtype):
    tracemalloc.start()
    for rest in (b"", b"\x22\x01\x00", b"B\x01x", b"\x2a\x04abcd", b"\x38\x01", b"\x58\x01"):
        with pytest.raises(TensorDecodeError):
            decode_tensor(bytes([8, dtype]) + shape_of(*sizes) + rest)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_shape_without_elements():
    assert decode_tensor(b"\x08\x01" + shape_of(0, 2**40)).shape == (0, 2**40)
    with pytest.raises(TensorDecodeError, match="NumPy has no arrays"):
        decode_tensor(b"\x08\x01" + shape_of(0, 2**62))


def test_most_that_is_filled_up(monkeypatch):
    monkeypatch.setattr(tensor_proto, "MOST_FILLED_BYTES", 400)
    assert decode_tensor(b"\x08\x01" + shape_of(100) + b"\x2d\0\0\x80\x3f").tolist() == [1.0] * 100
    with pytest.raises(TensorDecodeError, match="spells out 1 of its 101 values"):
        decode_tensor(b"\x08\x01" + shape_of(101) + b"\x2d\0\0\x80\x3f")


def test_too_many_dimensions():
    assert decode_tensor(b"\x08\x04" + shape_of(*[1] * 64) + b"\x22\x01\x05").shape == (1,) * 64
    with pytest.raises(TensorDecodeError, match="65 dimensions"):
        decode_tensor(b"\x08\x04" + shape_of(*[1] * 65) + b"\x22\x01\x05")


def test_every_truncation_of_a_message_is_found_or_a_message_of_its_own():
    for values in (np.arange(6, dtype=np.int16).reshape(2, 3), np.array([b"ab", b"c"], object)):
        whole = encode_tensor(values)
        for size in range(len(whole)):
            try:
                found = decode_tensor(whole[:size])
            except TensorDecodeError:
                continue
            # What is left is a message by itself: of a shape, or a string, less than there was. TensorFlow agrees.
            assert not np.array_equal(found, values)


@given(data=st.binary(max_size=60))
@example(b"\x08\x07\x12\x00")
@settings(deadline=None, max_examples=300)
def test_any_bytes_decode_or_raise(data):
    with contextlib.suppress(TensorDecodeError, DtypeError):
        decode_tensor(data)


@given(
    case=st.sampled_from([bytes.fromhex(case["message"]) for case in GOLDEN["spelt_out"]]),
    position=st.integers(0, 40),
    value=st.integers(0, 255),
)
@settings(deadline=None, max_examples=300)
def test_damaged_messages_decode_or_raise(case, position, value):
    damaged = bytearray(case)
    damaged[position % len(damaged)] = value
    try:
        found = decode_tensor(bytes(damaged))
        assert isinstance(found, bytes) or found.nbytes <= tensor_proto.MOST_FILLED_BYTES
    except (TensorDecodeError, DtypeError):
        pass
