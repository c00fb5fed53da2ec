"""What the control groups that this process is in allow it: a container's memory and cores."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def settings(controller: str, unified: str, legacy: str) -> Iterator[str]:
    """Gives a setting of this process' group and of each group around it, as text.

    Args:
        controller: the controller, as version 1 calls it ("memory").
        unified: the file of the setting in version 2 ("memory.max").
        legacy: its file in version 1 ("memory.limit_in_bytes").
    """
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            roots, name = (ROOT, ROOT / "unified"), unified
        elif controller in controllers.split(","):
            roots, name = (ROOT / controllers, ROOT / controller), legacy
        else:
            continue
        for root in roots:
            yield from _upwards(root, group, name)


def _upwards(root: Path, group: str, name: str) -> Iterator[str]:
    """Gives a setting of a group and of those around it; a container sees its own group as the root."""
    folder = Path(os.path.normpath(f"{root}/{group}"))
    while folder == root or root in folder.parents:
        with contextlib.suppress(OSError):
            yield (folder / name).read_text().strip()
        folder = folder.parent
