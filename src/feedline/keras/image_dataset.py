"""`image_dataset_from_directory`: `keras.utils.image_dataset_from_directory`, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from feedline.errors import ArgumentError
from feedline.keras.directory import DirectoryDataset, Request, batches, check

EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> DirectoryDataset | list[DirectoryDataset]:
    """Returns the dataset of the images in class folders, decoded and resized.

    Files, labels, splits and pixels are those of `keras.utils.image_dataset_from_directory`. What differs: the order
    within an epoch where `shuffle` is on (over all files, not within a buffer), and what is an error here and silent
    there (`docs/keras.md`).

    Args:
        directory: the folder. With `labels="inferred"` each folder in it is a class; else every file below it counts.
        labels: "inferred", None, or a list of one label for each file in the order of the sorted paths.
        label_mode: "int" for int32 numbers; "categorical" for float32 one-hot rows; "binary" for float32 0 or 1 of
            shape (1,); None for no labels.
        class_names: the class folders to use, in the order of their labels; None for all, sorted.
        color_mode: "grayscale", "rgb" or "rgba", for 1, 3 or 4 channels.
        batch_size: how many images a batch; None for single images.
        image_size: (height, width), or one int for both.
        shuffle: whether the files are shuffled, once as a whole and then each epoch.
        seed: the seed of both; None for one drawn from `np.random`.
        validation_split: the share of the files, the last ones after the first shuffle, that are for validation.
        subset: "training", "validation" or "both"; goes with `validation_split`.
        interpolation: a method of `fl.image.resize`; "nearest" gives uint8, the others float32.
        follow_links: whether folders behind symbolic links are looked into.
        crop_to_aspect_ratio: cuts the middle of the image out so that it is not distorted.
        pad_to_aspect_ratio: adds black so that it is not distorted.
        data_format: "channels_last" or "channels_first"; None for Keras' own setting.
        format: "tf", the only one; `keras.utils` has it.
        verbose: whether the numbers of files are printed.

    Returns:
        A dataset of images, or of (images, labels), with `class_names` and `file_paths`; a list of two for "both".

    Raises:
        ArgumentError: an argument cannot work.
        MissingFileError: there is no such folder.
        NoFilesError: it has no images.

    Example:
        >>> import pathlib, tempfile
        >>> import feedline as fl
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("cat", "dog"):
        ...     (folder / name).mkdir()
        ...     _ = (folder / name / "0.png").write_bytes(fl.io.encode_png(np.zeros((4, 6, 3), np.uint8)))
        >>> ds = image_dataset_from_directory(folder, image_size=(2, 2), shuffle=False)
        Found 2 files belonging to 2 classes.
        >>> images, labels = next(iter(ds))
        >>> images.shape, labels, ds.class_names
        ((2, 2, 2, 3), array([0, 1], dtype=int32), ['cat', 'dog'])
    """
    from feedline.image.resize import METHODS, as_size

    request = Request(
        "image", EXTENSIONS, directory, labels, label_mode, class_names, bool(shuffle), seed, validation_split, subset,
        bool(follow_links), bool(verbose),
    )  # fmt: skip
    check(request, format)
    if color_mode not in CHANNELS:
        raise ArgumentError(f"color_mode is {color_mode!r}.", fix=f"Give one of {', '.join(CHANNELS)}.")
    size = as_size((image_size, image_size) if isinstance(image_size, int) else image_size, "image_size")
    method = str(interpolation).lower()
    if method not in METHODS:
        raise ArgumentError(f"interpolation is {interpolation!r}.", fix=f"Give one of {', '.join(METHODS)}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError(
            "crop_to_aspect_ratio and pad_to_aspect_ratio are both set.", fix="Choose one: an image is cut or padded."
        )
    layout = keras.config.image_data_format() if data_format is None else data_format
    if layout not in ("channels_last", "channels_first"):
        raise ArgumentError(f"data_format is {data_format!r}.", fix='Give "channels_last" or "channels_first".')
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else None
    load = _loader(CHANNELS[color_mode], size, method, fit, layout == "channels_first")
    return request.datasets(load, batches(batch_size))


def _loader(channels: int, size: tuple[int, int], method: str, fit: str | None, channels_first: bool) -> Any:
    from feedline.image.crop import resize_with_pad
    from feedline.image.resize import resize
    from feedline.io.decode_image import decode_image
    from feedline.io.read_file import read_file

    def load_image(path: bytes) -> np.ndarray:
        image = decode_image(read_file(path), channels=channels, expand_animations=False)
        if fit == "pad":
            image = resize_with_pad(image, *size, method=method)
        else:
            image = resize(_middle(image, size) if fit == "crop" else image, size, method)
        return image.transpose(2, 0, 1) if channels_first else image

    return load_image


def _middle(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns the largest part of the image, from its middle, that has the proportions of `size`."""
    height, width = image.shape[:2]
    tall, wide = size
    # Keras computes in float32: so a row or column more or less than exact arithmetic would give, now and then.
    kept_rows = max(min(height, int(np.float32(width * tall) / np.float32(wide))), 1)
    kept_columns = max(min(width, int(np.float32(height * wide) / np.float32(tall))), 1)
    top, left = (height - kept_rows) // 2, (width - kept_columns) // 2
    return image[top : top + kept_rows, left : left + kept_columns]
