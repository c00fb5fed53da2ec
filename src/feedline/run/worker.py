"""A worker: a process that computes sections of plans for the process that started it, and ends with it.

It is started by `worker_command`, not forked: it has none of the threads of the process that started it, and imports
nothing of the user's but the modules of the functions that it is sent.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from feedline.announce import be_silent
from feedline.block import Block
from feedline.buffers import POOL
from feedline.iteration_hooks import iteration_begins
from feedline.nodes.base import BlockNode, Node
from feedline.run.block_message import Writing, describe_block, read_block
from feedline.run.channel import Channel
from feedline.run.connection import Connection, ConnectionLostError
from feedline.run.context import Run
from feedline.run.depth import make_room_for
from feedline.run.module_variables import Variable, set_variables
from feedline.run.plan_message import functions_of, know_sources, load_plan
from feedline.run.referred_state import ReferredState
from feedline.run.remote_errors import packed_error
from feedline.run.surroundings import Surroundings
from feedline.run.timings import Timings

_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from feedline.run.worker import main; main()"

is_worker = False
"""Whether this process is a worker: it must not start workers itself."""


def worker_command(descriptor: int) -> list[str]:
    """Returns the command that starts a worker.

    Args:
        descriptor: its socket.
    """
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    path = [folder for folder in sys.path if isinstance(folder, str)]
    return [sys.executable, *flags, "-P", "-c", _CODE, str(descriptor), json.dumps(path)]


class _Plan:
    """A plan that this process has been sent.

    Args:
        sections: what `load_plan` returned.
        variables: those of modules that functions refer to, likewise.
    """

    def __init__(self, sections: list[tuple[Node, tuple, bool, list[Node]]], variables: list[Variable]) -> None:
        self._variables = variables
        set_variables(variables)
        for top, *_ in sections:
            make_room_for(top)
        self.sections = sections
        self.nodes = list(dict.fromkeys(node for *_, nodes in sections for node in nodes))
        self.numbers = {node: number for number, node in enumerate(self.nodes)}
        self.state = ReferredState((self.numbers[node], each) for node in self.nodes for _, each in functions_of(node))
        self.timings = Timings()
        self.run = Run(self.timings)
        self._number_of_run = -1
        self._told = 0

    def begin(self, number_of_run: int) -> bool:
        """Begins a new running of the plan, unless it is the one at hand; says whether it did."""
        if number_of_run == self._number_of_run:
            return False
        self._number_of_run = number_of_run
        iteration_begins()
        set_variables(self._variables)  # which another plan may have set
        self.state.look_again()
        self.run = Run(self.timings)
        self._told = 0
        return True

    def relearn(self, lessons: list[tuple[int, Any, tuple | None]]) -> None:
        """Takes note of the structures and dtypes that the blocks have had elsewhere."""
        for number, treedef, dtypes in lessons:
            self.run.relearn(self.nodes[number], treedef, dtypes)
        self._told = self.run.lessons

    def lessons(self) -> list[tuple[int, Any, tuple | None]]:
        """Returns the structures and dtypes that were learnt since this was last asked."""
        if self.run.lessons == self._told:
            return []
        self._told = self.run.lessons
        known = ((number, self.run.learnt(node)) for number, node in enumerate(self.nodes))
        return [(number, *lesson) for number, lesson in known if lesson is not None]


class Worker:
    """Does what the process at the other end of a channel asks for.

    Args:
        channel: the channel.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._plans: dict[int, _Plan] = {}
        self._environment = dict(os.environ)
        self._warnings: list[tuple[Any, ...]] = []
        warnings.showwarning = self._note_warning  # type: ignore[assignment]

    def serve(self) -> None:
        """Answers until the other process is gone."""
        handlers: dict[str, Callable[..., None]] = {
            "surroundings": self._adopt,
            "plan": self._learn_plan,
            "read": self._read,
            "apply": self._apply,
            "warm": self._warm_up,
            "rest": self._rest,
        }
        while True:
            try:
                (kind, *arguments), memory, descriptors = self._channel.receive()
            except ConnectionLostError:
                return
            handlers[kind](*arguments, memory=memory, descriptors=descriptors)
            del memory

    def _adopt(self, surroundings: Surroundings, memory: Any, descriptors: Any) -> None:
        surroundings.adopt(self._environment)
        self._environment = surroundings.environment
        for plan in self._plans.values():
            plan.state.look_again()
        self._channel.send(("adopted",))

    def _learn_plan(
        self,
        number: int,
        places: list[tuple[int, int]],
        sources: dict[str, list[str]],
        memory: Any,
        descriptors: list[int],
    ) -> None:
        know_sources(sources)
        length = places[-1][0] + places[-1][1]
        # What functions refer to may be written to, by this process for itself.
        shared = memoryview(mmap.mmap(descriptors[0], max(1, length), mmap.MAP_PRIVATE))
        os.close(descriptors[0])
        pickled, *buffers = [shared[start : start + nbytes] for start, nbytes in places]
        try:
            self._plans[number] = _Plan(*load_plan(pickled, buffers))
        except BaseException as error:
            module = error.name if isinstance(error, ModuleNotFoundError) else None
            self._channel.send(("unreadable", module, packed_error(error)))
        else:
            self._channel.send(("ready",))

    def _read(
        self,
        plan: int,
        run: int,
        errors: dict[str, Any],
        idle_bytes: int,
        lessons: Any,
        node: int,
        positions: np.ndarray,
        epochs: np.ndarray,
        memory: Any,
        descriptors: Any,
    ) -> None:
        known = self._begin(plan, run, errors, idle_bytes, lessons)
        top = known.nodes[node]
        self._answer(
            known,
            lambda: known.run.read(top, positions, epochs),
            lambda: known.run.read(top, positions[:1], epochs[:1]),
        )

    def _apply(
        self,
        plan: int,
        run: int,
        errors: dict[str, Any],
        idle_bytes: int,
        lessons: Any,
        section: int,
        steps: list[tuple[np.ndarray, np.ndarray]],
        description: Any,
        tree: Any,
        memory: Any,
        descriptors: Any,
    ) -> None:
        known = self._begin(plan, run, errors, idle_bytes, lessons)
        nodes: tuple[BlockNode, ...] = known.sections[section][1]
        given = [read_block(description, memory, self._channel.tree_of(tree))]
        del memory

        def compute(most: int | None = None) -> Block:
            block = given.pop()
            where = [
                (node, positions[:most], epochs[:most]) for node, (positions, epochs) in zip(nodes, steps, strict=False)
            ]
            for apply in known.run.joined(where):
                block = apply(block)
            return block

        again: Callable[[], Block] | None = None
        if known.state.may_ask and all(len(positions) == given[0].length for positions, _ in steps):
            given.insert(0, given[0].slice(0, 1).own())  # functions may write to what they are given
            again = partial(compute, 1)
        self._answer(known, compute, again)

    def _warm_up(self, plan: int, modules: list[str], sections: list[int], memory: Any, descriptors: Any) -> None:
        """Loads modules, and computes the first element of sections."""
        for name in modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        first = np.zeros(1, np.int64)
        for section in sections:
            with contextlib.suppress(Exception):  # it will fail again, and be told, where it is asked for
                Run(Timings()).read(self._plans[plan].sections[section][0], first, first)
        self._warnings.clear()
        self._channel.send(("warm",))

    def _begin(self, number: int, number_of_run: int, errors: dict[str, Any], idle_bytes: int, lessons: Any) -> _Plan:
        """Returns a plan that is told which of its runnings this is, and what its blocks have had elsewhere.

        It does about numbers that go wrong what the process that asks does. From now on this one keeps so much memory
        for later, as what it computes in, and as much of what it lends.
        """
        POOL.limit_idle(idle_bytes)
        self._channel.lent.limit_idle(idle_bytes)
        plan = self._plans[number]
        if plan.begin(number_of_run):
            np.seterr(**errors)
        tree_of = self._channel.tree_of
        plan.relearn([(node, tree_of(tree), dtypes) for node, tree, dtypes in lessons])
        return plan

    def _answer(self, plan: _Plan, compute: Callable[[], Block], again: Callable[[], Block] | None) -> None:
        """Sends what is computed.

        Args:
            plan: of what plan.
            compute: computes it.
            again: computes the first element of it once more.
        """
        start = time.thread_time()
        writing = Writing()
        failure = "failed"
        try:
            block = compute()
            failure = "unsendable"
            described = describe_block(block, writing)
        except BaseException as error:
            self._send_failure("failed" if isinstance(error, MemoryError) else failure, plan, error, start)
            return
        number_of = self._channel.number_of
        tree = number_of(block.treedef)
        learnt = [(node, number_of(treedef), dtypes) for node, treedef, dtypes in plan.lessons()]
        gives_the_same = None if again is None else partial(self._gives_the_same, block, again)
        message = ("done", described, tree, learnt, *self._told(plan, start, gives_the_same))
        try:
            self._channel.send(message, writing)
        except ConnectionLostError:
            raise
        except Exception as error:  # there is no memory for the result
            self._channel.teach_anew()
            self._send_failure("failed", plan, error, start)

    def _send_failure(self, kind: str, plan: _Plan, error: BaseException, start: float) -> None:
        self._channel.send((kind, packed_error(error), *self._told(plan, start)))

    def _gives_the_same(self, block: Block, again: Callable[[], Block]) -> bool:
        """Says whether the first element of a block is the same once more, as far as arrays can tell."""
        first, known = block.slice(0, 1).own(), len(self._warnings)
        try:
            return all(map(_are_same_columns, first.columns, again().columns))
        except Exception:  # what it was told of is the element that it has given
            return True
        finally:
            del self._warnings[known:]

    def _told(self, plan: _Plan, start: float, gives_the_same: Callable[[], bool] | None = None) -> tuple[Any, ...]:
        """Returns what goes with every answer: the stages' timings, warnings, how long a core was at work, and which
        function has changed what it refers to.
        """
        changed = plan.state.changed(gives_the_same)
        timings = [(plan.numbers[node], timing) for node, timing in plan.timings.take().items() if node in plan.numbers]
        warned, self._warnings = self._warnings, []
        return timings, warned, time.thread_time() - start, changed

    def _rest(self, forgotten: list[int], memory: Any, descriptors: Any) -> None:
        """Lets go of what is not needed until the next iteration; nobody waits for an answer."""
        for number in forgotten:
            self._plans.pop(number, None)
        self._channel.lent.forget_all()
        self._channel.borrowed.forget_all()

    def _note_warning(
        self, message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        self._warnings.append((packed_error(message), filename, lineno))


def _are_same_columns(one: Any, other: Any) -> bool:
    one, other = one[0], other[0]
    if not (isinstance(one, (np.ndarray, np.generic)) and isinstance(other, (np.ndarray, np.generic))):
        return True
    if one.dtype.hasobject or other.dtype.hasobject:
        return True
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _end_with(connection: Connection) -> None:
    """Ends this process when the one that started it is gone, or wants it to end, whatever is being computed."""
    poll = select.poll()
    poll.register(connection.fileno(), 0)
    while True:
        if any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll()):
            os._exit(0)


def main() -> None:
    """Runs a worker on the socket that the command names."""
    global is_worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    is_worker = True
    be_silent()
    end = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(end.fileno(), False)
    connection = Connection(end)
    # A process that the user's function forks must not keep the socket open when this one has died.
    os.register_at_fork(after_in_child=end.close)
    threading.Thread(target=_end_with, args=(connection,), daemon=True, name="feedline_end").start()
    sys.argv[1:] = []
    Worker(Channel(connection)).serve()
    os._exit(0)
