"""Blocks as messages: their arrays in memory that two processes share, and a few words that say where each is.

Arrays of numbers are written straight to their place. Lists of arrays are written one after the other. Whatever else
there is (strings, ragged and sparse tensors) is pickled, with the arrays within it in the shared memory as well.
"""

from __future__ import annotations

import math
import pickle
import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from feedline.block import Block, Column
from feedline.run.code_pickler import code_pickler, modules_sent_by_value
from feedline.strings import PackedStrings
from feedline.structure import Treedef

_ALIGNMENT = 64
_DENSE, _ROWS, _PICKLED = 0, 1, 2
_WASTE = 2
"""Of strings that fill less than this part of their buffer, only the strings are sent."""

_FOUND_ANYWHERE = ("builtins", "collections", "numpy", "feedline")
"""What is of these modules is known to every process by its name."""

Place = tuple[int, int]
"""Where something is, and how many bytes it has."""


class Writing:
    """Arrays that are to be written to one piece of memory.

    Attributes:
        nbytes: how much memory they need.
    """

    def __init__(self) -> None:
        self.nbytes = 0
        self._arrays: list[tuple[np.ndarray, int]] = []

    def add(self, array: np.ndarray, alignment: int = _ALIGNMENT) -> Place:
        """Returns where an array will be."""
        start = -(-self.nbytes // alignment) * alignment
        if array.nbytes:
            self._arrays.append((array, start))
        self.nbytes = start + array.nbytes
        return start, array.nbytes

    def write(self, memory: Any) -> None:
        """Writes the arrays.

        Args:
            memory: a writable buffer of at least `nbytes`.
        """
        whole = np.frombuffer(memory, np.uint8, self.nbytes)
        for array, start in self._arrays:
            whole[start : start + array.nbytes].view(array.dtype).reshape(array.shape)[...] = array


def describe_block(block: Block, writing: Writing) -> tuple[int, list[tuple]]:
    """Returns what `read_block` needs to know besides the memory and the structure."""
    return block.length, [_describe(column, writing) for column in block.columns]


def read_block(description: tuple[int, list[tuple]], memory: np.ndarray, treedef: Treedef) -> Block:
    """Returns a block whose arrays are views of memory.

    Args:
        description: what `describe_block` returned.
        memory: uint8, what was written.
        treedef: the structure.
    """
    length, columns = description
    return Block(length, [_read(column, memory) for column in columns], treedef)


def _describe(column: Column, writing: Writing) -> tuple:
    if isinstance(column, np.ndarray) and not column.dtype.hasobject:
        return _DENSE, column.dtype, column.shape, writing.add(column)
    if isinstance(column, list) and column:
        dtypes = {value.dtype if type(value) is np.ndarray else None for value in column}
        dtype = next(iter(dtypes))
        if len(dtypes) == 1 and dtype is not None and not dtype.hasobject:
            starts = [writing.add(value, dtype.alignment)[0] for value in column]
            return _ROWS, dtype, [value.shape for value in column], starts
        column = _without_unused(column)
    pickled, buffers = pickled_with_buffers(column)
    places = [writing.add(np.frombuffer(buffer, np.uint8)) for buffer in buffers]
    return _PICKLED, writing.add(np.frombuffer(pickled, np.uint8)), places


def _read(described: tuple, memory: np.ndarray) -> Column:
    kind, *rest = described
    if kind == _DENSE:
        dtype, shape, (start, nbytes) = rest
        return memory[start : start + nbytes].view(dtype).reshape(shape)
    if kind == _ROWS:
        dtype, shapes, starts = rest
        sizes = (dtype.itemsize * math.prod(shape) for shape in shapes)
        return [
            memory[start : start + nbytes].view(dtype).reshape(shape)
            for start, nbytes, shape in zip(starts, sizes, shapes, strict=True)
        ]
    (start, nbytes), places = rest
    buffers = [memory[first : first + size].data for first, size in places]
    return pickle.loads(memory[start : start + nbytes].data, buffers=buffers)


def _without_unused(column: list) -> list:
    """Returns strings that are a small part of a whole without the rest of it."""
    first = column[0]
    if not isinstance(first, PackedStrings) or first.whole is None:
        return column
    if _WASTE * sum(map(len, column)) >= len(first.whole):
        return column
    return [PackedStrings(part.packed_buffer, part.packed_offsets, part.packed_lengths) for part in column]


def pickled_with_buffers(value: Any) -> tuple[bytes, list[memoryview]]:
    """Returns a value pickled, and the memory of the arrays and strings in it, which is not copied.

    Functions in it, such as those of datasets that are elements, are pickled as those of plans are.
    """
    try:
        return _dumped(_Pickler, value)
    except _HoldsCodeError:
        with modules_sent_by_value():
            return _dumped(_code_pickler(), value)


def _dumped(pickler: Any, value: Any) -> tuple[bytes, list[memoryview]]:
    import io

    buffers: list[memoryview] = []
    file = io.BytesIO()
    pickler(file, protocol=5, buffer_callback=lambda buffer: buffers.append(buffer.raw())).dump(value)
    return file.getvalue(), buffers


class _HoldsCodeError(Exception):
    """Something is of a class, or is a function, that the other process may not find."""


class _Pickler(pickle.Pickler):
    """Pickles strings as one piece of memory, in place of an object each."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, PackedStrings):
            return _reduced_strings(value)
        if type(value) is np.ndarray:
            return _reduced_objects(value) if value.dtype == object and value.size else NotImplemented
        if isinstance(value, (type, types.FunctionType)) and _module_of(value) not in _FOUND_ANYWHERE:
            raise _HoldsCodeError
        return NotImplemented


def _module_of(value: Any) -> str:
    return (value.__module__ or "").partition(".")[0]


@cache
def _code_pickler() -> Any:
    """Returns what pickles functions and classes by their code besides."""

    class Pickler(code_pickler()):  # type: ignore[misc]
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, PackedStrings):
                return _reduced_strings(value)
            if type(value) is np.ndarray and value.dtype == object and value.size:
                return _reduced_objects(value)
            return super().reducer_override(value)

    return Pickler


def _reduced_strings(strings: PackedStrings) -> tuple[Callable[..., Any], tuple]:
    if strings.whole is not None:
        return _part_of, (strings.whole, strings.first, len(strings))
    buffer, offsets, lengths = strings.packed_buffer, strings.packed_offsets, strings.packed_lengths
    if _WASTE * strings.nbytes < buffer.nbytes:
        data = buffer.data
        pieces = zip(offsets.tolist(), (offsets + lengths).tolist(), strict=True)
        joined = b"".join([data[start:stop] for start, stop in pieces])
        buffer = np.frombuffer(joined, np.uint8)
        offsets = np.cumsum(lengths) - lengths
    return PackedStrings, (np.ascontiguousarray(buffer), offsets, lengths)


def _part_of(whole: PackedStrings, first: int, count: int) -> PackedStrings:
    return whole.part(first, first + count)


def _reduced_objects(array: np.ndarray) -> Any:
    values = array.reshape(-1).tolist()
    if not set(map(type, values)) <= {bytes}:
        return NotImplemented
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    return _objects, (array.shape, lengths, pickle.PickleBuffer(b"".join(values)))


def _objects(shape: tuple[int, ...], lengths: np.ndarray, joined: Any) -> np.ndarray:
    array = np.empty(len(lengths), object)
    data = memoryview(joined)
    stops = np.cumsum(lengths)
    array[:] = [bytes(data[start:stop]) for start, stop in zip((stops - lengths).tolist(), stops.tolist(), strict=True)]
    return array.reshape(shape)
