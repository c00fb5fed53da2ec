"""What feedline should reach, and whether it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.compilation import Compilation
from benchmarks.harness import REFERENCE, Outcome
from benchmarks.import_cost import Cost
from benchmarks.memory import Pass
from benchmarks.startup import Start

# feedline's rate as a multiple of tf.data's
TIMES_REFERENCE = {
    "W1": 2.0,
    "W1b": 15.0,
    "W2": 10.0,
    "W3": 5.0,
    "W4": 2.0,
    "W5": 2.0,
    "W6": 5.0,
    "W7": 1.25,
    "W8": 20.0,
    "W8b": 6.0,
    "W9": 20.0,
}
SHARE_OF_LIMIT, SHARES_OF_LIMIT = 0.85, {"W7": 0.9}
IMPORT_SECONDS, IMPORT_MIB = 0.2, 60.0
START_SECONDS = 1.0
COMPILATION_SECONDS = 5.0
MEMORY_MIB = 400.0


@dataclass(frozen=True)
class Goal:
    """Something to reach.

    Args:
        where: the workload, or what else it is about.
        what: what is measured.
        measured: the figure, None where it was not measured.
        wanted: the least figure, or the most where `at_most`.
        at_most: whether less is better.
        above: whether it takes more than the wanted figure: a tie is not ahead.
        form: how a figure is written, such as "{:.2f}".
        note: a word on the measured figure.
    """

    where: str
    what: str
    measured: float | None
    wanted: float
    at_most: bool = False
    above: bool = False
    form: str = "{:.2f}"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it is reached; None where it was not measured."""
        if self.measured is None:
            return None
        if self.above:
            return round(self.measured, 2) > self.wanted
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted

    @property
    def verdict(self) -> str:
        """The same in words."""
        return {None: "not measured", True: "met", False: "NOT met"}[self.met]

    @property
    def figure(self) -> str:
        """What was measured, written out."""
        if self.measured is None:
            return ""
        return self.form.format(self.measured) + (f" ({self.note})" if self.note else "")

    def line(self) -> str:
        """Returns it in a line."""
        word = "at most" if self.at_most else "more than" if self.above else "at least"
        bound = f"{word} {self.form.format(self.wanted)}"
        return f"goal: {self.what} {bound}; {self.figure}{', ' if self.figure else ''}{self.verdict}"


def of_workload(name: str, outcomes: dict[str, Outcome]) -> list[Goal]:
    """Returns the goals of a workload: against tf.data, against the best of all peers, and against the limit.

    Args:
        name: a workload, or a variant of one.
        outcomes: {contender: outcome}; only what is among them can be compared with.
    """
    mine = outcomes.get("feedline")
    if mine is None or not (mine.rates or mine.status == "failed"):
        return []

    def ratio(other: Outcome | None) -> float | None:
        return 0.0 if mine.status == "failed" else mine.ratio(other)

    goals = []
    if name in TIMES_REFERENCE:
        goals.append(Goal(name, f"feedline / {REFERENCE}", ratio(outcomes.get(REFERENCE)), TIMES_REFERENCE[name]))
    peers = {peer: its for peer, its in outcomes.items() if peer not in ("feedline", "limit") and its.rate}
    if peers:
        best = max(peers, key=lambda peer: peers[peer].rate or 0.0)
        goals.append(Goal(name, "feedline / best peer", ratio(peers[best]), 1.0, above=True, note=best))
    if "limit" in outcomes:
        wanted = SHARES_OF_LIMIT.get(name, SHARE_OF_LIMIT)
        goals.append(Goal(name, "feedline / limit", ratio(outcomes["limit"]), wanted))
    return goals


def of_imports(imports: dict[str, Cost]) -> list[Goal]:
    """Returns what `import feedline` may cost."""
    cost = imports.get("feedline")
    if cost is None or cost.why:
        return []
    return [
        Goal("import feedline", "import feedline", cost.import_seconds, IMPORT_SECONDS, True, form="{:.3f} s"),
        Goal("import feedline", "memory of import feedline", cost.resident_mib, IMPORT_MIB, True, form="{:.0f} MiB"),
    ]


def of_starts(starts: Iterable[Start]) -> list[Goal]:
    """Returns how soon the first batch should be there."""
    return [
        Goal(start.workload, f"{start.workload}'s first batch", start.seconds, START_SECONDS, True, form="{:.2f} s")
        for start in starts
        if start.contender == "feedline"
    ]


def of_compilations(compilations: Iterable[Compilation]) -> list[Goal]:
    """Returns how long the first compilation may take."""
    return [
        Goal(one.what, f"compilation for {one.what}", one.seconds, COMPILATION_SECONDS, True, form="{:.1f} s")
        for one in compilations
    ]


def of_memory(passes: Iterable[Pass]) -> list[Goal]:
    """Returns how much memory going through a large set of TFRecords may take."""
    return [
        Goal(one.what, f"memory to {one.what}", one.over_mib, MEMORY_MIB, True, form="{:.0f} MiB")
        for one in passes
        if one.contender == "feedline"
    ]
