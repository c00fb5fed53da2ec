"""Grids of what reads Examples: features, `parse_example` and its kin."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from grids.compare import Case, compare

from feedline import io, train

FEATURES = {
    "int": train.Int64List(value=[3]), "ints": train.Int64List(value=[1, -2, 1 << 40, 4]), "none": train.Int64List(),
    "float": train.FloatList(value=[0.5]), "floats": train.FloatList(value=[1, 2.5, float("nan"), -1]),
    "text": train.BytesList(value=[b"a\0b"]), "texts": train.BytesList(value=[b"", b"\xff", b"xy", b"z"]),
    "at": train.Int64List(value=[3, 0, 2, 1]), "cut": train.Int64List(value=[0, 1, 4]),
    "long": train.Int64List(value=[1, 3]),
}  # fmt: skip
FIELDS = {train.Int64List: "int64_list", train.FloatList: "float_list", train.BytesList: "bytes_list"}


def record(*names: str) -> bytes:
    feature = {name: train.Feature(**{FIELDS[type(FEATURES[name])]: FEATURES[name]}) for name in names}
    return train.Example(features=train.Features(feature=feature)).SerializeToString()


WHOLE = record(*FEATURES)
RECORDS = [[WHOLE], [WHOLE, WHOLE], [WHOLE, record()], [record("ints")], [b"not an Example"], [WHOLE[:-3]]]
Recipe = Callable[[object], dict]


def parsed(library, single: bool):
    """Returns a function of records and a recipe, which makes the features out of the library's own classes."""

    def parse(records, recipe, **options):
        features = recipe(library)
        if single:
            return library.parse_single_example(records[0] if records else b"", features, **options)
        return library.parse_example(records, features, **options)

    return parse


def check_features(recipes: list[Recipe], stricter: str = "", wider: str = "") -> None:
    for single in (False, True):
        cases = [Case((records, recipe)) for records in RECORDS for recipe in recipes]
        compare(parsed(io, single), parsed(tf.io, single), cases, stricter=stricter, wider=wider)


def recipe_of(kind: str, name: str, *arguments, **options) -> Recipe:
    def make(library):
        return {name: getattr(library, kind)(*arguments, **options)}

    make.__name__ = f"{kind}({name!r}, {arguments}, {options})"
    return make


WRONG_DTYPES = [tf.int32, tf.float64, tf.uint8, tf.bool]
KINDS = [("int", tf.int64, 5), ("float", tf.float32, 0.25), ("text", tf.string, b"d")]


def grid_FixedLenFeature() -> None:
    recipes = []
    for name, dtype, default in KINDS:
        recipes += [recipe_of("FixedLenFeature", name, shape, dtype) for shape in ([], [1], (1, 1), [2], [None])]
        recipes += [recipe_of("FixedLenFeature", f"{name}s", shape, dtype) for shape in ([4], [2, 2], [], [3])]
        recipes += [recipe_of("FixedLenFeature", f"{name}z", shape, dtype, value)
                    for shape, value in (([], default), ([2], [default] * 2), ([2], [default]), ([1], default))
                    ]  # fmt: skip
        recipes += [recipe_of("FixedLenFeature", name, [], other[1]) for other in KINDS]
    recipes += [recipe_of("FixedLenFeature", "int", [], dtype) for dtype in WRONG_DTYPES]
    recipes += [
        recipe_of("FixedLenFeature", "none", [0], tf.int64),
        recipe_of("FixedLenFeature", "intz", [0], tf.int64),
    ]
    check_features(recipes)


def grid_VarLenFeature() -> None:
    names = [*FEATURES, "absent"]
    recipes = [recipe_of("VarLenFeature", name, dtype) for name in names for dtype in (tf.int64, tf.float32, tf.string)]
    check_features(recipes + [recipe_of("VarLenFeature", "int", dtype) for dtype in WRONG_DTYPES])


def grid_FixedLenSequenceFeature() -> None:
    recipes = []
    for name, dtype, default in KINDS:
        for shape, padding, missing in itertools.product(([], [2], [2, 2], [3]), (None, default), (True, False)):
            recipes += [recipe_of("FixedLenSequenceFeature", f"{name}s", shape, dtype, missing, padding)]
    recipes += [recipe_of("FixedLenSequenceFeature", name, [], tf.int64, True) for name in ("none", "absent", "text")]
    check_features(recipes)


