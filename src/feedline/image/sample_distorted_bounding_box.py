"""`sample_distorted_bounding_box`: a random crop that still shows enough of an object (the "Inception crop").

The method: C. Szegedy et al., "Going deeper with convolutions", CVPR 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from feedline.errors import ArgumentError, ShapeError
from feedline.image.as_image import as_count, as_number, as_numbers
from feedline.image.seeds import element_stream, stateless_stream
from feedline.random import Stream


class DistortedBoundingBox(NamedTuple):
    """Where the crop is: the arguments of a slice, and a box for drawing."""

    begin: np.ndarray
    size: np.ndarray
    bboxes: np.ndarray


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int = 0,
    min_object_covered: float = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> DistortedBoundingBox:
    """Draws a random crop that covers enough of at least one of the given boxes.

    Args:
        image_size: three ints: height, width, channels.
        bounding_boxes: `(batch, boxes, 4)`: y1, x1, y2, x2 as shares (0..1) of the height and width.
        seed: a seed for this operation; 0 for none.
        min_object_covered: the share of a box that the crop must cover.
        aspect_ratio_range: the least and the largest width / height; (0.75, 1.33) by default.
        area_range: the least and the largest share of the image's area; (0.05, 1) by default.
        max_attempts: how many crops are tried before the whole image is taken; 100 by default.
        use_image_if_no_bounding_boxes: takes the whole image as the box where none is given.
        name: ignored; here because `tf.image.sample_distorted_bounding_box` has it.

    Returns:
        `begin` (row, column, 0) and `size` (height, width, -1), as for `tf.slice`, in the dtype of `image_size`; and
        the crop as a box, float32 `(1, 1, 4)`.

    Raises:
        ShapeError: `image_size` or `bounding_boxes` has another shape.
        ArgumentError: a number is out of its range, or there is no box.

    Example:
        >>> boxes = np.array([[[0.25, 0.25, 0.75, 0.75]]], np.float32)
        >>> begin, size, _ = sample_distorted_bounding_box((40, 60, 3), boxes, seed=3)
        >>> bool(np.all(begin[:2] + size[:2] <= (40, 60)))
        True
    """
    draws = element_stream(seed or None)
    return _sample(
        image_size,
        bounding_boxes,
        draws,
        min_object_covered,
        aspect_ratio_range,
        area_range,
        max_attempts,
        use_image_if_no_bounding_boxes,
    )


def stateless_sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: Any,
    min_object_covered: float = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> DistortedBoundingBox:
    """As `sample_distorted_bounding_box`, always the same for the same `seed` of two ints.

    Args:
        image_size: three ints: height, width, channels.
        bounding_boxes: `(batch, boxes, 4)`: y1, x1, y2, x2 as shares (0..1) of the height and width.
        seed: two ints. The draws are not those of TensorFlow.
        min_object_covered: the share of a box that the crop must cover.
        aspect_ratio_range: the least and the largest width / height; (0.75, 1.33) by default.
        area_range: the least and the largest share of the image's area; (0.05, 1) by default.
        max_attempts: how many crops are tried before the whole image is taken; 100 by default.
        use_image_if_no_bounding_boxes: takes the whole image as the box where none is given.
        name: ignored; here because `tf.image.stateless_sample_distorted_bounding_box` has it.

    Returns:
        As `sample_distorted_bounding_box`.

    Raises:
        ShapeError: `image_size` or `bounding_boxes` has another shape.
        ArgumentError: a number is out of its range, there is no box, or `seed` is not two ints.
    """
    return _sample(
        image_size,
        bounding_boxes,
        stateless_stream(seed),
        min_object_covered,
        aspect_ratio_range,
        area_range,
        max_attempts,
        use_image_if_no_bounding_boxes,
    )


def _sample(
    image_size: Any,
    bounding_boxes: Any,
    draws: Stream,
    min_object_covered: float,
    aspect_ratio_range: Any,
    area_range: Any,
    max_attempts: int | None,
    whole_image: bool | None,
) -> DistortedBoundingBox:
    lengths = as_numbers(image_size, "image_size")
    if lengths.shape != (3,) or lengths.dtype.kind not in "iu" or lengths.min() < 0:
        raise ShapeError(
            f"image_size is {image_size!r}; three ints are wanted: height, width, channels.", fix="Give image.shape."
        )
    begin, size, box = sample_crops(
        *(lengths[None], [draws], bounding_boxes, min_object_covered, aspect_ratio_range, area_range),
        *(max_attempts, whole_image),
    )
    return DistortedBoundingBox(begin[0], size[0], box[0])


def sample_crops(
    image_sizes: np.ndarray,
    draws: Sequence[Stream],
    bounding_boxes: Any,
    min_object_covered: float = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
) -> DistortedBoundingBox:
    """Draws a crop for each of n images: what `sample_distorted_bounding_box` draws for each alone.

    Args:
        image_sizes: ints `(n, 3)`, none of them negative: heights, widths, channels.
        draws: what the numbers of each image come from.
        bounding_boxes, min_object_covered, aspect_ratio_range, area_range, max_attempts,
            use_image_if_no_bounding_boxes: as there, for all images.

    Returns:
        `begin` and `size`, `(n, 3)`, and the boxes, float32 `(n, 1, 1, 4)`.
    """
    covered = as_number(min_object_covered, "min_object_covered")
    if not covered >= 0:
        raise ArgumentError(f"min_object_covered is {covered}; it must not be negative.", fix="Use for example 0.1.")
    aspects = _as_range(aspect_ratio_range, (0.75, 1.33), "aspect_ratio_range", float("inf"))
    areas = _as_range(area_range, (0.05, 1.0), "area_range", 1.0)
    attempts = as_count(100 if max_attempts is None else max_attempts, "max_attempts", 1)
    whole_image = bool(use_image_if_no_bounding_boxes)
    crops = []
    objects_of: dict[tuple[int, int], list[list[int]]] = {}
    for (height, width, _), stream in zip(image_sizes.tolist(), draws, strict=True):
        objects = objects_of.get((height, width))
        if objects is None:
            objects = objects_of[height, width] = _as_pixels(bounding_boxes, height, width, whole_image)
        found = (0, 0, height, width)
        for _ in range(attempts):
            crop = _draw_crop(stream, height, width, aspects, areas)
            if crop is not None and _covers(crop, objects, covered):
                found = crop
                break
        crops.append(found)
    boxes = np.array(crops, np.float32) / np.maximum(image_sizes[:, [0, 1, 0, 1]].astype(np.float32), 1)
    dtype = image_sizes.dtype  # in uint8 -1 wraps round, as in TensorFlow
    begins = np.array([(top, left, 0) for top, left, _, _ in crops]).astype(dtype)
    sizes = np.array([(bottom - top, right - left, -1) for top, left, bottom, right in crops]).astype(dtype)
    return DistortedBoundingBox(begins, sizes, boxes.reshape(-1, 1, 1, 4))


def _draw_crop(
    draws: Stream, height: int, width: int, aspects: tuple[float, float], areas: tuple[float, float]
) -> tuple[int, int, int, int] | None:
    """Draws top, left, bottom, right: an aspect ratio first, then a height that keeps the area in its range."""
    aspect = aspects[0] + draws.random() * (aspects[1] - aspects[0])
    least, most = areas[0] * height * width, areas[1] * height * width
    lowest, highest = round((least / aspect) ** 0.5), round((most / aspect) ** 0.5)
    highest = min(highest, height, int((width + 0.5) / aspect))
    tall = min(lowest, highest)
    tall += int(draws.random() * (highest - tall + 1))
    wide = round(tall * aspect)
    # A rounding error must not push the area out of its range.
    if tall * wide < least:
        tall += 1
        wide = round(tall * aspect)
    if tall * wide > most:
        tall -= 1
        wide = round(tall * aspect)
    if not (0 < tall <= height and 0 < wide <= width and least <= tall * wide <= most):
        return None
    top, left = int(draws.random() * (height - tall + 1)), int(draws.random() * (width - wide + 1))
    return top, left, top + tall, left + wide


def _covers(crop: tuple[int, int, int, int], objects: list[list[int]], share: float) -> bool:
    for top, left, bottom, right in objects:
        tall, wide = min(bottom, crop[2]) - max(top, crop[0]), min(right, crop[3]) - max(left, crop[1])
        area = (bottom - top) * (right - left)
        if area >= 1 and max(tall, 0) * max(wide, 0) >= share * area:
            return True
    return False


def _as_pixels(bounding_boxes: Any, height: int, width: int, whole_image: bool) -> list[list[int]]:
    boxes = as_numbers(bounding_boxes, "bounding_boxes")
    if boxes.ndim != 3 or boxes.shape[-1] != 4:
        raise ShapeError(
            f"bounding_boxes has the shape {boxes.shape}; (batch, boxes, 4) is wanted.",
            fix="Give y1, x1, y2, x2 for every box, as shares of the height and width.",
        )
    if boxes.size == 0:
        if not whole_image:
            raise ArgumentError(
                "bounding_boxes holds no box.", fix="Give a box, or use_image_if_no_bounding_boxes=True."
            )
        return [[0, 0, height, width]]
    if not all(0 <= number <= 1 for number in boxes.reshape(-1).tolist()):  # few: sooner than NumPy's calls
        raise ArgumentError(
            "bounding_boxes holds a value outside 0..1.", fix="Divide the coordinates by the image's height and width."
        )
    corners = boxes.reshape(-1, 4).astype(np.float32)
    return (corners * np.array([height, width, height, width], np.float32)).astype(np.int64).tolist()


def _as_range(value: Any, default: tuple[float, float], title: str, most: float) -> tuple[float, float]:
    if value is None:
        return default
    if type(value) is tuple and len(value) == 2 and all(type(end) is float and 0 < end <= most for end in value):
        return value
    numbers = np.asarray(value)
    if numbers.shape != (2,) or numbers.dtype.kind not in "iuf" or not ((numbers > 0) & (numbers <= most)).all():
        raise ArgumentError(
            f"{title} is {value!r}; two positive numbers are wanted" + (f", at most {most}." if most == 1 else "."),
            fix=f"Use for example {default}.",
        )
    return float(numbers[0]), float(numbers[1])
