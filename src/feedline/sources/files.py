"""Lists of files: patterns, paths and what is said where there are none."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, MissingFileError, NoFilesError, nearest_name

_MAGIC = frozenset("*?[")


def path_text(path: Any) -> str:
    """Returns a path given as text, bytes, a path object or a NumPy scalar, as text."""
    if isinstance(path, np.ndarray) and path.ndim == 0:
        path = path.item()
    if isinstance(path, str | bytes | os.PathLike):
        return os.fsdecode(path)
    raise ArgumentError(f"{path!r:.80} is not a path.", fix="Give text, bytes or a pathlib.Path.")


def match_files(patterns: Any) -> list[str]:
    """Returns the files that match one pattern or several, sorted.

    Raises:
        NoFilesError: none matches.
    """
    patterns = _listed(patterns)
    found: set[str] = set()
    for pattern in patterns:
        found.update(name for name in glob.glob(pattern) if not os.path.isdir(name))
    if not found:
        raise no_files(patterns)
    return sorted(found)


def existing_files(filenames: Any) -> list[str]:
    """Returns files as they were given; those with * ? or [ in their names that do not exist are taken as patterns.

    Raises:
        NoFilesError: there are none.
        MissingFileError: a file does not exist.
    """
    result: list[str] = []
    for name in _listed(filenames):
        if os.path.exists(name):
            result.append(name)
        elif _MAGIC.intersection(name):
            result.extend(match_files(name))
        else:
            raise missing_file(name)
    if not result:
        raise NoFilesError(
            "the list of files is empty.", fix="Give at least one file: was a pattern matched elsewhere?"
        )
    return result


def _listed(names: Any) -> list[str]:
    if isinstance(names, str | bytes | os.PathLike) or (isinstance(names, np.ndarray) and names.ndim == 0):
        return [path_text(names)]
    if isinstance(names, np.ndarray):
        names = names.reshape(-1)
    if not isinstance(names, Iterable):
        raise ArgumentError(f"{names!r:.80} is not a path.", fix="Give text, bytes, a pathlib.Path, or a list of them.")
    return [path_text(name) for name in names]


def missing_file(name: str) -> MissingFileError:
    """Returns the error for a file that does not exist, with the nearest name that does."""
    folder, base = os.path.split(name)
    inside = f"the current folder is {os.getcwd()}" if not os.path.isabs(name) else ""
    if not os.path.isdir(folder or "."):
        return MissingFileError(f"the folder {folder!r} of {base!r} does not exist.", fix=_sentence(inside))
    nearest = nearest_name(base, os.listdir(folder or "."))
    hint = f"did you mean {os.path.join(folder, nearest)!r}?" if nearest else "check its name"
    return MissingFileError(f"the file {name!r} does not exist.", fix=_sentence(hint, inside))


def _sentence(*parts: str) -> str:
    text = " ".join(part if part.endswith("?") else part + ";" for part in parts if part).rstrip(";")
    return text[:1].upper() + text[1:] + ("" if text.endswith("?") or not text else ".")


def no_files(patterns: list[str]) -> NoFilesError:
    """Returns the error for patterns that match nothing, with how far the path does exist."""
    if not patterns:
        return NoFilesError("no pattern was given.", fix="Give at least one pattern.")
    shown = ", ".join(repr(pattern) for pattern in patterns[:3])
    folder = os.path.dirname(patterns[0]) or "."
    while _MAGIC.intersection(folder):
        folder = os.path.dirname(folder) or "."
    if not os.path.isdir(folder):
        return NoFilesError(
            f"no file matches {shown}.",
            fix=f"The folder {folder!r} does not exist; the current folder is {os.getcwd()}.",
        )
    names = sorted(os.listdir(folder))
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    holds = f"holds {len(names)} entries: {some}" if names else "is empty"
    return NoFilesError(f"no file matches {shown}.", fix=f"The folder {folder!r} {holds}.")
