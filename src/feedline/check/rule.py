"""Rule: one kind of mistake that `check` looks for, and the list of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from feedline.check.finding import Finding, Severity
from feedline.errors import FeedlineError
from feedline.nodes.base import Node
from feedline.origin import Origin

if TYPE_CHECKING:
    from feedline.check.context import Context

Need = Literal["plan", "specs", "sample", "model", "against"]

_rules: dict[str, type[Rule]] = {}


class Rule:
    """One kind of mistake. A subclass that has a code is a rule: it needs no further registration.

    Attributes:
        code: "FL" and three digits; the first says the family. It never changes its meaning.
        name: a few words with hyphens, as the page's title has them.
        severity: of its findings, unless one is given another.
        needs: what it looks at. It is not run where that is missing: "plan" and "specs" always are there, "sample"
            only where elements can be read, "model" and "against" only where they were given.
        why: why it matters, in a sentence or two, for every finding.
        explains_errors: whether its findings may explain errors that the pipeline raises, which are FL100 otherwise.
            Where such a rule is silenced, so are the errors that it explains.
    """

    code: ClassVar[str] = ""
    name: ClassVar[str] = ""
    severity: ClassVar[Severity] = "warning"
    needs: ClassVar[tuple[Need, ...]] = ("plan",)
    why: ClassVar[str] = ""
    explains_errors: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if cls.code:
            other = _rules.setdefault(cls.code, cls)
            if other is not cls and other.__qualname__ != cls.__qualname__:
                raise ValueError(f"{cls.__qualname__} and {other.__qualname__} both have the code {cls.code}")

    def check(self, context: Context) -> Iterator[Finding]:
        """Yields what it finds; nothing where all is well."""
        raise NotImplementedError

    def finding(
        self,
        message: str,
        *,
        fix: str,
        seen: str = "",
        at: Node | None = None,
        where: Iterable[str] = (),
        severity: Severity | None = None,
        explains: Iterable[FeedlineError] = (),
    ) -> Finding:
        """Returns a finding of this rule.

        Args:
            message: one sentence that says what is wrong; it begins with a small letter and ends with a full stop.
            fix: the exact change that mends it, as a sentence.
            seen: the numbers that it was told by.
            at: the step of the plan that it is about: its line is told.
            where: places further in, such as "element 3, which is record 3 of a.tfrecord".
            severity: where it is another than the rule's.
            explains: the errors of `context.sample.errors` that it explains: the finding is told in place of them.
                The rule must have `explains_errors`.
        """
        places = tuple(where)
        origin: Origin | None = None
        if at is not None:
            places = (*places, f"{at.label()} at {at.origin}")
            origin = at.origin if at.origin.line else None
        return Finding(
            self.code, self.name, severity or self.severity, message, seen, self.why, fix, places, origin,
            explains=tuple(error.what for error in explains),
        )  # fmt: skip


def all_rules() -> dict[str, type[Rule]]:
    """Returns every rule by its code, in the order of the codes."""
    from feedline.check import families

    for module in pkgutil.walk_packages(families.__path__, families.__name__ + "."):
        importlib.import_module(module.name)
    return dict(sorted(_rules.items()))
