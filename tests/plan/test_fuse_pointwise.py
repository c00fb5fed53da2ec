"""Chains of operations on single values run in one pass, and give the bytes that the function gives."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl

RNG = np.random.default_rng(7)
BYTES = RNG.integers(0, 256, (40, 12, 10, 3), dtype=np.uint8)
DOUBLES = RNG.normal(size=(40, 12, 10, 3))
SINGLES = DOUBLES.astype(np.float32)
GRAY = RNG.integers(0, 256, (40, 30, 41, 1), dtype=np.uint8)
ROWS = RNG.normal(size=(40, 5000)).astype(np.float32)
MEAN, SPREAD = np.array([0.5, 0.25, 0.125], np.float32), np.array([[0.2, 0.3, 0.4]], np.float32)
WHOLE = RNG.normal(size=(12, 10, 3)).astype(np.float32)
ONES = np.ones((2, 1), np.float32)
LINES = RNG.normal(size=(12, 1, 1)).astype(np.float32)


def augmented(image):
    image = fl.image.random_flip_left_right(image, seed=1)
    image = fl.image.random_brightness(image, 0.2, seed=2)
    return fl.image.convert_image_dtype(image, fl.float32)


def both_flips(image):
    image = fl.image.random_flip_up_down(fl.image.random_flip_left_right(image, seed=1), seed=5)
    return (fl.cast(image, fl.float32) / 255.0 - MEAN) / SPREAD


def used_twice(image):
    image = fl.cast(image, fl.float32)
    return image / 255.0, image - 1.0


def twice_as_bright(image):
    image = fl.image.random_brightness(fl.cast(image, fl.float32), 0.5, seed=2)
    return fl.image.random_brightness(image, 0.25, seed=3) * 2.0


FUSED = {
    "scaled": (BYTES, lambda image: fl.cast(image, fl.float32) / 255.0),
    "converted": (BYTES, lambda image: fl.image.convert_image_dtype(image, fl.float32) - MEAN),
    "by the method": (BYTES, lambda image: image.astype(np.float32) * 2.0 + 1),
    "a mean image": (BYTES, lambda image: (fl.cast(image, fl.float32) - WHOLE) / 255.0),
    "operands of all lengths": (BYTES, lambda image: 3 * (fl.cast(image, fl.float32) - WHOLE + MEAN) / 2.0 + LINES),
    "flips": (BYTES, both_flips),
    "of gray images": (GRAY, lambda image: fl.cast(fl.image.random_flip_left_right(image, seed=4), fl.float32) / 255.0),
    "augmented bytes of floats": (BYTES, lambda image: augmented(fl.cast(image, fl.float32))),
    "augmented float64": (DOUBLES, augmented),
    "augmented float32": (SINGLES, augmented),
    "bright": (BYTES, twice_as_bright),
    "rows": (ROWS, lambda row: (row - 0.5) * np.float32(3)),
    "by name": (BYTES, lambda image: fl.cast(dtype=fl.float32, x=image) / 255.0),
    "flips by name": (
        BYTES,
        lambda image: fl.cast(fl.image.random_flip_up_down(image=image, seed=2), fl.float32) - 1.0,
    ),
    "float64 cast": (DOUBLES, lambda row: fl.cast(row, fl.float32) * 2.0),
}
LEFT_ALONE = {
    "used twice": (BYTES, used_twice),
    "from the left": (BYTES, lambda image: 1.0 - fl.cast(image, fl.float32)),
    "in float64": (DOUBLES, lambda image: (image - 0.5) / 2.0),
    "bytes of augmented bytes": (BYTES, lambda image: fl.image.random_brightness(image, 0.2, seed=2)),
    "by nothing": (SINGLES, lambda image: image / 1e-35),
    "to another shape": (ROWS, lambda row: row + ONES),
    "few values": (ROWS[:, :8].copy(), lambda row: (row - 0.5) * 2.0),
}


def run(elements, function) -> tuple[list[np.ndarray], list[np.ndarray], list[str]]:
    """Returns what a map gives on a block and for each element, and the operations of its trace."""

    def called_for_each(element):
        if element is None:  # no code that branches runs on blocks
            return None
        return function(element)

    source = fl.Dataset.from_tensor_slices(elements)
    dataset = source.map(function).batch(16)
    batches = [batch if type(batch) is tuple else (batch,) for batch in dataset]
    results = [result if type(result) is tuple else (result,) for result in source.map(called_for_each)]
    (block_function,) = dataset._timings.block_functions.values()
    assert block_function.reason is None
    operations = [operation.rule.__name__ for operation in block_function._trace.operations]
    ours = [np.concatenate(parts) for parts in zip(*batches, strict=True)]
    return ours, [np.stack(parts) for parts in zip(*results, strict=True)], operations


@pytest.mark.parametrize("name", [*FUSED, *LEFT_ALONE])
def test_the_bytes_are_those_of_the_function(name) -> None:
    ours, expected, operations = run(*{**FUSED, **LEFT_ALONE}[name])
    for one, other in zip(ours, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    assert ("run_chain" in operations) == (name in FUSED)


@pytest.mark.parametrize("name", FUSED)
def test_all_of_it_is_one_pass(name) -> None:
    assert run(*FUSED[name])[2].count("run_chain") == 1
    assert len(run(*FUSED[name])[2]) == 1


OPERATIONS = st.sampled_from(["add", "subtract", "multiply", "true_divide"])
OPERANDS = st.sampled_from([2.0, -0.75, 3, MEAN, SPREAD, LINES, WHOLE, np.float32(1e-3), np.int8(-5), True])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(OPERATIONS, OPERANDS, st.booleans()), min_size=1, max_size=6), st.sampled_from([BYTES, SINGLES])
)
def test_any_arithmetic_gives_the_same_bytes(steps, images) -> None:
    source = ["def function(image):", "    image = fl.cast(image, fl.float32)"]
    names = {"fl": fl, "np": np}
    for number, (name, operand, left) in enumerate(steps):
        names[f"c{number}"] = operand
        arguments = f"c{number}, image" if left and name in ("add", "multiply") else f"image, c{number}"
        source.append(f"    image = np.{name}({arguments})")
    exec("\n".join([*source, "    return image"]), names)
    with np.errstate(all="ignore"):
        ours, expected, _ = run(images, names["function"])
    assert ours[0].dtype == expected[0].dtype
    assert ours[0].tobytes() == expected[0].tobytes()


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_values_that_are_not_finite_come_out_the_same(bad) -> None:
    images = SINGLES.copy()
    images[21, 3, 4, 1] = bad
    ours, expected, operations = run(images, lambda image: (image - MEAN) * 2.0)
    assert operations == ["run_chain"]
    assert ours[0].tobytes() == expected[0].tobytes()


def test_what_numpy_warns_of_is_told() -> None:
    images = SINGLES.copy()
    images[:, 0, 0, 0] = 1e38
    with pytest.warns(RuntimeWarning, match="overflow"):
        list(fl.Dataset.from_tensor_slices(images).map(lambda image: (image + 1.0) * 1e5).batch(16))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(fl.Dataset.from_tensor_slices(SINGLES).map(lambda image: (image + 1.0) * 1e5).batch(16))


def test_images_of_other_sizes_run_row_by_row() -> None:
    contents = [fl.io.encode_png(BYTES[number, : 6 + number % 3, : 5 + number % 4]) for number in range(40)]

    def load(content):
        image = fl.cast(fl.io.decode_png(content, channels=3), fl.float32) / 255.0 - MEAN
        return fl.image.resize(image, [8, 8])

    ours, expected, operations = run(contents, load)
    assert operations[:2] == ["decode_pngs", "run_chain"]
    assert ours[0].tobytes() == expected[0].tobytes()
