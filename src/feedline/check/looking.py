"""Running a plan only to look at its elements: nothing is kept, nothing is shuffled, nothing is used up.

A `LookingRun` computes inline and changes nothing: caches and snapshots are passed by where they are not full already,
and a stream's shuffle is left out, since filling its buffer would take its whole length, and the rules about order
want to see the order in front of it. A `Recorder` notes what every node gave.
"""

from __future__ import annotations

import inspect
import random as python_random
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from feedline import random
from feedline.block import Block, concatenate_blocks
from feedline.check.costs import Costs
from feedline.check.plan import Plan
from feedline.check.used_up import UsedUp, used_up_by_iterating
from feedline.errors import FeedlineError
from feedline.nodes.arity import function_name
from feedline.nodes.base import BlockNode, Node, Stream
from feedline.nodes.cache import Cache
from feedline.nodes.map import Map
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.snapshot import Snapshot
from feedline.run.concurrency import INLINE, Asked
from feedline.run.context import Run
from feedline.run.memory import default_budget
from feedline.run.streams import open_stream
from feedline.sources.generator import Generator

_MOST_SECONDS_A_STEP = 0.05
_MOST_AT_ONCE = 64


_floats: ContextVar[dict[str, Any] | None] = ContextVar("floats", default=None)


@contextmanager
def own_warnings_off() -> Iterator[None]:
    """Has NumPy not warn of what a check computes of NaN and of numbers that are none; of the user's functions it does.

    They are called as anywhere else: where the user has such things raise, a check is to find it.
    """
    token = _floats.set(dict(np.geterr()))
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _floats.reset(token)


def _as_the_user_has_it() -> np.errstate:
    return np.errstate(**(_floats.get() or {}))


def seconds_compiling() -> float:
    """Returns for how long this process has compiled kernels: it does so once on a machine, and is announced."""
    kernels = sys.modules.get("feedline.kernels.kernel_cache")
    return 0.0 if kernels is None else float(kernels.seconds_compiling())


class EnoughSeenError(BaseException):
    """Ends the running of a plan: enough was looked at, or the time is over. No user's code should catch it."""


class Budget:
    """How long may be looked, and how much memory what was seen may take. Compiling what reads does not count.

    Args:
        seconds: for how long.
        memory: how many bytes.
    """

    def __init__(self, seconds: float, memory: int) -> None:
        self.seconds = seconds
        self.end = time.perf_counter() + seconds
        self.memory = memory
        self._compiled_before = seconds_compiling()

    @property
    def spent(self) -> bool:
        """Whether no more may be looked at."""
        compiled = seconds_compiling() - self._compiled_before
        return self.memory <= 0 or time.perf_counter() > self.end + compiled

    def check(self) -> None:
        """Ends the run where the budget is spent.

        Raises:
            EnoughSeenError: it is.
        """
        if self.spent:
            raise EnoughSeenError


class Recorder:
    """Notes what the nodes of a plan give.

    Args:
        plan: the plan; nodes that are no part of it, such as those of datasets within elements, are not noted.
        most: how many elements of each node are noted at the most.
        budget: the memory that they may take.
    """

    def __init__(self, plan: Plan, most: int, budget: Budget) -> None:
        self._nodes = frozenset(plan.nodes)
        self._most = most
        self._budget = budget
        self._last: tuple[Block | None, Block | None] = (None, None)
        self.seen: dict[Node, list[tuple[np.ndarray, np.ndarray, Block]]] = {}
        self.counts: dict[Node, int] = {}

    def note(self, node: Node, positions: np.ndarray, epochs: np.ndarray, block: Block) -> None:
        """Notes a block that a node gave."""
        if node not in self._nodes:
            return
        count = self.counts.get(node, 0)
        self.counts[node] = count + block.length
        if count >= self._most:
            return
        if self._last[0] is not block:  # a step that only moves positions gives its parent's block
            self._budget.memory -= block.nbytes()
            self._last = block, block.own()  # the user's function may change what it is given
        copy = self._last[1]
        assert copy is not None
        self.seen.setdefault(node, []).append((positions.copy(), epochs.copy(), copy))


