"""JPEG files: the header, and decoding by libjpeg-turbo.

Format: ITU-T T.81, and Adobe Technical Note 5116 for the Adobe marker. The decoder is simplejpeg's libjpeg-turbo with
TensorFlow's settings, which gives TensorFlow's pixels bit for bit, with three exceptions:

- What is left of a cut-off file (`try_recover_truncated=True`) is equal down to the row of blocks that is cut.
- `decode_and_crop_jpeg` gives exactly what is in the whole image; TensorFlow's last column may differ by a few levels
  where the crop ends within a subsampled image, because it does not look beyond the crop when it interpolates colour.
- Sampling factors other than 4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1, 4:4:1 and grey go through OpenCV, which has no fast
  DCT: equal with `dct_method="INTEGER_ACCURATE"`, within a few levels by default.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.buffers import POOL
from feedline.errors import ImageDecodeError, ImageTooLargeError

MAX_SAMPLES = 2**29 - 1  # TensorFlow's limit: height * width * components
# Each scan of a progressive file goes over the whole image: files that would take minutes are refused.
_MAX_SCANS = 500
_MAX_SCANNED_PIXELS = 2**34
# A block of 64 samples takes at least a bit in each component.
_MOST_EXPANSION = 512

_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODABLE = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive", 0xC9: "arithmetic", 0xCA: "arithmetic"}
_NOT_DECODABLE = {0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical"}
_RECOVER = "Fetch or write the file again, or take what is left of it with try_recover_truncated=True."
_frame_fields = struct.Struct(">BHHB").unpack_from


@dataclass(slots=True)
class JpegHeader:
    """What a JPEG says of itself before its pixels.

    Args:
        width, height: in pixels.
        factors: each component's horizontal and vertical sampling factors.
        frame: the second byte of the frame's marker, 0xC0 for baseline, 0xC2 for progressive.
        frame_at: the offset of the frame's marker.
        adobe: whether there is an Adobe marker.
    """

    width: int
    height: int
    factors: tuple[tuple[int, int], ...]
    frame: int
    frame_at: int
    adobe: bool

    @property
    def components(self) -> int:
        """Samples of a pixel as stored: 1 grey, 3 colour, 4 CMYK."""
        return len(self.factors)


def _defect(what: str, offset: int, fix: str = "The file is damaged: fetch or write it again.") -> ImageDecodeError:
    return ImageDecodeError(what, where=[f"byte {offset} of the JPEG"], fix=fix)


def parse_jpeg_header(contents: bytes | memoryview) -> JpegHeader:
    """Returns what a JPEG says of itself before its pixels.

    Args:
        contents: the file, or its beginning.

    Raises:
        ImageDecodeError: it is not a JPEG, ends before the frame header, or is of a kind that is not decoded.
    """
    if not isinstance(contents, bytes):
        return _parse_header(bytes(contents))
    if _last.contents is not contents:
        _last.header = _parse_header(contents)
        _last.contents = contents
    return _last.header


class _Last(threading.local):
    """The header that this thread parsed last: who asks for an image's size, decodes it next."""

    contents: bytes | None = None
    header: Any = None


_last = _Last()


def _parse_header(view: bytes) -> JpegHeader:
    size = len(view)
    if view[:3] != b"\xff\xd8\xff":
        from feedline.formats.signature import describe

        raise _defect(
            f"the contents are not a JPEG: {describe(view)}.",
            0,
            "Use fl.io.decode_image to decode by what the bytes are.",
        )
    offset, adobe = 2, False
    while True:
        at = view.find(b"\xff", offset)
        while 0 <= at < size - 1 and view[at + 1] == 0xFF:
            at += 1
        if at < 0 or at + 4 > size:
            raise _defect(f"the JPEG ends after {size} bytes, before its frame header.", size)
        marker = view[at + 1]
        if marker in _STANDALONE or marker == 0:
            offset = at + 2
            continue
        length = (view[at + 2] << 8) + view[at + 3]
        if length < 2 or at + 2 + length > size:
            raise _defect(f"the segment 0xFF{marker:02X} says it is {length} bytes long; the JPEG is cut off.", at)
        if marker in _FRAMES:
            return _parse_frame(view, at, marker, length, adobe)
        if marker in (0xD9, 0xDA):
            raise _defect("the JPEG has no frame header before its pixels.", at)
        if marker == 0xEE and view[at + 4 : at + 9] == b"Adobe" and length >= 14:
            adobe = True
        offset = at + 2 + length


