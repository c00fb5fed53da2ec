"""Saved: the elements of a stored dataset.

Without compression it is indexed: any element can be read by its position. The elements come in the order in which
they were stored, whatever file they are in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, concatenate_blocks
from feedline.errors import FeedlineError, FileFormatError
from feedline.nested import dataset_of_node
from feedline.nodes.base import Node, Stream
from feedline.spec import DatasetSpec, dtype_name
from feedline.structure import Treedef, component_dtype, component_names, flatten

if TYPE_CHECKING:
    from feedline.formats.stored_folder import StoredDataset
    from feedline.formats.tfrecord import RecordIndex
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Saved(Node):
    """The elements of a stored dataset.

    Args:
        stored: what is stored.
        element_spec: the structure of specs of an element.
        shard: the number of a file, to give the elements of that one alone; None for all.
    """

    stored: StoredDataset
    element_spec: Any
    shard: int | None = None

    name = "load"

    @cached_property
    def indexed(self) -> bool:
        return not self.stored.compression_type

    @property
    def streamed_because(self) -> str:
        return "it is stored compressed, and a compressed file can only be read from its start"

    @property
    def files(self) -> tuple[int, ...]:
        """The numbers of the files that are read."""
        return tuple(range(len(self.stored.shards))) if self.shard is None else (self.shard,)

    def label(self) -> str:
        return f"load({self.stored.folder!r})"

    def cardinality(self) -> int:
        return sum(self.stored.shards[number].records for number in self.files)

    def spec(self) -> Any:
        return self.element_spec

    @cached_property
    def tree(self) -> Treedef:
        """The structure of an element."""
        return flatten(self.element_spec)[1]

    @cached_property
    def kinds(self) -> list[str]:
        """What the components are, in words."""
        return [_kind_of(spec) for spec in flatten(self.element_spec)[0]]

    @cached_property
    def places(self) -> list[int]:
        """Where each component is in a record: a mapping's keys may be in another order than they were stored in."""
        if not self.stored.structure:
            return []
        places = {path: place for place, path in enumerate(flatten(self.stored.spec())[1].paths())}
        return [places[path] for path in self.tree.paths()]

    def _empty(self) -> Block:
        specs = flatten(self.element_spec)[0]
        return Block(0, [np.empty(0, spec.dtype) for spec in specs], self.tree)

    @cached_property
    def starts(self) -> np.ndarray:
        """The number of the first record of each file, and the number of all."""
        return np.cumsum([0, *(self.stored.shards[number].records for number in self.files)])

    @cached_property
    def records(self) -> np.ndarray | None:
        """Which record is at which position; None where they are in order."""
        from feedline.formats.stored_folder import ORDER
        from feedline.formats.tfrecord import build_index, read_records

        if not self.stored.order_bytes or self.shard is not None:
            return None
        path = self.stored.path(ORDER)
        index = build_index(path)
        positions = np.frombuffer(read_records(index, [0])[0] if len(index) == 1 else b"", "<i8")
        records = np.full(self.stored.elements, -1, np.int64)
        if len(positions) == len(records) and (len(positions) == 0 or 0 <= positions.min() <= positions.max()):
            inside = positions < len(records)
            records[positions[inside]] = np.flatnonzero(inside)
        if (records < 0).any() or len(positions) != len(records):
            raise FileFormatError(
                f"the order of the {len(records)} elements of a stored dataset is damaged.",
                where=[path],
                fix="Store the dataset again.",
            )
        return records

    @cached_property
    def indices(self) -> list[RecordIndex]:
        """Where the records of each file are."""
        from feedline.formats.tfrecord import build_index

        self.stored.check_files()
        indices = [build_index(self._path(number)) for number in self.files]
        for number, index in zip(self.files, indices, strict=True):
            self._check_count(number, len(index))
        return indices

    def _path(self, number: int) -> str:
        return self.stored.path(self.stored.shards[number].filename)

    def _check_count(self, number: int, found: int) -> None:
        expected = self.stored.shards[number].records
        if found != expected:
            raise FileFormatError(
                f"a file of a stored dataset holds {found} elements where {expected} were written.",
                where=[self._path(number)],
                fix="Copy the folder again, or store the dataset again.",
            )

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        from feedline.formats.tfrecord import read_packed

        records = positions if self.records is None else self.records[positions]
        which = np.searchsorted(self.starts, records, side="right") - 1
        parts, order = [], []
        for file in np.unique(which).tolist():
            chosen = np.flatnonzero(which == file)
            numbers = records[chosen] - self.starts[file]
            parts.append(self.block_of(*read_packed(self.indices[file], numbers), self.files[file], numbers))
            order.append(chosen)
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return self._empty()
        places = np.empty(len(positions), np.int64)
        places[np.concatenate(order)] = np.arange(len(positions))
        return concatenate_blocks(parts).take(places)

    def block_of(
        self, buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, file: int, numbers: np.ndarray
    ) -> Block:
        """Returns records as elements.

        Args:
            buffer: uint8 `(n,)`.
            offsets: int64 `(k,)`: where records begin.
            lengths: int64 `(k,)`: how long they are.
            file: the number of the file, for messages.
            numbers: int64 `(k,)`: the numbers of the records, for messages.

        Raises:
            FileFormatError: a record is none of these elements.
        """
        from feedline.formats.element import decode_columns

        if len(offsets) == 0:
            return self._empty()
        try:
            columns = self._in_order(decode_columns(buffer, offsets, lengths))
        except FeedlineError as error:
            row = error.row or 0
            error.row = None
            error.add_where(f"record {int(numbers[row])} of {self._path(file)}")
            raise
        return Block(len(offsets), columns, self.tree)

    def _in_order(self, columns: list[Any]) -> list[Any]:
        """Returns a record's columns in the order of `element_spec`, once they are what it says."""
        if len(columns) != len(self.kinds):
            raise _other(f"{len(columns)} components", f"{len(self.kinds)}")
        columns = [columns[place] for place in self.places]
        for number, (column, kind) in enumerate(zip(columns, self.kinds, strict=True)):
            for value in column if isinstance(column, list) else [column]:
                if _kind_of(value) != kind:
                    raise _other(f"a {_kind_of(value)} for {component_names(self.tree)[number]}", f"a {kind}")
        return columns

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        try:
            record = position if self.records is None else int(self.records[position])
        except (FeedlineError, IndexError):
            return ""
        which = int(np.searchsorted(self.starts, record, side="right")) - 1
        return f"record {record - int(self.starts[which])} of {self._path(self.files[which])}"

    def open(self, epoch: int, run: Run) -> Stream:
        return _SavedStream(self)


