"""What the first compilation of kernels costs, where nothing is cached: `python -m benchmarks --compilation`.

Every figure is of a process whose cache is an empty folder: `feedline warmup`, which compiles all kernels, and programs
that go to their first batch, of which each compiles what it uses. Taken off is what a process needs that finds the
kernels.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import startup, workloads
from benchmarks.harness import ENVIRONMENT, ROOT

ALL_KERNELS = "feedline warmup"
WORKLOADS = ("W1", "W3", "W4", "W6", "W7", "W8b", "W10")
ROUNDS = 3


@dataclass
class Compilation:
    """How long kernels took to compile.

    Args:
        what: a workload, or `ALL_KERNELS`.
        seconds: the median; None where there is none.
        least, most: of all processes.
        rounds: how many processes counted.
        why: why there is nothing measured, or "".
    """

    what: str
    seconds: float | None = None
    least: float = 0.0
    most: float = 0.0
    rounds: int = 0
    why: str = ""


def measure(say: Callable[[str], None] = lambda line: None) -> list[Compilation]:
    """Returns how long all kernels take to compile, and those of each workload."""
    found = []
    for what in (ALL_KERNELS, *WORKLOADS):
        taken = []
        try:
            for turn in range(ROUNDS):
                say(f"compilation for {what}: {turn + 1} of {ROUNDS}")
                taken.append(_all_kernels() if what == ALL_KERNELS else _workload(what))
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            found.append(Compilation(what, why=f"failed: {error}"))
            continue
        found.append(Compilation(what, statistics.median(taken), min(taken), max(taken), len(taken)))
    return found


def _all_kernels() -> float:
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, **ENVIRONMENT, "FEEDLINE_CACHE": cache}
        command = [sys.executable, "-c", "from feedline.cli.main import app; app()", "warmup"]
        started = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=startup.LIMIT)
        return time.perf_counter() - started


def _workload(workload: str) -> float:
    if prepare := getattr(workloads.load(workload), "prepare", None):
        prepare()
    with tempfile.TemporaryDirectory() as cache:
        environment = {"FEEDLINE_CACHE": cache}
        cold = startup.first_batch(workload, "feedline", environment)
        return cold - startup.first_batch(workload, "feedline", environment)
