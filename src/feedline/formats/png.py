"""PNG files: chunks, checks, inflating, unfiltering.

Format: W3C Portable Network Graphics (PNG) Specification, third edition. Colour conversion is in `png_colour`.

A defect is an error, also where libpng would warn and go on: a checksum that does not match (in any chunk), data after
the image inside IDAT, a palette index that is not in the palette. Bytes after IEND are ignored.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from feedline.buffers import POOL
from feedline.errors import ImageDecodeError, ImageTooLargeError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
MAX_SIDE = 1_000_000  # libpng's limit
MAX_PIXELS = 2**29 - 1  # TensorFlow's limit

_CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}
_DEPTHS = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GRAY_ALPHA: (8, 16), RGB_ALPHA: (8, 16)}
_COLOUR_NAMES = {GRAY: "greyscale", RGB: "RGB", PALETTE: "palette", GRAY_ALPHA: "grey + alpha", RGB_ALPHA: "RGBA"}
# Adam7's passes: first row, first column, rows between, columns between.
_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
# Deflate's longest match is 258 bytes and takes at least two bits.
_MOST_EXPANSION = 1032
_COLOUR_SPACE_CHUNKS = (b"gAMA", b"sRGB", b"iCCP", b"sBIT")
_header_fields = struct.Struct(">IIBBBBB").unpack_from
_chunk_head = struct.Struct(">I4s").unpack_from
_unsigned = struct.Struct(">I").unpack_from
_DAMAGED = "The file is damaged: fetch or write it again."


@dataclass(slots=True)
class PngFile:
    """A PNG file whose chunks have been read and checked, and whose pixels are still deflated.

    Args:
        width, height: in pixels.
        depth: bits of a sample.
        colour: the PNG colour type: 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA.
        interlaced: whether the rows come in Adam7's seven passes.
        palette: uint8 (entries, 3), or None.
        transparency: the bytes of tRNS, or None.
        colour_space: the chunks that say how samples relate to light, in their order, up to PLTE.
        data: the pieces of the deflated pixels.
        data_at: the offset of the first IDAT chunk.
    """

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    palette: np.ndarray | None = None
    transparency: bytes | None = None
    colour_space: list[tuple[bytes, bytes]] = field(default_factory=list)
    data: list[memoryview] = field(default_factory=list)
    data_at: int = 0

    @property
    def channels(self) -> int:
        """Samples of a pixel as stored."""
        return _CHANNELS[self.colour]


def _defect(what: str, kind: bytes | str, offset: int, fix: str = _DAMAGED) -> ImageDecodeError:
    name = kind if isinstance(kind, str) else kind.decode("ascii", "backslashreplace")
    return ImageDecodeError(what, where=[f"chunk {name} at byte {offset} of the PNG"], fix=fix)


def parse_png(contents: bytes | memoryview) -> PngFile:
    """Returns a PNG file's chunks, checked, with the pixels still deflated.

    Args:
        contents: the whole file.

    Raises:
        ImageDecodeError: it is not a PNG, or has a defect.
        ImageTooLargeError: it promises more pixels than `MAX_PIXELS`.
    """
    from isal.isal_zlib import crc32

    view = memoryview(contents)
    size = len(view)
    if bytes(view[:8]) != SIGNATURE:
        from feedline.formats.signature import describe

        raise ImageDecodeError(
            f"the contents are not a PNG: {describe(contents)}.",
            where=["the PNG's signature at byte 0"],
            fix="Use fl.io.decode_image to decode by what the bytes are.",
        )
    file: PngFile | None = None
    ended = data_over = False
    offset = 8
    while not ended:
        if size - offset < 12:
            raise _defect(f"the PNG ends after {size} bytes, in the middle of a chunk or before IEND.", "head", offset)
        length, kind = _chunk_head(view, offset)
        if length > size - offset - 12:
            raise _defect(
                f"the chunk is {length} bytes long, but only {size - offset - 12} are left: the PNG is cut off.",
                kind,
                offset,
            )
        body = view[offset + 8 : offset + 8 + length]
        if crc32(view[offset + 4 : offset + 8 + length]) != _unsigned(view, offset + 8 + length)[0]:
            raise _defect("the chunk's checksum does not match its bytes.", kind, offset)
        if file is None:
            if kind != b"IHDR":
                raise _defect("the first chunk is not IHDR.", kind, offset)
            file = _parse_header(body, offset)
        elif kind == b"IDAT":
            if data_over:
                raise _defect("IDAT chunks do not follow one another.", kind, offset)
            if not file.data:
                if file.colour == PALETTE and file.palette is None:
                    raise _defect("a palette image has no PLTE before IDAT.", kind, offset)
                file.data_at = offset
            file.data.append(body)
        else:
            data_over = bool(file.data)
            if kind == b"IEND":
                if length:
                    raise _defect(f"IEND holds {length} bytes; it must be empty.", kind, offset)
                if not file.data:
                    raise _defect("the PNG has no IDAT: there are no pixels.", kind, offset)
                ended = True
            elif kind == b"PLTE":
                _parse_palette(file, body, offset)
            elif kind == b"tRNS":
                _parse_transparency(file, body, offset)
            elif kind in _COLOUR_SPACE_CHUNKS:
                if not file.data and file.palette is None:
                    file.colour_space.append((kind, bytes(body)))
            elif kind == b"IHDR":
                raise _defect("there is a second IHDR.", kind, offset)
            elif not kind.isalpha():
                raise _defect("the chunk's name is not four letters.", kind, offset)
            elif not kind[0] & 0x20:
                raise _defect("the chunk is critical and not of the PNG standard.", kind, offset)
        offset += 12 + length
    assert file is not None
    return file


def _parse_header(body: memoryview, offset: int) -> PngFile:
    if len(body) != 13:
        raise _defect(f"IHDR is {len(body)} bytes long; it must be 13.", b"IHDR", offset)
    width, height, depth, colour, compression, filtering, interlace = _header_fields(body)
    if colour not in _CHANNELS:
        raise _defect(f"the colour type is {colour}; it must be 0, 2, 3, 4 or 6.", b"IHDR", offset)
    if depth not in _DEPTHS[colour]:
        raise _defect(
            f"the bit depth is {depth}; for {_COLOUR_NAMES[colour]} it must be one of {_DEPTHS[colour]}.",
            b"IHDR",
            offset,
        )
    if compression or filtering or interlace > 1:
        raise _defect(
            f"compression {compression}, filter {filtering} and interlacing {interlace} are not of the PNG standard.",
            b"IHDR",
            offset,
        )
    if not width or not height:
        raise _defect(f"the image is {width} x {height} pixels.", b"IHDR", offset)
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageTooLargeError(
            f"the PNG's header promises {width:,} x {height:,} pixels; "
            f"at most {MAX_SIDE:,} a side and {MAX_PIXELS:,} in all are decoded.",
            where=[f"chunk IHDR at byte {offset} of the PNG"],
            fix="If the image is real, cut it into tiles; if not, leave the file out.",
        )
    return PngFile(width, height, depth, colour, interlace == 1)


def _parse_palette(file: PngFile, body: memoryview, offset: int) -> None:
    if file.palette is not None:
        raise _defect("there is a second PLTE.", b"PLTE", offset)
    if file.data or file.transparency is not None:
        raise _defect("PLTE must come before tRNS and IDAT.", b"PLTE", offset)
    if file.colour in (GRAY, GRAY_ALPHA):
        raise _defect(f"a {_COLOUR_NAMES[file.colour]} PNG must not have a palette.", b"PLTE", offset)
    if not len(body) or len(body) % 3 or len(body) > 768:
        raise _defect(f"PLTE is {len(body)} bytes long; it must hold 1 to 256 colours of 3.", b"PLTE", offset)
    palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
    # Some writers fill up the palette beyond what the bit depth can point to; no pixel is affected.
    file.palette = palette[: 1 << file.depth] if file.colour == PALETTE else palette


def _parse_transparency(file: PngFile, body: memoryview, offset: int) -> None:
    if file.transparency is not None:
        raise _defect("there is a second tRNS.", b"tRNS", offset)
    if file.data:
        raise _defect("tRNS must come before IDAT.", b"tRNS", offset)
    if file.colour in (GRAY_ALPHA, RGB_ALPHA):
        raise _defect(f"a {_COLOUR_NAMES[file.colour]} PNG must not have tRNS as well.", b"tRNS", offset)
    if file.colour == PALETTE:
        if file.palette is None:
            raise _defect("tRNS must come after PLTE.", b"tRNS", offset)
        if not 1 <= len(body) <= len(file.palette):
            raise _defect(f"tRNS has {len(body)} entries for a palette of {len(file.palette)}.", b"tRNS", offset)
    elif len(body) != 2 * file.channels:
        raise _defect(f"tRNS is {len(body)} bytes long; it must be {2 * file.channels}.", b"tRNS", offset)
    file.transparency = bytes(body)


def _passes(file: PngFile) -> list[tuple[int, int, int, int, int, int, int]]:
    """Returns first row, first column, steps, height, width and bytes of a row for each pass that has pixels."""
    bits = file.channels * file.depth
    if not file.interlaced:
        return [(0, 0, 1, 1, file.height, file.width, (file.width * bits + 7) // 8)]
    found = []
    for top, left, down, right in _PASSES:
        height = (file.height - top + down - 1) // down
        width = (file.width - left + right - 1) // right
        if height > 0 and width > 0:
            found.append((top, left, down, right, height, width, (width * bits + 7) // 8))
    return found


def _inflate(file: PngFile, expected: int) -> bytes:
    """Returns exactly the bytes that the header promises; never inflates more than one beyond."""
    from isal.igzip_lib import DECOMP_ZLIB, IgzipDecompressor, IsalError

    deflated = file.data[0] if len(file.data) == 1 else b"".join(file.data)
    if expected > _MOST_EXPANSION * len(deflated):
        raise _defect(
            f"the image needs {expected:,} bytes of pixels, but {len(deflated):,} deflated bytes cannot hold as many.",
            b"IDAT",
            file.data_at,
        )
    stream = IgzipDecompressor(DECOMP_ZLIB, 15)
    try:
        raw = stream.decompress(deflated, expected + 1)
    except (IsalError, ValueError, OverflowError) as error:  # type: ignore[misc]
        raise _defect(f"the pixels do not inflate: {error}.", b"IDAT", file.data_at) from error
    if len(raw) > expected:
        raise _defect(
            f"the pixels inflate to more than the {expected:,} bytes that the header promises.", b"IDAT", file.data_at
        )
    if len(raw) < expected or not stream.eof:
        raise _defect(
            f"the pixels are cut off: {len(raw):,} of {expected:,} bytes inflate"
            + (", and the stream's end is missing." if len(raw) == expected else "."),
            b"IDAT",
            file.data_at,
        )
    if stream.unused_data:
        raise _defect(f"{len(stream.unused_data)} bytes follow the end of the deflated pixels.", b"IDAT", file.data_at)
    return raw


def read_samples(file: PngFile) -> np.ndarray:
    """Returns a file's samples as they are stored.

    Returns:
        (height, width, channels): uint8, sub-byte samples unscaled; or big-endian uint16.

    Raises:
        ImageDecodeError: the pixels are damaged.
    """
    from feedline.kernels.unfilter import unfilter

    passes = _passes(file)
    raw = np.frombuffer(_inflate(file, sum(part[4] * (part[6] + 1) for part in passes)), np.uint8)
    step = max(1, file.channels * file.depth // 8)
    dtype = np.dtype(">u2") if file.depth == 16 else np.dtype(np.uint8)
    image = np.empty((file.height, file.width, file.channels), dtype) if file.interlaced else None
    start = rows_before = 0
    for top, left, down, right, height, width, row_length in passes:
        end = start + height * (row_length + 1)
        rows = POOL.empty((height, row_length), np.dtype(np.uint8))
        bad = unfilter(raw[start:end], rows, step)
        if bad >= 0:
            kind = int(raw[start + bad * (row_length + 1)])
            raise _defect(f"row {rows_before + bad} has the filter {kind}; there are 0 to 4.", b"IDAT", file.data_at)
        samples = _as_samples(rows, file, height, width, dtype)
        if image is None:
            return samples
        image[top::down, left::right] = samples
        start, rows_before = end, rows_before + height
    assert image is not None
    return image


def read_plain_samples(contents: memoryview, out: np.ndarray) -> bool:
    """Decodes a PNG of 8 bits, without a palette, a transparent colour or a colour space, into an array.

    Args:
        contents: the whole file.
        out: uint8 (height, width, channels), C-contiguous.

    Returns:
        Whether it is such a PNG, of this shape; if not, nothing is written.

    Raises:
        ImageDecodeError: it is not a PNG, or has a defect.
    """
    from feedline.kernels.unfilter import unfilter

    file = parse_png(contents)
    height, width, channels = out.shape
    plain = file.depth == 8 and file.colour != PALETTE and not file.interlaced
    if not plain or file.transparency is not None or file.colour_space:
        return False
    if (file.height, file.width, file.channels) != (height, width, channels):
        return False
    raw = np.frombuffer(_inflate(file, height * (width * channels + 1)), np.uint8)
    return bool(unfilter(raw, out.reshape(height, width * channels), channels) == -1)


def _as_samples(rows: np.ndarray, file: PngFile, height: int, width: int, dtype: np.dtype) -> np.ndarray:
    if file.depth >= 8:
        return rows.view(dtype).reshape(height, width, file.channels)
    from feedline.kernels.samples import unpack_bits

    samples = np.empty((height, width), np.uint8)
    unpack_bits(rows, file.depth, samples)
    return samples[:, :, None]


def decode_png_bytes(contents: bytes | memoryview, channels: int = 0, dtype: np.dtype | type = np.uint8) -> np.ndarray:
    """Returns a PNG's pixels, converted as TensorFlow converts them.

    Args:
        contents: the whole file.
        channels: 0 for as many as the file has, 1, 3 or 4.
        dtype: uint8 or uint16.

    Returns:
        (height, width, channels) of dtype.

    Raises:
        ImageDecodeError: it is not a PNG, or has a defect.
        ImageTooLargeError: it promises more pixels than `MAX_PIXELS`.
    """
    file = parse_png(contents)
    samples = read_samples(file)
    if file.colour == RGB and file.depth == 8 and channels in (0, 3) and dtype == np.uint8:
        return samples
    from feedline.formats.png_colour import convert

    return convert(file, samples, channels, np.dtype(dtype))
