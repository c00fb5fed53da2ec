"""`import feedline.compat.tf as tf`: TensorFlow input pipelines run by feedline, with that one line changed.

What is covered stands in docs/compat.md; a name that is not raises an `AttributeError` that says what to use instead.
Values are `tf.Tensor`s: NumPy arrays with `.numpy()` and TensorFlow's rules for dtypes. Two differences are meant: what
TensorFlow cuts off or fills in without a word is an error here, and random numbers are feedline's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import feedline
from feedline import RaggedTensorSpec, SparseTensorSpec, TensorSpec
from feedline.compat.tf import (
    audio,
    autograph,
    compat,
    data,
    debugging,
    dtypes,
    errors,
    image,
    io,
    math,
    ragged,
    random,
    sparse,
    strings,
    train,
)
from feedline.compat.tf.control import (
    case,
    cond,
    executing_eagerly,
    function,
    get_static_value,
    group,
    identity,
    is_tensor,
    map_fn,
    no_op,
    numpy_function,
    py_function,
    stop_gradient,
    switch_case,
    vectorized_map,
    while_loop,
)
from feedline.compat.tf.control import print_ as print
from feedline.compat.tf.debugging import Assert
from feedline.compat.tf.dtypes import (
    DType,
    as_dtype,
    bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from feedline.compat.tf.joining import concat, matmul, norm, split, stack, tensordot, unstack
from feedline.compat.tf.making import (
    cast,
    constant,
    convert_to_tensor,
    eye,
    fill,
    linspace,
    one_hot,
    ones,
    ones_like,
    range,
    saturate_cast,
    sequence_mask,
    zeros,
    zeros_like,
)
from feedline.compat.tf.math import (
    abs,
    add,
    argmax,
    argmin,
    atan2,
    cos,
    cumsum,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    round,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    truediv,
)
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.picking import (
    argsort,
    boolean_mask,
    clip_by_value,
    gather,
    gather_nd,
    scatter_nd,
    searchsorted,
    sort,
    tensor_scatter_nd_update,
    unique,
    unique_with_counts,
    where,
)
from feedline.compat.tf.picking import slice_ as slice
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.shape import TensorShape
from feedline.compat.tf.shaping import (
    broadcast_to,
    ensure_shape,
    expand_dims,
    meshgrid,
    pad,
    rank,
    repeat,
    reshape,
    reverse,
    roll,
    shape,
    size,
    squeeze,
    tile,
    transpose,
)
from feedline.compat.tf.sparse_tensor import SparseTensor
from feedline.compat.tf.tensor import Tensor

if TYPE_CHECKING:
    import keras

__version__ = f"2.21.0+feedline.{feedline.__version__}"

newaxis = None


__all__ = [
    "Assert", "DType", "RaggedTensor", "RaggedTensorSpec", "SparseTensor", "SparseTensorSpec", "Tensor", "TensorShape",
    "TensorSpec", "abs", "add", "argmax", "argmin", "argsort", "as_dtype", "atan2", "audio", "autograph", "bfloat16",
    "bool", "boolean_mask", "broadcast_to", "case", "cast", "clip_by_value", "compat", "complex64", "complex128",
    "concat", "cond", "constant", "convert_to_tensor", "cos", "cumsum", "data", "debugging", "divide", "double",
    "dtypes", "ensure_shape", "equal", "errors", "executing_eagerly", "exp", "expand_dims", "eye", "fill", "float16",
    "float32", "float64", "floor", "function", "gather", "gather_nd", "get_static_value", "greater", "greater_equal",
    "group", "half", "identity", "image", "int8", "int16", "int32", "int64", "io", "is_tensor", "keras", "less",
    "less_equal", "linspace", "logical_and", "logical_not", "logical_or", "map_fn", "math", "matmul", "maximum",
    "meshgrid", "minimum", "multiply", "negative", "newaxis", "no_op", "norm", "not_equal", "numpy_function",
    "one_hot", "ones", "ones_like", "pad", "pow", "print", "py_function", "ragged", "random", "range", "rank",
    "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_sum", "repeat", "reshape", "reverse", "roll", "round", "saturate_cast", "scatter_nd", "searchsorted",
    "sequence_mask", "shape", "sigmoid", "sign", "sin", "size", "slice", "sort", "sparse", "split", "sqrt", "square",
    "squeeze", "stack", "stop_gradient", "string", "strings", "subtract", "switch_case", "tan", "tanh",
    "tensor_scatter_nd_update", "tensordot", "tile", "train", "transpose", "truediv", "uint8", "uint16", "uint32",
    "uint64", "unique", "unique_with_counts", "unstack", "vectorized_map", "where", "while_loop", "zeros",
    "zeros_like",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "keras":
        import keras

        import feedline.keras  # noqa: F401 (teaches Keras's models to take datasets)

        return keras
    if name == "bfloat16":
        return dtypes.bfloat16
    raise missing_name("tf", name, __all__)
