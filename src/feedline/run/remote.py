"""Remote: has sections of a running plan computed by processes."""

from __future__ import annotations

import itertools
import sys
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.errors import FeedlineError, FeedlineWarning, UnpicklableError, WorkerDiedError
from feedline.nodes.base import BlockNode, Node
from feedline.run.block_message import Writing, describe_block, read_block
from feedline.run.changes_here import ChangesHere
from feedline.run.code_pickler import modules_by_value
from feedline.run.given import source_told
from feedline.run.memory import default_budget
from feedline.run.plan_message import functions_of
from feedline.run.processes import POOL, UnreadablePlanError, WorkerLostError, WorkerPool, WorkerProcess
from feedline.run.remote_errors import unpacked_error
from feedline.run.remote_task import RemoteTask, died
from feedline.run.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from feedline.run.context import Run
    from feedline.run.prepare import PreparedPlan
    from feedline.run.sections import Section

_TRIES = 2
"""How often a section is computed whose worker ends: the first time may have been an accident."""

_KEPT = 4
"""All workers together keep this part of the memory budget for later, twice: to compute in, and what they lend."""

_MOST_TRIED = 1024
"""Of so many elements at the most it is found out which ends its worker."""

_ELSEWHERE = {"call": "warn", "log": "warn"}
"""What `np.seterrcall` was given stays in this process: a worker warns."""

_warned: dict[Any, Any] = {}


class _RefusedError(Exception):
    """Processes cannot compute a plan, and the user did not ask for them; the text says why."""


class _Spent(threading.local):
    seconds = 0.0


