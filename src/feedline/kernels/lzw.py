"""GIF's variant of LZW decompression."""

from __future__ import annotations

import numpy as np

from feedline.kernels.compile import BYTES, CONSTANT_BYTES, INT64, kernel

OK, CUT_OFF, ENDED_EARLY, BAD_CODE = 0, 1, 2, 3


@kernel((CONSTANT_BYTES, INT64, BYTES), allocates=True)
def lzw_decode(data, minimum_bits, out):  # type: ignore[no-untyped-def]
    """Decompresses the pixels of one GIF frame.

    Codes are of `minimum_bits` + 1 to 12 bits, the lowest bits first. The code `1 << minimum_bits` empties the
    dictionary, the next one ends the data; the dictionary stays as it is once it is full.

    Args:
        data: uint8 (n,), the frame's sub-blocks joined.
        minimum_bits: 1 to 8 (GIF says 2 to 8).
        out: uint8 (pixels,), written; data beyond it is not looked at.

    Returns:
        The number of pixels written, and OK, CUT_OFF (the data ends), ENDED_EARLY (the end code comes too soon) or
        BAD_CODE (a code that is not in the dictionary).
    """
    prefix = np.empty(4096, np.int32)
    suffix = np.empty(4096, np.uint8)
    length = np.empty(4096, np.int32)
    if minimum_bits < 1 or minimum_bits > 8:
        return 0, BAD_CODE
    clear = 1 << minimum_bits
    for code in range(clear):
        suffix[code] = code
        length[code] = 1
    known = clear + 2
    bits = minimum_bits + 1
    before = -1
    held = np.uint32(0)
    held_bits = 0
    at = 0
    written = 0
    while written < out.size:
        while held_bits < bits:
            if at >= data.size:
                return written, CUT_OFF
            held |= np.uint32(data[at]) << np.uint32(held_bits)
            held_bits += 8
            at += 1
        code = np.int64(held & np.uint32((1 << bits) - 1))
        held >>= np.uint32(bits)
        held_bits -= bits
        if code == clear:
            known = clear + 2
            bits = minimum_bits + 1
            before = -1
            continue
        if code == clear + 1:
            return written, ENDED_EARLY
        if before < 0:
            if code > clear:
                return written, BAD_CODE
            out[written] = code
            written += 1
            before = code
            continue
        if code > known or (code == known and known >= 4096):
            return written, BAD_CODE
        # A code that is only about to be known is the string before it, with that string's first pixel again.
        string = before if code == known else code
        count = length[string] + (1 if code == known else 0)
        first = string
        end = written + length[string] - 1
        for step in range(length[string]):
            if end - step < out.size:
                out[end - step] = suffix[first]
            if step < length[string] - 1:
                first = prefix[first]
        if code == known and written + count - 1 < out.size:
            out[written + count - 1] = suffix[first]
        if known < 4096:
            prefix[known] = before
            suffix[known] = suffix[first]
            length[known] = length[before] + 1
            known += 1
            if known == (1 << bits) and bits < 12:
                bits += 1
        written = min(written + count, out.size)
        before = code
    return written, OK
