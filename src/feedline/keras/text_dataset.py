"""`text_dataset_from_directory`: `keras.utils.text_dataset_from_directory`, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feedline.dataset.base import whole_number
from feedline.keras.directory import DirectoryDataset, Request, batches, check

EXTENSIONS = (".txt",)


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> DirectoryDataset | list[DirectoryDataset]:
    """Returns the dataset of the texts in class folders.

    Files, labels, splits and texts are those of `keras.utils.text_dataset_from_directory`; the order within an epoch
    differs where `shuffle` is on. A text is the file's bytes as they are: `.decode()` makes a `str` of it.

    Args:
        directory: the folder. With `labels="inferred"` each folder in it is a class; else every file below it counts.
        labels: "inferred", None, or a list of one label for each file in the order of the sorted paths.
        label_mode: "int" for int32 numbers; "categorical" for float32 one-hot rows; "binary" for float32 0 or 1 of
            shape (1,); None for no labels.
        class_names: the class folders to use, in the order of their labels; None for all, sorted.
        batch_size: how many texts a batch; None for single texts.
        max_length: how many bytes of each text are kept; None for all.
        shuffle: whether the files are shuffled, once as a whole and then each epoch.
        seed: the seed of both; None for one drawn from `np.random`.
        validation_split: the share of the files, the last ones after the first shuffle, that are for validation.
        subset: "training", "validation" or "both"; goes with `validation_split`.
        follow_links: whether folders behind symbolic links are looked into.
        format: "tf", the only one; `keras.utils` has it.
        verbose: whether the numbers of files are printed.

    Returns:
        A dataset of strings, or of (strings, labels), with `class_names` and `file_paths`; a list of two for "both".

    Raises:
        ArgumentError: an argument cannot work.
        MissingFileError: there is no such folder.
        NoFilesError: it has no `.txt` files.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("bad", "good"):
        ...     (folder / name).mkdir()
        ...     _ = (folder / name / "0.txt").write_text(f"a {name} film")
        >>> ds = text_dataset_from_directory(folder, max_length=5, shuffle=False, verbose=False)
        >>> next(iter(ds))
        (array([b'a bad', b'a goo'], dtype=object), array([0, 1], dtype=int32))
    """
    request = Request(
        "text", EXTENSIONS, directory, labels, label_mode, class_names, bool(shuffle), seed, validation_split, subset,
        bool(follow_links), bool(verbose),
    )  # fmt: skip
    check(request, format)
    length = None if max_length is None else whole_number(max_length, "max_length", least=0)
    return request.datasets(_loader(length), batches(batch_size))


def _loader(max_length: int | None) -> Any:
    from feedline.io.read_file import read_file

    def load_text(path: bytes) -> bytes:
        return read_file(path)[:max_length]

    return load_text
