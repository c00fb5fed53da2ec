"""Pickles that hold arrays, lists, dicts, text and numbers, read without running what they name.

NumPy pickles an array as a call of `_reconstruct`, and a state of (version, shape, dtype, Fortran order, data), in
which data is bytes, or a list where the dtype is object. Here both are taken down and checked first, and then made an
array: neither a function nor NumPy's own `__setstate__`, which trusts its input, ever sees what is in the file.
"""

from __future__ import annotations

import math
import pickle
import re
from typing import Any

import numpy as np

_DTYPE = re.compile(r"[|<>=]?[biufO][1-9]?")
_RECONSTRUCT = {(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}


class _Dtype:
    """A dtype by its name, such as `f8`; its state gives the byte order."""

    def __init__(self, name: Any, *_: Any) -> None:
        self.name = name.decode("latin-1") if isinstance(name, bytes) else name
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else "="
        self.order = order.decode("latin-1") if isinstance(order, bytes) else order

    def dtype(self) -> np.dtype:
        if not isinstance(self.name, str) or not _DTYPE.fullmatch(self.name) or self.order not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError(f"it has an array of dtype {self.name!r:.40}")
        return np.dtype(object) if "O" in self.name else np.dtype(self.name).newbyteorder(self.order)  # type: ignore[arg-type]


class _Array:
    """An array that is being read."""

    def __init__(self, *_: Any) -> None:
        self.array: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("it has an array without a state")
        _, shape, kind, fortran, data = state
        if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
            raise pickle.UnpicklingError(f"it has an array of shape {shape!r:.40}")
        if not isinstance(kind, _Dtype):
            raise pickle.UnpicklingError("it has an array without a dtype")
        dtype, count = kind.dtype(), math.prod(shape)
        if dtype.kind == "O":
            if not isinstance(data, list) or len(data) != count:
                raise pickle.UnpicklingError(f"it has an array of shape {shape} without its values")
            flat = np.empty(count, object)
            for index, value in enumerate(data):
                flat[index] = plain(value)
        else:
            if not isinstance(data, bytes) or len(data) != count * dtype.itemsize:
                raise pickle.UnpicklingError(f"it has an array of shape {shape} without its bytes")
            flat = np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))
        self.array = flat.reshape(shape, order="F" if fortran else "C")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _RECONSTRUCT:
            return _Array
        if (module, name) == ("numpy", "dtype"):
            return _Dtype
        if (module, name) == ("numpy", "ndarray"):
            return None  # the first argument of _reconstruct
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no data set does; it was not run")


def plain(value: Any) -> Any:
    """Returns a value of a pickle, an array as an array."""
    if isinstance(value, _Array):
        if value.array is None:
            raise pickle.UnpicklingError("it has an array without a state")
        return value.array
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return value


def load(stream: Any, encoding: str = "ASCII") -> Any:
    """Returns what a pickle holds.

    Args:
        stream: an open binary file, at the pickle's first byte.
        encoding: what Python 2's strings become; "bytes" leaves them bytes.

    Raises:
        pickle.UnpicklingError: it names something else than NumPy's arrays; a damaged pickle may raise any error.

    Example:
        >>> import io
        >>> load(io.BytesIO(pickle.dumps({"labels": [1, 2], "data": np.arange(3)})))
        {'labels': [1, 2], 'data': array([0, 1, 2])}
        >>> load(io.BytesIO(pickle.dumps(print)))
        Traceback (most recent call last):
        _pickle.UnpicklingError: it names builtins.print, which no data set does; it was not run
    """
    return plain(_Unpickler(stream, encoding=encoding).load())
