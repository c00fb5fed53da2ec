"""Resizes that do the arithmetic around them give the bytes that the function gives, for images of whatever sizes."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl

MEAN, SPREAD = np.array([0.5, 0.25, 0.125], np.float32), np.array([[0.2, 0.3, 0.4]], np.float32)


def used_twice(image):
    return image / 255.0, image + 1


FUSED = {
    "scaled": lambda image: fl.image.resize(image, [20, 30]) / 255.0,
    "cast to what it is": lambda image: fl.cast(fl.image.resize(image, [20, 30]), fl.float32) / 255.0,
    "both sides": lambda image: 3 * fl.image.resize(image, [20, 30]) + 1,
    "converted before": lambda image: fl.image.resize(fl.image.convert_image_dtype(image, fl.float32), [20, 30]),
    "the ImageNet recipe": lambda image: (fl.image.resize(image, (20, 30)) / 255.0 - MEAN) / SPREAD,
    "its own size": lambda image: fl.image.resize(image, [40, 31]) * 2.0 - MEAN,
}
LEFT_ALONE = {
    "used twice": lambda image: used_twice(fl.image.resize(image, [20, 30])),
    "from the left": lambda image: 1.0 - fl.image.resize(image, [20, 30]),
    "float64": lambda image: fl.image.resize(image, [20, 30]) / np.float64(3),
    "cast to float64": lambda image: fl.cast(fl.image.resize(image, [20, 30]), fl.float64) / 255.0,
    "by nothing": lambda image: fl.image.resize(image, [20, 30]) / 1e-35,
    "another method": lambda image: fl.image.resize(image, [20, 30], method="area") / 255.0,
    "another dtype": lambda image: fl.image.resize(fl.image.convert_image_dtype(image, fl.float16), [20, 30]),
    "antialiased": lambda image: fl.image.resize(image, [20, 30], antialias=True) / 255.0,
}


def run(elements, function) -> tuple[list[np.ndarray], list[np.ndarray], list[str]]:
    """Returns what a map gives on a block and for each element, and the operations of its trace."""
    dataset = fl.Dataset.from_tensor_slices(elements).map(function).batch(16)
    batches = [batch if type(batch) is tuple else (batch,) for batch in dataset]
    results = [function(element) for element in elements]
    results = [result if type(result) is tuple else (result,) for result in results]
    (block_function,) = dataset._timings.block_functions.values()
    assert block_function.reason is None
    operations = [operation.rule.__name__ for operation in block_function._trace.operations]
    ours = [np.concatenate(parts) for parts in zip(*batches, strict=True)]
    return ours, [np.stack(parts) for parts in zip(*results, strict=True)], operations


@pytest.mark.parametrize("name", [*FUSED, *LEFT_ALONE])
def test_the_bytes_are_those_of_the_function(name) -> None:
    images = np.random.default_rng(3).integers(0, 256, (40, 40, 31, 3), dtype=np.uint8)
    ours, expected, operations = run(images, {**FUSED, **LEFT_ALONE}[name])
    for one, other in zip(ours, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    assert ("resize_and_compute" in operations) == (name in FUSED)
    assert len(operations) == 1 or name in LEFT_ALONE


def encoded(sizes) -> list[bytes]:
    rng = np.random.default_rng(5)
    return [fl.io.encode_png(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)) for height, width in sizes]


def test_images_of_other_sizes_run_row_by_row() -> None:
    contents = encoded([(30 + number % 3, 40 + number % 5) for number in range(48)])
    ours, expected, operations = run(
        contents, lambda content: fl.image.resize(fl.io.decode_png(content, channels=3), [24, 24]) / 255.0
    )
    assert ours[0].tobytes() == expected[0].tobytes()
    assert operations == ["decode_pngs", "resize_and_compute"]


def test_a_function_that_looks_at_the_size_is_called_for_images_of_other_sizes() -> None:
    contents = encoded([(30, 40 + number % 5) for number in range(48)])

    def load(content):
        image = fl.io.decode_png(content, channels=3)
        return fl.image.resize(image, [24, 24]) * float(image.shape[1])

    batches = list(fl.Dataset.from_tensor_slices(contents).map(load).batch(16))
    assert np.concatenate(batches).tobytes() == np.stack([load(content) for content in contents]).tobytes()
