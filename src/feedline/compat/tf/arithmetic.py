"""The operators: two arrays of one dtype, TensorFlow's dtypes for the result, its errors where it has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.compat.tf.convert import fitting, need_kinds, to_array
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import dtype_name

_NUMBERS, _REAL, _ANY = "iufc", "iuf", "biufcO"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on two arrays.

    Args:
        function: the NumPy function.
        kinds: the kinds of dtypes that it is for.
    """

    function: Callable[..., Any]
    kinds: str


def _not_by_zero(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(x: np.ndarray, y: np.ndarray) -> Any:
        if x.dtype.kind in "iu" and np.any(y == 0):
            raise ArgumentError("an integer is divided by zero.", fix="Check for 0 with tf.where first, or use floats.")
        return function(x, y)

    return checked


def _divide(x: np.ndarray, y: np.ndarray) -> Any:
    if x.dtype.kind in "iu":
        wide = np.float32 if x.dtype.itemsize < 4 else np.float64
        with np.errstate(all="ignore"):
            return np.true_divide(x.astype(wide), y.astype(wide))
    return np.true_divide(x, y)


def _pow(x: np.ndarray, y: np.ndarray) -> Any:
    if x.dtype.kind in "iu" and np.any(y < 0):
        raise ArgumentError("an integer is raised to a negative power.", fix="Use floats: tf.cast(x, tf.float32).")
    return np.power(x, y)


OPERATIONS = {
    "add": Operation(np.add, _NUMBERS + "O"),
    "subtract": Operation(np.subtract, _NUMBERS),
    "multiply": Operation(np.multiply, _NUMBERS + "b"),
    "divide": Operation(_divide, _NUMBERS),
    "floordiv": Operation(_not_by_zero(np.floor_divide), _REAL),
    "floormod": Operation(_not_by_zero(np.mod), _REAL),
    "pow": Operation(_pow, _NUMBERS),
    "matmul": Operation(np.matmul, _NUMBERS),
    "bitwise_and": Operation(np.bitwise_and, "biu"),
    "bitwise_or": Operation(np.bitwise_or, "biu"),
    "bitwise_xor": Operation(np.bitwise_xor, "biu"),
    "less": Operation(np.less, _REAL),
    "less_equal": Operation(np.less_equal, _REAL),
    "greater": Operation(np.greater, _REAL),
    "greater_equal": Operation(np.greater_equal, _REAL),
    "equal": Operation(np.equal, _ANY),
    "not_equal": Operation(np.not_equal, _ANY),
    "maximum": Operation(np.maximum, _REAL),
    "minimum": Operation(np.minimum, _REAL),
    "squared_difference": Operation(lambda x, y: np.square(x - y), _NUMBERS),
    "atan2": Operation(np.arctan2, "f"),
    "logical_and": Operation(np.logical_and, "b"),
    "logical_or": Operation(np.logical_or, "b"),
    "logical_xor": Operation(np.logical_xor, "b"),
}

_ON_ONE = {
    "negative": Operation(np.negative, "ifc"),
    "abs": Operation(np.abs, "ifc"),
    "invert": Operation(np.invert, "biu"),
}


def both(operation: str, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns the operands as arrays of one dtype: that of the tensor among them, or of the first.

    Raises:
        DtypeError: their dtypes differ.
    """
    if isinstance(y, Tensor) and not isinstance(x, Tensor):
        right = to_array(y)
        return to_array(x, right.dtype, "x"), right
    left = to_array(x)
    if isinstance(y, Tensor) and y.dtype != left.dtype:
        raise DtypeError(
            f"{operation} is for two tensors of one dtype, and these are {dtype_name(left.dtype)} and "
            f"{dtype_name(y.dtype)}.",
            fix=f"tf.cast one of them, for example to tf.{dtype_name(np.result_type(left.dtype, y.dtype))}."
            if object not in (left.dtype, y.dtype)
            else "Use tf.strings.to_number on the text, or tf.strings.as_string on the numbers.",
        )
    return left, to_array(y, left.dtype, "y")


def operate(operation: str, x: Any, y: Any) -> Any:
    """Returns the tensor that an operation on two values gives.

    Raises:
        DtypeError: the dtypes differ, or the operation is not for them.
        ShapeError: the shapes do not go together.
        ArgumentError: an integer is divided by zero, or raised to a negative power.
    """
    if hasattr(x, "row_splits") or hasattr(y, "row_splits"):
        return _operate_on_ragged(operation, x, y)
    left, right = both(operation, x, y)
    rule = OPERATIONS[operation]
    need_kinds(left, rule.kinds, operation)
    if operation == "matmul" and (left.ndim < 2 or right.ndim < 2):
        raise ShapeError(
            f"matmul is for matrices, and the shapes are {left.shape} and {right.shape}.",
            fix="Add a dimension with tf.expand_dims, or use tf.tensordot.",
        )
    return as_tensor(fitting(rule.function, left, right))


def _operate_on_ragged(operation: str, x: Any, y: Any) -> Any:
    from feedline.compat.tf.ragged_broadcast import elementwise

    if operation == "matmul":
        raise DtypeError("matmul is for dense tensors.", fix="Use .to_tensor() first.")
    left = x if hasattr(x, "row_splits") else to_array(x, _dtype_beside(x, y), "x")
    right = y if hasattr(y, "row_splits") else to_array(y, _dtype_beside(y, x), "y")
    return elementwise(lambda a, b: operate(operation, a, b), *(map(_as_tensor, (left, right))))


def _as_tensor(value: Any) -> Any:
    return as_tensor(value) if isinstance(value, np.ndarray) else value


def _dtype_beside(value: Any, other: Any) -> Any:
    """Returns the dtype that a value takes beside a ragged tensor: its own if it is a tensor, for an error to say."""
    return None if isinstance(value, Tensor) else other.dtype


def operate_on_one(operation: str, x: Any) -> Any:
    """Returns the tensor that an operation on one value gives.

    Raises:
        DtypeError: the operation is not for the dtype.
    """
    if hasattr(x, "row_splits"):
        return x.on_flat_values(lambda values: operate_on_one(operation, values))
    array = to_array(x)
    rule = _ON_ONE[operation]
    need_kinds(array, rule.kinds, operation)
    with np.errstate(all="ignore"):
        return as_tensor(rule.function(array))
