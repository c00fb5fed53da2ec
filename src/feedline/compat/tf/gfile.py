"""`tf.io.gfile` for files of this machine: Python's own functions under TensorFlow's names."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import plain
from feedline.errors import ArgumentError

__all__ = [
    "GFile", "copy", "exists", "glob", "isdir", "join", "listdir", "makedirs", "mkdir", "remove", "rename", "rmtree",
    "stat", "walk",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise missing_name("tf.io.gfile", name, __all__)


def _name(path: Any) -> str:
    name = os.fsdecode(plain(path))
    if "://" in name:
        raise ArgumentError(f"{name} is not a file of this machine.", fix="Copy it here first, or mount it.")
    return name


def GFile(name: Any, mode: str = "r") -> IO[Any]:
    """Opens a file, as Python's `open` does."""
    return open(_name(name), mode)


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies a file.

    Raises:
        FileExistsError: there is one at `dst`, and `overwrite` is False.
    """
    _check_free(dst, overwrite)
    shutil.copyfile(_name(src), _name(dst))


def exists(path: Any) -> bool:
    """Says whether there is a file or folder."""
    return os.path.exists(_name(path))


def glob(pattern: Any) -> list[str]:
    """Returns the files that match a pattern, or one of several, in order."""
    patterns = pattern if isinstance(pattern, list | tuple) else [pattern]
    return [name for each in patterns for name in sorted(_glob.glob(_name(each)))]


def isdir(path: Any) -> bool:
    """Says whether there is a folder."""
    return os.path.isdir(_name(path))


def join(path: Any, *paths: Any) -> str:
    """Returns the parts of a path as one."""
    return os.path.join(_name(path), *(_name(part) for part in paths))


def listdir(path: Any) -> list[str]:
    """Returns the names in a folder, in order."""
    return sorted(os.listdir(_name(path)))


def makedirs(path: Any) -> None:
    """Makes a folder, and those above it; it may be there already."""
    os.makedirs(_name(path), exist_ok=True)


def mkdir(path: Any) -> None:
    """Makes a folder."""
    os.mkdir(_name(path))


def remove(path: Any) -> None:
    """Removes a file."""
    os.remove(_name(path))


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Gives a file another name.

    Raises:
        FileExistsError: there is one at `dst`, and `overwrite` is False.
    """
    _check_free(dst, overwrite)
    os.replace(_name(src), _name(dst))


def rmtree(path: Any) -> None:
    """Removes a folder with all that is in it."""
    shutil.rmtree(_name(path))


class FileStatistics(NamedTuple):
    """What `stat` returns.

    Args:
        length: how many bytes the file has.
        mtime_nsec: when it was last changed, in nanoseconds since 1970.
        is_directory: whether it is a folder.
    """

    length: int
    mtime_nsec: int
    is_directory: bool


def stat(path: Any) -> FileStatistics:
    """Returns the size and the time of a file, or folder."""
    found = os.stat(_name(path))
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(_name(path)))


def walk(
    top: Any, topdown: bool = True, onerror: Callable[[OSError], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yields each folder below one, with the names of its folders and of its files.

    Args:
        top: the folder.
        topdown: whether a folder comes before those in it.
        onerror: called with the error of a folder that cannot be read; None to leave it out.
    """
    return os.walk(_name(top), topdown, onerror)


def _check_free(path: Any, overwrite: bool) -> None:
    if not overwrite and os.path.exists(_name(path)):
        raise FileExistsError(f"{_name(path)} is there already; give overwrite=True to replace it.")
