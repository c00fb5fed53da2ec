"""Given: what stands, in a process, for the node whose blocks it is given.

It does not know where the elements come from. It says so with a token, which the process that knows replaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedline.nodes.base import UNKNOWN_CARDINALITY, Node
from feedline.run.sections import Section

_TOKEN = re.compile(r"(, which is | ?\(|)\0(\d+):(-?\d+):(-?\d+):(-?\d*)\0(\)?)")


@dataclass(frozen=True, eq=False)
class Given(Node):
    """Stands, in a process, for the node below a section: its blocks are given.

    Args:
        number: the section's.
        length: what `cardinality` of that node says.
        free_spec: its spec, where that is free.
        in_stream: whether it is streamed.
    """

    number: int
    length: int
    free_spec: Any
    in_stream: bool

    name = "given"

    @property
    def indexed(self) -> bool:  # type: ignore[override]
        return not self.in_stream

    @property
    def spec_is_free(self) -> bool:  # type: ignore[override]
        return self.free_spec is not None

    def cardinality(self) -> int:
        return self.length

    def spec(self) -> Any:
        return self.free_spec

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"\0{self.number}:{position}:{epoch}:{'' if row is None else row}\0"


def given_for(number: int, section: Section) -> Given:
    """Returns what stands for the node below a section."""
    below = section.below
    assert below is not None
    spec = below.spec() if below.spec_is_free else None
    length = below.cardinality() if below.indexed else UNKNOWN_CARDINALITY
    return Given((), below.origin, number, length, spec, not below.indexed)


def source_told(text: str, sections: Sequence[Section]) -> str:
    """Returns a place as a process told it, with what only this process knows: where the elements come from."""

    def told(match: re.Match) -> str:
        before, number, position, epoch, row, after = match.groups()
        below = sections[int(number)].below
        assert below is not None
        source = below.source_of(int(position), int(epoch), int(row) if row else None)
        return f"{before}{source}{after}" if source else ""

    return _TOKEN.sub(told, text)
