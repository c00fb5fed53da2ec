"""Pickles that hold arrays, lists, dicts, text and numbers, read without running what they name.

NumPy pickles an array as a call of `_reconstruct`, and a state of (version, shape, dtype, Fortran order, data), in
which data is bytes, or a list where the dtype is object. Here both are taken down and checked first, and then made an
array: neither a function nor NumPy's own `__setstate__`, which trusts its input, ever sees what is in the file.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from typing import Any

import numpy as np

from feedline.datasets.pickle_machine import Instance, PickleMachine

_DTYPE = re.compile(r"[|<>=]?[biufO][1-9]?")
_RECONSTRUCT = {(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}
_LARGEST = 1 << 28  # bytes; CIFAR-100's, the largest pickle of a data set, has 155 million
_DIMENSIONS = 64  # of NumPy's arrays


class _Dtype(Instance):
    """A dtype by its name, such as `f8`; its state gives the byte order."""

    def __init__(self, arguments: tuple) -> None:
        super().__init__(arguments)
        self.name = _text(arguments[0] if arguments else None)
        self.order = "="

    def with_state(self, state: Any, limit: int) -> tuple[Any, int]:
        self.order = _text(state[1]) if isinstance(state, tuple) and len(state) > 1 else "="
        return self, 0

    def dtype(self) -> np.dtype:
        try:
            if not _DTYPE.fullmatch(self.name) or self.order not in ("<", ">", "=", "|"):
                raise TypeError
            return np.dtype(object) if "O" in self.name else np.dtype(self.name).newbyteorder(self.order)  # type: ignore[arg-type]
        except TypeError as error:
            raise pickle.UnpicklingError(f"it has an array of dtype {self.name!r}") from error


class _Array(Instance):
    """An array that is being read."""

    def with_state(self, state: Any, limit: int) -> tuple[Any, int]:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("it has an array without a state")
        _, shape, kind, fortran, data = state
        if not isinstance(shape, tuple) or len(shape) > _DIMENSIONS or not all(map(_is_length, shape)):
            raise pickle.UnpicklingError("it has an array whose shape is none")
        if not isinstance(kind, _Dtype):
            raise pickle.UnpicklingError("it has an array without a dtype")
        dtype, count = kind.dtype(), math.prod(shape)
        needed = count * dtype.itemsize
        if dtype.kind == "O":
            if not isinstance(data, list) or len(data) != count:
                raise pickle.UnpicklingError(f"it has an array of shape {shape} without its values")
            if any(isinstance(value, _Array) for value in data):
                raise pickle.UnpicklingError("it has an array without a state")
        elif not isinstance(data, bytes) or len(data) != needed:
            raise pickle.UnpicklingError(f"it has an array of shape {shape} without its bytes")
        if needed > limit:
            raise pickle.UnpicklingError("it has more arrays than its bytes are enough for")
        if dtype.kind == "O":
            flat = np.empty(count, object)
            for index, value in enumerate(data):
                flat[index] = value
            fortran = False  # NumPy lists objects in C order, in whatever order they lie
        else:
            flat = np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))
        return flat.reshape(shape, order="F" if fortran else "C"), needed


def _text(value: Any) -> str:
    """Returns the start of a text, which Python 2 wrote as bytes; "" for all else, which may be of any size."""
    if isinstance(value, bytes):
        return value[:40].decode("latin-1")
    return value[:40] if isinstance(value, str) else ""


def _is_length(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _named(module: str, name: str) -> type[Instance] | None:
    if (module, name) in _RECONSTRUCT:
        return _Array
    if (module, name) == ("numpy", "dtype"):
        return _Dtype
    if (module, name) == ("numpy", "ndarray"):
        return None  # the first argument of _reconstruct
    raise pickle.UnpicklingError(f"it names {module[:60]}.{name[:60]}, which no data set does; it was not run")


def _contents(stream: Any) -> bytes:
    """Returns all bytes of a file, read in pieces: its end may be elsewhere than an archive says."""
    contents = io.BytesIO()
    while piece := stream.read(1 << 20):
        contents.write(piece)
        if contents.tell() > _LARGEST:
            raise pickle.UnpicklingError("it has more bytes than any data set")
    return contents.getvalue()


def load(stream: Any, encoding: str = "ASCII") -> Any:
    """Returns what a pickle holds.

    A damaged file takes no more memory than a whole one of its size could.

    Args:
        stream: an open binary file, at the pickle's first byte; it is read to its end.
        encoding: what Python 2's strings become; "bytes" leaves them bytes.

    Raises:
        pickle.UnpicklingError: it names something else than NumPy's arrays, is damaged, or is far larger than the files
            of data sets are.

    Example:
        >>> import io
        >>> load(io.BytesIO(pickle.dumps({"labels": [1, 2], "data": np.arange(3)})))
        {'labels': [1, 2], 'data': array([0, 1, 2])}
        >>> load(io.BytesIO(pickle.dumps(print)))
        Traceback (most recent call last):
        _pickle.UnpicklingError: it names builtins.print, which no data set does; it was not run
    """
    value = PickleMachine(_contents(stream), encoding, _named).run()
    if isinstance(value, _Array):
        raise pickle.UnpicklingError("it has an array without a state")
    return value
