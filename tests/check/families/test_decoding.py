"""FL407: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]


def jpeg(height: int, width: int) -> bytes:
    return fl.io.encode_jpeg(np.full((height, width, 3), 100, np.uint8))


def files(*contents: bytes) -> Any:
    return fl.Dataset.from_tensor_slices([contents[number % len(contents)] for number in range(24)])


PHOTO = jpeg(300, 400)


def load(contents: bytes) -> Any:
    return fl.image.resize(fl.io.decode_jpeg(contents, channels=3), [60, 80]) / 255


class TestDecodeThenResize:
    def test_a_jpeg(self, flagged: Look) -> None:
        finding = flagged(files(PHOTO).map(load).batch(4), "FL407")
        assert finding.severity == "hint"
        assert finding.message == "images are decoded to full size and then made 4 times smaller or more."
        assert finding.seen.startswith("decode_jpeg makes 300x400 pixels, of which 60x80 are left; so in ")
        assert finding.seen.endswith("with ratio=4")
        assert "write fl.io.decode_jpeg(contents, ratio=4)" in finding.fix
        assert "decode_jpeg(contents, channels=3)" in finding.where[0]
        assert "map(load)" in finding.where[-1]

    def test_with_a_ratio(self, clean: Look) -> None:
        def smaller(contents: bytes) -> Any:
            return fl.image.resize(fl.io.decode_jpeg(contents, channels=3, ratio=4), [60, 80]) / 255

        clean(files(PHOTO).map(smaller).batch(4), "FL407")

    def test_nearly_as_large(self, clean: Look) -> None:
        def load(contents: bytes) -> Any:
            return fl.image.resize(fl.io.decode_jpeg(contents), [160, 220])

        clean(files(PHOTO).map(load).batch(4), "FL407")

    def test_small_images(self, clean: Look) -> None:
        clean(files(jpeg(150, 180)).map(lambda each: fl.image.resize(fl.io.decode_jpeg(each), [20, 20])), "FL407")

    def test_no_resize(self, clean: Look) -> None:
        clean(files(PHOTO).map(lambda contents: fl.io.decode_jpeg(contents)).batch(4), "FL407")

    def test_a_crop_in_between(self, clean: Look) -> None:
        def load(contents: bytes) -> Any:
            image = fl.io.decode_jpeg(contents)
            return fl.image.resize(fl.image.crop_to_bounding_box(image, 0, 0, 64, 64), [32, 32])

        clean(files(PHOTO).map(load).batch(4), "FL407")

    def test_steps_of_their_own(self, flagged: Look) -> None:
        def decode(contents: bytes) -> Any:
            return fl.io.decode_image(contents, channels=3)

        ds = files(PHOTO).map(decode).map(lambda image: fl.image.resize(image, [60, 80])).batch(4)
        finding = flagged(ds, "FL407")
        assert finding.seen.startswith("decode_image makes 300x400")
        assert "map(decode)" in finding.where[-1]

    def test_from_files(self, flagged: Look, tmp_path: Any) -> None:
        for number in range(4):
            (tmp_path / f"{number}.jpg").write_bytes(PHOTO)
        ds = fl.Dataset.list_files(str(tmp_path / "*.jpg")).map(lambda path: load(fl.io.read_file(path))).batch(2)
        flagged(ds, "FL407")

    def test_images_of_several_sizes(self, flagged: Look) -> None:
        finding = flagged(files(PHOTO, jpeg(400, 500)).map(load).batch(4), "FL407")
        assert "fl.io.extract_jpeg_shape" in finding.fix

    def test_padding(self, flagged: Look, clean: Look) -> None:
        def padded(size: int) -> Any:
            return files(jpeg(100, 1000)).map(
                lambda contents: fl.image.resize_with_pad(fl.io.decode_jpeg(contents), size, size)
            )

        flagged(padded(200).batch(4), "FL407")
        clean(padded(600).batch(4), "FL407")

    def test_pngs_have_no_such_way(self, flagged: Look, clean: Look) -> None:
        png = fl.io.encode_png(np.zeros((300, 400, 3), np.uint8))

        def loaded(size: list[int]) -> Any:
            return files(png).map(lambda contents: fl.image.resize(fl.io.decode_png(contents), size)).batch(4)

        assert "Write the files anew once" in flagged(loaded([60, 80]), "FL407").fix
        clean(loaded([120, 160]), "FL407")

    def test_image_dataset_from_directory(self, flagged: Look, tmp_path: Any) -> None:
        pytest.importorskip("keras")
        from feedline.keras import image_dataset_from_directory

        for name in ("cat", "dog"):
            (tmp_path / name).mkdir()
            for number in range(3):
                (tmp_path / name / f"{number}.jpg").write_bytes(PHOTO)
        ds = image_dataset_from_directory(tmp_path, image_size=(60, 60), batch_size=2, verbose=False)
        assert flagged(ds, "FL407").fix.startswith("Write the files anew once")
