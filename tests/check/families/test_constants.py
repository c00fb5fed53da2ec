"""FL607 and FL608: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
SMOOTH = GENERATOR.normal(size=(260, 6, 6, 3))
IMAGES = np.clip(fl.image.resize(SMOOTH, [24, 24], method="bicubic") * 60 + 128, 0, 255).astype(np.uint8)
LABELS = GENERATOR.integers(0, 4, 260)
ROWS = (GENERATOR.normal(size=(260, 5)) * [1, 5, 20, 0.1, 3] + [0, 3, 100, 1, -2]).astype(np.float32)
MEAN, DEVIATION = ROWS[:200].mean(0), ROWS[:200].std(0)


def train(values: Any = IMAGES) -> Any:
    return fl.Dataset.from_tensor_slices((values[:200], LABELS[:200])).shuffle(200)


def validation(values: Any = IMAGES) -> Any:
    return fl.Dataset.from_tensor_slices((values[200:], LABELS[200:]))


def to_unit(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32) / 255, label


def to_both_sides(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32) / 127.5 - 1, label


def as_imagenet(image: Any, label: Any) -> Any:
    means, deviations = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    return (fl.cast(image, fl.float32) / 255 - means) / deviations, label


def standardised(image: Any, label: Any) -> Any:
    return fl.image.per_image_standardization(image), label


def augmented(image: Any, label: Any) -> Any:
    return fl.image.random_flip_left_right(image), label


def scaled_and_augmented(image: Any, label: Any) -> Any:
    image = fl.image.random_brightness(fl.cast(image, fl.float32) / 255, 0.2)
    return np.clip(fl.image.random_flip_left_right(image), 0, 1), label


def by_training(row: Any, label: Any) -> Any:
    return (row - MEAN) / DEVIATION, label


class TestConstantsDiffer:
    def test_another_range(self, flagged: Look) -> None:
        finding = flagged(train().map(to_unit).batch(20), "FL607", against=validation().map(to_both_sides).batch(20))
        assert finding.severity == "error"
        assert "validation = 2 * training - 1" in finding.seen
        assert "255 in the training data and 127.5 in the validation data" in finding.seen
        assert "map(to_both_sides) of the validation data" in finding.where[0]

    @pytest.mark.parametrize("other", [as_imagenet, standardised])
    def test_other_normalisations(self, other: Any, flagged: Look) -> None:
        flagged(train().map(other).batch(20), "FL607", against=validation().map(to_unit).batch(20))

    def test_forgotten_on_one_side(self, flagged: Look) -> None:
        finding = flagged(train().map(to_unit).batch(20), "FL607", against=validation().batch(20))
        assert finding.fix == "Write .map(to_unit) on the validation data too."

    @pytest.mark.parametrize("steps", [[to_unit, augmented], [scaled_and_augmented]])
    def test_with_augmentation(self, steps: list[Any], flagged: Look, clean: Look) -> None:
        ds = train()
        for step in steps:
            ds = ds.map(step)
        flagged(ds.batch(20), "FL607", against=validation().map(to_both_sides).batch(20))
        clean(ds.batch(20), "FL6", against=validation().map(to_unit).batch(20))

    def test_on_batches(self, flagged: Look, clean: Look) -> None:
        ds = train().batch(20).map(to_unit)
        flagged(ds, "FL607", against=validation().map(to_both_sides).batch(20))
        clean(ds, "FL6", against=validation().map(to_unit).batch(10))

    def test_files(self, flagged: Look, clean: Look, tmp_path: Any) -> None:
        for number in range(40):
            (tmp_path / f"{number:02}.png").write_bytes(fl.io.encode_png(IMAGES[number]))

        def load(path: Any) -> Any:
            return fl.io.decode_png(fl.io.read_file(path), channels=3), np.int64(int(path[-6:-4]) % 4)

        first = fl.Dataset.list_files(str(tmp_path / "[0-2]*.png")).map(load)
        last = fl.Dataset.list_files(str(tmp_path / "3*.png"), shuffle=False).map(load)
        flagged(first.map(to_unit).batch(5), "FL607", against=last.map(to_both_sides).batch(5))
        clean(first.map(to_unit).batch(5), "FL6", against=last.map(to_unit).batch(5))

    def test_a_table(self, flagged: Look, clean: Look) -> None:
        scaled = train(ROWS).map(by_training).batch(20)
        flagged(scaled, "FL607", against=validation(ROWS).batch(20))
        clean(scaled, "FL6", against=validation(ROWS).map(by_training).batch(20))

    def test_a_table_scaled_by_its_own_numbers(self, flagged: Look) -> None:
        mean, deviation = ROWS[200:].mean(0), ROWS[200:].std(0)
        own = validation(ROWS).map(lambda row, label: ((row - mean) / deviation, label))
        finding = flagged(train(ROWS).map(by_training).batch(20), "FL607", against=own.batch(20))
        assert finding.severity == "warning"
        assert "by another factor in each channel or column" in finding.seen

    def test_data_of_another_scale(self, clean: Look) -> None:
        halves = (IMAGES / 255).astype(np.float32)
        clean(train().map(to_unit).batch(20), "FL6", against=validation(halves).batch(20))

    def test_an_index_stands_for_other_data(self, clean: Look) -> None:
        def of(images: Any) -> Any:
            return lambda number: (images[number] / np.float32(255), LABELS[number])

        ds = fl.Dataset.range(200).shuffle(200).map(of(IMAGES)).batch(20)
        clean(ds, "FL6", against=fl.Dataset.range(60).map(of(IMAGES[200:])).batch(20))

    def test_the_other_way_round(self, flagged: Look) -> None:
        finding = flagged(
            validation().map(to_both_sides).batch(20), "FL607", against=train().map(to_unit).batch(20), use="validation"
        )
        assert "in the training data than in the validation data" in finding.message


def to(size: int, **arguments: Any) -> Any:
    def resize(image: Any, label: Any) -> Any:
        return fl.cast(fl.image.resize(image, [size, size], **arguments), fl.float32) / 255, label

    return resize


def cropped(image: Any, label: Any) -> Any:
    return fl.image.random_crop(fl.image.resize(image, [12, 12]), [8, 8, 3]) / 255, label


class TestResizeDiffers:
    @pytest.mark.parametrize("other", [{"method": "nearest"}, {"antialias": True}, {"method": "bicubic"}])
    def test_methods(self, other: dict[str, Any], flagged: Look, clean: Look) -> None:
        finding = flagged(train().map(to(7)).batch(20), "FL608", against=validation().map(to(7, **other)).batch(20))
        assert finding.severity == "error"
        assert "bilinear in the training data" in finding.message
        clean(train().map(to(7)).batch(20), "FL607", against=validation().map(to(7, **other)).batch(20))

    def test_sizes(self, flagged: Look) -> None:
        finding = flagged(train().map(to(8)).batch(20), "FL608", against=validation().map(to(10)).batch(20))
        assert finding.severity == "warning"
        assert finding.fix == "Resize to 8x8 in both."

    def test_with_augmentation(self, flagged: Look) -> None:
        other = validation().map(to(8, method="area")).batch(20)
        flagged(train().map(to(8)).map(augmented).batch(20), "FL608", against=other)

    def test_pillow(self, flagged: Look, clean: Look) -> None:
        from PIL import Image

        def by(method: Any) -> Any:
            def resize(image: Any, label: Any) -> Any:
                return np.asarray(Image.fromarray(image).resize((8, 8), method)), label

            return resize

        ds = train().map(by(Image.Resampling.BILINEAR)).batch(20)
        flagged(ds, "FL608", against=validation().map(by(Image.Resampling.NEAREST)).batch(20))
        clean(ds, "FL6", against=validation().map(by(Image.Resampling.BILINEAR)).batch(20))

    @pytest.mark.parametrize("kind", ["resize_with_pad", "resize_with_crop_or_pad"])
    def test_another_kind_of_resizing(self, kind: str, flagged: Look, clean: Look) -> None:
        wide = IMAGES[:, :16]

        def padded(image: Any, label: Any) -> Any:
            return getattr(fl.image, kind)(image, 12, 12), label

        ds = train(wide).map(padded).batch(20)
        finding = flagged(ds, "FL608", against=validation(wide).map(to(12)).batch(20))
        assert f"fl.image.{kind}(image, height, width" in finding.fix
        clean(ds, "FL608", against=validation(wide).map(padded).batch(20))

    def test_padding_of_nothing(self, clean: Look) -> None:
        def padded(image: Any, label: Any) -> Any:
            return fl.image.resize_with_pad(image, 12, 12), label

        clean(train().map(padded).batch(20), "FL608", against=validation().map(to(12)).batch(20))

    def test_padding_in_front_of_a_random_crop(self, clean: Look) -> None:
        def cut_out(image: Any, label: Any) -> Any:
            return fl.image.random_crop(fl.image.resize_with_crop_or_pad(image, 28, 28), [12, 12, 3]), label

        clean(train().map(cut_out).batch(20), "FL608", against=validation().map(to(12)).batch(20))

    def test_the_same(self, clean: Look) -> None:
        clean(train().map(to(8)).batch(20), "FL6", against=validation().map(to(8)).batch(20))

    def test_crops_in_training(self, clean: Look) -> None:
        clean(train().map(cropped).batch(20), "FL6", against=validation().map(to(8)).batch(20))

    def test_masks_in_addition(self, clean: Look) -> None:
        def with_mask(image: Any, label: Any) -> Any:
            mask = fl.image.resize(image[..., :1], [8, 8], method="nearest")
            return fl.image.resize(image, [8, 8]) / 255, mask

        clean(train().map(with_mask).batch(20), "FL608", against=validation().map(to(8)).batch(20))

    def test_a_method_that_changes_nothing(self, clean: Look) -> None:
        same = validation().map(to(24, method="nearest")).batch(20)
        clean(train().map(to(24)).batch(20), "FL608", against=same)
