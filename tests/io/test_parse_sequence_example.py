"""`parse_sequence_example` against golden files, and what it says when something is wrong."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from feedline.errors import (
    ArgumentError,
    FeatureDtypeError,
    FeatureLengthError,
    MissingFeatureError,
    StructureError,
)
from feedline.io import features as feature_module
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, VarLenFeature
from feedline.io.parse_sequence_example import parse_sequence_example, parse_single_sequence_example
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.train import BytesList, Example, Feature, FeatureList, FeatureLists, Features, FloatList, Int64List
from feedline.train import SequenceExample as Sequence

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


@pytest.mark.parametrize("case", GOLDEN["sequences"], ids=lambda case: case["name"])
def test_what_tensorflow_reads_of_sequences(case):
    records = [base64.b64decode(text) for text in case["records"]]
    asked = as_features(case["context"]), as_features(case["sequence"])
    for ours, wanted in zip(parse_sequence_example(records, *asked), case["batch"], strict=True):
        assert_golden_dict(ours, wanted)
    for one, wanted in zip(records, case["singles"], strict=True):
        for ours, part in zip(parse_single_sequence_example(one, *asked), wanted, strict=True):
            assert_golden_dict(ours, part)


def sequence(**lists):
    held = {name: FeatureList(feature=[feature(values) for values in steps]) for name, steps in lists.items()}
    return Sequence(
        context=Features(feature={"id": feature([4])}), feature_lists=FeatureLists(feature_list=held)
    ).SerializeToString()


@pytest.mark.parametrize(
    ("context", "features", "error", "says"),
    [
        (None, {"y": FixedLenSequenceFeature([], "int64")}, MissingFeatureError, "feature list 'y'"),
        (None, {"x": FixedLenSequenceFeature([2], "int64")}, FeatureLengthError, "step 1 of the feature list"),
        (None, {"x": FixedLenSequenceFeature([], "int64")}, FeatureLengthError, "step 0 of the feature list"),
        (None, {"x": VarLenFeature("float32")}, FeatureDtypeError, "step 0 of the feature list"),
        (None, {"r": RaggedFeature("int64", "x", [RaggedFeature.RowLengths("n")])}, FeatureLengthError, "'n'"),
        ({"id": FixedLenFeature([2], "int64")}, None, FeatureLengthError, "takes 2"),
        ({"no": FixedLenFeature([], "int64")}, None, MissingFeatureError, "'id' (int64)"),
    ],
)
def test_what_a_sequence_holds_otherwise(context, features, error, says):
    records = [sequence(x=[[1, 2], [3]], n=[[1, 1], [2]])]
    with pytest.raises(error) as caught:
        parse_sequence_example(records, context, features)
    assert says in str(caught.value)
    assert caught.value.row == 0
    assert caught.value.where[-1] == "record 0 of the batch"
    with pytest.raises(error):
        parse_single_sequence_example(records[0], context, features)


def test_features_that_a_sequence_cannot_have():
    one = sequence(x=[[1]])
    with pytest.raises(ArgumentError, match="neither"):
        parse_single_sequence_example(one)
    with pytest.raises(StructureError):
        parse_single_sequence_example(one, {"a": FixedLenSequenceFeature([], "int64")})
    with pytest.raises(StructureError):
        parse_single_sequence_example(one, None, {"a": FixedLenFeature([], "int64")})
    with pytest.raises(ArgumentError, match="default_value"):
        parse_single_sequence_example(one, None, {"a": FixedLenSequenceFeature([], "int64", True, 3)})
