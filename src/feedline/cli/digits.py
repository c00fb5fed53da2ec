"""Real handwritten digits as files: scikit-learn's 1,797 scans of 8 x 8 pixels as PNGs, packed into TFRecords."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import feedline as fl
from feedline.errors import MissingPackageError

CLASSES = 10
SHARDS = 4
_HELD_OUT_OF = 5


@dataclass(frozen=True, slots=True)
class DigitFile:
    """One image file.

    Args:
        path: where it is.
        label: the digit, 0 to 9.
        held_out: whether it is for testing, not for training.
    """

    path: Path
    label: int
    held_out: bool


def digit_files(folder: Path) -> Iterable[DigitFile]:
    """Writes the digits as PNG files in a folder for each class, and gives them one by one.

    Every fifth digit of each class is held out.

    Raises:
        MissingPackageError: scikit-learn, which brings the digits, is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingPackageError.of("scikit-learn", "feedline demo") from None
    digits = load_digits()
    seen = [0] * CLASSES
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target.tolist(), strict=True)):
        image = np.clip(pixels * 16, 0, 255).astype(np.uint8)[..., None]
        path = folder / str(label) / f"{number:04}.png"
        fl.io.write_file(path, fl.io.encode_png(image))
        yield DigitFile(path, label, seen[label] % _HELD_OUT_OF == _HELD_OUT_OF - 1)
        seen[label] += 1


def count_digits() -> int:
    """Returns how many digits there are."""
    return 1797


def pack(files: list[DigitFile], folder: Path, name: str, shards: int) -> list[Path]:
    """Packs image files into TFRecords, dealt out to the shards in turn, and returns the shards."""
    os.makedirs(folder, exist_ok=True)
    paths = [folder / f"{name}-{shard:05}-of-{shards:05}.tfrecord" for shard in range(shards)]
    for shard, path in enumerate(paths):
        with fl.io.TFRecordWriter(path) as writer:
            for file in files[shard::shards]:
                writer.write(_example(file).SerializeToString())
    return paths


def _example(file: DigitFile) -> fl.train.Example:
    return fl.train.Example(
        features=fl.train.Features(
            feature={
                "image": fl.train.Feature(bytes_list=fl.train.BytesList(value=[fl.io.read_file(file.path)])),
                "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[file.label])),
                "path": fl.train.Feature(bytes_list=fl.train.BytesList(value=[str(file.path).encode()])),
            }
        )
    )
