"""The messages of `feedline.train`: built, changed, written and read back, without TensorFlow."""

import base64
import copy
import json
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import ArgumentError, CorruptExampleError, DtypeError, ShapeError
from feedline.formats.wire import delimited, varint
from feedline.train import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "data" / "example" / "examples.json").read_text())
SETTINGS = settings(deadline=None, max_examples=60)

int64s = st.integers(-(1 << 63), (1 << 63) - 1)
features = st.one_of(
    st.just(Feature()),
    st.builds(lambda values: Feature(int64_list=Int64List(value=values)), st.lists(int64s, max_size=90)),
    st.builds(lambda values: Feature(bytes_list=BytesList(value=values)), st.lists(st.binary(max_size=9), max_size=9)),
    st.builds(
        lambda values: Feature(float_list=FloatList(value=values)),
        st.lists(st.floats(width=32, allow_nan=False), max_size=90),
    ),
)
examples = st.builds(
    lambda feature: Example(features=Features(feature=feature)), st.dictionaries(st.text(max_size=9), features)
)


def golden_records():
    for case in GOLDEN["parsed"]:
        for record in case["records"]:
            yield base64.b64decode(record)


@pytest.mark.parametrize("case", GOLDEN["messages"])
def test_bytes_and_text_are_tensorflows(case):
    serialized = base64.b64decode(case["bytes"])
    message = Example.FromString(serialized)
    assert message.SerializeToString() == serialized
    assert sorted(str(message).splitlines()) == sorted(case["text"].splitlines())


def test_what_tensorflow_serialised_is_written_back_byte_by_byte():
    canonical = [case["records"] for case in GOLDEN["parsed"] if case["name"] in ("ordinary", "lists", "sparse")]
    for record in (base64.b64decode(record) for records in canonical for record in records):
        assert Example.FromString(record).SerializeToString() == record
    for case in GOLDEN["sequences"]:
        for record in map(base64.b64decode, case["records"]):
            assert SequenceExample.FromString(record).SerializeToString() == record


@given(examples)
@SETTINGS
def test_an_example_reads_back_as_it_was(example):
    again = Example.FromString(example.SerializeToString())
    assert again == example
    assert copy.deepcopy(example) == example
    assert pickle.loads(pickle.dumps(example)) == example
    assert len(example.SerializeToString()) == example.ByteSize()


@pytest.mark.parametrize("size", [0, 1, 5, 63, 64, 65, 1000])
@pytest.mark.parametrize("as_array", [False, True])
def test_short_and_long_lists_are_written_alike(size, as_array):
    chance = random.Random(size)
    values = [chance.choice([0, 127, 128, -1, (1 << 63) - 1, -(1 << 63), 300]) for _ in range(size)]
    wanted = delimited(1, b"".join(map(varint, values))) if size else b""
    message = Int64List(value=np.array(values, np.int64) if as_array else values)
    assert message.SerializeToString() == wanted
    assert list(Int64List.FromString(wanted).value) == values
    floats = np.arange(size, dtype=np.float32) / 7
    message = FloatList(value=floats if as_array else floats.tolist())
    assert message.SerializeToString() == (delimited(1, floats.tobytes()) if size else b"")
    assert list(message.value) == floats.tolist()


def test_a_map_makes_the_feature_that_is_asked_for():
    example = Example()
    example.features.feature["a"].int64_list.value.append(1)
    example.features.feature["a"].int64_list.value.extend([2, 3])
    assert example.features.feature["a"].int64_list.value == [1, 2, 3]
    assert example.SerializeToString() == delimited(1, delimited(1, b"\n\x01a" + delimited(2, b"\x1a\x05\n\x03\1\2\3")))
    assert "b" not in example.features.feature
    assert example.features.feature.get("b") is None
    assert len(example.features.feature) == 1


def test_a_feature_holds_the_list_that_was_changed_last():
    feature = Feature(bytes_list=BytesList(value=[b"x"]))
    assert feature.WhichOneof("kind") == "bytes_list"
    assert len(feature.int64_list.value) == 0
    assert feature.WhichOneof("kind") == "bytes_list"
    feature.int64_list.value.append(4)
    assert feature.WhichOneof("kind") == "int64_list"
    assert feature.HasField("int64_list")
    assert not feature.HasField("bytes_list")
    assert len(feature.bytes_list.value) == 0
    assert Feature().WhichOneof("kind") is None
    empty = Feature()
    empty.float_list.SetInParent()
    assert empty.SerializeToString() == b"\x12\x00"


