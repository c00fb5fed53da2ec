"""The element-by-element functions of `tf.math`; most have the same name in `tf` itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.arithmetic import OPERATIONS, both, operate, operate_on_one
from feedline.compat.tf.convert import axis_of, fitting, need_kinds, to_array, to_tensor, whole
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.ragged_broadcast import any_ragged, elementwise
from feedline.compat.tf.ragged_reductions import cumsum as ragged_cumsum
from feedline.compat.tf.ragged_tensor import RaggedTensor, by_value
from feedline.compat.tf.reductions import (
    argmax,
    argmin,
    count_nonzero,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
)
from feedline.compat.tf.results import TopKV2
from feedline.compat.tf.segments import (
    add_n,
    bincount,
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError

__all__ = [
    "abs", "acos", "acosh", "add", "add_n", "angle", "argmax", "argmin", "asin", "asinh", "atan", "atan2", "atanh",
    "bincount", "ceil", "conj", "cos", "cosh", "count_nonzero", "cumprod", "cumsum", "divide", "divide_no_nan", "equal",
    "exp", "expm1", "floor", "floordiv", "floormod", "greater", "greater_equal", "imag", "is_finite", "is_inf",
    "is_nan", "l2_normalize", "less", "less_equal", "log", "log1p", "logical_and", "logical_not", "logical_or",
    "logical_xor", "maximum", "minimum", "mod", "multiply", "multiply_no_nan", "negative", "not_equal", "pow", "real",
    "reciprocal", "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min",
    "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance", "rint", "round", "rsqrt", "segment_max",
    "segment_mean", "segment_min", "segment_prod", "segment_sum", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt",
    "square", "squared_difference", "subtract", "tan", "tanh", "top_k", "truediv", "unsorted_segment_max",
    "unsorted_segment_mean", "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tf.math", name, __all__)


def _of_two(operation: str, summary: str, public: str | None = None) -> Callable[..., Any]:
    def function(x: Any, y: Any, name: str | None = None) -> Any:
        return operate(operation, x, y)

    function.__name__ = function.__qualname__ = public or operation
    function.__doc__ = summary
    return function


add = _of_two("add", "Returns x + y; strings are joined.")
subtract = _of_two("subtract", "Returns x - y.")
multiply = _of_two("multiply", "Returns x * y.")
divide = _of_two("divide", "Returns x / y: float32 for integers of up to 16 bits, float64 for wider ones.")
truediv = _of_two("divide", "Returns x / y: float32 for integers of up to 16 bits, float64 for wider ones.", "truediv")
floordiv = _of_two("floordiv", "Returns x / y, rounded down.")
floormod = _of_two("floormod", "Returns what is left over by floordiv; it has the sign of y.")
mod = _of_two("floormod", "Returns what is left over by floordiv; it has the sign of y.", "mod")
pow = _of_two("pow", "Returns x to the power of y.")
maximum = _of_two("maximum", "Returns the larger of x and y, NaN where either is.")
minimum = _of_two("minimum", "Returns the smaller of x and y, NaN where either is.")
squared_difference = _of_two("squared_difference", "Returns (x - y) squared.")
equal = _of_two("equal", "Says where x equals y.")
not_equal = _of_two("not_equal", "Says where x differs from y.")
less = _of_two("less", "Says where x is below y.")
less_equal = _of_two("less_equal", "Says where x is y or below.")
greater = _of_two("greater", "Says where x is above y.")
greater_equal = _of_two("greater_equal", "Says where x is y or above.")


def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """Returns the angle of the point (x, y), in radians."""
    return operate("atan2", y, x)


def _of_two_bools(operation: str, summary: str) -> Callable[..., Any]:
    def function(x: Any, y: Any, name: str | None = None) -> Any:
        if any_ragged(x, y):
            return elementwise(function, *(v if isinstance(v, RaggedTensor) else to_tensor(v, bool) for v in (x, y)))
        left, right = to_array(x, bool, "x"), to_array(y, bool, "y")
        return as_tensor(fitting(OPERATIONS[operation].function, left, right))

    function.__name__ = function.__qualname__ = operation
    function.__doc__ = summary
    return function


logical_and = _of_two_bools("logical_and", "Says where x and y are True.")
logical_or = _of_two_bools("logical_or", "Says where x or y is True.")
logical_xor = _of_two_bools("logical_xor", "Says where one of x and y is True, and the other is not.")


def _of_one(public: str, compute: Callable[..., Any], kinds: str, summary: str) -> Callable[..., Any]:
    def function(x: Any, name: str | None = None) -> Any:
        if isinstance(x, RaggedTensor):
            return x.on_flat_values(function)
        array = to_array(x, None, "x")
        need_kinds(array, kinds, public)
        with np.errstate(all="ignore"):
            result = compute(array)
        return as_tensor(result if result.dtype == bool else result.astype(array.dtype, copy=False))

    function.__name__ = function.__qualname__ = public
    function.__doc__ = summary
    return function


def _reciprocal(array: np.ndarray) -> Any:
    return np.divide(1, array)


def _sigmoid(array: np.ndarray) -> Any:
    return 1 / (1 + np.exp(-array))


acos = _of_one("acos", np.arccos, "fc", "Returns the angle of a cosine, in radians.")
acosh = _of_one("acosh", np.arccosh, "fc", "Returns the number whose hyperbolic cosine is x.")
asin = _of_one("asin", np.arcsin, "fc", "Returns the angle of a sine, in radians.")
asinh = _of_one("asinh", np.arcsinh, "fc", "Returns the number whose hyperbolic sine is x.")
atan = _of_one("atan", np.arctan, "fc", "Returns the angle of a tangent, in radians.")
atanh = _of_one("atanh", np.arctanh, "fc", "Returns the number whose hyperbolic tangent is x.")
ceil = _of_one("ceil", np.ceil, "f", "Returns x rounded up.")
cos = _of_one("cos", np.cos, "fc", "Returns the cosine of x, in radians.")
cosh = _of_one("cosh", np.cosh, "fc", "Returns the hyperbolic cosine of x.")
exp = _of_one("exp", np.exp, "fc", "Returns e to the power of x.")
expm1 = _of_one("expm1", np.expm1, "fc", "Returns exp(x) - 1, exact for small x.")
floor = _of_one("floor", np.floor, "f", "Returns x rounded down.")
is_finite = _of_one("is_finite", np.isfinite, "f", "Says where x is neither infinite nor NaN.")
is_inf = _of_one("is_inf", np.isinf, "f", "Says where x is infinite.")
is_nan = _of_one("is_nan", np.isnan, "f", "Says where x is NaN.")
log = _of_one("log", np.log, "fc", "Returns the natural logarithm of x.")
log1p = _of_one("log1p", np.log1p, "fc", "Returns log(1 + x), exact for small x.")
reciprocal = _of_one("reciprocal", _reciprocal, "fc", "Returns 1 / x.")
rint = _of_one("rint", np.rint, "f", "Returns x rounded to whole numbers, halves to the even one.")
rsqrt = _of_one("rsqrt", lambda array: np.divide(1, np.sqrt(array)), "fc", "Returns 1 / sqrt(x).")
sigmoid = _of_one("sigmoid", _sigmoid, "fc", "Returns 1 / (1 + exp(-x)).")
sign = _of_one("sign", np.sign, "ifc", "Returns -1, 0 or 1.")
sin = _of_one("sin", np.sin, "fc", "Returns the sine of x, in radians.")
sinh = _of_one("sinh", np.sinh, "fc", "Returns the hyperbolic sine of x.")
sqrt = _of_one("sqrt", np.sqrt, "fc", "Returns the square root of x.")
square = _of_one("square", np.square, "iufc", "Returns x * x.")
tan = _of_one("tan", np.tan, "fc", "Returns the tangent of x, in radians.")
tanh = _of_one("tanh", np.tanh, "fc", "Returns the hyperbolic tangent of x.")


@by_value
def round(x: Any, name: str | None = None) -> Any:
    """Returns x rounded to whole numbers, halves to the even one; integers as they are."""
    array = to_array(x, None, "x")
    need_kinds(array, "iufc", "round")
    return as_tensor(array if array.dtype.kind in "iu" else np.round(array))


def abs(x: Any, name: str | None = None) -> Tensor:
    """Returns x without its sign."""
    return operate_on_one("abs", x)


def negative(x: Any, name: str | None = None) -> Tensor:
    """Returns -x."""
    return operate_on_one("negative", x)


@by_value
def logical_not(x: Any, name: str | None = None) -> Any:
    """Says where x is False."""
    return as_tensor(np.logical_not(to_array(x, bool, "x")))


@by_value
def softplus(features: Any, name: str | None = None) -> Any:
    """Returns log(1 + exp(x))."""
    array = to_array(features, None, "features")
    need_kinds(array, "f", "softplus")
    return as_tensor(np.logaddexp(array, array.dtype.type(0)))


@by_value
def real(input: Any, name: str | None = None) -> Any:
    """Returns the real part of complex numbers; other numbers as they are."""
    return _part(input, np.real)


@by_value
def imag(input: Any, name: str | None = None) -> Any:
    """Returns the imaginary part of complex numbers; 0 for other ones."""
    return _part(input, np.imag)


@by_value
def conj(x: Any, name: str | None = None) -> Any:
    """Returns complex numbers with the other sign of the imaginary part; other numbers as they are."""
    return _part(x, np.conj)


@by_value
def angle(input: Any, name: str | None = None) -> Any:
    """Returns the angle of complex numbers, in radians; 0 or pi for other ones."""
    return _part(input, lambda array: np.angle(array).astype(np.real(array).dtype))


def _part(value: Any, function: Callable[..., Any]) -> Any:
    array = to_array(value)
    need_kinds(array, "iufc", "this")
    return as_tensor(np.asarray(function(array)))


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Returns x / y, and 0 where y is 0."""
    if any_ragged(x, y):
        return elementwise(divide_no_nan, x, y)
    left, right = both("divide_no_nan", x, y)
    need_kinds(left, "fc", "divide_no_nan")
    return as_tensor(fitting(lambda a, b: np.where(b == 0, a.dtype.type(0), np.divide(a, b)), left, right))


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Returns x * y, and 0 where y is 0, whatever x is."""
    if any_ragged(x, y):
        return elementwise(multiply_no_nan, x, y)
    left, right = both("multiply_no_nan", x, y)
    need_kinds(left, "fc", "multiply_no_nan")
    return as_tensor(fitting(lambda a, b: np.where(b == 0, a.dtype.type(0), a * b), left, right))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Tensor:
    """Returns x divided by its Euclidean length along an axis.

    Args:
        x: floats.
        axis: an axis, several, or None for all.
        epsilon: the least squared length that is divided by.
        name: not used.
        dim: an older name of `axis`.
    """
    axis = dim if axis is None else axis
    array = to_array(x, None, "x")
    need_kinds(array, "f", "l2_normalize")
    squares = np.asarray(reduce_sum(as_tensor(np.square(array)), axis, keepdims=True))
    return as_tensor(array / np.sqrt(np.maximum(squares, array.dtype.type(epsilon))))


def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Returns the sums of all values up to each, along an axis.

    Args:
        x: numbers.
        axis: the axis.
        exclusive: whether each value is left out of its own sum.
        reverse: whether the sums begin at the end.
    """
    if isinstance(x, RaggedTensor):
        return ragged_cumsum(x, axis, exclusive, reverse)
    return _accumulated(np.add, 0, x, axis, exclusive, reverse)


