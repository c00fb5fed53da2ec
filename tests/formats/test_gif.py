"""GIF files: LZW, frames, damage."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import ImageDecodeError, ImageTooLargeError
from feedline.io.decode_gif import decode_gif
from feedline.io.decode_image import decode_image
from feedline.kernels.lzw import BAD_CODE, CUT_OFF, ENDED_EARLY, OK, lzw_decode

PALETTE = np.random.default_rng(0).integers(0, 256, (256, 3)).astype(np.uint8)


def lzw_encode(pixels, bits):
    """Compresses as the GIF specification says, with a clear code whenever the dictionary is full."""
    clear, _out, held = 1 << bits, [], 0
    size, known, table = bits + 1, {(value,): value for value in range(1 << bits)}, ()
    shift = 0

    def emit(code):
        nonlocal held, shift
        held |= code << shift
        shift += size

    emit(clear)
    following = clear + 2
    for value in pixels.tolist():
        longer = (*table, value)
        if longer in known:
            table = longer
            continue
        emit(known[table])
        if following < 4096:
            known[longer] = following
            if following == 1 << size and size < 12:
                size += 1
            following += 1
        else:
            emit(clear)
            size, known, following = bits + 1, {(v,): v for v in range(1 << bits)}, clear + 2
        table = (value,)
    emit(known[table])
    if following == 1 << size and size < 12:
        size += 1
    emit(clear + 1)
    return held.to_bytes((shift + 7) // 8, "little")


def blocks(data):
    return b"".join(bytes([len(part)]) + part for part in (data[i : i + 255] for i in range(0, len(data), 255))) + b"\0"


def frame(indices, left=0, top=0, bits=8, interlaced=False, transparent=None, palette=None):
    height, width = indices.shape
    control = b""
    if transparent is not None:
        control = b"\x21\xf9\4" + bytes([1, 0, 0, transparent]) + b"\0"
    order = indices
    if interlaced:
        order = np.concatenate([indices[0::8], indices[4::8], indices[2::4], indices[1::2]])
    flags = (0x40 if interlaced else 0) | (0x80 | (len(palette) // 2).bit_length() - 1 if palette is not None else 0)
    head = b"\x2c" + struct.pack("<HHHHB", left, top, width, height, flags)
    own = palette.tobytes() if palette is not None else b""
    return control + head + own + bytes([bits]) + blocks(lzw_encode(order.reshape(-1), bits))


def gif(*frames, width=9, height=7, palette=PALETTE, end=b"\x3b"):
    flags = 0x80 | (len(palette) // 2).bit_length() - 1 if palette is not None else 0
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0)
    return head + (palette.tobytes() if palette is not None else b"") + b"".join(frames) + end


INDICES = np.random.default_rng(1).integers(0, 256, (7, 9))
GOOD = gif(frame(INDICES), frame(INDICES[:3, :4], 2, 1, transparent=int(INDICES[0, 0])))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_lzw_gives_its_pixels_back(data):
    bits = data.draw(st.integers(2, 8))
    count = data.draw(st.sampled_from([1, 2, 30, 300, 20_000]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    spread = data.draw(st.integers(1, 1 << bits))
    pixels = rng.integers(0, spread, count).astype(np.uint8)
    if data.draw(st.booleans()):
        pixels = np.repeat(pixels, 7)[:count]
    out = np.empty(count, np.uint8)
    coded = np.frombuffer(lzw_encode(pixels, bits), np.uint8)
    assert lzw_decode(coded, bits, out) == (count, OK)
    np.testing.assert_array_equal(out, pixels)
    written, status = lzw_decode(coded[: coded.size // 3], bits, out)
    assert written < count or count < 4
    assert status in (CUT_OFF, OK)
    assert lzw_decode(coded, bits, np.empty(count + 1, np.uint8)) == (count, ENDED_EARLY)


def test_lzw_refuses_codes_it_has_not_defined():
    out = np.empty(5, np.uint8)
    # Of 3 bits each: clear (4), then 6, which is not known; and clear, 1, 7 where 6 would be next.
    assert lzw_decode(np.array([0b110_100], np.uint8), 2, out) == (0, BAD_CODE)
    assert lzw_decode(np.array([0b11_001_100, 0b1], np.uint8), 2, out) == (1, BAD_CODE)
    assert lzw_decode(np.zeros(3, np.uint8), 9, out) == (0, BAD_CODE)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.integers(0, 10), st.integers(0, 5000))
def test_lzw_never_crashes(data, bits, count):
    out = np.zeros(count + 8, np.uint8)
    out[count:] = 77
    written, status = lzw_decode(np.frombuffer(data, np.uint8), bits, out[:count])
    assert 0 <= written <= count
    assert status in (OK, CUT_OFF, ENDED_EARLY, BAD_CODE)
    assert (out[count:] == 77).all()


def test_frames_are_drawn_over_one_another():
    frames = decode_gif(GOOD)
    assert frames.shape == (2, 7, 9, 3)
    np.testing.assert_array_equal(frames[0], PALETTE[INDICES])
    wanted = PALETTE[INDICES]
    part = INDICES[:3, :4]
    shown = part != INDICES[0, 0]
    wanted[1:4, 2:6][shown] = PALETTE[part][shown]
    np.testing.assert_array_equal(frames[1], wanted)


def test_the_canvas_is_as_large_as_the_frames_and_black():
    frames = decode_gif(gif(frame(INDICES[:2, :3], 1, 1), frame(INDICES[:4, :5])))
    assert frames.shape == (2, 4, 5, 3)
    assert not frames[0, 0].any()
    assert not frames[0, :, 0].any()
    np.testing.assert_array_equal(frames[0, 1:3, 1:4], PALETTE[INDICES[:2, :3]])


def test_interlaced_rows_and_a_palette_of_its_own():
    own = PALETTE[::-1].copy()
    np.testing.assert_array_equal(decode_gif(gif(frame(INDICES, interlaced=True)))[0], PALETTE[INDICES])
    np.testing.assert_array_equal(decode_gif(gif(frame(INDICES, palette=own), palette=None))[0], own[INDICES])


def test_a_frame_beyond_the_canvas_is_cut():
    frames = decode_gif(gif(frame(INDICES), frame(INDICES, 5, 60_000), frame(INDICES, 5, 3)))
    np.testing.assert_array_equal(frames[1], frames[0])
    np.testing.assert_array_equal(frames[2, 3:, 5:], PALETTE[INDICES[:4, :4]])


def test_the_first_frame_alone():
    np.testing.assert_array_equal(decode_image(GOOD, expand_animations=False), decode_gif(GOOD)[0])


SMALL = gif(frame(INDICES[:2, :2] % 4, bits=2), palette=PALETTE[:4])
DEFECTS = {
    "no palette": (gif(frame(INDICES), palette=None), "no palette"),
    "no frames": (gif(), "no frames"),
    "not a block": (gif(b"\x99"), "a block begins with 153"),
    "no end": (gif(frame(INDICES), end=b""), "cut off"),
    "width 0": (gif(b"\x2c" + bytes(9) + b"\x08\0"), "a frame is 0 x 0"),
    "bits": (gif(b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x0c\0"), "12 bits"),
    "control": (gif(b"\x21\xf9\3abc\0", frame(INDICES)), "holds 3 bytes"),
    "colour": (gif(frame(INDICES[:2, :2] % 8, bits=3), palette=PALETTE[:2]), "of a palette of 2"),
    "few pixels": (gif(b"\x2c" + struct.pack("<HHHHB", 0, 0, 9, 9, 0) + frame(INDICES)[10:]), "of 81 pixels"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_are_named(name):
    contents, message = DEFECTS[name]
    with pytest.raises(ImageDecodeError, match=message) as caught:
        decode_gif(contents)
    assert "of the GIF" in caught.value.where[0]


def test_too_many_pixels_are_refused():
    tiny = frame(np.zeros((1, 1), int))
    large = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x08\0"
    with pytest.raises(ImageTooLargeError):
        decode_gif(gif(tiny, large))


@pytest.mark.parametrize("contents", [SMALL, GOOD[:13] + GOOD[13:]], ids=["small", "frames"])
def test_cut_off_anywhere_it_raises(contents):
    for length in range(len(contents)):
        with pytest.raises(ImageDecodeError):
            decode_gif(contents[:length])


@settings(deadline=None, max_examples=300)
@given(at=st.integers(6, len(SMALL) - 1), value=st.integers(0, 255))
def test_damage_never_crashes(at, value):
    damaged = bytearray(SMALL)
    damaged[at] = value
    with contextlib.suppress(ImageDecodeError):
        assert decode_gif(bytes(damaged)).ndim == 4
