"""What goes wrong with TFRecord files, in words: shared by reading at random and reading as a stream."""

from __future__ import annotations

from typing import Any

from feedline.errors import ArgumentError, CorruptRecordError, FileFormatError, TruncatedRecordError

_GZIP_MAGIC = b"\x1f\x8b"


def as_compression_type(compression_type: Any) -> str:
    """Returns "", "GZIP" or "ZLIB".

    Raises:
        ArgumentError: anything but None, "", "NONE", "GZIP" and "ZLIB".

    Example:
        >>> as_compression_type(None), as_compression_type("GZIP")
        ('', 'GZIP')
    """
    if compression_type is None or (isinstance(compression_type, str) and compression_type in ("", "NONE")):
        return ""
    if isinstance(compression_type, str) and compression_type in ("GZIP", "ZLIB"):
        return compression_type
    near = compression_type.upper() if isinstance(compression_type, str) else ""
    raise ArgumentError(
        f"compression_type is {compression_type!r}.",
        fix=f'Did you mean "{near}"?' if near in ("GZIP", "ZLIB", "NONE") else 'Use None, "GZIP" or "ZLIB".',
    )


def compression_of(start: bytes) -> str:
    """Returns the compression that the first bytes of a file show: "GZIP", "ZLIB", or "" for none known.

    Sources: RFC 1952, section 2.3.1 (gzip's two magic bytes), RFC 1950, section 2.2 (zlib's method and check bits).
    """
    if start[:2] == _GZIP_MAGIC:
        return "GZIP"
    if len(start) >= 2 and start[0] & 15 == 8 and start[0] >> 4 <= 7 and (start[0] * 256 + start[1]) % 31 == 0:
        return "ZLIB"
    return ""


def place(number: int, offset: int, path: str, compression_type: str = "") -> str:
    """Returns where a record is, as errors say it."""
    of = " of what it inflates to" if compression_type else ""
    return f"record {number} of {path}, which begins at byte {offset}{of}"


def not_plain(path: str, start: bytes) -> FileFormatError | None:
    """Returns the error for a file that is compressed but was read as if it were not; None where it is not."""
    found = compression_of(start)
    if not found:
        return None
    return FileFormatError(
        f"the file begins like a {found} stream, not like a TFRecord.",
        where=[f"the first bytes of {path}"],
        fix=f'Read it with compression_type="{found}".',
    )


def not_compressed(path: str, start: bytes, compression_type: str) -> FileFormatError | None:
    """Returns the error for a file that was read with a compression that its first bytes do not show; or None."""
    found = compression_of(start)
    if found == compression_type:
        return None
    wanted = f'compression_type="{found}"' if found else "compression_type=None"
    return FileFormatError(
        f"the file does not begin like a {compression_type} stream.",
        where=[f"the first bytes of {path}"],
        fix=f"Read it with {wanted}, or make sure that it is a {compression_type} file.",
    )


def bad_header(number: int, offset: int, path: str, compression_type: str = "") -> CorruptRecordError:
    """Returns the error for a length whose checksum is wrong."""
    if number == 0:
        what = "the file does not begin with a record: the checksum of the first length is wrong."
        fix = "Make sure that it is a TFRecord file; if it is, write or copy it again, its first bytes are damaged."
    else:
        what = "the checksum of a record's length is wrong: the file is damaged here."
        fix = "Write or copy the file again; the records before this one are good."
    return CorruptRecordError(what, where=[place(number, offset, path, compression_type)], fix=fix)


def bad_data(number: int, offset: int, path: str, compression_type: str = "") -> CorruptRecordError:
    """Returns the error for a payload whose checksum is wrong."""
    return CorruptRecordError(
        "the checksum of a record's data is wrong: at least one bit of it has changed since it was written.",
        where=[place(number, offset, path, compression_type)],
        fix="Write or copy the file again, or leave this record out.",
    )


def truncated(
    number: int, offset: int, path: str, present: int, needed: int | None, compression_type: str = ""
) -> TruncatedRecordError:
    """Returns the error for a file that ends within a record.

    Args:
        number: of the record.
        offset: where it begins, in bytes.
        path: the file.
        present: how many bytes of the record are there.
        needed: how many it has, None where its length is cut off too.
        compression_type: how the file is compressed.
    """
    wanted = "its header alone has 12" if needed is None else f"it has {needed}"
    return TruncatedRecordError(
        f"the file ends within a record: {present} bytes of it are there, {wanted}.",
        where=[place(number, offset, path, compression_type)],
        fix="Copy the file again, or wait until its writer has closed it; the records before this one are good.",
    )


def changed(path: str, before: tuple[int, int], now: tuple[int, int]) -> CorruptRecordError:
    """Returns the error for a file that is no longer the one that was indexed.

    Args:
        path: the file.
        before: its size in bytes and change time in nanoseconds when it was indexed.
        now: the same, now.
    """
    if now[0] != before[0]:
        what = f"the file changed while it was read: it had {before[0]} bytes when it was indexed, now it has {now[0]}."
    else:
        seconds = abs(now[1] - before[1]) / 1e9
        what = f"the file changed while it was read: its change time differs by {seconds:g} s from when it was indexed."
    kind = TruncatedRecordError if now[0] < before[0] else CorruptRecordError
    return kind(
        what,
        where=[path],
        fix="Leave files alone while they are read: write to a new name, then build the dataset anew.",
    )