class LookingRun(Run):
    """A run that changes nothing.

    Args:
        budget: for how long it may go on.
        recorder: what notes the elements; None to note none.
        costs: what measures the work of the steps; None where nobody asks for it.
    """

    composes_order = False
    joins_maps = False

    def __init__(self, budget: Budget, recorder: Recorder | None = None, costs: Costs | None = None) -> None:
        super().__init__(keeps=False, asked=Asked(INLINE, default_budget()))
        self._budget = budget
        self._recorder = recorder
        self._costs = costs or Costs()

    def read(self, node: Node, positions: np.ndarray, epochs: np.ndarray) -> Block:
        self._budget.check()
        if isinstance(node, Snapshot) and _would_be_filled(node):
            block = self.read(node.parents[0], positions, np.zeros_like(epochs))
        elif isinstance(node, Map) and len(positions) > 1:
            return self.apply(node, self.read(node.parents[0], positions, epochs), positions, epochs)
        else:
            with self._costs.piece(node, len(positions)), _as_the_user_has_it():
                block = super().read(node, positions, epochs)
        self._note(node, positions, epochs, block)
        return block

    def _note(self, node: Node, positions: np.ndarray, epochs: np.ndarray, block: Block) -> None:
        if self._recorder is not None:
            with self._costs.piece(None):
                self._recorder.note(node, positions, epochs, block)

    def apply(self, node: BlockNode, block: Block, positions: np.ndarray, epochs: np.ndarray) -> Block:
        self._budget.check()
        if isinstance(node, Map) and block.length > 1:
            return self._apply_by_parts(node, block, positions, epochs)
        with self._costs.piece(node, len(positions)), _as_the_user_has_it():
            result = super().apply(node, block, positions, epochs)
        self._note(node, positions, epochs, result)
        return result

    def _apply_by_parts(self, node: Map, block: Block, positions: np.ndarray, epochs: np.ndarray) -> Block:
        """Returns what a `map` makes of a block, a few elements at a time where its function takes long."""
        parts, start, count = list[Block](), 0, 1
        while start < block.length:
            self._budget.check()
            began = time.perf_counter()
            chosen = slice(start, min(start + count, block.length))
            with self._costs.piece(node, chosen.stop - chosen.start), _as_the_user_has_it():
                part = super().apply(node, block.slice(chosen.start, chosen.stop), positions[chosen], epochs[chosen])
            self._note(node, positions[chosen], epochs[chosen], part)
            parts.append(part)
            start = chosen.stop
            count = min(2 * count, _MOST_AT_ONCE) if time.perf_counter() - began < _MOST_SECONDS_A_STEP else 1
        return concatenate_blocks(parts)

    def open_source(self, node: Node, epoch: int, packed: bool = False) -> Stream:
        if isinstance(node, Shuffle):
            stream = self.open(node.parents[0], epoch)
        elif _would_be_filled(node):
            stream = self.open(node.parents[0], 0)
        else:
            stream = super().open_source(node, epoch)
        return _LookedAtStream(node, epoch, stream, self._budget, self._recorder, self._costs)

    def open(self, node: Node, epoch: int, given: int = 0) -> Stream:
        return open_stream(node, epoch, self, given)

    def nested(self) -> Run:
        run = LookingRun(self._budget)
        run._vectorises = False
        return run


def _would_be_filled(node: Node) -> bool:
    """Says whether running a node would keep elements for later."""
    if isinstance(node, Cache):
        return not node._store.ended
    return isinstance(node, Snapshot) and node.saved() is None


class _LookedAtStream:
    """A stream that notes what it gives, and gives little at a time where that takes long."""

    def __init__(
        self, node: Node, epoch: int, stream: Stream, budget: Budget, recorder: Recorder | None, costs: Costs
    ) -> None:
        self._node = node
        self._epoch = epoch
        self._stream = stream
        self._budget = budget
        self._recorder = recorder
        self._costs = costs
        self._given = 0
        self._limit = 1

    def next(self, limit: int) -> Block | None:
        self._budget.check()
        start = time.perf_counter()
        with self._costs.piece(self._node) as piece, _as_the_user_has_it():
            block = self._stream.next(min(limit, self._limit))
            piece.elements = 0 if block is None else block.length
        if time.perf_counter() - start < _MOST_SECONDS_A_STEP:
            self._limit = min(2 * self._limit, _MOST_AT_ONCE)
        else:
            self._limit = 1
        if block is not None:
            if self._recorder is not None:
                positions = np.arange(self._given, self._given + block.length)
                with self._costs.piece(None):
                    self._recorder.note(self._node, positions, np.full(block.length, self._epoch), block)
            self._given += block.length
        return block

    def close(self) -> None:
        self._stream.close()


