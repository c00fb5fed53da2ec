"""Every name of `feedline.train` beside `tf.train`'s: what its constructor and its methods take, give and refuse.

A name without a grid fails `test_every_public_name_has_a_grid`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")
sys.path.insert(0, str(Path(__file__).parents[1]))

from grids.compare import DTYPES, Case, value_of  # noqa: E402

from feedline import train  # noqa: E402
from feedline.errors import FeedlineError  # noqa: E402

VALUES = [
    [], [1], [0, -1, 127, 128, 300, 1 << 40, (1 << 63) - 1, -(1 << 63)], (1, 2), range(5), [True, False], [1.0], [1.5],
    [0.0, -0.0, 1e-40, 3.4e38, float("inf"), float("nan")], [1e39], [1 << 63], [-(1 << 63) - 1], [b""],
    [b"a\0b", b"\xff"],
    ["text"], ["\u00e9"], [None], None, 3, 2.5, b"ab", "ab", [[1]], [b"a", 1], [bytearray(b"x")], {1: 2}, iter([1, 2]),
]  # fmt: skip
ARRAYS = [value_of(name, shape) for name in DTYPES if name != "bfloat16" for shape in ((0,), (4,))]
ARRAYS += [value_of("int64", (2, 2)), np.int64(3), np.float32(2.5), np.array([b"a", b"bc"], object), np.array([b"ab"])]
NUMPY = [[one] for one in (np.int64(3), np.uint8(4), np.float32(0.5), np.float64(1.5), np.bool_(True), np.bytes_(b"x"))]
STRICTER = "does not fit float32|takes a list of values, not a bytes"
"""TensorFlow makes infinity of a number that is too large, and takes bytes for a list of small integers."""
WIDER = "boolean|numpy.bool|bytearray found"
"""Here a bool is an integer, as it is in Python, and a bytearray is bytes."""


def made(library, build: Callable) -> Callable:
    """Returns a function that gives the bytes of what is built of one library's classes."""

    def serialized(*arguments):
        return build(library, *[list(one) if isinstance(one, range) else one for one in arguments]).SerializeToString(
            deterministic=True
        )

    return serialized


def check(build: Callable, cases: list[Case]) -> None:
    """The arguments are plain values: neither library is given the other's tensors."""
    wrong, given = [], 0
    for case in cases:
        results = []
        for library, errors in ((train, FeedlineError), (tf.train, Exception)):
            try:
                results.append(made(library, build)(*case.arguments))
            except errors as error:
                results.append(error)
        ours, theirs = results
        if isinstance(theirs, Exception) != isinstance(ours, Exception):
            on_purpose = re.search(STRICTER, getattr(ours, "what", "")) or re.search(WIDER, str(theirs))
            if not on_purpose:
                wrong.append(f"{case}: {ours!r:.100}, but TensorFlow {theirs!r:.100}")
        elif not isinstance(ours, Exception):
            given += 1
            if ours != theirs:
                wrong.append(f"{case}: {ours!r:.60}, not {theirs!r:.60}")
        elif not ours.fix:
            wrong.append(f"{case}: no fix in {ours.what!r}")
    assert not wrong, "\n".join(wrong)
    assert given


def of_values(name: str) -> list[Case]:
    fresh = [value for value in VALUES if not hasattr(value, "__next__")]
    return [Case((value,)) for value in [*fresh, *ARRAYS, *NUMPY]]


def grid_list(name: str) -> None:
    def constructed(library, value):
        return getattr(library, name)(value=value)

    def extended(library, value):
        message = getattr(library, name)()
        message.value.extend(value)
        return message

    def appended(library, value):
        message = getattr(library, name)()
        message.value.append(value)
        return message

    check(constructed, of_values(name))
    check(extended, [case for case in of_values(name) if case.arguments[0] is not None])
    some = [value for value in [*VALUES[1:21], *NUMPY] if isinstance(value, list)]
    check(appended, [Case((one,)) for value in some for one in value[:3]])


def feature(library, kind: str, held: list):
    classes = {"int64_list": "Int64List", "float_list": "FloatList", "bytes_list": "BytesList"}
    return library.Feature(**{kind: getattr(library, classes[kind])(value=held)})


HELD = [("int64_list", [1, -2]), ("float_list", [0.5]), ("bytes_list", [b"x"]), ("int64_list", []), ("bytes_list", [])]


def grid_Feature() -> None:
    check(feature, [Case(one) for one in HELD])
    check(lambda library, _: library.Feature(), [Case((0,))])

    def two(library, first, second):
        message = feature(library, *first)
        getattr(message, second[0]).value.extend(second[1])
        return message

    def merged(library, first, second):
        message = feature(library, *first)
        message.MergeFrom(feature(library, *second))
        return message

    def cleared(library, first, second):
        message = feature(library, *first)
        message.ClearField(second[0])
        assert message.WhichOneof("kind") == (None if first[0] == second[0] else first[0])
        return message

    pairs = [Case((one, other)) for one in HELD for other in HELD]
    for build in (two, merged, cleared):
        check(build, pairs)

    def wrong(library, value):
        return library.Feature(int64_list=value)

    check(lambda library, value: wrong(library, value and library.FloatList()), [Case((None,)), Case((1,))])


