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
    "by name": lambda image: fl.image.resize(size=[20, 30], images=image) / 255.0,
    "converted by name": lambda image: fl.image.resize(
        fl.image.convert_image_dtype(image=image, dtype=fl.float32), [20, 30]
    ),
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


def element_by_element(function):
    def called_for_each(element):
        if element is None:  # no code that branches runs on blocks
            return None
        return function(element)

    return called_for_each


def check_flipped(source, function, operations, *, calls=None, seed=0, epochs=1, batch=16) -> None:
    """Checks that a function runs on blocks, as these operations, and gives what it gives for each element."""
    results = []
    for each in (function, element_by_element(function)):
        fl.random.set_seed(seed)
        dataset = source.map(each, calls).repeat(epochs).batch(batch)
        batches = [batch if type(batch) is tuple else (batch,) for batch in dataset]
        results.append([np.concatenate(parts) for parts in zip(*batches, strict=True)])
        if each is function:
            (block_function,) = dataset._timings.block_functions.values()
            assert block_function.reason is None
            assert [operation.rule.__name__ for operation in block_function._trace.operations] == operations
    fl.random.set_seed(None)
    for one, other in zip(*results, strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()


def flip(image, **seed):
    return fl.image.random_flip_left_right(image, **seed)


FLIPPED = {
    "and nothing else": lambda image: flip(fl.image.resize(image, [9, 11])),
    "by a seed": lambda image: flip(fl.image.resize(image, [9, 11]), seed=3) / 255.0,
    "by name": lambda image: fl.image.random_flip_left_right(image=fl.image.resize(image, [9, 11])) / 255.0,
    "arithmetic": lambda image: (flip(fl.image.resize(image, [9, 11])) / 255.0 - 0.5) * 2.0,
    "converted before": lambda image: flip(fl.image.resize(fl.image.convert_image_dtype(image, fl.float32), (9, 11))),
    "cast between": lambda image: flip(fl.cast(fl.image.resize(image, [9, 11]), fl.float32)) * 3.0,
    "its own size": lambda image: flip(fl.image.resize(image, [14, 10])) / 255.0 - 0.25,
    "one column": lambda image: flip(fl.image.resize(image, [9, 1])) / 255.0,
    "two columns": lambda image: flip(fl.image.resize(image, [1, 2])) + 1.0,
    "much larger": lambda image: flip(fl.image.resize(image, [15, 41])) - 7.0,
    "a mean of each column": lambda image: flip(fl.image.resize(image, [9, 11])) - COLUMNS,
}
COLUMNS = np.arange(11, dtype=np.float32).reshape(1, 11, 1)


def small_images(channels: int, count: int = 48) -> np.ndarray:
    return np.random.default_rng(channels).integers(0, 256, (count, 14, 10, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", FLIPPED)
def test_a_flip_of_the_result_is_done_in_the_same_pass(name, channels) -> None:
    source = fl.Dataset.from_tensor_slices(small_images(channels))
    check_flipped(source, FLIPPED[name], ["resize_and_compute"], epochs=2)


@pytest.mark.parametrize("calls", [None, 2, 3, fl.AUTOTUNE])
@pytest.mark.parametrize("seed", [0, 1, 12345, -7])
def test_flips_for_all_seeds_epochs_and_numbers_of_workers(seed, calls) -> None:
    source = fl.Dataset.from_tensor_slices(small_images(3, 61)).shuffle(61, seed=2)
    check_flipped(source, FLIPPED["arithmetic"], ["resize_and_compute"], calls=calls, seed=seed, epochs=3, batch=11)


def test_about_half_of_the_images_are_flipped_each_in_other_epochs() -> None:
    images = small_images(3, 40)
    dataset = fl.Dataset.from_tensor_slices(images).map(lambda image: flip(fl.image.resize(image, [14, 10]))).batch(40)
    flipped = []
    for _ in range(10):
        (batch,) = dataset
        straight = [bool((one == image).all()) for one, image in zip(batch, images, strict=True)]
        assert all(
            (one[:, ::-1] == image).all() or same for one, image, same in zip(batch, images, straight, strict=True)
        )
        flipped.append(straight)
    assert 140 < np.sum(flipped) < 260  # six deviations
    assert len({tuple(each) for each in flipped}) == 10


@pytest.mark.parametrize("name", FLIPPED)
def test_flips_of_images_of_other_sizes(name) -> None:
    contents = encoded([(10 + number % 5, 12 + number % 3) for number in range(48)])
    resized = FLIPPED[name]
    check_flipped(
        fl.Dataset.from_tensor_slices(contents),
        lambda content: resized(fl.io.decode_png(content, channels=3)),
        ["decode_pngs", "resize_and_compute"],
        epochs=2,
    )


def flip_twice(image):
    return flip(flip(fl.image.resize(image, [9, 11]))) / 255.0


def flip_after_arithmetic(image):
    return flip(fl.image.resize(image, [9, 11]) / 255.0) * 2.0


def use_before_flip(image):
    image = fl.image.resize(image, [9, 11])
    return image, flip(image)


def bright_between(image):
    image = fl.image.random_brightness(fl.image.resize(image, [9, 11]), 0.5)
    return flip(image) / 255.0


@pytest.mark.parametrize(
    ("function", "operations"),
    [
        (flip_twice, ["resize_and_compute", "run_chain"]),
        (flip_after_arithmetic, ["resize_and_compute", "run_chain"]),
        (use_before_flip, ["images_at_once", "flip"]),
        (bright_between, ["images_at_once", "_random_brightness", "run_chain"]),
    ],
)
def test_flips_that_are_not_behind_a_resize_alone(function, operations) -> None:
    check_flipped(fl.Dataset.from_tensor_slices(small_images(3)), function, operations, epochs=2)


def others_around(image):
    first = fl.image.random_brightness(image, 0.25)
    resized = flip(fl.image.resize(image, [9, 11])) / 255.0
    return first, resized, fl.image.random_flip_up_down(image)


def drawn_before_and_after(image):
    first = fl.image.random_contrast(image, 0.5, 1.5)
    resized = flip(fl.image.resize(image, [9, 11])) / 255.0
    return first, resized, fl.image.random_contrast(image, 0.5, 1.5)


def drawn_between(image):
    resized = fl.image.resize(image, [9, 11])
    first = fl.image.random_contrast(image, 0.5, 1.5)
    return flip(resized) / 255.0, first, fl.image.random_contrast(image, 0.5, 1.5)


def drawn_between_flip_and_arithmetic(image):
    resized = flip(fl.image.resize(image, [9, 11]))
    first = fl.image.random_contrast(image, 0.5, 1.5)
    return resized / 255.0, first


def between_a_chain_that_draws(image):
    chain = fl.image.random_flip_up_down(fl.cast(image, fl.float32))
    resized = flip(fl.image.resize(image, [9, 11])) / 255.0
    return fl.image.random_brightness(chain, 0.5), resized, fl.image.random_contrast(image, 0.5, 1.5)


ONES, TWOS = np.ones(3, np.float32), np.full(3, 2, np.float32)


def between_chains_of_arrays(image):
    floats = fl.cast(image, fl.float32)
    ones, twos = np.add(floats, ONES), np.add(floats, TWOS)
    ones = fl.image.random_brightness(ones, 0.5)
    resized = flip(fl.image.resize(image, [9, 11])) / 255.0
    return ones, fl.image.random_brightness(twos, 0.5), resized, fl.image.random_contrast(image, 0.5, 1.5)


@pytest.mark.parametrize(
    ("function", "fused"),
    [
        (others_around, True),
        (drawn_before_and_after, True),
        (drawn_between, False),
        (drawn_between_flip_and_arithmetic, False),
        (between_a_chain_that_draws, True),
        (between_chains_of_arrays, True),
    ],
)
@pytest.mark.parametrize("calls", [None, 3])
def test_other_numbers_drawn_around_a_flip(function, fused, calls) -> None:
    source = fl.Dataset.from_tensor_slices(small_images(3, 40))
    dataset = source.map(function, calls).batch(16)
    list(dataset)
    (block_function,) = dataset._timings.block_functions.values()
    operations = [operation.rule.__name__ for operation in block_function._trace.operations]
    assert ("resize_and_compute" in operations) == fused
    check_flipped(source, function, operations, calls=calls, epochs=2)


def window_of(content, channels=3):
    return fl.io.decode_and_crop_jpeg(content, [3, 2, 12, 14], channels=channels)


def window_and_both(content):
    window = window_of(content)
    return fl.image.resize(window, [8, 9]) / 255.0, window


WINDOWS = {
    "colour": lambda content: fl.image.resize(window_of(content), [8, 9]) / 255.0,
    "grey": lambda content: fl.image.resize(window_of(content, 1), [8, 9]) / 255.0,
    "converted before": lambda content: fl.image.resize(
        fl.image.convert_image_dtype(window_of(content), fl.float32), [20, 21]
    ),
    "its own size": lambda content: fl.image.resize(window_of(content), [12, 14]) * 2.0,
    "flipped": lambda content: fl.image.random_flip_left_right(fl.image.resize(window_of(content), [8, 9])) - MEAN,
    "returned too": window_and_both,
}


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_of_jpegs_are_resized_where_they_lie(name) -> None:
    photos = [
        fl.io.encode_jpeg(image) for image in np.random.default_rng(1).integers(0, 256, (40, 31, 33, 3), np.uint8)
    ]
    operations = ["row_by_row", "resize_and_compute"] if name == "returned too" else ["decode_and_resize"]
    check_flipped(fl.Dataset.from_tensor_slices(photos), WINDOWS[name], operations)
