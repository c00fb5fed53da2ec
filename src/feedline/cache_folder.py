"""Where things are kept from program to program: the user's cache folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path | None:
    """Returns the folder for what is worth keeping from program to program; None where nothing may be kept.

    It is `$FEEDLINE_CACHE`, or what the system has for caches; an empty `$FEEDLINE_CACHE` keeps nothing.

    Raises:
        RuntimeError: the user has no home.

    Example:
        >>> import os
        >>> os.environ["FEEDLINE_CACHE"] = "/tmp/somewhere"
        >>> cache_folder().as_posix()
        '/tmp/somewhere'
        >>> del os.environ["FEEDLINE_CACHE"]
    """
    chosen = os.environ.get("FEEDLINE_CACHE")
    if chosen is not None:
        return Path(chosen).expanduser() if chosen else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "feedline" if base else None
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "feedline"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "feedline"
