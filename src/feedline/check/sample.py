"""Sample: the elements that a check looks at, at every stage of the plan, read once and when they are first wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from feedline.block import Block, concatenate_blocks
from feedline.check.calls import Calls, calls_of, nothing_called
from feedline.check.costs import Cost, Costs
from feedline.check.elements import Component, Elements, values_of
from feedline.check.interpreter import MOST_CALLS, Work, work_of
from feedline.check.looking import (
    Budget,
    EnoughSeenError,
    LookingRun,
    Recorder,
    as_told,
    nothing_drawn,
    one_shot_source,
    seconds_compiling,
    spread,
)
from feedline.check.plan import Plan
from feedline.errors import FeedlineError
from feedline.nodes.base import BlockNode, Node
from feedline.nodes.batch import GroupNode
from feedline.nodes.map import Map

_MEMORY = 512 << 20
_MOST_ERRORS = 3
_AT_ONCE = 16
_MOST_AT_ONCE = 1024
_CALL_SECONDS = 0.3
_WORK_SECONDS = 0.5
_LARGEST_SHARE = 0.4
"""Which part of the time batches may take; the rest is for elements from all over the dataset."""


class Sample:
    """The elements that a check looks at.

    Of an indexed dataset these are the first, the last and other batches, and single elements from all over it; of a
    stream the first elements. All of them are of epoch 0, and what every step of the plan gave on the way is there.

    Args:
        plan: the plan.
        size: how many single elements are looked at.
        seconds: for how long at the most.
        progress: is called with how many elements have been looked at.

    Attributes:
        size: how many were wanted.
    """

    def __init__(self, plan: Plan, size: int, seconds: float, progress: Callable[[int], None] | None = None) -> None:
        self._plan = plan
        self.size = size
        self._seconds = seconds
        self._progress = progress
        self._errors: list[FeedlineError] = []
        self._stages: dict[Node, Elements] = {}
        self._costs = Costs()
        self._reasons: dict[Node, str] = {}
        self._works: dict[Node, Work | None] = {}
        self._calls: dict[Node, Calls] = {}
        self._whole = False
        self._seconds_left = seconds / 2

    @cached_property
    def not_looked_at(self) -> str:
        """Why no element was looked at; "" where some were."""
        if self.size == 0:
            return "sample is 0"
        found = one_shot_source(self._plan)
        if found is None:
            return ""
        return f"{found[0].label()} can be gone through only once: {found[1]}"

    @property
    def errors(self) -> list[FeedlineError]:
        """What was raised while the elements were read, the first ones."""
        return self._errors if self._recorded else []

    @property
    def saw_all(self) -> bool:
        """Whether every element of the dataset was looked at."""
        return self._whole if self._recorded else False

    @property
    def count(self) -> int:
        """How many single elements were looked at, as they are before the batches."""
        return self.elements.count

    @property
    def elements(self) -> Elements:
        """Single elements, as they are put together to batches."""
        return self.at(self._plan.elements)

    @property
    def output(self) -> Elements:
        """What the dataset gives: batches, where it is batched."""
        return self.at(self._plan.last)

    def at(self, node: Node) -> Elements:
        """Returns the elements that a step of the plan gave, in the order of their positions.

        Args:
            node: the step.
        """
        node = that_is_run(node)
        known = self._stages.get(node)
        if known is None:
            known = self._stages[node] = self._gathered(node)
        return known

    def into(self, node: Node) -> Elements:
        """Returns what came into a step: what its first parent gave."""
        return self.at(node.parents[0])

    def pairs(self, node: BlockNode) -> list[tuple[Any, Any]]:
        """Returns pairs of what came into a `map` and what it made of it.

        Args:
            node: a `map`, or another step that makes one element of one.
        """
        before, after = self.into(node), self.at(node)
        inputs = dict(_with_places(before))
        return [(inputs[place], element) for place, element in _with_places(after) if place in inputs]

    def calls(self, node: BlockNode) -> Calls:
        """Returns which functions of `feedline.io` and `feedline.image` a step's function calls, and with what, for
        some elements.

        Args:
            node: a `map`, or another step that makes one element of one. It is called anew for a few elements, those
                first which it raises for.
        """
        known = self._calls.get(node)
        if known is None:
            into = self.into(node)
            known = nothing_called(into)
            if into.count:
                with nothing_drawn(self._plan), self._further_seconds(_CALL_SECONDS) as seconds:
                    known = calls_of(node, into, self.at(node), seconds)
            self._calls[node] = known
        return known

    def cost(self, node: Node) -> Cost | None:
        """Returns what a step takes for an element, without the steps in front of it; None where that was not measured.

        Args:
            node: the step.
        """
        return self._costs.of(node) if self._recorded else None

    def given(self, node: Node) -> int:
        """Returns how many elements a step gave while the others were looked at, those not kept included."""
        return self._costs.given(node) if self._recorded else 0

    def not_on_blocks(self, node: Map) -> str:
        """Returns why a `map` calls its function for each element; "" where it runs on blocks, or was not run."""
        return self._reasons.get(node, "") if self._recorded else ""

    def work(self, node: Map) -> Work | None:
        """Returns what the work of a `map`'s function is like: whether it holds the interpreter's lock.

        The function is called anew for an element. None where that cannot be, or there is no time left.

        Args:
            node: the `map`.
        """
        if node not in self._works:
            cost = self.cost(node)
            with nothing_drawn(self._plan), self._further_seconds(_WORK_SECONDS) as seconds:
                in_time = cost is not None and MOST_CALLS * cost.seconds < seconds
                self._works[node] = self._work(node, seconds) if in_time else None
        return self._works[node]

    def _work(self, node: Map, seconds: float) -> Work | None:
        into = self.into(node)
        if not into.count:
            return None
        chosen = slice(into.count // 2, into.count // 2 + 1)
        copies = [into.blocks[0].slice(chosen.start, chosen.stop).own() for _ in range(MOST_CALLS)]
        run = LookingRun(Budget(seconds, _MEMORY)).nested()
        positions, epochs = into.positions[chosen], into.epochs[chosen]
        try:
            return work_of(lambda: node.apply_one_by_one(copies.pop(), positions, epochs, run))
        except (EnoughSeenError, FeedlineError):
            return None

    def read(self, node: Node, positions: np.ndarray, epoch: int = 0) -> Elements:
        """Returns elements of an indexed step at other positions, or in another epoch; nothing remembers them.

        Args:
            node: the step; `node.indexed` must be true.
            positions: their positions.
            epoch: the epoch.

        Returns:
            The elements, or none where they cannot be computed or there is no time left.
        """
        epochs = np.full(len(positions), epoch)
        if self.not_looked_at or not len(positions):
            return Elements(node, np.zeros(0, np.int64), np.zeros(0, np.int64), [], self._is_batched(node, []))
        try:
            with nothing_drawn(self._plan), self._further_seconds(self._seconds) as seconds:
                block = LookingRun(Budget(seconds, _MEMORY)).read(node, np.asarray(positions, np.int64), epochs)
        except (EnoughSeenError, FeedlineError):
            return Elements(node, np.zeros(0, np.int64), np.zeros(0, np.int64), [], self._is_batched(node, []))
        return Elements(node, np.asarray(positions), epochs, [block], self._is_batched(node, [block]))

    def further(self, component: Component, most: int, seconds: float) -> tuple[Component, bool] | None:
        """Returns one component of the first elements of a stream, of many more of them than are looked at otherwise.

        Args:
            component: one of `elements`.
            most: how many elements at the most; where the source gives batches, how many of their rows.
            seconds: for how long at the most.

        Returns:
            The component, and whether these are all elements; None where the dataset is indexed, or no further elements
            can be had.
        """
        node, values, rows, whole = self._plan.elements, list[Any](), 0, False
        if node.indexed or self.errors or self.saw_all or not self.count:
            return None
        with nothing_drawn(self._plan), self._further_seconds(seconds) as left:
            stream = LookingRun(Budget(left, _MEMORY)).open(node, 0)
            try:
                while rows < most:
                    block = stream.next(_AT_ONCE)
                    if block is None:
                        whole = True
                        break
                    further = values_of(block.columns[component.index], block.length)
                    values += further
                    rows += sum(map(len, further)) if component.batched else len(further)
            except (EnoughSeenError, FeedlineError):
                pass
            finally:
                stream.close()
        found = Component(component.name, component.key, component.role, component.index, values, component.batched)
        return (found, whole) if len(values) > self.count else None

    def counted(self, node: Node, most: int, seconds: float) -> tuple[int, bool] | None:
        """Returns how many elements a stream gives, and whether it has come to its end; nothing remembers them.

        Args:
            node: a step; `node.indexed` must not be true.
            most: how many elements are counted at the most.
            seconds: for how long at the most.

        Returns:
            None where it cannot be gone through, or raises.
        """
        if self.not_looked_at:
            return None
        count = 0
        with nothing_drawn(self._plan), self._further_seconds(seconds) as left:
            stream = LookingRun(Budget(left, _MEMORY)).open(node, 0)
            try:
                while count < most:
                    block = stream.next(_MOST_AT_ONCE)
                    if block is None:
                        return count, True
                    count += block.length
            except EnoughSeenError:
                pass
            except Exception:  # what it raises is told where it is looked at
                return None
            finally:
                stream.close()
        return count, False

    @contextmanager
    def trying(self, seconds: float) -> Iterator[float]:
        """Gives for how long a rule may call the user's functions itself; random generators are put back afterwards.

        Args:
            seconds: for how long at the most; all that rules ask for shares half of the time.
        """
        with nothing_drawn(self._plan), self._further_seconds(seconds) as left:
            yield left

    @contextmanager
    def _further_seconds(self, wanted: float) -> Iterator[float]:
        """Gives for how long something further may be looked at: all that rules ask for shares half of the time."""
        start, compiled = time.perf_counter(), seconds_compiling()
        try:
            yield min(wanted, self._seconds_left)
        finally:
            self._seconds_left -= time.perf_counter() - start - (seconds_compiling() - compiled)

    @cached_property
    def _recorded(self) -> Recorder:
        budget = Budget(self._seconds, _MEMORY)
        recorder = Recorder(self._plan, self.size + _batch_size(self._plan), budget)
        if self.not_looked_at:
            return recorder
        run = LookingRun(budget, recorder, self._costs)
        try:
            with nothing_drawn(self._plan):
                if self._plan.last.indexed:
                    self._look_by_position(run, recorder, budget)
                else:
                    self._look_at_stream(run, recorder)
        except EnoughSeenError:
            pass
        except Exception as error:
            self._note_error(error)
        found = {node: function.reason for node, function in run.timings.block_functions.items()}
        self._reasons = {node: reason for node, reason in found.items() if reason}
        return recorder

    def _note_error(self, error: Exception) -> None:
        told = as_told(error)
        if all(told.what != known.what for known in self._errors):
            self._errors.append(told)

    def _look_by_position(self, run: LookingRun, recorder: Recorder, budget: Budget) -> None:
        plan = self._plan
        single, last = plan.elements, plan.last
        length = plan.length(single)
        if length == 0:
            self._whole = True
            return
        end = budget.end
        budget.end -= (1 - _LARGEST_SHARE) * self._seconds
        if single is not last:
            try:
                for position in self._batches(length):
                    self._read(run, last, np.array([position]), recorder)
            except EnoughSeenError:
                pass
        budget.end = end
        positions = np.arange(self.size) if length is None else spread(length, self.size)
        seen = {int(each) for part in recorder.seen.get(single, ()) for each in part[0]}
        positions = np.array([each for each in positions.tolist() if each not in seen], np.int64)
        at_once = 1
        for _ in range(len(positions)):
            if not len(positions) or len(self._errors) >= _MOST_ERRORS:
                break
            self._read(run, single, positions[:at_once], recorder)
            positions = positions[at_once:]
            at_once = min(2 * at_once, _AT_ONCE)
        looked_at = {int(each) for part in recorder.seen.get(single, ()) for each in part[0]}
        self._whole = length is not None and length <= len(looked_at)

    def _batches(self, length: int | None) -> list[int]:
        """Returns the positions of the batches that are looked at: all, where these are not too many elements."""
        batches = self._plan.length(self._plan.last)
        size = max(1, _batch_size(self._plan))
        if batches is None:
            return [0]
        if length is not None and length <= self.size:
            return list(range(batches))
        most = max(1, self.size // 2 // size)
        # The first tells the spec; the last may be smaller.
        wanted = [0, batches - 1, *spread(batches, most).tolist()][: most if most < 3 else most + 1]
        return list(dict.fromkeys(wanted))[:batches]

    def _read(self, run: LookingRun, node: Node, positions: np.ndarray, recorder: Recorder) -> None:
        try:
            run.read(node, positions, np.zeros_like(positions))
        except Exception as error:
            self._note_error(error)
        if self._progress is not None:
            self._progress(recorder.counts.get(that_is_run(self._plan.elements), 0))

    def _look_at_stream(self, run: LookingRun, recorder: Recorder) -> None:
        plan = self._plan
        elements = that_is_run(plan.elements)
        stream = run.open(plan.last, 0)
        try:
            while len(self._errors) < _MOST_ERRORS:
                try:
                    block = stream.next(1)
                except Exception as error:
                    self._note_error(error)
                    continue
                if block is None:
                    self._whole = not self._errors
                    return
                count = recorder.counts.get(elements, 0)
                if self._progress is not None:
                    self._progress(min(count, self.size))
                if count >= self.size:
                    return
        finally:
            stream.close()

    def _gathered(self, node: Node) -> Elements:
        parts = self._recorded.seen.get(node, [])
        if not parts:
            return Elements(node, np.zeros(0, np.int64), np.zeros(0, np.int64), [], self._is_batched(node, []))
        positions = np.concatenate([part[0] for part in parts])
        epochs = np.concatenate([part[1] for part in parts])
        order = _in_order_once(positions, epochs)
        whole = concatenate_blocks([block for _, _, block in parts])
        block = whole if len(order) == whole.length and (np.diff(order) == 1).all() else whole.take(order)
        return Elements(node, positions[order], epochs[order], [block], self._is_batched(node, [block]))

    def _is_batched(self, node: Node, blocks: list[Block]) -> bool:
        """Says whether a step gives batches: by the plan; where nothing batches, the source may give them itself."""
        if self._plan.gives_batches(node):
            return True
        if self._plan.batch is not None or not blocks:
            return False
        return _look_like_batches(blocks)


def that_is_run(node: Node) -> Node:
    """Returns the step whose elements a step passes on: a stream does not run that, and what it gives is the same."""
    while node.passes_on:
        node = node.parents[0]
    return node


def _with_places(elements: Elements) -> Iterator[tuple[tuple[int, int], Any]]:
    places = zip(elements.positions.tolist(), elements.epochs.tolist(), strict=True)
    return zip(places, elements, strict=True)


def _look_like_batches(blocks: list[Block]) -> bool:
    """Says whether each element is several rows: arrays of one first length in all components, of at least two."""
    if len(blocks[0].columns) < 2:
        return False
    for block in blocks:
        for index in range(block.length):
            lengths = [_first_length(column[index]) for column in block.columns]
            if None in lengths or len(set(lengths)) != 1:
                return False
    return True


def _first_length(value: Any) -> int | None:
    shape: tuple[int | None, ...] = getattr(value, "shape", ())
    return shape[0] if shape else None


def _in_order_once(positions: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """Returns the indices of the elements in the order of their epochs and positions, each element once."""
    order = np.lexsort((positions, epochs))
    sorted_positions, sorted_epochs = positions[order], epochs[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(sorted_positions) != 0) | (np.diff(sorted_epochs) != 0)
    return order[new]


def _batch_size(plan: Plan) -> int:
    return plan.batch.batch_size if isinstance(plan.batch, GroupNode) else 1
