"""Running a chain of fused operations on the rows of a block."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.image.seeds import between
from feedline.packed_arrays import PackedArrays
from feedline.plan.fuse_pointwise import Chain
from feedline.plan.rules import NotAlikeError, Rows, draws_of
from feedline.plan.trace import Operation

_CACHES = 1 << 25
"""Arrays in more memory than this are hardly in a processor's caches."""

_LONG_LIVED = _CACHES // 4
"""A block of more bytes has left the caches before it is read: others are made, or wait to be read, at the time."""


def run_chain(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Does all of a chain in one pass; step by step where NumPy may have something to warn of."""
    from feedline.kernels.pointwise import pointwise

    source, chain = operation.args
    arrays = rows.values[source.number]
    if arrays.shape[1:] != chain.shape or np.geterr()["under"] != "ignore":
        return _step_by_step(chain, rows)
    room = rows.room_for(operation, arrays.shape, np.dtype(np.float32))
    operands, at_once = chain.rows
    height, width, channels = chain.shape if chain.flips else (0, 0, 0)
    memory, starts, far = _places(arrays)
    finite = pointwise(
        memory,
        starts,
        room.reshape(rows.count, -1),
        height,
        width,
        channels,
        _flips(chain, rows),
        np.array(chain.codes, np.uint8),
        operands,
        _amounts(chain, rows),
        at_once,
        chain.may_overflow,
        far,
        room.nbytes > _LONG_LIVED,
    )
    if finite:
        return (room,)
    if rows.own_streams is not None and chain.draws:
        raise NotAlikeError  # its random numbers were drawn: the function itself begins anew
    return _step_by_step(chain, rows)


def _places(arrays: np.ndarray | PackedArrays) -> tuple[np.ndarray, np.ndarray, bool]:
    """Returns memory, where each array begins in it, counted in values, and whether it is hardly in a cache."""
    in_place = arrays.in_place() if isinstance(arrays, PackedArrays) else None
    if in_place is not None:
        memory, starts = in_place
    else:
        arrays = arrays.array() if isinstance(arrays, PackedArrays) else arrays
        memory = np.ascontiguousarray(arrays).reshape(-1).view()
        starts = np.arange(len(arrays)) * (memory.size // max(1, len(arrays)))
    memory.flags.writeable = False  # always, so that the kernel is compiled once for a dtype
    return memory, starts, in_place is not None and memory.nbytes > _CACHES


def _flips(chain: Chain, rows: Rows) -> np.ndarray:
    flips = np.zeros(rows.count if chain.flips else 0, np.uint8)
    for flip, how in chain.flips:
        flips[draws_of(flip, rows, flip.named.get("seed")) < 0.5] |= how
    return flips


def _amounts(chain: Chain, rows: Rows) -> np.ndarray:
    """Returns what is added to each element by itself, for each operation."""
    amounts = np.zeros((len(chain.codes), rows.count), np.float32)
    for row, operand in zip(amounts, chain.operands, strict=True):
        if isinstance(operand, Operation):
            most = float(operand.named["max_delta"])
            row[:] = between(draws_of(operand, rows, operand.named.get("seed")), -most, most)
    return amounts


def _step_by_step(chain: Chain, rows: Rows) -> tuple[Any, ...]:
    results: tuple[Any, ...] = ()
    for step in chain.steps:
        results = step.rule(step, rows)
        rows.values[step.results[0]] = results[0]
    return results
