"""What bytes are, whatever the name of their file says: the format they begin like, and what reads it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from feedline.errors import FeedlineError
from feedline.formats.npy import parse_npy_header
from feedline.formats.signature import known_format
from feedline.formats.tensor_proto import decode_tensor
from feedline.spec import dtype_name

_MOST_TENSOR_BYTES = 64 << 20
_LONGEST_PATH = 1024
_EVIDENT = frozenset({"PNG", "GIF", "npy", "WebP", "HDF5", "PDF", "JPEG XL", "Git LFS pointer", "WAV", "HEIC or AVIF"})
"""Formats whose first bytes are no chance; of others the name of the file must say the same."""

_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe"),
    "BMP": (".bmp",),
    "ZIP (or .npz)": (".npz", ".zip"),
    "gzip": (".gz", ".gzip", ".tgz"),
    "TIFF": (".tif", ".tiff"),
    "MP3": (".mp3",),
    "FLAC": (".flac",),
    "Ogg": (".ogg", ".opus"),
    "HTML": (".html", ".htm"),
    "SVG": (".svg",),
    "XML": (".xml",),
}

_MORE = ((b"fLaC", "FLAC"), (b"OggS", "Ogg"), (b"ID3", "MP3"))

_FIXES = {
    "npy": "Write fl.io.decode_npy(contents) there",
    "ZIP (or .npz)": 'Write fl.io.open_npz(path)["name of the array"] there, on the path',
    "gzip": 'Write fl.io.decode_compressed(contents, "GZIP") around the contents first',
    "WAV": "Write fl.io.decode_wav(contents) there",
    "serialised tensor": "Write fl.io.parse_tensor(contents, {dtype}) there",
    "HTML": "Fetch the file again: what was saved is a web page, most likely one that tells of an error",
    "Git LFS pointer": "Run `git lfs pull`: the file itself was not fetched",
    "path": "Write fl.io.read_file(...) around it: decoders take the bytes of a file, not its name",
    "HEIC or AVIF": "Convert the file to PNG or JPEG; its name does not make it one",
}


@dataclass(frozen=True)
class Contents:
    """What bytes are.

    Args:
        kind: the format's name: "npy", "PNG", "serialised tensor", "path" and so on.
        told: the same for a sentence: "an .npy file of int32 values of shape (10,)".
        fix: what reads them, as an advice without a full stop.
        evident: whether that cannot be chance.
        dtype: of arrays the dtype.
        shape: of arrays the shape.
        header: of .npy files how many bytes come before the values.
    """

    kind: str
    told: str
    fix: str
    evident: bool
    dtype: np.dtype | None = None
    shape: tuple[int, ...] = ()
    header: int = 0


def contents_of(contents: bytes, path: str = "") -> Contents | None:
    """Returns what bytes are; None where that is not known.

    Args:
        contents: a whole file, or the value of a feature.
        path: the name of the file, where it is known.

    Example:
        >>> contents_of(b"GIF89a...").told
        'a GIF file'
        >>> contents_of(b"hello") is None
        True
    """
    kind = _kind_of(contents)
    if kind == "npy":
        return _npy(contents)
    if kind is not None:
        evident = kind in _EVIDENT or path.lower().endswith(_ENDINGS.get(kind, ("?",))) or _is_jpeg(contents)
        return Contents(kind, _with_article(kind), _FIXES.get(kind, _decoder_fix(kind)), evident)
    return _tensor(contents) or _path(contents)


def _kind_of(contents: bytes) -> str | None:
    for start, name in _MORE:
        if contents.startswith(start):
            return name
    if contents[:4] == b"RIFF" and contents[8:12] == b"WAVE":
        return "WAV"
    if contents[4:8] == b"ftyp" and contents[8:12] in (b"heic", b"heix", b"mif1", b"avif", b"avis"):
        return "HEIC or AVIF"
    return known_format(contents)


def _is_jpeg(contents: bytes) -> bool:
    """Says whether bytes begin and end as a JPEG file does."""
    return contents[:3] == b"\xff\xd8\xff" and contents.rstrip(b"\0")[-2:] == b"\xff\xd9"


def _with_article(kind: str) -> str:
    article = "an" if kind in ("HTML", "SVG", "XML", "HDF5", "MP3", "Ogg") else "a"
    return f"{article} {kind}" + ("" if kind.endswith("pointer") else " page" if kind == "HTML" else " file")


def _decoder_fix(kind: str) -> str:
    decoders = {"PNG": "decode_png", "JPEG": "decode_jpeg", "GIF": "decode_gif", "BMP": "decode_bmp"}
    if kind in decoders or kind == "WebP":
        return f"Write fl.io.{decoders.get(kind, 'decode_webp')}(contents) there"
    return f"Convert the file: feedline has no decoder of {kind}"


def _npy(contents: bytes) -> Contents | None:
    try:
        dtype, _, shape, header = parse_npy_header(contents)
    except FeedlineError:
        return Contents("npy", "an .npy file", _FIXES["npy"], True)
    told = f"an .npy file of {dtype_name(dtype)} values of shape {shape}"
    return Contents("npy", told, _FIXES["npy"], True, dtype, shape, header)


def _tensor(contents: bytes) -> Contents | None:
    """Returns a serialised tensor as what it is: one whose length is exactly that of its shape and dtype."""
    if not 8 <= len(contents) <= _MOST_TENSOR_BYTES or contents[0] != 0x08 or contents[2:3] != b"\x12":
        return None
    try:
        array = decode_tensor(contents)
    except FeedlineError:
        return None
    if isinstance(array, bytes) or not array.size:
        return None
    name = dtype_name(array.dtype)
    told = f"a serialised tensor of {name} values of shape {array.shape}"
    fix = _FIXES["serialised tensor"].format(dtype=f'"{name}"')
    return Contents("serialised tensor", told, fix, True, array.dtype, array.shape)


def _path(contents: bytes) -> Contents | None:
    if not 0 < len(contents) <= _LONGEST_PATH or b"\0" in contents or b"\n" in contents:
        return None
    try:
        found = os.path.isfile(os.fsdecode(contents))
    except (OSError, ValueError):
        return None
    if not found:
        return None
    return Contents("path", "the name of a file, not what is in it", _FIXES["path"], True)
