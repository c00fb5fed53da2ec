"""The protobuf wire format in Python, and the kernels that do the same for long runs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import CorruptExampleError
from feedline.formats.wire import delimited, fields, read_varint, varint
from feedline.kernels.wire import decode_varints, encode_varints

SETTINGS = settings(deadline=None, max_examples=100)


@given(st.integers(-(1 << 63), (1 << 64) - 1))
@SETTINGS
def test_a_number_reads_back(number):
    written = varint(number)
    assert read_varint(memoryview(written), 0) == (number % (1 << 64), len(written))
    assert len(written) == (10 if number < 0 else max(1, -(-number.bit_length() // 7)))


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1)))
@SETTINGS
def test_the_kernels_write_and_read_the_same(numbers):
    packed = encode_varints(np.array(numbers, np.int64))
    assert packed.tobytes() == b"".join(map(varint, numbers))
    decoded, read = decode_varints(packed)
    assert decoded.tolist() == numbers
    assert read == len(packed)


@given(st.binary(max_size=30))
@SETTINGS
def test_the_kernel_stops_where_python_does(octets):
    position, numbers = 0, []
    try:
        while position < len(octets):
            number, position = read_varint(memoryview(octets), position)
            numbers.append(number - (1 << 64) if number >> 63 else number)
    except CorruptExampleError:
        pass
    decoded, read = decode_varints(np.frombuffer(octets, np.uint8))
    assert decoded.tolist() == numbers
    assert read == position


def test_every_wire_type():
    message = (
        varint(1 << 3) + varint(300)
        + varint(2 << 3 | 1) + b"12345678"
        + delimited(3, b"text")
        + varint(4 << 3 | 5) + b"1234"
        + varint(5 << 3 | 3) + varint(6 << 3 | 3) + delimited(7, b"inside") + varint(6 << 3 | 4) + varint(5 << 3 | 4)
        + varint(200 << 3) + b"\1"
    )  # fmt: skip
    found = [(number, wire, value if wire == 0 else bytes(value)) for number, wire, value in fields(message)]
    assert found == [(1, 0, 300), (2, 1, b"12345678"), (3, 2, b"text"), (4, 5, b"1234"), (200, 0, 1)]
    for end in (1, 2, 4, 8, 14, 20, len(message) - 4, len(message) - 1):
        with pytest.raises(CorruptExampleError):
            list(fields(message[:end]))


@pytest.mark.parametrize(
    "message", [b"\x00\x00", b"\x0c", b"\x0b", b"\x0b\x14", b"\x0e", b"\x80" * 11, b"\xff\xff\xff\xff\x7f\x00"]
)
def test_malformed_messages(message):
    with pytest.raises(CorruptExampleError, match="byte"):
        list(fields(message))
