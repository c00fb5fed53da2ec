"""Files in class folders: what the `..._dataset_from_directory` functions share.

Order, labels and splits are those of `keras.utils`: folders and files sorted by name, then shuffled by NumPy's
`RandomState(seed)`; the last share of them is the validation part.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, MissingFileError, NoFilesError, nearest_name
from feedline.nodes.base import AUTOTUNE, Node
from feedline.structure import as_component

LABEL_MODES = ("int", "categorical", "binary", None)
SUBSETS = ("training", "validation", "both", None)


class DirectoryDataset(Dataset):
    """A dataset of files in class folders.

    Args:
        node: the last node of the pipeline.
        class_names: the names of the classes in the order of their labels; None where there are no labels.
        file_paths: the files of its elements, in the order before each epoch's shuffle.

    As in Keras, a transformation of it (`ds.map(...)`) is a plain dataset, without the two.
    """

    def __init__(self, node: Node, class_names: list[str] | None, file_paths: list[str]) -> None:
        super().__init__(node)
        self.class_names = class_names
        self.file_paths = file_paths


@dataclass(frozen=True)
class Request:
    """What the three functions are asked for alike; each argument as `keras.utils` has it.

    Args:
        kind: what the files are, for messages ("image").
        extensions: which files count, by the ends of their names in small letters.
    """

    kind: str
    extensions: tuple[str, ...]
    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool

    def datasets(
        self, load: Callable[[bytes], Any], batch: Callable[[Dataset], Dataset]
    ) -> DirectoryDataset | list[DirectoryDataset]:
        """Returns the dataset, or those of training and validation.

        Args:
            load: from a file's path to its component.
            batch: makes batches.
        """
        label_mode = None if self.labels is None else self.label_mode
        seed = self.seed
        if seed is None:
            # Keras draws from NumPy's global state too, so that keras.utils.set_random_seed decides.
            seed = int(np.random.randint(1_000_000))  # noqa: NPY002
        files = _index(self, label_mode is not None)
        encode = _label_encoder(files, label_mode)
        if self.shuffle:
            order = np.arange(len(files.paths))
            np.random.RandomState(seed).shuffle(order)
            files = files.take(order)
        parts = _split(self, files)
        built = []
        for number, part in enumerate(parts):
            # Of both, only the training part is shuffled each epoch.
            shuffles = self.shuffle and not (self.subset == "both" and number == 1)
            built.append(_dataset(part, load, encode, batch, seed if shuffles else None))
        return built if self.subset == "both" else built[0]


def check(request: Request, format: str) -> None:
    """Checks the arguments that need no look at the files.

    Raises:
        ArgumentError: one of them cannot work.
    """
    labels = request.labels
    if isinstance(labels, str):
        if labels != "inferred":
            raise ArgumentError(
                f"labels is {labels!r}.", fix='Give "inferred", None, or a list of one label for each file.'
            )
    elif labels is not None:
        if not isinstance(labels, list | tuple | np.ndarray):
            raise ArgumentError(
                f"labels is a {type(labels).__name__}.",
                fix='Give "inferred", None, or a list of one label for each file.',
            )
        if request.class_names:
            raise ArgumentError(
                "class_names goes only with labels='inferred'.",
                fix="Leave class_names out: the labels say the classes.",
            )
    if request.label_mode not in LABEL_MODES:
        raise ArgumentError(
            f"label_mode is {request.label_mode!r}.", fix='Give "int", "categorical", "binary" or None.'
        )
    if (labels is None or request.label_mode is None) and request.class_names is not None:
        raise ArgumentError(
            "class_names was given without labels.", fix="Leave it out, or use labels='inferred' and a label_mode."
        )
    if format != "tf":
        raise ArgumentError(
            f"format is {format!r}: the elements are those of Keras' 'tf', the dataset is feedline's.",
            fix="Leave format out.",
        )
    _check_split(request)


def _check_split(request: Request) -> None:
    split, subset = request.validation_split, request.subset
    if subset not in SUBSETS:
        raise ArgumentError(f"subset is {subset!r}.", fix='Give "training", "validation", "both" or None.')
    if split and not (isinstance(split, int | float | np.number) and 0 < split < 1):
        raise ArgumentError(f"validation_split is {split!r:.60}.", fix="Give a number between 0 and 1, such as 0.2.")
    if bool(split) != (subset is not None):
        raise ArgumentError(
            f"validation_split is {split} and subset {subset!r}: they go together.",
            fix='Give both, such as validation_split=0.2, subset="both", or neither.',
        )
    if split and request.shuffle and request.seed is None:
        raise ArgumentError(
            "validation_split with shuffle needs a seed: else the two parts would overlap.",
            fix="Give for example seed=1, the same for both parts, or shuffle=False.",
        )
    if request.seed is not None and whole_number(request.seed, "seed", least=0) >= 1 << 32:
        raise ArgumentError(f"seed is {request.seed}.", fix=f"Give a number below {1 << 32}.")


@dataclass(frozen=True)
class _Files:
    """The files in order, their labels, and the names of the classes."""

    paths: list[str]
    labels: np.ndarray | None
    class_names: list[str] | None

    def take(self, order: np.ndarray) -> _Files:
        labels = None if self.labels is None else self.labels[order]
        return _Files([self.paths[index] for index in order.tolist()], labels, self.class_names)

    def slice(self, start: int, stop: int) -> _Files:
        labels = None if self.labels is None else self.labels[start:stop]
        return _Files(self.paths[start:stop], labels, self.class_names)


def _index(request: Request, labelled: bool) -> _Files:
    """Returns all files of the directory, sorted, with their labels."""
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
        files = _Files(paths, np.array(numbers, np.int32), folders)
    elif labelled:
        files = _Files(paths, *_given_labels(request.labels, len(paths), directory))
    else:
        files = _Files(paths, None, None)
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


def _label_encoder(files: _Files, label_mode: str | None) -> Callable[[Any], Any] | None:
    """Returns what makes a label of `label_mode` of a class' number; None where nothing is to be done."""
    if label_mode in ("int", None):
        return None
    assert files.labels is not None
    assert files.class_names is not None
    classes = len(files.class_names)
    if label_mode == "binary" and classes != 2:
        raise ArgumentError(
            f"label_mode='binary' needs 2 classes, and there are {classes}: {', '.join(files.class_names[:10])}.",
            fix='Use label_mode="int" or "categorical".',
        )
    if files.labels.dtype.kind == "f" or files.labels.min() < 0 or files.labels.max() >= classes:
        raise ArgumentError(
            f"label_mode={label_mode!r} needs labels from 0 to {classes - 1}; the labels are "
            f"{', '.join(files.class_names[:10])}.",
            fix='Number the classes from 0 on, or use label_mode="int".',
        )
    if label_mode == "binary":
        return lambda label: np.array([label], np.float32)

    def one_hot(label: Any) -> np.ndarray:
        row = np.zeros(classes, np.float32)
        row[label] = 1
        return row

    return one_hot