def one_shot_source(plan: Plan) -> tuple[Node, str] | None:
    """Returns the source that a look would use up, with the reason; None where there is none.

    A generator function is started anew by each look; but not where it refers to a generator object, a cursor or an
    open file, be it in an object or a dict, where it returns one and the same iterator each time, or where it counts on
    from what it left behind.
    """
    for node in plan.sources:
        if isinstance(node, Generator):
            reason = _used_up_by_looking(node, plan)
            if reason:
                return node, reason
    for node in plan.nodes:
        for facts in plan.functions(node):
            if facts.one_shot and not isinstance(node, Generator):
                return node, f"its function uses {facts.one_shot[0]}, which can be gone through only once"
    return None


def _used_up_by_looking(node: Generator, plan: Plan) -> str:
    if not callable(node.function):
        return _reason(used_up_by_iterating(node.function, "the object").values())
    for facts in plan.functions(node):
        if facts.one_shot:
            return f"it goes through {facts.one_shot[0]}, which can be gone through only once"
        reason = _reason(facts.used_up.values())
        if reason:
            return reason
    if inspect.isgeneratorfunction(node.function):
        return ""
    try:
        first, second = node.function(*node.arguments), node.function(*node.arguments)
    except Exception:  # it is told what it raises when it is run
        return ""
    if first is second and hasattr(first, "__next__"):
        return "its function returns one and the same iterator each time"
    name = function_name(node.function)
    found = [used_up_by_iterating(made, f"what {name}() returns") for made in (first, second)]
    for made in (first, second):
        if hasattr(made, "__next__") and hasattr(made, "close"):
            made.close()
    # What each call makes anew is no loss.
    return _reason(each for place, each in found[0].items() if place in found[1])


def _reason(found: Iterable[UsedUp]) -> str:
    for each in found:
        if each.changed:
            return f"it counts on from {each.name}, which it changes, so that a look would move it"
        return f"it goes through {each.name}, which can be gone through only once"
    return ""


@contextmanager
def nothing_drawn(plan: Plan) -> Iterator[None]:
    """Puts random generators back to where they were: feedline's, NumPy's and Python's global ones, and those that the
    functions of a plan refer to, those of Keras layers included.
    """
    all_facts = [facts for node in plan.nodes for facts in plan.functions(node)]
    generators = [each for facts in all_facts for each in (*facts.generators, *map(_Seeds, facts.layers))]
    states = [(each, _state_of(each)) for each in generators]
    outer = random.outer_element()
    numpy_state, python_state = np.random.get_state(), python_random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        python_random.setstate(python_state)
        random.leave_element(outer)
        for each, state in states:
            _set_state(each, state)


class _Seeds:
    """The seeds of a Keras layer, each of which counts how many numbers were drawn of it."""

    def __init__(self, layer: object) -> None:
        kept = vars(layer).values() if hasattr(layer, "__dict__") else ()
        self._variables = [each.state for each in kept if type(each).__name__ == "SeedGenerator"]

    def getstate(self) -> object:
        return [np.array(variable.numpy()) for variable in self._variables]

    def setstate(self, state: list[np.ndarray]) -> None:
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)


def _state_of(generator: object) -> object:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    if isinstance(generator, np.random.RandomState):
        return generator.get_state()
    return generator.getstate()  # type: ignore[attr-defined]


def _set_state(generator: object, state: object) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state  # type: ignore[assignment]
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)  # type: ignore[arg-type]
    else:
        generator.setstate(state)  # type: ignore[attr-defined]


def spread(length: int, count: int) -> np.ndarray:
    """Returns positions spread evenly over a dataset, in an order in which each beginning is spread evenly as well.

    Args:
        length: how many elements the dataset has.
        count: how many are wanted.

    Example:
        >>> spread(100, 5).tolist(), spread(3, 5).tolist()
        ([0, 50, 25, 75, 12], [0, 1, 2])
    """
    if length <= count:
        return np.arange(length)
    bits = max(1, int(count - 1).bit_length())
    numbers = np.arange(1 << bits)
    reversed_bits = np.zeros(1 << bits, np.int64)
    for bit in range(bits):
        reversed_bits |= ((numbers >> bit) & 1) << (bits - 1 - bit)
    positions = (reversed_bits * (length / (1 << bits))).astype(np.int64)
    return np.unique(positions) if len(positions) < count else positions[:count]


def as_told(error: BaseException) -> FeedlineError:
    """Returns an error as one of feedline's: those of others are named."""
    if isinstance(error, FeedlineError):
        return error
    told = FeedlineError(f"{type(error).__name__}: {error}", fix="Mend what raised it.")
    told.__cause__ = error
    return told
