"""Writing a stored dataset: elements in, files out, which are there whole or not at all."""

from __future__ import annotations

import errno
import os
import weakref
from typing import Any

import numpy as np

from feedline.block import Block
from feedline.errors import FeedlineError, StructureError, WriteError
from feedline.formats.element import encode_columns
from feedline.formats.stored_folder import ORDER, RunFolder, StoredDataset, StoredShard, structure_json
from feedline.spec import merge_shapes
from feedline.structure import describe_tree, flatten, spec_of, with_shape

_FRAME = 16
_MOST_SHARDS = 1024
EXPIRY_SECONDS = 86400.0


class _ShardFile:
    """One file that is being written."""

    def __init__(self, path: str, compression_type: str) -> None:
        self.path = path
        self.records = 0
        self.nbytes = 0
        self.positions: list[range | np.ndarray] = []
        self._compressor: Any = None
        if compression_type:
            from isal import isal_zlib

            window = 15 + 16 * (compression_type == "GZIP")
            self._compressor = isal_zlib.compressobj(isal_zlib.Z_DEFAULT_COMPRESSION, isal_zlib.DEFLATED, window)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)

    def write(self, payloads: np.ndarray, lengths: np.ndarray) -> None:
        """Adds records, one payload after the other."""
        from feedline.kernels.tfrecord import frame_records

        framed = np.empty(payloads.size + _FRAME * len(lengths), np.uint8)
        size = frame_records(payloads, lengths, framed)
        self._write(framed[:size].data)
        self.records += len(lengths)

    def note_positions(self, positions: np.ndarray) -> None:
        """Takes note of where the records just written are in the dataset."""
        first, count = int(positions[0]), len(positions)
        if (positions == np.arange(first, first + count)).all():
            last = self.positions[-1] if self.positions else None
            if isinstance(last, range) and last.stop == first:
                self.positions[-1] = range(last.start, first + count)
            else:
                self.positions.append(range(first, first + count))
        else:
            self.positions.append(positions)

    def _write(self, data: Any) -> None:
        if self._compressor is not None:
            data = self._compressor.compress(data)
        self._write_bytes(data)

    def _write_bytes(self, data: Any) -> None:
        view = memoryview(data)
        self.nbytes += len(view)
        while len(view):
            view = view[os.write(self._descriptor, view) :]

    def finish(self) -> None:
        """Writes what is left, and waits until it is on the disk."""
        if self._compressor is not None:
            self._write_bytes(self._compressor.flush())
        os.fsync(self._descriptor)
        self.close()

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class StoredWriter:
    """Writes the elements of a dataset to a folder.

    Nothing is there to be read before `commit`; without it, the files are removed when the writer is dropped or the
    program ends. One thread at a time.

    Args:
        folder: where.
        compression_type: "", "GZIP" or "ZLIB".
        spec: the structure of specs of the elements, as far as it is known; None to take it from them.
        expiry: as for `RunFolder`.
        plan: what identifies the pipeline; nothing where that does not matter.

    Raises:
        WriteError: the folder cannot be written to.
    """

    def __init__(
        self, folder: str, compression_type: str, spec: Any = None, expiry: float = EXPIRY_SECONDS, plan: str = ""
    ) -> None:  # fmt: skip
        self._plan = plan
        self._compression_type = compression_type
        self._specs: list[Any] | None = None
        self._treedef: Any = None
        if spec is not None:
            self._specs, self._treedef = flatten(spec)
            structure_json(spec)
        self._run = RunFolder(folder, expiry)
        self.process = self._run.process
        self._shards: dict[int, _ShardFile] = {}
        self._elements = 0
        self._in_order = True
        self._finalizer = weakref.finalize(self, _remove, self._run, self._shards)

    def append(self, block: Block, positions: np.ndarray | None = None, shards: np.ndarray | None = None) -> None:
        """Adds elements.

        Args:
            block: the elements.
            positions: int64 `(n,)`: where they are in the dataset; None for behind all those before.
            shards: int64 `(n,)`: which shard each goes to; None for shard 0.

        Raises:
            StructureError: they have another structure than those before, or one that cannot be stored.
            DtypeError: a component cannot be stored.
            WriteError: the disk is full, or another failure of writing.
        """
        if block.length == 0:
            return
        try:
            self._learn(block)
            payloads, lengths = encode_columns(block.length, block.columns)
        except FeedlineError:
            self.abandon()
            raise
        if positions is None:
            positions = np.arange(self._elements, self._elements + block.length)
        elif self._in_order:
            self._in_order = bool((positions == np.arange(self._elements, self._elements + block.length)).all())
        self._elements += block.length
        try:
            if shards is None or (shards == shards[0]).all():
                self._write(0 if shards is None else int(shards[0]), payloads, lengths, positions)
                return
            ends = np.cumsum(lengths)
            for shard in np.unique(shards).tolist():
                rows = np.flatnonzero(shards == shard)
                parts = [payloads[ends[row] - lengths[row] : ends[row]] for row in rows.tolist()]
                self._write(shard, np.concatenate(parts), lengths[rows], positions[rows])
        except OSError as error:
            raise self._failed(error) from error
        except BaseException:  # an interrupt: half a record may have been written
            self.abandon()
            raise

    def _learn(self, block: Block) -> None:
        """Takes note of what the elements are."""
        if self._treedef is None:
            self._treedef = block.treedef
            structure_json(block.treedef.unflatten([spec_of(column[0]) for column in block.columns]))
        elif self._treedef is not block.treedef and self._treedef != block.treedef:
            raise StructureError(
                f"an element is {describe_tree(block.treedef)} where {describe_tree(self._treedef)} was expected.",
                fix="Give the same structure for every element.",
            )
        if self._specs is None:
            self._specs = [spec_of(column[0]) for column in block.columns]
        for number, (spec, column) in enumerate(zip(self._specs, block.columns, strict=True)):
            if isinstance(column, list):
                for value in column:
                    spec = with_shape(spec, merge_shapes(spec.shape, spec_of(value).shape))
            else:
                spec = with_shape(spec, merge_shapes(spec.shape, column.shape[1:]))
            self._specs[number] = spec

    def _write(self, shard: int, payloads: np.ndarray, lengths: np.ndarray, positions: np.ndarray) -> None:
        file = self._shards.get(shard)
        if file is None:
            if len(self._shards) >= _MOST_SHARDS:
                raise WriteError(
                    f"shard_func gives more than {_MOST_SHARDS} different shards.",
                    fix="Return the remainder of a division, such as index % 16: each shard is a file.",
                )
            if self._shards:
                self._in_order = False
            path = os.path.join(self._run.path, f"{len(self._shards):05}.tfrecord")
            file = self._shards[shard] = _ShardFile(path, self._compression_type)
        file.write(payloads, lengths)
        file.note_positions(positions)

    def commit(self, replace: bool) -> StoredDataset | None:
        """Makes what was written the stored dataset, in one step.

        Args:
            replace: whether a dataset that is stored there already is replaced.

        Returns:
            What is stored; None where another was stored first and is not to be replaced: what was written is removed.

        Raises:
            WriteError: the disk is full, or another failure of writing.
        """
        structure = ()
        if self._treedef is not None and self._specs is not None:
            structure = structure_json(self._treedef.unflatten(self._specs))
        try:
            shards = []
            for shard, file in sorted(self._shards.items()):
                file.finish()
                shards.append(StoredShard(os.path.basename(file.path), shard, file.records, file.nbytes))
            order_bytes = 0 if self._in_order else self._write_order()
            stored = self._run.commit(self._compression_type, structure, shards, order_bytes, replace, self._plan)
        except OSError as error:
            raise self._failed(error) from error
        except BaseException:
            self.abandon()
            raise
        if stored is None:
            self.abandon()
        self._finalizer.detach()
        return stored

    def _write_order(self) -> int:
        files = [self._shards[shard] for shard in sorted(self._shards)]
        positions = np.concatenate([np.asarray(part, "<i8") for file in files for part in file.positions])
        file = _ShardFile(os.path.join(self._run.path, ORDER), "")
        try:
            file.write(positions.view(np.uint8), np.array([positions.nbytes]))
            file.finish()
        finally:
            file.close()
        return file.nbytes

    def _failed(self, error: OSError) -> FeedlineError:
        self.abandon()
        if isinstance(error, FeedlineError):
            return error
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return WriteError(
            f"the dataset could not be stored in {self._run.folder}: {error.strerror or error}. "
            "What was stored there before, if anything, is untouched.",
            fix="Free space, or store it on another disk." if full else "Mend the cause and store it again.",
        )

    def abandon(self) -> None:
        """Removes what was written."""
        self._finalizer()


def _remove(run: RunFolder, shards: dict[int, _ShardFile]) -> None:
    if os.getpid() != run.process:  # a forked child has copies of these; they are its parent's
        return
    for file in shards.values():
        file.close()
    run.remove()
