"""NumPy's `.npy` files, read from memory without ever unpickling.

Format: `numpy.lib.format`, versions 1.0, 2.0 and 3.0.
"""

from __future__ import annotations

import ast
import math
from functools import lru_cache

import numpy as np

from feedline.errors import TensorDecodeError

MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000  # NumPy's own limit: parsing a longer literal could exhaust the parser
_DAMAGED = "The file is damaged: fetch or write it again."


def _defect(what: str, offset: int, fix: str = _DAMAGED) -> TensorDecodeError:
    return TensorDecodeError(what, where=[f"byte {offset} of the .npy file"], fix=fix)


def parse_npy_header(contents: bytes | memoryview) -> tuple[np.dtype, bool, tuple[int, ...], int]:
    """Returns an array's dtype, whether it is in Fortran order, its shape, and the offset of its values.

    Args:
        contents: the file, or its beginning.

    Raises:
        TensorDecodeError: it is not an `.npy` file, its header is damaged, or it holds Python objects.
    """
    head = bytes(contents[:12])
    if head[:6] != MAGIC:
        from feedline.formats.signature import describe

        raise _defect(
            f"the contents are not an .npy file: {describe(contents)}.",
            0,
            "Read files that np.save wrote with decode_npy, and bare numbers with fl.io.decode_raw.",
        )
    if len(head) < 10 or (head[6] > 1 and len(head) < 12):
        raise _defect(f"the .npy file ends after {len(contents)} bytes, within its header.", len(contents))
    version = (head[6], head[7])
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise _defect(f"the .npy format's version is {version[0]}.{version[1]}; 1.0, 2.0 and 3.0 are known.", 6)
    width = 2 if version == (1, 0) else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    start = 8 + width + length
    if length > _MAX_HEADER:
        raise _defect(f"the .npy header says it is {length:,} bytes long; at most {_MAX_HEADER:,} are read.", 8)
    if start > len(contents):
        raise _defect(f"the .npy header is {length} bytes long, but the file ends after {len(contents)}.", 8)
    return (*_parse_dictionary(bytes(contents[8 + width : start]), version == (3, 0)), start)


@lru_cache(maxsize=256)
def _parse_dictionary(text: bytes, utf8: bool) -> tuple[np.dtype, bool, tuple[int, ...]]:
    try:
        found = ast.literal_eval(text.decode("utf-8" if utf8 else "latin1"))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise _defect(f"the .npy header is not a dictionary: {text[:60]!r}.", 10) from error
    if not isinstance(found, dict) or found.keys() != {"descr", "fortran_order", "shape"}:
        raise _defect(f"the .npy header does not have descr, fortran_order and shape: {text[:60]!r}.", 10)
    shape, fortran = found["shape"], found["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise _defect(f"the shape in the .npy header is {shape!r}.", 10)
    if not isinstance(fortran, bool):
        raise _defect(f"fortran_order in the .npy header is {fortran!r}.", 10)
    try:
        dtype = np.lib.format.descr_to_dtype(found["descr"])
    except Exception as error:  # NumPy raises whatever its parser meets
        raise _defect(f"the dtype in the .npy header is {found['descr']!r}.", 10) from error
    if dtype.hasobject:
        raise _defect(
            f"the .npy file holds pickled Python objects (dtype {found['descr']!r}), which can run code when read.",
            10,
            "Save it again with a plain dtype, for instance np.save(path, array.astype(np.float32)); "
            "arrays of different lengths go into one file each, or into a TFRecord.",
        )
    return dtype, fortran, shape


def read_npy(contents: bytes | memoryview) -> np.ndarray:
    """Returns the array of an `.npy` file: a read-only view of the bytes where they can be used as they are.

    Args:
        contents: the whole file.

    Returns:
        The array, in the machine's byte order. Text and byte strings become an object array of `bytes`.

    Raises:
        TensorDecodeError: it is not an `.npy` file, is cut off, too long or damaged, or holds Python objects.
    """
    dtype, fortran, shape, start = parse_npy_header(contents)
    count = math.prod(shape)
    needed, there = count * dtype.itemsize, len(contents) - start
    if needed != there or (count and not dtype.itemsize):
        state = "cut off" if there < needed else "too long"
        raise _defect(
            f"an array of shape {shape} and dtype {dtype} takes {needed:,} bytes, but {there:,} follow the header: "
            f"the .npy file is {state}.",
            start,
        )
    try:
        flat = np.frombuffer(contents, dtype, count, start) if count else np.empty(0, dtype)
        array = flat.reshape(shape, order="F" if fortran else "C")
    except (ValueError, OverflowError) as error:
        raise _defect(f"there is no array of shape {shape}: {error}.", 10) from error
    if dtype.kind in "SU":
        return _as_strings(array)
    if not dtype.isnative:
        array = array.astype(dtype.newbyteorder("="))
    array.flags.writeable = False
    return array


def _as_strings(array: np.ndarray) -> np.ndarray:
    values = array
    if array.size and array.dtype.kind == "U":
        points = array.ravel(order="K").view(array.dtype.str[0] + "u4")
        wrong = points[(points > 0x10FFFF) | (points >> 11 == 0x1B)]  # NumPy would write bytes that are not UTF-8
        if wrong.size:
            raise TensorDecodeError(
                f"the .npy file's text holds U+{int(wrong[0]):X}, which is not Unicode.", fix=_DAMAGED
            )
        values = np.strings.encode(array, "utf-8")
    out = values.astype(object)
    out.flags.writeable = False
    return out
