"""The functions that the random pipelines call, by name; each takes the library that runs the pipeline."""

from __future__ import annotations

import collections
import functools  # noqa: F401 for the pipelines
from typing import Any

import numpy as np
from pipelines.elements import Pair, Record, leaves, map_leaves, parts_of, whole
from pipelines.files import *  # noqa: F403 for the pipelines

RAGGED = [np.array([1, 2]), np.array([], int), np.array([3]), np.array([4, 5, 6])]
RAGGED_PAIRS = [np.arange(2 * count, dtype=np.float32).reshape(count, 2) for count in (1, 0, 3)]
RAGGED_TEXTS = [np.array(texts, object) for texts in ([b"a", b"bc"], [], [b"def"])]
TABLE = np.array([[0, 1, 0, 2], [0, 0, 0, 0], [3, 0, 0, 4]])
TABLE_OF_TEXTS = np.array([[b"a", b""], [b"", b"bc"]], object)


def total(lib: Any, element: Any) -> Any:
    """Returns an int32 that stands for an element."""
    return lib.total(leaves(element)[0])


def long_total(lib: Any, element: Any) -> Any:
    return lib.long(total(lib, element))


def double(lib: Any, element: Any) -> Any:
    return map_leaves(lib.double, element)


def twice(lib: Any, element: Any) -> Any:
    return map_leaves(lib.pair, element)


def pair(lib: Any, element: Any) -> Any:
    return element, total(lib, element)


def names(lib: Any, element: Any) -> Any:
    return {"b": element, "a": lib.total(leaves(element)[-1])}


def named(lib: Any, element: Any) -> Any:
    return Pair(total(lib, element), element)


def record(lib: Any, element: Any) -> Any:
    return Record(element, total(lib, element))


def grow(lib: Any, element: Any) -> Any:
    return total(lib, element), lib.fill(total(lib, element) % 3, np.int32(7))


def sequence(lib: Any, element: Any) -> Any:
    return lib.fill(total(lib, element) % 5, long_total(lib, element))


def with_none(lib: Any, element: Any) -> Any:
    return element, None


def with_ragged(lib: Any, element: Any) -> Any:
    """Returns the element with a ragged tensor of two rows, of which the second has two numbers."""
    length = total(lib, element) % 3
    return element, lib.rows(lib.fill(length + 2, long_total(lib, element)), length)


def with_sparse(lib: Any, element: Any) -> Any:
    """Returns the element with a sparse tensor of one value."""
    number = long_total(lib, element)
    return Record(lib.one_of(5, number % 5, number), element)


MAPS = ["double", "twice", "pair", "names", "named", "record", "grow", "sequence", "total", "long_total", "with_none"]
MAPS += ["with_ragged", "with_sparse"]


def fails(lib: Any, element: Any, divisor: int) -> Any:
    """Returns the element, or fails where its total is 1 modulo the divisor."""
    return map_leaves(lambda leaf: lib.failing(leaf, total(lib, element), divisor), element)


def numbers(count: int) -> Any:
    """Returns a function that yields pairs of a number and an array whose length differs."""
    return lambda: ((number, np.arange(number % 3, dtype=np.float32)) for number in range(count))


def counted(count: Any) -> Any:
    yield from numbers(int(count))()


def named_numbers(count: int) -> Any:
    """Returns a function that yields dicts of a number and a text."""
    return lambda: ({"n": number, "text": "x" * (number % 3)} for number in range(count))


def sequences(lengths: list[int], *inner: int) -> Any:
    """Returns a function that yields an array of each of these lengths."""
    return lambda: (np.ones((length, *inner), np.float32) * length for length in lengths)


def ragged_rows(lib: Any) -> Any:
    return lambda: (lib.ragged(RAGGED[: count + 1]) for count in range(3))


def sparse_rows(lib: Any) -> Any:
    return lambda: (lib.sparse(row[:length]) for row, length in zip(TABLE, (4, 2, 4), strict=True))


def inner_repeat(lib: Any, element: Any) -> Any:
    return lib.Dataset.from_tensors(element).repeat(long_total(lib, element) % 4)


def inner_range(lib: Any, element: Any) -> Any:
    first = long_total(lib, element)
    return lib.Dataset.range(first, first + first % 3)


def inner_batches(lib: Any, element: Any) -> Any:
    return lib.Dataset.range(long_total(lib, element) % 5).batch(2)


def inner_mapped(lib: Any, element: Any) -> Any:
    first = long_total(lib, element)
    return lib.Dataset.range(3).map(lambda number: number + first)


def inner_filtered(lib: Any, element: Any) -> Any:
    first = long_total(lib, element)
    return lib.Dataset.range(4).filter(lambda number: number % 2 == first % 2)


def inner_rows(lib: Any, element: Any) -> Any:
    return lib.Dataset.from_tensor_slices(element)


INNER = ["inner_repeat", "inner_range", "inner_batches", "inner_mapped", "inner_filtered", "inner_rows"]


def zipped(lib: Any, structure: Any) -> Any:
    """Returns the dataset of a structure of datasets, which None may be part of."""
    if parts_of(structure) is None:
        return structure
    if None in parts_of(structure):  # zip takes no None
        return zipped(lib, leaves(structure)[0])
    return lib.Dataset.zip(structure)


def window_batch(lib: Any, window: Any) -> Any:
    return zipped(lib, map_leaves(lambda part: part.batch(3), window))


def window_total(lib: Any, window: Any) -> Any:
    return leaves(window)[0].batch(2).map(lambda rows: lib.total(rows))


def window_count(lib: Any, window: Any) -> Any:
    return leaves(window)[0].reduce(np.int64(0), lambda state, _: state + 1)


def group_batch(lib: Any, key: Any, window: Any) -> Any:
    return window.batch(2)


def group_padded(lib: Any, key: Any, window: Any) -> Any:
    return window.padded_batch(2)


def group_take(lib: Any, key: Any, window: Any) -> Any:
    return window.take(1)


def group_key(lib: Any, key: Any, window: Any) -> Any:
    return lib.Dataset.zip((lib.Dataset.from_tensors(key).repeat(), window))


def group_none(lib: Any, key: Any, window: Any) -> Any:
    return lib.Dataset.range(0)


GROUPS = ["group_batch", "group_padded", "group_take", "group_key", "group_none"]


def scan_sum(lib: Any, state: Any, element: Any) -> Any:
    return 2 * (state + long_total(lib, element),)


def scan_count(lib: Any, state: Any, element: Any) -> Any:
    return state + 1, element


def scan_structure(lib: Any, state: Any, element: Any) -> Any:
    return {"n": state["n"] + 1, "last": total(lib, element)}, (state, element)


def reduce_pair(lib: Any, state: Any, element: Any) -> Any:
    return state[0] + 1, state[1] + long_total(lib, element)


def with_options(lib: Any, dataset: Any) -> Any:
    options = lib.Options()
    options.deterministic = True
    options.threading.private_threadpool_size = 2
    return dataset.with_options(options)


def saved(lib: Any, dataset: Any, compression: str | None = None, reader_func: Any = None, shards: int = 1) -> Any:
    """Returns the dataset, saved and loaded."""
    folder = lib.folder()
    spec = None
    if lib.name == "tf":
        collections.deque(dataset, 0)  # `save` never returns where an element fails behind the first
        spec = dataset.element_spec  # `load` makes other namedtuples
    shard = (lambda *e: long_total(lib, whole(e)) % shards) if shards > 1 else None
    dataset.save(folder, compression, shard)
    return lib.Dataset.load(folder, spec, compression, reader_func)
