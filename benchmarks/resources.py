"""What a process and its workers use: processor time and memory. Workers are the processes of its session."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_SESSION, _USER_TICKS, _SYSTEM_TICKS = 3, 11, 12  # fields of /proc/PID/stat after the name


def cpu_seconds() -> float:
    """Returns the processor time of this process and its workers."""
    ticks = [int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS]) for _, fields in _session(os.getsid(0))]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else time.process_time()


def peak_mib() -> float:
    """Returns the most memory that this process had resident, in MiB (without its workers)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def resident(session: int) -> tuple[float, int]:
    """Returns what the processes of a session have resident, in MiB, and how many they are.

    What they share counts once, and so do the files that are mapped, which are libraries for the most part. The page
    cache of files that are read is nobody's.

    Args:
        session: the process that leads the session.
    """
    own, mapped_files, processes = 0, 0, 0
    for process, _ in _session(session):
        try:
            with open(f"/proc/{process}/smaps_rollup") as rollup:
                kib = {line.split()[0]: int(line.split()[1]) for line in rollup if line.endswith("kB\n")}
            processes += 1
            own += kib["Pss_Anon:"] + kib["Pss_Shmem:"]
            with open(f"/proc/{process}/status") as status:
                mapped_files = max(
                    mapped_files, *(int(line.split()[1]) for line in status if line.startswith("RssFile"))
                )
        except (OSError, KeyError, TypeError):  # it ended meanwhile
            continue
    return (own + mapped_files) / 2**10, processes


def _session(session: int) -> Iterator[tuple[str, list[str]]]:
    """Yields (process, fields of its /proc/PID/stat) for each process of a session; nothing without /proc."""
    processes = [entry for entry in os.listdir("/proc") if entry.isdigit()] if os.path.isdir("/proc") else []
    for process in processes:
        try:
            fields = Path("/proc", process, "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[_SESSION]) == session:
            yield process, fields
