"""From a PNG's stored samples to the channels and the dtype asked for.

The steps, their order and their rounding are libpng's as TensorFlow sets it up: palette and sub-byte grey become 8
bits; tRNS becomes alpha; colour becomes grey with the weights .299, .587, .114 in units of 1/32768, rounded down at 8
bits and to nearest at 16; 16 bits become 8 by dropping the low byte; 8 become 16 by repeating the byte. Where the file
says how its samples relate to light (gAMA, sRGB, an sRGB profile), the mix to grey is done in linear light.

One oddity of TensorFlow is kept, so that the same file gives the same numbers: `channels=4` of an opaque image of less
than 8 bits gives it the alpha 1, 3 or 15, the largest value of its bit depth, and not 255.
"""

from __future__ import annotations

import math
import struct
import zlib
from functools import lru_cache

import numpy as np

from feedline.errors import ImageDecodeError
from feedline.formats.png import GRAY, GRAY_ALPHA, PALETTE, RGB, RGB_ALPHA, PngFile

_RED, _GREEN = 9797, 19234  # .299 and .587, rounded down
_ONE = 100_000  # gamma is counted in units of 1/100000
_SRGB_GAMMA = 45_455
# sRGB profiles by length, intent, Adler-32 and CRC-32, as libpng knows them; the first four carry an MD5 of their own.
_SRGB_PROFILES = {
    (3048, 0, 0x0A3FD9F6, 0x3B8772B9, "29f83ddeaff255ae7842fae4ca83390d"),
    (3052, 1, 0x4909E5E1, 0x427EBB21, "c95bd637e95d8a3b0df38f99c1320389"),
    (60988, 0, 0xFD2144A1, 0x306FD8AE, "fc66337837e2886bfd72e9838228f1b8"),
    (60960, 0, 0x209C35D2, 0xBBEF7812, "34562abf994ccd066d2c5721d0d68c5d"),
    (3024, 1, 0xA054D762, 0x5D5129CE, "0" * 32),
    (3144, 0, 0xF784F3FB, 0x182EA552, "0" * 32),
    (3144, 1, 0x0398F3FC, 0xF29E526D, "0" * 32),
}


def convert(file: PngFile, samples: np.ndarray, channels: int, dtype: np.dtype) -> np.ndarray:
    """Returns samples in the channels and the dtype asked for.

    Args:
        file: the PNG's chunks.
        samples: (height, width, channels of the file), uint8 or big-endian uint16, sub-byte samples unscaled.
        channels: 0 for as many as the file has, or 1, 2, 3, 4.
        dtype: uint8 or uint16.

    Raises:
        ImageDecodeError: a pixel points beyond the palette.
    """
    if channels == 0:
        transparent_palette = file.colour == PALETTE and file.transparency is not None
        channels = {GRAY: 1, RGB: 3, PALETTE: 4 if transparent_palette else 3, GRAY_ALPHA: 2, RGB_ALPHA: 4}[file.colour]
    colours, alpha = _expand(file, samples, wants_alpha=channels % 2 == 0, wants_gray=channels < 3, dtype=dtype)
    planes = 1 if channels < 3 else 3
    if colours.shape[2] == planes and alpha is None:
        return np.ascontiguousarray(_widen(colours, dtype))
    out = np.empty((file.height, file.width, channels), dtype)
    out[:, :, :planes] = _widen(colours, dtype)
    if alpha is not None:
        out[:, :, planes] = _widen(alpha, dtype)
    return out


