"""JPEG files: headers, damage, sizes."""

import importlib.util
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.buffers import POOL
from feedline.errors import ArgumentError, ImageDecodeError, ImageTooLargeError
from feedline.formats.jpeg import parse_jpeg_header
from feedline.io.decode_jpeg import decode_and_crop_jpeg, decode_jpeg, extract_jpeg_shape, is_jpeg
from feedline.io.encode_jpeg import encode_jpeg

_spec = importlib.util.spec_from_file_location("jpeg_writer", Path(__file__).parents[1] / "golden" / "jpeg_writer.py")
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)

ROWS, COLUMNS = np.mgrid[0:40, 0:50]
PHOTO = np.dstack([ROWS * 5, COLUMNS * 4, 255 - ROWS * COLUMNS // 9]).astype(np.uint8)
GOOD = simplejpeg.encode_jpeg(PHOTO, 90, "RGB", "420")
PROGRESSIVE = encode_jpeg(PHOTO, progressive=True)


def with_size(contents, width, height):
    at = parse_jpeg_header(contents).frame_at + 5
    return contents[:at] + struct.pack(">HH", height, width) + contents[at + 4 :]


def test_header():
    header = parse_jpeg_header(GOOD)
    assert (header.width, header.height, header.components, header.adobe) == (50, 40, 3, False)
    assert header.factors == ((2, 2), (1, 1), (1, 1))
    assert parse_jpeg_header(PROGRESSIVE).frame == 0xC2


def test_decodes_near_to_what_was_encoded():
    for contents in (GOOD, PROGRESSIVE):
        assert np.abs(decode_jpeg(contents).astype(int) - PHOTO).mean() < 3


@pytest.mark.parametrize("ratio", [1, 2, 4, 8])
@pytest.mark.parametrize("size", [(50, 40), (1, 1), (3, 3), (5, 5), (2, 1), (7, 7), (9, 4), (17, 13)])
def test_ratio_gives_the_size_rounded_up(ratio, size):
    width, height = size
    contents = simplejpeg.encode_jpeg(np.ascontiguousarray(PHOTO[:height, :width]), 90, "RGB", "420")
    assert decode_jpeg(contents, ratio=ratio).shape == (-(-height // ratio), -(-width // ratio), 3)


def test_gray_is_one_channel_and_can_be_three():
    contents = simplejpeg.encode_jpeg(PHOTO[:, :, :1].copy(), 90, "GRAY", "GRAY")
    one, three = decode_jpeg(contents), decode_jpeg(contents, 3)
    assert one.shape == (40, 50, 1)
    np.testing.assert_array_equal(three, np.repeat(one, 3, axis=2))


@pytest.mark.parametrize("contents", [GOOD, PROGRESSIVE], ids=["baseline", "progressive"])
def test_cut_off_anywhere_it_raises(contents):
    for length in range(1, len(contents)):
        with pytest.raises(ImageDecodeError):
            decode_jpeg(contents[:length])


def test_what_is_left_of_a_cut_file_can_be_had():
    cut = GOOD[:-20]
    with pytest.raises(ImageDecodeError, match="try_recover_truncated"):
        decode_jpeg(cut)
    image = decode_jpeg(cut, try_recover_truncated=True)
    assert image.shape == PHOTO.shape
    np.testing.assert_array_equal(image[:8], decode_jpeg(GOOD)[:8])


def test_a_warning_of_the_decoder_is_an_error():
    at = GOOD.rindex(b"\xff\xd9")
    with pytest.raises(ImageDecodeError, match="extraneous bytes"):
        decode_jpeg(GOOD[:at] + bytes(100) + GOOD[at:])


@settings(deadline=None, max_examples=300)
@given(
    at=st.integers(2, len(GOOD) - 1),
    value=st.integers(0, 255),
    progressive=st.booleans(),
    recover=st.booleans(),
)
def test_damage_never_crashes(at, value, progressive, recover):
    damaged = bytearray(PROGRESSIVE if progressive else GOOD)
    damaged[min(at, len(damaged) - 1)] = value
    try:
        image = decode_jpeg(bytes(damaged), 3, try_recover_truncated=recover)
    except ImageDecodeError:
        return
    assert image.ndim == 3


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=80))
def test_bytes_that_only_begin_like_a_jpeg_never_crash(tail):
    for contents in (b"\xff\xd8\xff" + tail, GOOD[:100] + tail, GOOD[:160] + tail):
        with pytest.raises(ImageDecodeError):
            decode_jpeg(contents)


def test_a_large_header_is_refused():
    with pytest.raises(ImageTooLargeError, match="65,535 x 65,535"):
        decode_jpeg(with_size(GOOD, 65535, 65535))
    with pytest.raises(ImageDecodeError, match="cannot hold"):
        decode_jpeg(with_size(GOOD, 20000, 8000))


def test_too_many_scans_are_refused():
    start = PROGRESSIVE.index(b"\xff\xda")
    many = PROGRESSIVE[:start] + b"\xff\xda\0\x08\1\1\0\0\0\0" * 600
    with pytest.raises(ImageDecodeError, match="600 scans"):
        decode_jpeg(many)


@pytest.mark.parametrize(
    ("frame", "message"), [(0xC3, "lossless"), (0xC5, "hierarchical"), (0xC7, "hierarchical"), (0xCB, "lossless or")]
)
def test_kinds_that_are_not_decoded_are_named(frame, message):
    at = parse_jpeg_header(GOOD).frame_at
    with pytest.raises(ImageDecodeError, match=message):
        decode_jpeg(GOOD[: at + 1] + bytes([frame]) + GOOD[at + 2 :])


def test_twelve_bits_are_refused():
    at = parse_jpeg_header(GOOD).frame_at
    with pytest.raises(ImageDecodeError, match="12 bits"):
        decode_jpeg(GOOD[: at + 4] + b"\x0c" + GOOD[at + 5 :])


def test_two_components_are_refused():
    with pytest.raises(ImageDecodeError, match="2 components"):
        decode_jpeg(writer.write_flat_jpeg(8, 8, [(1, 1), (1, 1)], np.random.default_rng(0)))


@pytest.mark.parametrize("factors", [[(4, 2), (1, 1), (1, 1)], [(3, 1), (1, 1), (1, 1)], [(1, 1), (2, 2), (2, 2)]])
@pytest.mark.parametrize("ratio", [1, 2, 4, 8])
def test_rare_sampling_factors_decode(factors, ratio):
    contents = writer.write_flat_jpeg(37, 29, factors, np.random.default_rng(0))
    for channels in (1, 3):
        assert decode_jpeg(contents, channels, ratio).shape == (-(-29 // ratio), -(-37 // ratio), channels)
    with pytest.raises(ImageDecodeError):
        decode_jpeg(contents[:-2])


def test_rare_sampling_factors_of_ink_are_refused():
    contents = writer.write_flat_jpeg(20, 20, [(2, 1), (1, 1), (1, 1), (1, 1)], np.random.default_rng(0), adobe=0)
    with pytest.raises(ImageDecodeError, match="sampling factors"):
        decode_jpeg(contents)


def test_crop_is_a_part_of_the_whole():
    whole = decode_jpeg(GOOD)
    crop = decode_and_crop_jpeg(GOOD, np.array([3, 7, 20, 30], np.int32))
    np.testing.assert_array_equal(crop, whole[3:23, 7:37])
    assert crop.flags.c_contiguous


@pytest.mark.parametrize(
    "window",
    [[0, 0, 41, 5], [0, 0, 5, 51], [-1, 0, 5, 5], [0, 0, 0, 5], [0, 0, 5], [[0, 0, 5, 5]], [0, 0, 5, 5.5], None],
)
def test_crop_windows_that_cannot_be(window):
    with pytest.raises(ArgumentError, match="window"):
        decode_and_crop_jpeg(GOOD, window)


def test_crop_takes_jpeg_alone():
    with pytest.raises(ImageDecodeError, match="takes JPEG"):
        decode_and_crop_jpeg(b"GIF89a", [0, 0, 1, 1])


def test_shape_needs_the_header_alone():
    at = parse_jpeg_header(GOOD).frame_at
    shape = extract_jpeg_shape(GOOD[: at + 40], "int64")
    assert shape.tolist() == [40, 50, 3]
    assert shape.dtype == np.int64
    with pytest.raises(ImageDecodeError):
        extract_jpeg_shape(GOOD[: at + 4])


def test_is_jpeg():
    assert is_jpeg(GOOD)
    assert not is_jpeg(b"\xff\xd8")
    assert is_jpeg(np.array([GOOD, b"GIF"], object)).tolist() == [True, False]


@pytest.mark.parametrize(
    "options", [{"ratio": 3}, {"dct_method": "FAST"}, {"acceptable_fraction": 0.5}, {"channels": 2}, {"channels": 4}]
)
def test_arguments_that_cannot_be(options):
    with pytest.raises(ArgumentError):
        decode_jpeg(GOOD, **options)


def test_other_decodings_differ_from_the_default():
    default = decode_jpeg(GOOD)
    assert (decode_jpeg(GOOD, dct_method="INTEGER_FAST") == default).all()
    assert (decode_jpeg(GOOD, dct_method="INTEGER_ACCURATE") != default).any()
    assert (decode_jpeg(GOOD, fancy_upscaling=False) != default).any()


def test_what_cannot_be_recovered_is_an_error_and_never_another_image() -> None:
    image = np.random.default_rng(0).integers(0, 255, (260, 300, 3), np.uint8)
    whole = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    first = whole.index(b"\xff\xda")
    second = whole.index(b"\xff\xda", first + 2)
    # a warning, and then an error, which libjpeg-turbo then reports as a warning too
    damaged = whole[:second] + b"junk\xff\xd8" + whole[second:]
    for value in (3, 171):
        POOL.empty((260, 300, 3), np.dtype(np.uint8))[...] = value
        with pytest.raises(ImageDecodeError, match="nothing of it is left"):
            decode_jpeg(damaged, try_recover_truncated=True)
