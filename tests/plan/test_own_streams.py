"""Functions that draw as many random numbers as they need run on blocks, each element from its own stream."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest

import feedline as fl

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (40, 24, 30, 3), dtype=np.uint8)
WHOLE = np.array([[[0, 0, 1, 1]]], np.float32)
MEANS = np.tile(np.array([0.5, 0.25, 0.125], np.float32), (16, 16, 1))


def recipe(content):
    begin, size, _ = fl.image.sample_distorted_bounding_box(
        fl.image.extract_jpeg_shape(content), WHOLE, area_range=(0.1, 0.4), max_attempts=3
    )
    image = fl.io.decode_and_crop_jpeg(content, [begin[0], begin[1], size[0], size[1]], channels=3)
    image = fl.image.random_flip_left_right(fl.image.resize(image, [16, 16]))
    return (image - MEANS) / 255.0


def colours(image):
    image = fl.image.random_hue(fl.cast(image, fl.float32) / 255.0, 0.1)
    image = fl.image.random_saturation(image, 0.5, 1.5)
    image = fl.image.random_contrast(image, 0.5, 2.0)
    return fl.image.random_brightness(image, 0.2)


def interleaved(image):
    first = fl.image.random_flip_left_right(image)
    contrast = fl.image.random_contrast(image, 0.5, 2.0)
    second = fl.image.random_brightness(fl.cast(first, fl.float32), 0.5)
    return second * 2.0, contrast


def of_two_seeds(image):
    image = fl.image.random_crop(image, [16, 16, 3], seed=7)
    return fl.image.random_flip_up_down(fl.image.random_flip_left_right(image, seed=7), seed=8)


def twice_a_crop(image):
    return fl.image.random_crop(fl.image.random_crop(image, [20, 20, 3]), [16, 16, 3])


def of_small_arrays(image):
    image = fl.image.random_contrast(fl.image.random_crop(image, [3, 3, 3]), 0.5, 2.0)
    return fl.image.random_flip_left_right(image), fl.image.random_crop(image, [2, 2, 3])


def large_then_small(image):
    large = fl.image.random_contrast(fl.image.resize(image, [48, 48]), 0.5, 2.0)
    return large, fl.image.random_crop(image, [2, 2, 3])


def resized_crop(image):
    begin, size, box = fl.image.sample_distorted_bounding_box(
        fl.io.extract_jpeg_shape(image), [[[0.2, 0.2, 0.8, 0.9]]], 4, aspect_ratio_range=[0.5, 2.0], max_attempts=2
    )
    window = fl.io.decode_and_crop_jpeg(image, [begin[0], begin[1], size[0], size[1]])
    return fl.image.resize(fl.image.convert_image_dtype(window, fl.float32), [9, 7]) * 2.0, begin, size, box


def with_preview(content: bytes) -> bytes:
    """Puts so much before a JPEG's frame header that it is not among the first bytes."""
    return content[:2] + b"\xff\xe1" + (5002).to_bytes(2, "big") + bytes(5000) + content[2:]


JPEGS = [fl.io.encode_jpeg(image[: 14 + number % 7, : 20 + number % 5]) for number, image in enumerate(IMAGES)]

FUNCTIONS = {
    "small arrays": (IMAGES[:, :4, :4], of_small_arrays),
    "large, then small": (IMAGES[:, :4, :4], large_then_small),
    "crops of many sizes": (JPEGS, resized_crop),
    "crops of one size": ([fl.io.encode_jpeg(image) for image in IMAGES], resized_crop),
    "crops of JPEGs with previews": ([with_preview(content) for content in JPEGS], resized_crop),
    "the ImageNet recipe": ([fl.io.encode_jpeg(image) for image in IMAGES], recipe),
    "colours": (IMAGES, colours),
    "interleaved": (IMAGES, interleaved),
    "of two seeds": (IMAGES, of_two_seeds),
    "twice a crop": (IMAGES, twice_a_crop),
}


def run(elements, function, epochs: int = 1) -> tuple[list, list]:
    """Returns what a map gives on blocks, and where it is called for each element."""

    def called_for_each(element):
        if element is None:
            return None
        return function(element)

    results = []
    for way in (function, called_for_each):
        fl.random.set_seed(3)
        dataset = fl.Dataset.from_tensor_slices(elements).map(way).batch(16)
        results.append([batch if type(batch) is tuple else (batch,) for _ in range(epochs) for batch in dataset])
        (block_function,) = dataset._timings.block_functions.values()
        assert (block_function.reason is None) == (way is function), block_function.reason
    return results[0], results[1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_bytes_are_those_of_the_function(name) -> None:
    ours, theirs = run(*FUNCTIONS[name], epochs=2)
    assert len(ours) == len(theirs) == 6
    for one, other in zip(ours, theirs, strict=True):
        for mine, yours in zip(one, other, strict=True):
            assert mine.dtype == yours.dtype
            assert mine.tobytes() == yours.tobytes()
    assert ours[0][0].tobytes() != ours[3][0].tobytes(), "another epoch draws other numbers"


def test_values_that_are_not_finite_come_out_the_same() -> None:
    images = IMAGES.astype(np.float32)
    images[21, 3, 4] = np.inf

    def function(image):
        image = fl.image.random_contrast(image, 1.0, 1.5)
        return fl.image.random_brightness(fl.image.random_flip_left_right(image), 0.5) * 2.0

    with np.errstate(all="ignore"):
        fl.random.set_seed(3)
        first = list(fl.Dataset.from_tensor_slices(images).map(function).batch(16))
        fl.random.set_seed(3)
        second = list(
            fl.Dataset.from_tensor_slices(images).map(lambda image: function(image) if True else image).batch(16)
        )
    for one, other in zip(first, second, strict=True):
        assert one.tobytes() == other.tobytes()


def test_first_blocks_of_threads_that_differ_at_one_time(monkeypatch) -> None:
    """Each thread tries its block again; none counts as a failure that another has found the same before it."""
    from feedline.plan.rules import NotAlikeError
    from feedline.plan.vectorise import BlockFunction

    both, compute = threading.Barrier(2), BlockFunction._compute

    def compute_at_one_time(self, *arguments):
        try:
            return compute(self, *arguments)
        except NotAlikeError:
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(1)
            raise

    monkeypatch.setattr(BlockFunction, "_compute", compute_at_one_time)
    dataset = fl.Dataset.from_tensor_slices(JPEGS * 4).map(resized_crop, num_parallel_calls=2).batch(16)
    dataset = dataset.with_options(fl.Options(executor="threads"))
    assert len(list(dataset)) == 10
    (block_function,) = dataset._timings.block_functions.values()
    assert (block_function.reason, block_function._failures) == (None, 0)
