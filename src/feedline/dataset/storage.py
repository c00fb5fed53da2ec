"""Datasets on disk: save, load, snapshot; and the datasets of numbers without end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from feedline.dataset.base import BaseDataset, check_function
from feedline.errors import ArgumentError, FeedlineError
from feedline.origin import user_origin

if TYPE_CHECKING:
    from feedline.dataset import Dataset

_WAIT_SECONDS = 0.2
_EXPIRY_SECONDS = 86400.0


class StorageMethods(BaseDataset):
    """Datasets on disk."""

    def save(
        self,
        path: Any,
        compression: str | None = None,
        shard_func: Callable[..., Any] | None = None,
        checkpoint_args: dict[str, Any] | None = None,
    ) -> None:
        """Writes all elements to a folder, for `Dataset.load`.

        The dataset is there whole or not at all: if something fails in the middle, what was saved there before is
        untouched, and what was begun is removed, at the latest by the next save. The files are in a format of
        feedline's own, which TensorFlow does not read; nor does `load` read what TensorFlow has saved.

        Args:
            path: the folder; a dataset that is saved there already is replaced.
            compression: None, "AUTO" (the same), "GZIP" or "ZLIB". Without it, the loaded dataset is indexed.
            shard_func: from element to the number of the file that it goes to, at most 1024 different ones; None for
                one file.
            checkpoint_args: not used; `tf.data` has it. A save that was interrupted begins anew.

        Raises:
            InfiniteDatasetError: there is no end.
            WriteError: the disk is full, or another failure of writing.

        Example:
            >>> import tempfile
            >>> from feedline import Dataset
            >>> path = tempfile.mkdtemp() + "/squares"
            >>> Dataset.range(4).map(lambda number: number * number).save(path)
            >>> [int(number) for number in Dataset.load(path)]
            [0, 1, 4, 9]
        """
        from feedline.nodes.save import save

        folder, compression_type = _folder(path), _compression(compression)
        if shard_func is not None:
            check_function(shard_func, "shard_func of save")
        try:
            save(self._node, next(self._epochs), self._timings, folder, compression_type, shard_func)
        except FeedlineError as error:
            error.add_where(f"save() at {user_origin()}")
            raise

    @staticmethod
    def load(
        path: Any,
        element_spec: Any = None,
        compression: str | None = None,
        reader_func: Callable[[Any], Any] | None = None,
        wait: bool = False,
    ) -> Dataset:
        """Returns the dataset that `save` has written.

        Its elements come in the order in which they were saved. It is indexed, unless it was saved compressed.

        Args:
            path: the folder.
            element_spec: the structure of specs that the elements must have; None for the one that was saved. The
                keys of mappings may be in another order, and a dict may be an OrderedDict.
            compression: the compression that it must have; None for whatever it has.
            reader_func: from a dataset of datasets, one for each file that `save` wrote, to the dataset to return,
                such as `lambda datasets: datasets.interleave(lambda dataset: dataset)`.
            wait: whether to wait until there is something saved in the folder.

        Raises:
            MissingFileError: nothing is saved there, or a file of it is missing.
            FileFormatError: it is damaged; or, while running, a file of it is.
            StructureError: the elements have another structure than `element_spec`.
            DtypeError: they have other dtypes.

        Example:
            >>> import tempfile
            >>> from feedline import Dataset
            >>> path = tempfile.mkdtemp() + "/numbers"
            >>> Dataset.range(6).save(path, shard_func=lambda number: number % 2)
            >>> ds = Dataset.load(path)
            >>> int(ds[3]), [int(number) for number in ds]
            (3, [0, 1, 2, 3, 4, 5])
            >>> ds = Dataset.load(path, reader_func=lambda datasets: datasets.flat_map(lambda dataset: dataset))
            >>> [int(number) for number in ds]
            [0, 2, 4, 1, 3, 5]
        """
        from feedline.formats.stored_folder import nothing_stored, read_metadata
        from feedline.nodes.save import check_spec
        from feedline.nodes.snapshot import read_shards
        from feedline.sources.saved import Saved

        folder = _folder(path)
        stored = read_metadata(folder)
        while stored is None and wait:
            time.sleep(_WAIT_SECONDS)
            stored = read_metadata(folder)
        if stored is None:
            raise nothing_stored(folder)
        if compression is not None and _compression(compression) != stored.compression_type:
            raise ArgumentError(
                f"compression is {compression!r}, but what is saved in {folder} has "
                f"{repr(stored.compression_type) if stored.compression_type else 'none'}.",
                fix="Leave it out: load() knows it.",
            )
        stored.check_files()
        if element_spec is None:
            element_spec = stored.spec()
        else:
            element_spec = check_spec(stored, element_spec, "element_spec", "Leave it out, or give the right one.")
        saved = Saved((), user_origin(), stored, element_spec)
        if reader_func is None:
            return BaseDataset._of(saved)
        check_function(reader_func, "reader_func of load")
        return BaseDataset._of(read_shards(saved, reader_func, saved))

    def snapshot(
        self,
        path: Any,
        compression: str | None = "AUTO",
        reader_func: Callable[[Any], Any] | None = None,
        shard_func: Callable[..., Any] | None = None,
        name: str | None = None,
        pending_snapshot_expiry_seconds: float | None = None,
    ) -> Dataset:
        """Returns the dataset that keeps on disk what it has once read, for all later epochs and other programs.

        The first pass that comes to its end makes the snapshot, in one step; whatever fails before leaves nothing. What
        is random before `snapshot` stays as it fell then. The files are in a format of feedline's own.

        Args:
            path: the folder. A snapshot that another pipeline made, of other elements or by other functions, is an
                error: remove it to have it made anew.
            compression: None, "AUTO" (the same), "GZIP" or "ZLIB".
            reader_func: as for `load`; None to give the elements in their order.
            shard_func: as for `save`.
            name: not used; `tf.data` has it.
            pending_snapshot_expiry_seconds: after how long what another program has left unfinished is removed, on
                systems where it cannot be known that it has ended; None for a day.

        Raises:
            StructureError: while running: the folder holds a snapshot of another dataset.
            WriteError: while running: the disk is full, or another failure of writing.

        Example:
            >>> import tempfile
            >>> from feedline import Dataset
            >>> path = tempfile.mkdtemp() + "/numbers"
            >>> ds = Dataset.range(3).map(lambda number: number + 1).snapshot(path)
            >>> [int(number) for number in ds], [int(number) for number in ds]
            ([1, 2, 3], [1, 2, 3])
        """
        if reader_func is not None:
            check_function(reader_func, "reader_func of snapshot")
        if shard_func is not None:
            check_function(shard_func, "shard_func of snapshot")
        expiry = _EXPIRY_SECONDS if pending_snapshot_expiry_seconds is None else float(pending_snapshot_expiry_seconds)
        return self._of(
            snapshot_node(self, "snapshot", path, _compression(compression), shard_func, reader_func, expiry)
        )


def snapshot_node(
    dataset: BaseDataset,
    kind: str,
    path: Any,
    compression_type: str = "",
    shard_func: Callable[..., Any] | None = None,
    reader_func: Callable[..., Any] | None = None,
    expiry: float = _EXPIRY_SECONDS,
) -> Any:
    """Returns the node of `snapshot`, and of `cache` in a file."""
    from feedline.nodes.snapshot import Snapshot

    parents = (dataset._node,)
    return Snapshot(parents, user_origin(), kind, _folder(path), compression_type, shard_func, reader_func, expiry)


def _folder(path: Any) -> str:
    from feedline.formats.stores import is_url
    from feedline.sources.files import path_text

    folder = path_text(path)
    if is_url(folder):
        raise ArgumentError(
            f"{folder!r} is in a store, and datasets are kept in folders of this machine.",
            fix="Give a local folder; TFRecord files can be written to stores and read from there.",
        )
    if not folder or "\0" in folder:
        raise ArgumentError(f"{folder!r} is not the name of a folder.", fix="Give the path of a folder.")
    return os.path.abspath(folder)


def _compression(compression: Any) -> str:
    if isinstance(compression, bytes):
        compression = compression.decode(errors="replace")
    if compression in (None, "", "NONE", "AUTO"):
        return ""
    if compression not in ("GZIP", "ZLIB"):
        snappy = " Snappy is not there; GZIP is." if compression == "SNAPPY" else ""
        raise ArgumentError(f"compression is {compression!r}.", fix=f'Give None, "GZIP" or "ZLIB".{snappy}')
    return compression
