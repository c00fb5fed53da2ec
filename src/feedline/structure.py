"""Nested structures: tuples, dicts, namedtuples, dataclasses and None around the components of an element.

A list is not structure but a value, as in `tf.data`: it becomes one array.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optree

from feedline.classes import NAMESPACE, is_structured
from feedline.errors import DtypeError, StructureError, with_article
from feedline.lists import LARGEST_FLOAT32, array_of_list, as_unmasked, python_float, python_integer
from feedline.nested import DatasetComponent
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import (
    DatasetSpec,
    RaggedTensorSpec,
    Shape,
    SparseTensorSpec,
    TensorSpec,
    as_dtype,
    merge_shapes,
    string,
)
from feedline.strings import PackedStrings

Treedef = optree.PyTreeSpec


def _is_leaf(value: Any) -> bool:
    return not is_structured(type(value)) and isinstance(value, list)


def flatten(structure: Any, *, none_is_leaf: bool = False) -> tuple[list[Any], Treedef]:
    """Returns the components of a structure, dict entries in the order of their sorted keys, and its shape as a tree.

    Args:
        structure: the structure.
        none_is_leaf: whether None counts as a component.

    Example:
        >>> flatten({"b": 1, "a": (2, [3, 4])})[0]
        [2, [3, 4], 1]
    """
    leaves, treedef = optree.tree_flatten(structure, is_leaf=_is_leaf, none_is_leaf=none_is_leaf, namespace=NAMESPACE)
    return leaves, treedef


def flatten_as(treedef: Treedef, structure: Any, giver: str) -> list[Any]:
    """Returns the components of a structure that must be of the tree `treedef`.

    Args:
        treedef: the tree.
        structure: the structure.
        giver: who gave it, for the message ("the generator").

    Raises:
        StructureError: it is of another tree.
    """
    try:
        leaves = treedef.flatten_up_to(structure)
    except (ValueError, TypeError):
        leaves = None
    if leaves is not None and not _any_has_parts(leaves):
        return leaves
    got = flatten(structure)[1]
    raise StructureError(
        f"{giver} gave {describe_tree(got)} where the elements before have {describe_tree(treedef)}.",
        fix="Give the same structure for every element.",
    )


_SCALARS = frozenset(np.dtype(code).type for code in "?bhilqBHILQefdFD")
_WITHOUT_PARTS = _SCALARS | {np.ndarray, bytes, int, float, bool, str}

NUMBER_TYPES = _SCALARS
"""The types of NumPy's numbers that are components as they are."""

AS_IT_IS = _SCALARS | {bytes}
"""Types whose objects `as_component` gives back: asking whether a type is one of them is cheaper than calling it."""


def _any_has_parts(leaves: list[Any]) -> bool:
    return not _WITHOUT_PARTS.issuperset(map(type, leaves)) and any(_has_parts(leaf) for leaf in leaves)


def _has_parts(value: Any) -> bool:
    return value is None or isinstance(value, dict | tuple) or is_structured(type(value))


def is_one_component(treedef: Treedef) -> bool:
    """Says whether a structure is a component by itself."""
    return treedef == _ONE


def is_tuple_of_components(treedef: Treedef) -> bool:
    """Says whether a structure is a plain tuple with nothing but components in it.

    Example:
        >>> [is_tuple_of_components(flatten(structure)[1]) for structure in [(1, 2), (1, (2, 3)), {"a": 1}]]
        [True, False, False]
    """
    count = treedef.num_leaves
    known = _TUPLES.get(count)
    if known is None:
        known = _TUPLES[count] = flatten((0,) * count)[1]
    return treedef == known


_ONE = flatten(0)[1]
_TUPLES: dict[int, Treedef] = {}


def unflatten(treedef: Treedef, leaves: Sequence[Any]) -> Any:
    """Returns the structure of tree `treedef` with these components."""
    return treedef.unflatten(leaves)


class PortableTree:
    """A tree as it is pickled: another process has to learn the classes in it, which pickle does not tell it.

    Args:
        treedef: the tree.
    """

    def __init__(self, treedef: Treedef) -> None:
        self.example = treedef.unflatten(range(treedef.num_leaves))

    def treedef(self) -> Treedef:
        """Returns the tree."""
        return flatten(self.example)[1]


def describe_tree(treedef: Treedef) -> str:
    """Returns a tree for people: `(*, {'a': *})`.

    Example:
        >>> describe_tree(flatten((1, {"a": 2}))[1])
        "(*, {'a': *})"
    """
    text = str(treedef)
    text = text.removeprefix("PyTreeSpec(").removesuffix(")")
    text = text.split(", namespace=")[0].split(", NoneIsLeaf")[0]
    return "one component" if text == "*" else _OF_CLASS.sub(r"\1(", text)


