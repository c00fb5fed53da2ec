"""Whether a hand-set number of workers, or another executor, beats AUTOTUNE: each workload with each of them, by turns.

    python -m benchmarks.tuning                             # minutes
    python -m benchmarks.tuning --workloads W4,W7 --rounds 3

Each setting runs the workload's own pipeline of feedline, with its `AUTOTUNE` replaced. A turn builds the pipeline
anew, warms it up and counts samples; a figure is the median of the rounds, and a ratio one of medians. The exit status
is 1 where a setting beats AUTOTUNE by more than a tenth.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import time
from types import SimpleNamespace
from typing import Any

import feedline as fl

WORKLOADS = "W1,W3,W4,W5,W6,W7,W8b,W10"
MOST = 1.1
"""How many times as fast as AUTOTUNE a setting may be."""


def settings() -> dict[str, tuple[Any, str | None]]:
    """Returns, by name, what stands in for AUTOTUNE, and the executor."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    counts = sorted({1, max(1, cores // 2), cores})
    threads = {f"{count} threads" if count > 1 else "1 thread": (count, "threads") for count in counts}
    return {
        "AUTOTUNE": (fl.AUTOTUNE, None),
        "inline": (fl.AUTOTUNE, "inline"),
        **threads,
        f"{cores} processes": (cores, "processes"),
    }


def rate(workload: Any, calls: Any, executor: str | None, warm: float, seconds: float) -> float:
    """Returns how many samples a second a setting gives.

    Args:
        workload: the module of a workload.
        calls: what stands in for AUTOTUNE.
        executor: by what it is run; None for what is measured to be best.
        warm: for how long it runs before it counts, in seconds.
        seconds: for how long it counts.
    """
    data = SimpleNamespace(Dataset=fl.Dataset, TFRecordDataset=fl.TFRecordDataset, AUTOTUNE=calls)
    dataset = workload.pipeline(fl, data, workload.SHUFFLES)
    if executor is not None:
        dataset = dataset.with_options(fl.Options(executor=executor))
    batches = iter(dataset)
    end = time.perf_counter() + warm
    while time.perf_counter() < end:
        next(batches)
    count, start = 0, time.perf_counter()
    while time.perf_counter() < start + seconds:
        next(batches)
        count += workload.BATCH
    return count / (time.perf_counter() - start)


def measure(name: str, rounds: int, warm: float, seconds: float) -> dict[str, float]:
    """Returns the median rate of each setting for one workload."""
    workload = importlib.import_module(f"benchmarks.workloads.{name.lower()}")
    if hasattr(workload, "prepare"):
        workload.prepare()
    rates: dict[str, list[float]] = {setting: [] for setting in settings()}
    for number in range(rounds):
        turn = list(settings().items())
        for setting, (calls, executor) in turn[number % len(turn) :] + turn[: number % len(turn)]:
            rates[setting].append(rate(workload, calls, executor, warm, seconds))
    return {setting: statistics.median(found) for setting, found in rates.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=1.5)
    asked = parser.parse_args()
    beaten = 0
    print(f"{'':5}" + "".join(f"{setting:>14}" for setting in settings()) + "   best / AUTOTUNE")
    for name in asked.workloads.split(","):
        rates = measure(name, asked.rounds, asked.warm, asked.seconds)
        best = max(rates, key=rates.__getitem__)
        gain = rates[best] / rates["AUTOTUNE"]
        beaten += gain > MOST
        print(f"{name:5}" + "".join(f"{each:14.0f}" for each in rates.values()) + f"   {gain:.2f} ({best})", flush=True)
    return 1 if beaten else 0


if __name__ == "__main__":
    sys.exit(main())
