"""A map's function on whole blocks: the same bytes, without a call for every element."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from feedline import random
from feedline.block import Block
from feedline.buffers import POOL
from feedline.plan.fuse import fuse_casts
from feedline.plan.fuse_decode import fuse_decode
from feedline.plan.fuse_pointwise import fuse_pointwise
from feedline.plan.fuse_resize import fuse_resize
from feedline.plan.prove import UnprovenError, prove
from feedline.plan.rules import (
    NotAlikeError,
    Rows,
    all_rules,
    cast_and_compute,
    decode_and_resize,
    drawn_row_by_row,
    in_order_of_memory,
    is_call_by_row,
    is_cast_to_floats,
    resize_and_compute,
    row_by_row,
)
from feedline.plan.run_chain import run_chain
from feedline.plan.trace import Operation, Slot, Trace, draws, trace
from feedline.strings import PackedStrings, StringBatches
from feedline.structure import as_component

LEAST_ROWS = 8
"""Blocks of fewer elements are not worth it."""

_BYTES_AT_ONCE = 1 << 20
_BYTES_IN_ONE_PASS = 1 << 23
_LIGHT_BYTES = 1 << 10
_LIGHT_BLOCK_BYTES = 1 << 17
_LIGHT_STRINGS_BYTES = 1 << 26
_LONG_CALLS = ("decode_", "read_", "parse_")
"""What calls for single elements begin with that leave the interpreter's lock for most of their time."""

_COMPARED_BLOCKS = 2
_COMPARED_ROWS = 64
_MOST_FAILURES = 3


def why_not(function: Callable[..., Any]) -> str | None:
    """Returns why a function runs element by element; None where its code is proven to work on blocks.

    Example:
        >>> why_not(lambda number: number * 2 + 1), why_not(lambda number: number if number else 1)
        (None, 'it branches or loops')
    """
    from feedline.plan.trace import _Recorder

    try:
        prove(function, _Recorder(all_rules()).replace)
    except UnprovenError as error:
        return str(error)
    return None


