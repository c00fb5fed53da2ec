"""Everything that was measured, kept as JSON so that a document can be written from several runs."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import workloads
from benchmarks.compilation import Compilation
from benchmarks.harness import REFERENCE, ROOT, Outcome
from benchmarks.import_cost import Cost
from benchmarks.limits import cores
from benchmarks.memory import Pass
from benchmarks.startup import Start

PACKAGES = ("feedline", "numpy", "numba", "opencv-python-headless", "simplejpeg", "tensorflow", "tensorflow-cpu")
PACKAGES += ("torch", "grain", "spdl", "keras", "jax")


@dataclass
class Session:
    """Everything that one call of the harness measured, or several.

    Args:
        settings: rounds, seconds and warm of the runs.
        machine: what it ran on.
        workloads: {workload: {contender: outcome}}.
        imports: {module: cost}, empty where that was not measured.
        starts: how soon first batches were there.
        compilations: how long kernels took to compile.
        passes: how much memory passes over a large set took.
        commits: {workload: the commit of feedline that was measured}.
    """

    settings: dict[str, float]
    machine: dict[str, Any]
    workloads: dict[str, dict[str, Outcome]] = dataclasses.field(default_factory=dict)
    imports: dict[str, Cost] = dataclasses.field(default_factory=dict)
    starts: list[Start] = dataclasses.field(default_factory=list)
    passes: list[Pass] = dataclasses.field(default_factory=list)
    compilations: list[Compilation] = dataclasses.field(default_factory=list)
    commits: dict[str, str] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Returns it as plain dicts, with the medians and ratios beside what was measured."""
        described = dataclasses.asdict(self)
        for name, outcomes in self.workloads.items():
            for contender, outcome in outcomes.items():
                described["workloads"][name][contender]["found"] = {
                    "rate": outcome.rate,
                    "spread": outcome.spread,
                    "ratio_to_tf_data": outcome.ratio(outcomes.get(REFERENCE)),
                    "ratio_to_limit": outcome.ratio(outcomes.get("limit")),
                }
        return described

    @classmethod
    def from_json(cls, described: dict[str, Any]) -> Session:
        """Returns what `as_json` described."""
        workloads = {
            name: {
                contender: Outcome(**{key: value for key, value in outcome.items() if key != "found"})
                for contender, outcome in outcomes.items()
            }
            for name, outcomes in described["workloads"].items()
        }
        return cls(
            described["settings"],
            described["machine"],
            workloads,
            {name: Cost(**cost) for name, cost in described["imports"].items()},
            [Start(**start) for start in described["starts"]],
            [Pass(**one) for one in described["passes"]],
            [Compilation(**one) for one in described.get("compilations", [])],
            described.get("commits", {}),
        )


def read(files: Sequence[Path]) -> Session:
    """Returns what several runs measured, the first of them workloads; of the same, the later file's is taken.

    Raises:
        ValueError: the runs had other settings, or were made on other machines or with other versions.
    """
    sessions = [Session.from_json(json.loads(file.read_text())) for file in files]
    first = sessions[0]
    for file, other in zip(files[1:], sessions[1:], strict=True):
        for what, mine, its in (
            ("settings", first.settings, other.settings),
            ("machine", _without_load(first.machine), _without_load(other.machine)),
        ):
            if mine != its and (what != "settings" or other.workloads):  # which are those of the workloads
                raise ValueError(f"{file} has another {what} than {files[0]}: {its}, not {mine}")
        first.machine["load_before"] = max(first.machine["load_before"], other.machine["load_before"])
        first.workloads |= other.workloads
        first.commits |= other.commits
        first.imports |= other.imports
        first.starts = other.starts or first.starts
        first.passes = other.passes or first.passes
        first.compilations = other.compilations or first.compilations
    order = [part for name in workloads.NAMES for part in workloads.parts(name)]
    first.workloads = {name: first.workloads[name] for name in order if name in first.workloads}
    return first


def _without_load(machine: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in machine.items() if name != "load_before"}


def commit() -> str:
    """Returns the last commit that changed what is measured, with a mark where it is changed since; "" without git."""
    places = ["--", "src", "benchmarks"]
    try:
        last = _git("log", "-1", "--format=%h", *places)
        return f"{last}-dirty" if _git("status", "--porcelain", *places) else last
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> dict[str, Any]:
    """Returns what the measuring runs on, with the load there was before it began."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": versions,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
