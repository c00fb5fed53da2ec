"""One file a workload, each with a function for every contender.

A workload's module has:

    TITLE     what it does, in a line
    LIMIT     what its limit program does, in a line
    ABSENT    {contender: why this workload has none for it}
    COMPARE   how the values of first batches are compared (`compare.Rule`)
    SHUFFLES  whether the measured pipeline shuffles (the compared one never does)

    pipeline  (library, data, shuffle) -> dataset, run both as tf.data and as feedline: the same lines, the same work
    limit     () -> numbers of samples, endlessly

and a function for each further contender but those of ABSENT, named in CONTENDERS, that takes `shuffle: bool` and
returns an iterable of batches; what a module does not define itself is a method of its PEERS. What a contender imports,
it imports inside, so that a process loads its own libraries and no other's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

NAMES = ("W1", "W1b", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W8b", "W9")


@dataclass(frozen=True)
class Contender:
    """A library under test.

    Args:
        name: its name in tables and in `--contenders`.
        function: its function's name in a workload's module.
        package: what must be importable for it to run, None for the limit.
    """

    name: str
    function: str
    package: str | None


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("tf.data", "pipeline", "tensorflow"),
        Contender("torch-0", "torch_0", "torch"),
        Contender("torch-2", "torch_2", "torch"),
        Contender("torch-bulk", "torch_bulk", "torch"),
        Contender("grain-threads", "grain_threads", "grain"),
        Contender("grain-processes", "grain_processes", "grain"),
        Contender("spdl", "spdl", "spdl"),
        Contender("feedline", "pipeline", "feedline"),
        Contender("limit", "limit", None),
    )
}


def load(name: str) -> ModuleType:
    """Returns the module of a workload, by its name in NAMES."""
    return importlib.import_module(f"benchmarks.workloads.{name.lower()}")


def build(workload: str, contender: str, shuffle: bool) -> Iterable[Any]:
    """Returns the batches of a contender on a workload, without end."""
    module, name = load(workload), CONTENDERS[contender].function
    if contender == "tf.data":
        import tensorflow as tf

        return module.pipeline(tf, tf.data, shuffle)
    if contender == "feedline":
        import feedline as fl

        return module.pipeline(fl, fl, shuffle)
    if contender == "limit":
        return module.limit()
    function: Callable[..., Iterable[Any]] = getattr(module, name, None) or getattr(module.PEERS, name)
    return function(shuffle)