def test_what_was_given_is_copied():
    values = Int64List(value=[1])
    feature = Feature(int64_list=values)
    values.value.append(2)
    assert feature.int64_list.value == [1]
    features = Features(feature={"a": feature})
    feature.int64_list.value[0] = 9
    assert features.feature["a"].int64_list.value == [1]
    held = features.feature["a"]
    example = Example(features=features)
    held.int64_list.value.append(5)
    example.features.feature["b"].float_list.value.append(0.5)
    assert example.features.feature["a"].int64_list.value == [1]
    assert features.feature["a"].int64_list.value == [1, 5]
    assert list(features.feature) == ["a"]
    first, second = FloatList(value=np.zeros(100)), FloatList()
    second.CopyFrom(first)
    second.value[0] = 1
    first.value.append(7)
    assert (first.value[0], second.value[0], len(second.value)) == (0.0, 1.0, 100)
    taken = Int64List(value=values.value)
    values.value[:] = [8]
    assert taken.value == [1, 2]
    array = np.arange(100)
    values = Int64List(value=array)
    array[0] = 77
    assert values.value[0] == 0


def test_values_change_as_a_list_does():
    values = Int64List(value=[3, 1, 2]).value
    values.sort()
    values.insert(0, 7)
    del values[1]
    values[-1] = 5
    assert list(values) == [7, 2, 5]
    values[:] = [1, 2]
    assert values == [1, 2]
    assert values.pop() == 2
    values.remove(1)
    assert len(values) == 0
    long = FloatList(value=np.arange(100.0)).value
    assert long[2:4] == [2.0, 3.0]
    assert isinstance(long[5], float)
    assert np.asarray(long).dtype == np.float32
    long.append(7)
    assert long[-1] == 7.0
    assert len(long) == 101


def test_floats_are_rounded_to_float32():
    assert FloatList(value=[0.1]).value[0] == float(np.float32(0.1))
    assert FloatList(value=np.array([0.1])).value[0] == float(np.float32(0.1))
    assert np.isnan(FloatList(value=[float("nan")]).value[0])
    assert FloatList(value=[float("inf"), 1, True]).value == [float("inf"), 1.0, 1.0]


def test_integers_of_every_sort_are_taken():
    values = [np.int8(-1), True, np.uint64(5), np.bool_(True), 3]
    assert Int64List(value=values).value == [-1, 1, 5, 1, 3]
    assert Int64List(value=np.array([1, 2], np.uint8)).value == [1, 2]
    assert Int64List(value=(n for n in range(3))).value == [0, 1, 2]
    assert Int64List(value=range(100)).value == list(range(100))
    assert BytesList(value=[bytearray(b"a"), memoryview(b"b"), np.bytes_(b"c")]).value == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: BytesList(value=["text"]), DtypeError, "value.encode()"),
        (lambda: BytesList(value=b"text"), DtypeError, "value=[...]"),
        (lambda: BytesList(value=[np.zeros(3, np.uint8)]), DtypeError, "tobytes"),
        (lambda: BytesList(value=[1]), DtypeError, "the int 1"),
        (lambda: Int64List(value=[1.0]), DtypeError, "int(value)"),
        (lambda: Int64List(value=[1.0] * 100), DtypeError, "int(value)"),
        (lambda: Int64List(value=[1] * 99 + [1.5]), DtypeError, "float 1.5"),
        (lambda: Int64List(value=np.array([1.5])), DtypeError, "int(value)"),
        (lambda: Int64List(value=3), DtypeError, "value=[...]"),
        (lambda: Int64List(value=["3"]), DtypeError, "the str '3'"),
        (lambda: Int64List(value=[1 << 63]), ArgumentError, "does not fit int64"),
        (lambda: Int64List(value=[1 << 63] * 99), ArgumentError, "does not fit int64"),
        (lambda: Int64List(value=[-(1 << 63) - 1]), ArgumentError, "does not fit int64"),
        (lambda: Int64List(value=np.array([1 << 63], np.uint64)), ArgumentError, "does not fit int64"),
        (lambda: Int64List(value=np.zeros((2, 2), int)), ShapeError, "ravel"),
        (lambda: FloatList(value=["0.5"]), DtypeError, "the str '0.5'"),
        (lambda: FloatList(value=["0.5"] * 99), DtypeError, "the str '0.5'"),
        (lambda: FloatList(value=[1j]), DtypeError, "complex"),
        (lambda: FloatList(value=[1e39]), ArgumentError, "does not fit float32"),
        (lambda: FloatList(value=np.array([1e39])), ArgumentError, "does not fit float32"),
        (lambda: Feature(int64_list=[1]), DtypeError, "feedline.train.Int64List"),
        (lambda: Feature(int64_list=FloatList(value=[1])), DtypeError, "not a FloatList"),
        (lambda: Feature(int64_list=Int64List(), float_list=FloatList()), ArgumentError, "two Features"),
        (lambda: Features(feature={"a": Int64List(value=[1])}), DtypeError, "Wrap the value"),
        (lambda: Features(feature={b"a": Feature()}), DtypeError, "a str"),
        (lambda: Features(feature=[Feature()]), DtypeError, "dict"),
        (lambda: Example(features={"a": Feature()}), DtypeError, "feedline.train.Features"),
        (lambda: SequenceExample(context=Example()), DtypeError, "feedline.train.Features"),
        (lambda: FeatureList(feature=[None]), DtypeError, "NoneType"),
        (lambda: Example.FromString("text"), DtypeError, "SerializeToString"),
        (lambda: Feature().WhichOneof("sort"), ArgumentError, "kind"),
        (lambda: Example().CopyFrom(Features()), DtypeError, "Give a Example"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, says):
    with pytest.raises(error) as caught:
        make()
    assert says in str(caught.value)


