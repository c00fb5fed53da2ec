"""`TFRecordWriter`: TFRecord files that appear at their name only whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import tempfile
import warnings
import weakref
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, FeedlineError, WriteError, nearest_name
from feedline.formats.store_file import write_whole
from feedline.formats.stores import connect, is_url, local_name
from feedline.formats.tfrecord_errors import as_compression_type

_PENDING_BYTES = 1 << 20
_PENDING_RECORDS = 16384
_FRAME = 16
_FLUSH_MODES = (zlib.Z_NO_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_FINISH)


@dataclass(frozen=True)
class TFRecordOptions:
    """How a TFRecord file is compressed.

    Without any option of zlib's, data is compressed by isal, several times faster than by zlib and to files some
    percent larger; with one, by zlib as it says.

    Args:
        compression_type: None, "GZIP" or "ZLIB".
        flush_mode: what `flush()` does to the compressor: zlib's constants, such as `zlib.Z_SYNC_FLUSH`; None and
            `zlib.Z_NO_FLUSH` write what the compressor has ready. `zlib.Z_FINISH` is refused.
        input_buffer_size: how many bytes of records are gathered before they are compressed and written; None for 1 MB.
        output_buffer_size: accepted, and checked to be positive; output is not buffered.
        window_bits: the logarithm of zlib's window, 9 to 15, also given as 25 to 31 for "GZIP".
        compression_level: zlib's level, -1 to 9.
        compression_method: 8, deflate, is the only one.
        mem_level: zlib's memory level, 1 to 9.
        compression_strategy: zlib's strategy, 0 to 4.

    Raises:
        ArgumentError: a value is out of its range, or an option of zlib's is given without a compression type.

    Example:
        >>> TFRecordOptions("GZIP", compression_level=9).compression_type
        'GZIP'
    """

    compression_type: str | None = None
    flush_mode: int | None = None
    input_buffer_size: int | None = None
    output_buffer_size: int | None = None
    window_bits: int | None = None
    compression_level: int | None = None
    compression_method: int | None = None
    mem_level: int | None = None
    compression_strategy: int | None = None

    def __post_init__(self) -> None:
        compression_type = as_compression_type(self.compression_type)
        widest = 31 if compression_type == "GZIP" else 15
        allowed: dict[str, tuple[Any, str]] = {
            "flush_mode": (_FLUSH_MODES[:-1], "0 to 3"),
            "input_buffer_size": (range(1, 1 << 40), "a positive number of bytes"),
            "output_buffer_size": (range(1, 1 << 40), "a positive number of bytes"),
            "window_bits": ([*range(9, 16), *range(25, widest + 1)], f"9 to 15{', 25 to 31' if widest > 15 else ''}"),
            "compression_level": (range(-1, 10), "-1 to 9"),
            "compression_method": ((zlib.DEFLATED,), f"{zlib.DEFLATED}, deflate"),
            "mem_level": (range(1, 10), "1 to 9"),
            "compression_strategy": (range(5), "0 to 4"),
        }
        for name, (values, words) in allowed.items():
            value = getattr(self, name)
            if value is not None and value not in values:
                raise ArgumentError(f"TFRecordOptions: {name} is {value!r}.", fix=f"Use {words}.")
        given = [name for name in self._zlib_options() if getattr(self, name) is not None]
        if given and not compression_type:
            raise ArgumentError(
                f"TFRecordOptions: {given[0]} is given, but nothing is compressed.",
                fix='Set compression_type="GZIP" or "ZLIB", or leave the option out.',
            )

    @staticmethod
    def _zlib_options() -> tuple[str, ...]:
        return ("window_bits", "compression_level", "compression_method", "mem_level", "compression_strategy")

    def compressor(self) -> Any:
        """Returns a compressor object as `zlib.compressobj` does; None where nothing is compressed."""
        compression_type = as_compression_type(self.compression_type)
        if not compression_type:
            return None
        container = 16 if compression_type == "GZIP" else 0
        window = (self.window_bits or zlib.MAX_WBITS) % 16 + container
        if all(getattr(self, name) is None for name in self._zlib_options()) and not self.flush_mode:
            from isal import isal_zlib

            return isal_zlib.compressobj(isal_zlib.Z_DEFAULT_COMPRESSION, isal_zlib.DEFLATED, window)
        return zlib.compressobj(
            zlib.Z_DEFAULT_COMPRESSION if self.compression_level is None else self.compression_level,
            zlib.DEFLATED,
            window,
            zlib.DEF_MEM_LEVEL if self.mem_level is None else self.mem_level,
            self.compression_strategy or zlib.Z_DEFAULT_STRATEGY,
        )


def as_options(options: Any) -> TFRecordOptions:
    """Returns options from None, a compression type, or options of feedline's or TensorFlow's."""
    if isinstance(options, TFRecordOptions):
        return options
    if options is None or isinstance(options, str):
        return TFRecordOptions(options)
    names = TFRecordOptions.__dataclass_fields__
    if all(hasattr(options, name) for name in names):
        return TFRecordOptions(**{name: getattr(options, name) for name in names})
    raise ArgumentError(
        f"options of a TFRecordWriter cannot be {options!r}.", fix='Give TFRecordOptions(...), "GZIP", "ZLIB" or None.'
    )


class _Partial:
    """The file under its temporary name; removes it in the process that made it unless it was put in place."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.target = os.path.realpath(path)
        folder, name = os.path.split(self.target)
        self.name = os.path.join(folder, f".{name[:50]}.{os.getpid()}-{secrets.token_hex(4)}.partial")
        self.process = os.getpid()
        mode = self._mode_of_target()
        self.descriptor = os.open(self.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if mode is not None and hasattr(os, "fchmod"):
            with contextlib.suppress(OSError):  # some file systems have no permissions
                os.fchmod(self.descriptor, mode)

    def _mode_of_target(self) -> int | None:
        try:
            mode = os.stat(self.target).st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISDIR(mode):
            raise WriteError(f"{self.path} is a folder, not a file.", fix="Give the name of a file in it.")
        if not stat.S_ISREG(mode):
            raise WriteError(
                f"{self.path} is not a regular file: a TFRecordWriter would put a file in its place.",
                fix="Write to a regular file, and copy that.",
            )
        return stat.S_IMODE(mode)

    def write(self, data: Any) -> None:
        view = memoryview(data)
        while len(view):
            view = view[os.write(self.descriptor, view) :]

    def put_in_place(self) -> None:
        os.fsync(self.descriptor)
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)
        os.replace(self.name, self.target)
        self.name = ""
        _sync_folder(os.path.dirname(self.target))

    def remove(self) -> None:
        if os.getpid() != self.process:  # a forked child has a copy of this; the file is its parent's
            return
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)
        if self.name:
            name, self.name = self.name, ""
            os.unlink(name)

    def abandon(self) -> None:
        """Removes the file of a writer that nobody has closed, and says so: its records would else vanish unseen."""
        if os.getpid() != self.process:
            return
        with contextlib.suppress(OSError):
            self.remove()
        warnings.warn(
            f"the TFRecordWriter of {self.path} was never closed, so no file was written. "
            "Use it in a `with` block, or call close().",
            RuntimeWarning,
            stacklevel=2,
        )


