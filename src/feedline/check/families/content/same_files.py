"""Files that are in two lists, under one path or as copies."""

from __future__ import annotations

import hashlib
import os
import time
from collections import defaultdict

_PART = 2048
_MOST_CONFIRMED = 1000


def same_files(first: list[bytes], second: list[bytes], seconds: float) -> list[tuple[str, str]]:
    """Returns pairs of a path of the second list and a path of the first of the same content.

    Files of one size are compared by their beginning and end, and what is alike as a whole.

    Args:
        first: paths; those that are no files are left out.
        second: paths.
        seconds: for how long files may be looked at: with less than is needed, some pairs may be missing.
    """
    end = time.perf_counter() + seconds
    names = set(first)
    listed = [os.fsdecode(path) for path in dict.fromkeys(second) if path in names and _is_file(path)]
    pairs = [(path, path) for path in listed]
    if pairs:
        return pairs
    by_size: dict[int, list[bytes]] = defaultdict(list)
    for path in second:
        if time.perf_counter() > end:
            break
        size = _size(path)
        if size:
            by_size[size].append(path)
    found: dict[tuple[int, bytes], list[bytes]] = defaultdict(list)
    for size, paths in by_size.items():
        for path in paths:
            if time.perf_counter() > end:
                break
            found[size, _ends(path, size)].append(path)
    for path in first:
        if time.perf_counter() > end or len(pairs) >= _MOST_CONFIRMED:
            break
        size = _size(path)
        if size not in by_size:
            continue
        for twin in found.get((size, _ends(path, size)), ()):
            if _whole(path) == _whole(twin):
                pairs.append((os.fsdecode(twin), os.fsdecode(path)))
    return list({pair[0]: pair for pair in pairs}.values())


def _is_file(path: bytes) -> bool:
    return _size(path) > 0


def _size(path: bytes) -> int:
    """Returns the size of a file; 0 for what is none."""
    try:
        return os.stat(path).st_size if os.path.isfile(path) else 0
    except (OSError, ValueError):
        return 0


def _ends(path: bytes, size: int) -> bytes:
    try:
        with open(path, "rb") as file:
            start = file.read(_PART)
            file.seek(max(0, size - _PART))
            return hashlib.blake2b(start + file.read(_PART), digest_size=16).digest()
    except OSError:
        return os.urandom(16)


def _whole(path: bytes) -> bytes:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return os.urandom(16)
