"""One file a workload, each with a function for every contender.

A workload's module has:

    TITLE     what it does, in a line
    SHORT     the same in a few words, for the chart
    LIMIT     what its limit program does, in a line
    ABSENT    {contender: why this workload has none for it}
    COMPARE   how the values of first batches are compared (`compare.Rule`)
    SHUFFLES  whether the measured pipeline shuffles (the compared one never does)

    pipeline  (library, data, shuffle) -> dataset, run both as tf.data and as feedline: the same lines, the same work
    limit     () -> numbers of samples, endlessly

and a function for each further contender but those of ABSENT, named in CONTENDERS, that takes `shuffle: bool` and
returns an iterable of batches; what a module does not define itself is a method of its PEERS. What a contender imports,
it imports inside, so that a process loads its own libraries and no other's.

It may also have:

    prepare   () -> None, makes the files that only this workload reads, once
    WARM      the least seconds that each run is warmed up, where workers take long to start
    measure   (batches, warm, seconds) -> what a run answers, where a run is more than taking batches
    variants  () -> {name: the same attributes}, where it is several workloads: `W14/2` is W14 with two workers
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

NAMES = ("W1", "W1b", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W8b", "W9", "W10", "W11", "W12", "W13", "W14")


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
        Contender("pydataset-threads", "py_dataset_threads", "keras"),
        Contender("pydataset-processes", "py_dataset_processes", "keras"),
        Contender("feedline", "pipeline", "feedline"),
        Contender("limit", "limit", None),
    )
}
PEER_NAMES = tuple(name for name in CONTENDERS if name not in ("tf.data", "feedline", "limit"))
PY_DATASETS = ("pydataset-threads", "pydataset-processes")


def load(name: str) -> Any:
    """Returns the module of a workload, or one of its variants.

    Args:
        name: a name of NAMES, or one that `parts` returned.
    """
    module_name, _, variant = name.partition("/")
    module = importlib.import_module(f"benchmarks.workloads.{module_name.lower()}")
    return module.variants()[variant] if variant else module


def parts(name: str) -> list[str]:
    """Returns the names of what is measured for a workload of NAMES: itself, or its variants."""
    variants = getattr(load(name), "variants", None)
    return [name] if variants is None else [f"{name}/{variant}" for variant in variants()]


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