def _parse_frame(view: bytes, at: int, marker: int, length: int, adobe: bool) -> JpegHeader:
    if marker not in _DECODABLE:
        kind = _NOT_DECODABLE.get(marker, "lossless or hierarchical")
        raise _defect(f"it is a {kind} JPEG, which is not decoded.", at, "Convert it to a baseline JPEG or a PNG.")
    if length < 8:
        raise _defect(f"the frame header is {length} bytes long.", at)
    precision, height, width, components = _frame_fields(view, at + 4)
    if length != 8 + 3 * components or components == 0:
        raise _defect(f"the frame header is {length} bytes long for {components} components.", at)
    if precision != 8:
        raise _defect(
            f"it has {precision} bits a sample; only 8 are decoded.", at, "Convert it to 8 bits, or to a 16-bit PNG."
        )
    if not width or not height:
        raise _defect(f"the image is {width} x {height} pixels.", at)
    factors = tuple((view[i] >> 4, view[i] & 15) for i in range(at + 11, at + 10 + 3 * components, 3))
    if any(not 1 <= factor <= 4 for pair in factors for factor in pair):
        raise _defect(f"the sampling factors are {factors}; each must be 1 to 4.", at)
    return JpegHeader(width, height, factors, marker, at, adobe)


def _check_size(contents: bytes, header: JpegHeader, ratio: int, recover: bool) -> None:
    pixels = header.width * header.height
    if -(-header.width // ratio) * -(-header.height // ratio) * header.components > MAX_SAMPLES:
        raise ImageTooLargeError(
            f"the JPEG's header promises {header.width:,} x {header.height:,} pixels "
            f"of {header.components} components; at most {MAX_SAMPLES:,} samples are decoded.",
            where=[f"byte {header.frame_at} of the JPEG"],
            fix="If the image is real, decode it smaller with ratio=2, 4 or 8; if not, leave the file out.",
        )
    if not recover and header.frame <= 0xC2 and pixels > _MOST_EXPANSION * len(contents):
        raise _defect(
            f"{len(contents):,} bytes cannot hold the {header.width:,} x {header.height:,} pixels that the header "
            "promises: the JPEG is cut off.",
            len(contents),
            _RECOVER,
        )
    if header.frame in (0xC2, 0xCA):
        scans = contents.count(b"\xff\xda")
        if scans > min(_MAX_SCANS, _MAX_SCANNED_PIXELS // pixels):
            raise _defect(
                f"the progressive JPEG has {scans} scans of {header.width:,} x {header.height:,} pixels, "
                "more than any picture needs.",
                header.frame_at,
                "Leave the file out, or save it again.",
            )


def decode_jpeg_bytes(
    contents: bytes | memoryview,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    dct_method: str = "",
    window: tuple[int, int, int, int] | None = None,
) -> np.ndarray:
    """Returns a JPEG's pixels.

    Args:
        contents: the whole file.
        channels: 0 for as many as the file has (CMYK becomes RGB), 1 or 3.
        ratio: 1, 2, 4 or 8: how much smaller to decode.
        fancy_upscaling: whether to interpolate colour that is stored at a lower resolution.
        try_recover_truncated: whether to return what is left of a damaged file.
        dct_method: "" or "INTEGER_FAST", or "INTEGER_ACCURATE".
        window: first row, first column, height and width of what is wanted: other pixels may not be decoded, and then
            hold anything.

    Returns:
        uint8 (ceil(height / ratio), ceil(width / ratio), channels).

    Raises:
        ImageDecodeError: it is not a JPEG, is damaged, or is of a kind that is not decoded.
        ImageTooLargeError: it promises more samples than `MAX_SAMPLES`.
    """
    import simplejpeg

    contents = contents if isinstance(contents, bytes) else bytes(contents)
    header = parse_jpeg_header(contents)
    _check_size(contents, header, ratio, try_recover_truncated)
    if header.components not in (1, 3, 4):
        raise _defect(f"it has {header.components} components; only 1, 3 and 4 are decoded.", header.frame_at)
    planes = channels or min(header.components, 3)
    ink = header.components == 4
    if ink and planes == 1:
        raise _defect(
            "a CMYK JPEG does not decode to grey.", header.frame_at, "Decode it with channels=3 and convert that."
        )
    options: dict[str, Any] = {
        "fastdct": dct_method != "INTEGER_ACCURATE",
        "fastupsample": not fancy_upscaling,
        "strict": not try_recover_truncated,
    }
    height, width = -(-header.height // ratio), -(-header.width // ratio)
    enlarged = contents
    if ratio > 1:
        options |= {"min_height": height, "min_width": width}
        if header.height < 8 and header.width < 8:
            # Sizes this small fit several scales, and the largest would be taken. The file has the whole block.
            at = header.frame_at + 5
            enlarged = contents[:at] + struct.pack(">HH", 8, 8) + contents[at + 4 :]
            options |= {"min_height": 8 // ratio, "min_width": 8 // ratio}
    colours = "CMYK" if ink else ("GRAY" if planes == 1 else "RGB")
    pooled = None
    if try_recover_truncated:
        # What the decoder does not reach stays as it was: black, not another image's pixels.
        options["buffer"] = np.zeros(max(header.height, 8) * max(header.width, 8) * (4 if ink else planes), np.uint8)
    elif ratio == 1:
        options["buffer"] = pooled = POOL.empty((height, width, 4 if ink else planes), np.dtype(np.uint8))
    if window is not None and pooled is not None:
        if fancy_upscaling and not ink and _decode_window(contents, header, pooled, window, options):
            return pooled
        rows = window[0] + window[2]
        if rows > 0 and _decode_first_rows(contents, header, rows, colours, options):
            return _ink_to_rgb(pooled, header.adobe) if ink else pooled
    try:
        image = simplejpeg.decode_jpeg(enlarged, colours, **options)
        nothing_left = False
        if try_recover_truncated and not image.any():  # black, or nothing at all?
            options["buffer"] = np.full_like(options["buffer"], 255)
            nothing_left = simplejpeg.decode_jpeg(enlarged, colours, **options).min() == 255
    except ValueError as error:
        if "subsampling level" in str(error) and not ink:
            return _decode_with_opencv(contents, header, planes, ratio, try_recover_truncated)
        if "subsampling level" in str(error):
            raise _defect(
                f"the CMYK JPEG's sampling factors {header.factors} are not decoded.",
                header.frame_at,
                "Save it again without subsampling, or as RGB.",
            ) from error
        raise _decode_error(header, str(error)) from error
    if nothing_left:
        raise _decode_error(header, "nothing of it is left")
    if pooled is not None:
        image = pooled
    if image.shape[0] != height or image.shape[1] != width:
        image = np.ascontiguousarray(image[:height, :width])
    return _ink_to_rgb(image, header.adobe) if ink else image


def _decode_window(
    contents: bytes, header: JpegHeader, image: np.ndarray, window: tuple[int, int, int, int], options: dict[str, Any]
) -> bool:
    from feedline.formats.turbojpeg import decode_window

    # the decoder does not go to the end, so that a file that is cut off behind the window is looked for here
    return contents.rfind(b"\xff\xd9") >= header.frame_at and decode_window(
        contents,
        image,
        window,
        fast_dct=options["fastdct"],
        strict=options["strict"],
    )


def _decode_first_rows(contents: bytes, header: JpegHeader, rows: int, colours: str, options: dict[str, Any]) -> bool:
    """Decodes the first rows into the buffer among the options; says whether they are there.

    A file whose header says that it is less high decodes to the same rows, all but the last, for which the decoder
    looks at the rows below. It then finds data where the file should end, and says so once all rows are written;
    about anything that is wrong before, it says something else.
    """
    import simplejpeg

    block = 8 * max(vertical for _, vertical in header.factors)
    height = -(-rows // block) * block + block
    at = header.frame_at + 5
    if header.frame not in (0xC0, 0xC1) or height > header.height - block or not _is_one_scan(contents, header):
        return False
    shortened = contents[:at] + height.to_bytes(2, "big") + contents[at + 2 :]
    room = options["buffer"][:height]
    try:
        simplejpeg.decode_jpeg(shortened, colours, **{**options, "buffer": room})
    except ValueError as error:
        return "extraneous bytes before marker" in str(error)
    return True


def _is_one_scan(contents: bytes, header: JpegHeader) -> bool:
    """Says whether all components lie in the first scan, without restart markers."""
    at = header.frame_at
    while at + 5 <= len(contents) and contents[at] == 0xFF:
        marker = contents[at + 1]
        if marker == 0xDA:
            return contents[at + 4] == header.components
        if marker == 0xDD or marker in _STANDALONE:
            return False
        at += 2 + (contents[at + 2] << 8) + contents[at + 3]
    return False


def _decode_error(header: JpegHeader, message: str) -> ImageDecodeError:
    kind = _DECODABLE[header.frame]
    return ImageDecodeError(
        f"the {header.width} x {header.height} {kind} JPEG does not decode: {message.rstrip('. ')}.",
        where=[f"the pixels, after the frame header at byte {header.frame_at} of the JPEG"],
        fix=_RECOVER,
    )


def _ink_to_rgb(image: np.ndarray, adobe: bool) -> np.ndarray:
    # Adobe's programs store ink inverted, so that 255 is none.
    wide = image.astype(np.uint16)
    if not adobe:
        wide = 255 - wide
    return ((wide[:, :, 3:] * wide[:, :, :3]) // 255).astype(np.uint8)


def _decode_with_opencv(contents: bytes, header: JpegHeader, planes: int, ratio: int, recover: bool) -> np.ndarray:
    import cv2

    # OpenCV returns what is left of a damaged file without a word, so that its end is looked for here.
    if not recover and contents.rfind(b"\xff\xd9") < header.frame_at:
        raise _decode_error(header, "it ends without an end marker")
    gray = {
        1: cv2.IMREAD_GRAYSCALE,
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    }
    colour = {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }
    flags = (gray if planes == 1 else colour)[ratio] | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(contents, np.uint8), flags)
    except cv2.error as error:
        raise _decode_error(header, error.err) from error
    if image is None:
        raise _decode_error(header, "OpenCV does not decode its sampling factors either")
    return image[:, :, None] if planes == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
