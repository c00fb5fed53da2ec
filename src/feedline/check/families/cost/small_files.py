"""FL404: thousands of small files, and what packing them would gain."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from feedline.check import costs
from feedline.check.context import Context
from feedline.check.families.cost.spent import (
    WORTH_EPOCH_SECONDS,
    WORTH_ONCE_SECONDS,
    bytes_in_words,
    elements_for_one,
    is_kept,
    spent,
)
from feedline.check.finding import Finding
from feedline.check.looking import spread
from feedline.check.rule import Rule
from feedline.errors import FeedlineError
from feedline.formats.stores import is_url
from feedline.io.read_file import read_file
from feedline.nodes.base import Node
from feedline.report.profile import format_seconds

_MANY = 1_000
_SMALL_BYTES = 256 << 10
_LOOKED_AT = 32
_BY_ANOTHER_WAY = 4096
"""Positions that are spread over more places than a check looks at: files that were not read just before."""

_SECONDS = 0.3
_WORTH_SHARE = 0.02
_FASTEST = 500e6
"""Bytes a second: what the system has in its memory is read far faster than any disk gives it."""

_RECORD_SECONDS = 2e-6
"""What it takes to find a record in a file and to check it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How long reading takes.

    Args:
        apart: seconds to open and read a file by itself, the middle one of those that were tried.
        packed: seconds to read as many bytes in the middle of a large file.
        bytes: how large a file is, on average.
        files: how many files were read.
    """

    apart: float
    packed: float
    bytes: float
    files: int


class ManySmallFiles(Rule):
    """Each element is read from a small file of its own, and there are thousands."""

    code = "FL404"
    name = "many-small-files"
    severity = "hint"
    needs = ("sample",)
    why = (
        "Each file is looked up, opened and closed by itself. The figures are those of this machine now: from a disk "
        "for the first time, or over a network, a small file takes many times as long, and a large one hardly longer."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        for source in context.plan.sources:
            count = _count(source, context)
            if count is None or count < _MANY:
                continue
            paths = _paths(source, count, context)
            if not paths or not all(os.path.isfile(path) for path in paths):
                continue
            reading = measured(paths)
            if reading is None or reading.bytes > _SMALL_BYTES:
                continue
            gain = reading.apart - reading.packed
            if not _is_worth(gain, count, source, context):
                continue
            yield self.finding(
                f"{source.label()} gives {count:,} small files, each of which is opened by itself.",
                seen=_told(reading, count),
                at=source,
                fix=_fix(source),
            )


def _told(reading: Reading, count: int) -> str:
    apart, packed = (format_seconds(seconds) for seconds in (reading.apart, reading.packed))
    before, after = (format_seconds(seconds * count) for seconds in (reading.apart, reading.packed))
    return (
        f"{bytes_in_words(reading.bytes)} a file on average ({reading.files} were read); {apart} to open and read "
        f"one, {packed} for as many bytes of a large file: packed, an epoch's reading would take {after} instead of "
        f"{before}"
    )


def _count(source: Node, context: Context) -> int | None:
    filenames = getattr(source, "filenames", None)
    return len(filenames) if filenames is not None else context.plan.length(source)


def _paths(source: Node, count: int, context: Context) -> list[str]:
    """Returns some of the files that a source gives, not those looked at before; none where it gives something else."""
    filenames = getattr(source, "filenames", None)
    chosen = _unread(count, context.sample.size)
    if filenames is not None:
        return [path for path in (filenames[index] for index in chosen) if not is_url(path)]
    known = context.sample.at(source)
    which = [part.index for part in known.components if _is_text(part.values[:1])]
    if not source.indexed or not which:
        return []
    for index in which:
        first = [_path(value) for value in known.components[index].values[:2]]
        if all(os.path.isfile(path) for path in first):
            unread = context.sample.read(source, chosen).components or known.components  # where there is time left
            return [_path(value) for value in unread[index].values[-_LOOKED_AT:]]
    return []


def _unread(count: int, looked_at: int) -> np.ndarray:
    """Returns positions of files, the last of those that a check would look at if it looked at more."""
    return np.sort(spread(count, min(count, max(_BY_ANOTHER_WAY, 2 * looked_at)))[-_LOOKED_AT:])


def _is_text(values: list[object]) -> bool:
    return bool(values) and isinstance(values[0], bytes | str)


def _path(value: object) -> str:
    try:
        return os.fsdecode(value) if isinstance(value, bytes | str) else ""
    except UnicodeDecodeError:
        return ""


def _is_worth(gain: float, count: int, source: Node, context: Context) -> bool:
    """Says whether packing gains seconds in an epoch, or a noticeable part of all that an element costs."""
    if is_kept(source, context):
        return gain * count >= WORTH_ONCE_SECONDS
    costs_of_all = (spent(node, context) for node in context.plan.nodes)
    whole = sum(cost.batch for cost in costs_of_all if cost is not None) / max(1.0, elements_for_one(source, context))
    return gain > 0 and (gain * count >= WORTH_EPOCH_SECONDS or gain >= _WORTH_SHARE * whole)


def measured(paths: list[str]) -> Reading | None:
    """Reads files by themselves, and then the same bytes out of one; None where they cannot be read.

    Args:
        paths: the files.
    """
    taken: list[float] = []
    contents: list[bytes] = []
    end = costs.wall_clock() + _SECONDS
    try:
        for path in paths:
            start = costs.wall_clock()
            contents.append(read_file(path))
            taken.append(costs.wall_clock() - start)
            if start > end:
                break
        size = sum(map(len, contents)) / len(contents)
        return Reading(float(np.median(taken)), _packed(contents, size), size, len(contents))
    except (FeedlineError, OSError):
        return None


def _packed(contents: list[bytes], size: float) -> float:
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b"".join(contents))
        seconds = min(_seconds_of(file) for _ in range(3))
    return max(seconds / len(contents), size / _FASTEST) + _RECORD_SECONDS


def _seconds_of(file: IO[bytes]) -> float:
    file.seek(0)
    start = costs.wall_clock()
    while file.read(1 << 20):
        pass
    return costs.wall_clock() - start


def _fix(source: Node) -> str:
    if hasattr(source, "filenames"):
        return (
            "Write their records into a few large files once: with fl.io.TFRecordWriter('all.tfrecord') as writer, "
            "writer.write(record) for each; and read these with fl.TFRecordDataset."
        )
    return (
        "Pack them once: with fl.io.TFRecordWriter('all.tfrecord') as writer, write an fl.train.Example of "
        "fl.io.read_file(path) and the label for each path; then read fl.TFRecordDataset('all.tfrecord') and parse the "
        "records with fl.io.parse_example behind .batch(...), in place of fl.io.read_file."
    )
