"""Machine code of kernels, kept from program to program.

Numba's own cache is not used for three reasons. It looks only at the file that a kernel is written in, and not at the
files of what the kernel calls. It has one place: what an administrator has compiled for all users, in an image or in an
installation, would not be found by them. And it lets a full disk or a folder that cannot be written to end the program.

There is one file for each kernel, types of its arguments and CPU, the last two as a digest in its name; its folder's
name is a digest of all kernels' source code and of the versions of what compiles it. So an upgrade of feedline, Numba
or Python, or another CPU, finds nothing of what was there before. What is damaged is compiled again.

Files are looked for in the installation (`SHARED`), then in the user's folder (`own_folder`), and written to that.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import llvmlite
import numba
import numpy as np
from numba.core import serialize
from numba.core.compiler import CompileResult

from feedline.announce import announce
from feedline.cache_folder import cache_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SHARED = Path(__file__).parent / "compiled"
"""What was compiled for all users of this installation."""

NOTICEABLE_SECONDS = 0.5
"""Compiling for longer than this is announced."""

_CHECKSUM_BYTES = 16
_MOST_FOLDERS = 6
"""Folders of so many versions are kept: environments with several of them may be in use."""

_WAIT_SECONDS = 20.0
"""How long to wait for another process that compiles the same."""

_LOOK_SECONDS = 0.02


@functools.cache
def source_digest() -> str:
    """Returns a digest of the source code of all kernels, and of the versions of what compiles them."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, np.__version__, sys.version, sys.platform)
    digest.update(repr(versions).encode())
    return digest.hexdigest()


def own_folder() -> Path | None:
    """Returns the folder of this user and these versions; None where nothing may be kept.

    `$NUMBA_CACHE_DIR` names the folder that it is in, else `feedline.cache_folder` does.
    """
    if _kept_in is not None:
        return _kept_in
    chosen = numba.config.CACHE_DIR  # type: ignore[attr-defined]  # Numba makes its settings at run time
    if chosen:
        return Path(chosen) / "feedline" / source_digest()
    try:
        folder = cache_folder()
    except RuntimeError:
        return None
    return None if folder is None else folder / "kernels" / source_digest()


_kept_in: Path | None = None


def keep_in(folder: Path) -> None:
    """Has this process keep what it compiles in a folder."""
    global _kept_in
    _kept_in = folder


def holds_some_of(module: str) -> bool:
    """Says whether something is kept of what the kernels of a module are compiled to."""
    return any(next(folder.glob(f"{module}.*-*"), None) for folder in _folders())


def _folders() -> list[Path]:
    """Returns the folders in which something may be kept: of the installation, and of the user."""
    own = own_folder()
    return [SHARED / source_digest(), *([] if own is None else [own])]


class KernelCache:
    """Keeps what one kernel is compiled to; has the methods that a dispatcher of Numba asks of its cache.

    Args:
        function: what the kernel was written as.
    """

    def __init__(self, function: Callable) -> None:
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._enabled = True
        self._held: dict[str, BinaryIO] = {}

    @property
    def cache_path(self) -> str | None:
        folder = own_folder()
        return None if folder is None else str(folder)

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        """Removes what is kept of the kernel."""
        folder = own_folder()
        for path in folder.glob(f"{self._name}-*") if folder is not None else ():
            with contextlib.suppress(OSError):
                path.unlink()

    def has(self, types: Any, codegen: Any) -> bool:
        """Says whether what was compiled for these types is kept."""
        name = self._file_name(types, codegen)
        return any((folder / name).exists() for folder in _folders())

    def load_overload(self, types: Any, context: Any) -> CompileResult | None:
        """Returns what was compiled for these types of arguments, None where that is still to be done.

        Another process may be at it: then this waits until it is done.
        """
        context.refresh()
        if not self._enabled:
            return None
        name = self._file_name(types, context.codegen())
        own = own_folder()
        compiled = _read_any(_folders(), name, context)
        if compiled is None and own is not None and name not in self._held:
            lock = _lock(own / f"{name}.lock")
            compiled = None if lock is None else _read_any([own], name, context)
            if lock is not None and compiled is None:
                self._held[name] = lock
            elif lock is not None:
                _unlock(lock)
        if compiled is None:
            _Patience.begin(own)
        return compiled

    def save_overload(self, types: Any, compiled: Any) -> None:
        """Keeps what was compiled; where that cannot be done, nothing happens."""
        _Patience.end()
        if not self._enabled or compiled.lifted or compiled.library.has_dynamic_globals:
            return
        folder = own_folder()
        if folder is None:
            return
        name = self._file_name(types, compiled.codegen)
        payload = serialize.dumps(compiled._reduce())
        with contextlib.suppress(OSError):
            _write(folder, name, hashlib.blake2b(payload, digest_size=_CHECKSUM_BYTES).digest() + payload)
        lock = self._held.pop(name, None)
        if lock is not None:
            _unlock(lock)

    def _file_name(self, types: Any, codegen: Any) -> str:
        key = repr((str(types), codegen.magic_tuple())).encode()
        return f"{self._name}-{hashlib.blake2b(key, digest_size=12).hexdigest()}"


