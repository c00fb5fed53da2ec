"""Which function takes which format, arguments, and encoding."""

import cv2
import numpy as np
import pytest

from feedline.errors import ArgumentError, DtypeError, FeedlineError, ImageDecodeError, ShapeError
from feedline.formats.signature import describe, image_format
from feedline.io.decode_bmp import decode_bmp
from feedline.io.decode_gif import decode_gif
from feedline.io.decode_image import decode_image
from feedline.io.decode_jpeg import decode_jpeg
from feedline.io.decode_png import decode_png
from feedline.io.decode_webp import decode_webp
from feedline.io.encode_jpeg import encode_jpeg
from feedline.io.encode_png import encode_png

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 5, 3)).astype(np.uint8)
PNG, JPEG = encode_png(IMAGE), encode_jpeg(IMAGE)
WEBP = cv2.imencode(".webp", IMAGE[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
DECODERS = (decode_png, decode_jpeg, decode_gif, decode_bmp, decode_webp, decode_image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("compression", [-1, 0, 9])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_gives_back_what_was_encoded(channels, compression, dtype):
    image = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (7, 9, channels), dtype, endpoint=True)
    image[3:, 2:] = image[3, 2]
    np.testing.assert_array_equal(decode_png(encode_png(image, compression), dtype=dtype), image)


def test_png_of_views_and_batches():
    batch = np.random.default_rng(1).integers(0, 256, (2, 3, 4, 5, 1)).astype(np.uint8)
    coded = encode_png(batch[:, :, ::-1, ::2])
    assert coded.shape == (2, 3)
    np.testing.assert_array_equal(decode_png(coded[1, 2]), batch[1, 2, ::-1, ::2])


def test_png_is_smaller_for_being_filtered():
    ramp = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)[:, :, None]
    assert len(encode_png(ramp)) < 300 < len(encode_png(ramp, 0))


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (IMAGE.astype(np.float32), DtypeError),
        (IMAGE.astype(np.int64), DtypeError),
        (IMAGE[:, :, 0], ShapeError),
        (np.zeros((3, 3, 5), np.uint8), ShapeError),
        (np.zeros((0, 3, 3), np.uint8), ShapeError),
    ],
)
@pytest.mark.parametrize("encode", [encode_png, encode_jpeg])
def test_images_that_do_not_encode(encode, image, error):
    with pytest.raises(error):
        encode(image)


@pytest.mark.parametrize(
    "options", [{"quality": 101}, {"format": "cmyk"}, {"format": "grayscale"}, {"xmp_metadata": "x"}]
)
def test_jpeg_options_that_cannot_be(options):
    with pytest.raises(ArgumentError):
        encode_jpeg(IMAGE, **options)
    with pytest.raises(ArgumentError):
        encode_png(IMAGE, 10)


def test_jpeg_density_is_written():
    coded = encode_jpeg(IMAGE, density_unit="cm", x_density=100, y_density=258)
    assert coded[6:18] == b"JFIF\0" + coded[11:13] + b"\2\0\x64\1\2"
    assert decode_jpeg(coded).shape == IMAGE.shape


def test_jpeg_is_near():
    ramp = np.dstack([np.add.outer(np.arange(64), np.arange(64))] * 3).astype(np.uint8)
    for image in (ramp, ramp[:, :, :1]):
        assert np.abs(decode_jpeg(encode_jpeg(image)).astype(int) - image).max() < 6


def test_functions_take_each_others_formats_as_tensorflows_do():
    np.testing.assert_array_equal(decode_jpeg(PNG), IMAGE)
    np.testing.assert_array_equal(decode_gif(PNG), IMAGE[None])
    np.testing.assert_array_equal(decode_png(JPEG), decode_jpeg(JPEG))
    np.testing.assert_array_equal(decode_gif(JPEG), decode_jpeg(JPEG)[None])
    np.testing.assert_array_equal(decode_webp(WEBP), IMAGE[None])
    np.testing.assert_array_equal(decode_image(WEBP, expand_animations=False), IMAGE)


