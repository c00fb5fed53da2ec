"""`matching_files`: the names of the files that match a pattern."""

from __future__ import annotations

import glob
import os
from typing import Any

import numpy as np

from feedline.formats.file_path import as_path
from feedline.formats.stores import is_url, match_urls


def matching_files(pattern: Any, name: str | None = None) -> np.ndarray:
    """Returns the names of the files and folders that match a pattern, sorted.

    Args:
        pattern: a path with `*` (any text), `?` (one letter) and `[...]` (one of these letters) within a name; or a
            list of such.
        name: not used.

    Returns:
        An object array of `bytes` (n,), empty where nothing matches.

    Example:
        >>> matching_files("/no/such/*.png").shape
        (0,)
    """
    patterns = pattern if isinstance(pattern, list | tuple) else [pattern]
    if isinstance(pattern, np.ndarray):
        patterns = pattern.reshape(-1).tolist()
    found: list[bytes] = []
    for one in patterns:
        path = as_path(one, "matching_files")
        if is_url(path):
            found += [name.encode() for name, _ in match_urls(path)]
        else:
            found += map(os.fsencode, glob.glob(path, include_hidden=True))
    out = np.empty(len(found), object)
    out[:] = sorted(found)
    return out