def test_messages_are_replaced_and_cleared():
    example = Example.FromString(next(golden_records()))
    other = Example()
    other.CopyFrom(example)
    assert other == example
    other.features.feature["id"].int64_list.value[0] += 1
    assert other != example
    assert example != 3
    other.Clear()
    assert other == Example()
    assert not other.HasField("features")
    assert other.ParseFromString(example.SerializeToString()) == example.ByteSize()
    assert other == example
    feature = other.features.feature["id"]
    feature.ParseFromString(Feature(float_list=FloatList(value=[1.0])).SerializeToString())
    assert other.features.feature["id"].float_list.value == [1.0]
    assert "value: 1" in str(other)
    assert repr(Feature()) == "Feature()"


def test_a_sequence_example():
    made = SequenceExample(
        context=Features(feature={"n": Feature(int64_list=Int64List(value=[2]))}),
        feature_lists=FeatureLists(feature_list={"x": FeatureList(feature=[Feature(), Feature()])}),
    )
    made.feature_lists.feature_list["x"].feature[1].float_list.value.append(0.5)
    made.feature_lists.feature_list["y"].feature.add().bytes_list.value.append(b"z")
    again = SequenceExample.FromString(made.SerializeToString())
    assert again == made
    assert again.feature_lists.feature_list["x"].feature[1].float_list.value == [0.5]
    assert SequenceExample().SerializeToString() == b""
    assert not SequenceExample().HasField("context")
    assert "feature_lists {" in str(made)
    del made.feature_lists.feature_list["x"]
    assert list(made.feature_lists.feature_list) == ["y"]


def test_wire_forms_that_protobuf_accepts():
    group = b"\x3b\x08\x01\x3c"
    for body, values in (
        (b"\x08\x01\x08\x02", [1, 2]),
        (delimited(1, b"\1\2") + b"\x08\x03" + delimited(1, b"\4"), [1, 2, 3, 4]),
        (group + b"\x08\x05" + delimited(9, b"unknown") + b"\x3d1234", [5]),
    ):
        assert list(Int64List.FromString(body).value) == values
    merged = Feature.FromString(delimited(3, b"\x08\x01") + delimited(3, b"\x08\x02"))
    assert merged.int64_list.value == [1, 2]
    last = Feature.FromString(delimited(3, b"\x08\x01") + delimited(1, delimited(1, b"x")))
    assert last.WhichOneof("kind") == "bytes_list"


def test_damaged_bytes_raise_or_read():
    chance = random.Random(0)
    raised = 0
    for record in golden_records():
        for _ in range(60):
            damaged = bytearray(record)
            if damaged:
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            try:
                Example.FromString(bytes(damaged)).SerializeToString()
            except CorruptExampleError:
                raised += 1
    assert raised > 100


@pytest.mark.parametrize(
    "damaged",
    [
        b"\x0a",
        b"\x0a\x05ab",
        b"\xff" * 11,
        b"\x00\x00",
        b"\x0b",
        b"\x0c",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0d12",
    ],
)
def test_malformed_messages_are_refused(damaged):
    with pytest.raises(CorruptExampleError):
        Example.FromString(damaged)
    with pytest.raises(CorruptExampleError):
        SequenceExample.FromString(damaged)


def test_a_name_that_is_not_utf8_is_refused():
    with pytest.raises(CorruptExampleError, match="UTF-8"):
        Example.FromString(delimited(1, delimited(1, delimited(1, b"\xff") + delimited(2, b""))))
    with pytest.raises(CorruptExampleError, match="multiple of 4"):
        FloatList.FromString(delimited(1, b"12345"))
