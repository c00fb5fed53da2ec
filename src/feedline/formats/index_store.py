"""Indexes of large TFRecord files, kept in the user's cache folder: the next program does not scan the file again.

One file for each TFRecord file, named by a digest of its path. It holds the size and the times of the version that was
indexed, and the length of each record; records lie without gaps, so that the lengths say where each begins. What does
not fit is not believed: the TFRecord file is scanned as if there were no index. Anybody can set the time of the last
change (`cp -p`, `rsync -t`, `touch -d`); so the time of the last change of the entry, which nobody can set, counts too.

The folder is the one that `feedline.cache_folder` names; where there is none, nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from feedline.cache_folder import cache_folder
from feedline.formats.file_version import FileVersion
from feedline.formats.stores import is_url

LEAST_RECORDS = 20_000
"""Files of this machine that have fewer records are scanned quickly enough."""

_MAGIC = b"FLINDEX2"
_HEAD = struct.Struct("<8sqqqqqI")
_BETWEEN = 16
_BEFORE = 12
_MOST_BYTES = 1 << 30
"""The oldest indexes are removed when all of them take more."""


def load_lengths(path: str, version: FileVersion) -> np.ndarray | None:
    """Returns the lengths of a file's records, int64 `(n,)`, or None where they are not kept.

    Args:
        path: the TFRecord file, absolute.
        version: of the file.
    """
    try:
        place = _place_of(path)
        data = b"" if place is None or not place.is_file() else place.read_bytes()  # a pipe would be waited for
        magic, size, mtime_ns, ctime_ns, count, itemsize, checksum = _HEAD.unpack_from(data)
    except (OSError, struct.error, RuntimeError):
        return None
    body = data[_HEAD.size :]
    if magic != _MAGIC or FileVersion(size, mtime_ns, ctime_ns) != version or itemsize not in (1, 2, 4, 8):
        return None
    if len(body) != count * itemsize or zlib.crc32(body) != checksum:
        return None
    lengths = np.frombuffer(body, np.dtype(f"<u{itemsize}")).astype(np.int64)
    if len(lengths) and (lengths.min() < 0 or lengths.max() > size):
        return None
    return lengths if int(lengths.sum()) + _BETWEEN * count == size else None


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """Returns where the payloads of records of these lengths begin, int64 `(n,)`."""
    return np.cumsum(lengths + _BETWEEN) - lengths - _BETWEEN + _BEFORE


def keep_lengths(path: str, version: FileVersion, lengths: np.ndarray) -> None:
    """Keeps the lengths of a file's records; where that cannot be done, nothing happens.

    Args:
        path: the TFRecord file, absolute.
        version: of the file.
        lengths: int64 `(n,)`.
    """
    if len(lengths) < (1 if is_url(path) else LEAST_RECORDS):
        return
    itemsize = next(width for width in (1, 2, 4, 8) if width == 8 or int(lengths.max()) < 1 << (8 * width))
    body = lengths.astype(np.dtype(f"<u{itemsize}")).tobytes()
    head = _HEAD.pack(
        _MAGIC, version.size, version.mtime_ns, version.ctime_ns, len(lengths), itemsize, zlib.crc32(body)
    )
    part = None
    try:
        place = _place_of(path)
        if place is None:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
        part.write_bytes(head + body)
        part.replace(place)
        _remove_oldest(place.parent)
    except (OSError, RuntimeError):
        if part is not None:
            with contextlib.suppress(OSError):
                part.unlink()


def _place_of(path: str) -> Path | None:
    folder = cache_folder()
    if folder is None:
        return None
    return folder / "index" / (hashlib.blake2b(os.fsencode(path), digest_size=16).hexdigest() + ".index")


def _remove_oldest(folder: Path) -> None:
    kept = sorted((entry.stat().st_mtime, entry.stat().st_size, entry) for entry in folder.iterdir())
    total = sum(size for _, size, _ in kept)
    for _, size, entry in kept[:-1]:
        if total <= _MOST_BYTES:
            return
        entry.unlink()
        total -= size
