"""Files kept open for reading at any position, by many threads.

Opening a file for each record costs more than reading it; keeping thousands open runs into the operating system's
limit. So the files used last stay open, and a file that falls out is closed when its last reader has let it go.
"""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from typing import BinaryIO, cast

import numpy as np

from feedline.errors import ArgumentError, MissingFileError, nearest_name
from feedline.formats.file_version import FileVersion
from feedline.formats.store_file import StoreFile, StoreStream
from feedline.formats.stores import is_url
from feedline.iteration_hooks import as_iterations_begin

_MOST_OPEN = 64


class OpenFile:
    """A file open for reading at any position; any number of threads may read from it at once.

    Args:
        path: the file.

    Raises:
        MissingFileError: there is no such file.
        ArgumentError: it is a folder, a pipe or a device: nothing that can be read at any position.
    """

    __slots__ = ("__weakref__", "_lock", "descriptor", "path")

    longest_read = 4 << 20
    shortest_read = 4096
    worth_jumping = 16 << 10
    """Reading on through fewer bytes costs less than the next call to the operating system."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = -1  # `__del__` runs even where the next line raises
        self.descriptor = open_descriptor(path)
        self._lock = threading.Lock()
        if not stat.S_ISREG(os.fstat(self.descriptor).st_mode):
            raise ArgumentError(
                f"{path} is not a regular file, so it cannot be read at any position.",
                fix="Copy it to a regular file first.",
            )

    def state(self) -> tuple[int, int]:
        """Returns the file's size in bytes and when it was last changed, in nanoseconds."""
        status = os.fstat(self.descriptor)
        return status.st_size, status.st_mtime_ns

    def now(self) -> tuple[int, int]:
        """Returns the same: what is asked of an open file is always answered anew."""
        return self.state()

    def version(self) -> FileVersion:
        """Returns what tells this version of the file from others."""
        status = os.fstat(self.descriptor)
        return FileVersion(status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def read_into(self, target: np.ndarray, position: int) -> int:
        """Reads bytes from a position on until the target is full or the file ends.

        Args:
            target: uint8 `(n,)`, contiguous.
            position: in the file, in bytes.

        Returns:
            How many bytes were read; fewer than `n` only at the file's end.
        """
        view = target.data
        done = 0
        while done < len(view):
            if hasattr(os, "preadv"):
                count = os.preadv(self.descriptor, [view[done:]], position + done)
            else:  # Windows has one position for all: one thread at a time
                with self._lock, open(self.descriptor, "rb", buffering=0, closefd=False) as file:
                    file.seek(position + done)
                    count = file.readinto(view[done:])
            if count == 0:
                break
            done += count
        return done

    def read_pieces(self, positions: np.ndarray, sizes: np.ndarray, buffer: np.ndarray, targets: np.ndarray) -> int:
        """Reads many pieces; arguments and result as in `feedline.kernels.pread.read_pieces`."""
        from feedline.kernels import pread

        number = 0
        if pread.AVAILABLE:
            number = pread.read_pieces(self.descriptor, positions, sizes, buffer, targets)
            if number == -1:
                return -1
        # Where the kernel stopped (an interrupted call, a real error), Python's calls retry or say what is wrong.
        for piece in range(number, len(sizes)):
            start, size = int(targets[piece]), int(sizes[piece])
            if self.read_into(buffer[start : start + size], int(positions[piece])) < size:
                return piece
        return -1

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)


def open_file(path: str) -> OpenFile | StoreFile:
    """Returns a file open for reading at any position, on this machine or in a store.

    Args:
        path: its path, or its name in a store.

    Raises:
        MissingFileError: there is no such file.
        ArgumentError: it is a folder, or nothing that can be read at any position.
        FileFormatError: the store refuses.
    """
    if is_url(path):
        return StoreFile(path)
    file = OpenFile(path)
    _forget_replaced(path, file)
    return file