@pytest.mark.parametrize(
    ("decode", "contents", "message"),
    [
        (decode_bmp, PNG, "begin like a PNG file"),
        (decode_png, WEBP, "begin like a WebP file"),
        (decode_webp, JPEG, "begin like a JPEG file"),
        (decode_image, b"\x93NUMPY\1\0", "decode_npy"),
        (decode_image, b"<!DOCTYPE html><html>", "begin like a HTML file"),
        (decode_image, b"hello", "5 bytes of no known format"),
    ],
)
def test_another_format_is_named(decode, contents, message):
    with pytest.raises(ImageDecodeError, match=message):
        decode(contents)


@pytest.mark.parametrize("decode", DECODERS)
def test_contents_that_are_not_bytes(decode):
    with pytest.raises(ImageDecodeError, match="no bytes at all"):
        decode(b"")
    with pytest.raises(DtypeError, match="text") as caught:
        decode("cat.png")
    assert "fl.io.read_file" in caught.value.fix
    with pytest.raises(ShapeError, match="array of"):
        decode(np.array([PNG, PNG], object))
    with pytest.raises(DtypeError, match="uint8 array"):
        decode(IMAGE)
    with pytest.raises(DtypeError, match="NoneType"):
        decode(None)


def test_scalars_that_hold_bytes_decode():
    for contents in (np.array(PNG, object), bytearray(PNG), memoryview(PNG)):
        np.testing.assert_array_equal(decode_image(contents), IMAGE)


@pytest.mark.parametrize("channels", [2, 5, -1, "3", True, 3.5])
def test_channels_that_cannot_be(channels):
    with pytest.raises(ArgumentError, match="channels="):
        decode_png(PNG, channels)
    with pytest.raises(ArgumentError, match="channels="):
        decode_image(PNG, channels)


def test_dtypes():
    with pytest.raises(DtypeError, match="uint8 or uint16"):
        decode_png(PNG, dtype="float32")
    with pytest.raises(DtypeError):
        decode_webp(WEBP, dtype="uint16")
    with pytest.raises(FeedlineError):
        decode_image(PNG, dtype="bool")
    np.testing.assert_array_equal(decode_image(PNG, dtype="uint16"), IMAGE * np.uint16(257))
    np.testing.assert_allclose(decode_image(PNG, dtype="float32"), IMAGE / 255, atol=1e-6)
    np.testing.assert_array_equal(decode_image(JPEG, dtype="uint16"), decode_jpeg(JPEG) * np.uint16(256))
    assert decode_image(JPEG, dtype="float64").max() <= 1


def test_channels_that_a_format_lacks():
    with pytest.raises(ArgumentError, match="JPEG"):
        decode_image(JPEG, 4)
    with pytest.raises(ArgumentError, match="WebP"):
        decode_image(WEBP, 1)
    with pytest.raises(ArgumentError, match="3 channels"):
        decode_webp(WEBP, 4)


def test_damaged_webp():
    for length in (1, 13, 25, len(WEBP) - 1):
        with pytest.raises(ImageDecodeError):
            decode_webp(WEBP[:length])
    with pytest.raises(ImageDecodeError, match="does not decode"):
        decode_webp(WEBP[:20] + bytes(len(WEBP) - 20))
    with pytest.raises(ImageDecodeError, match="animated"):
        decode_webp(b"RIFF\x0d\0\0\0WEBPVP8X\n\0\0\0\2")


def test_formats_by_their_first_bytes():
    assert [image_format(contents) for contents in (PNG, JPEG, WEBP, b"BM", b"GIF8", b"RIFF----WAVE")] == [
        "PNG",
        "JPEG",
        "WebP",
        "BMP",
        "GIF",
        None,
    ]
    assert describe(b"x").startswith("1 byte of")
    assert describe(b"PK\3\4" + bytes(2000)) == "2,004 bytes that begin like a ZIP (or .npz) file"
