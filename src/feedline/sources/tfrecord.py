"""TFRecordDataset: the records of TFRecord files.

Plain files are indexed: their framing is scanned once, and then any record can be read. Compressed files are streamed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.buffers import POOL
from feedline.errors import FeedlineError
from feedline.nodes.base import UNKNOWN_CARDINALITY, BlockNode, Node, Stream
from feedline.ragged import RaggedTensor
from feedline.sources.file_turns import FilesStream, order_by_turns
from feedline.sparse import SparseTensor
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec, string
from feedline.strings import PackedStrings
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.formats.tfrecord import RecordIndex
    from feedline.run.context import Run

_RECORD = flatten(0)[1]


@dataclass(frozen=True, eq=False)
class TFRecords(Node):
    """The records of files, one file after the other.

    Args:
        filenames: the files.
        compression_type: "", "GZIP" or "ZLIB".
        verify: whether the checksums of the records are checked (those of their lengths always are).
        turns: how many files are read by turns; 1 for one after the other.
    """

    filenames: tuple[str, ...]
    compression_type: str
    verify: bool
    turns: int = 1

    name = "TFRecordDataset"

    @cached_property
    def indexed(self) -> bool:
        return not self.compression_type

    @property
    def streamed_because(self) -> str:
        return "a compressed file can only be read from its start"

    @cached_property
    def indices(self) -> list[RecordIndex]:
        """Where the records of each file are."""
        from feedline.formats.stores import in_parallel
        from feedline.formats.tfrecord import build_index

        try:
            return in_parallel(build_index, self.filenames)
        except FeedlineError as error:  # found when the length is asked for, where no stage runs yet
            error.add_where(f"{self.label()} at {self.origin}")
            raise

    @cached_property
    def starts(self) -> np.ndarray:
        """The number of the first record of each file, and the number of all."""
        return np.cumsum([0, *(len(index.offsets) for index in self.indices)])

    @cached_property
    def order(self) -> np.ndarray | None:
        """Which record comes when, where files are read by turns."""
        return order_by_turns(np.diff(self.starts).tolist(), self.turns) if self.turns > 1 else None

    def cardinality(self) -> int:
        return int(self.starts[-1]) if self.indexed else UNKNOWN_CARDINALITY

    def spec(self) -> Any:
        return TensorSpec((), string)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        from feedline.formats.tfrecord import most_bytes, read_packed

        if self.order is not None:
            positions = self.order[positions]
        if len(self.indices) == 1:
            packed = read_packed(self.indices[0], positions, self.verify)
            return Block(len(positions), [PackedStrings(*packed)], _RECORD)
        files = np.searchsorted(self.starts, positions, side="right") - 1
        within = positions - self.starts[files]
        rows_of = [(self.indices[which], np.flatnonzero(files == which)) for which in np.unique(files).tolist()]
        sizes = [most_bytes(index, within[rows]) for index, rows in rows_of]
        buffer, begin = POOL.some_of(sum(sizes)), 0
        offsets, lengths = np.empty(len(positions), np.int64), np.empty(len(positions), np.int64)
        for (index, rows), size in zip(rows_of, sizes, strict=True):
            _, places, lengths[rows] = read_packed(index, within[rows], self.verify, buffer[begin : begin + size])
            offsets[rows] = places + begin
            begin += size
        return Block(len(positions), [PackedStrings(buffer, offsets, lengths)], _RECORD)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        if not self.indexed:
            return f"record {position} of {self.filenames[0]}" if len(self.filenames) == 1 else f"record {position}"
        if self.order is not None:
            position = int(self.order[position])
        which = int(np.searchsorted(self.starts, position, side="right")) - 1
        return f"record {position - int(self.starts[which])} of {self.filenames[which]}"

    def open(self, epoch: int, run: Run) -> Stream:
        return FilesStream(range(len(self.filenames)), lambda which: _RecordReader(self, which), self.turns)


class _RecordReader:
    """The records of one compressed file, in order."""

    def __init__(self, node: TFRecords, which: int) -> None:
        from feedline.formats.tfrecord import iterate_packed

        self._chunks = iterate_packed(node.filenames[which], node.compression_type, node.verify)

    def next_block(self, limit: int) -> Block | None:
        packed = next(self._chunks, None)
        return None if packed is None else Block(len(packed[1]), [PackedStrings(*packed)], _RECORD)

    def close(self) -> None:
        self._chunks.close()  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class ParsedRecords(BlockNode):
    """Records parsed as Examples, a block at a time.

    Args:
        features: the dict that `parse_example` takes.
    """

    features: dict[str, Any]

    name = "parse_example"
    works = True

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in the order in which TensorFlow gives them."""
        from feedline.io.example_parser import ExampleParser, feature_items

        return tuple(name for name, _ in ExampleParser(feature_items(self.features)).items)

    @cached_property
    def by_rows(self) -> dict[str, Any]:
        """The features as they are read, so that no record's value depends on what is read along with it."""
        return {name: _by_rows(name, self.features[name]) for name in self.names}

    def spec(self) -> Any:
        return {name: _feature_spec(self.features[name]) for name in self.names}

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        from feedline.io.parse_example import parse_example

        try:
            parsed = parse_example(block.columns[0], self.by_rows)
        except FeedlineError as error:
            row = getattr(error, "row", None)
            if row is not None:
                error.where = [place for place in error.where if not place.endswith("of the batch")]
                error.add_where(self.source_of(int(positions[row]), int(epochs[row])))
            raise
        rows: Any = {name: _rows(parsed[name], self.features[name], block.length) for name in self.names}
        treedef = flatten(dict.fromkeys(rows, 0))[1]
        return Block(block.length, treedef.flatten_up_to(rows), treedef)


