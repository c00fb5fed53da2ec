"""`parse_sequence_example` beside TensorFlow's own.

Damaged records are not given to TensorFlow, whose parser of SequenceExamples crashes on some of them (2.21: a BytesList
with a length beyond its end). They are compared with protobuf's reading of them.
"""

import os
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")

from feedline.errors import FeedlineError  # noqa: E402
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, VarLenFeature  # noqa: E402
from feedline.io.parse_sequence_example import parse_sequence_example, parse_single_sequence_example  # noqa: E402
from feedline.ragged import RaggedTensor  # noqa: E402
from feedline.sparse import SparseTensor  # noqa: E402

SETTINGS = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
DTYPES = {bytes: "string", float: "float32", int: "int64"}


def as_tensorflow(feature):
    dtype = tf.string if feature.dtype == object else tf.as_dtype(feature.dtype)
    if isinstance(feature, VarLenFeature):
        return tf.io.VarLenFeature(dtype)
    if isinstance(feature, FixedLenFeature):
        default = None if feature.default_value is None else feature.default_value.tolist()
        return tf.io.FixedLenFeature(list(feature.shape), dtype, default)
    if isinstance(feature, FixedLenSequenceFeature):
        return tf.io.FixedLenSequenceFeature(list(feature.shape), dtype, feature.allow_missing)
    partitions = [getattr(tf.io.RaggedFeature, type(part).__name__)(part.key) for part in feature.partitions]
    return tf.io.RaggedFeature(dtype, feature.value_key, partitions, tf.as_dtype(feature.row_splits_dtype), True)


def assert_equal(ours, theirs):
    if isinstance(ours, RaggedTensor):
        assert_equal(ours.row_splits, theirs.row_splits)
        assert_equal(ours.values, theirs.values)
    elif isinstance(ours, SparseTensor):
        for name in ("indices", "values", "dense_shape"):
            assert_equal(getattr(ours, name), getattr(theirs, name))
    else:
        theirs = np.asarray(theirs.numpy())
        ours = np.asarray(ours, object if theirs.dtype == object else None)
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        assert ours.tolist() == theirs.tolist() if ours.dtype == object else ours.tobytes() == theirs.tobytes()


def outcome(parse, *arguments):
    try:
        return parse(*arguments)
    except (FeedlineError, tf.errors.OpError, ValueError) as error:
        return error


def check(records, context, sequence):
    """Returns whether TensorFlow reads the batch; asserts that feedline gives the same, or raises."""
    theirs_context, theirs_sequence = (
        {name: as_tensorflow(feature) for name, feature in features.items()} for features in (context, sequence)
    )
    for given_records, ours_parse, theirs_parse in (
        (records[0], parse_single_sequence_example, tf.io.parse_single_sequence_example),
        (records, parse_sequence_example, tf.io.parse_sequence_example),
    ):
        ours = outcome(ours_parse, given_records, context, sequence)
        theirs = outcome(theirs_parse, given_records, theirs_context, theirs_sequence)
        if isinstance(theirs, Exception):
            assert isinstance(ours, FeedlineError), (ours, theirs)
            assert ours.row is not None
        else:
            assert not isinstance(ours, Exception), (ours, theirs)
            for mine, other in zip(ours, theirs, strict=True):
                assert list(mine) == list(other)
                for name in mine:
                    assert_equal(mine[name], other[name])
    return not isinstance(theirs, Exception)


def feature(values):
    if values is None:
        return tf.train.Feature()
    kind = type(values[0]) if values else int
    lists = {bytes: "bytes_list", float: "float_list", int: "int64_list"}
    classes = {bytes: tf.train.BytesList, float: tf.train.FloatList, int: tf.train.Int64List}
    return tf.train.Feature(**{lists[kind]: classes[kind](value=values)})


def record(context, sequences):
    made = tf.train.SequenceExample()
    for name, values in context.items():
        made.context.feature[name].CopyFrom(feature(values))
    for name, steps in sequences.items():
        made.feature_lists.feature_list[name].feature.extend([feature(values) for values in steps])
    return made.SerializeToString(deterministic=True)


KINDS = {
    "ints": st.integers(-300, 1 << 40),
    "floats": st.floats(width=32, allow_nan=False),
    "strings": st.binary(max_size=4),
}
NAME_TYPES = {"ints": int, "floats": float, "strings": bytes}


