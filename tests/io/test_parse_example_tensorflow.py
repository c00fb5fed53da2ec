"""`parse_example` beside TensorFlow's own, on records put together byte by byte and on damaged ones.

The rule: feedline gives what TensorFlow gives, or raises. Where TensorFlow fails feedline raises. Where only feedline
raises, it says CorruptExampleError, and TensorFlow has read something else than the record says: protobuf's own parser
refuses the record, or finds other values in it.
"""

import dataclasses
import os
import random
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")

from feedline.errors import CorruptExampleError, FeedlineError  # noqa: E402
from feedline.formats.wire import delimited, varint  # noqa: E402
from feedline.io.features import (  # noqa: E402
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    SparseFeature,
    VarLenFeature,
)
from feedline.io.parse_example import parse_example, parse_single_example  # noqa: E402
from feedline.ragged import RaggedTensor  # noqa: E402
from feedline.sparse import SparseTensor  # noqa: E402

NAMES = [
    "a",
    "b",
    "label",
    "image/encoded",
    "image/encodee",
    "a_rather_long_feature_name_1",
    "a_rather_long_feature_name_2",
    "",
]
DTYPES = {1: "string", 2: "float32", 3: "int64"}
SETTINGS = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def as_tensorflow(feature):
    """Returns TensorFlow's own object for one of feedline's features."""
    kind = getattr(tf.io, type(feature).__name__)
    values = {field.name: getattr(feature, field.name) for field in dataclasses.fields(feature)}
    values["dtype"] = tf.string if feature.dtype == object else tf.as_dtype(feature.dtype)
    for name in ("shape", "index_key", "size"):
        if isinstance(values.get(name), tuple):
            values[name] = list(values[name])
    if "row_splits_dtype" in values:
        values["row_splits_dtype"] = tf.as_dtype(feature.row_splits_dtype)
        values["partitions"] = [
            getattr(tf.io.RaggedFeature, type(part).__name__)(part.length if hasattr(part, "length") else part.key)
            for part in feature.partitions
        ]
        values["validate"] = True
    default = values.get("default_value")
    if default is not None:
        values["default_value"] = default.tolist()
    return kind(**values)


def outcome(parse, records, features):
    try:
        return parse(records, features)
    except (FeedlineError, tf.errors.OpError, ValueError) as error:
        return error


def assert_equal(ours, theirs):
    if isinstance(ours, RaggedTensor):
        assert isinstance(theirs, tf.RaggedTensor)
        assert_equal(ours.row_splits, theirs.row_splits)
        assert_equal(ours.values, theirs.values)
    elif isinstance(ours, SparseTensor):
        assert isinstance(theirs, tf.SparseTensor)
        for name in ("indices", "values", "dense_shape"):
            assert_equal(getattr(ours, name), getattr(theirs, name))
    else:
        theirs = theirs.numpy()
        assert np.shape(ours) == np.shape(theirs)
        if isinstance(ours, bytes):
            assert ours == theirs
            return
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        if np.asarray(ours).dtype == object:
            assert np.asarray(ours).tolist() == np.asarray(theirs).tolist()
        else:
            assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes()


def assert_same(ours, theirs):
    assert list(ours) == list(theirs)
    for name in ours:
        assert_equal(ours[name], theirs[name])


def protobuf_reads_something_else(records, theirs, features, parse):
    try:
        canonical = [tf.train.Example.FromString(record).SerializeToString() for record in records]
    except Exception:
        return True
    again = outcome(parse, canonical if parse is tf.io.parse_example else canonical[0], features)
    if isinstance(again, Exception):
        return True

    def plain(result):
        return {
            name: [np.asarray(part).tolist() for part in tf.nest.flatten(value, expand_composites=True)]
            for name, value in result.items()
        }

    return repr(plain(again)) != repr(plain(theirs))


