"""Which files a directory has, sorted, and their labels: by their folders, or as the user gave them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import ArgumentError, MissingFileError, NoFilesError, nearest_name
from feedline.structure import as_component

if TYPE_CHECKING:
    from feedline.keras.directory import Request


@dataclass(frozen=True)
class LabelledFiles:
    """Files in order, their labels, and the names of the classes.

    Args:
        paths: the files.
        labels: one for each; None without labels.
        class_names: in the order of their numbers; None without labels.
    """

    paths: list[str]
    labels: np.ndarray | None
    class_names: list[str] | None

    def take(self, order: np.ndarray) -> LabelledFiles:
        """Returns the files at these positions."""
        labels = None if self.labels is None else self.labels[order]
        return LabelledFiles([self.paths[index] for index in order.tolist()], labels, self.class_names)

    def slice(self, start: int, stop: int) -> LabelledFiles:
        """Returns the files from one position up to another."""
        labels = None if self.labels is None else self.labels[start:stop]
        return LabelledFiles(self.paths[start:stop], labels, self.class_names)


def find_files(request: Request, labelled: bool) -> LabelledFiles:
    """Returns all files of the directory, sorted, with their labels.

    Args:
        request: what was asked for.
        labelled: whether labels are wanted.

    Raises:
        MissingFileError: there is no such directory.
        NoFilesError: it has no files of the kind.
        ArgumentError: the class names or the labels do not go with what is there.
    """
    directory = _existing_directory(request.directory)
    inferred = labelled and isinstance(request.labels, str)
    folders = _class_folders(directory, request.class_names) if inferred else [""]
    paths: list[str] = []
    numbers: list[int] = []
    others: Counter[str] = Counter()
    for number, folder in enumerate(folders):
        start = os.path.join(directory, folder)
        for root, names in _walk(start, request.follow_links):
            inner = os.path.relpath(root, start)
            prefix = os.path.join(directory, folder) if inner == "." else os.path.join(directory, folder, inner)
            for name in sorted(names):
                if name.lower().endswith(request.extensions):
                    paths.append(os.path.join(prefix, name))
                    numbers.append(number)
                elif not name.startswith("."):
                    others[os.path.splitext(name)[1].lower() or "no extension"] += 1
    if not paths:
        raise _no_files(request, directory, folders, inferred, others)
    if inferred:
        files = LabelledFiles(paths, np.array(numbers, np.int32), folders)
    elif labelled:
        files = LabelledFiles(paths, *_given_labels(request.labels, len(paths), directory))
    else:
        files = LabelledFiles(paths, None, None)
    if request.verbose:
        classes = f" belonging to {len(files.class_names)} classes" if files.class_names is not None else ""
        print(f"Found {len(paths)} files{classes}.")
        if others:
            listed = ", ".join(f"{count} {ending}" for ending, count in sorted(others.items()))
            print(f"Left out {sum(others.values())} files that are no {request.kind} files: {listed}.")
    return files


def _existing_directory(directory: Any) -> str:
    if not isinstance(directory, str | bytes | os.PathLike):
        raise ArgumentError(f"directory is {directory!r:.80}.", fix="Give the path of a folder.")
    path = os.fsdecode(directory)
    if "://" in path:
        raise ArgumentError(
            f"the directory {path!r} is not on this machine.", fix="Copy it to a local folder, or mount it."
        )
    if os.path.isdir(path):
        return path
    if os.path.exists(path):
        raise ArgumentError(f"{path!r} is a file, not a folder.", fix="Give the folder that the files are in.")
    above, name = os.path.split(path.rstrip(os.sep))
    near = nearest_name(name, os.listdir(above or ".")) if os.path.isdir(above or ".") else None
    raise MissingFileError(
        f"there is no folder {path!r}.",
        fix=f"Did you mean {os.path.join(above, near)!r}?" if near else f"The current folder is {os.getcwd()!r}.",
    )


def _class_folders(directory: str, class_names: Sequence[str] | None) -> list[str]:
    with os.scandir(directory) as entries:
        found = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    if class_names is None:
        return found
    if isinstance(class_names, str):
        raise ArgumentError(f"class_names is the text {class_names!r}.", fix="Give a list of names.")
    wanted = list(class_names)
    for number, name in enumerate(wanted):
        if name not in found:
            near = nearest_name(str(name), found)
            raise ArgumentError(
                f"class_names has {name!r}, which is no folder of {directory!r}.",
                fix=f"Did you mean {near!r}?" if near else f"Its folders are {', '.join(found[:20]) or 'none'}.",
            )
        if name in wanted[:number]:
            raise ArgumentError(f"class_names has {name!r} twice.", fix="Name each class once.")
    return wanted


def _walk(start: str, follow_links: bool) -> Iterator[tuple[str, list[str]]]:
    """Returns the folders below one, sorted, each with the names of its files."""
    found = []
    for root, folders, names in os.walk(start, followlinks=follow_links):
        if follow_links:  # a link to a folder above would go round for ever
            above = os.path.realpath(root)
            folders[:] = [name for name in folders if not _is_above(os.path.join(root, name), above)]
        found.append((root, names))
    return iter(sorted(found, key=lambda entry: entry[0]))


def _is_above(folder: str, inner: str) -> bool:
    target = os.path.realpath(folder)
    return os.path.islink(folder) and os.path.commonpath([target, inner]) == target


def _given_labels(labels: Any, files: int, directory: str) -> tuple[np.ndarray, list[str]]:
    """Returns the labels that the user gave, and the names of their classes."""
    array = np.asarray(as_component(labels if isinstance(labels, np.ndarray) else list(labels)))
    if array.dtype.kind not in "iuf" or array.ndim != 1:
        raise ArgumentError("labels are not numbers, one for each file.", fix="Give a list of integers.")
    if len(array) != files:
        raise ArgumentError(
            f"there are {len(array)} labels and {files} files in {directory!r}.",
            fix="Give one label for each file, in the order of the sorted paths.",
        )
    return array, [str(label) for label in np.unique(array).tolist()]


def _no_files(
    request: Request, directory: str, folders: list[str], inferred: bool, others: Counter[str]
) -> NoFilesError:
    what = f"there are no {request.kind} files ({', '.join(request.extensions)}) in {directory!r}"
    if inferred:
        loose = [name for name in os.listdir(directory) if name.lower().endswith(request.extensions)]
        if loose:
            return NoFilesError(
                f"{what[: -len(repr(directory))]}the class folders of {directory!r}; "
                f"{len(loose)} lie in the folder itself, such as {sorted(loose)[0]!r}.",
                fix="Put them into one folder for each class, or give labels=None or a list of labels.",
            )
        if not folders:
            return NoFilesError(f"{what}: it has no class folders.", fix="Make one folder for each class.")
    listed = ", ".join(f"{count} {ending}" for ending, count in others.most_common(5))
    return NoFilesError(
        f"{what}.", fix=f"It has only other files: {listed}." if others else "It is empty: check the path."
    )
