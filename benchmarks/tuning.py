"""Whether a hand-set number of workers, or another executor, beats AUTOTUNE: each workload with each of them, by turns.

    python -m benchmarks.tuning                             # half an hour
    python -m benchmarks.tuning --workloads W4,W7 --rounds 3
    python -m benchmarks.tuning --write                     # and docs/tuning.md

Each setting runs the workload's own pipeline of feedline, with the `AUTOTUNE` of its transformations replaced; that of
`prefetch` is left, but where the setting names a look-ahead. A turn builds the pipeline anew, warms it up and counts
samples; a figure is the median of the rounds, and a ratio one of medians. The best of so many medians owes something to
chance: where it is more than a tenth ahead, it and AUTOTUNE are measured again, by turns, and the median of the ratios
of these pairs is what counts. The exit status is 1 where that, too, is more than 1.1.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

import feedline as fl
from benchmarks import data, harness, session

WORKLOADS = "W1,W1b,W2,W3,W4,W5,W6,W7,W8,W8b,W9,W10,W11,W13"
DOCUMENT = harness.ROOT / "docs" / "tuning.md"
MOST = 1.1
"""How many times as fast as AUTOTUNE a setting may be."""
PAIRS = 9


@dataclass(frozen=True)
class Setting:
    """What stands in for AUTOTUNE.

    Args:
        calls: how many calls at a time; None for AUTOTUNE.
        executor: by what they are run; None for what is measured to be best.
        ahead: how many batches are made ready ahead; None for AUTOTUNE.
    """

    calls: int | None = None
    executor: str | None = None
    ahead: int | None = None


class _Calls(int):
    """A number of calls at a time, which is not taken for a look-ahead."""


def settings() -> dict[str, Setting]:
    """Returns the settings by name, AUTOTUNE first."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    counts = sorted({1, max(1, cores // 2), cores})
    return {
        "AUTOTUNE": Setting(),
        "inline": Setting(executor="inline"),
        **{f"{count} threads" if count > 1 else "1 thread": Setting(count, "threads") for count in counts},
        f"{cores} threads, 2 ahead": Setting(cores, "threads", 2),
        f"{cores} threads, 16 ahead": Setting(cores, "threads", 16),
        f"{cores} processes": Setting(cores, "processes"),
    }


def rate(workload: Any, setting: Setting, warm: float, seconds: float) -> float:
    """Returns how many samples a second a setting gives.

    Args:
        workload: the module of a workload.
        setting: what stands in for AUTOTUNE.
        warm: for how long it runs before it counts, in seconds.
        seconds: for how long it counts.
    """
    calls = fl.AUTOTUNE if setting.calls is None else _Calls(setting.calls)
    source = SimpleNamespace(Dataset=fl.Dataset, TFRecordDataset=fl.TFRecordDataset, AUTOTUNE=calls)
    with mock.patch.object(fl.Dataset, "prefetch", _prefetch(setting)):
        dataset = workload.pipeline(fl, source, workload.SHUFFLES)
    if setting.executor is not None:
        dataset = dataset.with_options(fl.Options(executor=setting.executor))
    batches = iter(dataset)
    end = time.perf_counter() + warm
    while time.perf_counter() < end:
        next(batches)
    count, start = 0, time.perf_counter()
    while time.perf_counter() < start + seconds:
        next(batches)
        count += workload.BATCH
    return count / (time.perf_counter() - start)


def _prefetch(setting: Setting) -> Callable[..., fl.Dataset]:
    """Returns what stands in for `prefetch`, which the pipelines give the same AUTOTUNE as their calls."""
    prefetch = fl.Dataset.prefetch
    ahead = fl.AUTOTUNE if setting.ahead is None else setting.ahead
    return lambda dataset, asked: prefetch(dataset, ahead if isinstance(asked, _Calls) else asked)


def measure(name: str, rounds: int, warm: float, seconds: float) -> dict[str, float]:
    """Returns the median rate of each setting for one workload."""
    workload = _workload(name)
    rates: dict[str, list[float]] = {setting: [] for setting in settings()}
    for number in range(rounds):
        _into_memory()
        turn = list(settings().items())
        for name, setting in turn[number % len(turn) :] + turn[: number % len(turn)]:
            rates[name].append(rate(workload, setting, warm, seconds))
    return {setting: statistics.median(found) for setting, found in rates.items()}


def again(name: str, best: str, warm: float, seconds: float) -> float:
    """Returns how many times as fast as AUTOTUNE a setting is: the median of pairs that are measured side by side."""
    workload, known, ratios = _workload(name), settings(), []
    for number in range(PAIRS):
        pair = dict.fromkeys(("AUTOTUNE", best) if number % 2 else (best, "AUTOTUNE"), 0.0)
        for which in pair:
            pair[which] = rate(workload, known[which], warm, seconds)
        ratios.append(pair[best] / pair["AUTOTUNE"])
    return statistics.median(ratios)


def _into_memory() -> None:
    """Reads the data, which the system may have let go of: what is compared is not the disk."""
    for path in data.DATA.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass


def _workload(name: str) -> Any:
    workload = importlib.import_module(f"benchmarks.workloads.{name.lower()}")
    if hasattr(workload, "prepare"):
        workload.prepare()
    return workload


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(harness.ROOT)}")
    asked = parser.parse_args()
    if not data.is_made():
        print("Making the data, once: it takes a minute.")
        data.make()
    columns = ["workload", *settings(), "best / AUTOTUNE", f"again, {PAIRS} pairs"]
    print("  ".join(columns))
    rows, beaten = [], []
    for name in asked.workloads.split(","):
        rates = measure(name, asked.rounds, asked.warm, asked.seconds)
        best = max(rates, key=rates.__getitem__)
        gain = rates[best] / rates["AUTOTUNE"]
        second = again(name, best, asked.warm, asked.seconds) if gain > MOST else None
        beaten += [name] if second is not None and second > MOST else []
        shown = "" if second is None else f"{second:.2f}"
        rows.append([name, *(f"{each:.0f}" for each in rates.values()), f"{gain:.2f} ({best})", shown])
        print("  ".join(f"{cell:>{len(column)}}" for cell, column in zip(rows[-1], columns, strict=True)), flush=True)
    if asked.write:
        DOCUMENT.write_text(_document(asked, columns, rows, beaten))
        print(f"wrote {DOCUMENT.relative_to(harness.ROOT)}")
    return 1 if beaten else 0


def _document(asked: argparse.Namespace, columns: list[str], rows: list[list[str]], beaten: list[str]) -> str:
    goal = f"goal: no setting beats AUTOTUNE by more than a tenth; {', '.join(beaten) or 'none'} beaten"
    lines = [
        "# AUTOTUNE beside settings by hand",
        "",
        "Written by `python -m benchmarks.tuning --write`: samples a second of each workload's pipeline with AUTOTUNE,",
        "and with what is set by hand in its place. Medians of",
        f"{asked.rounds} rounds of {asked.seconds:g} s each, after {asked.warm:g} s of warm-up;",
        f"{session.machine()['cores']} cores, commit {session.commit()}.",
        f"The best of so many medians owes something to chance: where it is more than {MOST:g} times AUTOTUNE, both",
        f"are measured again, {PAIRS} times side by side, and the median of these ratios counts.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        f"- {f'**{goal}: NOT met**' if beaten else f'{goal}: met'}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
