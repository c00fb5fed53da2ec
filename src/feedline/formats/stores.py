"""Names of files in stores that are reached over a network: `gs://bucket/a.tfrecord`, `s3://...`, `https://...`.

The stores are fsspec's, which is an optional package, and most of them need one more. What lies on this machine never
goes that way: `file:///data/a.tfrecord` is `/data/a.tfrecord`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from feedline.errors import (
    ArgumentError,
    FeedlineError,
    FileFormatError,
    MissingFileError,
    MissingPackageError,
    NoFilesError,
    WriteError,
    nearest_name,
)
from feedline.formats.name_pattern import SPECIAL, as_expression

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(?:::[A-Za-z0-9+.\-]+)*://")
_LOCAL = re.compile(r"(?:file|local)://(?:localhost(?=/))?", re.IGNORECASE)

_PACKAGES = {
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "s3": "s3fs",
    "s3a": "s3fs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "hf": "huggingface_hub",
    "http": "aiohttp",
    "https": "aiohttp",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "smb": "smbprotocol",
    "hdfs": "pyarrow",
    "oss": "ossfs",
}
"""What fsspec needs besides itself for each kind of store, as pip knows it."""


def is_url(path: str) -> bool:
    """Says whether a name is that of a file in a store.

    Example:
        >>> is_url("gs://bucket/a"), is_url("/data/a"), is_url("C:/data/a"), is_url("file:///data/a")
        (True, False, False, False)
    """
    return "://" in path and _URL.match(path) is not None and _LOCAL.match(path) is None


def local_name(path: str) -> str:
    """Returns the path that a `file://` name means; other names as they are.

    Example:
        >>> local_name("file:///data/two%20words.txt"), local_name("data/100%.txt"), local_name("gs://bucket/a")
        ('/data/two words.txt', 'data/100%.txt', 'gs://bucket/a')
    """
    local = _LOCAL.match(path) if "://" in path else None
    return path if local is None else unquote(path[local.end() :])


def absolute_name(path: Any) -> str:
    """Returns a file's whole name: an absolute path, or a name in a store."""
    name = local_name(os.fsdecode(path))
    return name if is_url(name) else os.path.abspath(name)


def protocol_of(url: str) -> str:
    """Returns the kind of store that a name is of.

    Example:
        >>> protocol_of("S3://bucket/a"), protocol_of("simplecache::gs://bucket/a")
        ('s3', 'gs')
    """
    return url.partition("://")[0].rpartition("::")[2].lower()


def in_parallel(function: Callable[[str], Any], names: Sequence[str]) -> list[Any]:
    """Returns what a function says of each name; those in stores are asked about many at a time."""
    if len(names) < 2 or not any(map(is_url, names)):
        return [function(name) for name in names]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_REQUESTS) as threads:
        return list(threads.map(function, names))


_REQUESTS = 16


def connect(url: str) -> tuple[Any, str]:
    """Returns fsspec's file system for a name, and the name as that knows it.

    Raises:
        MissingPackageError: fsspec is not installed, or what it needs for this kind of store.
        ArgumentError: there is no such kind of store.
        FileFormatError: the store refuses.
    """
    protocol = protocol_of(url)
    package = _PACKAGES.get(protocol, "")
    try:
        import fsspec
    except ModuleNotFoundError:
        raise MissingPackageError.of("fsspec", f"a file at {url}", f"fsspec {package}".strip()) from None
    try:
        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        if package:
            raise MissingPackageError.of(package, f"a file at {url}") from None
        raise MissingPackageError(f"fsspec cannot reach {url}: {error}", fix="Install what it asks for.") from None
    except ValueError as error:
        near = nearest_name(protocol, fsspec.available_protocols())
        hint = f"Did you mean {near}://?" if near else "fsspec.available_protocols() lists what it knows."
        raise ArgumentError(f"fsspec cannot reach {url!r}: {error}.", fix=hint) from None
    except Exception as error:  # the store's own errors, such as missing credentials
        raise _failed(url, error) from error


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Turns what a store raises while it is read into feedline's errors."""
    try:
        yield
    except FeedlineError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise missing_in_store(url) from None
    except IsADirectoryError:
        raise folder_in_store(url) from None
    except Exception as error:  # every kind of store raises errors of its own
        raise _failed(url, error) from error


