"""W8: TFRecords of a table, parsed one by one, in batches of 256."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.compare import Rule
from benchmarks.data import TABLE_RECORDS
from benchmarks.workloads import PEER_NAMES

TITLE = "TFRecords of a table of 5 features (4 wanted), parsed one by one, batch 256"
SHORT = "Examples one by one"
LIMIT = "read, CRC32C and parsing of the wanted features into columns by an unguarded Numba loop, on all cores"
_NO_EXAMPLES = "parses no tf.train.Example"
ABSENT = {
    **dict.fromkeys(PEER_NAMES, "reads no TFRecords and " + _NO_EXAMPLES),
    **dict.fromkeys(("grain-threads", "grain-processes"), "reads TFRecords, unchecked, but " + _NO_EXAMPLES),
}
COMPARE = Rule()
SHUFFLES = False

BATCH = 256


def features(library: Any) -> dict[str, Any]:
    """Returns what the table's records are parsed for, in TensorFlow's or feedline's own types."""
    feature = library.io.FixedLenFeature
    return {
        "id": feature([], library.int64),
        "label": feature([], library.int64),
        "x": feature([20], library.float32),
        "cat": feature([], library.string),
    }


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    wanted = features(library)

    def process(record: Any) -> Any:
        return library.io.parse_single_example(record, wanted)

    dataset = data.TFRecordDataset(str(TABLE_RECORDS)).repeat()
    return dataset.map(process, num_parallel_calls=data.AUTOTUNE).batch(BATCH).prefetch(data.AUTOTUNE)


def limit() -> Iterator[int]:
    from benchmarks.limits.example import table

    return table()
