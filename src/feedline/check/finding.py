"""Finding: one thing about a dataset that is probably not what was meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from feedline.origin import Origin

Severity = Literal["error", "warning", "hint"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "hint")
"""From the worst: training will fail or teach nonsense; it is likely to suffer; it could be better."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a dataset that is probably not what was meant.

    Args:
        code: the rule's code ("FL301").
        name: the rule's name ("sorted-without-shuffle").
        severity: "error", "warning" or "hint".
        message: one sentence that says what is wrong.
        seen: the numbers that it was told by, and where they were seen (file, record, element).
        why: why it matters.
        fix: the exact change that mends it.
        where: places, from the innermost out; the last is the user's line.
        origin: the line of the user's code that it is about; None where there is none.
        explains: what the errors say that this finding explains: they are not told beside it, as FL100.

    Example:
        >>> finding = Finding("FL306", "batch-of-one", "warning", "a batch holds one element.", fix="Use batch(32).")
        >>> print(finding)
        FL306 warning: a batch holds one element.
          fix:   Use batch(32).
    """

    code: str
    name: str
    severity: Severity
    message: str
    seen: str = ""
    why: str = ""
    fix: str = ""
    where: tuple[str, ...] = ()
    origin: Origin | None = None
    explains: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def parts(self) -> list[tuple[str, str]]:
        """Returns what is told below the message: pairs of a heading and a text."""
        told = [("seen", self.seen), ("why", self.why), *(("where", place) for place in self.where), ("fix", self.fix)]
        return [(heading, text) for heading, text in told if text]

    def __str__(self) -> str:
        lines = [f"{self.code} {self.severity}: {self.message}"]
        before = ""
        for heading, text in self.parts():
            shown = f"{heading}:" if heading != before else ""
            lines.append(f"  {shown:<7}{text}")
            before = heading
        return "\n".join(lines)