def grid_RaggedFeature() -> None:
    def cut(*parts, splits=tf.int32):
        def make(library):
            ragged = library.RaggedFeature
            partitions = [getattr(ragged, part)(argument) for part, argument in parts]
            return {"cut up": ragged(tf.int64, "ints", partitions, splits, validate=True)}

        make.__name__ = f"RaggedFeature{parts}"
        return make

    one = [("RowSplits", "cut"), ("RowLengths", "long"), ("RowStarts", "cut"), ("RowLimits", "cut"),
           ("ValueRowIds", "cut"), ("UniformRowLength", 2), ("RowLengths", "at"), ("UniformRowLength", 3)]  # fmt: skip
    recipes = [cut(part, splits=splits) for part in one for splits in (tf.int32, tf.int64)]
    recipes += [
        cut(),
        cut(("UniformRowLength", 1), ("RowSplits", "cut")),
        cut(("RowLengths", "long"), ("UniformRowLength", 1)),
    ]
    recipes += [recipe_of("RaggedFeature", name, dtype) for name in FEATURES for dtype in (tf.int64, tf.string)]
    recipes += [recipe_of("RaggedFeature", "x", tf.float32, "floats"), recipe_of("RaggedFeature", "int", tf.int32)]
    # Without any row starts, TensorFlow drops the values without a word.
    check_features(recipes, stricter="covers another number of values")


def grid_SparseFeature() -> None:
    def with_index(*arguments, **options):
        return recipe_of("SparseFeature", "sparse", *arguments, **options)

    recipes = [with_index("at", name, dtype, 4) for name, dtype in (("ints", tf.int64), ("floats", tf.float32))]
    recipes += [with_index("at", "texts", tf.string, 9), with_index("at", "texts", tf.string, 3)]
    recipes += [with_index(["at", "at"], "ints", tf.int64, [4, 5]), with_index("cut", "ints", tf.int64, 9)]
    recipes += [with_index("absent", "none", tf.int64, 9), with_index("at", "ints", tf.int32, 4)]
    # TensorFlow looks at indices beyond the size only where it sorts; `already_sorted` leaves out the look.
    check_features(recipes, stricter="holds the index")


def _several(library):
    return {
        "int": library.FixedLenFeature([], tf.int64), "texts": library.VarLenFeature(tf.string),
        "sparse": library.SparseFeature("at", "floats", tf.float32, 9),
        "ragged": library.RaggedFeature(tf.int64, "ints"),
        "floats2": library.FixedLenSequenceFeature([], tf.float32, True),
    }  # fmt: skip


def grid_parse_example() -> None:
    cases = [Case((records, _several)) for records in RECORDS]
    cases += [Case((RECORDS[1], _several), {"example_names": names}) for names in (["a", "b"], [], ["a"])]
    compare(parsed(io, False), parsed(tf.io, False), cases)
    bad = [lambda _: {}, lambda _: {"a": 3}, lambda library: {3: library.VarLenFeature(tf.int64)}, lambda _: None]
    bad += [lambda library: [library.VarLenFeature(tf.int64)]]
    compare(parsed(io, False), parsed(tf.io, False), [Case((RECORDS[0], one)) for one in (_several, *bad)])
    inputs = [WHOLE, [[WHOLE]], 3, np.array(WHOLE, object)]
    # A list of lists TensorFlow refuses, as here.
    compare(parsed(io, False), parsed(tf.io, False), [Case((one, _several)) for one in inputs])


def grid_parse_single_example() -> None:
    compare(parsed(io, True), parsed(tf.io, True), [Case((records, _several)) for records in RECORDS])


def sequence(*steps: int, **lists: list) -> bytes:
    example = train.SequenceExample()
    example.context.feature["id"].int64_list.value.append(7)
    for name, values in lists.items():
        for value in values:
            example.feature_lists.feature_list[name].feature.add().int64_list.value.extend(value)
    return example.SerializeToString()


SEQUENCES = [
    [sequence(x=[[1], [2], [3]], y=[[1, 2], []])],
    [sequence(x=[[1]], y=[[1]]), sequence(x=[[1], [2]], y=[[], [1, 2, 3]])],
    [sequence(x=[[1]])], [sequence(y=[[1]])], [sequence(x=[[1, 2]], y=[[1]])], [b"junk"], [sequence(x=[], y=[])],
]  # fmt: skip


def sequences(library, single: bool):
    def parse(records, recipe, **options):
        arguments = recipe(library)
        if single:
            return library.parse_single_sequence_example(records[0], *arguments, **options)
        return library.parse_sequence_example(records, *arguments, **options)

    return parse


def _context(library):
    return {"id": library.FixedLenFeature([], tf.int64), "tag": library.VarLenFeature(tf.string)}, None


def _both(library):
    lists = {"x": library.FixedLenSequenceFeature([], tf.int64), "y": library.VarLenFeature(tf.int64)}
    return {"id": library.FixedLenFeature([], tf.int64)}, lists


def _lists(library):
    return None, {"y": library.RaggedFeature(tf.int64), "x": library.FixedLenSequenceFeature([], tf.int64, True)}


def grid_parse_sequence_example(single: bool = False) -> None:
    cases = [Case((records, recipe)) for records in SEQUENCES for recipe in (_context, _both, _lists)]
    cases += [Case((SEQUENCES[0], recipe)) for recipe in (lambda _: (None, None), lambda _: ({}, {"x": 3}))]
    # TensorFlow takes some damaged records for empty ones.
    compare(sequences(io, single), sequences(tf.io, single), cases, stricter="not a well-formed SequenceExample")


def grid_parse_single_sequence_example() -> None:
    grid_parse_sequence_example(single=True)