def check(records, features):
    """Holds the rule for a batch, and for its first record alone."""
    theirs_features = {name: as_tensorflow(feature) for name, feature in features.items()}
    for given_records, ours_parse, theirs_parse in (
        (records, parse_example, tf.io.parse_example),
        (records[0], parse_single_example, tf.io.parse_single_example),
    ):
        ours = outcome(ours_parse, given_records, features)
        theirs = outcome(theirs_parse, given_records, theirs_features)
        if isinstance(theirs, Exception):
            assert isinstance(ours, FeedlineError), (ours, theirs)
            assert ours.row is not None
            assert ours.row < len(records)
        elif isinstance(ours, Exception):
            assert isinstance(ours, CorruptExampleError), (ours, theirs)
            batch = records if isinstance(given_records, list) else [given_records]
            assert protobuf_reads_something_else(batch, theirs, theirs_features, theirs_parse), (ours, theirs)
        else:
            assert_same(ours, theirs)


unknown_fields = st.sampled_from(
    [
        delimited(9, b"xyz"),
        varint(10 << 3) + varint(300),
        varint(11 << 3 | 5) + b"1234",
        varint(12 << 3 | 1) + b"12345678",
    ]
)


@st.composite
def value_lists(draw, kind, packed):
    """Returns the bytes of a list, and how many values it has."""
    size = draw(st.sampled_from([0, 1, 1, 2, 2, 3, 4, 7, 20]))
    if kind == 1:
        return b"".join(delimited(1, draw(st.binary(max_size=4))) for _ in range(size)), size
    if kind == 2:
        values = draw(st.lists(st.floats(width=32), min_size=size, max_size=size))
        runs = [struct.pack("<f", value) for value in values]
    else:
        integers = st.one_of(st.integers(-3, 300), st.integers(-(1 << 63), (1 << 63) - 1))
        runs = [varint(value) for value in draw(st.lists(integers, min_size=size, max_size=size))]
    if packed:
        return (delimited(1, b"".join(runs)) if size or draw(st.booleans()) else b""), size
    return b"".join((b"\x0d" if kind == 2 else b"\x08") + run for run in runs), size


@st.composite
def entries(draw, odd=True):
    """Returns a map entry: name, kind, number of values, whether it is packed (None: in part), and its bytes."""
    name = draw(st.sampled_from(NAMES[:-1] if odd else NAMES))
    kind = draw(st.integers(1, 3))
    packed = draw(st.booleans())
    body, size = draw(value_lists(kind, packed))
    feature = delimited(kind, body)
    style = draw(st.integers(0, 12)) if odd else 12
    if style == 0:
        feature = b""
    elif style == 1:
        feature += draw(unknown_fields)
    elif style == 2:
        feature = delimited(kind, body + draw(unknown_fields))
    elif style == 3:
        feature = delimited(kind, body + body)
        size *= 2
    elif style == 4 and size:
        feature += delimited(draw(st.integers(1, 3)), body)
    elif style == 5:
        feature = delimited(kind, delimited(1, b"") + body)
        packed = packed or (None if size and kind != 1 else False)
    parts = [delimited(1, name.encode()), delimited(2, feature)]
    if style == 6:
        parts.reverse()
    elif style == 7:
        parts.append(draw(unknown_fields))
    elif style == 8:
        parts.pop(draw(st.integers(0, 1)))
    return name, kind, size, packed, delimited(1, b"".join(parts))


