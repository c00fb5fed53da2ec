"""How much memory a pipeline may use for what it makes ready ahead."""

from __future__ import annotations

import os
from functools import cache

from feedline.run import cgroups

_SHARE = 4
"""A pipeline takes a quarter of the memory: the model and the user's own data need the rest."""

_UNKNOWN = 2 << 30
"""What a machine is taken to have that does not say."""


def allowed_memory() -> int:
    """Returns how much memory this process may use at the most, in bytes: what its control groups allow, and no more
    than the machine has.
    """
    limits = [_physical_memory()]
    for text in cgroups.settings("memory", "memory.max", "memory.limit_in_bytes"):
        if text.isdigit():  # "max" where there is no limit
            limits.append(int(text))
    return min(limits)


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN


@cache
def default_budget() -> int:
    """Returns how many bytes a pipeline may make ready ahead where the user did not say: a quarter of all memory."""
    return allowed_memory() // _SHARE
