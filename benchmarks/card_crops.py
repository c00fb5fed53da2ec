"""What a batch of random crops of test cards tells about how it was made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.data import JPEG_HEIGHT, JPEG_WIDTH


@dataclass(frozen=True)
class Crop:
    """A crop as it was read from an image of a card.

    Args:
        left, top, width, height: in pixels of the card.
        flipped: from left to right.
        blue: the mean.
        residue: how far the image is from that of such a crop: the mean of the absolute differences, of 255.
    """

    left: float
    top: float
    width: float
    height: float
    flipped: bool
    blue: float
    residue: float


def read_crop(image: np.ndarray) -> Crop:
    """Returns where an image was cut from a card of `benchmarks.image_folder`.

    Args:
        image: floats of 0 to 255, (height, width, 3).
    """
    rows, columns = image.shape[:2]
    per_column, red = np.polyfit(np.arange(columns), image[..., 0].mean(0), 1)
    per_row, green = np.polyfit(np.arange(rows), image[..., 1].mean(1), 1)
    fitted = np.empty_like(image)
    fitted[..., 0] = red + per_column * np.arange(columns)
    fitted[..., 1] = (green + per_row * np.arange(rows))[:, None]
    fitted[..., 2] = image[..., 2].mean()
    flipped = bool(per_column < 0)
    across, down = 255 / (JPEG_WIDTH - 1), 255 / (JPEG_HEIGHT - 1)  # a card's levels a pixel
    width, height = abs(per_column) / across * columns, per_row / down * rows
    first = red + per_column * (columns - 1) if flipped else red
    # The first column of the result lies half a step, of the scale between the two, from the crop's edge.
    left = first / across - (width / columns - 1) / 2
    top = green / down - (height / rows - 1) / 2
    return Crop(left, top, width, height, flipped, float(fitted[0, 0, 2]), float(np.abs(image - fitted).mean()))
