"""FL100: the pipeline itself raises an error."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.finding import Finding
from feedline.check.rule import Rule


class Raises(Rule):
    """An element cannot be computed."""

    code = "FL100"
    name = "raises"
    severity = "error"
    needs = ("sample",)
    why = "Training would end with this error when it comes to this element."

    def check(self, context: Context) -> Iterator[Finding]:
        for error in context.sample.errors:
            yield Finding(
                self.code,
                self.name,
                self.severity,
                error.what,
                f"{type(error).__name__}, after looking at {context.seen()}",
                self.why,
                error.fix,
                tuple(error.where),
                getattr(error, "origin", None) or error.line,
            )
