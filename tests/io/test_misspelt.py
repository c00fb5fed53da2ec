"""A feature with a default, or of any length, that is misspelt is told once."""

import warnings

import pytest

from feedline.errors import FeedlineWarning
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, VarLenFeature
from feedline.io.misspelt import RECORDS, near_names
from feedline.io.parse_example import parse_example, parse_single_example
from feedline.io.parse_sequence_example import parse_sequence_example, parse_single_sequence_example
from feedline.train import BytesList, Example, Feature, Features, FloatList, Int64List, SequenceExample


def record(**values):
    kinds = {int: ("int64_list", Int64List), float: ("float_list", FloatList), bytes: ("bytes_list", BytesList)}
    feature = {}
    for name, value in values.items():
        field, kind = kinds[type(value[0])]
        feature[name] = Feature(**{field: kind(value=value)})
    return Example(features=Features(feature=feature)).SerializeToString()


def told(function, *arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments)
    return [str(one.message) for one in caught if issubclass(one.category, FeedlineWarning)]


@pytest.mark.parametrize(
    "asked",
    [FixedLenFeature([], "int64", 0), VarLenFeature("int64"), RaggedFeature("int64"),
     FixedLenSequenceFeature([], "int64", True)],
    ids=lambda asked: type(asked).__name__,
)  # fmt: skip
def test_a_batch_is_told_once(asked):
    records, features = [record(label=[3], id=[1])] * 4, {"lable": asked, "id": FixedLenFeature([], "int64")}
    with pytest.warns(FeedlineWarning, match=r"'lable' is asked for.+first 4 records.+'label' \(int64\).+Did you mean"):
        parse_example(records, features)
    assert told(parse_example, records, features) == []


def test_the_warning_is_told_at_the_users_line():
    with pytest.warns(FeedlineWarning) as caught:
        parse_example([record(weight=[1.0])], {"wieght": FixedLenFeature([], "float32", 1.0)})
    assert caught[0].filename == __file__


def test_single_records_are_told_after_a_few():
    features = {"captoin": VarLenFeature("string")}
    one = record(caption=[b"a cat"])
    assert [len(told(parse_single_example, one, features)) for _ in range(RECORDS + 2)] == [0] * 7 + [1, 0, 0]
    assert "first 8 records" in told(parse_example, [one] * 20, {"captino": VarLenFeature("string")})[0]


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ({"label": [1]}, {"label": VarLenFeature("int64")}),
        ({"label": [1]}, {"other": VarLenFeature("int64")}),
        ({"label": [1]}, {"lable": VarLenFeature("float32")}),  # of another kind
        ({"label": [1], "labels": [2]}, {"label": FixedLenFeature([], "int64", 0)}),
        ({"labels": [2]}, {"label": FixedLenFeature([], "int64", 0), "labels": FixedLenFeature([], "int64")}),
        ({"xmax": [2.0]}, {"xmin": VarLenFeature("float32")}),
        ({"feature_2": [2]}, {"feature_1": VarLenFeature("int64")}),
        ({"a": [2]}, {"b": VarLenFeature("int64")}),
    ],
)
def test_what_is_right_is_not_told(held, asked):
    assert told(parse_example, [record(**held)] * 9, asked) == []


def test_a_feature_that_some_record_has_is_not_told():
    records = [record(labels=[1])] * 5 + [record(label=[1])]
    assert told(parse_example, records, {"label": FixedLenFeature([], "int64", -1)}) == []
    assert told(parse_example, [], {"label": FixedLenFeature([], "int64", -2)}) == []


def sequence():
    example = SequenceExample()
    example.context.feature["length"].int64_list.value.append(2)
    for step in range(2):
        example.feature_lists.feature_list["tokens"].feature.add().int64_list.value.append(step)
    return example.SerializeToString()


def test_sequences_are_told():
    context, lists = {"lenght": FixedLenFeature([], "int64", 0)}, {"token": VarLenFeature("int64")}
    found = told(parse_sequence_example, [sequence()] * 3, context, lists)
    assert len(found) == 2
    assert "feature 'lenght'" in found[0]
    assert "feature list 'token'" in found[1]
    lists["tokens"] = FixedLenSequenceFeature([], "int64")
    assert told(parse_sequence_example, [sequence()] * 3, None, lists) == []
    features = {"token": FixedLenSequenceFeature([], "int64", True)}
    told_at = [len(told(parse_single_sequence_example, sequence(), None, features)) for _ in range(RECORDS + 1)]
    assert told_at == [0] * 7 + [1, 0]


@pytest.mark.parametrize(
    ("name", "other", "near"),
    [
        ("image", "imaeg", True), ("image", "imag", True), ("labels", "label", True), ("image", "mage", True),
        ("image/encoded", "image/enocded", True), ("image/encoded", "image_encoded", True), ("Image", "image", True),
        ("imageHeight", "image_height", True), ("description", "descrpition", True),
        ("desription", "descriptoin", True),
        ("image", "label", False), ("xmin", "xmax", False), ("f1", "f2", False), ("feature12", "feature13", False),
        ("id", "ix", False), ("", "a", False),
        ("image/width", "image/height", False), ("a" * 500, "a" * 499 + "b", False),
        ("start", "end", False), ("image/class", "image/class/label", False),
    ],
)  # fmt: skip
def test_near_names(name, other, near):
    assert near_names(name, other) == near
    assert near_names(other, name) == near
