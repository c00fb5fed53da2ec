"""What a dataset must be like before a model trains on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
import optree

from feedline.errors import (
    ArgumentError,
    DtypeError,
    InfiniteDatasetError,
    LabelsMissingError,
    ShapeError,
    StructureError,
    nearest_name,
)
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, dtype_name, shape_allows, string
from feedline.structure import component_shape, map_structure, with_shape

PARTS = ("x", "y", "sample_weight")


def split(element: Any) -> tuple[Any, Any, Any]:
    """Returns x, y and sample_weight of an element or a spec; None for what it does not have.

    Raises:
        StructureError: it is a list, or a tuple of another length than 1, 2 or 3.

    Example:
        >>> split(("images", "labels"))
        ('images', 'labels', None)
        >>> split({"image": 1})
        ({'image': 1}, None, None)
    """
    if isinstance(element, list):
        raise StructureError(
            f"an element is a list of {len(element)}, which Keras does not tell from one array.",
            fix="Give a tuple: (x, y) or (x, y, sample_weight).",
        )
    if not isinstance(element, tuple):
        return element, None, None
    if not 1 <= len(element) <= 3:
        raise StructureError(
            f"an element is a tuple of {len(element)}, but Keras takes (x,), (x, y) or (x, y, sample_weight).",
            fix="Put the inputs together as one part, for example ds.map(lambda a, b, c, y: ((a, b, c), y)).",
        )
    return (*element, *(None,) * (3 - len(element)))


def components(parts: tuple[Any, Any, Any]) -> Iterator[tuple[str, Any]]:
    """Yields each component with its name for messages: `x`, `x['image']`, `y`, `sample_weight`."""
    for name, part in zip(PARTS, parts, strict=True):
        paths, leaves, _ = optree.tree_flatten_with_path(part)
        for path, leaf in zip(paths, leaves, strict=True):
            yield name + "".join(f"[{key!r}]" for key in path), leaf


def check_spec(spec: Any) -> None:
    """Checks what holds for any model: structure, and that the components have a common batch dimension.

    Raises:
        StructureError: the element is no (x, y, sample_weight).
        ShapeError: the dataset is not batched.
    """
    lengths = {}
    for name, component in components(split(spec)):
        if component.shape is None:
            continue
        if len(component.shape) == 0:
            raise ShapeError(
                f"the dataset is not batched: {name} is a single value of dtype {dtype_name(component.dtype)}.",
                fix="Add .batch(32) to the dataset.",
            )
        if component.shape[0] is not None:
            lengths[name] = component.shape[0]
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ShapeError(
            f"the components have no common batch dimension: {sizes} as first length.",
            fix="Add .batch(32) to the dataset where it is not batched; otherwise give every component one row for "
            "each element of the batch.",
        )


def check_kinds(spec: Any, backend: str, strings: bool, string_inputs: bool) -> None:
    """Checks that the backend can take every component.

    Args:
        spec: the spec of an element.
        backend: the Keras backend.
        strings: whether the user said that strings are meant to go in.
        string_inputs: whether the model has inputs of dtype string.

    Raises:
        DtypeError: a component is strings.
        StructureError: a component is ragged or sparse, and the backend knows no such tensors.
    """
    for name, component in components(split(spec)):
        if component.dtype == string:
            may_pass = strings or (string_inputs and name.startswith("x"))
            if backend != "tensorflow" or not may_pass:
                raise DtypeError(
                    f"{name} is strings, and a model on the {backend} backend computes with numbers.",
                    fix="Map the strings to numbers, or drop them from the element"
                    + (
                        "; where the model looks them up itself, say feedline.keras.to_keras(ds, strings=True)."
                        if backend == "tensorflow"
                        else "."
                    ),
                )
        if backend == "tensorflow":
            continue
        if isinstance(component, RaggedTensorSpec) and component.ragged_rank > 0:
            raise StructureError(
                f"{name} is a ragged tensor, which the {backend} backend does not have.",
                fix='Have it filled up to the longest row: ds.to_keras(ragged="pad"); or use .padded_batch(...) in '
                "place of .ragged_batch(...).",
            )
        if isinstance(component, SparseTensorSpec) and (backend != "jax" or not name.startswith("x")):
            raise StructureError(
                f"{name} is a sparse tensor, which the {backend} backend does not have"
                + (" for labels." if backend == "jax" else "."),
                fix='Have it made dense: ds.to_keras(sparse="dense"); or parse it with FixedLenFeature.',
            )


def check_cardinality(cardinality: int, steps: int | None, method: str, argument: str) -> None:
    """Refuses an empty dataset, and an infinite one where no number of steps is given.

    Raises:
        ArgumentError: the dataset is empty.
        InfiniteDatasetError: it has no end, and nobody said how many batches to take.
    """
    called = "fit(validation_data=...)" if argument == "validation_steps" else f"{method}()"
    if cardinality == 0:
        raise ArgumentError(f"{called} was given a dataset without a single batch.", fix="Check take, skip, filter.")
    if cardinality == -1 and not steps:
        raise InfiniteDatasetError(
            f"{called} was given an infinite dataset and would never end.",
            fix=f"Say how many batches to take, for example {argument}=100, or leave out .repeat().",
        )


def check_class_weight(class_weight: Any, spec: Any) -> None:
    """Refuses a `class_weight` that is no dict from class numbers to weights, or that the elements have no place for.

    Raises:
        ArgumentError: it is not one, or the elements have sample weights already, or no labels.
    """
    if not isinstance(class_weight, dict) or not all(isinstance(key, int | np.integer) for key in class_weight):
        raise ArgumentError(
            f"class_weight must be a dict from class numbers to weights, got {class_weight!r}.",
            fix="For example class_weight={0: 1.0, 1: 5.0}.",
        )
    _, y, sample_weight = split(spec)
    if sample_weight is not None:
        raise ArgumentError(
            "class_weight was given, but the dataset's elements have sample weights already.",
            fix="Leave one of the two out, or multiply them in a map.",
        )
    if y is None:
        raise ArgumentError(
            "class_weight was given, but the dataset's elements have no labels.", fix="Make the elements (x, y)."
        )


def check_labels(model: Any, spec: Any, method: str) -> None:
    """Checks that there are labels where the model's loss compares with them.

    Raises:
        LabelsMissingError: there are none.
    """
    x, y, _ = split(spec)
    loss = getattr(model, "loss", None)
    if y is not None or loss is None or _has_own_step(model):
        return
    fix = (
        "Make the elements (x, y), for example Dataset.from_tensor_slices((x, y)), or Dataset.zip(ds, labels) before "
        ".batch(...); ds.map(lambda x: (x, x)) where x itself is the target."
    )
    if isinstance(x, dict) and len(x) > 1:
        names = list(x)
        label = next((name for name in names if nearest_name(str(name), ["label", "labels", "target", "y"])), names[-1])
        given = next(name for name in names if name != label)
        fix = f"Make the elements (x, y), for example ds.map(lambda e: (e[{given!r}], e[{label!r}]))."
    raise LabelsMissingError(
        f"{method}() needs labels for the loss {loss!r}, but the dataset's elements are x alone: {x}.",
        fix=fix,
    )


def _has_own_step(model: Any) -> bool:
    return any(
        getattr(type(model), name, None) is not getattr(keras.Model, name, None)
        for name in ("train_step", "test_step", "compute_loss")
    )


def check_complex(model: Any, spec: Any, method: str) -> None:
    """Checks that Keras will not drop the imaginary parts of numbers, which it does where it makes them real.

    Raises:
        DtypeError: it would.
    """
    x, y, sample_weight = split(spec)
    if isinstance(model, keras.Sequential) and not getattr(model, "inputs", None):  # built with real ones by fit
        real = list(components((x, None, None)))
    else:
        beside = _inputs_beside_components(model, x)
        real = [(name, got) for name, wanted, got in beside if not str(wanted.dtype).startswith("complex")]
    fix = "Give real numbers, for example np.stack([value.real, value.imag], axis=-1) in a map"
    _refuse_complex(real, "the model's input is real", fix + '; or say dtype="complex64" in the model\'s keras.Input.')
    if method != "predict" and not _has_own_step(model):
        _refuse_complex(components((None, y, sample_weight)), "Keras makes it real for the loss", fix + ".")


def _refuse_complex(named: Iterable[tuple[str, Any]], but: str, fix: str) -> None:
    for name, component in named:
        if component.dtype.kind == "c":
            raise DtypeError(
                f"{name} is {dtype_name(component.dtype)}, but {but}: the imaginary part would be lost.", fix=fix
            )


def check_inputs(model: Any, spec: Any) -> None:
    """Compares the dataset with the inputs of a model that knows them.

    Raises:
        StructureError: the number or the names of the inputs differ.
        ShapeError: the dataset is not batched, or batched twice.
    """
    for name, model_input, got in _inputs_beside_components(model, split(spec)[0]):
        wanted = tuple(model_input.shape)
        if got.shape is None or not wanted:
            continue
        # Keras itself adds or drops a last length of 1 where that makes the shapes agree.
        if (
            len(got.shape) == len(wanted) - 1
            and not _matches(wanted, (*got.shape, 1))
            and shape_allows(wanted[1:], [-1 if length is None else length for length in got.shape])
        ):
            raise ShapeError(
                f"the dataset is not batched: {name} has the shape {got.shape}, and the model's input is {wanted}.",
                fix="Add .batch(32) to the dataset.",
            )
        adjusted = got.shape[-1:] == (1,) and _matches(wanted, got.shape[:-1])
        if len(got.shape) == len(wanted) + 1 and not adjusted and _matches(wanted[1:], got.shape[2:]):
            raise ShapeError(
                f"the dataset is batched twice: {name} has the shape {got.shape}, and the model's input is {wanted}.",
                fix="Leave out one .batch(...).",
            )


def check_rows(parts: tuple[Any, Any, Any], number: int) -> None:
    """Checks that the components of a batch have the same number of rows.

    Args:
        parts: x, y and sample_weight of the batch.
        number: the batch's number in the epoch.

    Raises:
        ShapeError: they do not.
    """
    rows = {name: (component_shape(component) or (None,))[0] for name, component in components(parts)}
    if len(set(rows.values())) != 1 or None in rows.values():
        sizes = ", ".join(f"{name} has {'none' if size is None else size}" for name, size in rows.items())
        raise ShapeError(
            f"the components of a batch differ in their number of rows: {sizes}.",
            where=[f"batch {number} of the epoch"],
            fix="Give every component one row for each element; .batch(...) does.",
        )


def check_shapes(parts: tuple[Any, Any, Any], specs: tuple[Any, Any, Any], number: int) -> None:
    """Checks that a batch has the shapes that TensorFlow was promised.

    Raises:
        ShapeError: it has not.
    """
    for (name, component), (_, spec) in zip(components(parts), components(specs), strict=True):
        if isinstance(spec, RaggedTensorSpec | SparseTensorSpec):
            continue
        shape = tuple(component.shape)
        promised = spec.shape if spec.shape is None else (None, *spec.shape[1:])
        if not shape_allows(promised, shape):
            raise ShapeError(
                f"{name} has the shape {shape} here, but {promised} in the batches before.",
                where=[f"batch {number} of the epoch"],
                fix="TensorFlow wants to know which lengths differ: say None in the model's keras.Input, or pad every "
                "batch to one length with padded_batch(..., padded_shapes=...).",
            )


def open_where_inputs_are(model: Any, spec: Any) -> Any:
    """Returns the spec with None for the lengths that the model's inputs leave open."""
    beside = _inputs_beside_components(model, split(spec)[0])
    wanted = {id(got): tuple(model_input.shape) for _, model_input, got in beside}

    def opened(each: Any) -> Any:
        shape = wanted.get(id(each))
        if shape is None or each.shape is None or len(shape) != len(each.shape):
            return each
        lengths = zip(shape, each.shape, strict=True)
        # Where both know a length and disagree, the dataset's stays: Keras says what does not fit.
        return with_shape(each, tuple(None if wanted_length is None else got for wanted_length, got in lengths))

    return map_structure(opened, spec)


