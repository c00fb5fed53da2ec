"""snapshot and cache in a file: the elements of the first pass, kept on disk for all others and for other programs."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.errors import StructureError, with_article
from feedline.nested import DatasetComponent, dataset_of_node
from feedline.nodes.arity import called
from feedline.nodes.base import Node, Stream
from feedline.nodes.map import locate_user_error
from feedline.nodes.save import check_finite, check_spec, shards_of, spec_or_none

if TYPE_CHECKING:
    from feedline.formats.stored_folder import StoredDataset
    from feedline.formats.stored_writer import StoredWriter
    from feedline.run.context import Run
    from feedline.sources.saved import Saved


class _Progress:
    """How far the elements are stored, shared by all iterators of one process."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.saved: Saved | None = None
        self.looked = False
        self.writer: StoredWriter | None = None
        self.have: np.ndarray | None = None
        self.failure: tuple[weakref.ref[Run], Exception] | None = None
        _all_progress.add(self)

    def begin_anew(self) -> None:
        """Forgets what another process is writing, whose copy this is; another thread of it may have held the lock."""
        self.lock = threading.RLock()
        self.writer = self.have = None


_all_progress: weakref.WeakSet[_Progress] = weakref.WeakSet()


def _after_fork() -> None:
    for progress in _all_progress:
        progress.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@dataclass(frozen=True, eq=False)
class Snapshot(Node):
    """Keeps its parent's elements on disk as they were when first read.

    Args:
        kind: "cache" or "snapshot", as the user wrote it.
        folder: where.
        compression_type: "", "GZIP" or "ZLIB".
        shard_func: from element to the number of its shard; None for one shard.
        reader_func: from the dataset of the shards, each a dataset, to the dataset of elements; None to give them in
            their order.
        expiry: as for `feedline.formats.stored_folder.RunFolder`.
    """

    kind: str
    folder: str
    compression_type: str
    shard_func: Callable[..., Any] | None
    reader_func: Callable[..., Any] | None
    expiry: float
    _progress: _Progress = field(default_factory=_Progress, repr=False)

    name = "snapshot"
    keeps_elements = True

    def label(self) -> str:
        return f"{self.kind}({self.folder!r})"

    @cached_property
    def indexed(self) -> bool:
        return self.parents[0].indexed and not self.compression_type and self.reader_func is None

    @property
    def streamed_because(self) -> str:
        if self.compression_type:
            return "it is stored compressed, and a compressed file can only be read from its start"
        return "reader_func may give the elements in any order"

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return self.parents[0].source_of(position, 0, row)

    def saved(self) -> Saved | None:
        """Returns the source of the stored elements, where all of them are stored.

        Raises:
            StructureError: what is stored there are other elements.
            DtypeError: likewise.
            FileFormatError: likewise, or it is damaged.
        """
        from feedline.formats.stored_folder import read_metadata

        progress = self._progress
        if progress.saved is None and not progress.looked:
            with progress.lock:
                stored = read_metadata(self.folder)
                if stored is not None:
                    progress.saved = self._checked(stored)
                progress.looked = True
        return progress.saved

    def _checked(self, stored: StoredDataset) -> Saved:
        from feedline.sources.saved import Saved

        parent = self.parents[0]
        fix = f"Remove {self.folder} to have it written again, or give another name."
        count = parent.cardinality()
        if count >= 0 and count != stored.elements:
            raise StructureError(
                f"{stored.elements} elements are stored, but the dataset before {self.kind}() now has {count}: "
                "it is another than the one that was stored.",
                where=[self.folder],
                fix=fix,
            )
        if not stored.structure:
            return Saved((), self.origin, stored, ())
        stored.check_files()
        spec = check_spec(stored, parent.spec(), f"the dataset before {self.kind}()", fix)
        if stored.plan and self.kind == "snapshot" and stored.plan != self._plan():
            raise StructureError(
                "the snapshot was made by another pipeline: a function, or what it refers to, an argument or the data "
                "before snapshot() have changed since.",
                where=[self.folder],
                fix=fix,
            )
        return Saved((), self.origin, stored, spec)

    def new_writer(self, first: Block | None) -> StoredWriter:
        """Returns a writer of the elements.

        Args:
            first: some elements, where there are any.
        """
        from feedline.formats.stored_writer import StoredWriter

        parent = self.parents[0]
        from_parent = first is None or parent.gives_ragged_rows()  # a row looks like any other array
        spec = spec_or_none(parent, None) if from_parent else None
        return StoredWriter(self.folder, self.compression_type, spec, self.expiry, self._plan())

    def _plan(self) -> str:
        """Returns what identifies the pipeline before a snapshot; a cache is taken as it is, as TensorFlow takes it."""
        from feedline.plan.fingerprint import fingerprint_of, steps_of

        return fingerprint_of(steps_of(self.parents[0])) if self.kind == "snapshot" else ""

    def finish(self, writer: StoredWriter) -> None:
        """Makes what was written the stored elements; if another process was quicker, takes what that one stored."""
        from feedline.sources.saved import Saved

        stored = writer.commit(replace=False)
        if stored is None:
            self._progress.looked = False
            self.saved()
        else:
            spec = stored.spec() if stored.structure else ()
            self._progress.saved = Saved((), self.origin, stored, spec)

    def shards(self, block: Block, position: int) -> np.ndarray | None:
        """Returns which shard each element goes to."""
        return None if self.shard_func is None else shards_of(block, self.shard_func, position, self.label())

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        zeros = np.zeros_like(epochs)
        saved = self.saved()
        if saved is not None:
            return saved.read(positions, zeros, run)
        parent = self.parents[0]
        check_finite(parent, f"{self.kind}()")
        unique, back = np.unique(positions, return_inverse=True)
        if len(unique) == len(positions):
            block = run.read(parent, positions, zeros)
        else:  # several turns of a repeat at once
            block = run.read(parent, unique, np.zeros_like(unique))
            positions = unique
        if len(positions):
            self._store(positions, block, run)
        return block if len(back) == len(positions) else block.take(back)

    def _store(self, positions: np.ndarray, block: Block, run: Run) -> None:
        """Stores those elements that are not stored yet; they may come in any order, from several threads.

        Args:
            positions: int64 `(n,)`, all different.
            block: the elements.
            run: who asks.
        """
        progress = self._progress
        with progress.lock:
            if progress.saved is not None:
                return
            if progress.failure is not None and progress.failure[0]() is run:
                raise progress.failure[1]  # what failed is asked for again one by one: it is not begun anew for that
            if progress.writer is None:
                progress.writer = self.new_writer(block)
                progress.have = np.zeros(self.parents[0].cardinality(), bool)
            assert progress.have is not None
            rows = np.flatnonzero(~progress.have[positions])
            if len(rows) == 0:
                return
            part = block if len(rows) == block.length else block.take(rows)
            shards = self.shards(part, int(positions[rows[0]]))
            writer = progress.writer
            try:
                writer.append(part, positions[rows], shards)
                progress.have[positions[rows]] = True
                if progress.have.all():
                    self.finish(writer)
            except BaseException as error:
                writer.abandon()
                progress.writer = progress.have = None
                progress.failure = (weakref.ref(run), error) if isinstance(error, Exception) else None
                raise
            if progress.saved is not None:
                progress.writer = progress.have = None

    def open(self, epoch: int, run: Run) -> Stream:
        saved = self.saved()
        if saved is None:
            check_finite(self.parents[0], f"{self.kind}()")
            return _FillingStream(self, run)
        if self.reader_func is None:
            return run.open(saved, 0)
        return run.open(read_shards(saved, self.reader_func, self), epoch)


