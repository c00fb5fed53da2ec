"""By what a pipeline was run: inline, by threads or by processes, and why."""

from __future__ import annotations

from feedline.nodes.base import Node
from feedline.run.concurrency import INLINE, asked_for
from feedline.run.executors import WayTaken
from feedline.run.timings import Timings


def ways_taken(steps: list[Node], timings: Timings) -> list[str]:
    """Returns a line for each part of a pipeline that was run by itself; none where nothing has run yet.

    Args:
        steps: the pipeline's steps, from source to end.
        timings: what its iterations have learnt.
    """
    lines = []
    for number, step in enumerate(steps, 1):
        taken = timings.ways.get(step)
        if taken is None:
            continue
        tuner = timings.tuners.get(step)
        if tuner is None:
            found = _unasked(taken, steps)
        else:
            found = tuner.comparison or (tuner.why_not_compared if tuner.way == taken.way else "")
        reasons = [*([found] if found else []), *taken.remarks]
        lines.append(f"up to step {number}: {taken}" + (f" ({'; '.join(reasons)})" if reasons else ""))
    return lines


def _unasked(taken: WayTaken, steps: list[Node]) -> str:
    """Returns why nothing was measured; "" where the user said by what it is to be run, or there is nothing to do."""
    if taken.way != INLINE or asked_for(steps[-1]).executor is not None or not any(step.works for step in steps):
        return ""
    return "no map has num_parallel_calls, and nothing is prefetched"
