"""How soon the first batch is there, from the start of the process: `python -m benchmarks --startup`.

The first process of each only warms caches: the disk's, and feedline's compiled kernels. What comes after starts as any
later run of a user's program does: interpreter, imports, building, and a whole shuffled batch.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks import workloads
from benchmarks.harness import ENVIRONMENT, ROOT

WORKLOADS = ("W5", "W7", "W8b", "W10", "W13")  # those that read files
CONTENDERS = {"feedline": 7, "tf.data": 3}  # with the number of processes that count
LIMIT = 180.0


@dataclass
class Start:
    """How soon the first batch was there.

    Args:
        workload, contender: of what.
        seconds: the median, from process start; None where there is none.
        least, most: of all processes.
        rounds: how many processes counted.
        why: why there is nothing measured, or "".
    """

    workload: str
    contender: str
    seconds: float | None = None
    least: float = 0.0
    most: float = 0.0
    rounds: int = 0
    why: str = ""


def measure(say: Callable[[str], None] = lambda line: None) -> list[Start]:
    """Returns how soon the first batch of each workload and contender is there."""
    found = []
    for workload in WORKLOADS:
        if prepare := getattr(workloads.load(workload), "prepare", None):
            prepare()
        for contender, rounds in CONTENDERS.items():
            if importlib.util.find_spec(workloads.CONTENDERS[contender].package) is None:
                found.append(Start(workload, contender, why="not installed"))
                continue
            taken = []
            try:
                for turn in range(rounds + 1):
                    say(f"first batch of {workload} {contender}: {turn} of {rounds}")
                    taken.append(first_batch(workload, contender))
            except (subprocess.SubprocessError, OSError, ValueError) as error:
                found.append(Start(workload, contender, why=f"failed: {error}"))
                continue
            counted = taken[1:]
            found.append(Start(workload, contender, statistics.median(counted), min(counted), max(counted), rounds))
    return found


def first_batch(workload: str, contender: str, environment: Mapping[str, str] | None = None) -> float:
    """Returns the seconds from the start of a process to its first batch.

    Args:
        workload, contender: of what.
        environment: variables of its environment beside those that are always set.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.startup", workload, contender],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **(environment or {})},
        text=True,
    ) as process:
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
        try:
            _, log = process.communicate(timeout=LIMIT)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0 or not line:
        raise ValueError((log.strip().splitlines() or [f"exit status {process.returncode}"])[-1])
    return seconds


def _first_batch() -> None:
    workload, contender = sys.argv[1:]
    iterator = iter(workloads.build(workload, contender, shuffle=True))
    next(iterator)
    print("there", flush=True)


if __name__ == "__main__":
    _first_batch()
