"""One component on its way into a model: what each Keras backend takes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from feedline.errors import DtypeError, StructureError
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec, dtype_name, string

Converter = Callable[[Any, str], Any]
"""From a component, and its name for messages, to what the backend takes."""


def to_numpy(component: Any) -> np.ndarray:
    """Returns a component as an array in the machine's own byte order."""
    array = component if isinstance(component, np.ndarray) else np.asarray(component)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def jax_converter() -> Converter:
    """Returns the function that gives JAX an array, or a `BCOO` of what is sparse.

    JAX has no 64-bit integers unless told to: it would cut them to 32 bits without a word, so values that do not fit
    are an error here.
    """
    from jax.experimental.sparse import BCOO

    from feedline.jax.integers import check_integers

    def convert(component: Any, name: str) -> Any:
        if isinstance(component, SparseTensor):
            values, indices = to_numpy(component.values), component.indices
            for array in (values, indices):
                check_integers(array, name)
            return BCOO(_in_few_sizes(values, indices, component.shape), shape=component.shape)
        array = to_numpy(component)
        check_integers(array, name)
        return array

    return convert


def _in_few_sizes(values: np.ndarray, indices: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Returns values and indices filled up to a power of two, with places outside of the array, which JAX passes over.

    It compiles a step anew for every number of values that it has not seen.
    """
    more = max(16, 1 << (len(values) - 1).bit_length()) - len(values)
    outside = np.broadcast_to(np.array(shape, indices.dtype), (more, len(shape)))
    return np.concatenate([values, np.zeros(more, values.dtype)]), np.concatenate([indices, outside])


def torch_converter() -> Converter:
    """Returns the function that makes a PyTorch tensor, on Keras's device, without a copy where PyTorch allows it."""
    import keras

    def convert(component: Any, name: str) -> Any:
        array = to_numpy(component)
        # PyTorch shares memory with the array, and knows neither read-only memory nor negative strides.
        if not array.flags.writeable or any(stride < 0 for stride in array.strides):
            array = array.copy()
        return keras.ops.convert_to_tensor(array)

    return convert


def tensorflow_converter() -> Converter:
    """Returns the function that gives TensorFlow an array, a ragged or a sparse tensor."""
    import tensorflow as tf

    def convert(component: Any, name: str) -> Any:
        if isinstance(component, RaggedTensor):
            values = convert(component.values, name)
            return tf.RaggedTensor.from_row_splits(values, component.row_splits, validate=False)
        if isinstance(component, SparseTensor):
            return tf.SparseTensor(component.indices, component.values, component.dense_shape)
        return to_numpy(component)

    return convert


def tensorflow_spec(spec: TensorSpec | RaggedTensorSpec | SparseTensorSpec) -> Any:
    """Returns TensorFlow's spec of a batched component; the last batch may be smaller, so its length is left open."""
    import tensorflow as tf

    shape = None if spec.shape is None else (None, *spec.shape[1:])
    dtype = tf.string if spec.dtype == string else tf.as_dtype(spec.dtype)
    if isinstance(spec, RaggedTensorSpec):
        return tf.RaggedTensorSpec(shape, dtype, spec.ragged_rank, tf.as_dtype(spec.row_splits_dtype))
    if isinstance(spec, SparseTensorSpec):
        return tf.SparseTensorSpec(shape, dtype)
    return tf.TensorSpec(shape, dtype)


def class_weights(labels: Any, class_weight: Mapping[int, float], float_dtype: str) -> np.ndarray:
    """Returns the weight of each label's class, 1 for a class that has none, as Keras counts them.

    Args:
        labels: class numbers `(batch,)` or `(batch, ..., 1)`, or one-hot rows `(batch, ..., classes)`.
        class_weight: from class number to weight.
        float_dtype: the dtype of the result.

    Raises:
        StructureError: there are several outputs.
        DtypeError: the labels are not numbers.

    Example:
        >>> class_weights(np.array([0, 2, 1]), {0: 0.5, 2: 3.0}, "float32")
        array([0.5, 3. , 1. ], dtype=float32)
    """
    if isinstance(labels, tuple | dict | list):
        raise StructureError(
            f"class_weight needs one output, but the labels are {len(labels)} components.",
            fix="Leave class_weight out, and give sample weights as the third part of each element, (x, y, weights).",
        )
    labels = to_numpy(labels)
    if labels.dtype.kind not in "iufb":
        raise DtypeError(
            f"class_weight needs labels that are numbers, not {dtype_name(labels.dtype)}.",
            fix="Map the labels to class numbers.",
        )
    if labels.ndim > 1:
        labels = labels[..., 0] if labels.shape[-1] == 1 else labels.argmax(axis=-1)
    numbers, position = np.unique(np.round(labels).astype(np.int64), return_inverse=True)
    weights = np.array([class_weight.get(int(number), 1.0) for number in numbers], float_dtype)
    return weights[position].reshape(labels.shape)
