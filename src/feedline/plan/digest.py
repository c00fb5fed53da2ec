"""A digest of anything that a plan holds or a user's function refers to, the same in every process.

What functions read is part of it: arrays, lists, dicts and objects' attributes, however deep, the code of functions
and of the user's classes and modules. What they write themselves (`plan/written.py`) is not: a cache that is filled, or
a counter, changes without the plan being another. Of objects only the attributes and methods count that the code names.

Of libraries only the names of functions and classes are part of it. Their objects are where they are equal by what they
hold (`plan/libraries.py`): dates, patterns, namespaces, tensors, tables; and models of Keras, PyTorch and scikit-learn
by how they were made, the last by what they have learnt too. All others are left out, such as generators of random
numbers, locks, files and loggers: they would be others in each process. So is what cannot be looked at, and modules
that a function imports only when it is called.
"""

from __future__ import annotations

import hashlib
import marshal
import types
from collections.abc import Callable
from functools import partial
from itertools import chain, repeat
from pathlib import PurePath
from typing import Any
from zlib import crc32

import numpy as np
import optree

from feedline.nodes.base import Node
from feedline.plan.parts import PLAIN, parts_of
from feedline.plan.reach import Reach
from feedline.strings import PackedStrings

DIGEST_BYTES = 8
_LARGE_BYTES = 4 << 20
"""Of larger data, parts that are spread over all of it are looked at."""

_PARTS_OF_LARGE, _PART_BYTES = 4096, 1024
_MOST_BYTES = 32 << 20
"""Of what comes after as much as this, few parts are looked at."""

_MOST_PLAIN, _MOST_ENTRIES, _MOST_VALUES = 100_000, 10_000, 100_000
_DEEPEST = 50
_DEEPEST_SETS = 3
_QUICK = PLAIN - {range, type(Ellipsis)}
_WITHOUT_IDENTITY = (
    tuple, types.CodeType, types.MethodType, types.BuiltinFunctionType, types.MappingProxyType, partial
)  # fmt: skip
"""Values that may be one or several, without anybody being able to tell."""


