"""NumPy's `.npz` files: several `.npy` files in one ZIP archive."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np

from feedline.errors import FeedlineError, FileFormatError
from feedline.formats.npy import parse_npy_header, read_npy

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LONGEST_HEAD = 16 << 10
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error)
"""What readers of archives raise: on damaged or encrypted ones, and those of compressions that they do not know."""


def read_npz(path: str, file: BinaryIO) -> dict[str, np.ndarray]:
    """Returns the arrays of an `.npz` file by name.

    Those that are stored plain, as `np.savez` does, are mapped into memory and not read; compressed ones are read.

    Args:
        path: the file's name; "" where it has none, and every array is read.
        file: the file, open for reading at any position.

    Raises:
        FileFormatError: it is not an `.npz` file, or damaged.
        TensorDecodeError: an array in it is damaged, or holds Python objects, which are never unpickled.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return {
                member.filename.removesuffix(".npy"): _array(path, file, archive, member)
                for member in archive.infolist()
                if not member.is_dir()
            }
    except FeedlineError:
        raise
    except _DAMAGES as error:
        from feedline.formats.signature import describe

        file.seek(0)
        head = file.read(12)
        what = f"is not an .npz file: {describe(head)}" if head[:2] != b"PK" else f"is a damaged .npz file: {error}"
        raise FileFormatError(
            f"{path or 'the file'} {what}.",
            fix="Give a file that np.savez or np.savez_compressed wrote; np.load reads .npy files.",
        ) from error


def _array(path: str, file: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    try:
        if path and member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
            mapped = _mapped(path, file, member)
            if mapped is not None:
                return mapped
        return read_npy(archive.read(member))
    except FeedlineError as error:
        error.add_where(f"{member.filename} in {path or 'the file'}")
        raise


def _mapped(path: str, file: BinaryIO, member: zipfile.ZipInfo) -> np.ndarray | None:
    """Returns a member's array mapped into memory; None for one without values, of which nothing can be mapped."""
    file.seek(member.header_offset)
    signature, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if signature != b"PK\3\4":
        raise zipfile.BadZipFile(f"{member.filename} is not where the archive's directory says")
    start = member.header_offset + _LOCAL_HEADER.size + name_length + extra_length
    file.seek(start)
    head = file.read(min(_LONGEST_HEAD, member.file_size))
    dtype, fortran, shape, length = parse_npy_header(head)
    values = dtype.itemsize * int(np.prod(shape, dtype=object))
    if values != member.file_size - length or not values or start + member.file_size > os.fstat(file.fileno()).st_size:
        return None  # what is wrong with it, or that it is empty, is found on reading
    order: Any = "F" if fortran else "C"
    return np.memmap(path, dtype, "r", start + length, shape, order)
