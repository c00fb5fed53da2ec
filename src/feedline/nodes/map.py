"""map: the user's function on every element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.block import Block, BlockBuilder, keep_result, lent_memory
from feedline.errors import (
    DtypeError,
    EmptyDatasetError,
    FeedlineError,
    StructureError,
    UserFunctionError,
    nearest_name,
)
from feedline.nodes.arity import arity_error, called, check_arity, function_name, never_entered
from feedline.nodes.base import BlockNode
from feedline.origin import origin_in_traceback
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.strings import PackedStrings, as_plain_array, set_record
from feedline.structure import flatten, merge_specs, spec_of

if TYPE_CHECKING:
    from feedline.nodes.maps_together import MapsTogether
    from feedline.run.context import Run


def call_with_element(function: Callable[..., Any], element: Any) -> Any:
    """Calls a user's function as `tf.data` does: a tuple's components are its arguments."""
    return function(*element) if type(element) is tuple else function(element)


def locate_user_error(
    error: Exception, function: Callable[..., Any], stage: str, arguments: tuple | None = None, roles: str = ""
) -> FeedlineError:
    """Returns the error to raise for what a user's function raised, with the line that raised it.

    Args:
        error: what it raised.
        function: the function.
        stage: who calls it.
        arguments: what it was called with; None where a wrong number of them need not be told.
        roles: what these are ("the state and the element"); empty where they are what an element is made of.
    """
    line = origin_in_traceback(error.__traceback__)
    if arguments is not None and never_entered(error):
        mistaken = arity_error(function, len(arguments), roles, stage)
        if mistaken is not None:
            mistaken.__cause__ = error
            return mistaken
    if isinstance(error, FeedlineError):
        located = error
    else:
        text = str(error)
        located = UserFunctionError(
            f"{called(function)} raised {type(error).__name__}" + (f": {text}" if text else "."),
            fix=f"Mend the function that {stage} calls"
            + (": the line above raised." if line else ".")
            + _key_hint(error),
        )
        located.__cause__ = error
    if line is not None:
        located.add_where(str(line))
    return located


def _key_hint(error: Exception) -> str:
    """Returns the key that was meant, of the dicts that the raising line can name; empty where none is alike."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    trace = error.__traceback__
    if not isinstance(key, str) or trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    for value in trace.tb_frame.f_locals.values():
        if type(value) is dict and key not in value:
            names = [name for name in value if isinstance(name, str)]
            nearest = nearest_name(key, names)
            if nearest:
                return f" Did you mean {nearest!r}? There are: {', '.join(map(repr, names[:20]))}."
    return ""


