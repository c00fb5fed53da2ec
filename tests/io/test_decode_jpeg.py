"""Windows of JPEGs: exactly the window of the whole image, though the rows below are not decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_sample_images

import feedline as fl

PHOTO = np.ascontiguousarray(load_sample_images().images[0][:203, :317])


def by_opencv(*options: int) -> bytes:
    return cv2.imencode(".jpg", PHOTO[:, :, ::-1], options)[1].tobytes()


FILES = {
    **{name: simplejpeg.encode_jpeg(PHOTO, 85, colorsubsampling=name) for name in ("444", "422", "420", "440", "411")},
    "gray": simplejpeg.encode_jpeg(PHOTO[:, :, :1].copy(), 85, colorspace="GRAY"),
    "progressive": by_opencv(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "with restart markers": by_opencv(cv2.IMWRITE_JPEG_RST_INTERVAL, 3),
    "with its own tables": by_opencv(cv2.IMWRITE_JPEG_OPTIMIZE, 1),
}
OPTIONS = [
    {},
    {"channels": 1},
    {"channels": 3},
    {"ratio": 2},
    {"fancy_upscaling": False},
    {"dct_method": "INTEGER_ACCURATE"},
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.sampled_from(OPTIONS), st.data())
def test_a_window_is_that_of_the_image(name, options, data) -> None:
    whole = fl.io.decode_jpeg(FILES[name], **options)
    top, left = (data.draw(st.integers(0, length - 1)) for length in whole.shape[:2])
    height = data.draw(st.integers(1, whole.shape[0] - top))
    width = data.draw(st.integers(1, whole.shape[1] - left))
    window = fl.io.decode_and_crop_jpeg(FILES[name], [top, left, height, width], **options)
    assert np.array_equal(window, whole[top : top + height, left : left + width])


def test_a_window_of_ink() -> None:
    ink = np.dstack([PHOTO, PHOTO[:, :, 0]])
    contents = simplejpeg.encode_jpeg(np.ascontiguousarray(ink), 85, colorspace="CMYK")
    whole = fl.io.decode_jpeg(contents)
    assert np.array_equal(fl.io.decode_and_crop_jpeg(contents, [3, 4, 50, 60]), whole[3:53, 4:64])


@pytest.mark.parametrize("window", [[0, 0, 204, 10], [200, 0, 10, 10], [-1, 0, 5, 5], [0, 310, 5, 10], [3, 3, 0, 2]])
def test_a_window_outside_is_told(window) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="203 rows and 317 columns"):
        fl.io.decode_and_crop_jpeg(FILES["420"], window)


@pytest.mark.parametrize("name", ["420", "444", "progressive"])
def test_a_file_that_is_cut_off_is_told(name) -> None:
    contents = FILES[name]
    for length in (len(contents) // 3, len(contents) // 2, len(contents) - 40):
        with pytest.raises(fl.errors.ImageDecodeError):
            fl.io.decode_and_crop_jpeg(contents[:length], [2, 3, 60, 50])


def test_damage_in_the_window_is_told() -> None:
    contents = bytearray(FILES["420"])
    start = contents.index(b"\xff\xda") + 14
    contents[start + 300 : start + 340] = b"\xff\xd9" * 20
    with pytest.raises(fl.errors.ImageDecodeError):
        fl.io.decode_and_crop_jpeg(bytes(contents), [0, 0, 120, 50])
