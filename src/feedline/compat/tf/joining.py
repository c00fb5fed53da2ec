"""Functions that make one tensor of several, and several of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.compat.tf import ragged_joining
from feedline.compat.tf.convert import axis_of, need_kinds, to_array, to_arrays, whole, wholes
from feedline.compat.tf.ragged_broadcast import any_ragged
from feedline.compat.tf.ragged_parts import take_rows
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, ShapeError
from feedline.spec import as_dtype

# NumPy 2.5 types keepdims as a literal: calls that pass it on are marked.


def stack(values: Any, axis: Any = 0, name: str = "stack") -> Any:
    """Returns tensors of one shape as the rows of one tensor.

    Args:
        values: the tensors.
        axis: where the new dimension goes.

    Raises:
        ShapeError: the shapes differ.
        DtypeError: the dtypes differ.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.stack([tf.constant([1, 2]), tf.constant([3, 4])]).shape
        TensorShape([2, 2])
    """
    if isinstance(values, list | tuple) and any_ragged(*values):
        return ragged_joining.stack(values, axis)
    if not isinstance(values, list | tuple) or not any(isinstance(value, Tensor) for value in values):
        try:
            whole_array = to_array(values, None, "values")
        except ShapeError:  # it is said below which of them differs
            arrays = to_arrays(values)
        else:
            return as_tensor(np.moveaxis(whole_array, 0, axis_of(axis, whole_array.ndim)))
    else:
        arrays = to_arrays(values)
    shapes = [array.shape for array in arrays]
    if len(set(shapes)) > 1:
        number = next(number for number, shape in enumerate(shapes) if shape != shapes[0])
        raise ShapeError(
            f"values[0] has the shape {shapes[0]} and values[{number}] {shapes[number]}: they cannot be stacked.",
            fix="Bring them to one shape, for images with tf.image.resize, or use tf.ragged.stack.",
        )
    return as_tensor(np.stack(arrays, axis_of(axis, arrays[0].ndim + 1)))


def unstack(value: Any, num: Any = None, axis: Any = 0, name: str = "unstack") -> list[Tensor]:
    """Returns the rows of a tensor as a list.

    Args:
        value: a tensor.
        num: how many rows there are, if that is to be checked.
        axis: the dimension that goes.

    Raises:
        ShapeError: there are not `num` rows.
    """
    array = to_array(value, None, "value")
    rows = np.moveaxis(array, axis_of(axis, array.ndim), 0)
    if num is not None and whole(num, "num") != len(rows):
        raise ShapeError(f"there are {len(rows)} rows in the shape {array.shape}, not {num}.", fix="Leave num out.")
    return [as_tensor(row) for row in rows]


def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Returns tensors one after the other along a dimension.

    Args:
        values: the tensors; of ragged and dense ones together a ragged one is made.
        axis: the dimension.

    Raises:
        ShapeError: they differ in another dimension, or are scalars.
        DtypeError: the dtypes differ.
    """
    if isinstance(values, Tensor | np.ndarray):
        return as_tensor(to_array(values))
    values = list(values)
    if any_ragged(*values):
        return ragged_joining.concat(values, axis)
    arrays = to_arrays(values)
    if not arrays:
        raise ArgumentError("concat was given no tensors.", fix="Give at least one.")
    if arrays[0].ndim == 0:
        raise ShapeError("scalars cannot be put one after the other.", fix="Use tf.stack.")
    where = axis_of(axis, arrays[0].ndim)
    shapes = [array.shape for array in arrays]
    outer = {(*shape[:where], *shape[where + 1 :]) for shape in shapes}
    if len(outer) > 1 or len({len(shape) for shape in shapes}) > 1:
        raise ShapeError(
            f"the shapes {', '.join(map(str, shapes[:5]))} differ in more than dimension {where}.",
            fix="Bring them to one shape in all other dimensions.",
        )
    return as_tensor(np.concatenate(arrays, where))


