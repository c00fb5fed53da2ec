"""W14: the work of W7 by 1, 2, 4, ... workers, as many as there are cores."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from benchmarks import peers
from benchmarks.limits import cores
from benchmarks.workloads import w7

TITLE = "the work of W7 by a given number of workers"
SHORT = "JPEG in TFRecords"
WORKER_COUNTS = (1, 2, 4, 8, 16)


def variants() -> dict[str, Any]:
    """Returns W14 for each number of workers that this machine has cores for."""
    return {str(workers): _by(workers) for workers in WORKER_COUNTS if workers <= cores()}


def _by(workers: int) -> Any:
    """Returns a workload as a module has it: `torch-2` and the like have so many workers here, whatever their name."""
    by = "1 worker" if workers == 1 else f"{workers} workers"
    return SimpleNamespace(
        TITLE=f"the work of W7 by {by}",
        SHORT=f"{SHORT}, {by}",
        LIMIT=f"decoding the JPEG files, already in memory, by libjpeg-turbo (simplejpeg), by {by}",
        ABSENT={**w7.ABSENT, "torch-0": "has no workers"},
        COMPARE=w7.COMPARE,
        SHUFFLES=w7.SHUFFLES,
        PEERS=peers.OfElements(w7.load, w7.PHOTOS, w7.BATCH, workers=workers),
        pipeline=partial(w7.pipeline, workers=workers),
        limit=partial(w7.limit, workers),
    )
