import collections
import dataclasses
import json
import sys
import types
import typing

import pytest

import feedline as fl
from feedline.formats.structure_json import decode_structure, encode_structure, fingerprint

Pair = collections.namedtuple("Pair", ["first", "second"])


class Named(typing.NamedTuple):
    x: object
    y: object


@dataclasses.dataclass
class Record:
    x: object
    y: object = None


LEAF = fl.TensorSpec((None, 3), "float32")
STRUCTURES = [
    LEAF,
    None,
    (),
    {},
    (LEAF,),
    fl.TensorSpec(None, "string"),
    fl.TensorSpec((), "bfloat16", name="x"),
    fl.RaggedTensorSpec((None, None, 2), "int16", 1, "int32"),
    fl.SparseTensorSpec((4, None), "bool"),
    {"b": LEAF, "a": (LEAF, None, {"x": LEAF})},
    {3: LEAF, b"\xff": LEAF, True: LEAF, 0.5: None},
    collections.OrderedDict(b=LEAF, a=LEAF),
    Pair(LEAF, (LEAF,)),
    Named(LEAF, None),
]


@pytest.mark.parametrize("structure", STRUCTURES, ids=range(len(STRUCTURES)))
def test_structures_come_back(structure) -> None:
    text = json.dumps(encode_structure(structure))
    back = decode_structure(json.loads(text))
    assert back == structure
    assert type(back) is type(structure)
    if isinstance(structure, dict):
        assert list(back) == list(structure)


def test_dataclasses_come_back_where_their_class_is_loaded() -> None:
    module = types.ModuleType("a_module_of_the_user")
    Record.__module__ = module.__name__
    encoded = encode_structure(Record(LEAF, (LEAF,)))
    with pytest.raises(fl.errors.StructureError, match="import a_module_of_the_user"):
        decode_structure(encoded)
    module.Record = Record
    sys.modules[module.__name__] = module
    try:
        assert decode_structure(encoded) == Record(LEAF, (LEAF,))
        encoded["dataclass"]["fields"].pop()
        with pytest.raises(fl.errors.StructureError, match="other fields"):
            decode_structure(encoded)
    finally:
        del sys.modules[module.__name__]


def test_a_namedtuple_whose_class_is_not_loaded_becomes_one_of_that_name() -> None:
    encoded = encode_structure(Pair(LEAF, None))
    encoded["namedtuple"]["module"] = "no_such_module"
    back = decode_structure(encoded)
    assert back == (LEAF, None)
    assert type(back).__name__ == "Pair"
    assert back.first == LEAF
    encoded["namedtuple"]["module"], encoded["namedtuple"]["name"] = "os", "system"
    assert decode_structure(encoded).first == LEAF


@pytest.mark.parametrize("structure", [[LEAF], "text", {("a",): LEAF}, {LEAF}, fl.Dataset.range(3), 3])
def test_what_cannot_be_stored(structure) -> None:
    with pytest.raises(fl.errors.StructureError, match="cannot be stored"):
        encode_structure(structure)


@pytest.mark.parametrize(
    "data",
    [
        *(3, "x", [], {}, {"tuple": 3}, {"tensor": {}}, {"dict": [[1]]}, {"dict": {}, "tuple": []}, {"other": 1}),
        {"tensor": {"shape": "x", "dtype": "int32"}},
        {"tensor": {"shape": [1], "dtype": "no"}},
        {"tensor": {"shape": [-5], "dtype": "int32"}},
        {"dict": [[{"int": "x"}, None]]},
        {"namedtuple": {"module": "x", "name": "a b", "fields": [["1", None]]}},
        {"dataclass": {"module": "os", "name": "system", "fields": []}},
    ],
)
def test_what_is_no_structure_is_told(data) -> None:
    with pytest.raises(fl.errors.FeedlineError):
        decode_structure(data)


def test_fingerprints() -> None:
    assert fingerprint({"a": [1, None]}) == fingerprint(json.loads(json.dumps({"a": [1, None]})))
    assert fingerprint({"a": [1, None]}) != fingerprint({"a": [1, 0]})
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])
