"""The tables of a report: their columns, and their cells as text."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator

from benchmarks import goals, workloads
from benchmarks.compilation import Compilation
from benchmarks.goals import Goal
from benchmarks.harness import REFERENCE, Outcome
from benchmarks.import_cost import Cost
from benchmarks.memory import Pass
from benchmarks.session import Session
from benchmarks.startup import Start

Row = tuple[str, ...]
CONTENDERS = ("contender", "samples/s", "spread", "x tf.data", "by round", "of limit", "CPU us/sample", "first batch")
WAITS = "model waits"
SUMMARY = ("workload", "feedline", "tf.data", "ratio", "best other peer", "of limit")
GOALS = ("workload", "x tf.data", "", "x best peer", "", "of limit", "")
IMPORTS = ("", "import", "whole process", "resident", "rounds")
STARTS = ("workload", "contender", "seconds", "least-most", "processes")
COMPILATIONS = ("for", "seconds", "least-most", "processes")
PASSES = ("pass", "contender", "memory", "processes", "seconds", "records/s")


def contender_columns(outcomes: dict[str, Outcome]) -> Row:
    """Returns the columns of a workload's table: one more where a model waited."""
    waits = any(outcome.waits for outcome in outcomes.values())
    return (*CONTENDERS[:6], WAITS, *CONTENDERS[6:]) if waits else CONTENDERS


def contender_rows(outcomes: dict[str, Outcome]) -> Iterator[Row]:
    """Yields the cells of each contender that was measured, the fastest first."""
    reference, limit = outcomes.get(REFERENCE), outcomes.get("limit")
    waits = WAITS in contender_columns(outcomes)
    for name, outcome in sorted(outcomes.items(), key=lambda item: -(item[1].rate or 0)):
        if outcome.status != "measured":
            continue
        ratio = outcome.ratio(reference)
        by_round = outcome.ratios(reference) if ratio is not None and reference is not None else []
        share = outcome.ratio(limit)
        yield (
            name,
            rate(outcome.rate),
            f"{outcome.spread:.0%}" if outcome.spread is not None else "",
            f"{ratio:.2f}" if ratio is not None else "",
            f"{min(by_round):.2f}-{max(by_round):.2f}" if by_round else "",
            f"{share:.0%}" if share is not None and name != "limit" else "",
            *([f"{statistics.median(outcome.waits):.1%}" if outcome.waits else ""] if waits else []),
            f"{statistics.median(outcome.cpu) * 1e6:.2f}" if outcome.cpu else "",
            f"{outcome.start_seconds:.1f} s" if outcome.start_seconds is not None and name != "limit" else "",
        )


def unmeasured(outcomes: dict[str, Outcome]) -> Iterator[tuple[str, str]]:
    """Yields each contender that was not measured, and why."""
    for name, outcome in outcomes.items():
        if outcome.status != "measured":
            words = {"absent": "not run:", "missing": "not installed", "failed": "FAILED:"}[outcome.status]
            yield name, words if outcome.status == "missing" else f"{words} {outcome.why}"


def rate(value: float | None) -> str:
    """Returns a rate in few characters."""
    if value is None:
        return "same work"
    if value >= 999_500:
        return f"{value / 1e6:.2f} M"
    if value >= 9_995:
        return f"{value / 1e3:.1f} k"
    return f"{value:.0f}"


def summary_rows(session: Session) -> Iterator[Row]:
    """Yields a row a workload."""
    for name, outcomes in session.workloads.items():
        mine, reference = outcomes.get("feedline"), outcomes.get(REFERENCE)
        peers = {peer: outcomes[peer].rate for peer in workloads.PEER_NAMES if peer in outcomes and outcomes[peer].rate}
        best = max(peers, key=lambda peer: peers[peer] or 0, default=None)
        ratio = mine.ratio(reference) if mine is not None else None
        share = mine.ratio(outcomes.get("limit")) if mine is not None else None
        yield (
            name,
            _cell(mine),
            _cell(reference),
            f"{ratio:.2f}" if ratio is not None else "",
            f"{rate(peers[best])} ({best})" if best else "",
            f"{share:.0%}" if share is not None else "",
        )


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    return rate(outcome.rate) if outcome.status == "measured" else outcome.status


def goal_rows(session: Session) -> Iterator[Row]:
    """Yields what was reached and what should be, a row a workload."""
    for name, outcomes in session.workloads.items():
        by_what = {goal.what.rpartition(" / ")[2]: goal for goal in goals.of_workload(name, outcomes)}
        if by_what:
            yield (
                name,
                *(cell for what in (REFERENCE, "best peer", "limit") for cell in _goal_cells(by_what.get(what))),
            )


