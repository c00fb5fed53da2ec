"""PNG files: what is checked, and that no damage crashes or goes unnoticed."""

import importlib.util
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import ImageDecodeError, ImageTooLargeError
from feedline.io.decode_png import decode_png

_spec = importlib.util.spec_from_file_location("png_writer", Path(__file__).parents[1] / "golden" / "png_writer.py")
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)
chunk, header, write_png, SIGNATURE = writer.chunk, writer.header, writer.write_png, writer.SIGNATURE

RNG = np.random.default_rng(1)
RGB = RNG.integers(0, 256, (5, 6, 3))
GOOD = write_png(RGB, 8, 2, before_data=chunk(b"tEXt", b"a\0b"), split=30)
PALETTE_GOOD = write_png(RNG.integers(0, 4, (5, 7, 1)), 2, 3, palette=bytes(range(12)), transparency=b"\0\x80")


def build(*chunks, colour=2, depth=8, width=6, height=5, interlace=0):
    return SIGNATURE + header(width, height, depth, colour, interlace) + b"".join(chunks)


def data_chunk(raw, level=6):
    return chunk(b"IDAT", zlib.compress(raw, level))


RAW = writer.filtered(RGB, 8, 2)
IDAT, IEND = data_chunk(RAW), chunk(b"IEND")


def test_the_writer_and_the_reader_agree():
    np.testing.assert_array_equal(decode_png(GOOD), RGB)
    np.testing.assert_array_equal(decode_png(build(IDAT, IEND)), RGB)


