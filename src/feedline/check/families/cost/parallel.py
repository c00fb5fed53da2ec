"""FL402, FL403 and FL405: nothing computed ahead of the model, cores that idle, threads that wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedline.check.context import Context
from feedline.check.families.cost.elementwise import runs_singly, why_singly
from feedline.check.families.cost.spent import WORTH_BATCH_SECONDS, WORTH_EPOCH_SECONDS, Spent, spent
from feedline.check.finding import Finding
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.nodes.arity import function_name
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.report.profile import format_seconds
from feedline.run.concurrency import INLINE, THREADS, asked_for, available_cores, concurrency_of
from feedline.run.units import split_plan

HOLDING_SHARE = 0.8
"""From here on a second thread gains next to nothing."""

_DEAR_SECONDS = 0.2e-3
"""Where an element takes less it is its calls that cost, which is FL408."""


class NoPrefetch(Rule):
    """No batch is begun before the model asks for it."""

    code = "FL402"
    name = "no-prefetch"
    severity = "hint"
    needs = ("sample",)
    why = "The model waits while each batch is made, and nothing is made while the model computes."

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        if asked_for(plan.last).executor == INLINE:
            return
        found = [(node, spent(node, context)) for node in _steps_inline(plan)]
        costs = sorted(
            ((node, cost) for node, cost in found if cost is not None and not cost.once),
            key=lambda pair: pair[1].batch,
            reverse=True,
        )
        batch = sum(cost.batch for _, cost in costs)
        known = [cost.epoch for _, cost in costs if cost.epoch is not None]
        if batch < WORTH_BATCH_SECONDS or (len(known) == len(costs) and sum(known) < WORTH_EPOCH_SECONDS):
            return
        dearest, most = costs[0]
        what = "batch" if plan.gives_batches(plan.last) else "element"
        seen = f"{format_seconds(batch)} for each {what}, of which {format_seconds(most.batch)} in "
        seen += dearest.label()
        if len(known) == len(costs):
            seen += f"; {format_seconds(sum(known))} in each epoch"
        yield self.finding(
            f"nothing is made ready ahead: each {what} is begun when the model asks for it.",
            seen=seen,
            at=dearest,
            fix=f"Write .prefetch(fl.AUTOTUNE) at the very end, behind {written(plan.last)}.",
        )


class SequentialDecode(Rule):
    """A costly `map` is computed by one core, and there are others."""

    code = "FL403"
    name = "sequential-decode"
    severity = "hint"
    needs = ("sample",)
    why = "A map without num_parallel_calls is run once at a time, in order: the other cores have nothing to do."

    def check(self, context: Context) -> Iterator[Finding]:
        cores = available_cores()
        if cores < 2 or asked_for(context.plan.last).executor == INLINE:
            return
        for node in context.plan.maps:
            cost = _cost_by_one_core(node, context)
            if cost is None or _must_be_in_order(node, context.plan) or _holds(node, context):
                continue
            decoders = _decoders(node, context.plan)
            yield self.finding(
                f"{node.label()} {'decodes' if decoders else 'is computed'} by one core of {cores}.",
                seen=cost.in_words("batch" if context.plan.gives_batches(node) else "element")
                + (f"; it calls {', '.join(decoders[:3])}" if decoders else ""),
                at=node,
                fix=f"Write {_in_parallel(node)}. The order of the elements stays the same.",
            )


class HoldsTheLock(Rule):
    """A costly function holds the interpreter's lock, and only processes could compute it by several cores."""

    code = "FL405"
    name = "holds-the-lock"
    severity = "hint"
    needs = ("sample",)
    why = (
        "Python code runs in one thread at a time, whatever the number of threads; processes have an interpreter each. "
        "feedline takes them by itself where a map has num_parallel_calls and nothing else is asked for."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        cores = available_cores()
        executor = asked_for(context.plan.last).executor
        if cores < 2 or executor == INLINE:
            return
        for node in context.plan.maps:
            cost = self._cost(node, context, executor)
            if cost is None or _must_be_in_order(node, context.plan) or not _holds(node, context):
                continue
            work = context.sample.work(node)
            assert work is not None
            yield self.finding(
                f"{node.label()} holds the interpreter's lock: threads cannot share its work.",
                seen=f"{cost.in_words('batch' if context.plan.gives_batches(node) else 'element')}; "
                f"{100 * work.holding_share:.0f} % of it is Python code; {cores} cores",
                at=node,
                fix=_processes(node, executor),
            )

    @staticmethod
    def _cost(node: Map, context: Context, executor: str | None) -> Spent | None:
        if node.num_parallel_calls is None:
            cost = _cost_by_one_core(node, context)
            return None if cost is None or runs_singly(node, context) else cost
        if executor != THREADS or node.num_parallel_calls == 1:  # else processes are taken where they give more
            return None
        cost = spent(node, context)
        return cost if cost is not None and cost.is_worth() else None


def _cost_by_one_core(node: Map, context: Context) -> Spent | None:
    """Returns what a map costs that is computed by one core, where that is worth a hint."""
    cost = spent(node, context)
    if node.num_parallel_calls is not None or cost is None or not cost.is_worth():
        return None
    return cost


def _holds(node: Map, context: Context) -> bool:
    """Says whether a map's function holds the lock nearly all of the time; False where that is not known."""
    cost = context.sample.cost(node)
    if cost is None or cost.seconds < _DEAR_SECONDS or not why_singly(node, context):
        return False
    work = context.sample.work(node)
    return work is not None and work.holding_share >= HOLDING_SHARE


def _processes(node: Map, executor: str | None) -> str:
    if node.num_parallel_calls is None:
        return f"Write {_in_parallel(node)}: processes take over where they give more."
    return (
        "Leave options.executor = 'threads' out, so that processes take over where they give more, or set it to "
        "'processes'."
    )


def _in_parallel(node: Map) -> str:
    name = function_name(node.function)
    return f".map({name if name.isidentifier() else '...'}, num_parallel_calls=fl.AUTOTUNE)"


def _decoders(node: Map, plan: Plan) -> list[str]:
    """Returns the names under which a map's function calls decoders of feedline's."""
    found = [
        name
        for facts in plan.functions(node)
        for name, value in facts.references
        if getattr(value, "__module__", None) and _is_decoder(value)
    ]
    return list(dict.fromkeys(found))


def _is_decoder(value: Any) -> bool:
    name = getattr(value, "__name__", "")
    return callable(value) and value.__module__.startswith("feedline.") and name.startswith(("decode_", "parse_"))


def _must_be_in_order(node: Map, plan: Plan) -> bool:
    """Says whether a function seems to need the elements in order, one at a time: it changes what it refers to."""
    for facts in plan.functions(node):
        if facts.foreign_random_calls or facts.generators or facts.one_shot:
            return True
        for code in facts.codes:
            if _changes_others(code):
                return True
    return False


def _changes_others(code: Any) -> bool:
    import dis

    return any(
        step.opname in ("STORE_GLOBAL", "STORE_ATTR", "DELETE_GLOBAL")
        or (step.opname == "STORE_DEREF" and step.argval in code.co_freevars)
        for step in dis.get_instructions(code)
    )


def _steps_inline(plan: Plan) -> list[Node]:
    """Returns the steps whose work begins when the consumer asks, and that a `prefetch` would have done ahead."""
    executor = asked_for(plan.last).executor
    found: dict[Node, None] = {}
    tops = [plan.last]
    while tops:
        top = tops.pop()
        section, below = _section(top)
        works = not top.indexed or any(node.works for node in section)
        if concurrency_of(top, executor).workers > 0:
            continue
        if works:
            found.update(dict.fromkeys(section))
        tops += below
    return list(found)


def _section(top: Node) -> tuple[list[Node], list[Node]]:
    """Returns the steps that are run together with one, down to the streams, and those that are run by themselves."""
    section: dict[Node, None] = {}
    below: list[Node] = []
    waiting = [top]
    while waiting:
        node = waiting.pop()
        section[node] = None
        if node.indexed or split_plan(node)[0] is not node:
            waiting += node.parents
        else:
            below += node.parents
    return list(section), below