@dataclass(frozen=True, eq=False)
class Map(BlockNode):
    """Applies a function to each element.

    Args:
        function: the user's function.
        num_parallel_calls: how many may run at one time; None for one, AUTOTUNE for as many as pay.
        deterministic: False allows results out of order; they are kept in order all the same, so that a seed gives the
            same bytes for every number of workers, and the number of elements given says which they were.
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

    @property
    def in_order(self) -> bool:  # type: ignore[override]
        return self.num_parallel_calls is None

    def check_parents(self) -> None:
        check_arity(self.function, self)

    def label(self) -> str:
        return f"map({function_name(self.function)})"

    def together(self) -> tuple[MapsTogether, ...]:
        from feedline.nodes.maps_together import ending_with

        return ending_with(self)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        if (together := run.together(self, len(positions))) is not None:
            return together.read(positions, epochs, run)
        if not run.reads_in_place(self):
            return super().read(positions, epochs, run)
        return self.apply(run.read_in_place(self.parents[0], positions, epochs), positions, epochs, run)

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        with run.turn_of(self, self.num_parallel_calls):
            one_by_one = partial(self.apply_one_by_one, run=run)
            result = run.on_blocks(self, self.function, self.seed, one_by_one)(block, positions, epochs)
            if result is None:
                block = block.arrays()
                result = self.apply_one_by_one(block, positions, epochs, run)
            else:
                run.check_alike(self, result, called(self.function))
        if not run.keeps and result.length:
            self._learn_spec(block, result, run)
        return result

    def apply_one_by_one(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns what the function returns for each element of a block."""
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
            if done and isinstance(error, DtypeError):  # was it those before it that are another dtype than all before?
                self._check_alike(builder, positions, epochs, run)
            position, epoch = int(positions[done]), int(epochs[done])
            element = block.row(done)
            arguments = element if type(element) is tuple else (element,)
            located = locate_user_error(error, function, self.label(), arguments)
            located.add_where(self._place_of(position, epoch, getattr(error, "row", None)))
            if located is error:
                raise
            raise located from error
        finally:
            random.leave_element(outer)
            if packed is not None:
                set_record(None, None, 0)
        return self._check_alike(builder, positions, epochs, run)

    def _check_alike(self, builder: BlockBuilder, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns the block of results; they are of one dtype, and must be of that of the blocks before."""
        block = builder.block()
        try:
            run.check_alike(self, block, builder.giver)
        except FeedlineError as error:
            error.add_where(self._place_of(int(positions[0]), int(epochs[0]), None))
            raise
        return block

    def _place_of(self, position: int, epoch: int, row: int | None) -> str:
        source = self.parents[0].source_of(position, epoch, row)
        return f"element {position}" + (f", which is {source}" if source else "")

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
        if "_spec" not in self.__dict__:
            self._probe()
        return self.__dict__["_spec"]

    def _probe(self) -> None:
        """Runs what is before it once, which teaches the specs of all of its maps."""
        from feedline.run.context import Run
        from feedline.run.streams import first_block

        run = Run(keeps=False)
        block = first_block(self.parents[0], run)
        if block is None:
            raise EmptyDatasetError(
                f"{self.label()} was given no element, so what it returns is not known.",
                fix="Give it at least one element, or ask for element_spec before map().",
                where=[f"{self.label()} at {self.origin}"],
            )
        where = np.zeros(1, np.int64)
        self.apply(block, where, where, run)

    def _learn_spec(self, block: Block, result: Block, run: Run) -> None:
        if "_spec" in self.__dict__:
            return
        where = np.zeros(1, np.int64)
        specs = [spec_of(column[0]) for column in result.columns]
        changed = _of_other_length(block, self.parents[0].spec())
        if changed is not None:
            try:
                other = self.apply_one_by_one(changed, where, where, run)
                specs = [merge_specs(a, spec_of(b[0])) for a, b in zip(specs, other.columns, strict=True)]
            except FeedlineError:
                pass
        object.__setattr__(self, "_spec", result.treedef.unflatten(specs))

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return self.parents[0].source_of(position, epoch, row)


def _of_other_length(block: Block, parent_spec: Any) -> Block | None:
    """Returns the block of one batch with one row less, where the parent's batches differ in length.

    A batch of one row is given that row twice, where it is made of arrays.
    """
    specs = flatten(parent_spec)[0]
    firsts = [column[0] for column in block.columns]
    lengths = {
        first.shape[0] if isinstance(first, SparseTensor) else len(first)
        for first in firsts
        if isinstance(first, PackedStrings | RaggedTensor | SparseTensor)
        or (isinstance(first, np.ndarray) and first.ndim)
    }
    batched = specs and all(spec.shape and spec.shape[0] is None for spec in specs)
    if not batched or len(lengths) != 1 or lengths == {0}:
        return None
    if lengths == {1}:
        rows = [as_plain_array(first) for first in firsts]
        if not all(isinstance(row, np.ndarray) for row in rows):
            return None
        return Block(1, [[np.concatenate([row, row])] for row in rows], block.treedef)
    shorter = [first.head(first.shape[0] - 1) if isinstance(first, SparseTensor) else first[:-1] for first in firsts]
    return Block(1, [[batch] for batch in shorter], block.treedef)
