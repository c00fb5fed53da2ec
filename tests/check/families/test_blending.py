"""FL214: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
COUNT, SIZE = 60, 40
CORNERS = GENERATOR.integers(4, 18, (COUNT, 2))
MASKS = np.zeros((COUNT, SIZE, SIZE, 1), np.uint8)
for mask, (top, left) in zip(MASKS, CORNERS, strict=True):
    mask[top : top + 16, left : left + 16] = 1
    mask[top + 5 : top + 12, left + 5 : left + 12] = 2
IMAGES = (90 * MASKS + GENERATOR.integers(0, 60, (COUNT, SIZE, SIZE, 3))).astype(np.uint8)


def resized(method: str = "bilinear", then: Callable[[Any], Any] = lambda mask: mask) -> Callable[..., Any]:
    def load(image: Any, mask: Any) -> Any:
        return fl.image.resize(image, [24, 24]) / 255, then(fl.image.resize(mask, [24, 24], method=method))

    return load


def pairs(masks: Any = MASKS) -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES[: len(masks)], masks)).shuffle(COUNT)


def test_a_mask_resized_by_mixing(flagged: Look) -> None:
    finding = flagged(pairs().map(resized()).batch(8), "FL214")
    assert finding.message.startswith("map(")
    assert "gives y numbers that are no classes of the mask" in finding.message
    assert "y comes in with 3 classes (0, 1, 2)" in finding.seen
    assert "method='nearest'" in finding.fix
    assert finding.where[0].startswith("element ")


def test_the_fix_mends_it(clean: Look) -> None:
    clean(pairs().map(resized("nearest")).batch(8), "FL214")


@pytest.mark.parametrize("method", ["bicubic", "area"])
def test_other_methods(method: str, flagged: Look) -> None:
    flagged(pairs().map(resized(method)).batch(8), "FL214")


def test_classes_counted_from_0_besides(flagged: Look) -> None:
    finding = flagged(pairs(MASKS + np.uint8(1)).map(resized(then=lambda mask: mask - 1)).batch(8), "FL214")
    assert "y comes in with 3 classes (1, 2, 3)" in finding.seen


def test_classes_far_apart_cast_back(flagged: Look, clean: Look) -> None:
    ds = pairs(MASKS * np.uint8(20)).map(resized(then=lambda mask: fl.cast(mask, fl.uint8)))
    flagged(ds.batch(8), "FL214")
    flagged(pairs(np.where(MASKS == 2, 255, MASKS).astype(np.uint8)).map(resized()).batch(8), "FL214")


CLASSES = np.zeros((COUNT, SIZE, SIZE, 1), np.uint8)
for mask, (top, left) in zip(CLASSES, CORNERS, strict=True):
    mask[top : top + 16, left : left + 16] = 3
    mask[top + 5 : top + 12, left + 5 : left + 12] = 1
    mask[30:, :20] = 2


@pytest.mark.parametrize("whole", [lambda mask: fl.cast(mask, "int32"), lambda mask: np.rint(mask).astype(np.uint8)])
def test_classes_next_to_each_other_cast_back(whole: Callable[[Any], Any], flagged: Look, clean: Look) -> None:
    finding = flagged(pairs(CLASSES).map(resized(then=whole)).batch(8), "FL214")
    assert "makes whole numbers of that again" in finding.message
    assert "with 4 classes (0, 1, 2, 3)" in finding.seen
    assert "method='nearest'" in finding.fix
    clean(pairs(CLASSES).map(resized("nearest", then=whole)).batch(8), "FL214")


def test_cast_back_and_read_from_files(flagged: Look, clean: Look, tmp_path: pathlib.Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}_i.png").write_bytes(fl.io.encode_png(IMAGES[number]))
        (tmp_path / f"{number:02}_m.png").write_bytes(fl.io.encode_png(CLASSES[number]))
    paths = [sorted(map(str, tmp_path.glob(f"*_{kind}.png"))) for kind in "im"]

    def load(method: str) -> Callable[[Any, Any], Any]:
        def read(first: Any, second: Any) -> Any:
            image, mask = fl.io.decode_png(fl.io.read_file(first)), fl.io.decode_png(fl.io.read_file(second))
            return fl.image.resize(image, [24, 24]) / 255, fl.cast(fl.image.resize(mask, [24, 24], method), "int32")

        return read

    ds = fl.Dataset.from_tensor_slices(tuple(paths)).shuffle(20)
    flagged(ds.map(load("bilinear")).batch(4), "FL214")
    clean(ds.map(load("nearest")).batch(4), "FL214")


def test_two_classes_cast_back(clean: Look) -> None:
    masks = (CLASSES > 0).astype(np.uint8)
    clean(pairs(masks).map(resized(then=lambda mask: np.rint(mask).astype(np.uint8))).batch(8), "FL214")


def test_a_drawing_in_grey(clean: Look) -> None:
    """A noisy drawing and the clean one, in which there are three kinds of grey: no classes."""
    clean(pairs(MASKS * np.uint8(120)).map(resized()).batch(8), "FL214")
    small = fl.Dataset.from_tensor_slices(MASKS).map(lambda mask: (fl.image.resize(mask, [12, 12]), mask))
    clean(small.batch(8), "FL214")
    noisy = MASKS + GENERATOR.normal(0, 0.1, MASKS.shape).astype(np.float32)
    clean(fl.Dataset.from_tensor_slices((noisy, MASKS)).map(resized()).batch(8), "FL214")
    both = fl.Dataset.from_tensor_slices(MASKS).map(lambda mask: (fl.image.resize(mask, [12, 12]),) * 2)
    clean(both.batch(8), "FL214")


def test_batches(flagged: Look, clean: Look) -> None:
    flagged(pairs().batch(8).map(resized()), "FL214")
    clean(pairs().batch(8).map(resized("nearest")), "FL214")


def test_what_is_rounded_after_that(clean: Look) -> None:
    clean(pairs().map(resized(then=np.round)).batch(8), "FL214")
    clean(pairs().map(resized()).map(lambda image, mask: (image, np.round(mask))).batch(8), "FL214")


def test_dicts(flagged: Look, clean: Look) -> None:
    def load(element: Any, method: str) -> Any:
        mask = fl.image.resize(element["segmentation_mask"], [24, 24], method=method)
        return fl.image.resize(element["image"], [24, 24]) / 255, mask

    ds = fl.Dataset.from_tensor_slices({"image": IMAGES, "segmentation_mask": MASKS})
    flagged(ds.map(lambda element: load(element, "bilinear")).batch(8), "FL214")
    clean(ds.map(lambda element: load(element, "nearest")).batch(8), "FL214")


def test_masks_that_are_read_and_resized_at_once(flagged: Look, clean: Look, tmp_path: pathlib.Path) -> None:
    for number in range(20):
        (tmp_path / f"photo_{number:02}.png").write_bytes(fl.io.encode_png(IMAGES[number]))
        (tmp_path / f"mask_{number:02}.png").write_bytes(fl.io.encode_png(MASKS[number]))
    paths = [[str(tmp_path / f"{kind}_{number:02}.png") for number in range(20)] for kind in ("photo", "mask")]

    def load(photo: bytes, mask: bytes, method: str) -> Any:
        image = fl.io.decode_png(fl.io.read_file(photo), channels=3)
        classes = fl.io.decode_png(fl.io.read_file(mask), channels=1)
        return fl.image.resize(image, [24, 24]) / 255, fl.image.resize(classes, [24, 24], method=method)

    ds = fl.Dataset.from_tensor_slices(tuple(paths)).shuffle(20)
    finding = flagged(ds.map(lambda photo, mask: load(photo, mask, "bilinear")).batch(4), "FL214")
    assert "the mask that is read comes in with 3 classes" in finding.seen
    clean(ds.map(lambda photo, mask: load(photo, mask, "nearest")).batch(4), "FL214")
    clean(ds.map(lambda photo, mask: load(photo, mask, "bilinear")).map(lambda x, y: (x, np.round(y))), "FL214")


def test_two_classes_may_have_a_soft_edge(clean: Look) -> None:
    clean(pairs(np.minimum(MASKS, 1)).map(resized()).batch(8), "FL214")


def test_other_numbers_for_the_classes(clean: Look) -> None:
    table = np.array([7, 3, 1], np.uint8)
    clean(pairs().map(lambda image, mask: (image / np.float32(255), table[mask])).batch(8), "FL214")
    clean(pairs().map(lambda image, mask: (image / np.float32(255), mask / np.float32(2))).batch(8), "FL214")


def test_something_else_made_of_a_mask(clean: Look) -> None:
    def weighed(image: Any, mask: Any) -> Any:
        far = np.hypot(*np.indices((SIZE, SIZE)) - SIZE / 2).astype(np.float32)[..., None]
        return image / np.float32(255), np.where(mask > 0, far, 0)

    clean(pairs().map(weighed).batch(8), "FL214")


def test_grey_pictures_to_be_given_back(clean: Look) -> None:
    grey = GENERATOR.integers(0, 17, (COUNT, 16, 16, 1)).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices(grey).map(lambda image: (fl.image.resize(image, [12, 12]),) * 2)
    clean(ds.batch(8), "FL214")


def test_a_model_that_predicts_numbers(clean: Look) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Conv2D(1, 3, padding="same")])
    model.compile(optimizer="adam", loss="mse")
    clean(pairs().map(resized()).batch(8), "FL214", model=model)


def test_a_sparse_loss_is_not_told_of_it_again(flagged: Look, clean: Look) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Conv2D(3, 3, padding="same")])
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ds = pairs().map(resized()).batch(8)
    flagged(ds, "FL214", model=model)
    clean(ds, "FL505", model=model)
