"""JPEGs that are decoded and resized in one go give the bytes that the function gives, and its errors."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl

SIZES = [(30 + number % 3, 40 + number % 5) for number in range(48)]


def encoded(sizes=SIZES, channels: int = 3, format: str = "") -> list[bytes]:
    rng = np.random.default_rng(5)
    return [
        fl.io.encode_jpeg(
            rng.integers(0, 256, (height // 5 + 1, width // 5 + 1, channels), dtype=np.uint8)
            .repeat(5, 0)
            .repeat(5, 1)[:height, :width],
            format=format,
        )
        for height, width in sizes
    ]


def run(function, contents) -> tuple[list[np.ndarray], list[str]]:
    """Returns what a map gives in batches, by component, and how it ran."""
    dataset = fl.Dataset.from_tensor_slices(contents).map(function).batch(16)
    batches = [batch if type(batch) is tuple else (batch,) for batch in dataset]
    (block_function,) = dataset._timings.block_functions.values()
    assert block_function.reason is None
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)], block_function.told()


def one_by_one(function, contents) -> list[np.ndarray]:
    results = [function(content) for content in contents]
    return [
        np.stack(parts) for parts in zip(*(each if type(each) is tuple else (each,) for each in results), strict=True)
    ]


def crop(content):
    image = fl.io.decode_and_crop_jpeg(content, [3, 5, 20, 24], channels=3)
    return fl.image.resize(image, [16, 18]) / 255.0


def converted(content):
    image = fl.image.convert_image_dtype(fl.io.decode_jpeg(content, channels=3), fl.float32)
    return fl.image.resize(image, [16, 18]) - 0.5


FUSED = {
    "a resize alone": lambda content: fl.image.resize(fl.io.decode_jpeg(content, channels=3), [16, 18]),
    "scaled": lambda content: fl.image.resize(fl.io.decode_jpeg(content), [16, 18]) / 255.0,
    "of any format": lambda content: fl.image.resize(
        fl.io.decode_image(content, channels=3, expand_animations=False), [16, 18]
    ),
    "by name": lambda content: fl.image.resize(images=fl.io.decode_jpeg(content, channels=1), size=(16, 18)) * 2.0,
    "a window": crop,
    "converted before": converted,
    "its own size among others": lambda content: fl.image.resize(fl.io.decode_jpeg(content), [31, 42]) + 1.0,
}


@pytest.mark.parametrize("name", FUSED)
def test_the_bytes_are_those_of_the_function(name) -> None:
    ours, told = run(FUSED[name], encoded())
    expected = one_by_one(FUSED[name], encoded())
    assert [part.tobytes() for part in ours] == [part.tobytes() for part in expected]
    assert len(told) == 1
    assert told[0].startswith("decode_")
    assert told[0].endswith("photo after photo, straight into the block")


LEFT_ALONE = {
    "pixels that are used twice": lambda content: (
        lambda image: (fl.image.resize(image, [16, 18]), fl.image.resize(image, [8, 9]))
    )(fl.io.decode_jpeg(content)),
    "another method": lambda content: fl.image.resize(fl.io.decode_jpeg(content), [16, 18], method="nearest"),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_not_alike_is_left_alone(name) -> None:
    contents = encoded()
    dataset = fl.Dataset.from_tensor_slices(contents).map(LEFT_ALONE[name]).batch(16)
    ours = [np.concatenate(parts) for parts in zip(*(b if type(b) is tuple else (b,) for b in dataset), strict=True)]
    expected = one_by_one(LEFT_ALONE[name], contents)
    assert [part.tobytes() for part in ours] == [part.tobytes() for part in expected]
    (block_function,) = dataset._timings.block_functions.values()
    assert not any("photo after photo" in line for line in block_function.told())


def flipped(content):
    image = fl.image.random_flip_left_right(fl.image.resize(fl.io.decode_jpeg(content), [16, 18]), seed=3)
    return image / 255.0


def recipe(content):
    begin, size, _ = fl.image.sample_distorted_bounding_box(
        fl.io.extract_jpeg_shape(content),
        bounding_boxes=np.array([[[0, 0, 1, 1]]], np.float32),
        min_object_covered=0.1,
        aspect_ratio_range=(0.75, 1.3),
        area_range=(0.2, 1.0),
    )
    image = fl.io.decode_and_crop_jpeg(content, [begin[0], begin[1], size[0], size[1]], channels=3)
    return fl.image.random_flip_left_right(fl.image.resize(image, [16, 18])) / 255.0


@pytest.mark.parametrize("function", [flipped, recipe])
def test_each_photo_draws_its_own_random_numbers(function) -> None:
    results, told = [], []
    for size in (24, 1):
        fl.random.set_seed(7)
        dataset = fl.Dataset.from_tensor_slices(encoded()).map(function).repeat(2).batch(size)
        results.append(np.concatenate(list(dataset)))
        (block_function,) = dataset._timings.block_functions.values()
        told.append(block_function.told())
    in_blocks, alone = results
    assert in_blocks.tobytes() == alone.tobytes()
    assert in_blocks[:48].tobytes() != in_blocks[48:].tobytes()
    assert any("photo after photo" in line for line in told[0])


def test_a_function_that_looks_at_the_size_is_called_for_photos_of_other_sizes() -> None:
    def function(content):
        image = fl.io.decode_jpeg(content)
        return fl.image.resize(image, [16, 18]) * image.shape[1]

    contents = encoded()
    dataset = fl.Dataset.from_tensor_slices(contents).map(function).batch(16)
    assert np.concatenate(list(dataset)).tobytes() == one_by_one(function, contents)[0].tobytes()


def test_a_photo_of_another_number_of_channels_is_told_as_the_function_tells_it() -> None:
    contents = [*encoded(), *encoded([(30, 40)], 1, "grayscale")]

    def function(content):
        return fl.image.resize(fl.io.decode_jpeg(content), [16, 18]) / 255.0

    dataset = fl.Dataset.from_tensor_slices(contents).map(function).batch(7)
    with pytest.raises(fl.errors.FeedlineError, match="element 48"):
        list(dataset)


def test_a_damaged_photo_is_named() -> None:
    contents = encoded()
    contents[37] = contents[37][:200]
    dataset = (
        fl.Dataset.from_tensor_slices(contents)
        .map(lambda content: fl.image.resize(fl.io.decode_jpeg(content, channels=3), [16, 18]) / 255.0)
        .batch(16)
    )
    with pytest.raises(fl.errors.ImageDecodeError, match="37"):
        list(dataset)