def open_stream(path: str) -> tuple[BinaryIO, int | None]:
    """Returns a file open for reading in order, unbuffered, and its size in bytes where that is known.

    Raises:
        As `open_file`; pipes and devices are taken.
    """
    if is_url(path):
        stream = StoreStream(path)
        return cast(BinaryIO, stream), stream.size
    file = open(open_descriptor(path), "rb", buffering=0)  # noqa: SIM115 the caller closes it
    status = os.fstat(file.fileno())
    return cast(BinaryIO, file), status.st_size if stat.S_ISREG(status.st_mode) else None


def open_descriptor(path: str) -> int:
    """Returns a descriptor of a file open for reading.

    Raises:
        MissingFileError: there is no such file; names the one in the folder that is most like it.
        ArgumentError: it is a folder.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(f"the file {path} does not exist.", fix=_fix_for_missing(path)) from None
    except (IsADirectoryError, PermissionError):
        if not os.path.isdir(path):
            raise
        raise _folder_error(path) from None
    except ValueError as error:  # a NUL in the name
        raise ArgumentError(f"{path!r} is not a name of a file: {error}.", fix="Give the path of a file.") from None
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _folder_error(path)
    return descriptor


def _folder_error(path: str) -> ArgumentError:
    return ArgumentError(f"{path} is a folder, not a file.", fix="Give a file, or a glob of the files in the folder.")


def _fix_for_missing(path: str) -> str:
    folder, name = os.path.split(path)
    try:
        nearest = nearest_name(name, os.listdir(folder or "."))
    except OSError:
        return f"There is no folder {folder} either: check the path, and the folder the program runs in."
    if nearest is not None:
        return f"Did you mean {os.path.join(folder, nearest)}?"
    return "Check the path, and the folder the program runs in."


_files: OrderedDict[tuple, OpenFile] = OrderedDict()
_files_lock = threading.Lock()


def opened(path: str, version: tuple[int, int]) -> OpenFile | StoreFile:
    """Returns the open file, opening it where it is not yet.

    Args:
        path: the file.
        version: the size and change time that the caller knows of; another version under the same name is another
            file, and is never handed out for this one.
    """
    if is_url(path):
        return StoreFile(path, version)
    key = (path, version)
    with _files_lock:
        file = _files.get(key)
        if file is not None:
            _files.move_to_end(key)
            return file
    file = OpenFile(path)
    with _files_lock:
        file = _files.setdefault(key, file)
        _files.move_to_end(key)
        dropped = [_files.popitem(last=False)[1] for _ in range(len(_files) - _MOST_OPEN)]
    del dropped  # closes files; not while the lock is held
    return file


def _forget_replaced(path: str, now: OpenFile) -> None:
    """Lets go of files that had this path before, also where the one that has it now is as large and as old."""
    with _files_lock:
        known = [(key, file) for key, file in _files.items() if key[0] == path]
        dropped = [_files.pop(key) for key, file in known if not os.path.sameopenfile(file.descriptor, now.descriptor)]
    del dropped


@as_iterations_begin
def forget_replaced() -> None:
    """Lets go of files whose path is that of another one now, which is as large and as old: asked for as an iteration
    begins, so that it reads what is there. One of another size or age is told from it by its version.
    """
    with _files_lock:
        known = list(_files.items())
    for key, file in known:
        try:
            now = os.stat(key[0])
        except OSError:  # it was removed: what is open can be read still
            continue
        if (now.st_size, now.st_mtime_ns) == key[1] and not os.path.samestat(now, os.fstat(file.descriptor)):
            with _files_lock:
                if _files.get(key) is file:
                    del _files[key]


def close_all() -> None:
    """Lets go of all files that are kept open; readers at work keep theirs until they are done."""
    with _files_lock:
        dropped = list(_files.values())
        _files.clear()
    del dropped


def _after_fork() -> None:
    # Another thread may have held the lock, or been in the middle of a change, when this process was copied.
    global _files, _files_lock
    _files_lock = threading.Lock()
    _files = OrderedDict()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