def takes_strings(model: Any) -> bool:
    """Says whether a model has inputs of dtype string."""
    return any(str(wanted.dtype) == "string" for wanted in getattr(model, "inputs", None) or ())


def _inputs_beside_components(model: Any, x: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yields for each input of a model that knows them: the component's name, the input, the component."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return
    if hasattr(x, "shape"):
        if len(inputs) > 1:
            names = ", ".join(repr(wanted.name) for wanted in inputs)
            raise StructureError(
                f"the model has {len(inputs)} inputs ({names}), but x is one component.",
                fix="Make x a dict by the inputs' names, or a tuple in their order: ((a, b), y).",
            )
        yield "x", inputs[0], x
    elif isinstance(x, dict):
        structure = getattr(model, "input", None)
        wanted = structure if isinstance(structure, dict) else {each.name: each for each in inputs}
        for name, each in wanted.items():
            if name not in x and len(inputs) > 1:
                near = nearest_name(name, map(str, x))
                hint = f" Is it {near!r}?" if near else ""
                raise StructureError(
                    f"the model's input {name!r} is not in x, which has {', '.join(map(repr, x))}.{hint}",
                    fix="Name the entries of x as the model's inputs.",
                )
            if name in x and hasattr(x[name], "shape"):
                yield f"x[{name!r}]", each, x[name]
    elif isinstance(x, tuple) and len(x) == len(inputs):
        for position, (each, got) in enumerate(zip(inputs, x, strict=True)):
            if hasattr(got, "shape"):
                yield f"x[{position}]", each, got


def _matches(wanted: tuple, got: tuple) -> bool:
    return len(wanted) == len(got) and all(a is None or b is None or a == b for a, b in zip(wanted, got, strict=True))
