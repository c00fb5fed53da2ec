"""The pages of the rules: in the package where it is installed, in `docs/rules` of a clone."""

from __future__ import annotations

from pathlib import Path

_INSTALLED = Path(__file__).parent / "pages"
_IN_CLONE = Path(__file__).parents[3] / "docs" / "rules"


def page_of(code: str) -> Path | None:
    """Returns the file of a rule's page; None where it is not there."""
    for folder in (_INSTALLED, _IN_CLONE):
        if (folder / f"{code}.md").is_file():
            return folder / f"{code}.md"
    return None
