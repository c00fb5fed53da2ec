"""Which of the errors that a pipeline raised are of one kind, so that one finding explains them all."""

from __future__ import annotations

import re
from collections.abc import Iterable

from feedline.check.context import Context
from feedline.errors import FeedlineError

_PARTICULARS = re.compile(r"'[^']*'|b\"[^\"]*\"|[-+]?\d[\d,.]*")


def alike(errors: Iterable[FeedlineError], context: Context) -> list[FeedlineError]:
    """Returns the errors of a dataset that say the same as some others, but for numbers and names.

    Args:
        errors: the others.
        context: the dataset.
    """
    known = {_pattern(error) for error in errors}
    return [error for error in context.sample.errors if _pattern(error) in known]


def _pattern(error: FeedlineError) -> tuple[type, str]:
    return type(error), _PARTICULARS.sub("#", error.what)
