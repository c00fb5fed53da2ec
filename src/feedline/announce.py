"""Telling the user, in one line on stderr, why a program seems to stand still."""

from __future__ import annotations

import contextlib
import sys

_told: set[str] = set()
_silent = False


def announce(text: str) -> None:
    """Writes a line to stderr, once in a process.

    Args:
        text: what is going on; without a line's end.

    Example:
        >>> announce("reading the index of photos.tfrecord")
    """
    if _silent or text in _told:
        return
    _told.add(text)
    with contextlib.suppress(OSError, ValueError, AttributeError):  # stderr is closed, or there is none
        sys.stderr.write(f"feedline: {text}\n")
        sys.stderr.flush()


def be_silent() -> None:
    """Has this process announce nothing: the one that has started it does."""
    global _silent
    _silent = True