class _Sent(_Partial):
    """A file of this machine that is sent to a store once it is whole."""

    def __init__(self, path: str) -> None:
        connect(path)  # what is missing to reach the store is told now, and not when all is written
        self.path = path
        self.process = os.getpid()
        self.descriptor, self.name = tempfile.mkstemp(suffix=".partial", prefix="feedline-")

    def put_in_place(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)
        write_whole(self.path, self.name)
        self.remove()


def _sync_folder(folder: str) -> None:
    """Makes a new name last over a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows does not open folders
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


class TFRecordWriter:
    """Writes records to a TFRecord file.

    Unlike TensorFlow's, the file appears at its name only when the writer is closed, whole and synced to the disk;
    until then the records are in a hidden file beside it. If an exception leaves the `with` block, or the writer is
    never closed, what stood at the name before is untouched and the hidden file is removed. A process that is killed
    may leave the hidden file (`.<name>.<process>-<random>.partial`) behind, never half a file at the name. For the
    same reason `flush()` does not make records visible at the name.

    A file in a store, such as "gs://bucket/a.tfrecord", is written to this machine's folder for temporary files, and
    sent when the writer is closed.

    A writer may be used by one thread at a time.

    Args:
        path: the file; its folder must exist.
        options: a `TFRecordOptions`, or a compression type: None, "GZIP" or "ZLIB".

    Raises:
        WriteError: the file cannot be made.
        ArgumentError: the options cannot work.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/numbers.tfrecord"
        >>> with TFRecordWriter(path) as writer:
        ...     for number in range(3):
        ...         writer.write(b"%d" % number)
        >>> import os; os.path.getsize(path)
        51
    """

    def __init__(self, path: str | os.PathLike, options: TFRecordOptions | str | None = None) -> None:
        self._options = as_options(options)
        self._path = local_name(os.fsdecode(path))
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._most_bytes = self._options.input_buffer_size or _PENDING_BYTES
        self._compressor = self._options.compressor()
        self._closed = False
        try:
            self._partial = _Sent(self._path) if is_url(self._path) else _Partial(self._path)
        except (OSError, ValueError) as error:
            self._closed = True
            if isinstance(error, FeedlineError):
                raise
            raise _cannot_make(self._path, error) from error
        self._finalizer = weakref.finalize(self, self._partial.abandon)

    def write(self, record: bytes) -> None:
        """Adds a record.

        Args:
            record: its bytes; anything of the buffer protocol is copied.

        Raises:
            DtypeError: the record is not bytes.
            ArgumentError: the writer is closed.
            WriteError: the disk is full, or another failure of writing; nothing will appear at the file's name.
        """
        if self._closed:
            raise self._closed_error("write")
        if type(record) is not bytes:
            record = _as_bytes(record)
        self._pending.append(record)
        self._pending_bytes += len(record)
        if self._pending_bytes >= self._most_bytes or len(self._pending) >= _PENDING_RECORDS:
            self._write_pending()

    def flush(self) -> None:
        """Hands what was written so far to the operating system; it still appears at its name only at `close()`.

        Raises:
            ArgumentError: the writer is closed.
            WriteError: as in `write`.
        """
        if self._closed:
            raise self._closed_error("flush")
        self._write_pending()
        if self._compressor is not None and self._options.flush_mode:
            self._guarded(lambda: self._partial.write(self._compressor.flush(self._options.flush_mode)))

    def close(self) -> None:
        """Puts the file at its name. A second call does nothing.

        Raises:
            WriteError: as in `write`.
        """
        if self._closed:
            return
        self._write_pending()
        if self._compressor is not None:
            self._guarded(lambda: self._partial.write(self._compressor.flush()))
        self._guarded(self._partial.put_in_place)
        self._closed = True
        self._finalizer.detach()

    def __enter__(self) -> TFRecordWriter:
        if self._closed:
            raise self._closed_error("enter")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._discard()

    def _write_pending(self) -> None:
        if not self._pending:
            return
        from feedline.kernels.tfrecord import frame_records

        lengths = np.fromiter(map(len, self._pending), np.int64, len(self._pending))
        payloads = np.frombuffer(b"".join(self._pending), np.uint8)
        framed = np.empty(payloads.size + _FRAME * len(lengths), np.uint8)
        size = frame_records(payloads, lengths, framed)
        self._pending.clear()
        self._pending_bytes = 0
        data = framed[:size].data
        if self._compressor is None:
            self._guarded(lambda: self._partial.write(data))
        else:
            self._guarded(lambda: self._partial.write(self._compressor.compress(data)))

    def _guarded(self, step: Any) -> None:
        try:
            step()
        except WriteError:
            self._discard()
            raise
        except OSError as error:
            self._discard()
            raise _cannot_write(self._path, error) from error
        except BaseException:  # an interrupt: some bytes may be missing in the middle
            self._discard()
            raise

    def _discard(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._pending.clear()
        self._finalizer.detach()
        with contextlib.suppress(OSError):  # the first failure is the one to tell
            self._partial.remove()

    def _closed_error(self, verb: str) -> ArgumentError:
        return ArgumentError(
            f"{verb} on a TFRecordWriter that is closed.",
            where=[self._path],
            fix="Do it before close(), or write anew.",
        )


def _as_bytes(record: Any) -> bytes:
    if isinstance(record, bytes | bytearray | memoryview):
        return bytes(record)
    fix = "Give bytes, such as those of serialize_tensor() or Example.SerializeToString()."
    if isinstance(record, str):
        fix = 'Encode it: record.encode("utf-8").'
    elif hasattr(record, "SerializeToString"):
        fix = "Write record.SerializeToString()."
    else:
        value = record.numpy() if hasattr(record, "numpy") else record
        if isinstance(value, bytes):  # a scalar string of TensorFlow's
            return bytes(value)
        if isinstance(value, np.ndarray):
            if value.dtype == object and value.ndim == 0 and isinstance(value[()], bytes):
                return value[()]
            fix = "Write serialize_tensor(array)."
    raise DtypeError(f"a record is bytes, got {type(record).__name__}.", fix=fix)


def _cannot_make(path: str, error: Exception) -> WriteError:
    folder = os.path.dirname(os.path.realpath(path)) if "\0" not in path else ""
    if isinstance(error, FileNotFoundError | NotADirectoryError) and not os.path.isdir(folder):
        parent, name = os.path.split(folder)
        try:
            nearest = nearest_name(name, os.listdir(parent))
        except OSError:
            nearest = None
        like = f"; there is one named {nearest}" if nearest else ""
        return WriteError(
            f"{path} cannot be written: there is no folder {folder}{like}.",
            fix=f"Make it first: os.makedirs({folder!r}, exist_ok=True).",
        )
    if isinstance(error, PermissionError):
        return WriteError(
            f"{path} cannot be written: files cannot be made in {folder} ({_reason(error)}).",
            fix="Write to a folder of your own, or change the folder's permissions.",
        )
    return WriteError(f"{path} cannot be written: {_reason(error)}.", fix="Choose another name or place.")


def _cannot_write(path: str, error: OSError) -> WriteError:
    fix = "Mend the cause and write again."
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        fix = "Free space, or write to another disk."
    return WriteError(
        f"{path} could not be written: {_reason(error)}. What stood at that name before, if anything, is untouched.",
        fix=fix,
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
