"""BMP files."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import ArgumentError, ImageDecodeError, ImageTooLargeError
from feedline.io.decode_bmp import decode_bmp

IMAGE = np.random.default_rng(0).integers(0, 256, (3, 5, 4)).astype(np.uint8)


def bmp(pixels, *, top_down=False, compression=0, between=b"", header=40, height=None, width=None, bits=None):
    """Returns a BMP of BGR(A) or grey pixels (height, width, channels)."""
    rows, columns, channels = pixels.shape
    padded = np.zeros((rows, (columns * channels + 3) // 4 * 4), np.uint8)
    padded[:, : columns * channels] = pixels.reshape(rows, -1)
    data = (padded if top_down else padded[::-1]).tobytes()
    start = 54 + len(between)
    signed = height if height is not None else (-rows if top_down else rows)
    info = struct.pack("<IiiHHI", header, width or columns, signed, 1, bits or 8 * channels, compression) + bytes(20)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + between + data


@pytest.mark.parametrize("top_down", [False, True])
def test_colour(top_down):
    bgr, bgra = IMAGE[:, :, :3], IMAGE
    contents = bmp(bgr, top_down=top_down)
    np.testing.assert_array_equal(decode_bmp(contents), bgr[:, :, ::-1])
    np.testing.assert_array_equal(decode_bmp(contents, 4)[:, :, 3], 255)
    contents = bmp(bgra, top_down=top_down)
    np.testing.assert_array_equal(decode_bmp(contents), bgra[:, :, [2, 1, 0, 3]])
    np.testing.assert_array_equal(decode_bmp(contents, 3), bgra[:, :, 2::-1])


def test_gray():
    palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1).tobytes()
    contents = bmp(IMAGE[:, :, :1], between=palette)
    np.testing.assert_array_equal(decode_bmp(contents), IMAGE[:, :, :1])
    np.testing.assert_array_equal(decode_bmp(contents, 4)[:, :, :3], np.repeat(IMAGE[:, :, :1], 3, axis=2))
    with pytest.raises(ArgumentError, match="channels=1"):
        decode_bmp(contents, 1)


def test_bit_fields_in_the_usual_order():
    masks = struct.pack("<3I", 0xFF0000, 0xFF00, 0xFF)
    np.testing.assert_array_equal(decode_bmp(bmp(IMAGE, compression=3, between=masks), 3), IMAGE[:, :, 2::-1])
    with pytest.raises(ImageDecodeError, match="order"):
        decode_bmp(bmp(IMAGE, compression=3, between=masks[::-1]))


GOOD = bmp(IMAGE[:, :, :3])
DEFECTS = {
    "palette": (bmp(IMAGE[:, :, :1], between=bytes(8)), "palette of colours"),
    "OS/2": (bmp(IMAGE, header=12), "OS/2"),
    "compressed": (bmp(IMAGE[:, :, :1], compression=1), "compressed"),
    "16 bits": (bmp(IMAGE[:, :, :2]), "16 bits"),
    "width 0": (GOOD[:18] + bytes(4) + GOOD[22:], "0 x 3"),
    "height 0": (bmp(IMAGE, height=0), "5 x 0"),
    "too long": (GOOD + b"x", "need 48 bytes; there are 49"),
    "another size": (bmp(IMAGE, height=4), "need 80 bytes; there are 60"),
    "not a BMP": (b"PM" + GOOD[2:], "decode_bmp takes BMP"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_are_named(name):
    contents, message = DEFECTS[name]
    with pytest.raises(ImageDecodeError, match=message):
        decode_bmp(contents)


@pytest.mark.parametrize("height", [2**31 - 1, -(2**31)])
def test_too_many_pixels_are_refused(height):
    with pytest.raises(ImageTooLargeError):
        decode_bmp(bmp(IMAGE, height=height, width=2**31 - 1))


def test_cut_off_anywhere_it_raises():
    for length in range(len(GOOD)):
        with pytest.raises(ImageDecodeError):
            decode_bmp(GOOD[:length])


@settings(deadline=None, max_examples=300)
@given(at=st.integers(0, 53), value=st.integers(0, 255))
def test_damage_to_the_header_never_crashes(at, value):
    damaged = bytearray(GOOD)
    damaged[at] = value
    with contextlib.suppress(ImageDecodeError):
        assert decode_bmp(bytes(damaged)).size == 45
