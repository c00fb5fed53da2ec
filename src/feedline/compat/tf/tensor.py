"""Tensor: a NumPy array with `.numpy()`, TensorFlow's operators and no way to change it.

The functions of `feedline.compat.tf` return it, functions given to `Dataset.map` get it, and iterating over a dataset
yields it. NumPy's own functions return plain arrays for it, as they do for TensorFlow's tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from feedline.compat.tf.shape import TensorShape
from feedline.errors import ArgumentError, ShapeError, with_article
from feedline.spec import as_shape, dtype_name, shape_allows


class Tensor(np.ndarray):
    """An array that follows TensorFlow's rules.

    Both sides of an operator have one dtype; a Python number takes that of the other side. A scalar is a tensor of
    shape `()`, a string one of dtype `tf.string`.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tensor = tf.constant([1, 2, 3])
        >>> tensor + 1, tensor[0].numpy(), tensor.shape.as_list()
        (<tf.Tensor: shape=(3,), dtype=int32, numpy=array([2, 3, 4], dtype=int32)>, np.int32(1), [3])
    """

    __slots__ = ()
    __array_priority__ = 100

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("tf.Tensor is made by tf.constant(value) or tf.convert_to_tensor(value).")

    @property  # type: ignore[misc]  # NumPy lets the shape be set
    def shape(self) -> TensorShape:  # type: ignore[override]
        """The lengths: a tuple with `as_list()`."""
        return tuple.__new__(TensorShape, _SHAPE(self))

    def get_shape(self) -> TensorShape:
        """Returns the shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Checks that the tensor has this shape, in which None allows any length.

        Raises:
            ShapeError: it has not.
        """
        wanted = as_shape(shape)
        if not shape_allows(wanted, self.shape):
            raise ShapeError(
                f"the tensor has the shape {self.shape}, and {wanted} is asked for.",
                fix="Resize or reshape it first, or put None where the length may differ.",
            )

    def numpy(self) -> Any:
        """Returns the value as NumPy has it: an array; a NumPy scalar or `bytes` where the shape is ()."""
        return plain_array(self) if self.ndim else plain_array(self)[()]

    def ref(self) -> NoReturn:
        """Not covered: tensors are no keys here."""
        raise TypeError("a tensor is no key: use tensor.numpy().item() for one.")

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            key = tuple(plain_index(part) for part in key)
        else:
            key = plain_index(key)
        return as_tensor(plain_array(self)[key])

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise TypeError(
            "a tensor cannot be changed. Make a new one, for example with tf.where or tf.tensor_scatter_nd_update, or "
            "work on tensor.numpy().copy()."
        )

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("a tensor of shape () cannot be iterated over.")
        return map(as_tensor, plain_array(self))

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a tensor of shape () has no len().")
        return _SHAPE(self)[0]

    def __repr__(self) -> str:
        shown = repr(self.numpy()) if self.ndim else repr(self.numpy().item() if self.dtype != object else self.numpy())
        return f"<tf.Tensor: shape={self.shape}, dtype={dtype_name(self.dtype)}, numpy={shown}>"

    def __str__(self) -> str:
        return f"tf.Tensor({self.numpy()}, shape={self.shape}, dtype={dtype_name(self.dtype)})"

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec)

    def __reduce__(self) -> tuple:
        return (as_tensor, (plain_array(self),))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        if any(isinstance(out, Tensor) for out in keywords.get("out", ())):
            raise TypeError("a tensor cannot be changed, so it cannot be out= of a NumPy function.")
        operation = _OPERATORS.get(ufunc.__name__) if method == "__call__" and not keywords else None
        if operation is not None and isinstance(inputs[0], np.generic):
            # `np.float64(2) * tensor`: Python asks NumPy's scalar first, and it comes here.
            return inputs[1]._with(operation, inputs[0], True)
        inputs = tuple(plain_array(value) if isinstance(value, Tensor) else value for value in inputs)
        return getattr(ufunc, method)(*inputs, **keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*plain_arguments(args), **plain_arguments(kwargs))

    def _with(self, operation: str, other: Any, reflected: bool = False) -> Any:
        from feedline.compat.tf.arithmetic import operate

        if other is None or hasattr(other, "row_splits"):
            return NotImplemented
        return operate(operation, other, self) if reflected else operate(operation, self, other)

    def __add__(self, other: Any) -> Any:
        return self._with("add", other)

    def __radd__(self, other: Any) -> Any:
        return self._with("add", other, True)

    def __sub__(self, other: Any) -> Any:
        return self._with("subtract", other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("subtract", other, True)

    def __mul__(self, other: Any) -> Any:
        return self._with("multiply", other)

    def __rmul__(self, other: Any) -> Any:
        return self._with("multiply", other, True)

    def __truediv__(self, other: Any) -> Any:
        return self._with("divide", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("divide", other, True)

    def __floordiv__(self, other: Any) -> Any:
        return self._with("floordiv", other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._with("floordiv", other, True)

    def __mod__(self, other: Any) -> Any:
        return self._with("floormod", other)

    def __rmod__(self, other: Any) -> Any:
        return self._with("floormod", other, True)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        return self._with("pow", other)

    def __rpow__(self, other: Any, modulo: None = None) -> Any:
        return self._with("pow", other, True)

    def __matmul__(self, other: Any) -> Any:
        return self._with("matmul", other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._with("matmul", other, True)

    def __and__(self, other: Any) -> Any:
        return self._with("bitwise_and", other)

    def __rand__(self, other: Any) -> Any:
        return self._with("bitwise_and", other, True)

    def __or__(self, other: Any) -> Any:
        return self._with("bitwise_or", other)

    def __ror__(self, other: Any) -> Any:
        return self._with("bitwise_or", other, True)

    def __xor__(self, other: Any) -> Any:
        return self._with("bitwise_xor", other)

    def __rxor__(self, other: Any) -> Any:
        return self._with("bitwise_xor", other, True)

    # NumPy's would change the array in place, and with it every other name that it has.
    __iadd__, __isub__, __imul__, __itruediv__ = __add__, __sub__, __mul__, __truediv__
    __ifloordiv__, __imod__, __ipow__, __imatmul__ = __floordiv__, __mod__, __pow__, __matmul__
    __iand__, __ior__, __ixor__ = __and__, __or__, __xor__

    def __lt__(self, other: Any) -> Any:
        return self._with("less", other)

    def __le__(self, other: Any) -> Any:
        return self._with("less_equal", other)

    def __gt__(self, other: Any) -> Any:
        return self._with("greater", other)

    def __ge__(self, other: Any) -> Any:
        return self._with("greater_equal", other)

    def __eq__(self, other: Any) -> Any:
        return self._compare("equal", other)

    def __ne__(self, other: Any) -> Any:
        return self._compare("not_equal", other)

    def _compare(self, operation: str, other: Any) -> Any:
        """Compares as `==` does: with None, and where the shapes do not fit, the answer is one for the whole."""
        if other is None:
            return operation == "not_equal"
        try:
            return self._with(operation, other)
        except ShapeError:
            return as_tensor(operation == "not_equal")

    __hash__ = None

    def __neg__(self) -> Any:
        from feedline.compat.tf.arithmetic import operate_on_one

        return operate_on_one("negative", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        from feedline.compat.tf.arithmetic import operate_on_one

        return operate_on_one("abs", self)

    def __invert__(self) -> Any:
        from feedline.compat.tf.arithmetic import operate_on_one

        return operate_on_one("invert", self)


_SHAPE = np.ndarray.shape.__get__

_OPERATORS = {
    "add": "add", "subtract": "subtract", "multiply": "multiply", "divide": "divide", "floor_divide": "floordiv",
    "remainder": "floormod", "power": "pow", "less": "less", "less_equal": "less_equal", "greater": "greater",
    "greater_equal": "greater_equal", "equal": "equal", "not_equal": "not_equal", "bitwise_and": "bitwise_and",
    "bitwise_or": "bitwise_or", "bitwise_xor": "bitwise_xor",
}  # fmt: skip
"""NumPy's functions for its scalars' operators, and the operations that they are here."""


def plain_array(value: np.ndarray) -> np.ndarray:
    """Returns a tensor as the plain array that it is."""
    return value.view(np.ndarray)


def plain_index(key: Any) -> Any:
    """Returns an index that NumPy takes: a plain array, or an int where it is a scalar."""
    if not isinstance(key, Tensor):
        return key
    return plain_array(key) if key.ndim or key.dtype == bool else plain_array(key)[()]


def plain_arguments(value: Any) -> Any:
    """Returns arguments for NumPy with plain arrays in place of tensors."""
    if isinstance(value, Tensor):
        return plain_array(value)
    if type(value) in (list, tuple):
        return type(value)(plain_arguments(part) for part in value)
    if type(value) is dict:
        return {key: plain_arguments(part) for key, part in value.items()}
    return value


def as_tensor(value: Any) -> Any:
    """Returns an array, a NumPy scalar, a bool or bytes as a tensor; the array's memory is shared.

    Raises:
        ArgumentError: it is something else.
    """
    kind = type(value)
    if kind is Tensor:
        return value
    if kind is np.ndarray:
        return value.view(Tensor)
    if kind is bytes:
        array = np.empty((), object)
        array[()] = value
        return array.view(Tensor)
    if isinstance(value, np.ndarray | np.generic | bool):
        return np.asarray(value).view(Tensor)
    raise ArgumentError(
        f"{with_article(kind.__name__)} is no tensor: {value!r:.60}.", fix="Use tf.convert_to_tensor(value)."
    )
