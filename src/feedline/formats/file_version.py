"""FileVersion: which state of a file something was learnt from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileVersion:
    """What tells one version of a file from another.

    Args:
        size: in bytes.
        mtime_ns: when its contents were last changed, as far as programs say, in nanoseconds; of a file in a store, a
            number that stands for that.
        ctime_ns: when anything of it was last changed, in nanoseconds; on Windows, when it was made; 0 in a store.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