_OF_CLASS = re.compile(r"CustomTreeNode\(([^\[]*)\[[^\]]*\], ")


def component_names(treedef: Treedef) -> list[str]:
    """Returns a name for each component: its path, such as `[0]['image']`, or `component` where there is only one."""
    paths = optree.treespec_paths(treedef)
    names = ["".join(f"[{key!r}]" for key in path) for path in paths]
    return ["the element" if name == "" else f"component {name}" for name in names]


def places_in(other: Treedef, treedef: Treedef) -> list[int] | None:
    """Returns where the components of `treedef` are among those of another tree; None where the two are not alike.

    Alike are trees of the same tuples and of mappings with the same keys, in whatever order and of whatever class:
    one may have a dict where the other has an OrderedDict.

    Example:
        >>> from collections import OrderedDict
        >>> trees = [flatten(structure)[1] for structure in ({"a": 0, "b": 0}, OrderedDict(b=0, a=0), {"a": 0})]
        >>> places_in(trees[1], trees[0]), places_in(trees[2], trees[0])
        ([1, 0], None)
    """
    count = treedef.num_leaves
    if other.num_leaves != count:
        return None
    if treedef == other:
        return list(range(count))
    try:
        places: list[Any] = treedef.flatten_up_to(other.unflatten(range(count)))
    except (ValueError, TypeError):
        return None
    return places if all(type(place) is int for place in places) else None


