"""Decoding a window of a JPEG alone, by libjpeg-turbo's own interface: what simplejpeg does not offer.

Blocks beside the window are not transformed, and rows behind it not even read. The interface is the TurboJPEG API,
version 3 (`turbojpeg.h`), whose functions return errors and whose handles are opaque; the shared library is the one in
the wheel `turbojpeg`, or the system's. Where there is none, whole images are decoded.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import threading
from typing import Any

import numpy as np

# enum TJINIT, TJPARAM and TJPF of turbojpeg.h
_DECOMPRESS = 1
_STOP_ON_WARNING, _SUBSAMPLING, _WIDTH, _HEIGHT, _FAST_UPSAMPLE, _FAST_DCT = 0, 4, 5, 6, 9, 10
_RGB, _GRAY = 0, 6
_BLOCK_WIDTHS = (8, 16, 16, 8, 8, 32, 8)  # of TJSAMP_444, 422, 420, GRAY, 440, 411, 441

_SYSTEM_LIBRARIES = {"linux": "libturbojpeg.so.0", "darwin": "libturbojpeg.dylib", "win32": "turbojpeg.dll"}


class _Region(ctypes.Structure):
    """`tjregion`."""

    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_int), ("w", ctypes.c_int), ("h", ctypes.c_int))


def _library_path() -> str:
    """Returns where the library is: in the wheel `turbojpeg`, or wherever the system keeps it."""
    from importlib import metadata

    try:
        files = metadata.files("turbojpeg") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        name = file.name
        if name.startswith("libturbojpeg") or (name.startswith("turbojpeg") and name.endswith(".dll")):
            return str(file.locate())
    return _SYSTEM_LIBRARIES.get(sys.platform, "turbojpeg")


@functools.cache
def _library() -> tuple[Any, Any] | None:
    """Returns the library twice: for calls that let other threads run, and for short ones; None where there is none."""
    try:
        path = _library_path()
        running, short = ctypes.CDLL(path), ctypes.PyDLL(path)
        handle, text, number, pointer = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p
        for name, result, arguments in (
            ("tj3Init", handle, [number]),
            ("tj3Destroy", None, [handle]),
            ("tj3Set", number, [handle, number, number]),
            ("tj3Get", number, [handle, number]),
            ("tj3DecompressHeader", number, [handle, text, ctypes.c_size_t]),
            ("tj3SetCroppingRegion", number, [handle, _Region]),
        ):
            function = getattr(short, name)
            function.restype, function.argtypes = result, arguments
        decompress = running.tj3Decompress8
        decompress.restype, decompress.argtypes = number, [handle, text, ctypes.c_size_t, pointer, number, number]
    except (OSError, AttributeError):  # no library, or one of an older version
        return None
    return running, short


class _Decoder(threading.local):
    """A handle of the library, one for each thread."""

    def __init__(self) -> None:
        found = _library()
        assert found is not None
        self._init, self._destroy = found[1].tj3Init, found[1].tj3Destroy
        self.handle = self._init(_DECOMPRESS)

    def begin_anew(self) -> None:
        """Takes a new handle: version 3.0 keeps tables of the file that failed."""
        self._destroy(self.handle)
        self.handle = self._init(_DECOMPRESS)

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            self._destroy(self.handle)


_decoder: _Decoder | None = None


def available() -> bool:
    """Says whether windows can be decoded alone."""
    return _library() is not None


def decode_window(
    contents: bytes,
    image: np.ndarray,
    window: tuple[int, int, int, int],
    *,
    fast_dct: bool,
    strict: bool,
) -> bool:
    """Decodes a window of a JPEG into its place in an image, colour interpolated.

    The pixels are those of the whole image bit for bit: a block more is decoded on either side, into which the
    interpolation of colour looks. Colour that is only repeated is not for windows: where rows are skipped, versions of
    the library take those before, or write where nothing is theirs (libjpeg-turbo's issues 244, 574 and 915).

    Args:
        contents: the whole file.
        image: uint8 (height, width, 1 or 3), C-contiguous, of the file's size. What is outside the window may be
            written too.
        window: first row, first column, height and width of what is wanted.
        fast_dct, strict: as simplejpeg's `fastdct` and `strict`.

    Returns:
        Whether the window is there now. If not, it may be damaged, or of a kind that is not decoded in parts.
    """
    global _decoder
    rows, columns, channels = image.shape
    top, left, height, width = window
    inside = top >= 0 and left >= 0 and 0 < height <= rows - top and 0 < width <= columns - left
    if not available() or not inside or not image.flags.c_contiguous or channels not in (1, 3):
        return False
    if _decoder is None:
        _decoder = _Decoder()
    options = {_STOP_ON_WARNING: strict, _FAST_UPSAMPLE: False, _FAST_DCT: fast_dct}
    done = bool(_decoder.handle) and _decode(_decoder.handle, contents, image, window, options)
    if not done:
        _decoder.begin_anew()
    return done


def _decode(
    handle: int, contents: bytes, image: np.ndarray, window: tuple[int, int, int, int], options: dict[int, bool]
) -> bool:
    found = _library()
    assert found is not None
    running, short = found
    rows, columns, channels = image.shape
    top, left, height, width = window
    if short.tj3DecompressHeader(handle, contents, len(contents)) != 0:
        return False
    if short.tj3Get(handle, _WIDTH) != columns or short.tj3Get(handle, _HEIGHT) != rows:
        return False
    subsampling = short.tj3Get(handle, _SUBSAMPLING)
    if not 0 <= subsampling < len(_BLOCK_WIDTHS):
        return False
    block = _BLOCK_WIDTHS[subsampling]
    if columns < 2 * block:  # of few columns no colour is interpolated
        return False
    first = max(0, left // block - 1) * block
    last = min(columns, (-(-(left + width) // block) + 1) * block)
    for parameter, value in options.items():
        short.tj3Set(handle, parameter, int(value))
    if short.tj3SetCroppingRegion(handle, _Region(first, top, last - first, height)) != 0:
        return False
    place = image.ctypes.data + (top * columns + first) * channels
    pixels = _GRAY if channels == 1 else _RGB
    done = running.tj3Decompress8(handle, contents, len(contents), place, columns * channels, pixels)
    return bool(done == 0)
