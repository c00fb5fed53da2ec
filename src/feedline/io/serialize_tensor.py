"""`serialize_tensor` and `parse_tensor`: an array as the bytes of a record, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import DtypeError, ShapeError
from feedline.formats.tensor_proto import decode_tensor, encode_tensor
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import as_dtype, dtype_name, string


def serialize_tensor(tensor: Any, name: str | None = None) -> bytes:
    """Serialises an array, with its shape and dtype, to the bytes of a `TensorProto`.

    Arrays give the same bytes as with `tf.io.serialize_tensor`. Python's numbers are taken as TensorFlow takes them:
    ints are int32 (int64 where one is too large), floats float32, complex numbers complex128, `str` is UTF-8.

    Args:
        tensor: an array of any shape, of a framework's or NumPy's, or (nested lists of) Python values.
        name: not used.

    Returns:
        The bytes; `parse_tensor` reads them, and so does TensorFlow.

    Raises:
        DtypeError: TensorFlow has no such dtype.
        ShapeError: nested lists are not rectangular.

    Example:
        >>> parse_tensor(serialize_tensor([[1.5, 2.0]]), "float32")
        array([[1.5, 2. ]], dtype=float32)
    """
    if type(tensor) is np.ndarray and tensor.dtype.kind in "fiubc":
        return encode_tensor(tensor)
    return encode_tensor(_as_array(tensor))


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """Parses what `serialize_tensor`, here or in TensorFlow, gave.

    Every valid `TensorProto` is understood, and gives the array that TensorFlow makes of it, except where TensorFlow
    drops or invents something without a word: more values than the shape takes, none at all, and numbers that the
    dtype cannot hold are errors.

    Args:
        serialized: bytes.
        out_type: the dtype that the tensor must have.
        name: not used.

    Returns:
        A read-only array: a view of `serialized` where its values lie aligned there, a copy elsewhere; an object array
        of bytes for strings, `bytes` for a single string of shape ().

    Raises:
        DtypeError: the tensor is of another dtype than `out_type`, or `serialized` is not bytes.
        TensorDecodeError: the bytes are not a whole serialised tensor.

    Example:
        >>> parse_tensor(serialize_tensor(np.array([b"a", b"bc"], object)), "string")
        array([b'a', b'bc'], dtype=object)
    """
    wanted = out_type if type(out_type) is np.dtype and out_type.kind not in "SU" else as_dtype(out_type)
    if type(serialized) is not bytes:
        serialized = _as_bytes(serialized)
    array = decode_tensor(serialized)
    found = string if isinstance(array, bytes) else array.dtype
    if found != wanted:
        raise DtypeError(
            f"parse_tensor was asked for {dtype_name(wanted)}, but the tensor is of dtype {dtype_name(found)}.",
            fix=f'Parse it as it is, parse_tensor(..., "{dtype_name(found)}"), and cast the result if need be.',
        )
    return array


def _as_bytes(serialized: Any) -> bytes:
    if isinstance(serialized, bytes | bytearray | memoryview):
        return bytes(serialized)
    value = serialized.numpy() if hasattr(serialized, "numpy") else serialized
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, np.ndarray):
        fix = "Parse a batch element by element: map before batch."
        raise DtypeError(f"parse_tensor parses one string, got an array {value.dtype} {value.shape}.", fix=fix)
    fix = "Give the bytes that serialize_tensor() gave."
    raise DtypeError(f"parse_tensor parses bytes, got {type(value).__name__}.", fix=fix)


def _as_array(tensor: Any) -> np.ndarray:
    if isinstance(tensor, RaggedTensor | SparseTensor):
        name, dense = type(tensor).__name__, "to_tensor" if isinstance(tensor, RaggedTensor) else "to_dense"
        raise DtypeError(f"a {name} cannot be serialised as one tensor.", fix=f"Make it dense: .{dense}().")
    if tensor is None:
        raise DtypeError("None cannot be serialised.", fix="Give an array.")
    from_python = not hasattr(tensor, "__array__")
    try:
        array = np.asarray(tensor)
    except ValueError as error:
        raise ShapeError(
            f"nested lists of different lengths are no tensor ({error}).", fix="Make them rectangular, or pad them."
        ) from None
    except TypeError as error:
        raise DtypeError(
            f"this {type(tensor).__name__} is no array for NumPy ({error}).", fix="Cast it first."
        ) from error
    if array.dtype.kind in "SU":
        # NumPy's own arrays of strings drop trailing zero bytes; Python's values still have them.
        array = np.array(tensor, object) if from_python else array.astype(object)
    elif from_python and array.dtype.kind in "if" and not _has_numpy_leaf(tensor):
        array = _narrowed(array, tensor)
    if array.dtype == string:
        flat = [value.encode() if isinstance(value, str) else value for value in array.ravel().tolist()]
        encoded = np.empty(len(flat), object)
        encoded[:] = flat
        array = encoded.reshape(array.shape)
    return array


def _narrowed(array: np.ndarray, tensor: Any) -> np.ndarray:
    """Gives Python's ints and floats the dtypes that TensorFlow gives them."""
    if array.size and any(isinstance(leaf, bool) for leaf in _leaves(tensor)):
        raise DtypeError("a list mixes bools and numbers.", fix="Make all of one type.")
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            narrow = array.astype(np.float32)
        if np.any(np.isinf(narrow) & np.isfinite(array)):
            raise DtypeError("a float is too large for float32.", fix="Give a NumPy array of float64.")
        return narrow
    low, high = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    return array.astype(np.int32) if low <= array.min() and array.max() <= high else array


def _has_numpy_leaf(tensor: Any) -> bool:
    return any(hasattr(leaf, "dtype") for leaf in _leaves(tensor))


def _leaves(tensor: Any) -> list:
    if isinstance(tensor, list | tuple):
        return [leaf for item in tensor for leaf in _leaves(item)]
    return [tensor]
