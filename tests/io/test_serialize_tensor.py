"""serialize_tensor and parse_tensor."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from feedline.errors import DtypeError, ShapeError, TensorDecodeError
from feedline.io.serialize_tensor import parse_tensor, serialize_tensor
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "data" / "tensor_proto" / "tensors.json").read_text())


@pytest.mark.parametrize(("value", "expected"), GOLDEN["python"])
def test_python_values_as_tensorflow_takes_them(value, expected):
    number = complex(value) if "j" in value else ast.literal_eval(value)
    assert serialize_tensor(number).hex() == expected


@pytest.mark.parametrize("dtype", ["uint8", "float32", np.int64, "string"])
def test_round_trip_by_name_or_dtype(dtype):
    values = np.array([[b"a"], [b"b"]], object) if dtype == "string" else np.array([[1], [2]], dtype)
    found = parse_tensor(serialize_tensor(values), dtype)
    assert found.tolist() == values.tolist()
    assert found.dtype == values.dtype


def test_scalars():
    assert parse_tensor(serialize_tensor(b"x\0"), "string") == b"x\0"
    scalar = parse_tensor(serialize_tensor(np.float64(2.5)), "float64")
    assert (scalar.shape, scalar[()]) == ((), 2.5)


def test_strings_of_every_kind():
    expected = [b"a\0", b"\xc3\xa9"]
    for values in ([b"a\0", "é"], np.array([b"a\0", "é"], object)):
        assert parse_tensor(serialize_tensor(values), "string").tolist() == expected
    assert parse_tensor(serialize_tensor(np.array(["é", "ab"])), "string").tolist() == [b"\xc3\xa9", b"ab"]
    assert parse_tensor(serialize_tensor(np.array([b"xyz", b"ab"])), "string").tolist() == [b"xyz", b"ab"]


def test_numpy_values_keep_their_dtype():
    assert parse_tensor(serialize_tensor([np.float64(1), np.float64(2)]), "float64").tolist() == [1, 2]
    assert parse_tensor(serialize_tensor([np.arange(2), np.arange(2)]), "int64").tolist() == [[0, 1], [0, 1]]


def test_serialized_may_be_any_bytes():
    message = serialize_tensor([1, 2])
    for value in (bytearray(message), memoryview(message), np.bytes_(message), np.array(message, object)):
        assert parse_tensor(value, "int32").tolist() == [1, 2]


def test_result_does_not_change_with_its_source():
    source = bytearray(serialize_tensor(np.array([1, 2], np.uint8)))
    found = parse_tensor(source, "uint8")
    source[-1] = 9
    assert found.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 3


@pytest.mark.parametrize(("values", "asked"), [([1.5], "int32"), ([1], "float32"), ([b"a"], "uint8"), (b"a", "int8")])
def test_another_dtype_than_asked_for(values, asked):
    message = serialize_tensor(values)
    with pytest.raises(DtypeError) as caught:
        parse_tensor(message, asked)
    found = {"[1.5]": "float32", "[1]": "int32"}.get(repr(values), "string")
    assert asked in caught.value.what
    assert f'"{found}"' in caught.value.fix


@pytest.mark.parametrize("serialized", [np.zeros(4, np.uint8), "text", None, 3, [b"a"], np.array([b"a", b"b"], object)])
def test_serialized_that_is_not_bytes(serialized):
    with pytest.raises(DtypeError, match="parse_tensor parses"):
        parse_tensor(serialized, "uint8")


def test_what_is_no_tensor():
    with pytest.raises(DtypeError, match="None"):
        serialize_tensor(None)
    with pytest.raises(ShapeError, match="nested lists"):
        serialize_tensor([[1], [1, 2]])
    with pytest.raises(DtypeError, match="bools and numbers"):
        serialize_tensor([True, 1])
    with pytest.raises(DtypeError, match="too large for float32"):
        serialize_tensor([1e300])
    with pytest.raises(DtypeError, match="cannot be serialised"):
        serialize_tensor(np.zeros(1, "M8[s]"))
    with pytest.raises(DtypeError, match="int"):
        serialize_tensor([b"a", 1])
    with pytest.raises(DtypeError):
        serialize_tensor(2**70)
    with pytest.raises(DtypeError, match="dense"):
        serialize_tensor(RaggedTensor.from_row_lengths(np.arange(3), [1, 2]))
    sparse = SparseTensor(np.zeros((1, 1), np.int64), np.ones(1), np.array([2]))
    with pytest.raises(DtypeError, match="SparseTensor"):
        serialize_tensor(sparse)


def test_every_truncation_is_found():
    for values in (np.arange(20, dtype=np.uint8), np.arange(6.0).reshape(2, 3)):
        message = serialize_tensor(values)
        for size in range(len(message)):
            with pytest.raises((TensorDecodeError, DtypeError)):
                parse_tensor(message[:size], values.dtype)


def test_every_flipped_bit_of_the_header_is_found():
    values = np.arange(20, dtype=np.int32).reshape(4, 5)
    message = serialize_tensor(values)
    for position in range(len(message) - values.nbytes):
        for bit in range(8):
            damaged = bytearray(message)
            damaged[position] ^= 1 << bit
            with pytest.raises((TensorDecodeError, DtypeError)):
                parse_tensor(bytes(damaged), "int32")