class BlockFunction:
    """A user's function, run on blocks where that is proven to be the same.

    Args:
        function: the function.
        seed: the seed of its transformation.

    Attributes:
        reason: why it is called for each element; None where it is not, or no block was large enough so far.
    """

    def __init__(self, function: Callable[..., Any], seed: int) -> None:
        self._function = function
        self._seed = seed
        self._trace: Trace | None = None
        self._compared = 0
        self._one_at_a_time = False
        self._varying: set[int] = set()
        self._failures = 0
        self._blocks, self._short_blocks, self._blocks_given_back = 0, 0, 0
        self._why_given_back = ""
        self._lock = threading.Lock()
        self.reason: str | None = None

    @property
    def is_proven(self) -> bool:
        """Whether it runs on blocks, and its first ones were compared with what the function itself returns."""
        return self.reason is None and self._trace is not None and self._compared >= _COMPARED_BLOCKS

    @property
    def holds_the_lock(self) -> bool:
        """Whether it is Python for the most part, called for each element: its threads wait for each other."""
        if self.reason is not None or self._trace is None:
            return True
        return any(_is_called_for_each(operation) for operation in self._trace.operations)

    def told(self) -> list[str]:
        """Returns how it runs on blocks, an operation a line; nothing where it does not, or has not run."""
        from feedline.plan.told import told

        return [] if self.reason is not None or self._trace is None else told(self._trace)

    def way(self) -> str:
        """Returns how its elements were computed so far, and why; "" where there were none."""
        from feedline.plan.reasons import in_words

        if self.reason is not None:
            before = f", after {self._blocks:,} blocks" if self._blocks else ""
            return f"runs element by element{before}: {in_words(self._function, self.reason)}"
        if self._blocks_given_back:
            of = f"{self._blocks_given_back:,} of {self._blocks + self._blocks_given_back:,} blocks"
            if self._blocks == 0:
                return f"ran element by element: {self._why_given_back}"
            return f"runs on blocks, but for {of}: {self._why_given_back}"
        if self._blocks:
            return "runs on blocks"
        return f"ran element by element: there were fewer than {LEAST_ROWS} at a time" if self._short_blocks else ""

    def takes(self, block: Block) -> bool:
        """Says whether a block is long enough, and its elements alike, so that `run` may run on it."""
        if self.reason is not None or block.length < 2:
            return False
        columns = self._rows_of(block)
        return columns is not None and block.length * _records_in(columns) >= LEAST_ROWS

    def run(
        self,
        block: Block,
        positions: np.ndarray,
        epochs: np.ndarray,
        one_by_one: Callable[[Block, np.ndarray, np.ndarray], Block],
    ) -> Block | None:
        """Returns the function's results for a block, or None where it must be called for each element.

        Args:
            block: the elements.
            positions: their positions.
            epochs: their epochs.
            one_by_one: calls the function for each element.
        """
        if self.reason is not None or block.length < 2:
            return None
        columns = self._rows_of(block)
        if columns is None:
            self._give_back("its elements differ in shape or dtype")
            return None
        if block.length * _records_in(columns) < LEAST_ROWS:
            self._short_blocks += 1
            return None
        try:
            made = self._trace or self._begin(block, positions, epochs)
            if not made.proof.holds():
                self.reason = "what it refers to has changed"
                return None
            result = self._compute_alike_or_not(made, columns, positions, epochs)
        except UnprovenError as error:
            self.reason = str(error)
            return None
        except Exception as error:  # whatever it is, the function itself will say it better, or do without
            self._failures += 1
            if self._failures >= _MOST_FAILURES:
                self.reason = _in_words(error)
            self._give_back(_in_words(error))
            return None
        if self._compared < _COMPARED_BLOCKS and not self._same(result, block, positions, epochs, one_by_one):
            return None
        self._blocks += 1
        return result

    def _give_back(self, why: str) -> None:
        """Notes why the elements of a block go to the function itself."""
        self._blocks_given_back += 1
        self._why_given_back = why

    def _rows_of(self, block: Block) -> list[Any] | None:
        """Returns the block's columns as operations take them; None where its rows are not alike."""
        columns: list[Any] = []
        for number, column in enumerate(block.columns):
            rows = StringBatches.of(column) if isinstance(column, list) else column
            if rows is None:
                return None
            if self._trace is not None and not _is_like(rows, self._trace.inputs[number]):
                return None
            columns.append(rows)
        return columns

    def _begin(self, block: Block, positions: np.ndarray, epochs: np.ndarray) -> Trace:
        with self._lock:
            if self._trace is None:
                outer = random.outer_element()
                try:
                    made = self._traced(block.slice(0, 1).own(), int(positions[0]), int(epochs[0]), all_rules())
                    made = fuse_resize(made, resize_and_compute)
                    made = fuse_decode(made, is_call_by_row, resize_and_compute, decode_and_resize)
                    made = fuse_pointwise(made, run_chain)
                    self._trace = fuse_casts(made, is_cast_to_floats, cast_and_compute)
                finally:
                    random.leave_element(outer)
            return self._trace

    def _traced(self, block: Block, position: int, epoch: int, rules: dict[Any, Callable[..., Any]]) -> Trace:
        """Traces the function on the element of a block of one; the random numbers drawn are that element's."""
        random.enter_element(self._seed, epoch, position)
        return trace(self._function, block.row(0), rules)

    def _compute_alike_or_not(self, made: Trace, inputs: list[Any], positions: np.ndarray, epochs: np.ndarray) -> Block:
        """Computes a block; one row after the other where what the rows make on the way differs in shape."""
        while True:
            known, alone = len(self._varying), self._one_at_a_time  # other threads may change them meanwhile
            try:
                return self._compute(made, inputs, positions, epochs, alone)
            except NotAlikeError:
                if len(self._varying) == known and (alone or not made.of_any_shape):
                    raise
                self._one_at_a_time = True

    def _compute(self, made: Trace, inputs: list[Any], positions: np.ndarray, epochs: np.ndarray, alone: bool) -> Block:
        length = len(positions)
        samples = made.samples()
        columns = [self._column(output, samples, length) for output in made.outputs]
        values: list[Any] = [*inputs, *(None for _ in range(made.slots - len(inputs)))]
        streams = random.OwnStreams(self._seed, epochs, positions) if made.draws_vary else None
        rows = Rows(values, samples, length, self._seed, epochs, positions, _targets(made, columns, 0, length), streams)
        heavy = self._not_done_at_once(made, rows, alone)
        step = 1 if alone else max(1, _bytes_at_once(heavy) // _row_bytes(heavy, samples))
        shapes_vary = step == 1 and made.of_any_shape
        for start in range(0, length if heavy else 0, step):
            stop = min(start + step, length)
            parts = [None if value is None else _part(value, start, stop) for value in values]
            rows = Rows(
                *(parts, samples, stop - start, self._seed, epochs[start:stop], positions[start:stop]),
                *(_targets(made, columns, start, stop), None if streams is None else streams.part(start, stop)),
            )
            for operation in heavy:
                _run(operation, rows, shapes_vary)
            _collect(made, columns, parts, start, stop)
        if not heavy:
            _collect(made, columns, values, 0, length)
        return Block(length, columns, made.treedef)

    def _not_done_at_once(self, made: Trace, rows: Rows, alone: bool) -> list[Operation]:
        """Does the operations that can be done for a whole block, and returns the others."""
        others: list[Operation] = []
        for operation in made.operations:
            # where rows have streams of their own, what they draw comes in the order of the operations
            waits = rows.own_streams is not None and draws(operation) and any(map(draws, others))
            if waits or not self._done_at_once(operation, rows, alone):
                others.append(operation)
        return others

    def _done_at_once(self, operation: Operation, rows: Rows, alone: bool) -> bool:
        """Does an operation for a whole block where its values are small; those of large ones go through the caches."""
        known = all(rows.values[slot] is not None for slot in operation.taken)
        if not known or operation.results[0] in self._varying:
            return False
        pack = getattr(operation.rule, "pack", None)
        if pack is not None and (packed := pack(operation, rows)) is not None:
            rows.values[operation.results[0]] = packed
            return True
        if not all(_is_light(sample, rows.count) for sample in operation.samples):
            return False
        try:
            _run(operation, rows)
        except NotAlikeError:
            if not alone:
                raise
            self._varying.add(operation.results[0])
            if rows.own_streams is not None and draws(operation):
                raise  # what it drew has to be drawn again
            return False
        return True

    @staticmethod
    def _column(output: Any, samples: list[Any], length: int) -> np.ndarray:
        value = as_component(samples[output.number] if type(output) is Slot else output)
        if isinstance(value, bytes):
            column = np.empty(length, object)
        elif isinstance(value, np.ndarray | np.generic):
            column = POOL.empty((length, *value.shape), value.dtype)
        else:
            raise NotAlikeError
        if type(output) is not Slot:
            column[:] = value
        return column

    def _same(
        self,
        result: Block,
        block: Block,
        positions: np.ndarray,
        epochs: np.ndarray,
        one_by_one: Callable[[Block, np.ndarray, np.ndarray], Block],
    ) -> bool:
        count = min(block.length, _COMPARED_ROWS)
        expected = one_by_one(block.slice(0, count).own(), positions[:count], epochs[:count])
        same = expected.treedef == result.treedef and all(
            _same_bytes(ours[:count], theirs) for ours, theirs in zip(result.columns, expected.columns, strict=True)
        )
        self._compared += 1
        if not same:
            self.reason = "on blocks it gave other values"
        return same


def _run(operation: Operation, rows: Rows, shapes_vary: bool = False) -> None:
    results = operation.rule(operation, rows)
    for slot, sample, value in zip(operation.results, operation.samples, results, strict=True):
        rows.values[slot] = _checked(value, sample, rows.count, shapes_vary and slot not in rows.targets)


def _in_words(error: Exception) -> str:
    """Returns what kept a block from being computed."""
    if isinstance(error, NotAlikeError):
        return "what it computes, or how, differs from element to element"
    if isinstance(error, FloatingPointError):
        return f"NumPy warns of some elements, which is told at your line ({error})"
    text = str(error).partition("\n")[0]
    return f"it raised {type(error).__name__}" + (f": {text:.100}" if text else "")


def _is_called_for_each(operation: Operation) -> bool:
    by_row = operation.rule in (row_by_row, in_order_of_memory, drawn_row_by_row)
    return by_row and not operation.function.__name__.startswith(_LONG_CALLS)


def _is_light(sample: Any, count: int) -> bool:
    if isinstance(sample, bytes):
        return len(sample) <= _LIGHT_STRINGS_BYTES // count
    return sample.nbytes <= max(_LIGHT_BYTES, _LIGHT_BLOCK_BYTES // count)


def _bytes_at_once(operations: list[Operation]) -> int:
    """Returns how much memory may be gone through together, so that it stays in the caches from step to step."""
    in_one_pass = len(operations) == 1 and operations[0].rule in (run_chain, decode_and_resize)
    return _BYTES_IN_ONE_PASS if in_one_pass else _BYTES_AT_ONCE


def _row_bytes(operations: list[Operation], samples: list[Any]) -> int:
    """Returns how much memory the largest value of a row takes that is read; what is only written gains no cache."""
    slots = {slot for operation in operations for slot in operation.taken}
    sizes = (len(samples[slot]) if isinstance(samples[slot], bytes) else samples[slot].nbytes for slot in slots)
    return max([1, *sizes])


def _targets(made: Trace, columns: list[np.ndarray], start: int, stop: int) -> dict[int, np.ndarray]:
    pairs = zip(made.outputs, columns, strict=True)
    return {output.number: column[start:stop] for output, column in pairs if type(output) is Slot}


def _collect(made: Trace, columns: list[np.ndarray], values: list[Any], start: int, stop: int) -> None:
    """Puts into the columns what is not there yet."""
    for output, column in zip(made.outputs, columns, strict=True):
        if type(output) is Slot and not _is_written(values[output.number], column[start:stop]):
            column[start:stop] = values[output.number]


def _is_like(rows: Any, sample: Any) -> bool:
    """Says whether rows are of the dtype and the shape of the element that was traced."""
    if isinstance(rows, StringBatches):
        return isinstance(sample, PackedStrings) and len(sample) == rows.size
    if isinstance(rows, PackedStrings):
        return isinstance(sample, bytes)
    if isinstance(sample, bytes):
        return rows.dtype == object and rows.ndim == 1
    return np.shape(sample) == rows.shape[1:] and sample.dtype == rows.dtype


def _is_written(value: Any, target: np.ndarray) -> bool:
    return (
        isinstance(value, np.ndarray)
        and value.base is target.base
        and value.strides == target.strides
        and value.__array_interface__["data"] == target.__array_interface__["data"]
    )


def _records_in(columns: list[Any]) -> int:
    """Returns how many records an element has: a few large batches are as good as many single records."""
    return max((rows.size for rows in columns if isinstance(rows, StringBatches)), default=1)


def _part(column: Any, start: int, stop: int) -> Any:
    return column.part(start, stop) if isinstance(column, PackedStrings) else column[start:stop]


def _checked(value: Any, sample: Any, count: int, of_any_shape: bool) -> Any:
    if isinstance(sample, bytes):
        fits = value.shape == (count,) and value.dtype == object
    elif of_any_shape:
        fits = value.ndim == 1 + sample.ndim and value.dtype == sample.dtype
    else:
        fits = value.shape == (count, *sample.shape) and value.dtype == sample.dtype
    if not fits:
        raise NotAlikeError
    return value


def _same_bytes(ours: np.ndarray, theirs: Any) -> bool:
    if not isinstance(theirs, np.ndarray) or ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    return ours.tolist() == theirs.tolist() if ours.dtype == object else ours.tobytes() == theirs.tobytes()