MAPS = [
    {},
    {"a": HELD[0]},
    {"b": HELD[1], "a": HELD[2], "\u00e9": HELD[3]},
    {"": HELD[4]},
    {3: HELD[0]},
    {None: HELD[0]},
]


def features(library, described: dict):
    return library.Features(feature={name: feature(library, *held) for name, held in described.items()})


def grid_Features() -> None:
    check(features, [Case((described,)) for described in MAPS])

    def merged(library, one, other):
        message = features(library, one)
        message.MergeFrom(features(library, other))
        return message

    def filled(library, one, other):
        message = features(library, one)
        for name, held in other.items():
            getattr(message.feature[name], held[0]).value.extend(held[1])
        message.feature.MergeFrom(features(library, one).feature)
        return message

    pairs = [Case((one, other)) for one in MAPS[:4] for other in MAPS[:4]]
    check(merged, pairs)
    check(filled, pairs)
    check(lambda library, value: library.Features(feature=value), [Case((value,)) for value in (None, {}, {"a": 1}, 3)])


def grid_Example() -> None:
    def example(library, described):
        return library.Example(features=features(library, described))

    check(example, [Case((described,)) for described in MAPS])
    check(lambda library, value: library.Example(features=value), [Case((value,)) for value in (None, 3, "a")])

    def through(library, described):
        message = library.Example()
        assert message.MergeFromString(example(library, described).SerializePartialToString()) >= 0
        copy = library.Example()
        copy.CopyFrom(message)
        message.ClearField("features")
        assert not message.HasField("features")
        assert message.ByteSize() == 0
        assert copy.FindInitializationErrors() == []
        copy.DiscardUnknownFields()
        return copy

    check(through, [Case((described,)) for described in MAPS[:4]])
    check(
        lambda library, name: library.Example().ClearField(name) or library.Example(),
        [Case(("features",)), Case(("x",))],
    )


def grid_FeatureList() -> None:
    def made_of(library, held):
        return library.FeatureList(feature=[feature(library, *one) for one in held])

    def added(library, held):
        message = library.FeatureList()
        for kind, values in held:
            getattr(message.feature.add(), kind).value.extend(values)
        message.feature.extend([feature(library, *HELD[0])])
        return message

    cases = [Case((HELD[:count],)) for count in range(len(HELD) + 1)]
    check(made_of, cases)
    check(added, cases)
    check(lambda library, value: library.FeatureList(feature=value), [Case((value,)) for value in (None, [], [1], 3)])


def lists_of(library, described: dict):
    return {
        name: library.FeatureList(feature=[feature(library, *one) for one in held]) for name, held in described.items()
    }


LISTS = [{}, {"a": HELD[:2]}, {"b": [], "a": HELD}]


def grid_FeatureLists() -> None:
    check(
        lambda library, lists: library.FeatureLists(feature_list=lists_of(library, lists)),
        [Case((one,)) for one in LISTS],
    )


def grid_SequenceExample() -> None:
    def sequence(library, context, lists):
        lists = library.FeatureLists(feature_list=lists_of(library, lists))
        return library.SequenceExample(context=features(library, context), feature_lists=lists)

    def cleared(field, library, context, lists):
        message = sequence(library, context, lists)
        message.MergeFrom(sequence(library, context, lists))
        message.ClearField(field)
        assert not message.HasField(field)
        return message

    cases = [Case((context, lists)) for context in MAPS[:4] for lists in LISTS]
    check(sequence, cases)
    for field in ("context", "feature_lists"):
        check(partial(cleared, field), cases)
    check(lambda library, _: library.SequenceExample(), [Case((0,))])


GRIDS: dict[str, Callable[[], None]] = {
    name.removeprefix("grid_"): grid for name, grid in globals().copy().items() if name.startswith("grid_")
}
del GRIDS["list"]
for _name in ("Int64List", "FloatList", "BytesList"):
    GRIDS[_name] = partial(grid_list, _name)


def test_every_public_name_has_a_grid():
    assert sorted(GRIDS) == sorted(train.__all__)


@pytest.mark.parametrize("name", sorted(train.__all__))
def test_equals_tensorflow(name):
    GRIDS[name]()


@pytest.mark.parametrize("name", sorted(train.__all__))
def test_methods_are_those_of_protobuf(name):
    ours, theirs = getattr(train, name)(), getattr(tf.train, name)()
    fields = [field.name for field in theirs.DESCRIPTOR.fields]
    assert all(hasattr(ours, field) for field in fields)
    for method in (*("SerializeToString", "ParseFromString", "MergeFromString", "MergeFrom", "CopyFrom", "Clear"),
                   *("ByteSize", "IsInitialized", "ClearField", "DiscardUnknownFields", "FindInitializationErrors")
                   ):  # fmt: skip
        assert callable(getattr(ours, method))
        assert callable(getattr(theirs, method))
    with pytest.raises(
        AttributeError, match=rf"train.{name} has no 'SerializeToStrin'; did you mean .*SerializeToString"
    ):
        ours.SerializeToStrin()


def test_every_name_of_tensorflow_is_here_or_says_what_to_use():
    for name in dir(tf.train):
        if name.startswith("_") or name in train.__all__:
            continue
        with pytest.raises(AttributeError, match=rf"feedline.train has no '{name}'.+(did you mean|Instead)"):
            getattr(train, name)
