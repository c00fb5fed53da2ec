"""What an import costs: wall time and resident memory, in fresh processes."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.harness import ROOT

ROUNDS = 10
SLOW_ROUNDS = 3
LIMIT = 120.0

# What is imported, and how often: the interpreter alone and NumPy are the baselines.
IMPORTS = {"pass": ROUNDS, "numpy": ROUNDS, "feedline": ROUNDS, "torch": SLOW_ROUNDS, "tensorflow": SLOW_ROUNDS}

_PROGRAM = """
import json, time
started = time.perf_counter()
{statement}
seconds = time.perf_counter() - started
try:
    with open("/proc/self/status") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
except OSError:
    import resource
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([seconds, resident]))
"""


@dataclass
class Cost:
    """The medians of an import.

    Args:
        import_seconds: of the import statement.
        process_seconds: of the whole process, the interpreter's start and end included.
        resident_mib: memory resident after it, the interpreter included.
        rounds: how many processes were measured.
        why: why there is nothing measured, or "".
    """

    import_seconds: float = 0.0
    process_seconds: float = 0.0
    resident_mib: float = 0.0
    rounds: int = 0
    why: str = ""


def measure(say: Callable[[str], None] = lambda line: None) -> dict[str, Cost]:
    """Returns the cost of each import of IMPORTS; they take turns, and the first turn only warms the disk's cache."""
    samples: dict[str, list[tuple[float, float, float]]] = {name: [] for name in IMPORTS}
    why: dict[str, str] = {}
    for name in IMPORTS:
        if name != "pass" and importlib.util.find_spec(name) is None:
            why[name] = "not installed"
    for turn in range(ROUNDS + 1):
        for name, rounds in IMPORTS.items():
            if name in why or turn > rounds:
                continue
            say(f"import {name}: {turn} of {rounds}")
            try:
                sample = _one(name)
            except (subprocess.SubprocessError, ValueError) as error:
                why[name] = f"failed: {error}"
                continue
            if turn:
                samples[name].append(sample)
    costs = {}
    for name, taken in samples.items():
        if name in why:
            costs[name] = Cost(why=why[name])
        else:
            costs[name] = Cost(*(statistics.median(column) for column in zip(*taken, strict=True)), rounds=len(taken))
    return costs


def _one(name: str) -> tuple[float, float, float]:
    statement = "pass" if name == "pass" else f"import {name}"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(statement=statement)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )
    process_seconds = time.perf_counter() - started
    import_seconds, resident = json.loads(done.stdout.splitlines()[-1])
    return import_seconds, process_seconds, resident
