"""The command line of the benchmarks: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console

from benchmarks import data, harness, import_cost, report, workloads

LEAST_WIDTH = 110  # columns, so that a table is whole in a log, too
DOCUMENT = harness.ROOT / "docs" / "benchmarks.md"


def main() -> None:
    arguments = _parse()
    console = Console()
    console.width = max(console.width, LEAST_WIDTH)
    if arguments.list:
        for name in workloads.NAMES:
            console.print(f"{name:4} {workloads.load(name).TITLE}", highlight=False)
        console.print("contenders: " + ", ".join(workloads.CONTENDERS), highlight=False)
        return
    session = report.Session(
        settings={"rounds": arguments.rounds, "seconds": arguments.seconds, "warm": arguments.warm},
        machine=report.machine(),
    )
    if session.machine["load_before"] > 0.5:
        console.print(f"note: the machine is busy (load {session.machine['load_before']}); expect a wide spread")
    if not arguments.import_cost:
        if not data.is_made():
            with console.status("making the data (once, about 550 MB)"):
                data.make()
        for name in arguments.workloads:
            with console.status(name) as status:
                outcomes = harness.measure(
                    name, arguments.contenders, arguments.rounds, arguments.seconds, arguments.warm, status.update
                )
            session.workloads[name] = outcomes
            report.show_workload(console, name, outcomes, arguments.tracebacks)
            _save(arguments.json, session)
    if arguments.import_cost or arguments.write:
        with console.status("imports") as status:
            session.imports = import_cost.measure(status.update)
        report.show_imports(console, session.imports)
    _save(arguments.json, session)
    if arguments.write:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(report.markdown(session))
        console.print(f"wrote {DOCUMENT.relative_to(harness.ROOT)}")
    failed = [
        f"{name} {contender}"
        for name, outcomes in session.workloads.items()
        for contender, outcome in outcomes.items()
        if outcome.status == "failed"
    ]
    if failed:
        raise SystemExit("failed: " + ", ".join(failed))


def _save(file: Path | None, session: report.Session) -> None:
    if file is not None:
        file.write_text(json.dumps(session.as_json(), indent=1) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="feedline and its peers, side by side")
    parser.add_argument("--workloads", type=_names(workloads.NAMES), default=workloads.NAMES, help="such as W5,W7")
    parser.add_argument(
        "--contenders",
        type=_names(workloads.CONTENDERS),
        default=tuple(workloads.CONTENDERS),
        help="such as feedline,tf.data,limit",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; 0 only compares (5)")
    parser.add_argument("--seconds", type=float, default=2.5, help="measured time of a run (2.5)")
    parser.add_argument("--warm", type=float, default=1.0, help="time a run is warmed up before (1.0)")
    parser.add_argument("--import-cost", action="store_true", help="measure what imports cost, nothing else")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md, with the imports")
    parser.add_argument("--tracebacks", action="store_true", help="print the traceback of what failed")
    parser.add_argument("--list", action="store_true", help="list the workloads and the contenders")
    arguments = parser.parse_args()
    if arguments.rounds < 0 or arguments.seconds <= 0 or arguments.warm < 0:
        parser.error("--rounds and --warm must not be negative, --seconds must be more than 0")
    if arguments.import_cost and arguments.write:
        parser.error("--write measures the imports anyway; leave --import-cost out")
    return arguments


def _names(known: object) -> object:
    """Returns a parser of comma-separated names, in any case, that keeps the order they are known in."""
    by_lower = {name.lower(): name for name in known}

    def parse(text: str) -> tuple[str, ...]:
        wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
        if unknown := [name for name in wanted if name not in by_lower]:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(by_lower.values())}")
        return tuple(name for lower, name in by_lower.items() if lower in wanted)

    return parse


if __name__ == "__main__":
    main()
