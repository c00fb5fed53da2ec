"""What `parse_example` says of records that are not what was asked for, and that hostile bytes do no harm."""

import base64
import ctypes
import json
import mmap
import pickle
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import (
    ArgumentError,
    CorruptExampleError,
    DtypeError,
    FeatureDtypeError,
    FeatureLengthError,
    FeedlineError,
    MissingFeatureError,
    ShapeError,
    StructureError,
    UnequalLengthsError,
)
from feedline.formats.wire import delimited
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, SparseFeature, VarLenFeature
from feedline.io.parse_example import parse_example, parse_packed, parse_single_example
from feedline.io.parse_sequence_example import parse_sequence_example, parse_single_sequence_example
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


def test_a_missing_feature_is_named_with_what_the_record_has():
    records = [record(imaeg=[b"x"], label=[1]), record(image=[b"x"], label=[1])]
    with pytest.raises(MissingFeatureError) as caught:
        parse_example(records[::-1], {"image": FixedLenFeature([], "string")})
    error = caught.value
    assert error.what == "feature 'image' is not in the record."
    assert error.where == ["record 1 of the batch"]
    assert error.row == 1
    assert error.fix == "Did you mean 'imaeg'? The record has: 'imaeg' (bytes), 'label' (int64)."
    assert pickle.loads(pickle.dumps(error)).row == 1
    with pytest.raises(MissingFeatureError) as caught:
        parse_single_example(records[0], {"zzz": FixedLenFeature([], "string")})
    assert caught.value.fix == "The record has: 'imaeg' (bytes), 'label' (int64)."
    assert caught.value.where == []
    with pytest.raises(MissingFeatureError, match="has no features"):
        parse_example([b""], {"a": FixedLenFeature([], "int64")})
    empty = Example(features=Features(feature={"a": Feature()})).SerializeToString()
    with pytest.raises(MissingFeatureError, match="holds no list"):
        parse_example([empty], {"a": FixedLenFeature([], "int64")})
    many = record(**{f"f{number}": [number] for number in range(50)})
    with pytest.raises(MissingFeatureError, match="and 30 more"):
        parse_example([many], {"label": FixedLenFeature([], "int64")})


@pytest.mark.parametrize(
    ("features", "error", "says"),
    [
        ({"a": FixedLenFeature([], "float32")}, FeatureDtypeError, "holds int64 values, not float32"),
        ({"a": FixedLenFeature([], "string")}, FeatureDtypeError, "holds int64 values, not string"),
        ({"a": VarLenFeature("float32")}, FeatureDtypeError, 'cast(value, "float32")'),
        ({"a": FixedLenFeature([], "int64")}, FeatureLengthError, "holds 3 values, but its shape () takes 1"),
        ({"a": FixedLenFeature([2, 2], "int64")}, FeatureLengthError, "holds 3 values, but its shape (2, 2) takes 4"),
        ({"a": FixedLenSequenceFeature([2], "int64", True)}, FeatureLengthError, "do not fill rows"),
        ({"r": RaggedFeature("int64", "a", [RaggedFeature.RowLengths("b")])}, FeatureLengthError, "'b'"),
        ({"r": RaggedFeature("int64", "a", [RaggedFeature.UniformRowLength(2)])}, FeatureLengthError, "rows of 2"),
        ({"s": SparseFeature("b", "a", "int64", 5)}, FeatureLengthError, "2 indices for the 3 values"),
        ({"s": SparseFeature("a", "a", "int64", 3)}, ShapeError, "the index 3"),
    ],
)
def test_what_a_record_holds_otherwise(features, error, says):
    bad = record(a=[1, 2, 3], b=[1, 1])
    fixed = any(isinstance(feature, FixedLenFeature) for feature in features.values())
    records = [bad] if fixed else [b"", bad]
    with pytest.raises(error) as caught:
        parse_example(records, features)
    assert says in str(caught.value)
    assert caught.value.row == len(records) - 1
    assert caught.value.where == [f"record {len(records) - 1} of the batch"]
    with pytest.raises(error) as caught:
        parse_single_example(bad, features)
    assert says in str(caught.value)
    assert caught.value.row == 0


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("RowSplits", [0, 4]),
        ("RowSplits", [1, 3]),
        ("RowSplits", [0, 2, 1, 3]),
        ("RowSplits", [0, -1, 3]),
        ("RowLengths", [-1, 4]),
        ("RowLengths", [(1 << 63) - 1, (1 << 63) - 1, 5]),
        ("RowLengths", [1, 1]),
        ("RowStarts", [1]),
        ("RowStarts", [0, 2, 1]),
        ("RowStarts", [0, 9]),
        ("RowLimits", [2]),
        ("RowLimits", [2, 1, 3]),
        ("ValueRowIds", [0, 1]),
        ("ValueRowIds", [1, 0, 2]),
        ("ValueRowIds", [-1, 0, 0]),
        ("ValueRowIds", [0, 0, 1 << 62]),
    ],
)
def test_partitions_that_do_not_cover_the_values(part, values):
    features = {"r": RaggedFeature("int64", "v", [getattr(RaggedFeature, part)("p")])}
    records = [b"", record(v=[7, 8, 9], p=values)]
    with pytest.raises(FeatureLengthError) as caught:
        parse_example(records, features)
    assert caught.value.row == 1
    with pytest.raises(FeatureLengthError):
        parse_single_example(records[1], features)


