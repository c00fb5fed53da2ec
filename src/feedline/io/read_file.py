"""`read_file`: a whole file's bytes."""

from __future__ import annotations

import errno
import os
from typing import Any

from feedline.errors import FileFormatError, MissingFileError, nearest_name
from feedline.formats.file_path import as_path
from feedline.formats.store_file import read_whole
from feedline.formats.stores import is_url, local_name

_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = os.O_RDONLY | _BINARY


def read_file(filename: Any, name: str | None = None) -> bytes:
    """Reads a whole file.

    Args:
        filename: a path: `str`, `bytes`, a `pathlib.Path`, or a scalar array or tensor of one string; or a name in a
            store, such as "gs://bucket/a.png" (see docs/files.md).
        name: not used.

    Returns:
        The file's bytes.

    Raises:
        MissingFileError: there is no such file; the error names the nearest name in its folder.
        FileFormatError: it is a folder, or may not be read.
        MissingPackageError: what reaches that kind of store is not installed.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
        >>> _ = path.write_bytes(b"hello")
        >>> read_file(path)
        b'hello'
    """
    path = filename if type(filename) is str else as_path(filename, "read_file")
    if "://" in path:
        path = local_name(path)
        if is_url(path):
            return read_whole(path)
    try:
        descriptor = os.open(path, _READ)
    except (OSError, ValueError) as error:
        raise _read_error(path, error) from error
    try:
        size = os.fstat(descriptor).st_size
        # One byte more than the size, to see that the file ends; pipes and /proc say 0 and are read to their end.
        parts = [os.read(descriptor, min(size + 1, 1 << 30))]
        if len(parts[0]) == size:
            if not size:
                parts += _rest(descriptor)
        else:
            parts += _rest(descriptor)
    except OSError as error:
        raise _read_error(path, error) from error
    finally:
        os.close(descriptor)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _rest(descriptor: int) -> list[bytes]:
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return parts


def _read_error(path: str, error: Exception) -> Exception:
    code = getattr(error, "errno", None)
    if code in (errno.ENOENT, errno.ENOTDIR) or isinstance(error, ValueError):
        return _missing(path)
    if code == errno.EISDIR or os.path.isdir(path):
        return FileFormatError(
            f"{path!r} is a folder, not a file.",
            fix="List its files first: fl.Dataset.list_files(folder + '/*').",
        )
    if code in (errno.EACCES, errno.EPERM):
        return FileFormatError(
            f"{path!r} may not be read: {os.strerror(code)}.", fix="Change the file's permissions, or its owner."
        )
    return FileFormatError(f"{path!r} could not be read: {error}.", fix="Check the disk or the network drive.")


def _missing(path: str) -> MissingFileError:
    if "\0" in path:
        return MissingFileError(
            f"there is no file {path!r}: a name cannot hold a zero byte.", fix="Look how it was made."
        )
    folder, last = os.path.split(path)
    fixes = []
    try:
        names = os.listdir(folder or ".")
    except OSError:
        existing = folder
        while existing and not os.path.isdir(existing) and os.path.dirname(existing) != existing:
            existing = os.path.dirname(existing)
        fixes.append(f"There is no folder {folder!r}" + (f"; {existing!r} exists." if existing else "."))
        names = []
    near = nearest_name(last, names)
    if near is not None:
        fixes.append(f"Did you mean {os.path.join(folder, near)!r}?")
    if not os.path.isabs(path):
        fixes.append(f"The path is relative to {os.getcwd()!r}.")
    return MissingFileError(f"there is no file {path!r}.", fix=" ".join(fixes) or "Check the path.")
