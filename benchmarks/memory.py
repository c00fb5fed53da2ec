"""How much memory going through a set of TFRecords takes that is larger than it: `python -m benchmarks --memory`.

The set is eight files of a gigabyte, Examples of a label and 10,000 random bytes, made once beside the other data.
Where the disk has no room for it, one such file is made and its name given eight times; the report says which. Each
pass is one of the whole set, in a process of its own. Its memory, with that of its workers, is looked at every 50 ms:
the page cache is not in it, since it belongs to nobody; what the interpreter has before anything is imported is taken
off.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.harness import ENVIRONMENT, ROOT
from benchmarks.resources import resident

FOLDER = data.DATA / "large"
FILES, FILE_RECORDS, BYTES = 8, 100_000, 10_000
GIGABYTES = FILES * FILE_RECORDS * BYTES / 1e9
ROOM = 2.0  # how many times its size the disk must have free
BATCH, SHUFFLE_BUFFER = 64, 10_000
PASSES = ("stream", "shuffle")
CONTENDERS = {"feedline": "feedline", "tf.data": "tensorflow"}
LIMIT = 1800.0
_LOOK_SECONDS = 0.05

_PROGRAM = """
with open("/proc/self/status") as status:
    own = next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
from benchmarks.memory import go_through
go_through({what!r}, {contender!r}, own)
"""


@dataclass
class Pass:
    """What one pass took.

    Args:
        what: which pass, over how much.
        contender: of which library.
        over_mib: the most memory, without what the interpreter has before anything is imported; None for no figure.
        own_mib: what the interpreter has.
        seconds: from the first import to the last batch.
        records: how many came.
        processes: how many there were, workers included, when the most was resident.
        why: why there is nothing measured, or "".
    """

    what: str
    contender: str
    over_mib: float | None = None
    own_mib: float = 0.0
    seconds: float = 0.0
    records: int = 0
    processes: int = 0
    why: str = ""


def measure(say: Callable[[str], None] = lambda line: None) -> list[Pass]:
    """Returns what each pass of each contender took."""
    say(f"making {GIGABYTES:.0f} GB of TFRecords (once)")
    make()
    found = []
    for what in PASSES:
        title = f"{what} {GIGABYTES:.0f} GB ({'eight files' if _made() == FILES else 'one file, eight times'})"
        for contender, package in CONTENDERS.items():
            if importlib.util.find_spec(package) is None:
                found.append(Pass(title, contender, why="not installed"))
                continue
            say(f"{title}: {contender}")
            _read_through()
            try:
                found.append(Pass(title, contender, **_one(what, contender)))
            except (subprocess.SubprocessError, OSError, ValueError) as error:
                found.append(Pass(title, contender, why=f"failed: {error}"))
    return found


def make() -> None:
    """Makes the files, once; one of them where the disk has no room for all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not _made():
        _write(0)
    if shutil.disk_usage(FOLDER).free > ROOM * (FILES - _made()) * FILE_RECORDS * BYTES:
        for number in range(_made(), FILES):
            _write(number)


def _made() -> int:
    return len(list(FOLDER.glob("*.tfrecord")))


def _write(number: int) -> None:
    library = data.record_library()
    train, rng = library.train, np.random.default_rng(number)
    partial = FOLDER / f"{number}.partial"
    with library.io.TFRecordWriter(str(partial)) as writer:
        for record in range(FILE_RECORDS):
            feature = {
                "label": train.Feature(int64_list=train.Int64List(value=[number * FILE_RECORDS + record])),
                "bytes": train.Feature(bytes_list=train.BytesList(value=[rng.bytes(BYTES)])),
            }
            writer.write(train.Example(features=train.Features(feature=feature)).SerializeToString())
    partial.rename(FOLDER / f"{number}.tfrecord")


def _read_through() -> None:
    """Has the page cache hold what it can of the files, so that each pass finds it alike."""
    piece = bytearray(1 << 24)
    for path in FOLDER.glob("*.tfrecord"):
        with path.open("rb", buffering=0) as file:
            while file.readinto(piece):
                pass


def _paths() -> list[str]:
    paths = sorted(str(path) for path in FOLDER.glob("*.tfrecord"))
    return paths if len(paths) == FILES else paths[:1] * FILES


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    """Returns the batches of one pass: the same lines for both libraries."""
    features = {
        "label": library.io.FixedLenFeature([], library.int64),
        "bytes": library.io.FixedLenFeature([], library.string),
    }

    def parse(records: Any) -> Any:
        parsed = library.io.parse_example(records, features)
        return library.io.decode_raw(parsed["bytes"], library.uint8), parsed["label"]

    dataset = data.TFRecordDataset(_paths())
    if shuffle:
        dataset = dataset.shuffle(SHUFFLE_BUFFER)
    return dataset.batch(BATCH).map(parse, num_parallel_calls=data.AUTOTUNE).prefetch(data.AUTOTUNE)


def go_through(what: str, contender: str, own_mib: float) -> None:
    """Goes through the set once and prints what was seen; run in a process of its own."""
    started = time.perf_counter()
    if contender == "feedline":
        import feedline as fl

        batches = pipeline(fl, fl, what == "shuffle")
    else:
        import tensorflow as tf

        batches = pipeline(tf, tf.data, what == "shuffle")
    records = 0
    for content, label in batches:
        if content.shape[1] != BYTES:
            raise ValueError(f"a record has {content.shape[1]} bytes")
        records += int(label.shape[0])
    with open("/proc/self/status") as status:
        most = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    seconds = time.perf_counter() - started
    print(json.dumps({"own_mib": own_mib, "most_mib": most, "seconds": seconds, "records": records}))


def _one(what: str, contender: str) -> dict[str, Any]:
    """Returns the fields of a `Pass`."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(what=what, contender=contender)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        start_new_session=True,  # its workers are found by its session
        text=True,
    )
    most, processes = max(_looks(process), default=(0.0, 0))
    answer, log = process.communicate()
    if process.returncode != 0:
        raise ValueError((log.strip().splitlines() or [f"exit status {process.returncode}"])[-1])
    seen = json.loads(answer.splitlines()[-1])
    if seen["records"] != FILES * FILE_RECORDS:
        raise ValueError(f"{seen['records']} records came, not {FILES * FILE_RECORDS}")
    return {
        "over_mib": max(most, seen["most_mib"]) - seen["own_mib"],
        "own_mib": seen["own_mib"],
        "seconds": seen["seconds"],
        "records": seen["records"],
        "processes": processes,
    }


def _looks(process: subprocess.Popen[str]) -> Iterator[tuple[float, int]]:
    """Yields what a process and its workers have resident, and how many they are, until it ends; ends it in time."""
    until = time.monotonic() + LIMIT
    while process.poll() is None:
        yield resident(process.pid)
        if time.monotonic() > until:
            process.kill()
        time.sleep(_LOOK_SECONDS)
