"""Fusing: a cast and the arithmetic on it in one pass over memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from feedline.image.resize import ARITHMETIC
from feedline.plan.trace import Operation, Slot, Trace


def fuse_casts(made: Trace, is_cast: Callable[[Operation], bool], rule: Callable[..., Any]) -> Trace:
    """Returns a trace without the casts that arithmetic can do by itself.

    A ufunc that is told a dtype casts small pieces of its arguments as it goes, and computes what it would have
    computed of the whole cast array, bit for bit; but nothing is written to memory in between.

    Args:
        made: the trace.
        is_cast: says whether an operation is a cast of integers to floats.
        rule: runs a ufunc whose results have another dtype than its arguments.
    """
    uses = Counter(slot for operation in made.operations for slot in operation.taken)
    uses.update(output.number for output in made.outputs if type(output) is Slot)
    samples = made.samples()
    casts = {
        operation.results[0]: operation
        for operation in made.operations
        if is_cast(operation) and samples[operation.args[0].number].dtype.kind in "biu"
    }
    done = set()
    operations = []
    for operation in made.operations:
        found = [argument for argument in operation.args if type(argument) is Slot and argument.number in casts]
        constants = [argument for argument in operation.args if type(argument) in (int, float)]
        if (
            operation.function in ARITHMETIC
            and len(found) == 1 == len(constants)
            and uses[found[0].number] == 1
            and operation.samples[0].dtype == casts[found[0].number].samples[0].dtype
        ):
            cast = casts[found[0].number]
            done.add(cast.results[0])
            args = tuple(cast.args[0] if argument is found[0] else argument for argument in operation.args)
            operation = replace(operation, args=args, rule=rule)
        operations.append(operation)
    kept = tuple(operation for operation in operations if operation.results[0] not in done)
    return replace(made, operations=kept)
