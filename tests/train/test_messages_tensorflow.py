"""The messages of `feedline.train` beside those of `tf.train`."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")

from feedline import train  # noqa: E402

SETTINGS = settings(deadline=None, max_examples=80)
values = st.one_of(
    st.tuples(st.just("int64_list"), st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=80)),
    st.tuples(st.just("bytes_list"), st.lists(st.binary(max_size=200), max_size=5)),
    st.tuples(st.just("float_list"), st.lists(st.floats(width=32), max_size=80)),
    st.tuples(st.just("float_list"), st.lists(st.floats(-1e30, 1e30), max_size=5)),
)
maps = st.dictionaries(st.text(max_size=12), values, max_size=6)
CLASSES = {"int64_list": "Int64List", "bytes_list": "BytesList", "float_list": "FloatList"}


def feature(module, kind, held):
    return module.Feature(**{kind: getattr(module, CLASSES[kind])(value=held)})


def features(module, described):
    return module.Features(feature={name: feature(module, *held) for name, held in described.items()})


@given(maps)
@SETTINGS
def test_examples_are_the_same_bytes(described):
    ours = train.Example(features=features(train, described))
    theirs = tf.train.Example(features=features(tf.train, described))
    serialized = theirs.SerializeToString(deterministic=True)
    assert ours.SerializeToString() == serialized
    assert train.Example.FromString(theirs.SerializeToString()).SerializeToString() == serialized
    assert sorted(str(ours).splitlines()) == sorted(str(theirs).splitlines())
    for name in described:
        assert ours.features.feature[name].WhichOneof("kind") == theirs.features.feature[name].WhichOneof("kind")


@given(maps, st.dictionaries(st.text(max_size=5), st.lists(values, max_size=4), max_size=4))
@SETTINGS
def test_sequence_examples_are_the_same_bytes(context, lists):
    def made(module):
        steps = {
            name: module.FeatureList(feature=[feature(module, *held) for held in items])
            for name, items in lists.items()
        }
        return module.SequenceExample(
            context=features(module, context), feature_lists=module.FeatureLists(feature_list=steps)
        )

    serialized = made(tf.train).SerializeToString(deterministic=True)
    assert made(train).SerializeToString() == serialized
    assert train.SequenceExample.FromString(serialized).SerializeToString() == serialized


@given(
    st.binary(max_size=40),
    st.sampled_from(["Example", "SequenceExample", "Feature", "Int64List", "FloatList", "BytesList"]),
)
@settings(deadline=None, max_examples=400)
def test_what_protobuf_reads_is_read_alike(garbage, name):
    try:
        theirs = getattr(tf.train, name).FromString(garbage)
    except Exception:
        theirs = None
    try:
        ours = getattr(train, name).FromString(garbage)
    except train.message.CorruptExampleError:
        ours = None
    assert (ours is None) == (theirs is None)
    if ours is not None:
        theirs.DiscardUnknownFields()
        assert ours.SerializeToString() == theirs.SerializeToString(deterministic=True)