def _goal_cells(goal: Goal | None) -> Row:
    if goal is None:
        return "", ""
    if goal.measured is None:
        return f"of {goal.wanted:g}", goal.verdict
    if goal.what.endswith("limit"):
        return f"{goal.measured:.1%} of {goal.wanted:.0%}", goal.verdict
    if goal.what.endswith("peer"):
        return goal.figure, goal.verdict
    return f"{goal.figure} of {goal.wanted:g}", goal.verdict


def all_goals(session: Session) -> list[Goal]:
    """Returns every goal that something was measured for."""
    of_workloads = [goal for name, outcomes in session.workloads.items() for goal in goals.of_workload(name, outcomes)]
    others = [*goals.of_imports(session.imports), *goals.of_starts(session.starts)]
    return of_workloads + others + goals.of_compilations(session.compilations) + goals.of_memory(session.passes)


def tally(session: Session) -> str:
    """Returns how many goals are met, in a line."""
    verdicts = [goal.met for goal in all_goals(session)]
    return f"{verdicts.count(True)} goals met, {verdicts.count(False)} NOT met, {verdicts.count(None)} not measured"


def import_rows(imports: dict[str, Cost]) -> Iterator[Row]:
    """Yields the cells of each import."""
    for name, cost in imports.items():
        label = "the interpreter alone" if name == "pass" else f"import {name}"
        if cost.why:
            yield label, cost.why, "", "", ""
        else:
            times = (f"{cost.import_seconds * 1000:.0f} ms", f"{cost.process_seconds * 1000:.0f} ms")
            yield label, *times, f"{cost.resident_mib:.0f} MiB", str(cost.rounds)


def start_rows(starts: Iterable[Start]) -> Iterator[Row]:
    """Yields the cells of each first batch."""
    for start in starts:
        if start.seconds is not None:
            spread = f"{start.least:.2f}-{start.most:.2f}"
            yield start.workload, start.contender, f"{start.seconds:.2f}", spread, str(start.rounds)


def compilation_rows(compilations: Iterable[Compilation]) -> Iterator[Row]:
    """Yields the cells of each compilation."""
    for one in compilations:
        if one.seconds is not None:
            yield one.what, f"{one.seconds:.1f}", f"{one.least:.1f}-{one.most:.1f}", str(one.rounds)


def pass_rows(passes: Iterable[Pass]) -> Iterator[Row]:
    """Yields the cells of each pass over the large set."""
    for one in passes:
        if one.over_mib is not None:
            memory, speed = f"{one.over_mib:.0f} MiB", rate(one.records / one.seconds)
            yield one.what, one.contender, memory, str(one.processes), f"{one.seconds:.0f}", speed


def unmeasured_others(session: Session) -> Iterator[tuple[str, str]]:
    """Yields what could not be measured besides the workloads, and why."""
    for start in session.starts:
        if start.why:
            yield f"first batch of {start.workload}, {start.contender}", start.why
    for compilation in session.compilations:
        if compilation.why:
            yield f"compilation for {compilation.what}", compilation.why
    for one in session.passes:
        if one.why:
            yield f"{one.what}, {one.contender}", one.why


def scaling(session: Session, name: str) -> tuple[Row, list[Row]] | None:
    """Returns the columns and rows of a workload that was measured in variants: its rates by their number.

    Args:
        session: what was measured.
        name: the workload, such as `W14`.

    Returns:
        None where nothing was measured.
    """
    by_workers = {
        int(part.partition("/")[2]): outcomes
        for part, outcomes in session.workloads.items()
        if part.partition("/")[0] == name and "/" in part
    }
    if not by_workers:
        return None
    counts = sorted(by_workers)
    columns = ("contender", *(f"{count} worker{'s' * (count > 1)}" for count in counts))
    columns += tuple(f"{count} against {counts[0]}" for count in counts[1:])
    rows = []
    for contender in workloads.CONTENDERS:
        outcomes = [by_workers[count].get(contender) for count in counts]
        if not any(outcome is not None and outcome.rate for outcome in outcomes):
            continue
        ratios = [outcome.ratio(outcomes[0]) if outcome is not None else None for outcome in outcomes[1:]]
        rows.append(
            (
                "torch" if contender == "torch-2" else contender,  # whose name is a number of workers
                *(_cell(outcome) for outcome in outcomes),
                *(f"{ratio:.2f}" if ratio is not None else "" for ratio in ratios),
            )
        )
    return (columns, rows) if rows else None
