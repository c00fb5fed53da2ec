"""Joining: what two functions compute, one of what the other returns, as one list of operations.

`dataset.map(f).map(g)` would write what `f` returns to memory, for `g` to read it again. Joined, what `f` computes goes
straight to `g`, and operations of the two that follow each other are fused as those of one function are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from feedline.block import Block
from feedline.plan.prove import Proof, UnprovenError
from feedline.plan.trace import Operation, Slot, Trace, Users, change_dtype, draws, replaced
from feedline.structure import as_component


def element_of(made: Trace) -> Any:
    """Returns what a function made of the element that was traced, as the next function is given it.

    Raises:
        UnprovenError: it hands on what is no array and no string.
    """
    samples = made.samples()
    columns = []
    for output in made.outputs:
        value = samples[output.number] if type(output) is Slot else output
        given = as_component(value)
        if isinstance(given, bytes):
            columns.append(np.array([given, None])[:1])  # with None, NumPy keeps all bytes of it
            continue
        alike = type(output) is not Slot or (isinstance(value, np.ndarray | np.generic) and value.dtype == given.dtype)
        if not alike or not isinstance(given, np.ndarray | np.generic):
            raise UnprovenError(f"it hands on a {type(value).__name__}")
        column = np.empty((1, *given.shape), given.dtype)
        column[0] = given
        columns.append(column)
    return Block(1, columns, made.treedef).row(0)


def keyed(made: Trace, seed: int) -> Trace:
    """Returns a trace whose random numbers are those of a transformation with this seed, whatever it is joined with."""
    return replace(made, operations=tuple(replace(one, seed=seed) if draws(one) else one for one in made.operations))


def join_traces(first: Trace, second: Trace, copies: Callable[..., Any]) -> Trace:
    """Returns what two functions compute, the second of what the first returns.

    Args:
        first: what the first computes, `keyed`.
        second: what the second computes of `element_of(first)`, `keyed`.
        copies: runs an operation that lays rows out in memory as those of a block of elements are.

    Raises:
        UnprovenError: both draw random numbers, and elements differ in how many; or the second computes with what is no
            slot of the first's.
    """
    vary = first.draws_vary or second.draws_vary
    if vary and any(map(draws, first.operations)) and any(map(draws, second.operations)):
        raise UnprovenError("several draw random numbers, and elements differ in how many")
    count = len(second.inputs)
    shift = first.slots - count
    slots = first.slots + second.slots - count
    samples = first.samples()
    places = list(first.outputs)
    between: list[Operation] = []
    for number in range(count):
        output = places[number]
        if type(output) is Slot and _has_to_be_copied(samples[output.number], number, second):
            operation, output = _copied(output, samples[output.number], slots, copies)
            between.append(operation)
            places[number] = output
            slots += 1

    def moved(slot: Slot) -> Any:
        return places[slot.number] if slot.number < count else Slot(slot.number + shift)

    def joined(operation: Operation) -> Operation:
        if not all(slot >= count or type(places[slot]) is Slot for slot in operation.taken):
            raise UnprovenError("it computes with a constant that the step before gives")
        return replace(
            operation,
            args=replaced(operation.args, Slot, moved),
            kwargs=replaced(operation.kwargs, Slot, moved),
            named=replaced(operation.named, Slot, moved),
            results=tuple(slot + shift for slot in operation.results),
        )

    return Trace(
        _joint_proof(first.proof, second.proof),
        first.inputs,
        (*first.operations, *between, *map(joined, second.operations)),
        tuple(moved(output) if type(output) is Slot else output for output in second.outputs),
        second.treedef,
        slots,
        first.of_any_shape and second.of_any_shape,
        vary,
    )


def _has_to_be_copied(sample: Any, number: int, second: Trace) -> bool:
    """Says whether a function is given rows that lie in memory otherwise than an element of a block, and may mind.

    What adds up the values of an array does so in the order of memory.
    """
    import feedline

    if not isinstance(sample, np.ndarray) or sample.flags.c_contiguous:
        return False
    image = feedline.image
    value_by_value = (change_dtype, feedline.cast, image.convert_image_dtype)
    flips = (image.random_flip_left_right, image.random_flip_up_down)
    return any(
        not isinstance(user.function, np.ufunc) and user.function not in (*value_by_value, *flips, image.resize)
        for user in Users(second).of(number)
    )


def _copied(source: Slot, sample: Any, result: int, copies: Callable[..., Any]) -> tuple[Operation, Slot]:
    samples = (np.ascontiguousarray(sample),)
    return Operation(np.ascontiguousarray, copies, (source,), {}, (result,), samples, {}, {}), Slot(result)


def _joint_proof(first: Proof, second: Proof) -> Proof:
    return replace(
        first,
        references=[*first.references, *second.references],
        mappings=[*first.mappings, *second.mappings],
        arrays=[*first.arrays, *second.arrays],
        attributes=first.attributes | second.attributes,
        objects=[*first.objects, *second.objects],
    )