def read_shards(saved: Saved, reader_func: Callable[..., Any], node: Node) -> Node:
    """Returns the last node of the dataset that the user's function makes of the shards.

    Args:
        saved: the stored elements.
        reader_func: from the dataset of the shards, each a dataset, to the dataset of elements.
        node: the stage, for messages.

    Raises:
        StructureError: the function returned something else.
    """
    from feedline.sources.saved import SavedShards

    shards = dataset_of_node(SavedShards((), node.origin, saved))
    try:
        made = reader_func(shards)
    except Exception as error:
        located = locate_user_error(error, reader_func, node.label())
        if located is error:
            raise
        raise located from error
    if not isinstance(made, DatasetComponent):
        raise StructureError(
            f"{called(reader_func)} returned {with_article(type(made).__name__)}, not a dataset.",
            fix="Return a dataset, such as datasets.interleave(lambda ds: ds).",
        )
    return made.node


class _FillingStream:
    """Passes the elements on and stores them; the store is complete when the last has passed."""

    def __init__(self, node: Snapshot, run: Run) -> None:
        self._node = node
        self._parent = run.open(node.parents[0], 0)
        self._writer: StoredWriter | None = None
        self._given = 0
        self._whole = True

    def next(self, limit: int) -> Block | None:
        try:
            block = self._parent.next(limit)
        except BaseException:
            self._give_up()  # an element is missing: what follows is passed on, but not stored
            raise
        if self._writer is not None and self._writer.process != os.getpid():
            self._give_up()  # this is the copy of another process, which is still writing
        if not self._whole:
            return block
        try:
            if self._writer is None:
                self._writer = self._node.new_writer(block)
            if block is not None:
                self._writer.append(block, None, self._node.shards(block, self._given))
                self._given += block.length
                return block
            self._whole = False
            with self._node._progress.lock:
                self._node.finish(self._writer)
        except BaseException:
            self._give_up()
            raise
        return None

    def _give_up(self) -> None:
        self._whole = False
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def close(self) -> None:
        self._give_up()
        self._parent.close()
