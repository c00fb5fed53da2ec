"""FL205: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (64, 16, 16, 3)).astype(np.uint8)
UNIT = GENERATOR.random((64, 16, 16, 3), np.float32)
LABELS = GENERATOR.integers(0, 4, 64)


def mapped(pictures: Any, function: Callable[[Any], Any]) -> Any:
    ds = fl.Dataset.from_tensor_slices((pictures, LABELS)).shuffle(64)
    return ds.map(lambda x, y: (function(x), y)).batch(16)


def relabelled(labels: Any, function: Callable[[Any], Any]) -> Any:
    return fl.Dataset.from_tensor_slices((UNIT, labels)).map(lambda x, y: (x, function(y))).batch(16)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_the_unit_range_cast_to_whole_numbers(dtype: str, flagged: Look) -> None:
    finding = flagged(mapped(UNIT, lambda x: fl.cast(x, dtype)), "FL205")
    assert "768 values between 0 and 1 become 0" in finding.seen
    assert finding.origin is not None
    assert finding.origin.filename == __file__


def test_divided_and_cast_in_one_step(flagged: Look) -> None:
    flagged(mapped(IMAGES, lambda x: (x / 255).astype(np.uint8)), "FL205")


@pytest.mark.parametrize("cast", [fl.cast, lambda x, dtype: np.asarray(x).astype(dtype)])
def test_pixels_in_eight_bits_with_a_sign(cast: Any, flagged: Look) -> None:
    assert "int8, which holds -128 to 127" in flagged(mapped(IMAGES, lambda x: cast(x, "int8")), "FL205").seen


def test_labels_that_wrap_round(flagged: Look) -> None:
    finding = flagged(relabelled(LABELS * 100 + 50, lambda y: y.astype(np.uint8)), "FL205")
    assert "y: values from 350 to 350 become uint8" in finding.seen


def test_sums_that_wrap_round(flagged: Look) -> None:
    finding = flagged(mapped(IMAGES, lambda x: x + np.uint8(60)), "FL205")
    assert "adding 60 makes" in finding.seen
    assert "multiplying by 2" in flagged(mapped(IMAGES, lambda x: x * np.uint8(2)), "FL205").seen


def test_large_ids_as_floats(flagged: Look) -> None:
    ids = np.arange(64)[:, None] + 2**24 + 1 + np.zeros((1, 3), np.int64)
    finding = flagged(mapped(ids, lambda x: fl.cast(x, fl.float32)), "FL205")
    assert "casts whole numbers to floats that cannot tell them apart" in finding.message


def test_a_conversion_of_floats(flagged: Look, clean: Look) -> None:
    def late(x: Any) -> Any:
        return fl.image.convert_image_dtype(fl.image.resize(x, [20, 20]), fl.float32)

    def early(x: Any) -> Any:
        return fl.image.resize(fl.image.convert_image_dtype(x, fl.float32), [20, 20])

    assert "leaves as they are" in flagged(mapped(IMAGES, late), "FL205").message
    clean(mapped(IMAGES, late), "FL203")  # one finding a mistake
    clean(mapped(IMAGES, early), "FL2")


def test_a_conversion_of_floats_before_a_model_that_rescales(clean: Look) -> None:
    keras = pytest.importorskip("keras")
    layers = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(4)]
    ds = mapped(IMAGES, lambda x: fl.image.convert_image_dtype(fl.cast(x, fl.float32), fl.float32))
    clean(ds, "FL205", model=keras.Sequential(layers))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: fl.cast(x * 255, fl.uint8),
        lambda x: fl.image.convert_image_dtype(x, fl.uint8),
        lambda x: fl.cast(x > 0.5, fl.uint8),
        lambda x: np.round(x).astype(np.uint8),
        lambda x: np.ceil(x).astype(np.int32),
        lambda x: fl.cast(x, fl.float16),
    ],
    ids=["times 255", "converted", "threshold", "rounded", "rounded up", "halves"],
)
def test_floats_that_fit(function: Callable[[Any], Any], clean: Look) -> None:
    clean(mapped(UNIT, function), "FL205")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.clip(x.astype(np.int16) + 60, 0, 255).astype(np.uint8),
        lambda x: fl.image.adjust_brightness(x, 0.3),
        lambda x: fl.image.random_flip_left_right(x),
        lambda x: (x > 128).astype(np.uint8),
        lambda x: x // 2,
        lambda x: 255 - x,
        lambda x: fl.cast(x, fl.float32) - 128,
        lambda x: np.clip(x.astype(np.int16) - 128, -128, 127).astype(np.int8),
        lambda x: x[::-1],
    ],
)
def test_pixels_that_fit(function: Callable[[Any], Any], clean: Look) -> None:
    clean(mapped(IMAGES, function), "FL205")


MEAN = IMAGES.mean((0, 1, 2)).astype(np.uint8)


def added_in_a_line_of_its_own(x: Any) -> Any:
    x = x + np.uint8(60)
    return fl.cast(x, "float32") / 255


def added_in_place(x: Any) -> Any:
    x += 60
    return fl.cast(x, "float32") / 255


def resized_later(x: Any) -> Any:
    x = x + 50
    x = fl.image.resize(x, [12, 12])
    return x / 255


@pytest.mark.parametrize(
    "function",
    [
        added_in_a_line_of_its_own,
        added_in_place,
        resized_later,
        lambda x: (x * 2).astype("f4") / 255,
        lambda x: (x - MEAN) / np.float32(255),
        lambda x: ((x[..., 0] + x[..., 1] + x[..., 2]) / 3).astype("f4")[..., None] / 255,
        lambda x: np.clip(x + 60, 0, 255) / np.float32(255),
        lambda x: np.add(x, np.uint8(60)) / np.float32(255),
        lambda x: fl.image.random_flip_left_right(fl.cast(x + 60, "float32") / 255),
    ],
)
def test_sums_that_wrap_round_on_the_way(function: Callable[[Any], Any], flagged: Look) -> None:
    finding = flagged(mapped(IMAGES, function), "FL205")
    assert "they wrap round" in finding.message
    assert "in uint8; " in finding.seen


def test_the_line_that_wraps_round_is_named(flagged: Look) -> None:
    finding = flagged(mapped(IMAGES, added_in_a_line_of_its_own), "FL205")
    assert "x = x + np.uint8(60)" in finding.where[0]


def test_pixels_of_a_decoder_that_wrap_round(tmp_path: Path, flagged: Look, clean: Look) -> None:
    for number, image in enumerate(IMAGES):
        (tmp_path / f"{number:02}.png").write_bytes(fl.io.encode_png(image))
    paths = sorted(map(str, tmp_path.glob("*.png")))

    def narrow(path: Any) -> Any:
        image = fl.io.decode_png(fl.io.read_file(path), channels=3)
        image = image * 2 - 100
        return fl.cast(image, "float32") / 255

    def wide(path: Any) -> Any:
        image = fl.io.decode_png(fl.io.read_file(path), channels=3)
        image = np.clip(fl.cast(image, "float32") * 2 - 100, 0, 255)
        return image / 255

    assert "image = image * 2 - 100" in flagged(mapped(paths, narrow), "FL205").where[0]
    clean(mapped(paths, wide), "FL205")


@pytest.mark.parametrize("function", [lambda x: x // 255, lambda x: fl.cast(x // 255, "float32")])
def test_a_division_of_whole_numbers(function: Callable[[Any], Any], flagged: Look) -> None:
    finding = flagged(mapped(IMAGES, function), "FL205")
    assert "divides whole numbers by //" in finding.message
    assert "fl.cast(x, fl.float32) / 255" in finding.fix


def saturated(x: Any) -> Any:
    brighter = np.where(x > 195, 255, x + 60)
    return brighter.astype("f4") / 255


def turned_hue(x: Any) -> Any:
    hsv = x.copy()
    hsv[..., 0] = hsv[..., 0] + np.uint8(60)
    return hsv.astype("f4") / 255


@pytest.mark.parametrize(
    "function",
    [
        saturated,
        turned_hue,
        lambda x: (x.astype(np.int16) + 60).clip(0, 255).astype("f4") / 255,
        lambda x: (x - 128).astype(np.int8).astype("f4") / 128,
        lambda x: (np.maximum(x, 128) - np.minimum(x, 128)).astype("f4") / 255,
        lambda x: (x // 2 + 20).astype("f4") / 255,
        lambda x: fl.cast(x // 64, "float32") / 3,
    ],
)
def test_sums_that_do_no_harm(function: Callable[[Any], Any], clean: Look) -> None:
    clean(mapped(IMAGES, function), "FL205")


def test_masks_divided_to_two_classes(clean: Look) -> None:
    masks = np.where(GENERATOR.random((64, 16, 16, 1)) > 0.5, 255, 0).astype(np.uint8)
    clean(mapped(masks, lambda x: x // 255), "FL205")


def test_a_class_to_be_ignored(clean: Look) -> None:
    masks = GENERATOR.integers(0, 5, (64, 16, 16)).astype(np.uint8)
    clean(relabelled(masks, lambda y: y - np.uint8(1)), "FL205")


def test_labels_cast_to_what_holds_them(clean: Look) -> None:
    clean(relabelled(LABELS, lambda y: fl.cast(y, fl.uint8)), "FL205")
    clean(relabelled(LABELS, lambda y: fl.cast(y, fl.float32)), "FL205")
