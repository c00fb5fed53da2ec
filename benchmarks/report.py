"""Shows what was measured in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from benchmarks import goals, tables, workloads
from benchmarks.goals import Goal
from benchmarks.harness import Outcome
from benchmarks.session import Session


def show_workload(console: Console, name: str, outcomes: dict[str, Outcome], tracebacks: bool) -> None:
    """Prints the table of a workload."""
    module = workloads.load(name)
    columns = tables.contender_columns(outcomes)
    rows = list(tables.contender_rows(outcomes))
    _show(console, f"{name}  {module.TITLE}", columns, rows, caption=f"limit: {module.LIMIT}")
    for contender, why in tables.unmeasured(outcomes):
        console.print(f"  {contender}: {why}", markup=False, highlight=False)
        if tracebacks and outcomes[contender].traceback:
            console.print(outcomes[contender].traceback, markup=False, highlight=False)
    _show_goals(console, goals.of_workload(name, outcomes))
    console.print()


def show_scaling(console: Console, session: Session, name: str) -> None:
    """Prints the rates of a workload by the number of workers, where it was measured so."""
    table = tables.scaling(session, name)
    if table is not None:
        _show(console, f"{name}  samples/s by the number of workers", *table)


def show_rest(console: Console, session: Session) -> None:
    """Prints what was measured besides the workloads."""
    if session.imports:
        rows = tables.import_rows(session.imports)
        _show(console, "imports, medians of fresh processes", tables.IMPORTS, rows)
        _show_goals(console, goals.of_imports(session.imports))
    if session.starts:
        rows = tables.start_rows(session.starts)
        _show(console, "first batch, from process start, kernels warm", tables.STARTS, rows)
        _show_goals(console, goals.of_starts(session.starts))
    if session.compilations:
        rows = tables.compilation_rows(session.compilations)
        _show(console, "first compilation, nothing cached", tables.COMPILATIONS, rows)
        _show_goals(console, goals.of_compilations(session.compilations))
    if session.passes:
        rows = tables.pass_rows(session.passes)
        _show(console, "memory over the interpreter's own, at most", tables.PASSES, rows)
        _show_goals(console, goals.of_memory(session.passes))
    for what, why in tables.unmeasured_others(session):
        console.print(f"  {what}: {why}", markup=False, highlight=False)


def show_goals(console: Console, session: Session) -> None:
    """Prints what should be reached and what is."""
    if rows := list(tables.goal_rows(session)):
        _show(console, "feedline's goals", tables.GOALS, rows)
    if tables.all_goals(session):
        console.print(f"  {tables.tally(session)}", style="bold", highlight=False)


def _show_goals(console: Console, found: Iterable[Goal]) -> None:
    for goal in found:
        style = None if goal.met else "bold"
        console.print(f"  {goal.line()}", style=style, markup=False, highlight=False)


def _show(console: Console, title: str, columns: tables.Row, rows: Iterable[tables.Row], caption: str = "") -> None:
    table = Table(title=title, caption=caption or None, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    for cells in rows:
        table.add_row(*cells, style="bold" if cells[0] == "feedline" else None)
    console.print(table)
