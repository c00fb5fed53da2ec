"""Files that are of another format than the source that reads them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.families.format.contents import Contents, contents_of
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.errors import FeedlineError
from feedline.formats.stores import is_url
from feedline.nodes.base import Node
from feedline.sources.csv import Csv
from feedline.sources.fixed_length_records import FixedLengthRecords
from feedline.sources.text_lines import TextLines
from feedline.sources.tfrecord import TFRecords

_MOST_FILES = 16
_FIRST_BYTES = 12_288
_TEXT = ("HTML", "SVG", "XML", "Git LFS pointer")
_IDX_SIZES = {0x08: 1, 0x09: 1, 0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8}
_MOST_DIMENSIONS = 8


def files_of_another_format(rule: Rule, context: Context, whole: Context) -> Iterator[tuple[Node, Finding]]:
    """Yields each source whose files begin as those of another format do, with a finding.

    Args:
        rule: the rule whose finding it is.
        context: the dataset.
        whole: the dataset that it is a part of, whose errors are explained; itself otherwise.
    """
    for node in context.plan.sources:
        if not isinstance(node, TextLines | Csv | FixedLengthRecords | TFRecords) or node.compression_type:
            continue
        found = [(name, held) for name in node.filenames[:_MOST_FILES] if (held := _held(name, node)) is not None]
        if not found:
            continue
        name, held = found[0]
        looked = min(len(node.filenames), _MOST_FILES)
        finding = rule.finding(
            f"{node.label()} reads {held.told}.",
            seen=f"{len(found)} of {looked} file{'s' if looked > 1 else ''} looked at "
            f"{'are' if len(found) > 1 else 'is'} so",
            where=[name],
            at=node,
            fix=_fix(node, held, name),
            explains=[*whole.sample.errors, *_raised(node)],
        )
        yield node, finding


def _held(name: str, node: Node) -> Contents | None:
    """Returns what a file is where the source cannot have meant it."""
    if is_url(name):
        return None
    try:
        with open(name, "rb") as file:
            first = file.read(_FIRST_BYTES)
            size = file.seek(0, 2)
    except OSError:
        return None
    held = contents_of(first, name)
    header = node.header_bytes if isinstance(node, FixedLengthRecords) else 0
    if isinstance(node, FixedLengthRecords) and (held is None or held.kind not in ("npy", "gzip")):
        idx = _idx(first, size)
        if idx is not None and idx.header != header:
            return idx
    if held is None or held.kind in ("path", "serialised tensor"):
        return None
    if held.kind == "gzip":
        return held if first[2:3] == b"\x08" else None
    if isinstance(node, FixedLengthRecords):
        return held if held.kind == "npy" and held.header != header else None
    if isinstance(node, TFRecords):
        return held if held.evident or held.kind in _TEXT else None
    return held if held.evident and held.kind not in _TEXT else None


def _idx(first: bytes, size: int) -> Contents | None:
    """Returns a file as one of the IDX format, which MNIST comes in; None where its size is not what it says."""
    if first[:2] != b"\0\0" or len(first) < 8 or first[2] not in _IDX_SIZES or not 1 <= first[3] <= _MOST_DIMENSIONS:
        return None
    header = 4 + 4 * first[3]
    shape = tuple(int.from_bytes(first[start : start + 4], "big") for start in range(4, header, 4))
    itemsize = _IDX_SIZES[first[2]]
    if header + math.prod(shape) * itemsize != size:
        return None
    told = f"an IDX file of shape {shape}, with a header of {header} bytes"
    fix = f"record_bytes={math.prod(shape[1:]) * itemsize}, header_bytes={header}"
    return Contents("IDX", told, fix, True, None, shape, header)


def _fix(node: Node, held: Contents, name: str) -> str:
    if held.kind == "gzip":
        return f'Write {node.name}(..., compression_type="GZIP").'
    if held.kind == "IDX":
        return f"Write {node.name}(..., {held.fix})."
    if held.kind == "npy":
        return f'Write Dataset.from_tensor_slices(np.load("{name}", mmap_mode="r")).'
    if held.kind == "ZIP (or .npz)":
        return (
            f'Write Dataset.from_tensor_slices(fl.io.open_npz("{name}")), where it is an .npz file; unpack any other.'
        )
    if isinstance(node, TFRecords) and held.kind in ("PNG", "JPEG", "GIF", "BMP", "WebP"):
        return "Write Dataset.list_files(pattern).map(fl.io.read_file), and decode what that gives."
    return f"Give {node.name} files that it can read."


def _raised(node: Node) -> list[FeedlineError]:
    try:
        node.cardinality()
    except FeedlineError as error:
        return [error]
    return []
