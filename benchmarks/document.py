"""Writes docs/benchmarks.md from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks import goals, tables, workloads
from benchmarks.goals import Goal
from benchmarks.session import Session


def markdown(session: Session, chart: str | None = None) -> str:
    """Returns the text of docs/benchmarks.md.

    Args:
        session: what was measured.
        chart: the name of the chart's file beside it, None for no chart.
    """
    lines = [*_head(session)]
    if chart is not None:
        lines += [f"![feedline and its peers as multiples of tf.data]({chart})", ""]
    if session.workloads:
        lines += ["## Summary", "", *_table(tables.SUMMARY, tables.summary_rows(session)), ""]
    if tables.all_goals(session):
        lines += ["## Goals", "", *_table(tables.GOALS, tables.goal_rows(session)), ""]
        lines += [f"In all, with those of the sections below: {tables.tally(session)}.", ""]
    lines += _workloads(session)
    if session.imports:
        lines += ["## Imports", "", *_table(tables.IMPORTS, tables.import_rows(session.imports)), ""]
        lines += [*_goals(goals.of_imports(session.imports)), ""]
    if session.starts:
        lines += ["## First batch", "", "From process start, in processes that find the kernels compiled.", ""]
        lines += [*_table(tables.STARTS, tables.start_rows(session.starts)), ""]
        lines += [*_goals(goals.of_starts(session.starts)), ""]
    if session.compilations:
        lines += ["## First compilation", "", "Of kernels where nothing is cached: once on a machine.", ""]
        lines += [*_table(tables.COMPILATIONS, tables.compilation_rows(session.compilations)), ""]
        lines += [*_goals(goals.of_compilations(session.compilations)), ""]
    if session.passes:
        lines += ["## Memory", "", "The most that was resident in one pass over a large set of TFRecords, workers"]
        lines += ["included, the page cache and the interpreter's own not.", ""]
        lines += [*_table(tables.PASSES, tables.pass_rows(session.passes)), ""]
        lines += [*_goals(goals.of_memory(session.passes)), ""]
    if failures := [f"- {what}: {why}" for what, why in tables.unmeasured_others(session)]:
        lines += ["## Not measured", "", *failures, ""]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def _head(session: Session) -> list[str]:
    machine, settings = session.machine, session.settings
    versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
    return [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks --write`; `benchmarks/README.md` says how it measures.",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']};",
        f"{versions}.",
        *_commits(session),
        f"Medians of {settings['rounds']:.0f} rounds of {settings['seconds']:g} s each,",
        f"after {settings['warm']:g} s of warm-up or more; the machine's load before was {machine['load_before']}.",
        "Absolute figures are this machine's; the ratios are the point.",
        "",
        "- *x tf.data*: ratio of the medians; *by round*: the least and the greatest ratio within a round.",
        "- *of limit*: the share of the rate of the limit program, the least work that any program must do.",
        "- *first batch*: from a loaded contender process to its first batch, its library's import included.",
        "- *spread*: the range of the rates as a share of their median.",
        "",
    ]


def _commits(session: Session) -> list[str]:
    """Says which commit was measured; where they are several, which workload at which."""
    by_commit: dict[str, list[str]] = {}
    for name in session.workloads:
        by_commit.setdefault(session.commits.get(name, ""), []).append(name)
    if len(by_commit) == 1:
        return [f"All at commit {commit}." for commit in by_commit if commit]
    told = [f"{', '.join(names)} at {commit or 'one that was not noted'}" for commit, names in by_commit.items()]
    return [f"Not all at one commit: {'; '.join(told)}."] if told else []


def _workloads(session: Session) -> Iterator[str]:
    scaled = None
    for name, outcomes in session.workloads.items():
        module, family = workloads.load(name), name.partition("/")[0]
        if family != name and family != scaled:  # the first of its variants
            scaled = family
            yield from (f"## {family}: {workloads.load(family).TITLE}", "", "Samples a second.", "")
            yield from _table(*(tables.scaling(session, family) or ((), ())))
            yield ""
        yield from (f"## {name}: {module.TITLE}", "", f"Limit: {module.LIMIT}.", "")
        yield from _table(tables.contender_columns(outcomes), tables.contender_rows(outcomes))
        yield ""
        yield from (f"- {contender}: {why}" for contender, why in tables.unmeasured(outcomes))
        if left_out := [contender for contender in workloads.CONTENDERS if contender not in outcomes]:
            yield f"- left out of this run: {', '.join(left_out)}"
        yield ""
        yield from _goals(goals.of_workload(name, outcomes))
        yield ""


def _goals(found: Iterable[Goal]) -> list[str]:
    return [f"- {f'**{goal.line()}**' if goal.met is False else goal.line()}" for goal in found]


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    columns = list(columns)
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
