"""Datasets that run in processes, and whether these are there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import feedline as fl

PROCESSES = fl.Options(executor="processes")


def in_processes(dataset: fl.Dataset) -> fl.Dataset:
    return dataset.with_options(PROCESSES)


def where(number):
    return number, os.getpid()


def pids(dataset: fl.Dataset) -> set[int]:
    """Returns the processes that computed the elements, which end with their number."""
    return {int(element[-1]) for element in dataset}


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def are_gone(these: Iterable[int], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while any(map(is_there, these)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(is_there, these))
