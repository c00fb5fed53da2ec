"""A folder of JPEG photos by class, as people keep them, in `benchmarks/data/folder/`.

Its first class is 32 test cards in place of photos. Red rises along a card's rows and green along its columns, so
that a batch of crops of cards tells where each was cut and whether it was flipped: this is how contenders that crop at
random are compared. One file in 63 is a card.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks import data

FOLDER = data.DATA / "folder"
CARDS = 32
CARD_CLASS = "00-cards"


def make() -> None:
    """Makes the folder of the photos in `benchmarks/data/jpg/`, once."""
    if FOLDER.exists():
        return
    partial = FOLDER.with_name("folder.partial")
    if partial.exists():
        shutil.rmtree(partial)
    (partial / CARD_CLASS).mkdir(parents=True)
    for number in range(CARDS):
        _write_card(partial / CARD_CLASS / f"{number:05}.jpg", number)
    for path, label in zip(data.files("jpg"), data.labels(), strict=True):
        place = partial / f"{label + 1:02}-class" / Path(path).name
        place.parent.mkdir(exist_ok=True)
        try:
            os.link(path, place)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, place)
    partial.rename(FOLDER)


@cache
def listing() -> tuple[list[str], np.ndarray]:
    """Returns the path of each file, sorted, and its class, the place of its folder among the folders: int64."""
    folders = sorted(FOLDER.iterdir())
    paths = [(str(path), label) for label, folder in enumerate(folders) for path in sorted(folder.iterdir())]
    return [path for path, _ in paths], np.array([label for _, label in paths], np.int64)


def card(number: int) -> np.ndarray:
    """Returns a card, uint8 of shape (height, width, 3) and as large as the photos.

    Args:
        number: its place among the cards; blue is 8 times as much.
    """
    pixels = np.empty((data.JPEG_HEIGHT, data.JPEG_WIDTH, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, data.JPEG_WIDTH).round()
    pixels[..., 1] = np.linspace(0, 255, data.JPEG_HEIGHT).round()[:, None]
    pixels[..., 2] = 8 * number
    return pixels


def _write_card(path: Path, number: int) -> None:
    import cv2

    written, encoded = cv2.imencode(".jpg", card(number)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    if not written:
        raise OSError(f"OpenCV could not encode {path}")
    path.write_bytes(encoded.tobytes())
