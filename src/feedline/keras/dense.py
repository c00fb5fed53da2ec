"""Ragged and sparse components made dense, where a model is to be given arrays of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from feedline.errors import ArgumentError, DtypeError, FeedlineWarning, ShapeError, StructureError
from feedline.keras.check import components, split
from feedline.origin import frames_to_user
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec, dtype_name, string
from feedline.structure import component_shape, flatten, map_structure


@dataclass(frozen=True)
class Pad:
    """How ragged components become arrays, for `to_keras(ragged=Pad(...))`.

    Each batch is as long as its longest row. Labels and sample weights are filled up with 0, whatever `value` says:
    filled-up labels weigh nothing.

    Args:
        value: what the inputs are filled up with.
        multiple_of: lengths are rounded up to a multiple of this. JAX compiles a step anew for each length that it has
            not seen: with 64 there are few of them.

    Raises:
        ArgumentError: `multiple_of` is no whole number from 1 on.

    Example:
        >>> import numpy as np
        >>> import feedline as fl
        >>> import feedline.keras
        >>> rows = fl.Dataset.from_tensor_slices([np.array([3, 1, 2]), np.array([5])]).ragged_batch(2)
        >>> pad = fl.keras.Pad(value=-1, multiple_of=4)
        >>> [batch.tolist() for batch in rows.to_keras(ragged=pad).get_numpy_iterator()]
        [[[3, 1, 2, -1], [5, -1, -1, -1]]]
    """

    value: Any = 0
    multiple_of: int = 1

    def __post_init__(self) -> None:
        number = self.multiple_of
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
            raise ArgumentError(
                f"multiple_of is {number!r:.60}, not a whole number from 1 on.", fix="Give an int such as 64, or 1."
            )


def as_pad(ragged: Any) -> Pad | None:
    """Returns the argument `ragged` of `to_keras` as a `Pad`.

    Raises:
        ArgumentError: it is neither None, "pad" nor a `Pad`.
    """
    if ragged is None or isinstance(ragged, Pad):
        return ragged
    if isinstance(ragged, str) and ragged == "pad":
        return Pad()
    raise ArgumentError(
        f"ragged is {ragged!r:.60}.", fix='Give "pad", or feedline.keras.Pad(value=..., multiple_of=...), or None.'
    )


def as_sparse(sparse: Any) -> Literal["dense"] | None:
    """Returns the argument `sparse` of `to_keras`.

    Raises:
        ArgumentError: it is neither None nor "dense".
    """
    if sparse is None:
        return None
    if isinstance(sparse, str) and sparse == "dense":
        return "dense"
    raise ArgumentError(f"sparse is {sparse!r:.60}.", fix='Give "dense", or None.')


class Dense:
    """Makes the ragged and sparse components of batches arrays.

    Where labels are ragged, the batches get sample weights: 1 where there is a label, 0 where it was filled up. Sample
    weights that are there already stay, filled up with 0; those of whole rows go to each place of the row.

    Args:
        spec: the spec of a batch.
        pad: how what is ragged becomes dense; None leaves it.
        sparse: "dense" makes what is sparse dense.

    Raises:
        StructureError: sample weights that cannot be brought together with ragged labels.
        DtypeError: the value to fill up with is none of an input's dtype.
    """

    def __init__(self, spec: Any, pad: Pad | None, sparse: Literal["dense"] | None) -> None:
        self._pad = pad
        self._sparse = sparse
        _, y, sample_weight = split(spec)
        named = list(components(split(spec)))
        ragged = {name for name, each in named if _is_ragged(each)} if pad else set()
        self.weighs = any(name.startswith("y") for name in ragged)
        self.changes = bool(ragged) or any(isinstance(each, SparseTensorSpec) for _, each in named if sparse)
        if self.weighs and sample_weight is not None and flatten(sample_weight)[1] != flatten(y)[1]:
            raise StructureError(
                "y is ragged, and sample_weight has another structure than y.",
                fix="Give one sample weight for each component of y, as it is built; or leave them out.",
            )
        if pad is not None:
            for name, each in named:
                if name in ragged and name.startswith("x"):
                    _check_value(pad.value, each.dtype, name)
        self.spec = self._in_parts(spec, self._spec_of_x, self._spec_of_y, self._spec_of_weight)

    def __call__(self, batch: Any) -> Any:
        """Returns a batch as arrays.

        Raises:
            ShapeError: sample weights have other lengths than the labels.
        """
        return self._in_parts(batch, self._x, self._y, self._weight)

    def check(self, model: Any, method: str) -> None:
        """Checks that a model's loss and metrics leave out what was filled up in ragged labels.

        Raises:
            StructureError: an output has no dimension behind the ragged ones: the loss would take the mean over what
                was filled up.
        """
        if not self.weighs or method == "predict":
            return
        _, y, _ = split(self.spec)
        labels, _ = flatten(y)
        outputs = getattr(model, "outputs", None) or []
        for wanted, got in zip(labels, outputs, strict=False) if len(labels) == len(outputs) else ():
            if wanted.shape is not None and len(got.shape) < len(wanted.shape) and wanted.shape[-1] == 1:
                raise StructureError(
                    f"the labels are ragged, and the model's output has the shape {tuple(got.shape)}: a loss would "
                    "take the mean over what was filled up.",
                    fix="Give the output a last dimension, of 1 for one number a step, such as Dense(1) has.",
                )
        metrics = getattr(getattr(model, "_compile_metrics", None), "_user_metrics", None)
        if metrics:  # a mask of the model's is no help: on JAX it does not come as far as the metrics
            warnings.warn(
                "the labels are ragged and filled up, and compile(metrics=...) counts what was filled up too. Say "
                "weighted_metrics= in place of metrics=.",
                FeedlineWarning,
                stacklevel=frames_to_user(),
            )

    def _in_parts(self, element: Any, of_x: Any, of_y: Any, of_weight: Any) -> Any:
        if not self.changes:
            return element
        x, y, sample_weight = split(element)
        if y is None:
            made = map_structure(of_x, x)
            return (made, *element[1:]) if isinstance(element, tuple) else made
        parts = (map_structure(of_x, x), map_structure(of_y, y))
        if self.weighs:
            labels, treedef = flatten(y)
            weights = [None] * len(labels) if sample_weight is None else flatten(sample_weight)[0]
            return (*parts, treedef.unflatten(list(map(of_weight, labels, weights))))
        if sample_weight is None:
            return parts
        return (*parts, map_structure(lambda weight: of_weight(None, weight), sample_weight))

    def _spec_of_x(self, spec: Any) -> Any:
        if (_is_ragged(spec) and self._pad) or (isinstance(spec, SparseTensorSpec) and self._sparse):
            return TensorSpec(spec.shape, spec.dtype)
        return spec

    def _spec_of_y(self, spec: Any) -> Any:
        dense = self._spec_of_x(spec)
        return TensorSpec((*spec.shape, 1), spec.dtype) if self._is_sequence(spec) else dense

    def _spec_of_weight(self, label: Any, weight: Any) -> Any:
        if not (self._pad and _is_ragged(label)):
            length = label.shape[0] if weight is None and label.shape else None
            return TensorSpec((length,), keras.config.floatx()) if weight is None else self._spec_of_x(weight)
        if weight is not None and not _is_ragged(weight) and (weight.shape is None or len(weight.shape) != 1):
            raise StructureError(
                f"y is ragged, and its sample weights have the shape {weight.shape}.",
                fix="Give one for each row, or ragged ones with the lengths of y.",
            )
        shape = None if label.shape is None else label.shape[: label.ragged_rank + 1]
        return TensorSpec(shape, keras.config.floatx() if weight is None else weight.dtype)

    def _x(self, component: Any) -> Any:
        return self._dense(component, self._pad.value if self._pad else 0)

    def _y(self, component: Any) -> Any:
        dense = self._dense(component, 0)
        return dense[..., None] if self._is_sequence(component) else dense

    def _weight(self, label: Any, weight: Any) -> Any:
        if not (self._pad and isinstance(label, RaggedTensor)):
            if weight is None:
                return np.ones(component_shape(label)[:1], keras.config.floatx())
            return self._dense(weight, 0)
        _, there = label.to_padded(shape=self._lengths(label))
        if weight is None:
            return there.astype(keras.config.floatx())
        if not isinstance(weight, RaggedTensor):
            weights = np.asarray(weight).reshape(-1, *(1,) * (there.ndim - 1))
            if len(weights) != len(there):
                raise ShapeError(
                    f"y has {len(there)} rows, and its sample weights are {len(weights)}.", fix="Give one for each row."
                )
            return np.where(there, weights, np.zeros((), weights.dtype))
        pairs = zip(label.nested_row_splits, weight.nested_row_splits, strict=False)
        if weight.ragged_rank != label.ragged_rank or not all(np.array_equal(a, b) for a, b in pairs):
            raise ShapeError(
                "the sample weights have other lengths than y.", fix="Give a weight for each label of each row."
            )
        return self._dense(weight, 0)

    def _is_sequence(self, label: Any) -> bool:
        """Says whether labels are single ones along a ragged dimension, which Keras would take for one row each."""
        if not (self._pad and _is_ragged(label)) or label.shape is None:
            return False
        return len(label.shape) == label.ragged_rank + 1

    def _dense(self, component: Any, value: Any) -> Any:
        if self._pad and isinstance(component, RaggedTensor):
            fill = b"" if component.dtype == string else np.asarray(value).astype(component.dtype)[()]
            return component.to_tensor(fill, self._lengths(component))
        if self._sparse and isinstance(component, SparseTensor):
            return component.to_dense()
        return component

    def _lengths(self, ragged: RaggedTensor) -> list[int | None]:
        """Returns the shape to fill up to: ragged dimensions in full multiples, others as they are."""
        assert self._pad is not None
        step = self._pad.multiple_of
        # No layer takes sequences of no steps at all.
        longest = [max(1, int(np.diff(splits).max(initial=0))) for splits in ragged.nested_row_splits]
        padded = [-(-length // step) * step for length in longest]
        return [None, *padded, *(None,) * (len(ragged.shape) - 1 - len(padded))]


def _is_ragged(component: Any) -> bool:
    return isinstance(component, RaggedTensor | RaggedTensorSpec) and component.ragged_rank > 0


def _check_value(value: Any, dtype: np.dtype, name: str) -> None:
    if dtype == string:
        return
    given = np.asarray(value)
    with np.errstate(all="ignore"):
        fits = given.ndim == 0 and given.dtype.kind in "biufc"
        kept = given.astype(dtype) if fits and (dtype.kind == "c" or given.dtype.kind != "c") else None
    if kept is None or (dtype.kind in "biu" and kept != given):
        raise DtypeError(
            f"{name} is to be filled up with {value!r:.60}, which {dtype_name(dtype)} cannot hold.",
            fix=f"Give feedline.keras.Pad(value=...) one of {dtype_name(dtype)}, or cast {name} in a map.",
        )
