"""Runs the contenders side by side: each in its own process, taking turns within every round."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import compare, workloads

ROOT = Path(__file__).parent.parent
REFERENCE = "tf.data"
START_LIMIT = 180.0  # seconds until the first batch, imports and compilation included
RUN_LIMIT = 60.0  # seconds that a run may take beyond its warm-up and its measured time
GRACE = 5.0  # seconds until a process that should have ended is killed
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",  # input pipelines run on the processor
    "JAX_PLATFORMS": "cpu",
    "KERAS_BACKEND": "jax",
}


@dataclass
class Outcome:
    """What became of one contender on one workload.

    Args:
        status: "measured", "absent" (makes no sense there), "missing" (not installed) or "failed".
        why: a line on any status but "measured".
        rates: samples per second of each round.
        cpu: processor seconds per sample of each round, its workers' included.
        waits: the share of each round that the model waited, where there is one.
        start_seconds: until the first batch of a fresh process, imports included.
        peak_mib: the most memory resident, in MiB, without its workers.
        traceback: of a failure.
    """

    status: str
    why: str = ""
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    start_seconds: float | None = None
    peak_mib: float | None = None
    traceback: str = ""

    @property
    def rate(self) -> float | None:
        """The median of the rates."""
        return statistics.median(self.rates) if self.status == "measured" and self.rates else None

    @property
    def spread(self) -> float | None:
        """The range of the rates as a share of their median."""
        return (max(self.rates) - min(self.rates)) / self.rate if self.rate else None

    def ratio(self, other: Outcome | None) -> float | None:
        """The ratio of the medians of this one and another one."""
        return self.rate / other.rate if other is not None and self.rate and other.rate else None

    def ratios(self, other: Outcome) -> list[float]:
        """The ratio in each round."""
        return [mine / its for mine, its in zip(self.rates, other.rates, strict=True)]


class Failure(Exception):
    """A contender's process answered with an error, or not at all."""

    def __init__(self, why: str, traceback: str = "") -> None:
        super().__init__(why)
        self.traceback = traceback


class Process:
    """A contender's process, started anew; `with` ends it whatever happens.

    Args:
        workload: a name of `workloads.NAMES`.
        contender: a name of `workloads.CONTENDERS`.
    """

    def __init__(self, workload: str, contender: str) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  (`close` closes it)
        environment = {
            **os.environ,
            **ENVIRONMENT,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", workload, contender],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=ROOT,
            env=environment,
            start_new_session=True,  # its workers are found, and ended, by its session
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def ask(self, limit: float, **request: Any) -> dict[str, Any]:
        """Returns the answer to a request.

        Raises:
            Failure: it answered with an error, ended, or took longer than `limit` seconds.
        """
        try:
            self._popen.stdin.write((json.dumps({**request, "limit": limit}) + "\n").encode())
            self._popen.stdin.flush()
            line = self._read_line(limit + GRACE)
        except BrokenPipeError:
            line = b""
        if not line:
            self._end()
            raise Failure(*self._ending(limit))
        answer = json.loads(line)
        if "failed" in answer:
            raise Failure(answer["failed"], answer["traceback"])
        return answer

    def _read_line(self, limit: float) -> bytes:
        until, line = time.monotonic() + limit, b""
        while not line.endswith(b"\n"):
            remaining = until - time.monotonic()
            if remaining <= 0 or not select.select([self._popen.stdout], [], [], remaining)[0]:
                return b""
            piece = os.read(self._popen.stdout.fileno(), 65536)
            if not piece:
                return b""
            line += piece
        return line

    def _ending(self, limit: float) -> tuple[str, str]:
        self._log.seek(0)
        log = self._log.read()[-8000:]
        if "Timeout (" in log:  # what faulthandler writes
            return f"took longer than {limit:.0f} s", log
        code = self._popen.returncode
        how = signal.Signals(-code).name if code and code < 0 else f"exit status {code}"
        return f"its process ended: {how}", log

    def close(self) -> None:
        """Ends the process and its workers, and lets go of its pipes."""
        self._end()
        self._popen.stdout.close()
        self._log.close()

    def _end(self) -> None:
        if self._popen.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()
            try:
                self._popen.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)  # workers that outlived it