def _by_rows(name: str, feature: Any) -> Any:
    """Returns a feature that is padded to the longest of a batch as one that is not."""
    from feedline.io.features import FixedLenSequenceFeature, RaggedFeature

    if not isinstance(feature, FixedLenSequenceFeature):
        return feature
    return RaggedFeature(feature.dtype, name, [RaggedFeature.UniformRowLength(length) for length in feature.shape])


def _feature_spec(feature: Any) -> Any:
    """Returns the spec of what one record's feature becomes; a length that may vary is None."""
    from feedline.io.features import (
        FixedLenFeature,
        FixedLenSequenceFeature,
        SparseFeature,
        UniformRowLength,
        VarLenFeature,
    )

    if isinstance(feature, FixedLenFeature):
        return TensorSpec(feature.shape, feature.dtype)
    if isinstance(feature, FixedLenSequenceFeature):
        return TensorSpec((None, *feature.shape), feature.dtype)
    if isinstance(feature, VarLenFeature):
        return SparseTensorSpec((None,), feature.dtype)
    if isinstance(feature, SparseFeature):
        return SparseTensorSpec(feature.size, feature.dtype)
    lengths = [part.length if isinstance(part, UniformRowLength) else None for part in feature.partitions]
    ragged_rank = max((place for place, length in enumerate(lengths, 1) if length is None), default=0)
    if ragged_rank == 0:
        return TensorSpec((None, *lengths), feature.dtype)
    return RaggedTensorSpec((None, *lengths), feature.dtype, ragged_rank, feature.row_splits_dtype)


def _rows(values: Any, feature: Any, count: int) -> Any:
    """Returns the column of the rows of a batch that was parsed at once."""
    from feedline.io.features import SparseFeature

    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, RaggedTensor):
        return [values[row] for row in range(count)]
    bounds = np.searchsorted(values.indices[:, 0], np.arange(count + 1)).tolist()
    size = np.asarray(values.dense_shape[1:]) if isinstance(feature, SparseFeature) else None
    return [
        SparseTensor(values.indices[a:b, 1:], values.values[a:b], np.array([b - a]) if size is None else size)
        for a, b in itertools.pairwise(bounds)
    ]
