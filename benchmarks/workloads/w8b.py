"""W8b: TFRecords of a table, parsed in batches of 256."""

from __future__ import annotations

from typing import Any

from benchmarks.data import TABLE_RECORDS
from benchmarks.workloads.w8 import ABSENT, BATCH, COMPARE, LIMIT, SHUFFLES, features, limit

__all__ = ["ABSENT", "COMPARE", "LIMIT", "SHORT", "SHUFFLES", "TITLE", "limit", "pipeline"]

TITLE = "TFRecords of a table of 5 features (4 wanted), parsed in batches of 256"
SHORT = "Examples in batches"


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    wanted = features(library)

    def process(records: Any) -> Any:
        return library.io.parse_example(records, wanted)

    dataset = data.TFRecordDataset(str(TABLE_RECORDS)).repeat().batch(BATCH)
    return dataset.map(process, num_parallel_calls=data.AUTOTUNE).prefetch(data.AUTOTUNE)
