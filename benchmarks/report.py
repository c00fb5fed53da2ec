"""Shows what was measured: tables for the terminal, JSON, and docs/benchmarks.md."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import workloads
from benchmarks.harness import REFERENCE, Outcome
from benchmarks.import_cost import Cost
from benchmarks.limits import cores

PACKAGES = ("feedline", "numpy", "numba", "tensorflow", "tensorflow-cpu", "torch", "grain", "spdl")
GOALS = {"W8b": 5.0, "W5": 1.5, "W7": 1.2, "W2": 8.0}  # feedline's ratio to tf.data
IMPORT_GOAL_SECONDS, IMPORT_GOAL_MIB = 0.2, 60.0

COLUMNS = ("contender", "samples/s", "spread", "x tf.data", "by round", "of limit", "CPU us/sample", "first batch")


@dataclass
class Session:
    """Everything that one call of the harness measured.

    Args:
        settings: rounds, seconds and warm of the runs.
        machine: what it ran on.
        workloads: {workload: {contender: outcome}}.
        imports: {module: cost}, empty where that was not measured.
    """

    settings: dict[str, float]
    machine: dict[str, Any]
    workloads: dict[str, dict[str, Outcome]] = dataclasses.field(default_factory=dict)
    imports: dict[str, Cost] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Returns it as plain dicts, with the medians and ratios beside what was measured."""
        described = dataclasses.asdict(self)
        for name, outcomes in self.workloads.items():
            for contender, outcome in outcomes.items():
                described["workloads"][name][contender] |= {
                    "rate": outcome.rate,
                    "spread": outcome.spread,
                    "ratio_to_tf_data": outcome.ratio(outcomes.get(REFERENCE)),
                    "ratio_to_limit": outcome.ratio(outcomes.get("limit")),
                }
        return described


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


def rows(outcomes: dict[str, Outcome]) -> Iterable[tuple[str, ...]]:
    """Yields the cells of each contender, the fastest first, then those that were not measured."""
    reference, limit = outcomes.get(REFERENCE), outcomes.get("limit")
    for name, outcome in sorted(outcomes.items(), key=lambda item: -(item[1].rate or 0)):
        if outcome.status != "measured":
            words = {"absent": "not run:", "missing": "not installed", "failed": "FAILED:"}[outcome.status]
            why = "" if outcome.status == "missing" else outcome.why
            yield (name, words, why)
            continue
        ratio = outcome.ratio(reference)
        by_round = outcome.ratios(reference) if ratio is not None and reference is not None else []
        share = outcome.ratio(limit)
        yield (
            name,
            _rate(outcome.rate),
            f"{outcome.spread:.0%}" if outcome.spread is not None else "",
            f"{ratio:.2f}" if ratio is not None else "",
            f"{min(by_round):.2f}-{max(by_round):.2f}" if by_round else "",
            f"{share:.0%}" if share is not None and name != "limit" else "",
            f"{_median(outcome.cpu) * 1e6:.2f}" if outcome.cpu else "",
            f"{outcome.start_seconds:.1f} s" if outcome.start_seconds is not None and name != "limit" else "",
        )


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _rate(rate: float | None) -> str:
    if rate is None:
        return "same work"
    if rate >= 999_500:
        return f"{rate / 1e6:.2f} M"
    if rate >= 9_995:
        return f"{rate / 1e3:.1f} k"
    return f"{rate:.0f}"


def goal(name: str, outcomes: dict[str, Outcome]) -> str | None:
    """Returns a line on whether feedline's ratio to tf.data is what it should be, None where there is no goal."""
    mine = outcomes.get("feedline")
    ratio = mine.ratio(outcomes.get(REFERENCE)) if mine is not None else None
    if name not in GOALS:
        return None
    if ratio is None:
        return f"goal: feedline at least {GOALS[name]:g} x tf.data; not measured"
    verdict = "met" if ratio >= GOALS[name] else "NOT met"
    return f"goal: feedline at least {GOALS[name]:g} x tf.data; {ratio:.2f}, {verdict}"


def import_rows(imports: dict[str, Cost]) -> Iterable[tuple[str, ...]]:
    """Yields the cells of each import."""
    for name, cost in imports.items():
        label = "the interpreter alone" if name == "pass" else f"import {name}"
        if cost.why:
            yield (label, cost.why, "", "", "")
        else:
            yield (
                label,
                f"{cost.import_seconds * 1000:.0f} ms",
                f"{cost.process_seconds * 1000:.0f} ms",
                f"{cost.resident_mib:.0f} MiB",
                str(cost.rounds),
            )


IMPORT_COLUMNS = ("", "import", "whole process", "resident", "rounds")


