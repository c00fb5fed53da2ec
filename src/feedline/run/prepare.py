"""Preparing a plan for processes: what of it can be sent, and why not."""

from __future__ import annotations

import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from feedline.errors import FeedlineError, UnpicklableError, with_article
from feedline.nodes.base import Node
from feedline.run.code_pickler import modules_by_value
from feedline.run.module_variables import variables_of
from feedline.run.plan_message import functions_of, node_message, plan_message, value_message
from feedline.run.processes import SharedPlan
from feedline.run.sections import Section, must_stay, sections_of, whole_plan

_MOST_OF_SOURCE = 32 << 20
"""A source of more data in memory stays: its rows are sent as they are needed."""

_SHARE_OF_BUDGET = 4
"""A plan that takes more than this part of the memory budget is sent only where the user asked for processes."""

_LIBRARIES = tuple(filter(None, (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))))


class NotForProcessesError(Exception):
    """A plan cannot be run, or is not worth running, by processes; the text says why."""


@dataclass(frozen=True, eq=False)
class PreparedPlan:
    """A plan that can be sent.

    Args:
        sections: what of it.
        plan: the same in memory that processes share.
        staying: why functions that could run in parallel stay in this process.
    """

    sections: tuple[Section, ...]
    plan: SharedPlan
    staying: tuple[str, ...]

    @property
    def nodes(self) -> list[Node]:
        """All nodes of the sections, each once, in the order in which workers number them."""
        return list(dict.fromkeys(node for section in self.sections for node in section.all_nodes()))


def prepared_plan(node: Node, known: PreparedPlan | None, budget: int, asked: bool) -> PreparedPlan:
    """Returns what processes compute of a plan.

    Args:
        node: the last node of the plan, down to the streams below it.
        known: what was prepared before; it is used again if nothing has changed that it refers to.
        budget: how many bytes of memory a pipeline may use.
        asked: whether the user asked for processes.

    Raises:
        NotForProcessesError: there is nothing to send.
        UnpicklableError: the user asked for processes, and a function cannot be sent.
    """
    candidates = {each for section in sections_of(node, lambda each: False) for each in section.all_nodes()}
    problems: dict[Node, str] = {}
    for each in candidates:
        try:
            each.learn_of_parents()
            pickled, buffers = node_message(each)
        except FeedlineError:
            problems[each] = "what it must know of the elements is not known yet"
            continue
        except Exception as error:
            problems[each] = _problem(each, error)
            if asked and each.parallel_calls is not None:
                raise _unpicklable(each, problems[each]) from error
            continue
        if not each.parents and len(pickled) + sum(buffer.nbytes for buffer in buffers) > _MOST_OF_SOURCE:
            problems[each] = "its data stay here"
    sections = sections_of(node, lambda each: each in problems)
    staying = tuple(
        f"{each.label()}: {problem}" for each, problem in problems.items() if each.parallel_calls is not None
    )
    if not sections:
        raise NotForProcessesError("; ".join(staying) or _nothing_to_do(node))
    message = plan_message(sections)
    if not asked and message.nbytes > budget // _SHARE_OF_BUDGET:
        raise NotForProcessesError(f"its functions refer to {message.nbytes >> 20} MB, which each process would read")
    if known is not None and known.plan.digest == message.digest:
        return known
    return PreparedPlan(tuple(sections), SharedPlan(message), staying)


def _nothing_to_do(node: Node) -> str:
    nodes = whole_plan(node)
    if any(each.parallel_calls is not None and must_stay(each) for each in nodes):
        return "what could run in parallel is bound to this process"
    return "no function may run in parallel: give map() num_parallel_calls"


def _unpicklable(node: Node, problem: str) -> UnpicklableError:
    return UnpicklableError(
        f"{node.label()} cannot be sent to processes: {problem}.",
        where=[f"{node.label()} at {node.origin}"],
        fix="Make it within the function, when it is first called; or run in threads: "
        "dataset.with_options(fl.Options(executor='threads')).",
    )


def _problem(node: Node, error: Exception) -> str:
    """Says what of a node cannot be pickled."""
    for _, function in functions_of(node):
        for name, value in _referred(function):
            if not _can_be_pickled(value):
                return f"its {name} is {with_article(type(value).__name__)}, which cannot be pickled"
    return f"it cannot be pickled ({type(error).__name__}: {error})"


def _can_be_pickled(value: Any) -> bool:
    try:
        value_message(value)
    except Exception:
        return False
    return True


def _referred(function: Any, depth: int = 3) -> Iterator[tuple[str, Any]]:
    """Gives what a function refers to, innermost first, with how to call it."""
    if inspect.ismethod(function):
        yield from _attributes(function.__self__, depth)
        function = function.__func__
    if inspect.isfunction(function):
        names = inspect.getclosurevars(function)
        for name, value in {**names.nonlocals, **names.globals}.items():
            if depth and (inspect.isfunction(value) or inspect.ismethod(value)):
                yield from ((f"{inner} (in {name}())", part) for inner, part in _referred(value, depth - 1))
            elif depth and not isinstance(value, type) and not inspect.ismodule(value):
                yield from ((f"{name}.{inner}", part) for inner, part in _attributes(value, depth - 1))
            yield f"variable {name!r}", value
        for number, value in enumerate(function.__defaults__ or ()):
            yield f"default argument {number + 1}", value
    elif not isinstance(function, type):
        yield from _attributes(function, depth)


def _attributes(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth and type(value).__module__ not in ("builtins", "numpy") and hasattr(value, "__dict__"):
        for name, part in vars(value).items():
            yield f"attribute {name!r}", part


def state_digest(sections: Iterable[Section]) -> bytes:
    """Returns a digest of all that the functions of sections refer to.

    Where it changes, a function changes what it refers to: another process would change it for itself alone.
    """
    digest = hashlib.blake2b(digest_size=16)
    functions = [function for section in sections for node in section.all_nodes() for _, function in functions_of(node)]
    for function in functions:
        added = _users_module(function) - modules_by_value
        modules_by_value.update(added)
        try:
            pickled, buffers = value_message(function)
        except Exception:  # the module around it holds something else that cannot be pickled
            continue
        finally:
            modules_by_value.difference_update(added)
        digest.update(pickled)
        for buffer in buffers:
            digest.update(buffer)
    for *_, variable in variables_of(functions):
        digest.update(variable)
    return digest.digest()


def _users_module(function: Any) -> set[str]:
    """Returns the name of the module that a function is of, unless it is a library's."""
    name = getattr(function, "__module__", None)
    module = sys.modules.get(name) if isinstance(name, str) else None
    file = getattr(module, "__file__", None)
    if name is None or file is None or file.startswith(_LIBRARIES) or name.partition(".")[0] == "feedline":
        return set()
    return {name}
