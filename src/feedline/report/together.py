"""Which steps of a pipeline were computed as one, for people."""

from __future__ import annotations

from collections.abc import Mapping

from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.run.timings import StageTiming, Timings


def runs_of_steps(steps: list[Node], stages: Mapping[Node, StageTiming]) -> list[list[Node]]:
    """Returns the maps that were computed as one, here or by other processes: the steps of each run, in order.

    Args:
        steps: the pipeline's steps, from source to end.
        stages: what each has done.
    """
    runs: list[list[Node]] = []
    for step in steps:
        parent = step.parents[0] if type(step) is Map else None
        if parent is None or parent not in stages or not stages[parent].within_next:
            continue
        run = next((run for run in runs if run[-1] is parent), None)
        if run is None:
            runs.append([parent, step])
        else:
            run.append(step)
    return runs


def told_on_blocks(steps: list[Node], timings: Timings) -> list[str]:
    """Returns what the functions of maps do on blocks, of those by themselves and of those that run together.

    Args:
        steps: the pipeline's steps, from source to end.
        timings: what its iterations have learnt.
    """
    runs = [run for run in runs_of_steps(steps, timings.snapshot()) if not _is_over(run, timings)]
    together = {step for run in runs for step in run}
    lines = []
    for step in steps:
        for run in (run for run in runs if run[0] is step):
            function = timings.block_function_of(run[-1])
            operations = function.told() if function is not None else []
            lines.append(f"{numbered(run, steps)} run together on blocks" + (":" if operations else ""))
            lines += [f"  {operation}" for operation in operations]
        function = timings.block_functions.get(step)
        if function is not None and step not in together and (operations := function.told()):
            lines += [f"step {steps.index(step) + 1} on blocks:", *(f"  {operation}" for operation in operations)]
    for step in steps:
        refused = next((each for each in timings.together.get(step, ()) if each.refused is not None), None)
        if refused is not None:
            lines.append(f"{numbered(refused.steps, steps)} do not run together: {refused.refused}")
    return lines


def _is_over(run: list[Node], timings: Timings) -> bool:
    """Says whether maps that were computed as one are not any more."""
    ran = timings.ran_together.get(run[-1])
    return ran is not None and ran.refused is not None


def time_told(steps: list[Node], stages: Mapping[Node, StageTiming]) -> list[str]:
    """Returns a line for each run of maps that were computed as one: which of them has their time.

    Args:
        steps: the pipeline's steps, from source to end.
        stages: what each has done.
    """
    lines = []
    for run in runs_of_steps(steps, stages):
        count, of = min(stages[step].within_next for step in run[:-1]), stages[run[0]].elements
        which = "" if count == of else f" for {count:,} of {of:,} elements"
        lines.append(
            f"{numbered(run, steps)} ran together{which}: the time of step {steps.index(run[-1]) + 1} is theirs"
        )
    return lines


def numbered(run: list[Node] | tuple[Node, ...], steps: list[Node]) -> str:
    """Returns some steps by their numbers: "steps 2, 3 and 4"."""
    *numbers, last = (str(steps.index(step) + 1) for step in run)
    return f"steps {', '.join(numbers)} and {last}"
