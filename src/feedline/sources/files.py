"""Lists of files: patterns, paths and what is said where there are none."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, MissingFileError, NoFilesError, nearest_name
from feedline.formats import stores
from feedline.formats.name_pattern import SPECIAL, as_expression

_MAGIC = frozenset("*?[")


def path_text(path: Any) -> str:
    """Returns a path given as text, bytes, a path object or a NumPy scalar, as text; `file://` is left out."""
    if isinstance(path, np.ndarray) and path.ndim == 0:
        path = path.item()
    if isinstance(path, str | bytes | os.PathLike):
        return stores.local_name(os.fsdecode(path))
    raise ArgumentError(f"{path!r:.80} is not a path.", fix="Give text, bytes or a pathlib.Path.")


def match_names(patterns: Any) -> list[str]:
    """Returns the names of the files and folders that match one pattern or several, sorted, as TensorFlow matches them.

    Hidden ones match as others do. `*` and `?` stand for anything but "/", `[ab]` for one of two, `[!ab]` and `[^ab]`
    for none of them, and "\\" takes the next sign as it is. A name that two patterns match comes twice. Names begin
    with "./" where the pattern's first part is not a fixed name.

    Raises:
        NoFilesError: none matches.
    """
    patterns = _listed(patterns)
    found: list[str] = []
    for pattern in patterns:
        if stores.is_url(pattern):
            found += [name for name, _ in stores.match_urls(pattern)]
        else:
            found += _matching(pattern)
    if not found:
        raise no_files(patterns)
    return sorted(found, key=os.fsencode)


def _matching(pattern: str) -> list[str]:
    first = next((index for index, sign in enumerate(pattern) if sign in SPECIAL), None)
    if first is None:
        return [pattern] if os.path.exists(pattern) else []
    folder, slash, _ = pattern[:first].rpartition("/")
    parts = [part for part in pattern[len(folder) + len(slash) :].split("/") if part]
    start = (folder or slash) if slash else "."
    found = [start]
    for depth, part in enumerate(parts):
        try:
            matches = re.compile(as_expression(part), re.DOTALL).fullmatch
        except re.error:  # a range such as [z-a], which nothing is in
            return []
        deeper: list[str] = []
        for parent in found:
            if depth == 0 or os.path.isdir(parent):
                deeper.extend(_joined(parent, name) for name in _entries(parent) if matches(name))
        found = deeper
    return found


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _joined(folder: str, name: str) -> str:
    return folder + name if folder.endswith("/") else f"{folder}/{name}"


def match_files(patterns: Any) -> list[str]:
    """Returns the files that match one pattern or several, sorted, without folders, hidden files and repetitions.

    Raises:
        NoFilesError: none matches.
    """
    patterns = _listed(patterns)
    found: set[str] = set()
    for pattern in patterns:
        if stores.is_url(pattern):
            names = (name for name, is_folder in stores.match_urls(pattern) if not is_folder)
            found.update(name for name in names if not name.rpartition("/")[2].startswith("."))
        else:
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
    names = _listed(filenames)
    for name, exists in zip(names, stores.in_parallel(_exists, names), strict=True):
        if exists:
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


def _exists(name: str) -> bool:
    return stores.exists(name) if stores.is_url(name) else os.path.exists(name)


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
    if stores.is_url(name):
        return stores.missing_in_store(name)
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
    if stores.is_url(patterns[0]):
        return stores.no_match_in_store(patterns)
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
    count = "1 entry" if len(names) == 1 else f"{len(names)} entries"
    holds = f"holds {count}: {some}" if names else "is empty"
    return NoFilesError(f"no file matches {shown}.", fix=f"The folder {folder!r} {holds}.")
