"""Files in class folders: what the `..._dataset_from_directory` functions share.

Order, labels and splits are those of `keras.utils`: folders and files sorted by name, then shuffled by NumPy's
`RandomState(seed)`; the last share of them is the validation part.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, with_article
from feedline.keras.directory_files import LabelledFiles, find_files
from feedline.nodes.base import AUTOTUNE, Node

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
        files = find_files(self, label_mode is not None)
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
                f"labels is {with_article(type(labels).__name__)}.",
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


def _label_encoder(files: LabelledFiles, label_mode: str | None) -> Callable[[Any], Any] | None:
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


def _split(request: Request, files: LabelledFiles) -> list[LabelledFiles]:
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
    files: LabelledFiles,
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