def import_goal(imports: dict[str, Cost]) -> str | None:
    """Returns a line on whether `import feedline` costs no more than it should."""
    cost = imports.get("feedline")
    if cost is None or cost.why:
        return None
    met = cost.import_seconds <= IMPORT_GOAL_SECONDS and cost.resident_mib <= IMPORT_GOAL_MIB
    return (
        f"goal: import feedline at most {IMPORT_GOAL_SECONDS:g} s and {IMPORT_GOAL_MIB:g} MiB; "
        f"{cost.import_seconds:.3f} s and {cost.resident_mib:.0f} MiB, {'met' if met else 'NOT met'}"
    )


def show_workload(console: Console, name: str, outcomes: dict[str, Outcome], tracebacks: bool) -> None:
    """Prints the table of a workload."""
    module = workloads.load(name)
    table = Table(title=f"{name}  {module.TITLE}", caption=f"limit: {module.LIMIT}", title_justify="left")
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    unmeasured = []
    for cells in rows(outcomes):
        if len(cells) == len(COLUMNS):
            table.add_row(*cells, style="bold" if cells[0] == "feedline" else None)
        else:
            unmeasured.append(cells)
    console.print(table)
    for contender, words, why in unmeasured:
        console.print(f"  {contender}: {words} {why}", markup=False, highlight=False)
        if tracebacks and outcomes[contender].traceback:
            console.print(outcomes[contender].traceback, markup=False, highlight=False)
    if line := goal(name, outcomes):
        console.print(f"  {line}", style="bold")
    console.print()


def show_imports(console: Console, imports: dict[str, Cost]) -> None:
    """Prints the table of the imports."""
    table = Table(title="imports, medians of fresh processes", title_justify="left")
    for place, column in enumerate(IMPORT_COLUMNS):
        table.add_column(column, justify="left" if place == 0 else "right")
    for cells in import_rows(imports):
        table.add_row(*cells)
    console.print(table)
    if line := import_goal(imports):
        console.print(f"  {line}", style="bold")


def markdown(session: Session) -> str:
    """Returns the text of docs/benchmarks.md."""
    machine, settings = session.machine, session.settings
    versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
    lines = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks --write`; `benchmarks/README.md` says how it measures.",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']};",
        f"{versions}.",
        f"Medians of {settings['rounds']:.0f} rounds of {settings['seconds']:g} s each,",
        f"after {settings['warm']:g} s of warm-up; the machine's load before was {machine['load_before']}.",
        "Absolute figures are this machine's; the ratios are the point.",
        "",
        "- *x tf.data*: ratio of the medians; *by round*: the least and the greatest ratio within a round.",
        "- *of limit*: the share of the rate of the limit program, the least work that any program must do.",
        "- *first batch*: from a fresh process to its first batch, imports included.",
        "- *spread*: the range of the rates as a share of their median.",
        "",
    ]
    if session.workloads:
        lines += ["## Summary", "", *_summary(session.workloads), ""]
    for name, outcomes in session.workloads.items():
        module = workloads.load(name)
        lines += [f"## {name}: {module.TITLE}", "", f"Limit: {module.LIMIT}.", ""]
        lines += _markdown_table(COLUMNS, [cells for cells in rows(outcomes) if len(cells) == len(COLUMNS)])
        lines += [""]
        lines += [f"- {cells[0]}: {' '.join(filter(None, cells[1:]))}" for cells in rows(outcomes) if len(cells) == 3]
        if line := goal(name, outcomes):
            lines += ["", f"{line[0].upper()}{line[1:]}."]
        lines += [""]
    if session.imports:
        lines += ["## Imports", "", *_markdown_table(IMPORT_COLUMNS, import_rows(session.imports)), ""]
        if line := import_goal(session.imports):
            lines += [f"{line[0].upper()}{line[1:]}.", ""]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def _summary(measured: dict[str, dict[str, Outcome]]) -> list[str]:
    cells = []
    for name, outcomes in measured.items():
        mine, reference = outcomes.get("feedline"), outcomes.get(REFERENCE)
        peers = {
            peer: outcome.rate for peer, outcome in outcomes.items() if peer not in ("feedline", REFERENCE, "limit")
        }
        best = max((peer for peer in peers if peers[peer]), key=lambda peer: peers[peer] or 0, default=None)
        ratio = mine.ratio(reference) if mine is not None else None
        share = mine.ratio(outcomes.get("limit")) if mine is not None else None
        cells.append(
            (
                name,
                _cell(mine),
                _cell(reference),
                f"{ratio:.2f}" if ratio is not None else "",
                f"{_rate(peers[best])} ({best})" if best else "",
                f"{share:.0%}" if share is not None else "",
            )
        )
    return _markdown_table(("workload", "feedline", "tf.data", "ratio", "best other peer", "of limit"), cells)


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    return _rate(outcome.rate) if outcome.status == "measured" else outcome.status


def _markdown_table(columns: Iterable[str], cells: Iterable[Iterable[str]]) -> list[str]:
    columns = list(columns)
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(row) + " |" for row in cells]