def _expand(
    file: PngFile, samples: np.ndarray, *, wants_alpha: bool, wants_gray: bool, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns colours (height, width, 1 or 3) and alpha (height, width) or None, both uint8 or uint16."""
    if file.colour == PALETTE:
        return _expand_palette(file, samples, wants_alpha, wants_gray)
    if file.depth == 16 and (dtype != np.uint8 or (wants_gray and file.colour in (RGB, RGB_ALPHA))):
        samples = samples.astype(np.uint16)
    elif file.depth == 16 and file.transparency is None:
        samples = samples.view(np.uint8)[:, :, ::2]
    planes = 3 if file.colour in (RGB, RGB_ALPHA) else 1
    colours, alpha = samples[:, :, :planes], None
    if wants_alpha:
        if planes < samples.shape[2]:
            alpha = samples[:, :, planes]
        elif file.transparency is not None:
            alpha = _matches(colours, file)
        else:
            full = np.uint16(65535) if file.depth == 16 else np.uint8((1 << file.depth) - 1)
            alpha = np.broadcast_to(full, colours.shape[:2])
    if file.depth < 8:
        colours = colours * np.uint8(255 // ((1 << file.depth) - 1))
    if wants_gray and planes == 3:
        colours = _mix_to_gray(file, samples, dtype)[:, :, None]
    return _narrow(colours, dtype), None if alpha is None else _narrow(alpha, dtype)


def _matches(colours: np.ndarray, file: PngFile) -> np.ndarray:
    """Returns the alpha that tRNS gives: 0 where a pixel is of the one transparent colour."""
    assert file.transparency is not None
    one = np.frombuffer(file.transparency, ">u2").astype(np.uint16) & np.uint16((1 << file.depth) - 1)
    opaque = (colours != one).any(axis=2)
    return opaque * (np.uint16(65535) if file.depth == 16 else np.uint8(255))


def _expand_palette(
    file: PngFile, samples: np.ndarray, wants_alpha: bool, wants_gray: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    from feedline.kernels.samples import highest

    palette = file.palette
    assert palette is not None
    indices = samples[:, :, 0]
    most = int(highest(indices.reshape(-1)))
    if most >= len(palette):
        raise ImageDecodeError(
            f"a pixel is colour {most} of a palette of {len(palette)}.",
            where=[f"chunk IDAT at byte {file.data_at} of the PNG"],
            fix="The file is damaged: fetch or write it again.",
        )
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = palette
    if wants_gray:
        table = _mix_to_gray(file, table[None], np.dtype(np.uint8))[0][:, None]
    alpha = None
    if wants_alpha and file.transparency is not None:
        alphas = np.full(256, 255, np.uint8)
        alphas[: len(file.transparency)] = np.frombuffer(file.transparency, np.uint8)
        alpha = np.take(alphas, indices, mode="clip")
    elif wants_alpha:
        alpha = np.broadcast_to(np.uint8((1 << file.depth) - 1), indices.shape)
    return np.take(table, indices, axis=0, mode="clip"), alpha


def _narrow(samples: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if samples.dtype.itemsize == 2 and dtype == np.uint8:
        return (samples >> 8).astype(np.uint8)
    return samples


def _widen(samples: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype == np.uint8 or samples.dtype.itemsize == 2:
        return samples
    return samples * np.uint16(257)


def _mix_to_gray(file: PngFile, samples: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Returns colours (height, width, at least 3), uint8 or uint16, as grey (height, width)."""
    from feedline.kernels.samples import gray_of_rgb, gray_of_rgb_by_tables

    height, width, planes = samples.shape
    flat = np.ascontiguousarray(samples).reshape(-1, planes)
    out = np.empty(height * width, samples.dtype)
    gamma = _gamma(file)
    wide = samples.dtype.itemsize == 2
    if gamma and (_significant(gamma) or _significant(_reciprocal(gamma))):
        shift = 0
        if wide:
            bits = max(
                (max(body[:3]) for kind, body in file.colour_space if kind == b"sBIT" and _sane(body)), default=0
            )
            shift = 16 - bits if 0 < bits < 16 else 0
            shift = min(8, max(shift, 5) if dtype == np.uint8 else shift)
        tables = _tables(gamma, wide, shift, wide and dtype == np.uint8)
        gray_of_rgb_by_tables(flat, _RED, _GREEN, *tables, out)
    else:
        gray_of_rgb(flat, _RED, _GREEN, 16384 if wide else 0, out)
    return out.reshape(height, width)


def _sane(bits: bytes) -> bool:
    return len(bits) in (3, 4) and all(0 < value <= 16 for value in bits)


def _significant(gamma: int) -> bool:
    return not 95_000 <= gamma <= 105_000


def _reciprocal(gamma: int) -> int:
    found = math.floor(1e10 / gamma + 0.5)
    return found if found <= 2**31 - 1 else 0


def _gamma(file: PngFile) -> int:
    """Returns the exponent from light to samples that the file declares, in 1/100000, or 0.

    As libpng 1.6 does: the last of gAMA and sRGB that agrees with those before holds; a chunk that contradicts
    or repeats another ends the search.
    """
    gamma = 0
    from_gamma = from_srgb = False
    for kind, body in file.colour_space:
        if kind == b"gAMA" and len(body) == 4:
            value = struct.unpack(">I", body)[0]
            if from_gamma or not 16 <= value <= 625_000_000:
                break
            if from_srgb and _significant(math.floor(gamma * _ONE / value + 0.5)):
                continue
            gamma, from_gamma = value, True
        elif (kind == b"sRGB" and len(body) == 1) or kind == b"iCCP":
            if from_srgb or (kind == b"sRGB" and body[0] > 3):
                break
            if kind == b"sRGB" or _is_srgb_profile(body):
                gamma, from_srgb = _SRGB_GAMMA, True
    return gamma


def _is_srgb_profile(body: bytes) -> bool:
    name, separator, rest = body[:81].partition(b"\0")
    if not name or not separator or rest[:1] != b"\0":
        return False
    stream = zlib.decompressobj()
    try:
        profile = stream.decompress(body[len(name) + 2 :], 61_000)
    except zlib.error:
        return False
    if len(profile) < 132:
        return False
    key = (len(profile), *struct.unpack_from(">I", profile, 64), zlib.adler32(profile), zlib.crc32(profile))
    return (*key, profile[84:100].hex()) in _SRGB_PROFILES


@lru_cache(maxsize=8)
def _tables(gamma: int, wide: bool, shift: int, narrowed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns what becomes of each value of a sample: to linear light, back from it, and of grey left as it is."""
    screen = _reciprocal(gamma)
    back = _reciprocal(screen) if screen > 0 else gamma
    both = math.floor(1e15 / gamma / screen + 0.5) if screen > 0 else _ONE
    if not wide:
        return _table_8(_reciprocal(gamma)), _table_8(back), _table_8(both)
    if narrowed:
        product = math.floor(gamma * 1e-5 * screen + 0.5) if screen > 0 else _ONE
        unchanged = _table_16_to_8(product, shift)
    else:
        unchanged = _table_16(both, shift)
    return _table_16(_reciprocal(gamma), shift), _table_16(back, shift), unchanged


def _table_8(gamma: int) -> np.ndarray:
    if not _significant(gamma):
        return np.arange(256, dtype=np.uint8)
    power = gamma * 0.00001
    return np.array([math.floor(255 * math.pow(v / 255.0, power) + 0.5) for v in range(256)], np.uint8)


def _table_16(gamma: int, shift: int) -> np.ndarray:
    # Values that differ only in the lowest `shift` bits share an entry.
    most = (1 << (16 - shift)) - 1
    kept = np.arange(most + 1)
    if _significant(gamma):
        power, scale = gamma * 0.00001, 1.0 / most
        entries = np.array([math.floor(65535.0 * math.pow(v * scale, power) + 0.5) for v in range(most + 1)])
    else:
        entries = (kept * 65535 + (1 << (15 - shift))) // most if shift else kept
    return entries.astype(np.uint16)[np.arange(65536) >> shift]


def _table_16_to_8(gamma: int, shift: int) -> np.ndarray:
    # Each of the 256 results covers the values up to the boundary halfway to the next.
    most = (1 << (16 - shift)) - 1
    power = gamma * 0.00001
    bounds = [math.floor(65535 * math.pow((i * 257 + 128) / 65535.0, power) + 0.5) for i in range(255)]
    edges = [(bound * most + 32768) // 65535 + 1 for bound in bounds]
    entries = np.searchsorted(np.maximum.accumulate(edges), np.arange(most + 1), side="right") * 257
    return entries.astype(np.uint16)[np.arange(65536) >> shift]