def _read_any(folders: list[Path], name: str, context: Any) -> CompileResult | None:
    for folder in folders:
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        payload = data[_CHECKSUM_BYTES:]
        if hashlib.blake2b(payload, digest_size=_CHECKSUM_BYTES).digest() == data[:_CHECKSUM_BYTES]:
            return CompileResult._rebuild(context, *pickle.loads(payload))
    return None


def _write(folder: Path, name: str, data: bytes) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        _remove_oldest(folder.parent)
    part = folder / f"{name}.{os.getpid()}-{os.urandom(4).hex()}.part"
    try:
        part.write_bytes(data)
        part.replace(folder / name)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _remove_oldest(folder: Path) -> None:
    kept = sorted(folder.iterdir(), key=lambda entry: entry.stat().st_mtime)
    for entry in kept[:-_MOST_FOLDERS]:
        shutil.rmtree(entry, ignore_errors=True)


def _lock(path: Path) -> BinaryIO | None:
    """Returns the open file that keeps other processes from compiling the same; None where there are no such locks."""
    if fcntl is None:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
    except OSError:
        return None
    began = time.monotonic()
    until = began + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _Patience.waited(time.monotonic() - began)
            return file
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(_LOOK_SECONDS)
                continue
        except OSError:
            pass
        file.close()
        return None


def _unlock(file: BinaryIO) -> None:
    # The name goes first: who comes now makes a new file, and finds what was compiled. Who waits has the old one.
    with contextlib.suppress(OSError):
        os.unlink(file.name)
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_UN)
    file.close()


class _Patience:
    """Announces what the user waits for, once that takes noticeable time in all."""

    _depth = 0
    _spent = 0.0
    _began = 0.0
    _timer: threading.Timer | None = None

    @classmethod
    def begin(cls, folder: Path | None) -> None:
        """Notes that a kernel is compiled from here on, perhaps within another."""
        cls._depth += 1
        if cls._depth > 1 or _expected:
            return
        cls._began = time.monotonic()
        cls._timer = threading.Timer(max(0.0, NOTICEABLE_SECONDS - cls._spent), announce, [_announcement(folder)])
        cls._timer.daemon = True
        cls._timer.start()

    @classmethod
    def end(cls) -> None:
        """Notes that a kernel is compiled."""
        cls._depth = max(0, cls._depth - 1)
        if cls._depth == 0 and cls._timer is not None:
            cls._timer.cancel()
            cls._timer = None
            cls._spent += time.monotonic() - cls._began

    @classmethod
    def waited(cls, seconds: float) -> None:
        """Notes that another process has compiled what this one waits for."""
        if cls._depth == 0:
            cls._spent += seconds


def seconds_compiling() -> float:
    """Returns how long this process has waited for kernels to be compiled."""
    return _Patience._spent


def announce_compiling() -> None:
    """Announces that kernels are compiled from here on."""
    if not _expected:
        announce(_announcement(own_folder()))


def _announcement(folder: Path | None) -> str:
    text = "compiling for this machine, which takes a few seconds the first time; `feedline warmup` does it ahead."
    if folder is None:
        return text + " It cannot be kept: set FEEDLINE_CACHE to a folder."
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if place.is_dir() and os.access(place, os.W_OK):
        return text
    return f"{text} It cannot be kept: {place} is no folder that can be written to."


_expected = False


@contextlib.contextmanager
def compiling_is_expected() -> Iterator[None]:
    """Announces nothing within."""
    global _expected
    before, _expected = _expected, True
    try:
        yield
    finally:
        _expected = before
