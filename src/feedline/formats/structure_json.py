"""Structures of specs as JSON, so that a stored dataset knows what its elements are.

A spec is `{"tensor": {"shape": [null, 3], "dtype": "float32"}}` (`ragged` and `sparse` likewise), a tuple is
`{"tuple": [...]}`, a dict `{"dict": [[key, value], ...]}`, None is null. Keys that are no text are `{"int": 3}` and the
like. Nothing is imported because a file says so: the class of a namedtuple or dataclass is looked up among the modules
that are loaded.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

from feedline.errors import FileFormatError, StructureError, with_article
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec, dtype_name

_FIX = "Use tuples, dicts, namedtuples and None around the components."


def encode_structure(structure: Any) -> Any:
    """Returns a structure of specs as what JSON can hold.

    A `defaultdict` becomes a dict: its default is a function, which cannot be stored.

    Args:
        structure: the structure.

    Raises:
        StructureError: something in it cannot be stored.

    Example:
        >>> encode_structure({"x": TensorSpec((2,), "int32")})
        {'dict': [['x', {'tensor': {'shape': [2], 'dtype': 'int32'}}]]}
    """
    kind = type(structure)
    if structure is None:
        return None
    if isinstance(structure, TensorSpec | RaggedTensorSpec | SparseTensorSpec):
        return _encode_spec(structure)
    if kind is collections.OrderedDict:
        return {"OrderedDict": _encode_items(structure)}
    if isinstance(structure, dict):
        return {"dict": _encode_items(structure)}
    if kind is tuple:
        return {"tuple": [encode_structure(value) for value in structure]}
    if isinstance(structure, tuple) and hasattr(kind, "_fields"):
        return {"namedtuple": _encode_class(kind, dict(zip(kind._fields, structure, strict=True)))}
    if dataclasses.is_dataclass(structure) and not isinstance(structure, type):
        fields = {field.name: getattr(structure, field.name) for field in dataclasses.fields(structure)}
        return {"dataclass": _encode_class(kind, fields)}
    raise StructureError(
        f"a structure with {with_article(kind.__name__)} cannot be stored: {structure!r:.80}.", fix=_FIX
    )


def _encode_spec(spec: Any) -> dict:
    fields: dict[str, Any] = {
        "shape": None if spec.shape is None else list(spec.shape),
        "dtype": dtype_name(spec.dtype),
    }
    if isinstance(spec, RaggedTensorSpec):
        fields |= {"ragged_rank": spec.ragged_rank, "row_splits_dtype": dtype_name(spec.row_splits_dtype)}
        return {"ragged": fields}
    if isinstance(spec, SparseTensorSpec):
        return {"sparse": fields}
    if spec.name is not None:
        fields["name"] = spec.name
    return {"tensor": fields}


def _encode_items(structure: dict) -> list:
    return [[_encode_key(key), encode_structure(value)] for key, value in structure.items()]


def _encode_key(key: Any) -> Any:
    if type(key) is str:
        return key
    if type(key) is bool or type(key) is int or type(key) is float:
        return {type(key).__name__: key}
    if type(key) is bytes:
        return {"bytes": key.decode("latin-1")}
    raise StructureError(f"a dict's key of type {type(key).__name__} cannot be stored: {key!r:.80}.", fix="Use text.")


def _encode_class(kind: type, fields: dict[str, Any]) -> dict:
    values = [[name, encode_structure(value)] for name, value in fields.items()]
    return {"module": kind.__module__, "name": kind.__qualname__, "fields": values}


def decode_structure(data: Any) -> Any:
    """Returns the structure of specs that `encode_structure` made this of.

    A namedtuple whose class is not loaded becomes one of a new class of that name.

    Args:
        data: the JSON, read.

    Raises:
        FileFormatError: it is none.
        StructureError: the class of a dataclass is not loaded.

    Example:
        >>> decode_structure({"tuple": [None, {"tensor": {"shape": None, "dtype": "string"}}]})
        (None, TensorSpec(shape=None, dtype=string))
    """
    if data is None:
        return None
    try:
        ((kind, content),) = data.items()
        return _DECODERS[kind](content)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, FileFormatError | StructureError):
            raise
        raise FileFormatError(f"this is no structure of specs: {data!r:.80}.", fix="Write the file again.") from error


def _decode_tensor(fields: dict) -> TensorSpec:
    return TensorSpec(_shape(fields["shape"]), fields["dtype"], fields.get("name"))


def _decode_ragged(fields: dict) -> RaggedTensorSpec:
    return RaggedTensorSpec(
        _shape(fields["shape"]), fields["dtype"], int(fields["ragged_rank"]), fields["row_splits_dtype"]
    )


def _decode_sparse(fields: dict) -> SparseTensorSpec:
    return SparseTensorSpec(_shape(fields["shape"]), fields["dtype"])


def _shape(lengths: list | None) -> tuple | None:
    return None if lengths is None else tuple(lengths)


def _decode_items(items: list) -> dict:
    return {_decode_key(key): decode_structure(value) for key, value in items}


_KEYS: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "float": float,
    "bool": bool,
    "bytes": lambda text: text.encode("latin-1"),
}


def _decode_key(key: Any) -> Any:
    if isinstance(key, str):
        return key
    ((kind, value),) = key.items()
    return _KEYS[kind](value)


def _loaded_class(content: dict) -> Any:
    """Returns a class by its name, where its module is loaded."""
    found: Any = sys.modules.get(content["module"])
    for part in content["name"].split("."):
        found = getattr(found, part, None)
    return found


def _decode_namedtuple(content: dict) -> Any:
    values = {name: decode_structure(value) for name, value in content["fields"]}
    found = _loaded_class(content)
    alike = isinstance(found, type) and issubclass(found, tuple) and getattr(found, "_fields", None) == tuple(values)
    kind: Any = found if alike else collections.namedtuple(content["name"].split(".")[-1], list(values))
    return kind(*values.values())


def _decode_dataclass(content: dict) -> Any:
    values = {name: decode_structure(value) for name, value in content["fields"]}
    kind = _loaded_class(content)
    name = f"{content['module']}.{content['name']}"
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise StructureError(
            f"the elements are of the dataclass {name}, which is not loaded.",
            fix=f"Import it first: import {content['module']}.",
        )
    if [field.name for field in dataclasses.fields(kind)] != list(values):
        raise StructureError(
            f"the dataclass {name} has other fields than when the elements were stored: {list(values)}.",
            fix="Store them again.",
        )
    made = object.__new__(kind)
    for field, value in values.items():
        object.__setattr__(made, field, value)
    return made


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "tensor": _decode_tensor,
    "ragged": _decode_ragged,
    "sparse": _decode_sparse,
    "tuple": lambda values: tuple(decode_structure(value) for value in values),
    "dict": _decode_items,
    "OrderedDict": lambda items: collections.OrderedDict(_decode_items(items)),
    "namedtuple": _decode_namedtuple,
    "dataclass": _decode_dataclass,
}


def fingerprint(data: Any) -> str:
    """Returns a short text that is another one for other JSON.

    Args:
        data: the JSON, read.

    Example:
        >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
        True
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