def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split") -> list[Any]:
    """Returns a tensor in pieces.

    Args:
        value: a tensor; a ragged one with `axis` 0.
        num_or_size_splits: how many equal pieces, or the length of each; -1 in one place for what is left.
        axis: the dimension that is cut.
        num: not used.

    Raises:
        ShapeError: the pieces do not make up the tensor.
    """
    if isinstance(value, RaggedTensor):
        if axis_of(axis, len(value.shape)):
            raise ArgumentError("split of a ragged tensor is for axis 0.", fix="Slice it, as in ragged[:, :2].")
        rows = split(np.arange(len(value)), num_or_size_splits)
        return [take_rows(value, np.asarray(numbers)) for numbers in rows]
    array = to_array(value, None, "value")
    where = axis_of(axis, array.ndim)
    length = array.shape[where]
    wanted = to_array(num_or_size_splits, None, "num_or_size_splits")
    if wanted.ndim == 0:
        count = whole(wanted, "num_or_size_splits")
        if count < 1 or length % count:
            raise ShapeError(
                f"a length of {length} cannot be cut into {count} equal pieces.", fix="Give the length of each piece."
            )
        return [as_tensor(piece) for piece in np.split(array, count, where)]
    sizes = wholes(wanted, "num_or_size_splits")
    rest = length - sum(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and rest >= 0:
        sizes = [rest if size == -1 else size for size in sizes]
    if sum(sizes) != length or any(size < 0 for size in sizes):
        raise ShapeError(f"pieces of {sizes} do not make up a length of {length}.", fix="Put -1 for what is left.")
    return [as_tensor(piece) for piece in np.split(array, np.cumsum(sizes)[:-1], where)]


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, output_type: Any = None,
    grad_a: bool = False, grad_b: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Returns the product of two matrices, or of each two of a batch.

    Args:
        a: numbers, of rank 2 or more.
        b: the same.
        transpose_a: whether `a` is transposed first.
        transpose_b: whether `b` is.
        adjoint_a: whether `a` is transposed and conjugated first.
        adjoint_b: whether `b` is.
        a_is_sparse: not used.
        b_is_sparse: not used.
        output_type: the dtype that is computed in; None for that of `a`.
        grad_a: not used.
        grad_b: not used.
        name: not used.

    Raises:
        ArgumentError: a matrix is to be transposed and adjoint.
    """
    from feedline.compat.tf.arithmetic import both, operate

    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise ArgumentError("a matrix is to be transposed and adjoint.", fix="Give one of the two.")
    left, right = both("matmul", a, b)
    if output_type is not None:
        left, right = left.astype(as_dtype(output_type)), right.astype(as_dtype(output_type))
    if (transpose_a or adjoint_a) and left.ndim > 1:
        left = np.swapaxes(np.conj(left) if adjoint_a else left, -1, -2)
    if (transpose_b or adjoint_b) and right.ndim > 1:
        right = np.swapaxes(np.conj(right) if adjoint_b else right, -1, -2)
    return operate("matmul", as_tensor(left), as_tensor(right))


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """Returns the sums of products over axes of both; see `numpy.tensordot`."""
    from feedline.compat.tf.arithmetic import both

    left, right = both("tensordot", a, b)
    where: Any = (
        axes if isinstance(axes, int) else [list(part) if isinstance(part, list | tuple) else part for part in axes]
    )
    return as_tensor(np.tensordot(left, right, where).astype(left.dtype))


def einsum(equation: str, *inputs: Any, **options: Any) -> Tensor:
    """Returns sums of products by the letters of their dimensions; see `numpy.einsum`.

    Args:
        equation: such as "ij,jk->ik".
        *inputs: the tensors, of one dtype.
        **options: the options of TensorFlow's, which have no meaning here.

    Raises:
        ShapeError: the equation does not fit the shapes.
    """
    arrays = to_arrays(inputs, "inputs")
    if arrays:
        need_kinds(arrays[0], "iufc", "einsum")
    try:
        _check_letters(equation, arrays)
        return as_tensor(np.asarray(np.einsum(equation, *arrays)))
    except ValueError as error:
        raise ShapeError(
            f"the equation {equation!r} does not fit the shapes {', '.join(str(array.shape) for array in arrays)}: "
            f"{error}.",
            fix="Give one letter for each dimension.",
        ) from None


def _check_letters(equation: str, arrays: list[np.ndarray]) -> None:
    """Checks that each letter stands for one length: NumPy would repeat a length of 1."""
    lengths: dict[str, int] = {}
    for letters, array in zip(equation.replace(" ", "").split("->")[0].split(","), arrays, strict=True):
        first, _, last = letters.partition("...")
        pairs = [*zip(first, array.shape, strict=False), *zip(reversed(last), reversed(array.shape), strict=False)]
        for letter, length in pairs:
            if lengths.setdefault(letter, length) != length:
                raise ValueError(f"{letter} stands for the lengths {lengths[letter]} and {length}")


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns the length of vectors.

    Args:
        tensor: floats.
        ord: "euclidean", 1, 2, another number from 1, or infinity.
        axis: an axis, or None for all values as one vector.
        keepdims: whether the axis stays, with length 1.
    """
    array = to_array(tensor, None, "tensor")
    need_kinds(array, "fc", "norm")
    keepdims = bool(keepdims)
    where = tuple(range(array.ndim)) if axis is None else tuple(axis_of(n, array.ndim) for n in wholes(axis, "axis"))
    sizes = np.abs(array)
    if ord in ("euclidean", 2):
        return as_tensor(np.sqrt(np.sum(sizes * sizes, where, keepdims=keepdims)))  # type: ignore[call-overload]
    if ord == np.inf:
        return as_tensor(np.max(sizes, where, keepdims=keepdims))  # type: ignore[call-overload]
    if not isinstance(ord, int | float) or ord < 1:
        raise ArgumentError(f"ord is {ord!r}.", fix='Use "euclidean", 1, 2 or np.inf.')
    return as_tensor((np.sum(sizes**ord, where, keepdims=keepdims) ** (1 / ord)).astype(array.dtype))  # type: ignore[call-overload]
