"""Writes tests/golden/data/example: records and what TensorFlow reads from them. Run it with TensorFlow installed."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).parent / "data" / "example"


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def entry(name: str, feature: bytes) -> bytes:
    return field(1, field(1, name.encode()) + field(2, feature))


def ints(*values: int) -> bytes:
    return field(3, field(1, b"".join(map(varint, values))))


def feature(values: list) -> tf.train.Feature:
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(**values: list) -> tf.train.Example:
    return tf.train.Example(features=tf.train.Features(feature={name: feature(v) for name, v in values.items()}))


def plain(value) -> dict:
    if isinstance(value, tf.RaggedTensor):
        return {"kind": "ragged", "splits": plain(value.row_splits), "values": plain(value.values)}
    if isinstance(value, tf.SparseTensor):
        parts = {name: plain(getattr(value, name)) for name in ("indices", "values", "dense_shape")}
        return {"kind": "sparse", **parts}
    array = np.asarray(value.numpy())
    if array.dtype.kind in "SO":
        flat = [text(item) for item in array.ravel().tolist()]
        return {"kind": "array", "dtype": "string", "shape": array.shape, "data": flat}
    return {"kind": "array", "dtype": array.dtype.name, "shape": array.shape, "data": text(array.tobytes())}


def as_features(described: dict) -> dict:
    made = {}
    for name, (kind, arguments) in described.items():
        arguments = dict(arguments)
        for key in ("dtype", "row_splits_dtype"):
            if key in arguments:
                arguments[key] = tf.as_dtype(arguments[key])
        if "partitions" in arguments:
            arguments["partitions"] = [getattr(tf.io.RaggedFeature, way)(key) for way, key in arguments["partitions"]]
        made[name] = getattr(tf.io, kind)(**arguments)
    return made


def fixed(shape: list, dtype: str, default=None) -> tuple:
    return ("FixedLenFeature", {"shape": shape, "dtype": dtype, "default_value": default})


def parse_cases() -> dict:
    whole = [
        example(id=[7], x=[0.1, -2.5, 3e38, 1e-42], cat=[b"one", b""], toks=[1, 300, -1], s=[0, 1, 3], n=[2, 1]),
        example(id=[-(1 << 63)], x=[float("inf"), float("-inf"), 0.0, -0.0], cat=[b"\0\xff", b"tw\0"], s=[0], n=[]),
        example(
            id=[(1 << 63) - 1], x=[1.0, 2.0, 3.0, 4.0], cat=[b"a" * 200, b"b"], toks=[5] * 9, s=[0, 9], n=[4, 0, 5]
        ),
    ]
    ordinary = {
        "id": fixed([], "int64"),
        "x": fixed([2, 2], "float32"),
        "cat": fixed([2], "string"),
        "absent": fixed([2], "int64", [3, 4]),
        "absent_text": fixed([], "string", "none"),
    }
    lists = {
        "toks": ("VarLenFeature", {"dtype": "int64"}),
        "cat": ("RaggedFeature", {"dtype": "string"}),
        "n": ("FixedLenSequenceFeature", {"shape": [], "dtype": "int64", "allow_missing": True, "default_value": -9}),
        "absent": ("FixedLenSequenceFeature", {"shape": [3], "dtype": "float32", "allow_missing": True}),
    }
    rows = {
        "by_splits": ("RaggedFeature", {"dtype": "int64", "value_key": "toks", "partitions": [["RowSplits", "s"]]}),
        "by_lengths": ("RaggedFeature", {"dtype": "int64", "value_key": "toks", "partitions": [["RowLengths", "n"]]}),
        "pairs": ("RaggedFeature", {"dtype": "float32", "value_key": "x", "partitions": [["UniformRowLength", 2]]}),
    }
    sparse = {
        "grid": ("SparseFeature", {"index_key": ["i", "j"], "value_key": "v", "dtype": "float32", "size": [5, 6]}),
    }
    grids = [
        example(i=[4, 0, 0], j=[1, 5, 2], v=[1.0, 2.0, 3.0]),
        example(i=[], j=[]),
        example(i=[2], j=[0], v=[9.0]),
    ]
    a_two = {"a": fixed([2], "int64")}
    a_any = {"a": ("VarLenFeature", {"dtype": "int64"})}
    wire = {
        "unpacked": field(1, entry("a", field(3, b"\x08\x01\x08" + varint(-1)))),
        "split": field(1, entry("b", ints(1))) + field(1, entry("a", ints(1, 2))),
        "value first": field(1, field(1, field(2, ints(1, 2)) + field(1, b"a"))),
        "twice": field(1, entry("a", ints(1, 2)) + entry("a", ints(3, 4))),
        "unknown fields": field(9, b"xyz") + field(1, entry("a", ints(1, 2) + field(9, b"x"))) + b"\x30\x05\x3d1234",
        "varint beyond 64 bits": field(1, entry("a", field(3, field(1, b"\xff" * 9 + b"\x7f\x01")))),
        "twice, the last without a list": field(1, entry("a", ints(1, 2)) + entry("a", b"")),
    }
    nothing = {"no kind": field(1, entry("a", b"")), "empty record": b"", "empty list": field(1, entry("a", ints()))}
    serialized = [record.SerializeToString(deterministic=True) for record in whole]
    cases = {
        "ordinary": (serialized, ordinary),
        "lists": (serialized, lists),
        "rows": ([serialized[0], serialized[2]], rows),
        "sparse": ([record.SerializeToString(deterministic=True) for record in grids], sparse),
    }
    for name, record in wire.items():
        cases[name] = ([record], a_two)
        cases[f"{name}, any length"] = ([record], a_any)
    for name, record in nothing.items():
        cases[name] = ([record, serialized[0]], a_any)
    return cases


def sequence_cases() -> dict:
    first = tf.train.SequenceExample()
    first.context.feature["id"].CopyFrom(feature([7]))
    for steps, name in (([[1.0, 2.0], [3.0, 4.0]], "x"), ([[1], [2, 300], []], "w"), ([[b"ab"], [b""]], "s")):
        first.feature_lists.feature_list[name].feature.extend([feature(values) for values in steps])
    second = tf.train.SequenceExample()
    second.context.feature["id"].CopyFrom(feature([8]))
    second.context.feature["tags"].CopyFrom(feature([b"t", b"u"]))
    second.feature_lists.feature_list["x"].feature.extend([feature([5.0, 6.0])])
    context = {"id": fixed([], "int64"), "tags": ("VarLenFeature", {"dtype": "string"})}
    sequence = {
        "x": ("FixedLenSequenceFeature", {"shape": [2], "dtype": "float32"}),
        "w": ("VarLenFeature", {"dtype": "int64"}),
        "s": ("RaggedFeature", {"dtype": "string"}),
        "absent": ("FixedLenSequenceFeature", {"shape": [], "dtype": "int64", "allow_missing": True}),
    }
    return {
        "sequences": (
            [first.SerializeToString(deterministic=True), second.SerializeToString(deterministic=True)],
            context,
            sequence,
        )
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    parsed = []
    for name, (records, described) in parse_cases().items():
        features = as_features(described)
        batch = tf.io.parse_example(records, features)
        singles = [tf.io.parse_single_example(record, features) for record in records]
        parsed.append(
            {
                "name": name,
                "records": [text(record) for record in records],
                "features": described,
                "batch": [[key, plain(value)] for key, value in batch.items()],
                "singles": [[[key, plain(value)] for key, value in single.items()] for single in singles],
            }
        )
    sequences = []
    for name, (records, context, sequence) in sequence_cases().items():
        asked = as_features(context), as_features(sequence)
        batch = tf.io.parse_sequence_example(records, *asked)
        singles = [tf.io.parse_single_sequence_example(record, *asked) for record in records]
        sequences.append(
            {
                "name": name,
                "records": [text(record) for record in records],
                "context": context,
                "sequence": sequence,
                "batch": [[[key, plain(value)] for key, value in part.items()] for part in batch],
                "singles": [[[[key, plain(value)] for key, value in part.items()] for part in one] for one in singles],
            }
        )
    messages = [
        example(),
        tf.train.Example(features=tf.train.Features()),
        example(b=[b'quote" \\ \n\0\xff'], a=[1, -1, 1 << 40], Z=[0.1, 1e10, 3.0, float("nan")], empty=[], ä=[1]),
    ]
    built = [
        {"bytes": text(message.SerializeToString(deterministic=True)), "text": str(message)} for message in messages
    ]
    data = {"tensorflow": tf.__version__, "parsed": parsed, "sequences": sequences, "messages": built}
    (FOLDER / "examples.json").write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
