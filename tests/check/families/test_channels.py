"""FL206: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

LABELS = np.random.default_rng(1).integers(0, 4, 400)


def photos(seed: int = 0, cast: tuple[int, int, int] = (150, 115, 85)) -> np.ndarray:
    """Returns 400 images with a cast of colour, as photographs have one: warm, most of them."""
    generator = np.random.default_rng(seed)
    light = generator.normal(size=(400, 1, 1, 1)) * 25 + generator.normal(size=(400, 1, 1, 3)) * 12
    images = np.array(cast) + light + generator.normal(size=(400, 12, 12, 3)) * 30
    return np.clip(images, 0, 255).astype(np.uint8)


PHOTOS = photos()


def arrays(images: Any, labels: Any = None) -> Any:
    return fl.Dataset.from_tensor_slices((images, LABELS[: len(images)] if labels is None else labels))


def swapped(images: np.ndarray) -> np.ndarray:
    return images[..., ::-1].copy()


class TestByColour:
    def test_two_sources_one_after_the_other(self, flagged: Look) -> None:
        ds = arrays(PHOTOS[:200]).concatenate(arrays(swapped(PHOTOS[200:]))).shuffle(400).batch(32)
        finding = flagged(ds, "FL206")
        assert "200 images of the first source" in finding.seen
        assert any(place.startswith("the second: from_tensor_slices") for place in finding.where)

    def test_two_sources_by_turns(self, flagged: Look) -> None:
        parts = [arrays(PHOTOS[:200]), arrays(swapped(PHOTOS[200:]))]
        flagged(fl.Dataset.sample_from_datasets(parts, seed=1).batch(32), "FL206")

    def test_against(self, flagged: Look) -> None:
        scaled = (swapped(PHOTOS[200:]) / 255).astype(np.float32)
        ds = arrays(PHOTOS[:200]).shuffle(200).batch(32)
        flagged(ds, "FL206", against=arrays(scaled).batch(32))

    def test_one_order(self, clean: Look) -> None:
        ds = arrays(PHOTOS[:200])
        clean(ds.concatenate(arrays(PHOTOS[200:])).shuffle(400).batch(32), "FL206")
        clean(ds.batch(32), "FL206", against=arrays(PHOTOS[200:]).batch(32))
        clean(arrays(swapped(PHOTOS[:200])).batch(32), "FL206", against=arrays(swapped(PHOTOS[200:])).batch(32))

    @pytest.mark.parametrize(
        "cast",
        [(85, 140, 110), (90, 140, 165), (60, 60, 200), (120, 120, 120), (200, 160, 90)],
        ids=["woods", "sea", "blue", "grey", "sand"],
    )
    def test_sources_that_are_unlike(self, cast: tuple[int, int, int], clean: Look) -> None:
        clean(arrays(PHOTOS[:200]).batch(32), "FL206", against=arrays(photos(1, cast)).batch(32))

    def test_images_without_a_cast(self, clean: Look) -> None:
        for seed in range(10):
            grey = photos(seed, (120, 120, 120))
            clean(arrays(grey[:200]).batch(32), "FL206", against=arrays(swapped(grey[200:])).batch(32))

    def test_few_images(self, clean: Look) -> None:
        clean(arrays(PHOTOS[:20]).batch(4), "FL206", against=arrays(swapped(PHOTOS[20:40])).batch(4))

    def test_pairs_of_an_image_and_its_mask(self, clean: Look) -> None:
        masks = np.where(PHOTOS > 120, 255, 0).astype(np.uint8)
        both = fl.Dataset.zip((fl.Dataset.from_tensor_slices(PHOTOS), fl.Dataset.from_tensor_slices(masks)))
        clean(both.batch(32), "FL206")


class TestByCode:
    @pytest.fixture
    def paths(self, tmp_path: Path) -> str:
        for number in range(6):
            (tmp_path / f"{number}.png").write_bytes(fl.io.encode_png(PHOTOS[number]))
        return str(tmp_path / "*.png")

    def test_opencv_against_feedline(self, paths: str, flagged: Look) -> None:
        cv2 = pytest.importorskip("cv2")

        def by_opencv(path: bytes) -> Any:
            return cv2.imread(path.decode()), np.int64(0)

        def by_feedline(path: bytes) -> Any:
            return fl.io.decode_png(fl.io.read_file(path)), np.int64(0)

        first, second = fl.Dataset.list_files(paths), fl.Dataset.list_files(paths)
        ds, other = first.map(by_opencv).batch(2), second.map(by_feedline).batch(2)
        finding = flagged(ds, "FL206", against=other)
        assert "cv2.imread in map(by_opencv), and fl.io.decode_png in map(by_feedline)" in finding.seen
        flagged(other, "FL206", against=ds)
        joined = first.map(by_opencv).concatenate(second.map(by_feedline))
        flagged(joined.shuffle(12).batch(2), "FL206")

    def test_opencv_in_a_generator(self, paths: str, flagged: Look) -> None:
        cv2 = pytest.importorskip("cv2")

        def rows() -> Iterator[Any]:
            for path in fl.Dataset.list_files(paths):
                yield cv2.imread(path.decode()), 0

        other = fl.Dataset.list_files(paths).map(lambda path: (fl.io.decode_png(fl.io.read_file(path)), 0))
        flagged(fl.Dataset.from_generator(rows).batch(2), "FL206", against=other.batch(2))

    def test_converted(self, paths: str, clean: Look) -> None:
        cv2 = pytest.importorskip("cv2")

        def converted(path: bytes) -> Any:
            return cv2.cvtColor(cv2.imread(path.decode()), cv2.COLOR_BGR2RGB), np.int64(0)

        def reversed_(path: bytes) -> Any:
            return cv2.imread(path.decode())[..., ::-1].copy(), np.int64(0)

        other = fl.Dataset.list_files(paths).map(lambda path: (fl.io.decode_png(fl.io.read_file(path)), np.int64(0)))
        for function in (converted, reversed_):
            clean(fl.Dataset.list_files(paths).map(function).batch(2), "FL206", against=other.batch(2))

    def test_opencv_on_both_sides(self, paths: str, clean: Look) -> None:
        cv2 = pytest.importorskip("cv2")
        ds = fl.Dataset.list_files(paths).map(lambda path: (cv2.imread(path.decode()), np.int64(0))).batch(2)
        other = fl.Dataset.list_files(paths).map(lambda path: (cv2.imread(path.decode()), np.int64(0))).batch(3)
        clean(ds, "FL206", against=other)


def scenes(seed: int, count: int = 120) -> np.ndarray:
    """Returns images of two scenes, a warm one and a cold one: all in all their colours tell nothing."""
    generator = np.random.default_rng(seed)
    light = np.linspace(-60, 60, 16)[None, :, None] * np.array([1.0, 0.8, 0.4])
    warm = 128 + light + np.array([30, 0, -30])
    cold = 128 - light.swapaxes(0, 1)[..., ::-1] - np.array([30, 0, -30])
    pictures = np.where(generator.random((count, 1, 1, 1)) < 0.5, warm, np.broadcast_to(cold, (16, 16, 3)))
    return np.clip(pictures + generator.normal(size=(count, 16, 16, 3)) * 15, 0, 255).astype(np.uint8)


def scaled(image: Any, label: Any) -> Any:
    return fl.cast(image, "float32") / 255, label


def scaled_and_reversed(image: Any, label: Any) -> Any:
    return fl.cast(image[..., ::-1], "float32") / 255, label


class TestBySteps:
    def test_reversed_on_one_side(self, flagged: Look) -> None:
        ds = arrays(scenes(0)).shuffle(120).map(scaled).batch(16)
        finding = flagged(ds, "FL206", against=arrays(scenes(1)).map(scaled_and_reversed).batch(16))
        assert "of the validation data give images with red and blue swapped" in finding.message
        assert "image[..., ::-1]" in finding.fix

    def test_converted_on_one_side(self, flagged: Look) -> None:
        cv2 = pytest.importorskip("cv2")

        def converted(image: Any, label: Any) -> Any:
            return scaled(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), label)

        ds = arrays(scenes(0)).shuffle(120).map(scaled).batch(16)
        flagged(ds, "FL206", against=arrays(scenes(1)).map(converted).batch(16))

    def test_reversed_where_the_data_are(self, clean: Look) -> None:
        ds = arrays(scenes(0)).shuffle(120).map(scaled).batch(16)
        clean(ds, "FL206", against=arrays(swapped(scenes(1))).map(scaled_and_reversed).batch(16))

    def test_reversed_on_both_sides(self, clean: Look) -> None:
        ds = arrays(scenes(0)).shuffle(120).map(scaled_and_reversed).batch(16)
        clean(ds, "FL206", against=arrays(scenes(1)).map(scaled_and_reversed).batch(16))

    def test_mirrored_at_random(self, clean: Look) -> None:
        def mirrored(image: Any, label: Any) -> Any:
            return scaled(fl.image.random_flip_left_right(image), label)

        ds = arrays(scenes(0)).shuffle(120).map(mirrored).batch(16)
        clean(ds, "FL206", against=arrays(scenes(1)).map(scaled).batch(16))

    def test_opencv_that_is_imported_within(self, tmp_path: Path, flagged: Look, clean: Look) -> None:
        pytest.importorskip("cv2")
        for number, image in enumerate(scenes(0, 40)):
            (tmp_path / f"{number:02}.png").write_bytes(fl.io.encode_png(image))

        def by_opencv(path: bytes) -> Any:
            import cv2 as library

            return library.imread(path.decode()).astype("f4") / 255, np.int64(0)

        def by_opencv_and_converted(path: bytes) -> Any:
            import cv2 as library

            return library.imread(path.decode())[..., ::-1].astype("f4") / 255, np.int64(0)

        def by_feedline(path: bytes) -> Any:
            return fl.cast(fl.io.decode_png(fl.io.read_file(path)), "float32") / 255, np.int64(0)

        paths = str(tmp_path / "*.png")
        ds = fl.Dataset.list_files(paths).map(by_opencv).batch(8)
        other = fl.Dataset.list_files(paths).map(by_feedline).batch(8)
        flagged(ds, "FL206", against=other)
        clean(fl.Dataset.list_files(paths).map(by_opencv_and_converted).batch(8), "FL206", against=other)
