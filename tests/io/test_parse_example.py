"""`parse_example` against golden files, in every form that a batch can have."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.formats.wire import delimited, varint
from feedline.io import features as feature_module
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, VarLenFeature
from feedline.io.parse_example import parse_example, parse_packed, parse_single_example
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.strings import PackedStrings
from feedline.train import BytesList, Example, Feature, Features, FloatList, Int64List

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "data" / "example" / "examples.json").read_text())
SETTINGS = settings(deadline=None, max_examples=60)


def feature(values):
    if isinstance(values[0], bytes):
        return Feature(bytes_list=BytesList(value=values))
    if isinstance(values[0], float):
        return Feature(float_list=FloatList(value=values))
    return Feature(int64_list=Int64List(value=values))


def record(**values):
    return Example(
        features=Features(feature={name: feature(held) for name, held in values.items()})
    ).SerializeToString()


def as_features(described):
    made = {}
    for name, (kind, arguments) in described.items():
        arguments = dict(arguments)
        if "partitions" in arguments:
            arguments["partitions"] = [getattr(RaggedFeature, way)(key) for way, key in arguments["partitions"]]
        made[name] = getattr(feature_module, kind)(**arguments)
    return made


def assert_golden(ours, wanted):
    if wanted["kind"] == "ragged":
        assert isinstance(ours, RaggedTensor)
        assert_golden(ours.row_splits, wanted["splits"])
        assert_golden(ours.values, wanted["values"])
    elif wanted["kind"] == "sparse":
        assert isinstance(ours, SparseTensor)
        for name in ("indices", "values", "dense_shape"):
            assert_golden(getattr(ours, name), wanted[name])
    else:
        assert list(np.shape(ours)) == wanted["shape"]
        if wanted["dtype"] == "string":
            flat = [ours] if isinstance(ours, bytes) else ours.ravel().tolist()
            assert flat == [base64.b64decode(text) for text in wanted["data"]]
        else:
            assert ours.dtype == wanted["dtype"]
            assert ours.tobytes() == base64.b64decode(wanted["data"])


def assert_golden_dict(ours, wanted):
    assert list(ours) == [name for name, _ in wanted]
    for name, value in wanted:
        assert_golden(ours[name], value)


@pytest.mark.parametrize("case", GOLDEN["parsed"], ids=lambda case: case["name"])
def test_what_tensorflow_reads(case):
    records = [base64.b64decode(text) for text in case["records"]]
    features = as_features(case["features"])
    assert_golden_dict(parse_example(records, features), case["batch"])
    for one, wanted in zip(records, case["singles"], strict=True):
        assert_golden_dict(parse_single_example(one, features), wanted)
        assert_golden_dict(parse_example(one, features), wanted)


FEATURES = {
    "id": FixedLenFeature([], "int64"),
    "x": FixedLenFeature([2, 2], "float32"),
    "cat": FixedLenFeature([], "string"),
    "toks": VarLenFeature("int64"),
    "rows": RaggedFeature("int64", "toks", [RaggedFeature.RowLengths("n")]),
    "names": RaggedFeature("string"),
    "padded": FixedLenSequenceFeature([2], "float32", True, -1),
}


def make(number):
    count = number % 4
    return record(
        id=[number],
        x=[number + 0.25] * 4,
        cat=[b"cat%d" % number],
        toks=[number, -number, 300, 1 << 40][: count + 1],
        n=[count, 1],
        names=[b"n" * number, b"", b"\0"],
        padded=[0.5] * (2 * count + 2),
    )


RECORDS = [make(number) for number in range(6)]


def packed(records, gap=b"?"):
    """What a TFRecordDataset gives: records that lie in one buffer."""
    lengths = np.array([len(one) for one in records], np.int64)
    buffer = np.frombuffer(b"".join(gap + one for one in records), np.uint8)
    return PackedStrings(buffer, np.cumsum(lengths + len(gap)) - lengths, lengths)


def test_every_form_of_a_batch():
    wanted = repr(parse_example(RECORDS, FEATURES))
    objects = np.array(RECORDS, object)
    for serialized in (tuple(RECORDS), objects, packed(RECORDS), [memoryview(one) for one in RECORDS]):
        assert repr(parse_example(serialized, FEATURES)) == wanted
    batch = packed(RECORDS)
    three = batch.packed_buffer, batch.packed_offsets, batch.packed_lengths
    assert repr(parse_packed(*three, FEATURES)) == wanted
    assert repr(parse_packed(bytes(three[0]), three[1].tolist(), three[2].astype(np.int32), FEATURES)) == wanted
    assert repr(parse_packed(three[0].copy(), three[1], three[2], FEATURES)) == wanted


def test_the_records_of_a_packed_batch_are_read_where_it_says():
    batch = packed(RECORDS)
    batch.packed_offsets, batch.packed_lengths = batch.packed_offsets[::-1], batch.packed_lengths[::-1]
    assert parse_example(batch, FEATURES)["id"].tolist() == [5, 4, 3, 2, 1, 0]


def test_one_record_is_what_a_batch_of_one_holds():
    for one in RECORDS:
        batch, single = parse_example([one], FEATURES), parse_single_example(one, FEATURES)
        assert list(single) == list(batch)
        assert single["id"] == batch["id"][0]
        assert single["cat"] == batch["cat"][0]
        assert isinstance(single["cat"], bytes)
        assert single["x"].tolist() == batch["x"][0].tolist()
        assert single["toks"].values.tolist() == batch["toks"].values.tolist()
        assert single["rows"].to_list() == batch["rows"][0].to_list()
        assert single["names"].tolist() == batch["names"][0].tolist()
        assert single["padded"].tolist() == batch["padded"][0].tolist()


def test_no_value_shares_memory_with_the_records():
    batch = packed(RECORDS)
    buffer = batch.packed_buffer.copy()
    values = parse_packed(buffer, batch.packed_offsets, batch.packed_lengths, FEATURES)
    before = repr(values)
    buffer[:] = 0
    assert repr(values) == before
    values["x"][0] = 7
    assert values["id"].tolist() == [0, 1, 2, 3, 4, 5]


@given(st.permutations(sorted(FEATURES)), st.integers(0, 5))
@SETTINGS
def test_names_are_found_in_any_order(order, count):
    """Entries come in another order in each record; so do the features asked for."""
    records = []
    for number in range(count):
        names = order[number:] + order[:number]
        held = {name: delimited(3, delimited(1, varint(number))) for name in names}
        records.append(
            delimited(1, b"".join(delimited(1, delimited(1, n.encode()) + delimited(2, f)) for n, f in held.items()))
        )
    parsed = parse_example(records, {name: FixedLenFeature([], "int64") for name in order[::-1]})
    for name in order:
        assert parsed[name].tolist() == list(range(count))


def test_many_names_that_are_alike():
    names = [f"a_feature_with_number_{number:04}_in_its_middle" for number in range(300)] + [
        "",
        "a",
        "aa",
        "a" * 8,
        "a" * 16,
    ]
    held = {name: [number] for number, name in enumerate(names)}
    parsed = parse_example([record(**held)] * 3, {name: FixedLenFeature([], "int64") for name in names})
    assert {name: value.tolist() for name, value in parsed.items()} == {name: value * 3 for name, value in held.items()}


def test_defaults_of_every_kind():
    features = {
        "i": FixedLenFeature([2], "int64", [1, -2]),
        "f": FixedLenFeature([3], "float32", [0.5, 1.5, 2.5]),
        "s": FixedLenFeature([2], "string", [b"a", "b"]),
        "one": FixedLenFeature([], "string", ""),
    }
    records = [record(i=[3, 4], s=[b"c", b"d"]), b"", record(f=[1.0, 2.0, 3.0], one=[b"x"])]
    parsed = parse_example(records, features)
    assert parsed["i"].tolist() == [[3, 4], [1, -2], [1, -2]]
    assert parsed["f"].tolist() == [[0.5, 1.5, 2.5], [0.5, 1.5, 2.5], [1.0, 2.0, 3.0]]
    assert parsed["s"].tolist() == [[b"c", b"d"], [b"a", b"b"], [b"a", b"b"]]
    assert parsed["one"].tolist() == [b"", b"", b"x"]
    single = parse_single_example(b"", features)
    assert single["one"] == b""
    assert single["s"].tolist() == [b"a", b"b"]
    assert single["f"].tolist() == [0.5, 1.5, 2.5]
    parsed["i"][1, 0] = 99
    assert parse_single_example(b"", features)["i"].tolist() == [1, -2]


def test_single_records_in_other_wrappings():
    features = {"cat": FixedLenFeature([], "string")}
    scalar = np.array(RECORDS[1], object)
    for one in (scalar, scalar[()], bytearray(RECORDS[1]), memoryview(RECORDS[1]), np.bytes_(RECORDS[1])):
        assert parse_single_example(one, features) == {"cat": b"cat1"}
        assert parse_example(one, features) == {"cat": b"cat1"}


def test_a_dict_of_features_that_is_changed_is_read_anew():
    features = {"id": FixedLenFeature([], "int64")}
    assert list(parse_single_example(RECORDS[1], features)) == ["id"]
    features["cat"] = FixedLenFeature([], "string")
    assert parse_single_example(RECORDS[1], features) == {"cat": b"cat1", "id": 1}
    features["id"] = FixedLenFeature([1], "int64")
    assert parse_single_example(RECORDS[1], features)["id"].tolist() == [1]
