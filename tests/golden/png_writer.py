"""A small PNG writer for tests: every colour type, bit depth, filter and interlacing, and every way to get it wrong.

Format: W3C Portable Network Graphics Specification, third edition.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """Returns one chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, depth: int, colour: int, interlace: int = 0) -> bytes:
    """Returns the IHDR chunk."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def pack_rows(samples: np.ndarray, depth: int) -> np.ndarray:
    """Returns samples (height, width, channels) as bytes (height, row length)."""
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    if depth == 16:
        return flat.astype(">u2").view(np.uint8).reshape(height, -1)
    if depth == 8:
        return flat.astype(np.uint8)
    bits = (flat[:, :, None].astype(np.uint8) >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1
    return np.packbits(bits.reshape(height, -1), axis=1)


def paeth(left: int, up: int, corner: int) -> int:
    """Returns the Paeth predictor."""
    estimate = left + up - corner
    distances = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
    return (left, up, corner)[distances.index(min(distances))]


def filter_rows(rows: np.ndarray, step: int, kinds: Iterable[int]) -> bytes:
    """Returns rows with a filter byte before each."""
    out = bytearray()
    before = [0] * rows.shape[1]
    for row, kind in zip(rows.tolist(), kinds, strict=False):
        out.append(kind)
        for i, value in enumerate(row):
            left = row[i - step] if i >= step else 0
            corner = before[i - step] if i >= step else 0
            up = before[i]
            guess = (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind if kind < 5 else 0]
            out.append((value - guess) & 255)
        before = row
    return bytes(out)


def filtered(samples: np.ndarray, depth: int, colour: int, interlace: int = 0, kinds: Sequence[int] = (0,)) -> bytes:
    """Returns the bytes that are deflated into IDAT."""
    step = max(1, CHANNELS[colour] * depth // 8)
    parts = [samples]
    if interlace:
        parts = [samples[y::dy, x::dx] for y, x, dy, dx in PASSES]
    out = b""
    for part in parts:
        if part.size:
            cycle = [kinds[i % len(kinds)] for i in range(part.shape[0])]
            out += filter_rows(pack_rows(part, depth), step, cycle)
    return out


def write_png(
    samples: np.ndarray,
    depth: int,
    colour: int,
    *,
    interlace: int = 0,
    kinds: Sequence[int] = (0, 1, 2, 3, 4),
    palette: bytes | None = None,
    transparency: bytes | None = None,
    before_palette: bytes = b"",
    before_data: bytes = b"",
    after_data: bytes = b"",
    split: int | None = None,
    level: int = 6,
) -> bytes:
    """Returns a PNG file.

    Args:
        samples: integers (height, width, channels) below 2**depth.
        depth: bits of a sample.
        colour: the PNG colour type.
        interlace: 1 for Adam7.
        kinds: the filters of the rows, in turn.
        palette: the bytes of PLTE.
        transparency: the bytes of tRNS.
        before_palette, before_data, after_data: whole chunks to put there.
        split: the length of each IDAT chunk.
        level: how hard zlib tries.
    """
    height, width = samples.shape[:2]
    data = zlib.compress(filtered(samples, depth, colour, interlace, kinds), level)
    pieces = [data] if split is None else [data[i : i + split] for i in range(0, len(data), split)]
    return b"".join(
        [
            SIGNATURE,
            header(width, height, depth, colour, interlace),
            before_palette,
            chunk(b"PLTE", palette) if palette is not None else b"",
            chunk(b"tRNS", transparency) if transparency is not None else b"",
            before_data,
            *(chunk(b"IDAT", piece) for piece in pieces),
            after_data,
            chunk(b"IEND"),
        ]
    )
