"""map: the user's function on every element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.block import Block, BlockBuilder, keep_result, lent_memory
from feedline.errors import FeedlineError, StructureError, UserFunctionError
from feedline.nodes.base import BlockNode
from feedline.origin import origin_in_traceback
from feedline.strings import PackedStrings, set_record
from feedline.structure import flatten, merge_specs, spec_of

if TYPE_CHECKING:
    from feedline.run.context import Run


def call_with_element(function: Callable[..., Any], element: Any) -> Any:
    """Calls a user's function as `tf.data` does: a tuple's components are its arguments."""
    return function(*element) if type(element) is tuple else function(element)


def function_name(function: Callable[..., Any]) -> str:
    """Returns a function's name for messages."""
    return getattr(function, "__name__", None) or type(function).__name__


def called(function: Callable[..., Any]) -> str:
    """Returns a function's name for messages, as in a call."""
    name = function_name(function)
    return "the lambda" if name == "<lambda>" else f"{name}()"


def locate_user_error(error: Exception, function: Callable[..., Any], stage: str) -> FeedlineError:
    """Returns the error to raise for what a user's function raised, with the line that raised it."""
    line = origin_in_traceback(error.__traceback__)
    if isinstance(error, FeedlineError):
        located = error
    else:
        text = str(error)
        located = UserFunctionError(
            f"{called(function)} raised {type(error).__name__}" + (f": {text}" if text else "."),
            fix=f"Mend the function that {stage} calls" + (": the line above raised." if line else "."),
        )
        located.__cause__ = error
    if line is not None:
        located.add_where(str(line))
    return located


@dataclass(frozen=True, eq=False)
class Map(BlockNode):
    """Applies a function to each element.

    Args:
        function: the user's function.
        num_parallel_calls: how many may run at one time; None for one, AUTOTUNE for as many as pay.
        deterministic: False allows results out of order; feedline keeps the order all the same.
        seed: keys the random numbers drawn inside the function.
    """

    function: Callable[..., Any]
    num_parallel_calls: int | None
    deterministic: bool | None
    seed: int

    name = "map"
    works = True
    spec_costs = True

    @property
    def parallel_calls(self) -> int | None:  # type: ignore[override]
        return self.num_parallel_calls

    def label(self) -> str:
        return f"map({function_name(self.function)})"

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        with run.turn_of(self, self.num_parallel_calls):
            return self._apply(block, positions, epochs, run)

    def _apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        function, seed = self.function, self.seed
        treedef = run.structures.get(self)
        lent = lent_memory(block) if block.length == 1 else set()
        builder = BlockBuilder(block.length, called(function), partial(keep_result, lent))
        done = 0
        packed = next((column for column in block.columns if isinstance(column, PackedStrings)), None)
        outer = random.outer_element()
        try:
            for position, epoch in zip(positions.tolist(), epochs.tolist(), strict=True):
                random.enter_element(seed, epoch, position)
                element = block.row(done)
                if packed is not None and type(element) is bytes:
                    set_record(element, packed, done)
                held = [function(*element) if type(element) is tuple else function(element)]
                if type(held[0]) is list:  # as tf.data: several components, not one array
                    held[0] = tuple(held[0])
                if treedef is None:
                    treedef = self._learn_structure(held[0], run)
                builder.append_result(held, treedef)
                done += 1
        except Exception as error:
            position, epoch = int(positions[done]), int(epochs[done])
            located = locate_user_error(error, function, self.label())
            source = self.parents[0].source_of(position, epoch, getattr(error, "row", None))
            located.add_where(f"element {position}" + (f", which is {source}" if source else ""))
            if located is error:
                raise
            raise located from error
        finally:
            random.leave_element(outer)
            if packed is not None:
                set_record(None, None, 0)
        result_block = builder.block()
        run.check_alike(self, result_block, builder.giver)
        return result_block

    def _learn_structure(self, result: Any, run: Run) -> Any:
        if result is None:
            raise UserFunctionError(
                f"{called(self.function)} returned None.", fix="Return the element: is a `return` missing?"
            )
        leaves, treedef = flatten(result)
        if not leaves:
            raise StructureError(
                f"{called(self.function)} returned no arrays, but {result!r:.60}.", fix="Return at least one array."
            )
        return run.structures.setdefault(self, treedef)

    def spec(self) -> Any:
        """Returns the spec of the first element's result; lengths that follow the batch's are None."""
        cached = self.__dict__.get("_spec")
        if cached is None:
            cached = self._probe()
            object.__setattr__(self, "_spec", cached)
        return cached

    def _probe(self) -> Any:
        from feedline.run.context import Run
        from feedline.run.streams import first_block

        run = Run(keeps=False)
        block = first_block(self.parents[0], run)
        if block is None:
            raise StructureError(
                f"{self.label()} was given no element, so what it returns is not known.",
                fix="Give it at least one element, or ask for element_spec before map().",
                where=[f"{self.label()} at {self.origin}"],
            )
        where = np.zeros(1, np.int64)
        result = self._apply(block, where, where, run)
        specs = [spec_of(column[0]) for column in result.columns]
        shorter = _without_last_row(block, self.parents[0].spec())
        if shorter is not None:
            try:
                other = self._apply(shorter, where, where, run)
                specs = [merge_specs(a, spec_of(b[0])) for a, b in zip(specs, other.columns, strict=True)]
            except FeedlineError:
                pass
        return result.treedef.unflatten(specs)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return self.parents[0].source_of(position, epoch, row)


def _without_last_row(block: Block, parent_spec: Any) -> Block | None:
    """Returns the block of one batch with one row less, where the parent's batches differ in length."""
    specs = flatten(parent_spec)[0]
    firsts = [column[0] for column in block.columns]
    lengths = {
        len(first)
        for first in firsts
        if isinstance(first, PackedStrings) or (isinstance(first, np.ndarray) and first.ndim)
    }
    batched = specs and all(spec.shape and spec.shape[0] is None for spec in specs)
    if not batched or len(lengths) != 1 or lengths == {1} or lengths == {0}:
        return None
    return Block(1, [[first[:-1]] for first in firsts], block.treedef)