def test_lists_that_would_be_half_read_are_refused():
    run = delimited(1, b"\1")
    for feature_bytes in (
        delimited(3, run + run),
        delimited(3, run + b"\x08\x01"),
        delimited(3, b"\x08\x01" + run),
        delimited(3, run) + delimited(3, run),
        delimited(3, run) + delimited(1, run),
        b"\x1a\x7f\x0a\x01\x01",
        delimited(3, b"\x0a\x7f\x01"),
        delimited(2, delimited(1, b"12345")),
        delimited(2, b"\x0d123"),
        delimited(3, delimited(1, b"\xff" * 10 + b"\1")),
        delimited(3, delimited(1, b"\xff")),
        b"\x22\x00",
    ):
        one = delimited(1, delimited(1, delimited(1, b"a") + delimited(2, feature_bytes)))
        for asked in (
            FixedLenFeature([1], "int64"),
            VarLenFeature("int64"),
            FixedLenFeature([1], "float32"),
            VarLenFeature("float32"),
        ):
            with pytest.raises((CorruptExampleError, FeatureDtypeError)) as caught:
                parse_example([record(a=[1]) if asked.dtype == np.int64 else record(a=[1.0]), one], {"a": asked})
            assert caught.value.row == 1


LONG = b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"  # a length of 2^63 - 1


@pytest.mark.parametrize(
    "one",
    [
        b"\x0a",
        b"\x0a\x05",
        b"\x0a" + LONG,
        b"\x0a" + b"\xff" * 9 + b"\x01",
        b"\x0a" + b"\xff" * 20,
        delimited(1, b"\x0a" + LONG),
        delimited(1, delimited(1, b"\x0a" + LONG)),
        delimited(1, delimited(1, b"\x0a\x01a\x12" + LONG)),
        delimited(1, b"\x12\x00"),
        delimited(1, delimited(1, b"")),
        b"\x12" + LONG,
        b"\x13\x14",
        b"\x02\x00",
        b"\x15123",
        b"\x111234567",
        b"\x10\xff",
        b"not an Example at all",
    ],
)
def test_malformed_records(one):
    for features in (FEATURES, {"a": FixedLenFeature([], "int64", 0)}):
        with pytest.raises(CorruptExampleError) as caught:
            parse_example([b"", one][features is FEATURES :], features)
        assert caught.value.row == (features is not FEATURES)
        with pytest.raises(CorruptExampleError):
            parse_single_example(one, features)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mprotect")
def test_nothing_beyond_the_end_is_read():
    """Records end where a page starts that must not be read: a read beyond the end would end the interpreter."""
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    array = np.frombuffer(memory, np.uint8)
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert protect(array.ctypes.data + page, page, 0) == 0
    usable, chance = array[:page], random.Random(0)
    records = [*RECORDS, *(base64.b64decode(text) for case in GOLDEN["parsed"] for text in case["records"])]
    sequences = [base64.b64decode(text) for case in GOLDEN["sequences"] for text in case["records"]]
    asked = {name: VarLenFeature(dtype) for name, dtype in (("toks", "int64"), ("x", "float32"), ("cat", "string"))}
    fixed = {"id": FixedLenFeature([], "int64", 0), "x": FixedLenFeature([2, 2], "float32", [[0, 0]] * 2)}
    steps = {"w": VarLenFeature("int64"), "s": RaggedFeature("string"), "x": VarLenFeature("float32")}
    outcomes = {True: 0, False: 0}
    for _ in range(1500):
        one = bytearray(chance.choice(records if chance.random() < 0.8 else sequences))
        for _ in range(chance.randrange(3)):
            if one:
                one[chance.randrange(len(one))] = chance.choice([0, 8, 10, 26, 127, 128, 255, chance.randrange(256)])
        del one[chance.randrange(len(one) + 1) if chance.random() < 0.5 else len(one) :]
        usable[page - len(one) :] = one
        for features in (asked, fixed, asked | {"id": fixed["id"]}):
            try:
                parse_packed(usable, [page - len(one)], [len(one)], features)
                outcomes[True] += 1
            except FeedlineError:
                outcomes[False] += 1
        try:
            parse_single_sequence_example(bytes(one), None, steps)
        except FeedlineError:
            outcomes[False] += 1
    assert min(outcomes.values()) > 300
    assert protect(array.ctypes.data + page, page, 3) == 0


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4))
@settings(deadline=None, max_examples=200)
def test_garbage_raises_or_reads(records):
    features = {"a": VarLenFeature("int64"), "": RaggedFeature("string"), "b": FixedLenFeature([2], "float32", [1, 2])}
    try:
        assert len(parse_example(records, features)["b"]) == len(records)
    except FeedlineError as error:
        assert error.row is not None  # noqa: PT017
    try:
        parse_sequence_example(records, {"a": VarLenFeature("int64")}, {"a": VarLenFeature("string")})
    except FeedlineError as error:
        assert error.row is not None  # noqa: PT017


