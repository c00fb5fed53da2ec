"""What a generator gives for a component, as a component of its spec."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from feedline.errors import SignatureError, with_article
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec, dtype_name, shape_allows, string
from feedline.structure import as_component, component_dtype, component_shape

_ORDER = {"u": 1, "i": 1, "f": 2, "c": 3}
"""Which kinds of numbers can become which: the same, and those with a higher number."""


def _bounds(dtype: np.dtype) -> tuple[float, float]:
    """Returns the least and the largest finite number of a dtype; the dtypes of machine learning are of kind V."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    if dtype.kind == "V":
        import ml_dtypes

        info = ml_dtypes.iinfo(dtype) if dtype.name.endswith("int4") else ml_dtypes.finfo(dtype)
        return float(info.min), float(info.max)
    return (-float(np.finfo(dtype).max), float(np.finfo(dtype).max)) if dtype.kind in "fc" else (0.0, 0.0)


class Converter:
    """Turns what a generator gives for one component into a component of its spec.

    Args:
        spec: the spec.
        name: the component's name, for messages.
        asked: whether the user gave the spec, so that values are brought to its dtype where it can hold them.
    """

    __slots__ = ("_asked", "_exact", "_fast", "_name", "dtype", "largest", "least", "spec")

    def __init__(self, spec: Any, name: str, asked: bool) -> None:
        self.spec = spec
        self._name = name
        self._asked = asked
        self.dtype = spec.dtype
        self._fast = isinstance(spec, TensorSpec) and spec.dtype != string
        self.least, self.largest = _bounds(spec.dtype)
        self._exact = spec.shape if spec.shape is not None and None not in spec.shape else None

    def __call__(self, value: Any) -> Any:
        if self._fast and type(value) is np.ndarray and value.dtype == self.dtype:
            if value.shape == self._exact or shape_allows(self.spec.shape, value.shape):
                return value
            raise self._wrong_shape(value.shape)
        return self._convert(value)

    def _convert(self, value: Any) -> Any:
        spec, dtype = self.spec, self.dtype
        if isinstance(spec, RaggedTensorSpec | SparseTensorSpec):
            wanted = RaggedTensor if isinstance(spec, RaggedTensorSpec) else SparseTensor
            if not isinstance(value, wanted):
                raise SignatureError(
                    f"{self._name} is {with_article(type(value).__name__)} where {wanted.__name__} is expected.",
                    fix=f"Yield a fl.{wanted.__name__}, or change output_signature.",
                )
            component: Any = value
        elif isinstance(value, bool | int | float) and dtype != string:
            component = self._number(value)
        elif isinstance(value, list | tuple) and dtype != string:
            component = self._numbers(value)
        else:
            component = as_component(value)
            if isinstance(value, list | tuple) and component.size == 0:
                component = component.astype(dtype)  # an empty list says nothing of its dtype
        if isinstance(component, RaggedTensor | SparseTensor) and isinstance(spec, TensorSpec):
            kind = type(component).__name__
            raise SignatureError(
                f"{self._name} is {with_article(kind)} where an array is expected ({spec}).",
                fix=self._fix("Yield an array", f"say fl.{kind}Spec"),
            )
        if component_dtype(component) != dtype:
            component = self._in_asked_dtype(component)
        if not shape_allows(spec.shape, component_shape(component)):
            raise self._wrong_shape(component_shape(component))
        return component

    def _number(self, value: bool | int | float) -> Any:
        kind = self.dtype.kind
        if isinstance(value, bool):
            allowed = kind == "b"
        elif isinstance(value, int):
            allowed = kind in "iufcV" and self.least <= value <= self.largest
        else:
            allowed = kind in "fcV" and (self.least <= value <= self.largest or not math.isfinite(value))
        if allowed:
            return self.dtype.type(value)
        told = f"{value.dtype} {value}" if isinstance(value, np.generic) else f"Python {type(value).__name__} {value!r}"
        raise SignatureError(
            f"{self._name} is the {told}, which {dtype_name(self.dtype)} cannot hold.",
            fix=self._fix("Yield a value that fits", f"say another dtype than {dtype_name(self.dtype)}"),
        )

    def _numbers(self, value: list | tuple) -> Any:
        """Returns a list of Python numbers as an array of the dtype, if that can hold them all."""
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.empty(0, object)
        same_kind = array.dtype.kind == self.dtype.kind or (array.dtype.kind in "iu" and self.dtype.kind in "iuf")
        if array.dtype in (np.int64, np.uint64, np.float64, np.bool_) and (same_kind or array.size == 0):
            with np.errstate(over="ignore"):
                cast = array.astype(self.dtype)
            held = np.isfinite(cast) == np.isfinite(array) if array.dtype.kind == "f" else cast == array
            if held.all():
                return cast
            raise SignatureError(
                f"{self._name} is a list with {array[~held][0]}, which {dtype_name(self.dtype)} cannot hold.",
                fix=self._fix("Yield values that fit", f"say another dtype than {dtype_name(self.dtype)}"),
            )
        return as_component(value)

    def _in_asked_dtype(self, value: Any) -> Any:
        """Returns an array in the dtype of the signature: as `tf.data` does, but never with other numbers.

        Floats are rounded to the precision that is asked for.
        """
        have, want = (_ORDER.get(dtype.kind) for dtype in (component_dtype(value), self.dtype))
        if not self._asked or have is None or want is None or have > want:
            raise self._wrong_dtype(value)
        with np.errstate(over="ignore", invalid="ignore"):
            cast = value.astype(self.dtype)
            if have > 1:
                held = np.isfinite(cast)
                if not held.all():
                    held |= ~np.isfinite(value)
            else:
                back = cast.real
                held = (back.astype(value.dtype) == value) & ((back < 0) == (value < 0))
        if not np.all(held):
            raise SignatureError(
                f"{self._name} has the {dtype_name(value.dtype)} {value[~np.asarray(held)].reshape(-1)[0]}, "
                f"which {dtype_name(self.dtype)} cannot hold.",
                fix=self._fix("Yield values that fit", f"say another dtype than {dtype_name(self.dtype)}"),
            )
        return cast

    def all_in_dtype(self, values: np.ndarray) -> np.ndarray | None:
        """Returns the values of many elements in the dtype of the spec, or None where one of them cannot be."""
        if values.dtype == self.dtype:
            return values
        try:
            return self._in_asked_dtype(values)
        except SignatureError:
            return None

    def _fix(self, yielded: str, said: str) -> str:
        if not self._asked:
            return f"The first element decided, since there is no output_signature. {yielded}, or give one."
        return f"{yielded}, or {said} in output_signature."

    def _wrong_dtype(self, value: Any) -> SignatureError:
        got = dtype_name(component_dtype(value))
        return SignatureError(
            f"{self._name} is {got} where {dtype_name(self.dtype)} is expected ({self.spec}).",
            fix=self._fix(f"Yield it as {dtype_name(self.dtype)}", f"say dtype={got!r}"),
        )

    def _wrong_shape(self, shape: tuple) -> SignatureError:
        return SignatureError(
            f"{self._name} has shape {shape} where {self.spec.shape} is expected ({self.spec}).",
            fix=self._fix("Yield the shape that is expected", "put None there for a length that differs"),
        )
