"""Functions of maps that follow each other, run on whole blocks as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedline import random
from feedline.block import Block
from feedline.plan.join_traces import element_of, join_traces, keyed
from feedline.plan.rules import Rows
from feedline.plan.trace import Operation, Slot, Trace, trace
from feedline.plan.vectorise import BlockFunction
from feedline.structure import Treedef, as_component, component_dtype


class JoinedFunction(BlockFunction):
    """What several functions compute, each of what the one before returns, where that is proven to be the same.

    Args:
        steps: the functions, each with the seed of its transformation.

    Attributes:
        between: for each function but the last the structure and the dtypes of what it returns; empty before a block
            was run.
    """

    def __init__(self, steps: Sequence[tuple[Callable[..., Any], int]]) -> None:
        super().__init__(*steps[0])
        self._steps = tuple(steps)
        self.between: tuple[tuple[Treedef, tuple[np.dtype, ...]], ...] = ()

    def _traced(self, block: Block, position: int, epoch: int, rules: dict[Any, Callable[..., Any]]) -> Trace:
        element = block.row(0)
        traces: list[Trace] = []
        for function, seed in self._steps:
            element = element if not traces else element_of(traces[-1])
            random.enter_element(seed, epoch, position)
            traces.append(keyed(trace(function, element, rules), seed))
            if traces[-1].draws_vary:
                self._seed = seed  # it is the only one that draws, or they are not joined
        made = traces[0]
        for following in traces[1:]:
            made = join_traces(made, following, _laid_out)
        self.between = tuple((each.treedef, _dtypes_of(each)) for each in traces[:-1])
        return made


def _dtypes_of(made: Trace) -> tuple[np.dtype, ...]:
    samples = made.samples()
    values = (samples[output.number] if type(output) is Slot else output for output in made.outputs)
    return tuple(component_dtype(as_component(value)) for value in values)


def _laid_out(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    return (np.ascontiguousarray(rows.of(operation.args[0])),)
