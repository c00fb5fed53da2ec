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
