"""Which files belong together by their names: image_017.png with label_017.npy."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

_PATH = re.compile(r"[^\n]*[^\s./\\][^\n/\\]*\.[A-Za-z0-9]{1,5}")
_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(
    r"(?<![a-z])(images?|imgs?|labels?|lbls?|masks?|segmentations?|segs?|gt|groundtruth|annotations?|annos?|targets?|"
    r"inputs?|outputs?|sources?|rgb|depth|color|pictures?|photos?|frames?|data|x|y)(?![a-z])",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[\W_]+")
_FEWEST = 3
_UNIQUE = 0.9
_SHARED = 0.5

Key = Callable[[str], Hashable]


@dataclass(frozen=True)
class Mismatch:
    """Two lists of files whose names belong together, in another order or with some missing.

    Args:
        wrong: the places where the names do not belong together, rising.
        first_only: files of the first list that have no partner in the second.
        second_only: files of the second list that have none in the first.
        by: what the names were compared by, for a sentence: "their numbers".
    """

    wrong: tuple[int, ...]
    first_only: tuple[str, ...]
    second_only: tuple[str, ...]
    by: str


def are_paths(values: Sequence[bytes]) -> bool:
    """Says whether texts are names of files, by their looks.

    Example:
        >>> are_paths([b"data/image_1.png", b"data/image_2.png"]), are_paths([b"a dog.", b"two cats"])
        (True, False)
    """
    return bool(values) and all(_PATH.fullmatch(value.decode(errors="replace")) is not None for value in values)


def mismatch(first: Sequence[str], second: Sequence[str]) -> Mismatch | None:
    """Returns how two lists of files do not belong together place by place; None where they do, or where nothing tells.

    Example:
        >>> mismatch([f"x/image_{n}.png" for n in range(9)], [f"y/label_{n + 1}.npy" for n in range(9)]).wrong[:3]
        (0, 1, 2)
        >>> mismatch([f"x/image_{n}.png" for n in range(9)], [f"y/label_{n}.npy" for n in range(9)]) is None
        True
    """
    count = min(len(first), len(second))
    if count < _FEWEST or _alike(first, second):
        return None
    best: tuple[float, Mismatch] | None = None
    for by, make in _KEYS:
        ours, theirs = list(map(make(first), first)), list(map(make(second), second))
        mine, other = set(ours), set(theirs)
        if len(mine) < _UNIQUE * len(first) or len(other) < _UNIQUE * len(second):
            continue
        shared = len(mine & other) / max(len(first), len(second))
        if shared < _SHARED:
            continue
        wrong = tuple(place for place in range(count) if ours[place] != theirs[place])
        if not wrong:
            return None
        if best is None or shared > best[0]:
            alone = tuple(path for path, key in zip(first, ours, strict=True) if key not in other)
            others = tuple(path for path, key in zip(second, theirs, strict=True) if key not in mine)
            best = shared, Mismatch(wrong, alone, others, by)
    return None if best is None else best[1]


def always_apart(first: Sequence[str], second: Sequence[str]) -> int:
    """Returns by how much the last numbers in the names of pairs always differ; 0 where they do not.

    Example:
        >>> always_apart([f"image_{n}.png" for n in (3, 99, 40)], [f"label_{n}.npy" for n in (4, 100, 41)])
        1
    """
    keys = [list(map(_by_last_number(paths), paths)) for paths in (first, second)]
    if not all(isinstance(key, int) for each in keys for key in each) or len(set(keys[0])) < _FEWEST:
        return 0
    apart = {theirs - ours for ours, theirs in zip(*keys, strict=True)}  # type: ignore[operator]
    return apart.pop() if len(apart) == 1 else 0


def are_named_as_pairs(first: Sequence[str], second: Sequence[str]) -> bool:
    """Says whether names, and those of their folders, are the same but for a word for inputs or labels, and a number.

    Example:
        >>> are_named_as_pairs(["image_3.png"], ["label_4.npy"]), are_named_as_pairs(["rain_3.npy"], ["label_4.npy"])
        (True, False)
        >>> are_named_as_pairs(["images/cat_3.png"], ["masks/cat_4.png"])
        True
    """
    kinds = [{_kind(path) for path in paths} for paths in (first, second)]
    return not _alike(first, second) and len(kinds[0]) == 1 and kinds[0] == kinds[1]


def _kind(path: str) -> str:
    """Returns what a name and its folder's are without the words for inputs and labels, and without numbers."""
    folder = posixpath.basename(posixpath.dirname(path.replace(os.sep, "/")))
    return _SIGNS.sub(" ", _WORDS.sub("", _DIGITS.sub("", f"{folder} {_stem(path)}"))).strip().lower()


def without_partner(first: Sequence[str], second: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the files of each list that have no partner in the other, where the names tell of it."""
    for _, make in _KEYS:
        ours, theirs = list(map(make(first), first)), list(map(make(second), second))
        mine, other = set(ours), set(theirs)
        unique = len(mine) >= _UNIQUE * len(first) and len(other) >= _UNIQUE * len(second)
        if unique and len(mine & other) >= _SHARED * max(len(first), len(second)):
            alone = tuple(path for path, key in zip(first, ours, strict=True) if key not in other)
            return alone, tuple(path for path, key in zip(second, theirs, strict=True) if key not in mine)
    return (), ()


def _alike(first: Sequence[str], second: Sequence[str]) -> bool:
    """Says whether both lists are of the same kind of files: pairs of images, frames that follow each other."""
    kinds = [{_DIGITS.sub("#", path) for path in paths} for paths in (first, second)]
    return bool(kinds[0] & kinds[1]) or bool(set(first) & set(second))


def _stem(path: str) -> str:
    return posixpath.basename(path.replace(os.sep, "/")).rpartition(".")[0]


def _by_stem(paths: Sequence[str]) -> Key:
    return _stem


def _by_words(paths: Sequence[str]) -> Key:
    return lambda path: _SIGNS.sub(" ", _WORDS.sub("", _stem(path))).strip().lower()


def _by_affixes(paths: Sequence[str]) -> Key:
    """Returns what is between the letters that all stems begin with and those that all end with."""
    stems = [_stem(path) for path in paths]
    start = re.sub(r"\d+$", "", posixpath.commonprefix(stems))
    end = re.sub(r"\d+$", "", posixpath.commonprefix([stem[len(start) :][::-1] for stem in stems]))
    return lambda path: _stem(path)[len(start) : len(_stem(path)) - len(end)]


def _by_numbers(paths: Sequence[str]) -> Key:
    return lambda path: tuple(map(int, _DIGITS.findall(_stem(path)))) or path


def _by_last_number(paths: Sequence[str]) -> Key:
    return lambda path: int(_DIGITS.findall(_stem(path))[-1]) if _DIGITS.search(_stem(path)) else path


def _by_folder(paths: Sequence[str]) -> Key:
    return lambda path: posixpath.basename(posixpath.dirname(path.replace(os.sep, "/")))


def _by_folder_and_words(paths: Sequence[str]) -> Key:
    folder, words = _by_folder(paths), _by_words(paths)
    return lambda path: (folder(path), words(path))


_KEYS: tuple[tuple[str, Callable[[Sequence[str]], Key]], ...] = (
    ("their names", _by_stem),
    ("their names", _by_words),
    ("their names", _by_affixes),
    ("their folders and names", _by_folder_and_words),
    ("their numbers", _by_numbers),
    ("their numbers", _by_last_number),
    ("their folders", _by_folder),
)
