"""By what a pipeline was run: inline, by threads or by processes, and why."""

from __future__ import annotations

from feedline.nodes.base import Node
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
        reasons = [*([tuner.comparison] if tuner is not None and tuner.comparison else []), *taken.remarks]
        lines.append(f"up to step {number}: {taken}" + (f" ({'; '.join(reasons)})" if reasons else ""))
    return lines
