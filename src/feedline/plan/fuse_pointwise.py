"""Fusing: casts, random flips, brightness and arithmetic on images in one pass over memory.

`(cast(image, float32) / 255 - mean) / std` would write every image three times. The kernel does all of it to a few
thousand values while these are in the cache, in the same order and with the same rounding, so the bytes are the same.
Where a value is not finite in the end, NumPy may have something to warn of: that block is then computed step by step.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedline.image.resize import ARITHMETIC
from feedline.plan.constant_operands import BYTE_SCALE, constant_operand, without_repeats
from feedline.plan.trace import Operation, Slot, Trace, Users, change_dtype, others_draw_between, slots_in

_SOURCES = (np.uint8, np.float32, np.float64)
_VALUES_AT_ONCE = 2048
_LARGEST = 1e37
_LEAST_VALUES = 64
"""For fewer values in an element, NumPy's calls for a whole block are as fast."""


@dataclass
class Chain:
    """Operations on one array that are done in one pass.

    Args:
        source: the slot of the array.
        shape: the shape of an element.
        steps: the operations, as they were traced.
        codes: what to do to each value.
        operands: with what, as it is for an element; the operation that draws it where each element has its own.
        flips: the operations that flip some elements, with how.
        of_bytes: whether the array holds uint8.
    """

    source: Slot
    shape: tuple[int, ...]
    steps: list[Operation]
    codes: list[int]
    operands: list[np.ndarray | Operation]
    flips: list[tuple[Operation, int]]
    of_bytes: bool

    @functools.cached_property
    def rows(self) -> tuple[np.ndarray, int]:
        """The operands, each repeated to one length, and how many values the kernel goes through together."""
        size = math.prod(self.shape)
        line = math.prod(self.shape[-2:]) if self.flips else 1
        period = max([line, *(_period(each, self.shape) for each in self.operands if isinstance(each, np.ndarray))])
        at_once = period
        if period < _VALUES_AT_ONCE:
            at_once = period = min(size, period * (_VALUES_AT_ONCE // period))
        elif period > 2 * _VALUES_AT_ONCE:
            at_once = max(line, _VALUES_AT_ONCE // line * line)
        rows = np.zeros((len(self.codes), period), np.float32)
        for row, operand in zip(rows, self.operands, strict=True):
            if isinstance(operand, np.ndarray):
                row[:] = np.resize(np.broadcast_to(operand, self.shape).reshape(-1), period)
        return rows, at_once

    @property
    def draws(self) -> bool:
        """Whether random numbers are drawn."""
        return bool(self.flips) or any(isinstance(operand, Operation) for operand in self.operands)

    @functools.cached_property
    def may_overflow(self) -> bool:
        """Whether values beyond the range of float32 may come out, or come in."""
        if not self.of_bytes:
            return True
        bound = 255.0
        for code, operand in zip(self.codes, self.operands, strict=True):
            most = np.abs(operand) if isinstance(operand, np.ndarray) else np.array(operand.named["max_delta"])
            if most.size:
                step = (bound + most.max(), bound + most.max(), bound * most.max(), bound / max(most.min(), 1e-30))
                bound = max(bound, float(step[code % len(step)]))
        return not bound < _LARGEST


def _period(operand: np.ndarray, shape: tuple[int, ...]) -> int:
    """Returns after how many values of an element an operand comes again."""
    first = next((axis for axis, length in enumerate(operand.shape) if length > 1), operand.ndim)
    return math.prod(shape[len(shape) - operand.ndim + first :])


def fuse_pointwise(made: Trace, rule: Callable[..., Any]) -> Trace:
    """Returns a trace in which operations on single values that follow each other are one.

    Args:
        made: the trace.
        rule: runs a chain of them; its arguments are the array and the `Chain`.
    """
    users = Users(made)
    samples = made.samples()
    fused: dict[int, Operation] = {}
    gone: set[int] = set()
    for operation in made.operations:
        if operation.results[0] in gone or operation.results[0] in fused:
            continue
        chain = _longest_from(operation, samples, users)
        if chain is not None and not (made.draws_vary and chain.draws and others_draw_between(chain.steps, made)):
            *before, last = chain.steps
            gone.update(step.results[0] for step in before)
            fused[last.results[0]] = replace(last, rule=rule, args=(chain.source, chain), kwargs={}, named={})
    if not fused:
        return made
    kept = (fused.get(operation.results[0], operation) for operation in made.operations)
    return replace(made, operations=tuple(one for one in kept if one.results[0] not in gone))


def _longest_from(first: Operation, samples: list[Any], users: Users) -> Chain | None:
    """Returns the longest chain that begins with an operation and ends in float32; None where it gains nothing."""
    source = _only_slot(first)
    sample = None if source is None else samples[source.number]
    if source is None or not isinstance(sample, np.ndarray) or sample.dtype.type not in _SOURCES:
        return None
    if sample.size < _LEAST_VALUES:
        return None
    chain = Chain(source, sample.shape, [], [], [], [], sample.dtype == np.uint8)
    complete: Chain | None = None
    dtype = sample.dtype
    operation: Operation | None = first
    while operation is not None and _only_slot(operation) is not None and _joins(chain, operation, dtype):
        dtype = operation.samples[0].dtype
        if dtype == np.float32 and len(chain.steps) > 1:
            complete = replace(chain, steps=chain.steps[:], codes=chain.codes[:], operands=chain.operands[:])
        operation = users.only_user(operation.results[0])
    return complete


def _only_slot(operation: Operation) -> Slot | None:
    """Returns the only traced value that an operation takes."""
    found = slots_in((operation.args, operation.kwargs))
    return found[0] if len(found) == 1 and any(argument is found[0] for argument in operation.args) else None


def _joins(chain: Chain, operation: Operation, dtype: np.dtype) -> bool:
    """Adds an operation to a chain that has come to values of a dtype; says whether the kernel can do it there."""
    import feedline
    from feedline.kernels.pointwise import ADD_AMOUNT, LEFT_RIGHT, MULTIPLY, UP_DOWN

    sample = operation.samples[0]
    if len(operation.samples) != 1 or not isinstance(sample, np.ndarray) or sample.shape != chain.shape:
        return False
    image = feedline.image
    function = operation.function
    flips = {image.random_flip_left_right: LEFT_RIGHT, image.random_flip_up_down: UP_DOWN}
    if function in flips:
        how = flips[function]
        if chain.codes or len(chain.shape) != 3 or any(known == how for _, known in chain.flips):
            return False
        chain.flips.append((operation, how))
    elif function in (change_dtype, feedline.cast, image.convert_image_dtype):
        if sample.dtype != np.float32:
            return False
        if function is image.convert_image_dtype and dtype == np.uint8:
            chain.codes.append(MULTIPLY)
            chain.operands.append(np.array(BYTE_SCALE, np.float32))
    elif function is image.random_brightness:
        most = operation.named["max_delta"]
        if dtype.kind != "f" or type(most) not in (int, float) or not np.isfinite(most):
            return False
        chain.codes.append(ADD_AMOUNT)
        chain.operands.append(operation)
    else:
        operand = constant_operand(operation, chain.shape)
        if operand is None or dtype != np.float32:
            return False
        chain.codes.append(ARITHMETIC.index(function))
        chain.operands.append(without_repeats(operand))
    chain.steps.append(operation)
    return True
