"""Plain PNGs decoded many at once: the pixels that `decode_png` finds, or a refusal; nothing is written elsewhere."""

from __future__ import annotations

import importlib.util
import io
import struct
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.kernels.compile import constant
from feedline.kernels.plain_png import SLACK, TABLE_SIZE, decode_plain_pngs


def png_writer() -> ModuleType:
    path = Path(__file__).parents[1] / "golden" / "png_writer.py"
    spec = importlib.util.spec_from_file_location("png_writer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


writer = png_writer()
COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
GUARD, FILL = 128, 0xA5
TABLES = np.empty(TABLE_SIZE, np.uint32)


def guarded(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns memory of a size and the whole that it is in."""
    whole = np.full(GUARD + size + GUARD, FILL, np.uint8)
    return whole[GUARD : GUARD + size], whole


def check_guards(whole: np.ndarray) -> None:
    assert (whole[:GUARD] == FILL).all(), "written before the memory"
    assert (whole[-GUARD:] == FILL).all(), "written behind the memory"


def decode(files: list[bytes], shape: tuple[int, int, int]) -> tuple[int, np.ndarray]:
    """Returns how many files the kernel decodes, and the images; checks the memory around these."""
    lengths = np.array([len(file) for file in files], np.int64)
    offsets = np.cumsum(lengths + 3) - lengths
    buffer = np.frombuffer(b"".join(b"PNG" + file for file in files) + b"!", np.uint8)
    height, width, channels = shape
    images, around_images = guarded(len(files) * height * width * channels)
    room, around_room = guarded(height * (1 + width * channels) + SLACK + int(lengths.max(initial=0)))
    images = images.reshape(len(files), *shape)
    count = decode_plain_pngs(constant(buffer), offsets, lengths, images, room, TABLES)
    check_guards(around_images)
    check_guards(around_room)
    return int(count), images


def check(file: bytes, shape: tuple[int, int, int]) -> bool:
    """Says whether a file is decoded; what is, must be what `decode_png` gives."""
    count, images = decode([file], shape)
    assert count in (0, 1)
    if count:
        expected = fl.io.decode_png(file)
        assert expected.dtype == np.uint8
        assert expected.shape == shape
        assert images[0].tobytes() == expected.tobytes()
    return bool(count)


def samples_of(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(rng.integers(-4, 5, shape), axis=1) + np.cumsum(rng.integers(-4, 5, shape), axis=0)
    return (smooth & 255) if seed % 2 else rng.integers(0, 256, shape)


def plain(shape: tuple[int, int, int], seed: int = 0, **how) -> bytes:
    return writer.write_png(samples_of(shape, seed), 8, COLOURS[shape[2]], **how)


def of_pieces(shape: tuple[int, int, int], filtered: bytes | None = None, deflated: bytes | None = None) -> bytes:
    """Returns a file whose chunks are whole, of filtered rows or of a whole zlib stream."""
    height, width, channels = shape
    if deflated is None:
        deflated = zlib.compress(filtered or b"")
    head = writer.header(width, height, 8, COLOURS[channels])
    return b"".join([writer.SIGNATURE, head, writer.chunk(b"IDAT", deflated), writer.chunk(b"IEND")])


def filtered_rows(shape: tuple[int, int, int], seed: int = 0, kinds: tuple[int, ...] = (0, 1, 2, 3, 4)) -> bytes:
    return writer.filtered(samples_of(shape, seed), 8, COLOURS[shape[2]], 0, kinds)


SHAPES = [(1, 1), (1, 9), (7, 1), (2, 3), (13, 16), (9, 33)]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kinds", [(0,), (1,), (2,), (3,), (4,), (0, 1, 2, 3, 4), (4, 3, 2, 1), (3, 2)], ids=str)
def test_every_filter_of_every_row(channels, kinds) -> None:
    for seed, size in enumerate(SHAPES):
        for level in (0, 1, 9):
            assert check(plain((*size, channels), seed, kinds=kinds, level=level), (*size, channels))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("with_opencv", [False, True])
def test_files_of_other_writers(channels, with_opencv) -> None:
    images = [samples_of((17, 23, channels), seed).astype(np.uint8) for seed in range(4)]
    if with_opencv:
        cv2 = pytest.importorskip("cv2")
        files = [cv2.imencode(".png", image)[1].tobytes() for image in images]
        images = [image if channels == 1 else cv2.cvtColor(image, orders_of(cv2)[channels]) for image in images]
    else:
        pil = pytest.importorskip("PIL.Image")
        streams = [io.BytesIO() for _ in images]
        for image, stream in zip(images, streams, strict=True):
            pil.fromarray(image[:, :, 0] if channels == 1 else image).save(stream, "PNG", optimize=channels == 3)
        files = [stream.getvalue() for stream in streams]
    count, ours = decode(files, (17, 23, channels))
    assert count == 4
    assert ours.tobytes() == np.stack(images).reshape(ours.shape).tobytes()
    assert [check(file, (17, 23, channels)) for file in files] == [True] * 4


def orders_of(cv2: ModuleType) -> dict[int, int]:
    return {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


@pytest.mark.parametrize("split", [1, 2, 7, 100, 10_000])
def test_pixels_in_several_chunks(split) -> None:
    for channels in (1, 3):
        assert check(plain((9, 20, channels), split=split), (9, 20, channels))
    empty = writer.chunk(b"IDAT")
    file = plain((9, 20, 3), split=split, before_data=empty + empty, after_data=empty)
    assert check(file, (9, 20, 3))


def test_many_files_up_to_the_first_that_is_refused() -> None:
    shape = (12, 10, 3)
    files = [plain(shape, seed) for seed in range(9)]
    count, images = decode(files, shape)
    assert count == 9
    assert images.tobytes() == np.stack([fl.io.decode_png(file) for file in files]).tobytes()
    count, images = decode([*files[:5], plain((12, 11, 3)), *files[5:]], shape)
    assert count == 5
    assert images[:5].tobytes() == np.stack([fl.io.decode_png(file) for file in files[:5]]).tobytes()
    assert (images[5:] == FILL).all()
    assert decode([], shape)[0] == 0


HARMLESS = {
    "tEXt": b"Comment\0none",
    "pHYs": bytes(9),
    "tIME": bytes(7),
    "bKGD": bytes(6),
    "zzzz": b"",
    "xyZa": bytes(3),
    "cHRM": bytes(32),
    "eXIf": b"MM\0*" + bytes(8),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_chunks_of_no_consequence(name) -> None:
    extra = writer.chunk(name.encode(), HARMLESS[name])
    assert check(plain((5, 6, 3), before_data=extra + extra, after_data=extra), (5, 6, 3))
    between = plain((9, 9, 3), split=50)
    place = between.index(b"IDAT", between.index(b"IDAT") + 4) - 4
    assert not check(between[:place] + extra + between[place:], (9, 9, 3))


REFUSED = {
    "tRNS": (b"tRNS", bytes(6)),
    "gAMA": (b"gAMA", struct.pack(">I", 100_000)),
    "sRGB": (b"sRGB", b"\0"),
    "iCCP": (b"iCCP", b"name\0\0" + zlib.compress(bytes(128))),
    "sBIT": (b"sBIT", b"\5\6\5"),
    "a palette": (b"PLTE", bytes(range(30))),
    "a second header": (b"IHDR", struct.pack(">IIBBBBB", 6, 5, 8, 2, 0, 0, 0)),
    "an unknown chunk that matters": (b"ABCD", b""),
    "a name of no letters": (b"a1CD", b""),
    "a name beside the letters": (b"a[CD", b""),
    "a name of no ASCII": (b"\xe1BCD", b""),
    "an early end": (b"IEND", b""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_chunks_of_consequence_are_refused(name) -> None:
    assert not check(plain((5, 6, 3), before_data=writer.chunk(*REFUSED[name])), (5, 6, 3))


def test_other_kinds_of_images_are_refused() -> None:
    shape = (6, 7, 3)
    wide = np.random.default_rng(0).integers(0, 65536, shape)
    assert not check(writer.write_png(wide, 16, 2), shape)
    assert not check(plain(shape, interlace=1), shape)
    palette = writer.write_png(wide[:, :, :1] % 4, 8, 3, palette=bytes(12))
    gray_of_bits = writer.write_png(wide[:, :, :1] % 2, 1, 0)
    assert not check(palette, (6, 7, 1))
    assert not check(palette, shape)
    assert not check(gray_of_bits, (6, 7, 1))
    for channels in (1, 2, 3, 4):
        file = plain((6, 7, channels))
        others = [(6, 7, other) for other in (1, 2, 3, 4) if other != channels]
        for other in [*others, (7, 6, channels), (6, 8, channels), (5, 7, channels), (7, 7, channels)]:
            assert decode([file], other)[0] == 0
    for place, value in ((18, 1), (18, 0x80), (26, 1), (27, 1), (28, 2), (28, 1)):
        header = bytearray(plain(shape))
        header[place] = value
        header[29:33] = struct.pack(">I", zlib.crc32(header[12:29]))
        assert not check(bytes(header), shape)


def test_what_follows_the_end_is_of_no_consequence() -> None:
    assert check(plain((5, 6, 3)) + b"more", (5, 6, 3))


def test_damaged_checksums_are_refused() -> None:
    shape = (5, 6, 3)
    file = plain(shape, before_data=writer.chunk(b"tEXt", b"a\0b"), split=40)
    at = 8
    while at < len(file):
        (length,) = struct.unpack_from(">I", file, at)
        for place in range(at + 8 + length, at + 12 + length):
            damaged = bytearray(file)
            damaged[place] ^= 0x10
            assert decode([bytes(damaged)], shape)[0] == 0
        at += 12 + length
    deflated = bytearray(zlib.compress(filtered_rows(shape)))
    assert check(of_pieces(shape, deflated=bytes(deflated)), shape)
    for place in (-4, -3, -2, -1):
        for bit in range(8):
            damaged = bytearray(deflated)
            damaged[place] ^= 1 << bit
            assert not check(of_pieces(shape, deflated=bytes(damaged)), shape)


def test_streams_that_are_not_as_they_should_be_are_refused() -> None:
    shape = (5, 6, 3)
    rows = filtered_rows(shape)
    whole = zlib.compress(rows)
    for size in range(7):
        assert not check(of_pieces(shape, deflated=whole[:size]), shape)
        assert not check(of_pieces(shape, deflated=whole[len(whole) - size :]), shape)
    for kept in (rows[:-1], rows + b"\0", rows[:-19], b"", rows * 2):
        assert not check(of_pieces(shape, filtered=kept), shape)
    assert not check(of_pieces(shape, deflated=whole + b"\0"), shape)
    assert not check(of_pieces(shape, deflated=whole[:-4] + b"\0" + whole[-4:]), shape)
    for first in range(256):
        for second in (whole[1], 0, 0x20, 31 - first * 256 % 31, (31 - (first * 256 + 32) % 31) + 32):
            head = bytes([first, second & 255])
            accepted = check(of_pieces(shape, deflated=head + whole[2:]), shape)
            right = first & 15 == 8 and first >> 4 < 8 and int.from_bytes(head) % 31 == 0 and not second & 32
            assert accepted == right
    dictionary = zlib.compressobj(zdict=rows[:20])
    assert not check(of_pieces(shape, deflated=dictionary.compress(rows) + dictionary.flush()), shape)


def test_filters_that_there_are_not() -> None:
    shape = (5, 6, 3)
    for row in range(5):
        for kind in (5, 6, 128, 255):
            rows = bytearray(filtered_rows(shape))
            rows[row * 19] = kind
            assert not check(of_pieces(shape, bytes(rows)), shape)


def test_checksums_of_long_images() -> None:
    for shape, kind in (((70, 400, 3), (0,)), ((300, 211, 4), (2, 4))):
        for value in (0, 255):
            samples = np.full(shape, value)
            assert check(writer.write_png(samples, 8, COLOURS[shape[2]], kinds=kind, level=1), shape)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_files_that_are_cut_off(channels) -> None:
    shape = (6, 5, channels)
    file = plain(shape, before_data=writer.chunk(b"tEXt", b"a\0b"), split=30)
    assert not any(check(file[:length], shape) for length in range(len(file)))


@pytest.mark.parametrize("shape", [(4, 5, 3), (3, 9, 1)])
def test_every_bit_turned_round(shape) -> None:
    file = plain(shape, before_data=writer.chunk(b"tEXt", b"a\0b"), split=30)
    for bit in range(8 * len(file)):
        damaged = bytearray(file)
        damaged[bit // 8] ^= 1 << bit % 8
        assert not check(bytes(damaged), shape)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_damage_behind_checksums_that_are_right(seed, channels, wrong, of_rows) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 20)), int(rng.integers(1, 20)), channels)
    rows = filtered_rows(shape, seed)
    deflated = np.frombuffer(rows if of_rows else zlib.compress(rows), np.uint8).copy()
    deflated[rng.integers(0, len(deflated), wrong)] ^= np.uint8(1 << int(rng.integers(0, 8)))
    deflated = deflated[: len(deflated) - int(rng.integers(0, 2)) * int(rng.integers(0, 9))]
    data = deflated.tobytes()
    accepted = check(of_pieces(shape, filtered=data) if of_rows else of_pieces(shape, deflated=data), shape)
    assert accepted or not of_rows or len(data) < len(rows) or max(data[:: 1 + shape[1] * channels]) > 4


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 1, 2, 8, 255, 256, 1 << 31, (1 << 32) - 1]), st.integers(0, 3))
def test_chunks_of_lengths_that_are_not_theirs(seed, length, chunk) -> None:
    shape = (4, 5, 3)
    file = bytearray(plain(shape, before_data=writer.chunk(b"tEXt", b"a\0b")))
    at = 8
    for _ in range(chunk):
        at += 12 + struct.unpack_from(">I", file, at)[0]
    before = bytes(file)
    struct.pack_into(">I", file, at, length if seed % 2 else (length + seed) % (2 * len(file)))
    assert check(bytes(file), shape) == (bytes(file) == before)


def test_sizes_that_do_not_agree() -> None:
    file = plain((5, 6, 3))
    buffer = constant(np.frombuffer(file, np.uint8))
    images = np.zeros((1, 5, 6, 3), np.uint8)
    room = np.zeros(5 * 19 + SLACK + len(file), np.uint8)
    zero, length = np.zeros(1, np.int64), np.full(1, len(file))
    assert decode_plain_pngs(buffer, zero, length, images, room, TABLES) == 1
    images[:] = 0
    for arguments in (
        (zero[:0], length, images, room, TABLES),
        (zero, length[:0], images, room, TABLES),
        (zero - 1, length, images, room, TABLES),
        (zero + 1, length, images, room, TABLES),
        (zero, length + 1, images, room, TABLES),
        (zero, zero - 1, images, room, TABLES),
        (zero + (1 << 62), length, images, room, TABLES),
        (zero, zero + (1 << 62), images, room, TABLES),
        (zero, length, images, room[:-1], TABLES),
        (zero, length, images, room, TABLES[:-1]),
        (zero, length, np.zeros((1, 5, 6, 5), np.uint8), room, TABLES),
        (zero, length, np.zeros((1, 5, 6, 0), np.uint8), room, TABLES),
    ):
        assert decode_plain_pngs(buffer, *arguments) == -1
    assert not images.any()
