"""Files in stores that are reached over a network: read at any position, read in order, and written whole.

A request takes as long as the transfer of megabytes. So pieces that lie near each other are asked for together, and
many at a time where the store's client can do so.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
from typing import Any

import numpy as np

from feedline.errors import FileFormatError
from feedline.formats.file_version import FileVersion
from feedline.formats.stores import connect, folder_in_store, missing_in_store, protocol_of, store_errors, write_failed

_GAP_BYTES = 256 << 10
"""Pieces no further apart than this are asked for together."""

_REQUEST_BYTES = 4 << 20
"""How much is asked for at once; more than this in several requests."""

_READ_AHEAD_BYTES = 16 << 20

_WHOLE_AT_ONCE = frozenset({"gs", "gcs", "s3", "s3a", "az", "abfs", "abfss", "adl", "oss", "hf"})
"""Kinds of stores in which a file appears only once all of it has been sent, whatever stood at its name before."""

_TAGS = ("ETag", "etag", "md5Hash", "generation", "checksum", "mtime", "LastModified", "last_modified", "modified")
_TIMES = ("updated", "timeModified", "created")


class StoreFile:
    """A file in a store, read at any position; any number of threads may read from it at once.

    Args:
        path: its name.
        version: its size and what stands for the time of its last change, where they are known already. The store is
            then not asked for them: files are taken not to change while they are read.

    Raises:
        MissingFileError: there is no such file.
        ArgumentError: it is a folder.
        FileFormatError: the store refuses, or does not tell the file's size.
    """

    longest_read = 8 * _REQUEST_BYTES
    shortest_read = 64 << 10
    worth_jumping = _REQUEST_BYTES

    def __init__(self, path: str, version: tuple[int, int] | None = None) -> None:
        self.path = path
        self._store, self._name = connect(path)
        self._version = version or self.now()

    def state(self) -> tuple[int, int]:
        """Returns the file's size in bytes, and a number for its version in place of a time, as they were found."""
        return self._version

    def now(self) -> tuple[int, int]:
        """Returns the same, as it is now."""
        self._store.invalidate_cache()
        with store_errors(self.path):
            found = self._store.info(self._name)
        if found["type"] == "directory":
            raise folder_in_store(self.path)
        if found.get("size") is None:
            raise FileFormatError(
                f"the size of {self.path} is not known, so it cannot be read at any position.",
                fix="Copy it to this machine first.",
            )
        told = [str(found[key]) for key in _TAGS if found.get(key) is not None]
        told = told or [str(found[key]) for key in _TIMES if found.get(key) is not None]
        digest = hashlib.blake2b("\0".join(told).encode(), digest_size=8).digest()
        return int(found["size"]), int.from_bytes(digest, "little") >> 1

    def version(self) -> FileVersion:
        """Returns what tells this version of the file from others."""
        return FileVersion(*self._version, 0)

    def read_into(self, target: np.ndarray, position: int) -> int:
        """Reads bytes from a position on until the target is full or the file ends; arguments as in `OpenFile`."""
        wanted = min(len(target), max(0, self._version[0] - position))
        starts = range(position, position + wanted, _REQUEST_BYTES)
        done = 0
        for data in self._ranges([(start, min(start + _REQUEST_BYTES, position + wanted)) for start in starts]):
            target[done : done + len(data)] = np.frombuffer(data, np.uint8)
            done += len(data)
        return done

    def read_pieces(self, positions: np.ndarray, sizes: np.ndarray, buffer: np.ndarray, targets: np.ndarray) -> int:
        """Reads many pieces; arguments and result as in `feedline.kernels.pread.read_pieces`."""
        order = np.argsort(positions, kind="stable").tolist()
        begins, ends = positions.tolist(), (positions + sizes).tolist()
        groups: list[list[int]] = []
        reach = 0
        for piece in order:
            near = groups and begins[piece] - reach <= _GAP_BYTES
            if near and max(ends[piece], reach) - begins[groups[-1][0]] <= _REQUEST_BYTES:
                groups[-1].append(piece)
                reach = max(reach, ends[piece])
            else:
                groups.append([piece])
                reach = ends[piece]
        asked = [(begins[group[0]], max(ends[piece] for piece in group)) for group in groups]
        short = []
        for group, (start, _), data in zip(groups, asked, self._ranges(asked), strict=True):
            view = np.frombuffer(data, np.uint8)
            for piece in group:
                part = view[begins[piece] - start : ends[piece] - start]
                target = int(targets[piece])
                buffer[target : target + len(part)] = part
                if len(part) < sizes[piece]:
                    short.append(piece)
        return min(short, default=-1)

    def _ranges(self, asked: list[tuple[int, int]]) -> list[bytes]:
        """Returns the bytes of ranges; fewer where the file has ended."""
        if not asked:
            return []
        starts, ends = map(list, zip(*asked, strict=True))
        with store_errors(self.path):
            found = self._store.cat_ranges([self._name] * len(asked), starts, ends)
            for data in found:
                if isinstance(data, Exception):
                    raise data
        return found


class StoreStream(io.RawIOBase):
    """A file in a store, read in order.

    Args:
        path: its name.

    Raises:
        As `StoreFile`.
    """

    def __init__(self, path: str) -> None:
        self._file = StoreFile(path)
        self.size = self._file.state()[0]
        self._position = 0
        self._ahead = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target).cast("B")
        if not self._ahead and self._position < self.size:
            ahead = np.empty(min(_READ_AHEAD_BYTES, self.size - self._position), np.uint8)
            self._ahead = ahead.data[: self._file.read_into(ahead, self._position)]
            self._position += len(self._ahead)
        count = min(len(view), len(self._ahead))
        view[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        return count


def read_whole(url: str) -> bytes:
    """Returns all bytes of a file in a store.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: it is a folder, or the store refuses.
    """
    store, path = connect(url)
    with store_errors(url):
        try:
            return store.cat_file(path)
        except (FileNotFoundError, IsADirectoryError):
            if store.isdir(path):
                raise FileFormatError(
                    f"{url} is a folder, not a file.",
                    fix="List its files first: fl.Dataset.list_files(folder + '/*').",
                ) from None
            raise missing_in_store(url) from None


def write_whole(url: str, contents: Any) -> None:
    """Writes a file to a store.

    Where a store shows a file only once all of it is there, or can rename files, what stands at the name is either
    what was there before or all of `contents`.

    Args:
        url: its name.
        contents: `bytes`, or the path of a file on this machine.

    Raises:
        WriteError: the file could not be written.
    """
    store, path = connect(url)
    from fsspec import AbstractFileSystem

    protocol = protocol_of(url)
    if protocol == "memory" and isinstance(contents, str):
        with open(contents, "rb") as file:
            contents = file.read()
    renames = protocol not in _WHOLE_AT_ONCE and type(store).mv is not AbstractFileSystem.mv
    place = f"{path}.{os.getpid()}-{secrets.token_hex(4)}.partial" if renames else path
    try:
        try:
            _send(store, place, contents)
        except FileNotFoundError:  # kinds of stores that have folders want them to be there
            store.makedirs(store._parent(path), exist_ok=True)
            _send(store, place, contents)
        if place != path:
            store.mv(place, path)
    except Exception as error:  # every kind of store raises errors of its own
        if place != path:
            with contextlib.suppress(Exception):
                store.rm(place)
        raise write_failed(url, error) from error
    store.invalidate_cache()


def _send(store: Any, place: str, contents: Any) -> None:
    if isinstance(contents, str):
        store.put_file(contents, place)
    else:
        store.pipe_file(place, bytes(contents))