def _failed(url: str, error: Exception) -> FileFormatError:
    said = str(error).strip() or type(error).__name__
    fix = "Check the name, the network and the credentials."
    if isinstance(error, PermissionError):
        fix = "Check the credentials, and whether they allow reading."
    return FileFormatError(f"{url} could not be read: {said}.", fix=fix)


def write_failed(url: str, error: Exception) -> WriteError:
    """Returns the error for a file that could not be written to a store."""
    said = str(error).strip() or type(error).__name__
    return WriteError(
        f"{url} could not be written: {said}.", fix="Check the name, the network, and whether you may write there."
    )


def folder_in_store(url: str) -> ArgumentError:
    """Returns the error for a folder where a file is needed."""
    return ArgumentError(f"{url} is a folder, not a file.", fix="Give a file, or a pattern of the files in the folder.")


def missing_in_store(url: str) -> MissingFileError:
    """Returns the error for a file that is not in its store, with the nearest name that is."""
    folder, slash, base = url.rpartition("/")
    try:
        near = nearest_name(base, [name for name, _ in _entries(folder + slash)])
    except Exception:  # what is asked for only to help must not hide what is wrong
        near = None
    return MissingFileError(
        f"there is no file {url}.", fix=f"Did you mean {folder}{slash}{near}?" if near else "Check its name."
    )


def exists(url: str) -> bool:
    """Says whether there is a file or a folder of this name in its store.

    Raises:
        FileFormatError: the store refuses.
    """
    return _kind(url) is not None


def _kind(url: str) -> str | None:
    """Returns what fsspec calls what is at a name, such as "file" or "directory"; None where there is nothing."""
    store, path = connect(url)
    try:
        return str(store.info(path)["type"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # fsspec's own `exists` would take a broken network for a missing file
        raise _failed(url, error) from error


def match_urls(pattern: str) -> list[tuple[str, bool]]:
    """Returns what matches a pattern of names in a store, sorted, and whether each is a folder.

    `*` and `?` stand for anything but "/". The kind of store and its bucket must be written out.

    Raises:
        FileFormatError: the store refuses.
    """
    start = _URL.match(pattern).end()  # type: ignore[union-attr]
    rest = pattern[start:]
    first = next((index for index, sign in enumerate(rest) if sign in SPECIAL), None)
    if first is None:
        kind = _kind(pattern)
        return [] if kind is None else [(pattern, kind == "directory")]
    fixed = pattern[: start + rest[:first].rfind("/") + 1]
    found = [(fixed, True)]
    for part in pattern[len(fixed) :].split("/"):
        try:
            matches = re.compile(as_expression(part), re.DOTALL).fullmatch
        except re.error:  # a range such as [z-a], which nothing is in
            return []
        folders = [name if name.endswith("/") else name + "/" for name, is_folder in found if is_folder]
        found = [
            (folder + name, is_folder)
            for folder in folders
            for name, is_folder in _entries(folder)
            if part and matches(name)
        ]
    return sorted(found)


def _entries(folder: str) -> list[tuple[str, bool]]:
    """Returns the names in a folder of a store, and whether each is a folder; none where there is no such folder."""
    store, path = connect(folder)
    store.invalidate_cache()  # what was listed before may be out of date
    try:
        listed = store.ls(path, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except Exception as error:
        raise _failed(folder, error) from error
    own = path.rstrip("/")  # stores without folders may keep a file of no bytes under the folder's own name
    names = [(entry["name"].rstrip("/"), entry["type"] == "directory") for entry in listed]
    return [(name.rpartition("/")[2], is_folder) for name, is_folder in names if name != own]


def no_match_in_store(patterns: list[str]) -> NoFilesError:
    """Returns the error for patterns that match nothing in a store."""
    shown = ", ".join(map(repr, patterns[:3]))
    folder = patterns[0]
    while SPECIAL.intersection(folder):
        folder = folder.rpartition("/")[0]
    try:
        names = sorted(name for name, _ in _entries(folder + "/"))
    except Exception:  # what is asked for only to help must not hide what is wrong
        names = []
    some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    holds = f"holds {len(names)} entries: {some}" if names else "is empty, or is not there"
    return NoFilesError(f"no file matches {shown}.", fix=f"The folder {folder}/ {holds}.")