def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Returns the products of all values up to each, along an axis; the arguments are `cumsum`'s."""
    return _accumulated(np.multiply, 1, x, axis, exclusive, reverse)


def _accumulated(function: np.ufunc, first: int, x: Any, axis: Any, exclusive: bool, reverse: bool) -> Tensor:
    array = to_array(x, None, "x")
    need_kinds(array, "iufc", "cumsum and cumprod")
    where = axis_of(axis, array.ndim)
    rows = np.flip(array, where) if reverse else array
    with np.errstate(all="ignore"):
        sums = function.accumulate(rows, where, dtype=array.dtype)
    if exclusive:
        sums = np.roll(sums, 1, where)
        if array.shape[where]:
            sums[(slice(None),) * where + (0,)] = first
    return as_tensor(np.flip(sums, where) if reverse else sums)


def top_k(input: Any, k: Any = 1, sorted: bool = True, index_type: Any = np.int32, name: str | None = None) -> TopKV2:
    """Returns the k largest values of each row, the largest first, and where they are.

    Args:
        input: numbers; the last axis is the row.
        k: how many.
        sorted: not used: they are sorted in any case.
        index_type: int32 or int64.

    Returns:
        A named tuple (values, indices); of equal values the first comes first.

    Raises:
        ArgumentError: the rows are shorter than k.
    """
    array = to_array(input, None, "input")
    need_kinds(array, "iuf", "top_k")
    count = whole(k, "k")
    if array.ndim == 0 or not 0 <= count <= array.shape[-1]:
        raise ArgumentError(f"top_k is asked for {count} of rows in the shape {array.shape}.", fix="Give a smaller k.")
    backwards = array[..., ::-1]
    order = array.shape[-1] - 1 - np.argsort(backwards, axis=-1, kind="stable")[..., ::-1]
    indices = np.ascontiguousarray(order[..., :count])
    values = np.take_along_axis(array, indices, axis=-1)
    return TopKV2(to_tensor(values), as_tensor(indices.astype(index_type)))