def _split(request: Request, files: _Files) -> list[_Files]:
    if not request.validation_split:
        return [files]
    total = len(files.paths)
    held_out = int(request.validation_split * total)
    if held_out == 0:
        raise ArgumentError(
            f"validation_split={request.validation_split} of {total} files is not a single file.",
            fix=f"Give at least {1 / total:.2g}, or add files.",
        )
    parts = {"training": files.slice(0, total - held_out), "validation": files.slice(total - held_out, total)}
    chosen = [request.subset] if request.subset in parts else list(parts)
    if request.verbose:
        for name in chosen:
            print(f"Using {len(parts[name].paths)} files for {name}.")
    return [parts[name] for name in chosen]


def _dataset(
    files: _Files,
    load: Callable[[bytes], Any],
    encode: Callable[[Any], Any] | None,
    batch: Callable[[Dataset], Dataset],
    shuffle_seed: int | None,
) -> DirectoryDataset:
    paths = np.array([os.fsencode(path) for path in files.paths], object)
    function: Callable[..., Any] = load
    elements: Any = paths
    if files.labels is not None:
        elements = (paths, files.labels)

        @functools.wraps(load)
        def load_labelled(path: bytes, label: Any) -> tuple[Any, Any]:
            return load(path), label if encode is None else encode(label)

        function = load_labelled
    dataset = Dataset.from_tensor_slices(elements)
    if shuffle_seed is not None:
        dataset = dataset.shuffle(len(paths), seed=shuffle_seed)
    dataset = batch(dataset.map(function, num_parallel_calls=AUTOTUNE)).prefetch(AUTOTUNE)
    return DirectoryDataset(dataset._node, files.class_names, files.paths)


def batches(batch_size: int | None) -> Callable[[Dataset], Dataset]:
    """Returns what makes batches of a dataset's elements; None leaves them single."""
    if batch_size is None:
        return lambda dataset: dataset
    size = whole_number(batch_size, "batch_size", least=1)
    return lambda dataset: dataset.batch(size)