@st.composite
def cases(draw):
    records, held = [], []
    for _ in range(draw(st.integers(1, 4))):
        record, known = b"", len(held)
        for _ in range(draw(st.integers(0, 3))):
            mine = draw(st.lists(entries(), max_size=5))
            held += mine
            record += delimited(1, b"".join(entry[-1] for entry in mine))
            if draw(st.integers(0, 3)) == 0:
                record += draw(unknown_fields)
        names = [entry[0] for entry in held[known:]]
        # TensorFlow reads the values of a list that is packed in part only up to there, which we refuse. Nothing shows
        # that it has, where another entry of the name takes the place of this one.
        assume(all(names.count(entry[0]) == 1 for entry in held[known:] if entry[3] is None))
        records.append(record)
    features = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        like = [entry for entry in held if entry[0] == name]
        kind, size = draw(st.sampled_from([(entry[1], entry[2]) for entry in like] or [(3, 1)]))
        dtype = DTYPES[kind]
        default = {"string": b"dflt", "float32": 0.5, "int64": -7}[dtype]
        way = draw(st.integers(0, 5))
        if way <= 2:
            shape = draw(
                st.sampled_from([[size]] + ([[]] if size == 1 else []) + ([[2, size // 2]] if size % 2 == 0 else []))
            )
            optional = draw(st.booleans()) and size
            features[name] = FixedLenFeature(
                shape, dtype, np.full(shape, default, object).tolist() if optional else None
            )
            # TensorFlow writes past its buffer where an unpacked FloatList is longer than the shape
            assume(not any(entry[1] == 2 and not entry[3] and entry[2] > size for entry in like))
        elif way == 3:
            features[name] = VarLenFeature(dtype)
        elif way == 4:
            features[name] = RaggedFeature(dtype, row_splits_dtype=draw(st.sampled_from(["int32", "int64"])))
        else:
            shape = draw(st.sampled_from([[], [2]]))
            padding = draw(st.sampled_from([None, default]))
            features[name] = FixedLenSequenceFeature(shape, dtype, True, padding)
    return records, features


@given(cases())
@SETTINGS
def test_hand_built_records(case):
    check(*case)


def example(**features):
    def feature(value):
        if isinstance(value[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
        if isinstance(value[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=value))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=value))

    made = {name: feature(value) for name, value in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString(deterministic=True)


RECORDS = [
    example(id=[7], x=[0.5] * 20, cat=[b"cat7"], toks=[1, 300, 70000, -1], splits=[0, 1, 4]),
    example(id=[300], x=[float(n) for n in range(20)], cat=[b"a longer name than eight"], toks=[5], splits=[0, 1]),
]
FEATURES = {
    "id": FixedLenFeature([], "int64"),
    "x": FixedLenFeature([4, 5], "float32"),
    "cat": FixedLenFeature([], "string"),
    "toks": VarLenFeature("int64"),
    "splits": RaggedFeature("int64"),
}


@pytest.mark.parametrize("seed", range(4))
def test_damaged_records(seed):
    chance = random.Random(seed)
    for _ in range(150):
        records = [bytearray(record) for record in RECORDS]
        damaged = chance.choice(records)
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            at = chance.randrange(len(damaged))
            way = chance.randrange(5)
            if way == 0:
                damaged[at] ^= 1 << chance.randrange(8)
            elif way == 1:
                damaged[at] = chance.choice([0, 1, 8, 10, 13, 18, 26, 127, 128, 255, chance.randrange(256)])
            elif way == 2:
                del damaged[at : at + chance.randrange(1, 9)]
            elif way == 3:
                damaged[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 5)))
            else:
                del damaged[at:]
            if not damaged:
                break
        records = [bytes(record) for record in records]
        names = chance.sample(sorted(FEATURES), chance.randrange(1, 6))
        check(records, {name: FEATURES[name] for name in names})


def test_every_truncation():
    for end in range(len(RECORDS[1])):
        check([RECORDS[1][:end]], FEATURES)


@given(
    st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=4),
    st.sampled_from(["RowSplits", "RowLengths", "RowStarts", "RowLimits", "ValueRowIds"]),
    st.sampled_from(["int32", "int64"]),
    st.booleans(),
)
@SETTINGS
def test_ragged_partitions(batch, way, splits_dtype, uniform):
    """Each record is a list of row lengths; the partition is written in each of its ways."""
    records = []
    for lengths in batch:
        ends = np.cumsum(lengths, dtype=int).tolist()
        parts = {
            "RowSplits": [0, *ends],
            "RowLengths": lengths,
            "RowStarts": [0, *ends][:-1],
            "RowLimits": ends,
            "ValueRowIds": np.repeat(np.arange(len(lengths)), lengths).tolist(),
        }[way]
        count = sum(lengths) * (2 if uniform else 1)
        ints = tf.train.Int64List
        made = {
            "v": tf.train.Feature(int64_list=ints(value=range(count))),
            "p": tf.train.Feature(int64_list=ints(value=parts)),
        }
        records.append(tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString())
    partitions = [getattr(RaggedFeature, way)("p")] + [RaggedFeature.UniformRowLength(2)] * uniform
    check(
        records,
        {
            "r": RaggedFeature("int64", "v", partitions, splits_dtype),
            "v": RaggedFeature("int64", row_splits_dtype=splits_dtype),
        },
    )


def test_nested_partitions_and_uniform_ones():
    records = [
        example(v=[3, 1, 4, 1, 5, 9], s1=[0, 2, 3, 3, 6], s2=[0, 2, 3, 4], u=[1, 2, 3, 4, 5, 6, 7, 8]),
        example(v=[2, 7, 1, 8, 2, 8, 1], s1=[0, 3, 4, 5, 7], s2=[0, 1, 1, 4], u=[1, 2, 3, 4]),
    ]
    part = RaggedFeature
    check(
        records,
        {
            "f2": RaggedFeature("int64", "v", [part.RowSplits("s1")]),
            "f3": RaggedFeature("int64", "v", [part.RowSplits("s2"), part.RowSplits("s1")]),
            "g1": RaggedFeature("int64", "u", [part.UniformRowLength(2)]),
            "g2": RaggedFeature("int64", "u", [part.UniformRowLength(2), part.UniformRowLength(2)]),
            "v": RaggedFeature("int64"),
        },
    )
    check(records, {"h": RaggedFeature("int64", "v", [part.UniformRowLength(2), part.RowSplits("s1")])})


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=4, unique=True), min_size=1, max_size=3
    ),
    st.booleans(),
)
@SETTINGS
def test_sparse_features(batch, already_sorted):
    records = []
    for indices in batch:
        indices = sorted(indices) if already_sorted else indices
        made = {}
        for name, values in (("i", [i for i, _ in indices]), ("j", [j for _, j in indices])):
            made[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        made["v"] = tf.train.Feature(float_list=tf.train.FloatList(value=np.arange(len(indices), dtype=float)))
        records.append(tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString())
    check(
        records,
        {"two": SparseFeature(["i", "j"], "v", "float32", [10, 4], already_sorted), "v": VarLenFeature("float32")},
    )
    if all(
        len({i for i, _ in indices}) == len(indices) for indices in batch
    ):  # equal indices have no order of their own
        check(records, {"one": SparseFeature("i", "v", "float32", 10, already_sorted)})


def test_an_empty_batch():
    features = {
        "f": FixedLenFeature([3], "float32"),
        "s": FixedLenFeature([], "string"),
        "v": VarLenFeature("int64"),
        "r": RaggedFeature("string"),
        "q": FixedLenSequenceFeature([2], "int64", True),
    }
    theirs = tf.io.parse_example(
        tf.zeros([0], tf.string), {name: as_tensorflow(feature) for name, feature in features.items()}
    )
    assert_same(parse_example([], features), theirs)


def test_tensors_are_accepted():
    theirs = tf.io.parse_example(RECORDS, {name: as_tensorflow(feature) for name, feature in FEATURES.items()})
    assert_same(parse_example(tf.constant(RECORDS), FEATURES), theirs)
    assert parse_single_example(tf.constant(RECORDS[0]), {"cat": FEATURES["cat"]}) == {"cat": b"cat7"}