class Remote:
    """Gives sections of a plan to workers, for one running of the plan.

    Args:
        prepare: prepares the plan, and again where a worker cannot read it.
        count: how many workers.
        asked: whether the user asked for processes; else what they cannot do is done in this process.
        budget: how many bytes a pipeline may use; None for what is allowed here. Workers keep a part of it for later.
        pool: where they come from.

    Attributes:
        refusal: why this process computes all from now on, where it turned out that others cannot.
    """

    _numbers = itertools.count()

    def __init__(
        self,
        prepare: Callable[[], PreparedPlan],
        count: int,
        asked: bool = True,
        budget: int | None = None,
        pool: WorkerPool = POOL,
    ) -> None:
        self._number = next(Remote._numbers)
        self._prepare = prepare
        self._pool = pool
        self._count = count
        self._asked = asked
        self._surroundings = Surroundings.here()
        self._errors = {kind: _ELSEWHERE.get(str(how), how) for kind, how in np.geterr().items()}
        self._idle_bytes = (budget or default_budget()) // (_KEPT * count)
        self.refusal: str | None = None
        self._idle: SimpleQueue[WorkerProcess | None] = SimpleQueue()
        self._workers: list[WorkerProcess] = []
        self._spent = _Spent()
        self._closed = False
        self._lock = threading.Lock()
        self._use(prepare())

    def _use(self, prepared: PreparedPlan) -> None:
        self.prepared = prepared
        self._nodes = prepared.nodes
        self._section_numbers = {section: number for number, section in enumerate(prepared.sections)}
        functions = ((number, each) for number, node in enumerate(self._nodes) for _, each in functions_of(node))
        self._changes_here = ChangesHere(functions)
        self._node_numbers = {node: number for number, node in enumerate(self._nodes)}
        self._giving: dict[Node, Section] = {section.top: section for section in prepared.sections}
        self._beginning: dict[Node, Section] = {
            section.nodes[0]: section for section in prepared.sections if section.nodes
        }
        self._turns = {
            section: threading.Semaphore(section.calls) for section in prepared.sections if section.calls is not None
        }

    @property
    def count(self) -> int:
        """How many workers there are."""
        return self._count

    def open(self) -> None:
        """Starts the workers, and waits until the first has read the plan.

        Raises:
            UnpicklableError: a worker cannot read it.
        """
        with self._lock:
            if self._workers or self._closed:
                return
            self._workers = [self._pool.take() for _ in range(self._count)]
            try:
                for worker in self._workers:
                    worker.start()
                try:
                    self._have_read(self._workers[0])
                except WorkerLostError:  # it was kept from before, and has ended meanwhile
                    self._have_read(self._workers[0])
            except (OSError, WorkerLostError) as error:
                raise WorkerDiedError(
                    f"a worker process cannot be started: {error}",
                    fix="Look at what it wrote to the error output; or run in threads: "
                    "dataset.with_options(fl.Options(executor='threads')).",
                ) from error
            finally:
                for worker in self._workers:
                    self._idle.put(worker)

    def warm_up(self, modules: Sequence[str]) -> None:
        """Has all workers read the plan, load what its functions will need, and compute an element of it where that
        takes nothing of this process: the first units then take no longer than others.

        Args:
            modules: what to load.
        """
        threads = [threading.Thread(target=self._warm_up_one, args=(modules,)) for _ in self._workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _warm_up_one(self, modules: Sequence[str]) -> None:
        try:
            worker = self._take()
        except CancelledError:
            return
        try:
            plan = self.prepared.plan
            worker.prepare(plan, self._surroundings)
            whole = [number for section, number in self._section_numbers.items() if section.below is None]
            worker.ask(("warm", plan.number, list(modules), whole))
        except (WorkerLostError, UnreadablePlanError, OSError):  # whoever uses it will be told
            pass
        finally:
            self._put(worker)

    def _have_read(self, worker: WorkerProcess) -> None:
        """Has a worker read the plan; functions of modules that it does not find are sent by their code."""
        while True:
            try:
                worker.prepare(self.prepared.plan, self._surroundings)
                return
            except UnreadablePlanError as error:
                if error.module is None or error.module not in sys.modules or error.module in modules_by_value:
                    raise self._unreadable(error) from error.__cause__
                modules_by_value.add(error.module)
                self._use(self._prepare())

    def _unreadable(self, error: UnreadablePlanError) -> UnpicklableError:
        return UnpicklableError(
            f"a worker process cannot read what it is sent: {error.__cause__}",
            where=[f"{node.label()} at {node.origin}" for node in self._nodes if node.parallel_calls is not None],
            fix="Put what the function refers to where other programs can import it; or run in threads: "
            "dataset.with_options(fl.Options(executor='threads')).",
        )

    def giving(self, node: Node) -> Section | None:
        """Returns the section whose elements are a node's, if there is one."""
        return self._giving.get(node)

    def beginning_with(self, node: Node) -> Section | None:
        """Returns the section whose first block node this is, if there is one."""
        return self._beginning.get(node)

    def sends_first(self, suffix: Sequence[BlockNode]) -> bool:
        """Says whether the first of these nodes is sent to another process, which works on a copy of the block."""
        return suffix[0] in self._beginning

    def read(self, section: Section, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns elements of an indexed section."""
        if section.below is None:
            return self._compute(RemoteTask(section, section.top, (positions, epochs)), run)
        steps: list[tuple[BlockNode, np.ndarray, np.ndarray]] = []
        for node in reversed(section.nodes):
            steps.insert(0, (node, positions, epochs))
            positions, epochs = node.expand(positions, epochs)
        return self.apply(section, run.read(section.below, positions, epochs), steps, run)

    def apply(
        self, section: Section, block: Block, steps: Sequence[tuple[BlockNode, np.ndarray, np.ndarray]], run: Run
    ) -> Block:
        """Returns what the nodes of a section make of a block."""
        where = tuple((positions, epochs) for _, positions, epochs in steps)
        return self._compute(RemoteTask(section, section.top, where[-1], block, where), run)

    def spent(self) -> float:
        """Returns how long workers were at work for this thread since it last asked, in seconds."""
        seconds, self._spent.seconds = self._spent.seconds, 0.0
        return seconds

    def _compute(self, task: RemoteTask, run: Run) -> Block:
        turn: AbstractContextManager[Any] = self._turns.get(task.section) or nullcontext()
        status: int | None = None
        with turn, run.timings.stage(None):
            for _ in range(_TRIES):
                if self.refusal is not None:
                    return task.computed_here(run)
                try:
                    return self._compute_once(task, run)
                except WorkerLostError as error:
                    status = error.status
                    if self._closed or self._pool.closed:
                        raise CancelledError from None
                except _RefusedError as refused:
                    self.refusal = self.refusal or str(refused)
                    return task.computed_here(run)
            raise self._death(task, run, status)

    def _compute_once(self, task: RemoteTask, run: Run) -> Block:
        changed = self._changes_here.changed()
        if changed is not None:
            self._note_change_here(*changed)
        worker = self._take()
        try:
            worker.prepare(self.prepared.plan, self._surroundings)
            return self._ask(worker, task, run)
        except UnreadablePlanError as error:
            raise self._unreadable(error) from error.__cause__
        finally:
            self._put(worker)

    def _death(self, task: RemoteTask, run: Run, status: int | None) -> WorkerDiedError:
        """Returns the error of a task that ends workers: its elements are tried one by one, to see which does."""
        calls = task.calls()
        if not 1 < calls.count <= _MOST_TRIED:
            return died(calls, status)
        for single in calls.singles():
            try:
                self._compute_once(single, run)
            except WorkerLostError as error:
                if self._closed or self._pool.closed:
                    raise CancelledError from None
                return died(single, error.status)
            except (FeedlineError, _RefusedError):  # it did not end the worker, which is what is asked here
                continue
        return died(calls, status)

    def _take(self) -> WorkerProcess:
        worker = self._idle.get()
        if worker is None:
            self._idle.put(None)  # for the next who waits
            raise CancelledError
        if self._pool.closed:
            self._put(worker)
            raise CancelledError
        return worker

    def _put(self, worker: WorkerProcess) -> None:
        with self._lock:
            if not self._closed:
                self._idle.put(worker)
                return
            self._workers = [each for each in self._workers if each is not worker]
        self._pool.give_back(worker)

    def _ask(self, worker: WorkerProcess, task: RemoteTask, run: Run) -> Block:
        channel = worker.channel
        kind, block = "read" if task.block is None else "apply", task.block
        asked = task.content(self._section_numbers, self._node_numbers)
        plan = self.prepared.plan.number
        while True:
            lessons: list[tuple[int, Any, tuple | None]] = []
            if worker.knows != (self._number, run.lessons):
                worker.knows = (self._number, run.lessons)
                channel.lent.limit_idle(self._idle_bytes)
                known = ((which, run.learnt(node)) for which, node in enumerate(self._nodes))
                lessons = [
                    (which, channel.number_of(lesson[0]), lesson[1]) for which, lesson in known if lesson is not None
                ]
            message: tuple[Any, ...] = (kind, plan, self._number, self._errors, self._idle_bytes, lessons, *asked)
            writing: Writing | None = None
            if block is not None:
                writing = Writing()
                message = (*message, describe_block(block, writing), channel.number_of(block.treedef))
            try:
                (answered, *answer), memory = worker.ask(message, writing)
            except OSError as unsent:
                raise WorkerDiedError(
                    f"what is to be computed cannot be sent to a worker process: {unsent}.",
                    where=[f"{node.label()} at {node.origin}" for node in task.section.all_nodes()],
                    fix="Allow this program more open files (ulimit -n), memory or size of files (ulimit -f); or "
                    "run in threads: dataset.with_options(fl.Options(executor='threads')).",
                ) from unsent
            *content, timings, warned, seconds, changed = answer
            self._spent.seconds += seconds
            run.timings.add_all({self._nodes[which]: timing for which, timing in timings})
            for packed, filename, line in warned:
                warnings.warn_explicit(unpacked_error(packed), None, filename, line, registry=_warned)  # type: ignore[call-overload]
            if changed is not None:
                self._note_change(*changed)
            if answered == "failed":
                error = unpacked_error(content[0])
                if isinstance(error, FeedlineError):
                    error.where = [source_told(place, self.prepared.sections) for place in error.where]
                raise error
            if answered == "unsendable":
                raise self._unsendable(task.section, unpacked_error(content[0]))
            described, tree, learnt = content
            result_tree = channel.tree_of(tree)
            lessons_fit = [
                run.learn(self._nodes[which], channel.tree_of(numbered), dtypes) for which, numbered, dtypes in learnt
            ]
            if all(lessons_fit):
                assert memory is not None
                return read_block(described, memory, result_tree)
            # The elements differ from those that other workers have had. Told of these, this one says so itself.
            worker.knows = None

    def _note_change(self, number: int, what: str) -> None:
        """Notes that a function has changed what it refers to, which other processes do not see."""
        told = f"{self._nodes[number].label()} changes what it refers to ({what}), of which each process has a copy"
        self._note(number, told, "its results may depend on how many there are")

    def _note_change_here(self, number: int, what: str) -> None:
        """Notes that this process has changed what a function refers to, which other processes do not see."""
        told = f"what {self._nodes[number].label()} refers to has changed meanwhile ({what})"
        self._note(number, told, "processes see that when the next iteration begins")

    def _note(self, number: int, told: str, consequence: str) -> None:
        """Warns who asked for processes, and gives them up otherwise."""
        if not self._asked:
            raise _RefusedError(told)
        warning = FeedlineWarning(f"{told}: {consequence}. Use executor='threads'.")
        origin = self._nodes[number].origin
        warnings.warn_explicit(warning, None, origin.filename, origin.line, registry=_warned)  # type: ignore[call-overload]

    def _unsendable(self, section: Section, error: BaseException) -> Exception:
        """Returns what is raised where the elements of a section cannot be sent."""
        nodes = [node for node in section.all_nodes() if node.parallel_calls is not None]
        labels = " or ".join(node.label() for node in nodes)
        what = f"the elements of {labels} cannot be sent from one process to another: {error}"
        if not self._asked:
            return _RefusedError(what)
        refused = UnpicklableError(
            what,
            where=[f"{node.label()} at {node.origin}" for node in nodes],
            fix="Return arrays, numbers, strings or datasets; or run in threads: "
            "dataset.with_options(fl.Options(executor='threads')).",
        )
        refused.__cause__ = error
        return refused

    def interrupt(self) -> None:
        """Ends the workers at once."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        for worker in workers:
            worker.kill()

    def close(self) -> None:
        """Gives the workers back; those at work follow once they are done, or have taken too long."""
        with self._lock:
            self._closed = True
            idle = []
            while not self._idle.empty():
                idle.append(self._idle.get_nowait())
            self._idle.put(None)  # whoever waits for a worker waits no longer
            self._workers = [worker for worker in self._workers if worker not in idle]
            self._pool.abandon(self._workers)
        for worker in idle:
            if worker is not None:
                self._pool.give_back(worker)
