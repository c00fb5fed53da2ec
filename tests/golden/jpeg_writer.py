"""A small JPEG writer for tests: flat blocks in any sampling factors, which no common encoder writes.

Format: ITU-T T.81, baseline, with the luminance DC table of its annex K and an AC table of only the end of block.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

# Annex K.3: how many codes there are of each length; their values are the categories 0 to 11 in order.
_LENGTHS = (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)


def _codes() -> list[str]:
    codes, code = [], 0
    for length, count in enumerate(_LENGTHS, 1):
        for _ in range(count):
            codes.append(f"{code:0{length}b}")
            code += 1
        code <<= 1
    return codes


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def write_flat_jpeg(
    width: int,
    height: int,
    factors: Sequence[tuple[int, int]],
    rng: np.random.Generator,
    adobe: int | None = None,
) -> bytes:
    """Returns a JPEG of random flat blocks.

    Args:
        width, height: in pixels.
        factors: each component's horizontal and vertical sampling factors.
        rng: the source of the blocks' values.
        adobe: the transform in an Adobe marker, or None for none.
    """
    codes = _codes()
    across, down = max(h for h, _ in factors), max(v for _, v in factors)
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    bits: list[str] = []
    before = [0] * len(factors)
    for _ in range(units):
        for number, (h, v) in enumerate(factors):
            for _ in range(h * v):
                value = int(rng.integers(-1000, 1000))
                change = value - before[number]
                before[number] = value
                category = abs(change).bit_length()
                bits.append(codes[category])
                if category:
                    bits.append(f"{change if change > 0 else change + (1 << category) - 1:0{category}b}")
                bits.append("0")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")
    count = len(factors)
    frame = struct.pack(">BHHB", 8, height, width, count)
    frame += b"".join(bytes([i + 1, h << 4 | v, 0]) for i, (h, v) in enumerate(factors))
    scan = bytes([count]) + b"".join(bytes([i + 1, 0]) for i in range(count)) + bytes([0, 63, 0])
    return b"".join(
        [
            b"\xff\xd8",
            b"" if adobe is None else _segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, adobe)),
            _segment(0xDB, b"\0" + b"\1" * 64),
            _segment(0xC0, frame),
            _segment(0xC4, b"\0" + bytes(_LENGTHS) + bytes(range(12))),
            _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),
            _segment(0xDA, scan),
            data,
            b"\xff\xd9",
        ]
    )
