"""One contender on one workload, in a process of its own: `python -m benchmarks.child WORKLOAD CONTENDER`.

It reads a request a line from standard input and answers each with a line of JSON on standard output:

    {"do": "first", "to": FOLDER, "limit": S}                 builds, saves the first batches, says how long it took
    {"do": "run", "warm": S, "seconds": S, "limit": S}        measures for some seconds

A request that takes longer than its limit ends the process with a traceback of every thread, so it cannot hang, even
where the parent is gone.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from benchmarks import compare, workloads
from benchmarks.resources import cpu_seconds, peak_mib

LEAST_WARM_BATCHES = 3


def main() -> None:
    workload, contender = sys.argv[1:]
    answers = _take_standard_output()
    for line in sys.stdin:
        request = json.loads(line)
        faulthandler.dump_traceback_later(request["limit"], exit=True)
        try:
            if request["do"] == "first":
                answer = first(workload, contender, Path(request["to"]))
            else:
                answer = run(workload, contender, request["warm"], request["seconds"])
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}".strip(), "traceback": traceback.format_exc()}
        faulthandler.cancel_dump_traceback_later()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _take_standard_output() -> TextIO:
    """Keeps standard output for the answers; what libraries print there goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def first(workload: str, contender: str, folder: Path) -> dict[str, Any]:
    """Saves the first batch in order (`order.npz`) and, where the workload shuffles, shuffled (`shuffled.npz`)."""
    started = time.perf_counter()
    batch = _first_batch(workload, contender, shuffle=False)
    seconds = time.perf_counter() - started
    if contender != "limit":
        np.savez(folder / "order.npz", **compare.components(batch))
        if workloads.load(workload).SHUFFLES:
            np.savez(folder / "shuffled.npz", **compare.components(_first_batch(workload, contender, shuffle=True)))
    return {"start_seconds": seconds}


def _first_batch(workload: str, contender: str, shuffle: bool) -> Any:
    iterator = iter(workloads.build(workload, contender, shuffle))
    try:
        return next(iterator)
    finally:
        _close(iterator)


def run(workload: str, contender: str, warm: float, seconds: float) -> dict[str, Any]:
    """Warms a fresh iterator up, then counts the samples of some seconds."""
    gc.collect()
    built = workloads.build(workload, contender, shuffle=True)
    measure = getattr(workloads.load(workload), "measure", None)
    if measure is not None:
        return {**measure(built, warm, seconds), "peak_mib": peak_mib()}
    iterator = iter(built)
    clock = time.perf_counter
    try:
        warm_until = clock() + warm
        for batches, _ in enumerate(iterator, start=1):
            if batches >= LEAST_WARM_BATCHES and clock() >= warm_until:
                break
        count, cpu, started = 0, cpu_seconds(), clock()
        until, now = started + seconds, started
        for batch in iterator:
            count += compare.samples(batch)
            now = clock()
            if now >= until:
                break
        cpu = cpu_seconds() - cpu
    finally:
        _close(iterator)
    if now < until:
        raise RuntimeError(f"the batches ended after {count} samples; a contender's batches must not end")
    return {"samples": count, "seconds": now - started, "cpu_seconds": cpu, "peak_mib": peak_mib()}


def _close(iterator: Any) -> None:
    close = getattr(iterator, "close", None)
    if callable(close):
        close()


if __name__ == "__main__":
    main()