@st.composite
def cases(draw):
    size = draw(st.integers(1, 2))
    fixed = draw(st.booleans())
    records = []
    for _ in range(draw(st.integers(1, 4))):
        context = {
            name: draw(st.lists(values, min_size=1 if fixed else 0, max_size=1 if fixed else 3))
            for name, values in KINDS.items()
            if draw(st.integers(0, 5))
        }
        sequences = {
            name: draw(
                st.lists(st.lists(values, min_size=size if fixed else 0, max_size=size if fixed else 3), max_size=3)
            )
            for name, values in KINDS.items()
            if draw(st.integers(0, 5))
        }
        records.append(record(context, sequences))
    asked = []
    for part in range(2):
        features = {}
        for name in draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1 - part, max_size=3, unique=True)):
            dtype = DTYPES[NAME_TYPES[name]]
            way = draw(st.integers(0, 2))
            if way == 0:
                features[name] = VarLenFeature(dtype)
            elif way == 1:
                features[name] = RaggedFeature(dtype, row_splits_dtype=draw(st.sampled_from(["int32", "int64"])))
            elif part == 0:
                default = {"string": b"d", "float32": 0.5, "int64": -7}[dtype]
                features[name] = FixedLenFeature([], dtype, draw(st.sampled_from([None, default])))
            else:
                features[name] = FixedLenSequenceFeature([size] if size > 1 else [], dtype, draw(st.integers(0, 3)) > 0)
        asked.append(features)
    return records, *asked


@given(cases())
@SETTINGS
def test_records(case):
    check(*case)


RECORDS = [
    record({"id": [7], "tag": [b"x"]}, {"x": [[0.5, 1.5], [2.5, 3.5]], "w": [[1], [2, 300], []], "s": [[b"ab"]]}),
    record({"id": [300], "tag": [b"yy"]}, {"x": [[4.5, 5.5]], "w": [], "s": [[b""], [b"c"]]}),
]
CONTEXT = {"id": FixedLenFeature([], "int64"), "tag": VarLenFeature("string")}
SEQUENCE = {
    "x": FixedLenSequenceFeature([2], "float32"),
    "w": VarLenFeature("int64"),
    "s": RaggedFeature("string"),
}


def test_the_records_that_are_damaged_below_are_read():
    assert check(RECORDS, CONTEXT, SEQUENCE)


def check_damaged(damaged):
    """Asserts that a damaged record raises one of feedline's errors, or reads as protobuf reads it."""
    ours = outcome(parse_single_sequence_example, damaged, CONTEXT, SEQUENCE)
    if isinstance(ours, Exception):
        assert isinstance(ours, FeedlineError), ours
        return True
    try:
        canonical = tf.train.SequenceExample.FromString(damaged).SerializeToString()
    except Exception:
        return False  # what protobuf refuses here are names, or features that nobody asked for
    again = parse_single_sequence_example(canonical, CONTEXT, SEQUENCE)
    assert repr(again) == repr(ours)
    return False


@pytest.mark.parametrize("seed", range(2))
def test_damaged_records(seed):
    chance = random.Random(seed)
    refused = 0
    for _ in range(1000):
        damaged = bytearray(RECORDS[0])
        for _ in range(chance.choice([1, 1, 2])):
            at = chance.randrange(len(damaged))
            way = chance.randrange(3)
            if way == 0:
                damaged[at] ^= 1 << chance.randrange(8)
            elif way == 1:
                del damaged[at : at + chance.randrange(1, 5)]
            else:
                damaged[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 5)))
        refused += check_damaged(bytes(damaged))
    assert 500 < refused < 1000


def test_every_truncation():
    for end in range(len(RECORDS[0])):
        assert check_damaged(RECORDS[0][:end]), end


def test_partitions_within_a_sequence():
    ragged = record({}, {"v": [[1, 2, 3], [4]], "n": [[2, 1], [1]], "t": [[0, 0, 1], [0]]})
    other = record({}, {"v": [[5, 6]], "n": [[2]], "t": [[1, 1]]})
    features = {
        "lengths": RaggedFeature("int64", "v", [RaggedFeature.RowLengths("n")]),
        "ids": RaggedFeature("int64", "v", [RaggedFeature.ValueRowIds("t")]),
    }
    assert check([ragged, other], {}, features)


def test_a_scalar_given_to_parse_sequence_example():
    names = {"x": as_tensorflow(SEQUENCE["x"])}
    ours = parse_sequence_example(RECORDS[0], None, {"x": SEQUENCE["x"]})
    theirs = tf.io.parse_sequence_example(RECORDS[0], None, names)
    for mine, other in zip(ours, theirs, strict=True):
        assert list(mine) == list(other)
        for name in mine:
            assert_equal(mine[name], other[name])
