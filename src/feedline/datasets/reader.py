"""Finding and reading the files of `keras.datasets`: npz, IDX, pickled batches and JSON.

Object arrays and CIFAR's batches are pickles, which are read by `feedline/datasets/pickled.py`: a file cannot make it
run code, nor take more memory than a data set would.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from feedline.datasets import pickled
from feedline.errors import ArgumentError, FileFormatError, MissingFileError, with_article
from feedline.formats.file_path import as_path

TENSORFLOW = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_CIFAR_FOLDERS = ("", "cifar-10-batches-py", "cifar-100-python")
_AGAIN = "The file is damaged, or another one under this name: delete it and get it again."


def cache_folders() -> list[str]:
    """Returns the folders in which Keras keeps its data sets: `$KERAS_HOME/datasets`, or `~/.keras/datasets`."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    folders = [os.path.join(os.path.expanduser(home), "datasets")]
    # Where Keras may not write to its home, it keeps them here.
    folders.append(os.path.join("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir(), ".keras", "datasets"))
    return folders


def find(path: Any, alternatives: Sequence[str], data_set: str, url: str) -> str:
    """Returns the file or folder that a data set is in.

    Args:
        path: what the user gave: a path, or a name within Keras' folder; None for the first alternative that exists.
        alternatives: names within Keras' folder.
        data_set: the data set's name, for messages.
        url: where it can be got.

    Raises:
        MissingFileError: it is in none of the places.
    """
    if path is None:
        places = [os.path.join(folder, name) for folder in cache_folders() for name in alternatives]
    else:
        given = os.path.expanduser(as_path(path, "load_data"))
        places = [given] if os.path.isabs(given) else [*(os.path.join(f, given) for f in cache_folders()), given]
    for place in places:
        if os.path.exists(place):
            return place
    shown = "; ".join(os.path.abspath(place) for place in places)
    first = places[0]
    name = url.rsplit("/", 1)[-1]
    target = os.path.join(cache_folders()[0], "fashion-mnist" if data_set == "fashion_mnist" else "")
    raise MissingFileError(
        f"the file of {data_set} is not there: {os.path.abspath(first)}.",
        where=[f"looked for at {shown}"] if len(places) > 1 else [],
        fix=f"Get {name} from {url} and put it into {target.rstrip(os.sep)}, or give its path: load_data(path=...).",
    )


def read_npz(path: str, names: Sequence[str]) -> list[np.ndarray]:
    """Returns arrays of an npz file.

    Raises:
        ArgumentError: it is a folder.
        FileFormatError: it is not an npz file, is damaged, or lacks one of the arrays.
    """
    if os.path.isdir(path):
        raise ArgumentError(f"path is a folder: {path!r}.", fix="Give the path of the .npz file in it.")
    arrays = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            for name in names:
                if f"{name}.npy" not in members:
                    raise _wrong(f"it has no array {name!r}, only {', '.join(members[:10]) or 'nothing'}", path)
                arrays.append(_read_npy(archive.read(f"{name}.npy"), path, name))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise _wrong(f"it is no whole npz file ({error})", path) from error
    return arrays


def _read_npy(contents: bytes, path: str, name: str) -> np.ndarray:
    stream = io.BytesIO(contents)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if dtype.hasobject:
            array = _unpickle(stream, path)
        else:
            stream.seek(0)
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except FileFormatError:
        raise
    except (ValueError, EOFError, MemoryError) as error:
        raise _wrong(f"the array {name!r} cannot be read ({error})", path) from error
    if not isinstance(array, np.ndarray) or array.shape != shape:
        raise _wrong(f"the array {name!r} is not what its header says", path)
    return array


def _unpickle(stream: Any, path: str, encoding: str = "ASCII") -> Any:
    try:
        return pickled.load(stream, encoding)
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise _wrong(f"its pickle cannot be read ({error})", path) from error


def read_batches(path: str, members: Sequence[str]) -> list[dict[str, Any]]:
    """Returns CIFAR's batches: pickled dicts in a folder, or in the `.tar.gz` that they come in.

    Raises:
        MissingFileError: one of the files is not there.
        FileFormatError: the archive or a batch is damaged.
    """
    batches = []
    try:
        if os.path.isdir(path):
            for member in members:
                places = [os.path.join(path, folder, member) for folder in _CIFAR_FOLDERS]
                found = next((place for place in places if os.path.isfile(place)), None)
                if found is None:
                    raise MissingFileError(
                        f"the folder {path!r} has no file {member!r}.", fix="Unpack the archive again."
                    )
                with open(found, "rb") as file:
                    batches.append(_batch(file, found))
            return batches
        with tarfile.open(path) as archive:
            entries = {os.path.basename(entry.name): entry for entry in archive if entry.isfile()}
            for member in members:
                packed = archive.extractfile(entries[member]) if member in entries else None
                if packed is None:
                    raise _wrong(f"it has no file {member!r}", path)
                batches.append(_batch(packed, f"{path}, {member}"))
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _wrong(f"it is no whole .tar.gz file ({error})", path) from error
    return batches


def _batch(file: Any, path: str) -> dict[str, Any]:
    batch = _unpickle(file, path, "bytes")
    if not isinstance(batch, dict):
        raise _wrong(f"it holds {with_article(type(batch).__name__)}, not a dict", path)
    return {key.decode(errors="replace") if isinstance(key, bytes) else key: value for key, value in batch.items()}


def cifar_images(batch: dict[str, Any], path: str, label_key: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images of a batch, uint8 (n, 3, 32, 32), and its labels, uint8 (n,)."""
    images, labels = batch.get("data"), batch.get(label_key)
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.size % 3072 or images.ndim != 2:
        raise _wrong("a batch's 'data' is not uint8 rows of 3072 numbers", path)
    if not isinstance(labels, list) or len(labels) != len(images):
        raise _wrong(f"a batch's {label_key!r} are not {len(images)} labels", path)
    if not set(map(type, labels)) <= {int}:  # NumPy would make an array of lists, as deep and wide as they are
        raise _wrong(f"a batch's {label_key!r} are not numbers", path)
    array = np.asarray(labels)
    if array.dtype.kind != "i" or (len(array) and not 0 <= array.min() <= array.max() < 256):
        raise _wrong(f"a batch's {label_key!r} are not numbers from 0 to 255", path)
    return images.reshape(-1, 3, 32, 32), array.astype(np.uint8)


def read_idx(path: str, dimensions: int) -> np.ndarray:
    """Returns the uint8 array of a gzipped IDX file, or of one that is unpacked.

    Format: two zero bytes, 8 for uint8, the number of dimensions, each length as a big-endian 32-bit number, the values
    (yann.lecun.com/exdb/mnist).
    """
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else open(path, "rb") as file:
            contents = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _wrong(f"it is no whole gzip file ({error})", path) from error
    start = 4 + 4 * dimensions
    if contents[:4] != bytes([0, 0, 8, dimensions]) or len(contents) < start:
        raise _wrong(f"it is no IDX file of {dimensions} dimensions", path)
    shape = np.frombuffer(contents[4:start], ">u4").tolist()
    expected = 1
    for length in shape:
        expected *= length
    if len(contents) - start != expected:
        raise _wrong(f"it promises {expected} numbers and has {len(contents) - start}", path)
    return np.frombuffer(contents, np.uint8, offset=start).reshape(shape)


def read_json(path: str) -> Any:
    """Returns what a JSON file holds."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except ValueError as error:
        raise _wrong(f"it is no JSON ({error})", path) from error


def check_array(array: np.ndarray, name: str, path: str, shape: tuple[int | None, ...], kinds: str) -> None:
    """Checks an array's shape, None for any length, and the kind of its dtype.

    Raises:
        FileFormatError: it has another shape or dtype.
    """
    fits = len(array.shape) == len(shape) and all(w in (None, n) for n, w in zip(array.shape, shape, strict=True))
    if not fits or array.dtype.kind not in kinds:
        wanted = "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
        raise _wrong(f"{name!r} is {array.dtype} {array.shape}, and {wanted} was expected", path)


def check_alike(first: np.ndarray, second: np.ndarray, path: str) -> None:
    """Checks that there are as many labels as examples."""
    if len(first) != len(second):
        raise _wrong(f"it has {len(first)} examples and {len(second)} labels", path)


def _wrong(what: str, path: str) -> FileFormatError:
    return FileFormatError(f"{path!r} is not the file it should be: {what}.", fix=_AGAIN)


def laid_out(images: np.ndarray, data_format: str) -> np.ndarray:
    """Returns images (n, 3, 32, 32) as `data_format` has them."""
    if data_format == "channels_last":
        return images.transpose(0, 2, 3, 1)
    if data_format == "channels_first":
        return images
    raise ArgumentError(f"data_format is {data_format!r}.", fix='Give "channels_last" or "channels_first".')
