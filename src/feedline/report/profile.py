"""Profile: the time in each stage of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from feedline.nodes.base import Node, nodes_of
from feedline.nodes.prefetch import Prefetch
from feedline.report.together import time_told
from feedline.report.ways import ways_taken
from feedline.run.timings import Timings

HEADER = ("stage", "elements", "work", "share", "an element", "waiting")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage's part.

    Args:
        name: the step as the user wrote it.
        elements: how many elements it has given.
        seconds: the time in it, over all threads.
        busy_seconds: the part of it in which a core was at work; the rest is waiting, for files or for other threads.
    """

    name: str
    elements: int
    seconds: float
    busy_seconds: float

    @property
    def waiting_seconds(self) -> float:
        """The time in it in which no core was at work."""
        return max(0.0, self.seconds - self.busy_seconds)

    @property
    def busy_seconds_per_element(self) -> float:
        """The work for one element, in seconds; 0 where there were none."""
        return self.busy_seconds / self.elements if self.elements else 0.0


@dataclass(frozen=True)
class Profile:
    """The stages of a dataset, from the source to the end.

    Args:
        stages: the stages.
        ways: which steps ran together, and by what the parts of the dataset were run, for people.
    """

    stages: tuple[Stage, ...]
    ways: tuple[str, ...] = ()

    @classmethod
    def of(cls, node: Node, timings: dict[Any, Any], learnt: Timings | None = None) -> Profile:
        """Returns the profile of a plan with these timings by node.

        Args:
            node: the plan's last node.
            timings: of its stages.
            learnt: what its iterations have learnt; None for nothing.
        """
        steps = nodes_of(node)
        return cls(
            tuple(
                Stage(step.label(), timings[step].elements, timings[step].seconds, timings[step].busy_seconds)
                for step in steps
                if step in timings and not isinstance(step, Prefetch)
            ),
            (*time_told(steps, timings), *(ways_taken(steps, learnt) if learnt is not None else ())),
        )

    @property
    def busy_seconds(self) -> float:
        """The work of all stages together, over all threads, in seconds."""
        return sum(stage.busy_seconds for stage in self.stages)

    def rows(self) -> list[tuple[str, ...]]:
        """Returns the table, a row a stage: name, elements, work, share of all work, work an element, waiting."""
        total = self.busy_seconds or 1.0
        return [
            (
                stage.name,
                f"{stage.elements:,}",
                f"{stage.busy_seconds:.3f} s",
                f"{100 * stage.busy_seconds / total:.1f} %",
                format_seconds(stage.busy_seconds_per_element),
                f"{stage.waiting_seconds:.3f} s",
            )
            for stage in self.stages
        ]

    def __str__(self) -> str:
        rows = [HEADER, *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
        lines = [
            "  ".join(
                [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            )
            for row in rows
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*lines, *self.ways])


def format_seconds(seconds: float) -> str:
    """Returns a short time for people.

    Example:
        >>> format_seconds(0.0000042), format_seconds(0.0123), format_seconds(2.5)
        ('4.2 us', '12.3 ms', '2.5 s')
    """
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
