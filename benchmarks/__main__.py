"""The command line of the benchmarks: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from rich.console import Console

from benchmarks import (
    chart,
    compilation,
    data,
    document,
    harness,
    import_cost,
    memory,
    report,
    session,
    short_records,
    startup,
)
from benchmarks import workloads as known
from benchmarks.session import Session

LEAST_WIDTH = 120  # columns, so that a table is whole in a log, too
DOCUMENT = harness.ROOT / "docs" / "benchmarks.md"
CHART = DOCUMENT.with_suffix(".png")


def main() -> None:
    arguments = _parse()
    os.environ |= {**harness.ENVIRONMENT, short_records.COUNT_VARIABLE: str(arguments.records)}
    console = Console()
    console.width = max(console.width, LEAST_WIDTH)
    if arguments.list:
        for name in known.NAMES:
            console.print(f"{name:4} {known.load(name).TITLE}", highlight=False)
        console.print("contenders: " + ", ".join(known.CONTENDERS), highlight=False)
        return
    if arguments.read:
        measured = session.read(arguments.read)
    else:
        settings = {"rounds": arguments.rounds, "seconds": arguments.seconds, "warm": arguments.warm}
        measured = Session(settings, session.machine())
        _measure(console, arguments, measured)
    report.show_rest(console, measured)
    report.show_goals(console, measured)
    _save(arguments.json, measured)
    if arguments.write:
        _write(console, measured)
    failed = [
        f"{name} {contender}"
        for name, outcomes in measured.workloads.items()
        for contender, outcome in outcomes.items()
        if outcome.status == "failed"
    ]
    if failed:
        raise SystemExit("failed: " + ", ".join(failed))


def _measure(console: Console, arguments: argparse.Namespace, measured: Session) -> None:
    if measured.machine["load_before"] > 0.5:
        console.print(f"note: the machine is busy (load {measured.machine['load_before']}); expect a wide spread")
    only = arguments.only
    if not only or arguments.startup or arguments.compilation:
        with console.status("making the data (once, about 550 MB)"):
            if not data.is_made():
                data.make()
    for name in () if only else arguments.workloads:
        for part in known.parts(name):
            with console.status(part) as status:
                if prepare := getattr(known.load(part), "prepare", None):
                    status.update(f"{part}: making its data (once)")
                    prepare()
                measured.workloads[part] = harness.measure(
                    part, arguments.contenders, arguments.rounds, arguments.seconds, arguments.warm, status.update
                )
            measured.commits[part] = session.commit()
            report.show_workload(console, part, measured.workloads[part], arguments.tracebacks)
            _save(arguments.json, measured)
        if len(known.parts(name)) > 1:
            report.show_scaling(console, measured, name)
    with console.status("") as status:
        if arguments.import_cost or (arguments.write and not only):
            measured.imports = import_cost.measure(status.update)
        if arguments.startup or (arguments.write and not only):
            measured.starts = startup.measure(status.update)
        if arguments.compilation or (arguments.write and not only):
            measured.compilations = compilation.measure(status.update)
        if arguments.memory:
            measured.passes = memory.measure(status.update)


def _write(console: Console, measured: Session) -> None:
    DOCUMENT.parent.mkdir(exist_ok=True)
    drawn = chart.draw(measured, CHART)
    DOCUMENT.write_text(document.markdown(measured, CHART.name if drawn else None))
    for file in (DOCUMENT, CHART) if drawn else (DOCUMENT,):
        console.print(f"wrote {file.relative_to(harness.ROOT)}")


def _save(file: Path | None, measured: Session) -> None:
    if file is not None:
        file.write_text(json.dumps(measured.as_json(), indent=1) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="feedline and its peers, side by side")
    parser.add_argument("--workloads", type=_names(known.NAMES), default=known.NAMES, help="such as W5,W7")
    parser.add_argument(
        "--contenders",
        type=_names(known.CONTENDERS),
        default=tuple(known.CONTENDERS),
        help="such as feedline,tf.data,limit",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; 0 only compares (5)")
    parser.add_argument("--seconds", type=float, default=2.5, help="measured time of a run (2.5)")
    parser.add_argument("--warm", type=float, default=1.0, help="time a run is warmed up before (1.0)")
    parser.add_argument(
        "--records", type=int, default=short_records.DEFAULT_COUNT, help="of W13's file (10 million: 1.2 GB on disk)"
    )
    parser.add_argument("--import-cost", action="store_true", help="measure what imports cost, no workloads")
    parser.add_argument("--startup", action="store_true", help="measure the time to the first batch, no workloads")
    parser.add_argument(
        "--compilation", action="store_true", help="measure the first compilation of kernels, no workloads"
    )
    parser.add_argument("--memory", action="store_true", help="measure memory over 8 GB of TFRecords, no workloads")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    parser.add_argument(
        "--read", type=Path, nargs="+", metavar="FILE", help="measure nothing: take what --json wrote in earlier runs"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="write docs/benchmarks.md and its chart, and what else costs time (a run of everything always does)",
    )
    parser.add_argument("--tracebacks", action="store_true", help="print the traceback of what failed")
    parser.add_argument("--list", action="store_true", help="list the workloads and the contenders")
    arguments = parser.parse_args()
    if arguments.rounds < 0 or arguments.seconds <= 0 or arguments.warm < 0 or arguments.records < 1000:
        parser.error("--rounds and --warm must not be negative, --seconds more than 0, --records at least 1000")
    arguments.only = not arguments.write and any(
        (arguments.import_cost, arguments.startup, arguments.compilation, arguments.memory)
    )
    everything = arguments.workloads == known.NAMES and arguments.contenders == tuple(known.CONTENDERS)
    if everything and arguments.rounds and not arguments.only and not arguments.read:
        arguments.write = True
    return arguments


def _names(names: object) -> object:
    """Returns a parser of comma-separated names, in any case, that keeps the order they are known in."""
    by_lower = {name.lower(): name for name in names}

    def parse(text: str) -> tuple[str, ...]:
        wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
        if unknown := [name for name in wanted if name not in by_lower]:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(by_lower.values())}")
        return tuple(name for lower, name in by_lower.items() if lower in wanted)

    return parse


if __name__ == "__main__":
    main()
