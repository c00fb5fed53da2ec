"""`write_file`: bytes to a file."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import numpy as np

from feedline.errors import DtypeError, WriteError, with_article
from feedline.formats.file_path import as_path
from feedline.formats.store_file import write_whole
from feedline.formats.stores import is_url

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes a whole file, and the folders to it: at its name is either what was there before or all of `contents`.

    Args:
        filename: a path, as in `read_file`.
        contents: `bytes`, or a `str`, which is written as UTF-8.
        name: not used.

    Raises:
        WriteError: the file could not be written.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/new/folder/a.txt"
        >>> write_file(path, "hello")
        >>> open(path).read()
        'hello'
    """
    path = as_path(filename, "write_file")
    if not isinstance(contents, np.ndarray) and hasattr(contents, "numpy"):
        contents = contents.numpy()
    if isinstance(contents, np.ndarray) and contents.shape == ():
        contents = contents.item()
    if isinstance(contents, str):
        contents = contents.encode()
    if not isinstance(contents, bytes | bytearray | memoryview):
        raise DtypeError(
            f"write_file writes bytes; it was given {with_article(type(contents).__name__)}.",
            fix="Encode it first, for instance with fl.io.encode_png or fl.io.serialize_tensor.",
        )
    if is_url(path):
        write_whole(path, bytes(contents))
        return
    part = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.part"
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(os.open(part, _CREATE, 0o666), "wb") as file:
            file.write(contents)
        os.replace(part, path)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            os.unlink(part)
        raise WriteError(
            f"{path!r} could not be written: {error}.", fix="Check the folder and the free space."
        ) from error