@pytest.mark.parametrize(
    ("serialized", "error", "says"),
    [
        (["text"], DtypeError, "a str, not bytes"),
        ("text", DtypeError, "a str, not bytes"),
        ([b"", 3], DtypeError, "an int, not bytes"),
        ([b"", None], DtypeError, "NoneType"),
        (np.array(RECORDS), DtypeError, "drops zeros"),
        (np.array([RECORDS[:2]], object), ShapeError, "reshape"),
        (np.zeros(3), DtypeError, "not bytes"),
        (3, DtypeError, "not bytes"),
    ],
)
def test_what_is_no_batch(serialized, error, says):
    with pytest.raises(error) as caught:
        parse_example(serialized, {"id": FixedLenFeature([], "int64")})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("serialized", "error", "says"),
    [
        (RECORDS, ShapeError, "Use parse_example"),
        (np.array(RECORDS, object), ShapeError, "Use parse_example"),
        ("text", DtypeError, "not bytes"),
        (np.array(RECORDS[0]), DtypeError, "drops zeros"),
    ],
)
def test_what_is_no_single_record(serialized, error, says):
    with pytest.raises(error) as caught:
        parse_single_example(serialized, {"id": FixedLenFeature([], "int64")})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("features", "error"),
    [
        (None, StructureError),
        ([("a", VarLenFeature("int64"))], StructureError),
        ({}, ArgumentError),
        ({1: VarLenFeature("int64")}, StructureError),
        ({"a": "int64"}, StructureError),
        ({"a": [1]}, StructureError),
        ({"a": FixedLenSequenceFeature([], "int64")}, ArgumentError),
        ({"a": FixedLenFeature([], "int64"), "r": RaggedFeature("int64", "a")}, ArgumentError),
        ({"a": VarLenFeature("int64"), "r": RaggedFeature("float32", "a")}, ArgumentError),
        ({"r": RaggedFeature("int64", "a"), "s": RaggedFeature("float32", "a")}, ArgumentError),
    ],
)
def test_features_that_cannot_be_read(features, error):
    for parse, one in ((parse_example, [RECORDS[0]]), (parse_single_example, RECORDS[0])):
        with pytest.raises(error):
            parse(one, features)


def test_example_names_are_counted():
    features = {"id": FixedLenFeature([], "int64")}
    assert len(parse_example(RECORDS[:2], features, ["one", "two"])["id"]) == 2
    with pytest.raises(UnequalLengthsError):
        parse_example(RECORDS[:2], features, ["one"])


def test_packed_records_lie_within_their_buffer():
    buffer = np.frombuffer(b"".join(RECORDS), np.uint8)
    size = len(buffer)
    for offsets, lengths in (
        ([-1], [5]),
        ([0], [size + 1]),
        ([size + 1], [0]),
        ([0], [-1]),
        ([(1 << 63) - 1], [1]),
        ([5], [(1 << 63) - 1]),
    ):
        with pytest.raises(ArgumentError, match="buffer"):
            parse_packed(buffer, offsets, lengths, {"id": FixedLenFeature([], "int64", 0)})
    with pytest.raises(UnequalLengthsError):
        parse_packed(buffer, [0, 1], [1], FEATURES)
    with pytest.raises(ArgumentError, match="uint8"):
        parse_packed(buffer.astype(np.int32), [0], [1], FEATURES)