def _kind_of(value: Any) -> str:
    """Returns what a component or its spec is, in words."""
    name = type(value).__name__
    ragged = name.startswith("Ragged") and value.ragged_rank > 0  # or it is the spec of a row, which is an array
    kind = "ragged tensor" if ragged else "sparse tensor" if name.startswith("Sparse") else "tensor"
    return f"{kind} of {dtype_name(component_dtype(value))}"


def _other(found: str, expected: str) -> FileFormatError:
    return FileFormatError(
        f"a record of a stored dataset holds {found} where its description says {expected}.",
        fix="Store the dataset again: files of different datasets have been mixed.",
    )


class _SavedStream:
    """The elements of compressed files, in the order in which they were stored."""

    def __init__(self, node: Saved) -> None:
        node.stored.check_files()
        starts = node.starts
        records = node.records if node.records is not None else np.arange(int(starts[-1]))
        self._files = np.searchsorted(starts, records, side="right") - 1  # which file comes when
        self._readers = [_FileReader(node, number) for number in node.files]
        self._position = 0

    def next(self, limit: int) -> Block | None:
        files = self._files[self._position : self._position + limit]
        if len(files) == 0:
            for reader in self._readers:
                reader.check_end()
            return None
        if (files == files[0]).all():
            block = self._readers[files[0]].take(len(files))
        else:
            used = np.unique(files).tolist()
            order = np.concatenate([np.flatnonzero(files == file) for file in used])
            blocks = [self._take_all(file, int((files == file).sum())) for file in used]
            places = np.empty(len(files), np.int64)
            places[order] = np.arange(len(files))
            block = concatenate_blocks(blocks).take(places)
        self._position += block.length
        return block

    def _take_all(self, file: int, count: int) -> Block:
        parts = []
        while count:
            parts.append(self._readers[file].take(count))
            count -= parts[-1].length
        return concatenate_blocks(parts)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()


class _FileReader:
    """The elements of one compressed file; it holds those that were read and not yet taken."""

    def __init__(self, node: Saved, number: int) -> None:
        from feedline.formats.tfrecord import iterate_packed

        self._node = node
        self._number = number
        self._chunks = iterate_packed(node._path(number), node.stored.compression_type)
        self._held: Block | None = None
        self._read = 0

    def take(self, count: int) -> Block:
        """Returns from 1 to `count` elements.

        Raises:
            FileFormatError: there are no more, where there should be.
        """
        if self._held is None:
            packed = next(self._chunks, None)
            if packed is None:
                self._node._check_count(self._number, self._read)
                raise _other("no more elements", "more")
            numbers = np.arange(self._read, self._read + len(packed[1]))
            self._held = self._node.block_of(*packed, self._number, numbers)
            self._read += self._held.length
        block = self._held
        if block.length <= count:
            self._held = None
            return block
        self._held = block.slice(count, block.length)
        return block.slice(0, count)

    def check_end(self) -> None:
        """Checks that the file holds no more than it should.

        Raises:
            FileFormatError: it does.
        """
        if self._held is not None or next(self._chunks, None) is not None:
            self._node._check_count(self._number, self._read + 1)

    def close(self) -> None:
        self._chunks.close()  # type: ignore[attr-defined]
        self._held = None


@dataclass(frozen=True, eq=False)
class SavedShards(Node):
    """The shards of a stored dataset, in the order of their numbers; each is a dataset.

    Args:
        saved: the stored elements.
    """

    saved: Saved

    name = "shards"

    def cardinality(self) -> int:
        return len(self.saved.files)

    def spec(self) -> Any:
        return DatasetSpec(self.saved.element_spec)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        saved = self.saved
        shards = [
            dataset_of_node(Saved((), saved.origin, saved.stored, saved.element_spec, number))
            for number in positions.tolist()
        ]
        return Block(len(shards), [shards], flatten(0)[1])

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"shard {self.saved.stored.shards[position].shard} of {self.saved.stored.folder}"
