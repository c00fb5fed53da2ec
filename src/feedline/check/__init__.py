"""Looking for what makes training quietly go wrong, before it begins: `ds.check()` and `feedline check`.

Each kind of mistake is a rule with a code and a page in `docs/rules/`. What rules can look at stands in `context.py`,
how they are written in `docs/rules/CONTRIBUTING.md`.
"""

from feedline.check.finding import Finding
from feedline.check.report import Report

__all__ = ["Finding", "Report"]
