"""Writes tests/golden/data/tensor_proto with TensorFlow: python tests/golden/make_tensor_proto.py"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  (gives NumPy the names of its dtypes)
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

FOLDER = Path(__file__).parent / "data" / "tensor_proto"
SHAPES = [(), (0,), (1,), (5,), (2, 3), (2, 0, 3), (3, 1, 2, 2), (130,)]
DTYPES = [
    *("float16", "float32", "float64", "bfloat16", "bool", "complex64", "complex128"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
]
PYTHON_VALUES = [1, -1, 1.5, True, 2 + 1j, "é", [1, 2], [[1.5], [2]], [2**40], ["a", "bc"], [], [[]], [[1, 2], [3, 4]]]


def array(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Returns the array that the test makes as well."""
    octets = np.random.default_rng(len(shape)).integers(0, 256, int(np.prod(shape)) * 16, dtype=np.uint8)
    if dtype == "bool":
        return (octets[: int(np.prod(shape))] % 2).astype(bool).reshape(shape)
    kind = np.dtype(dtype)
    return np.frombuffer(octets.tobytes(), kind, int(np.prod(shape))).reshape(shape)


def strings(shape: tuple[int, ...]) -> np.ndarray:
    """Returns the array of strings that the test makes as well."""
    count = int(np.prod(shape))
    values = np.empty(count, object)
    values[:] = [bytes([number]) * (number % 4) + b"\0" * (number % 2) for number in range(count)]
    return values.reshape(shape)


def spelt_out() -> list[dict[str, Any]]:
    """Returns messages whose values are given one by one, and what TensorFlow makes of them."""
    numbers = [1, 0, 3]
    cases = []
    fields = {
        "DT_FLOAT": ("float_val", [1.5, -2.0, 1e-40]),
        "DT_DOUBLE": ("double_val", [1.5, -2.0, 1e-310]),
        "DT_HALF": ("half_val", [15360, 16384, 31745]),
        "DT_BFLOAT16": ("half_val", [16256, 49024]),
        "DT_INT8": ("int_val", [-128, 127, -1]),
        "DT_INT16": ("int_val", [-32768, 32767]),
        "DT_INT32": ("int_val", [-(2**31), 2**31 - 1, -1]),
        "DT_INT64": ("int64_val", [-(2**63), 2**63 - 1, -1, 300]),
        "DT_UINT8": ("int_val", [255, *numbers]),
        "DT_UINT16": ("int_val", [65535, *numbers]),
        "DT_UINT32": ("uint32_val", [2**32 - 1, *numbers]),
        "DT_UINT64": ("uint64_val", [2**64 - 1, *numbers]),
        "DT_BOOL": ("bool_val", [True, False, True]),
        "DT_COMPLEX64": ("scomplex_val", [1, 2, 3, -4]),
        "DT_COMPLEX128": ("dcomplex_val", [1, 2, 3, -4]),
        "DT_STRING": ("string_val", [b"a", b"", b"b\0c"]),
        "DT_FLOAT8_E5M2": ("float8_val", b"\x3c\x40\xff"),
        "DT_FLOAT8_E4M3FN": ("float8_val", b"\x3c\x40"),
        "DT_INT4": ("int_val", [-8, 7, -1]),
        "DT_UINT4": ("int_val", [15, 0]),
    }
    for name, (field, values) in fields.items():
        parts = 2 if "COMPLEX" in name else 1
        for given, shape in [(len(values), None), (len(values), (7,)), (parts, (2, 2)), (0, (3,)), (0, (0, 4))]:
            proto = tensor_pb2.TensorProto(dtype=types_pb2.DataType.Value(name), version_number=1)
            for size in shape or (given // parts,):
                proto.tensor_shape.dim.add(size=size, name="axis")
            if field == "float8_val":
                proto.float8_val = values[:given]
            else:
                getattr(proto, field).extend(values[:given])
            cases.append(expected(proto.SerializeToString(), proto.dtype) | {"values": given})
    # One by one without packing, in another order, with a field that nobody knows, a group, and a dtype given twice.
    unpacked = bytes.fromhex("2d0000803f 08 03 2d00000040 a206 03616263 a306 0801 a406 12041202 0803 0801")
    cases.append(expected(unpacked, types_pb2.DT_FLOAT))
    mixed = bytes.fromhex("0809 5001 5203 02ac02 5003 1204 1202 0804")
    cases.append(expected(mixed, types_pb2.DT_INT64))
    cases.append(expected(bytes.fromhex("0807 1204 1202 0803 2206 01 00 02 61 62 63"), types_pb2.DT_STRING))
    return cases


def expected(message: bytes, dtype: int) -> dict[str, Any]:
    value = tf.io.parse_tensor(message, tf.dtypes.as_dtype(dtype)).numpy()
    if isinstance(value, bytes):
        value = np.array(value, object)
    name = tf.dtypes.as_dtype(dtype).name.removesuffix("_ref")
    found = {"message": message.hex(), "dtype": name, "shape": list(value.shape)}
    if value.dtype == object:
        found["strings"] = [item.hex() for item in value.ravel()]
    else:
        found["octets"] = value.tobytes().hex()
    return found


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    serialized = {
        f"{dtype} {list(shape)}": tf.io.serialize_tensor(array(dtype, shape)).numpy().hex()
        for dtype in DTYPES
        for shape in SHAPES
    }
    for shape in SHAPES:
        tensor = tf.constant(strings(shape), tf.string)
        serialized[f"string {list(shape)}"] = tf.io.serialize_tensor(tensor).numpy().hex()
    python = [[repr(value), tf.io.serialize_tensor(value).numpy().hex()] for value in PYTHON_VALUES]
    content = {"tensorflow": tf.__version__, "serialized": serialized, "python": python, "spelt_out": spelt_out()}
    (FOLDER / "tensors.json").write_text(json.dumps(content, indent=0) + "\n")


if __name__ == "__main__":
    main()