def map_structure(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """Returns the structure whose components are `function` of the components of the given ones."""
    leaves, treedef = flatten(structure)
    rest = [treedef.flatten_up_to(other) for other in others]
    return treedef.unflatten([function(*row) for row in zip(leaves, *rest, strict=True)])


def as_component(value: Any, given: bool = False) -> Any:
    """Returns a value as a component: an array, a NumPy scalar, bytes, a ragged or a sparse tensor.

    Python numbers become what TensorFlow makes of them: int32, or int64 where that is too small, float32, bool; text
    becomes UTF-8 bytes. What a list becomes stands in `lists`.

    Args:
        value: the value.
        given: whether it was given to a source, and not returned by a function.

    Raises:
        DtypeError: the value cannot be one, such as an arbitrary object.

    Example:
        >>> as_component(3), as_component(0.5), as_component("é"), as_component([1, 2])
        (np.int32(3), np.float32(0.5), b'\\xc3\\xa9', array([1, 2], dtype=int32))
    """
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in "biufc" and value.dtype.isnative:
        return value
    if kind is bytes or isinstance(value, RaggedTensor | SparseTensor):
        return value
    if kind is float:
        return np.float32(value) if -LARGEST_FLOAT32 <= value <= LARGEST_FLOAT32 else python_float(value)
    if kind is bool:
        return np.bool_(value)
    if kind is int:
        return python_integer(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return value
    if kind is PackedStrings:
        return value.array()
    if isinstance(value, DatasetComponent):
        return value
    if isinstance(value, str):
        return _encoded(value)
    if isinstance(value, bytes):
        return bytes(value)
    return _other_component(value, given)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)  # a file's name that is not UTF-8


def _other_component(value: Any, given: bool) -> Any:
    array = array_of_list(value, given) if isinstance(value, list | tuple | range) else as_unmasked(value)
    if array.dtype.kind in "US" or array.dtype == object:
        array = as_bytes_array(array)
        return array[()] if array.ndim == 0 else array
    if array.dtype.kind in "Mm":
        raise DtypeError(
            f"dates and durations ({array.dtype}) are not a dtype of components.",
            fix="Make numbers of them first, for example .astype('int64').",
        )
    if array.dtype.names is not None or array.dtype.type is np.void:
        raise DtypeError(
            f"structured arrays ({array.dtype}) are not a dtype of components.",
            fix="Give a dict of arrays, for example {name: array[name] for name in array.dtype.names}.",
        )
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array if array.ndim or isinstance(value, np.ndarray) else array[()]


def as_bytes_array(array: np.ndarray) -> np.ndarray:
    """Returns an object array of bytes of an array of text or bytes.

    Raises:
        DtypeError: something else is in it.
    """
    if array.dtype == object and set(map(type, array.reshape(-1).tolist())) == {bytes}:
        return array
    result = np.empty(array.shape, object)
    flat, target = array.reshape(-1), result.reshape(-1)
    for index, value in enumerate(flat.tolist()):
        if isinstance(value, bytes):
            target[index] = value
        elif isinstance(value, str):
            target[index] = _encoded(value)
        elif hasattr(value, "__fspath__"):
            target[index] = os.fsencode(value)
        elif array.ndim and isinstance(value, int | float | np.generic | np.ndarray | list):
            raise DtypeError(
                f"an array of text or objects holds {with_article(type(value).__name__)}: {str(value)[:80]}.",
                fix="Give an array of one kind: all text, or all numbers with a dtype such as .astype('float32').",
            )
        else:
            raise DtypeError(
                f"an object of type {type(value).__name__} cannot be a component: {str(value)[:80]}.",
                fix="Give numbers, text, bytes, or arrays of them.",
            )
    return result


def component_shape(value: Any) -> tuple[int | None, ...]:
    """Returns the shape of a component; () for bytes."""
    return () if isinstance(value, bytes) else tuple(value.shape)


def component_dtype(value: Any) -> np.dtype:
    """Returns the dtype of a component; `string` for bytes."""
    return string if isinstance(value, bytes) else value.dtype


def spec_of(value: Any) -> TensorSpec | RaggedTensorSpec | SparseTensorSpec | DatasetSpec:
    """Returns the spec of a component."""
    if isinstance(value, RaggedTensor):
        return RaggedTensorSpec(value.shape, value.dtype, value.ragged_rank, value.row_splits.dtype)
    if isinstance(value, SparseTensor):
        return SparseTensorSpec(value.shape, value.dtype)
    if isinstance(value, DatasetComponent):
        return DatasetSpec(value.node.spec())
    return TensorSpec(component_shape(value), component_dtype(value))


def with_shape(spec: Any, shape: Shape) -> Any:
    """Returns a spec with another shape."""
    if isinstance(spec, RaggedTensorSpec):
        return RaggedTensorSpec(shape, spec.dtype, spec.ragged_rank, spec.row_splits_dtype)
    if isinstance(spec, DatasetSpec):
        return DatasetSpec(spec.element_spec, shape or ())
    return type(spec)(shape, spec.dtype)


def batched_spec(spec: Any, length: int | None) -> Any:
    """Returns the spec of a batch of what `spec` describes; what is ragged has one ragged dimension more."""
    wider = with_shape(spec, None if spec.shape is None else (length, *spec.shape))
    if isinstance(spec, RaggedTensorSpec):
        return RaggedTensorSpec(wider.shape, spec.dtype, spec.ragged_rank + 1, spec.row_splits_dtype)
    return wider


def row_spec(spec: Any) -> Any:
    """Returns the spec of a row of what `spec` describes.

    A row of a ragged tensor with one ragged dimension is an array; its spec says `ragged_rank=0`, so that a batch of
    such rows is ragged again. A row of that row says -1, as in TensorFlow.
    """
    if isinstance(spec, RaggedTensorSpec):
        shape = None if spec.shape is None else spec.shape[1:]
        return RaggedTensorSpec(shape, spec.dtype, spec.ragged_rank - 1, spec.row_splits_dtype)
    return with_shape(spec, None if spec.shape is None else spec.shape[1:])


def merge_specs(first: Any, second: Any) -> Any:
    """Returns the most exact spec that allows what either allows."""
    if isinstance(first, DatasetSpec) and isinstance(second, DatasetSpec):
        merged = map_structure(merge_specs, first.element_spec, second.element_spec)
        return DatasetSpec(merged, merge_shapes(first.shape, second.shape) or ())
    return with_shape(first, merge_shapes(first.shape, second.shape))


def is_spec(value: Any) -> bool:
    """Says whether a value is a spec, feedline's or a framework's of the same form."""
    return hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, np.ndarray | np.generic)


def as_spec(value: Any) -> Any:
    """Returns feedline's spec for a spec, its own or a framework's."""
    if isinstance(value, TensorSpec | RaggedTensorSpec | SparseTensorSpec):
        return value
    shape = value.shape
    if hasattr(shape, "as_list"):
        shape = None if shape.rank is None else shape.as_list()
    if type(value).__name__ == "SparseTensorSpec":
        return SparseTensorSpec(shape, as_dtype(value.dtype))
    if hasattr(value, "ragged_rank"):
        return RaggedTensorSpec(shape, as_dtype(value.dtype), value.ragged_rank, as_dtype(value.row_splits_dtype))
    return TensorSpec(shape, as_dtype(value.dtype))
