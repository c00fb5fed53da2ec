"""PNG against TensorFlow, on files of every kind."""

import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import ImageDecodeError
from feedline.io.decode_png import decode_png
from feedline.io.encode_png import encode_png

tf = pytest.importorskip("tensorflow")

_spec = importlib.util.spec_from_file_location("png_writer", Path(__file__).parents[1] / "golden" / "png_writer.py")
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_every_kind_to_every_kind(data):
    colour = data.draw(st.sampled_from([0, 2, 3, 4, 6]))
    depth = data.draw(st.sampled_from(writer.DEPTHS[colour]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    shape = (data.draw(st.integers(1, 18)), data.draw(st.integers(1, 18)), writer.CHANNELS[colour])
    samples = rng.integers(0, 2**depth, shape)
    if colour in (2, 6):
        gray = rng.integers(0, 2, shape[:2]).astype(bool)
        samples[gray, :3] = samples[gray, :1]
    transparency = None
    if colour in (0, 2, 3) and data.draw(st.booleans()):
        if colour == 3:
            transparency = rng.bytes(int(rng.integers(1, 2**depth + 1)))
        else:
            transparency = struct.pack(f">{shape[2]}H", *samples[0, 0].tolist())
    before = b""
    if data.draw(st.booleans()):
        gamma = data.draw(st.one_of(st.just(45455), st.integers(0, 300_000)))
        kinds = {
            "gAMA": writer.chunk(b"gAMA", struct.pack(">I", gamma)),
            "sRGB": writer.chunk(b"sRGB", bytes([data.draw(st.integers(0, 4))])),
        }
        before = b"".join(kinds[kind] for kind in data.draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3)))
        if depth == 16:
            before += writer.chunk(b"sBIT", bytes([data.draw(st.integers(1, 16))] * shape[2]))
    contents = writer.write_png(
        samples,
        depth,
        colour,
        interlace=data.draw(st.integers(0, 1)),
        palette=rng.bytes(3 << depth) if colour == 3 else None,
        transparency=transparency,
        before_palette=before,
    )
    for channels in (0, 1, 3, 4):
        for dtype in ("uint8", "uint16"):
            wanted = tf.io.decode_png(contents, channels, tf.as_dtype(dtype)).numpy()
            got = decode_png(contents, channels, dtype)
            assert got.dtype == wanted.dtype
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_encoded_tensorflow_decodes(channels, dtype):
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (2, 7, 5, channels), dtype, endpoint=True)
    coded = encode_png(image)
    for contents, wanted in zip(coded, image, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(contents, dtype=tf.as_dtype(dtype)).numpy(), wanted)


def test_what_tensorflow_encodes_is_decoded():
    image = np.random.default_rng(0).integers(0, 65536, (40, 30, 4)).astype(np.uint16)
    np.testing.assert_array_equal(decode_png(tf.io.encode_png(image).numpy(), dtype="uint16"), image)
    np.testing.assert_array_equal(decode_png(tf.io.encode_png((image >> 8).astype(np.uint8))), image >> 8)


def test_whatever_tensorflow_refuses_is_refused():
    contents = writer.write_png(np.random.default_rng(0).integers(0, 256, (4, 5, 3)), 8, 2)
    for length in range(len(contents)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.io.decode_png(contents[:length])
        with pytest.raises(ImageDecodeError):
            decode_png(contents[:length])
