"""GIF files: frames, put together as TensorFlow does.

Format: GIF89a specification (CompuServe, 1990). Each frame is drawn over the one before; disposal methods are not
looked at, transparent pixels keep what was there (black at first), and the canvas is as large as the widest and the
highest frame, whatever the screen size says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from feedline.errors import ImageDecodeError, ImageTooLargeError

MAX_PIXELS = 2**29 - 1  # of all frames together
_DAMAGED = "The file is damaged: fetch or write it again."
_image_fields = struct.Struct("<HHHHB").unpack_from
# The four passes of an interlaced frame: first row, rows between.
_PASSES = ((0, 8), (4, 8), (2, 4), (1, 2))


@dataclass(slots=True)
class _Frame:
    left: int
    top: int
    width: int
    height: int
    interlaced: bool
    palette: np.ndarray
    transparent: int
    minimum_bits: int
    data: bytes
    at: int


def _defect(what: str, offset: int, fix: str = _DAMAGED) -> ImageDecodeError:
    return ImageDecodeError(what, where=[f"byte {offset} of the GIF"], fix=fix)


class _Reader:
    """Reads a GIF's parts one after another."""

    def __init__(self, contents: bytes) -> None:
        self.contents = contents
        self.offset = 0

    def take(self, count: int) -> bytes:
        end = self.offset + count
        if end > len(self.contents):
            raise _defect(f"the GIF is cut off: it ends after {len(self.contents)} bytes.", self.offset)
        part = self.contents[self.offset : end]
        self.offset = end
        return part

    def palette(self, flags: int) -> np.ndarray:
        return np.frombuffer(self.take(3 << ((flags & 7) + 1)), np.uint8).reshape(-1, 3)

    def sub_blocks(self) -> bytes:
        parts = []
        while length := self.take(1)[0]:
            parts.append(self.take(length))
        return b"".join(parts)


def _parse(contents: bytes) -> list[_Frame]:
    reader = _Reader(contents)
    if reader.take(6) not in (b"GIF87a", b"GIF89a"):
        from feedline.formats.signature import describe

        raise _defect(
            f"the contents are not a GIF: {describe(contents)}.",
            0,
            "Use fl.io.decode_image to decode by what the bytes are.",
        )
    flags = reader.take(7)[4]
    shared = reader.palette(flags) if flags & 0x80 else None
    frames: list[_Frame] = []
    transparent = -1
    while True:
        at = reader.offset
        kind = reader.take(1)[0]
        if kind == 0x3B:
            break
        if kind == 0x21:
            label = reader.take(1)[0]
            control = reader.sub_blocks()
            if label == 0xF9:
                if len(control) != 4:
                    raise _defect(f"a graphic control extension holds {len(control)} bytes; it must hold 4.", at)
                transparent = control[3] if control[0] & 1 else -1
        elif kind == 0x2C:
            frames.append(_parse_frame(reader, at, shared, transparent))
            transparent = -1
        else:
            raise _defect(f"a block begins with {kind}; there are 33 (extension), 44 (frame) and 59 (end).", at)
    if not frames:
        raise _defect("the GIF has no frames.", at)
    return frames


def _parse_frame(reader: _Reader, at: int, shared: np.ndarray | None, transparent: int) -> _Frame:
    left, top, width, height, flags = _image_fields(reader.take(9))
    palette = reader.palette(flags) if flags & 0x80 else shared
    if palette is None:
        raise _defect("a frame has no palette, and nor has the GIF.", at)
    if not width or not height:
        raise _defect(f"a frame is {width} x {height} pixels.", at)
    bits = reader.take(1)[0]
    if not 1 <= bits <= 8:
        raise _defect(f"a frame's smallest code has {bits} bits; it must have 1 to 8.", at)
    return _Frame(left, top, width, height, bool(flags & 0x40), palette, transparent, bits, reader.sub_blocks(), at)


def _indices(frame: _Frame) -> np.ndarray:
    from feedline.kernels.lzw import BAD_CODE, OK, lzw_decode

    pixels = np.empty(frame.width * frame.height, np.uint8)
    written, status = lzw_decode(np.frombuffer(frame.data, np.uint8), frame.minimum_bits, pixels)
    if status != OK:
        reason = "holds a code that it has not defined" if status == BAD_CODE else "ends"
        raise _defect(f"a frame's data {reason} after {written} of {pixels.size} pixels.", frame.at)
    rows = pixels.reshape(frame.height, frame.width)
    if not frame.interlaced:
        return rows
    image = np.empty_like(rows)
    start = 0
    for first, step in _PASSES:
        count = len(range(first, frame.height, step))
        image[first::step] = rows[start : start + count]
        start += count
    return image


def _draw(frame: _Frame, canvas: np.ndarray) -> None:
    """Draws a frame over what is on the canvas (height, width, 3)."""
    height, width = canvas.shape[:2]
    bottom, right = min(frame.top + frame.height, height), min(frame.left + frame.width, width)
    indices = _indices(frame)
    if bottom <= frame.top or right <= frame.left:
        return
    indices = indices[: bottom - frame.top, : right - frame.left]
    target = canvas[frame.top : bottom, frame.left : right]
    shown = indices != frame.transparent if frame.transparent >= 0 else None
    out_of_palette = indices >= len(frame.palette)
    if shown is not None:
        out_of_palette &= shown
    if out_of_palette.any():
        raise _defect(
            f"a pixel is colour {int(indices[out_of_palette][0])} of a palette of {len(frame.palette)}.", frame.at
        )
    colours = np.take(frame.palette, indices, axis=0, mode="clip")
    if shown is None:
        target[...] = colours
    else:
        np.copyto(target, colours, where=shown[:, :, None])


def decode_gif_bytes(contents: bytes | memoryview, first_only: bool = False) -> np.ndarray:
    """Returns a GIF's frames.

    Args:
        contents: the whole file.
        first_only: whether to return the first frame alone.

    Returns:
        uint8 (frames, height, width, 3).

    Raises:
        ImageDecodeError: it is not a GIF, or is damaged.
        ImageTooLargeError: its frames have more pixels than `MAX_PIXELS`.
    """
    contents = contents if isinstance(contents, bytes) else bytes(contents)
    every = _parse(contents)
    # The canvas is as large as all frames need, also where only the first is drawn.
    height, width = max(frame.height for frame in every), max(frame.width for frame in every)
    frames = every[:1] if first_only else every
    if len(frames) * height * width > MAX_PIXELS:
        raise ImageTooLargeError(
            f"the GIF has {len(frames)} frames of {width} x {height}; at most {MAX_PIXELS:,} pixels are decoded.",
            fix="Decode the first frame alone with fl.io.decode_image(contents, expand_animations=False).",
        )
    out = np.empty((len(frames), height, width, 3), np.uint8)
    for number, frame in enumerate(frames):
        out[number] = out[number - 1] if number else 0
        _draw(frame, out[number])
    return out