@pytest.mark.parametrize("colour", [0, 2, 3, 4, 6])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_every_kind_gives_its_samples_back(colour, data):
    depth = data.draw(st.sampled_from(writer.DEPTHS[colour]))
    shape = (data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20)), writer.CHANNELS[colour])
    samples = np.random.default_rng(data.draw(st.integers(0, 2**32))).integers(0, 2**depth, shape)
    palette = RNG.integers(0, 256, (2**depth, 3)).astype(np.uint8) if colour == 3 else None
    contents = write_png(
        samples,
        depth,
        colour,
        interlace=data.draw(st.integers(0, 1)),
        kinds=data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)),
        palette=None if palette is None else palette.tobytes(),
        split=data.draw(st.integers(1, 500)),
        level=data.draw(st.integers(0, 9)),
    )
    got = decode_png(contents, dtype="uint16")
    if colour == 3:
        wanted = palette[samples[:, :, 0]] * np.uint16(257)
    else:
        wanted = samples * (65535 // (2**depth - 1))
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(got, wanted)


DEFECTS = {
    "signature": (b"\x89PNG\r\n\x1a\r" + GOOD[8:], "decode_png takes PNG"),
    "no chunks": (SIGNATURE, "ends after 8 bytes"),
    "first chunk": (SIGNATURE + IDAT + IEND, "the first chunk is not IHDR"),
    "long IHDR": (SIGNATURE + chunk(b"IHDR", bytes(14)) + IDAT + IEND, "IHDR is 14 bytes long"),
    "second IHDR": (build(header(6, 5, 8, 2), IDAT, IEND), "second IHDR"),
    "colour type 5": (build(IDAT, IEND, colour=5), "colour type is 5"),
    "bit depth 3": (build(IDAT, IEND, depth=3), "bit depth is 3"),
    "bit depth 4 of RGB": (build(IDAT, IEND, depth=4), "for RGB it must be one of"),
    "interlacing 2": (build(IDAT, IEND, interlace=2), "interlacing 2"),
    "width 0": (build(IDAT, IEND, width=0), "0 x 5 pixels"),
    "no IDAT": (build(IEND), "no IDAT"),
    "no IEND": (build(IDAT), "before IEND"),
    "full IEND": (build(IDAT, chunk(b"IEND", b"x")), "IEND holds 1 bytes"),
    "split IDAT": (build(IDAT, chunk(b"tEXt", b"a\0b"), IDAT, IEND), "do not follow one another"),
    "critical": (build(chunk(b"ABCD"), IDAT, IEND), "critical"),
    "name": (build(chunk(b"a\0cD"), IDAT, IEND), "not four letters"),
    "PLTE twice": (build(chunk(b"PLTE", bytes(3)), chunk(b"PLTE", bytes(3)), IDAT, IEND), "second PLTE"),
    "PLTE of grey": (build(chunk(b"PLTE", bytes(3)), IDAT, IEND, colour=0), "must not have a palette"),
    "PLTE of 4 bytes": (build(chunk(b"PLTE", bytes(4)), IDAT, IEND), "PLTE is 4 bytes long"),
    "PLTE late": (build(IDAT, chunk(b"PLTE", bytes(3)), IEND), "PLTE must come before"),
    "no PLTE": (build(IDAT, IEND, colour=3), "no PLTE"),
    "tRNS twice": (build(chunk(b"tRNS", bytes(6)), chunk(b"tRNS", bytes(6)), IDAT, IEND), "second tRNS"),
    "tRNS late": (build(IDAT, chunk(b"tRNS", bytes(6)), IEND), "tRNS must come before"),
    "tRNS of 4 bytes": (build(chunk(b"tRNS", bytes(4)), IDAT, IEND), "tRNS is 4 bytes long"),
    "tRNS of RGBA": (build(chunk(b"tRNS", bytes(6)), IDAT, IEND, colour=6), "must not have tRNS"),
    "tRNS before PLTE": (build(chunk(b"tRNS", b"\0"), IDAT, IEND, colour=3), "tRNS must come after PLTE"),
    "tRNS too long": (build(chunk(b"PLTE", bytes(3)), chunk(b"tRNS", bytes(2)), IDAT, IEND, colour=3), "2 entries"),
    "too few pixels": (build(data_chunk(RAW[:-1]), IEND), "94 of 95 bytes"),
    "too many pixels": (build(data_chunk(RAW + b"x"), IEND), "more than the 95 bytes"),
    "not deflated": (build(chunk(b"IDAT", b"no zlib data here"), IEND), "do not inflate"),
    "empty IDAT": (build(chunk(b"IDAT"), IEND), "cannot hold as many"),
    "bytes after the stream": (build(chunk(b"IDAT", zlib.compress(RAW) + b"xyz"), IEND), "3 bytes follow"),
    "Adler-32": (build(chunk(b"IDAT", zlib.compress(RAW)[:-1] + b"\0"), IEND), "do not inflate"),
    "no Adler-32": (build(chunk(b"IDAT", zlib.compress(RAW)[:-4]), IEND), "stream's end is missing"),
    "filter 5": (build(data_chunk(RAW[:57] + b"\5" + RAW[58:]), IEND), "row 3 has the filter 5"),
    "palette index": (
        write_png(np.full((2, 2, 1), 3), 2, 3, palette=bytes(9)),
        "a pixel is colour 3 of a palette of 3",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_are_named(name):
    contents, message = DEFECTS[name]
    with pytest.raises(ImageDecodeError, match=message):
        decode_png(contents)


def test_a_defect_says_which_chunk_and_where():
    damaged = bytearray(GOOD)
    at = GOOD.index(b"tEXt") - 4
    damaged[at + 9] ^= 1
    with pytest.raises(ImageDecodeError) as caught:
        decode_png(bytes(damaged))
    assert caught.value.where == [f"chunk tEXt at byte {at} of the PNG"]
    assert "checksum" in caught.value.what


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (1_000_001, 1), (1, 1_000_001), (23_171, 23_171)])
def test_sizes_beyond_the_limit_are_refused_unread(size):
    with pytest.raises(ImageTooLargeError, match="promises"):
        decode_png(build(IDAT, IEND, width=size[0], height=size[1]))


def test_a_large_header_on_little_data_is_refused_before_memory_is_taken():
    with pytest.raises(ImageDecodeError, match="cannot hold as many"):
        decode_png(build(IDAT, IEND, width=23_000, height=23_000))


def test_a_bomb_is_not_inflated_beyond_its_header():
    bomb = build(data_chunk(bytes(30_000_000)), IEND, width=100, height=1, colour=0)
    with pytest.raises(ImageDecodeError, match="more than the 101 bytes"):
        decode_png(bomb)


def test_what_follows_iend_is_not_looked_at():
    np.testing.assert_array_equal(decode_png(GOOD + b"trailing"), RGB)


def test_a_palette_longer_than_the_bit_depth_needs_is_cut():
    samples = RNG.integers(0, 4, (3, 3, 1))
    palette = RNG.bytes(768)
    wanted = np.frombuffer(palette, np.uint8).reshape(-1, 3)[samples[:, :, 0]]
    np.testing.assert_array_equal(decode_png(write_png(samples, 2, 3, palette=palette)), wanted)


@pytest.mark.parametrize("contents", [GOOD, PALETTE_GOOD], ids=["RGB", "palette"])
def test_cut_off_anywhere_it_raises(contents):
    for length in range(len(contents)):
        with pytest.raises(ImageDecodeError):
            decode_png(contents[:length])


@pytest.mark.parametrize("contents", [GOOD, PALETTE_GOOD], ids=["RGB", "palette"])
def test_every_flipped_bit_is_noticed(contents):
    for at in range(len(contents)):
        for bit in range(8):
            damaged = bytearray(contents)
            damaged[at] ^= 1 << bit
            with pytest.raises(ImageDecodeError):
                decode_png(bytes(damaged))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_damage_behind_good_checksums_never_crashes(data):
    """Chunks of hostile content, with checksums that match, as an attacker would write them."""
    colour = data.draw(st.sampled_from([0, 2, 3, 4, 6]))
    depth = data.draw(st.sampled_from(writer.DEPTHS[colour]))
    chunks = []
    for _ in range(data.draw(st.integers(0, 4))):
        kind = data.draw(st.sampled_from([b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"iCCP", b"sBIT", b"IDAT", b"tEXt"]))
        chunks.append(chunk(kind, data.draw(st.binary(max_size=40))))
    raw = data.draw(st.binary(max_size=200))
    chunks.append(data_chunk(raw))
    contents = build(
        *chunks,
        IEND,
        colour=colour,
        depth=depth,
        width=data.draw(st.integers(1, 9)),
        height=data.draw(st.integers(1, 9)),
        interlace=data.draw(st.integers(0, 1)),
    )
    for channels in (0, 1, 4):
        try:
            image = decode_png(contents, channels)
        except ImageDecodeError:
            continue
        assert image.ndim == 3


@settings(deadline=None, max_examples=60)
@given(
    before=st.lists(st.tuples(st.sampled_from([b"gAMA", b"sRGB", b"iCCP", b"sBIT"]), st.binary(max_size=8)), max_size=3)
)
def test_hostile_colour_spaces_never_crash(before):
    content = write_png(RGB, 8, 2, before_palette=b"".join(chunk(kind, body) for kind, body in before))
    assert decode_png(content, 1).shape == (5, 6, 1)
    wide = write_png(RGB * 257, 16, 2, before_palette=b"".join(chunk(kind, body) for kind, body in before))
    assert decode_png(wide, 1).shape == (5, 6, 1)


def test_sixteen_bits_keep_their_order():
    samples = np.arange(12).reshape(2, 2, 3) * 5000
    np.testing.assert_array_equal(decode_png(write_png(samples, 16, 2), dtype="uint16"), samples)
    np.testing.assert_array_equal(decode_png(write_png(samples, 16, 2)), samples >> 8)


def test_results_can_be_written_to():
    for contents in (GOOD, PALETTE_GOOD):
        image = decode_png(contents)
        image[0, 0, 0] = 1
        assert image.flags.c_contiguous


def test_a_memoryview_decodes():
    np.testing.assert_array_equal(decode_png(memoryview(GOOD)), RGB)
    np.testing.assert_array_equal(decode_png(bytearray(GOOD)), RGB)
    assert struct.unpack(">I", GOOD[16:20]) == (6,)