class Digest:
    """A running digest of values of any kind.

    Args:
        digests_of: returns the digests of the steps of a plan.
        reach: what the code that the values lead to reads and writes.
    """

    def __init__(self, digests_of: Callable[[Node], list[str]], reach: Reach) -> None:
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)
        self._digests_of = digests_of
        self._reach = reach
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._waiting: list[Any] = []
        self._depth = self._sets = self._bytes = self._values = 0

    def hex(self) -> str:
        """Returns it as text."""
        return self._hash.hexdigest()

    def add(self, value: Any) -> None:
        """Adds a value, and all that it leads to."""
        self._add(value)
        for each in self._waiting:  # which grows meanwhile
            self._add_parts(each)
        self._waiting.clear()

    def _text(self, *texts: str) -> None:
        for text in texts:
            self._hash.update(text.encode("utf-8", "surrogatepass") + b"\0")

    def _add(self, value: Any) -> None:
        kind = type(value)
        self._values += 1
        self._text(kind.__qualname__)
        if kind in PLAIN:
            self._text(value if kind is str else repr(value))
        elif issubclass(kind, np.ndarray):
            self._add_array(value)
        elif issubclass(kind, np.generic | np.dtype | PurePath | optree.PyTreeSpec):
            self._text(str(getattr(value, "dtype", "")), str(value))
        elif issubclass(kind, PackedStrings):
            self._add_strings(value)
        elif issubclass(kind, Node):
            self._text(*self._digests_of(value))
        elif kind in _WITHOUT_IDENTITY and self._depth < _DEEPEST:
            self._depth += 1
            self._add_parts(value)
            self._depth -= 1
        else:
            self._add_later(value)

    def _add_later(self, value: Any) -> None:
        """Adds the number of a value, which stands for what it is made of: it may hold itself."""
        known = self._numbers.get(id(value))
        if known is None and self._values < _MOST_VALUES:
            self._waiting.append(value)
        number, _ = known or self._numbers.setdefault(id(value), (len(self._numbers), value))  # its id stays its own
        self._text(str(number))

    def _add_parts(self, value: Any) -> None:
        kind = type(value)
        try:
            parts = parts_of(value, self._reach)
        except Exception:  # an object of the user's may raise whatever it likes where it is looked at
            self._text(kind.__qualname__)
            return
        kinds = set(map(type, parts))
        count = len(parts)
        self._text(str(count))
        if issubclass(kind, set | frozenset):  # whose order is another in each process
            self._text(*self._texts_of_set(value, parts, kinds))
            return
        most = _MOST_PLAIN if kinds <= _QUICK else _MOST_ENTRIES
        if count > most:
            parts = parts[:: count // most | 1]  # an odd step meets both the keys and the values of a dict
        if kinds <= _QUICK:
            self._add_bytes(np.frombuffer(marshal.dumps(parts, 0), np.uint8))  # quick; it does not tell what is shared
            return
        for part in parts:
            self._add(part)

    def _texts_of_set(self, value: Any, parts: list[Any], kinds: set[type]) -> list[str]:
        if not _are_plain(parts, kinds):
            return self._of_parts(parts)
        if len(parts) <= _MOST_ENTRIES:
            return _texts_of_set(parts, kinds)
        return self._reach.once("texts", value, lambda: _texts_of_set(parts, kinds))

    def _of_parts(self, parts: list[Any]) -> list[str]:
        """Returns the digests of the parts of a set, sorted."""
        if self._sets >= _DEEPEST_SETS or len(parts) > _MOST_ENTRIES:  # some of them would be others in each process
            return []
        found = []
        known = len(self._numbers)
        for part in parts:
            inner = Digest(self._digests_of, self._reach)
            inner._sets, inner._numbers = self._sets + 1, self._numbers
            inner.add(part)
            found.append(inner.hex())
            while len(self._numbers) > known:  # the next one begins as this one did
                self._numbers.popitem()
        return sorted(found)

    def _add_array(self, array: np.ndarray) -> None:
        if isinstance(array, np.ma.MaskedArray):
            self._add_array(np.ma.getmaskarray(array))
        array = np.asarray(array)
        self._text(str(array.dtype), str(array.shape))
        if array.dtype.hasobject:
            values = array.reshape(-1)
            for value in values[:: max(1, len(values) // _MOST_ENTRIES)].tolist():
                self._add(value)
        elif array.nbytes and array.ndim == 0:
            self._hash.update(array.tobytes())
        elif array.nbytes:
            self._add_bytes(array if array.flags.c_contiguous else _in_one_piece(array))

    def _add_bytes(self, data: np.ndarray) -> None:
        """Adds the bytes of an array that lies in one piece."""
        data = data.reshape(-1).view(np.uint8)
        much = self._bytes > _MOST_BYTES
        if data.nbytes <= (_LARGE_BYTES >> 6 if much else _LARGE_BYTES):
            self._bytes += data.nbytes
            self._hash.update(data.data)
            return
        parts, size = (_PARTS_OF_LARGE >> 6 if much else _PARTS_OF_LARGE), _PART_BYTES
        self._bytes += parts * size
        for start in np.linspace(0, data.nbytes - size, parts).astype(np.int64).tolist():
            self._hash.update(data[start : start + size].data)

    def _add_strings(self, strings: PackedStrings) -> None:
        self._text(str(len(strings)))
        self._add_array(np.asarray(strings.packed_lengths))
        step = max(1, strings.nbytes // _LARGE_BYTES, len(strings) // _MOST_PLAIN)
        for value in strings[::step] if step > 1 else strings:
            self._hash.update(value)


def _are_plain(parts: list[Any], kinds: set[type]) -> bool:
    """Says whether the text of each part of a set is the same in every process."""
    if kinds <= PLAIN:
        return True
    if not kinds <= PLAIN | {tuple}:
        return False
    return PLAIN.issuperset(map(type, chain.from_iterable(part for part in parts if type(part) is tuple)))


def _texts_of_set(parts: list[Any], kinds: set[type]) -> list[str]:
    """Returns what identifies a set of plain values, whatever their order: of many, sums, as sorting takes long."""
    texts = parts if kinds == {str} else map(repr, parts)
    if len(parts) <= _MOST_ENTRIES:
        return sorted(map(repr, parts))
    encoded = map(str.encode, texts, repeat("utf-8"), repeat("surrogatepass"))
    sums = np.fromiter(map(crc32, encoded), np.uint64, len(parts))
    return [str(sums.sum()), str((sums * sums).sum()), str(np.bitwise_xor.reduce(sums))]


def _in_one_piece(array: np.ndarray) -> np.ndarray:
    """Returns the values of an array that does not lie in one piece, or many of them where it is large."""
    if array.nbytes <= _LARGE_BYTES:
        return np.ascontiguousarray(array)
    if array.flags.f_contiguous:
        return array.T
    size = max(1, _PART_BYTES // array.itemsize)
    starts = np.linspace(0, array.size - size, _PARTS_OF_LARGE).astype(np.int64).tolist()
    return np.concatenate([array.flat[start : start + size] for start in starts])