def measure(
    workload: str,
    contenders: Sequence[str],
    rounds: int,
    seconds: float,
    warm: float,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Outcome]:
    """Returns what became of each contender on a workload.

    Args:
        workload: a name of `workloads.NAMES`.
        contenders: names of `workloads.CONTENDERS`.
        rounds: how often each is measured; none to compare first batches only.
        seconds: the measured time of one run.
        warm: the time a run is warmed up before.
        say: is told what happens.
    """
    module = workloads.load(workload)
    warm = max(warm, getattr(module, "WARM", 0.0))
    outcomes: dict[str, Outcome] = {}
    processes: dict[str, Process] = {}
    reference: tuple[str, compare.Batch] | None = None
    try:
        for name in sorted(contenders, key=lambda name: name != REFERENCE):  # what the others are compared with first
            package = workloads.CONTENDERS[name].package
            if name in module.ABSENT:
                outcomes[name] = Outcome("absent", module.ABSENT[name])
                continue
            if package is not None and importlib.util.find_spec(package) is None:
                outcomes[name] = Outcome("missing", f"{package} is not installed")
                continue
            say(f"{workload} {name}: first batch")
            processes[name] = Process(workload, name)
            try:
                outcomes[name], batch = _start(processes[name], workload, name, reference)
            except Failure as failure:
                outcomes[name] = _failed(outcomes.get(name), processes.pop(name), failure)
                continue
            if reference is None and batch is not None:
                reference = name, batch
        for number in range(rounds):
            names = list(processes)
            turn = number % max(len(names), 1)
            for name in names[turn:] + names[:turn]:  # another one begins each round
                say(f"{workload} {name}: round {number + 1} of {rounds}")
                try:
                    _run(processes[name], outcomes[name], seconds, warm)
                except Failure as failure:
                    outcomes[name] = _failed(outcomes[name], processes.pop(name), failure)
    finally:
        for process in processes.values():
            process.close()
    return {name: outcomes[name] for name in contenders}


def _start(
    process: Process, workload: str, name: str, reference: tuple[str, compare.Batch] | None
) -> tuple[Outcome, compare.Batch | None]:
    """Has a contender make its first batches and compares them with the reference's."""
    module = workloads.load(workload)
    with tempfile.TemporaryDirectory() as folder:
        answer = process.ask(START_LIMIT, do="first", to=folder)
        order = _load(Path(folder, "order.npz"))
        shuffled = _load(Path(folder, "shuffled.npz"))
    wrong = None
    if order is not None:
        if reference is not None:
            wrong = compare.difference(reference[1], order, module.COMPARE)
        elif module.COMPARE.check is not None:
            wrong = module.COMPARE.check(order)
        if wrong is None and shuffled is not None:
            wrong = compare.not_shuffled(order, shuffled, module.COMPARE)
    if wrong is not None:
        against = f" (compared with {reference[0]})" if reference else ""
        raise Failure(f"does not do the same work{against}: {wrong}")
    return Outcome("measured", start_seconds=answer["start_seconds"]), order


def _load(path: Path) -> compare.Batch | None:
    if not path.exists():
        return None
    with np.load(path) as arrays:
        return dict(arrays)


def _run(process: Process, outcome: Outcome, seconds: float, warm: float) -> None:
    answer = process.ask(warm + seconds + RUN_LIMIT, do="run", seconds=seconds, warm=warm)
    outcome.rates.append(answer["samples"] / answer["seconds"])
    outcome.cpu.append(answer["cpu_seconds"] / answer["samples"])
    outcome.peak_mib = answer["peak_mib"]
    if "wait_share" in answer:
        outcome.waits.append(answer["wait_share"])


def _failed(outcome: Outcome | None, process: Process, failure: Failure) -> Outcome:
    process.close()
    start = outcome.start_seconds if outcome is not None else None
    return Outcome("failed", str(failure), start_seconds=start, traceback=failure.traceback)
