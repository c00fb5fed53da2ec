"""What a plan asks for: how many workers, of which kind, and how far they may look ahead."""

from __future__ import annotations

import os
from dataclasses import dataclass

from feedline.nodes.base import AUTOTUNE, Node
from feedline.run import cgroups
from feedline.run.memory import default_budget
from feedline.run.units import split_plan

INLINE, THREADS, PROCESSES = "inline", "threads", "processes"

_GATHERING_THREADS = 4
"""More threads do not copy faster: memory is what they wait for."""


def available_cores() -> int:
    """Returns how many cores this process may use: those it is bound to, and no more than its control groups allow."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [text.split() for text in cgroups.settings("cpu", "cpu.max", "cpu.cfs_quota_us")]
    periods = [text for text in cgroups.settings("cpu", "", "cpu.cfs_period_us") if text.isdigit()]
    for number, quota in enumerate(quotas):
        period = quota[1] if len(quota) == 2 else periods[number] if number < len(periods) else ""
        if quota[0].isdigit() and period.isdigit() and int(period):
            cores = min(cores, max(1, -(-int(quota[0]) // int(period))))
    return cores


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked for with options, for all of a pipeline.

    Args:
        executor: "inline", "threads" or "processes"; None where measurement is to choose.
        memory_budget: how many bytes may be made ready ahead.
        threads: how many threads AUTOTUNE may use; None where the user did not say.
    """

    executor: str | None
    memory_budget: int
    threads: int | None = None


def asked_for(node: Node) -> Asked:
    """Returns what the options of a pipeline say; those nearest to its end go first."""
    executor: str | None = None
    budget: int | None = None
    threads: int | None = None
    waiting, seen = [node], set()
    while waiting:
        current = waiting.pop(0)
        if current in seen:
            continue
        seen.add(current)
        executor = executor or current.executor
        budget = budget or current.memory_budget
        threads = threads or current.threads
        waiting.extend(current.parents)
    return Asked(executor, budget or default_budget(), threads)


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How a plan wants to be run.

    Args:
        workers: how many workers at the most; 0 for inline.
        lookahead: how many elements are made ready ahead; AUTOTUNE for what seems sensible.
        ways: by what it may be run; where there are several, measurement chooses.
    """

    workers: int
    lookahead: int
    ways: tuple[str, ...]


def concurrency_of(node: Node, executor: str | None = None) -> Concurrency:
    """Returns what the maps and prefetches between a node and the streams below it ask for.

    Args:
        node: the node.
        executor: what the user asked for. Processes have something to do only where functions may run in parallel.
    """
    calls: list[int | None] = []
    lookahead = 0
    works = not node.indexed
    threads: int | None = None
    waiting = [node]
    while waiting:
        current = waiting.pop()
        calls.append(current.parallel_calls)
        works = works or current.works
        threads = threads or current.threads
        lookahead = AUTOTUNE if AUTOTUNE in (lookahead, current.lookahead) else max(lookahead, current.lookahead)
        if current.indexed or split_plan(current)[0] is not current:
            waiting.extend(current.parents)
    parallel = [count for count in calls if count is not None]
    if executor == INLINE or (not parallel and lookahead == 0):
        return Concurrency(0, lookahead, (INLINE,))
    if not works:  # elements are only gathered, which `prefetch` allows to be done ahead
        if lookahead == 0 or executor == PROCESSES:
            return Concurrency(0, lookahead, (INLINE,))
        workers = min(_GATHERING_THREADS, threads or available_cores())
        return Concurrency(workers, lookahead, (THREADS,) if executor == THREADS else (INLINE, THREADS))
    if not parallel:
        return Concurrency(1, lookahead, (THREADS,) if executor == THREADS else (INLINE, THREADS))
    workers = threads or available_cores() if AUTOTUNE in parallel else max(parallel)
    if executor is not None:
        ways: tuple[str, ...] = (executor,)
    else:
        ways = (INLINE, THREADS, PROCESSES) if AUTOTUNE in parallel else (THREADS, PROCESSES)
    return Concurrency(workers, lookahead, ways)
