"""The classes that say how a feature is read: what they take, refuse, and equal."""

import copy
import pickle

import numpy as np
import pytest

from feedline.errors import ArgumentError, DtypeError
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, SparseFeature, VarLenFeature

ALL = [
    FixedLenFeature([2], "int64", [1, 2]),
    FixedLenFeature((), "string", ""),
    FixedLenFeature([2, 1], "float32", np.array([[1], [2.5]])),
    VarLenFeature("float32"),
    FixedLenSequenceFeature([3], "string", True, b"pad"),
    RaggedFeature("int64", "v", [RaggedFeature.RowSplits("s"), RaggedFeature.UniformRowLength(2)], "int64", True),
    SparseFeature(["i", "j"], "v", "float32", [3, 4], True),
    SparseFeature("i", "v", "float32", 3),
]


@pytest.mark.parametrize("feature", ALL, ids=lambda feature: type(feature).__name__)
def test_features_equal_their_copies(feature):
    for again in (pickle.loads(pickle.dumps(feature)), copy.deepcopy(feature)):
        assert again == feature
        assert hash(again) == hash(feature)
    assert sum(other == feature for other in ALL) == 1


def test_contents_decide_what_is_equal():
    assert FixedLenFeature([], "int64", 1) == FixedLenFeature((), np.int64, np.array(1))
    assert FixedLenFeature([], "int64", 1) != FixedLenFeature([], "int64", 2)
    assert FixedLenFeature([], "int64") != FixedLenFeature([], "float32")
    assert RaggedFeature("int64", "a", [RaggedFeature.RowSplits("s")]) != RaggedFeature(
        "int64", "a", [RaggedFeature.RowLengths("s")]
    )
    assert VarLenFeature("int64") != RaggedFeature("int64")
    assert VarLenFeature("int64") != 3


def test_the_arguments_can_be_read():
    feature = FixedLenFeature([2], "float32", [1, 2])
    assert feature.shape == (2,)
    assert feature.dtype == np.float32
    assert feature.default_value.dtype == np.float32
    assert not feature.default_value.flags.writeable
    assert FixedLenFeature(3, "int64").shape == (3,)
    with pytest.raises(AttributeError):
        feature.shape = (3,)


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: FixedLenFeature([], "int32"), DtypeError, 'Read the feature as "int64", then feedline.cast'),
        (lambda: FixedLenFeature([], "uint8"), DtypeError, '"int64"'),
        (lambda: FixedLenFeature([], "float64"), DtypeError, '"float32"'),
        (lambda: VarLenFeature("bool"), DtypeError, "not bool"),
        (lambda: VarLenFeature(None), DtypeError, "no dtype"),
        (lambda: RaggedFeature("int64", row_splits_dtype="int16"), DtypeError, "int32 or int64"),
        (lambda: FixedLenFeature(None, "int64"), ArgumentError, "no shape"),
        (lambda: FixedLenFeature([None], "int64"), ArgumentError, "FixedLenSequenceFeature"),
        (lambda: FixedLenFeature([2], "int64", 3), ArgumentError, "has 1 elements"),
        (lambda: FixedLenFeature([], "int64", 1.5), ArgumentError, "is 1.5"),
        (lambda: FixedLenFeature([], "int64", 1 << 63), ArgumentError, "int64"),
        (lambda: FixedLenFeature([], "int64", b"x"), ArgumentError, "int64"),
        (lambda: FixedLenFeature([], "float32", 1e39), ArgumentError, "float32"),
        (lambda: FixedLenFeature([], "float32", "x"), ArgumentError, "float32"),
        (lambda: FixedLenFeature([], "string", 3), ArgumentError, "Give bytes"),
        (lambda: FixedLenSequenceFeature([0], "int64", True), ArgumentError, "holds no value"),
        (lambda: FixedLenSequenceFeature([], "int64", True, [1, 2]), ArgumentError, "2 elements"),
        (lambda: RaggedFeature("int64", ""), ArgumentError, "value_key"),
        (lambda: RaggedFeature("int64", partitions=["s"]), ArgumentError, "not a partition"),
        (lambda: RaggedFeature("int64", partitions=RaggedFeature.RowSplits("s")), ArgumentError, "list"),
        (lambda: RaggedFeature.RowSplits(3), ArgumentError, "name"),
        (lambda: RaggedFeature.UniformRowLength(0), ArgumentError, "1 or more"),
        (lambda: SparseFeature([], "v", "int64", []), ArgumentError, "names"),
        (lambda: SparseFeature(["i"], "v", "int64", 3), ArgumentError, "size"),
        (lambda: SparseFeature("i", "v", "int64", [3]), ArgumentError, "size"),
        (lambda: SparseFeature(["i", "j"], "v", "int64", [3]), ArgumentError, "size"),
        (lambda: SparseFeature("i", "", "int64", 3), ArgumentError, "names"),
    ],
)
def test_what_cannot_be_read_is_refused(make, error, says):
    with pytest.raises(error) as caught:
        make()
    assert says in str(caught.value)


def test_an_empty_default_has_the_shape_of_nothing():
    assert FixedLenFeature([0], "int64", []).default_value.shape == (0,)
    assert FixedLenFeature([2, 0], "string", []).default_value.shape == (2, 0)
