"""FL308 and FL309: epochs without an end, and caches that never see theirs."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
import types
from collections.abc import Iterator
from dataclasses import replace

from feedline.check.context import Context
from feedline.check.families.order.steps import between
from feedline.check.finding import Finding
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.nodes.base import INFINITE_CARDINALITY, BlockNode, Node
from feedline.nodes.cache import Cache
from feedline.nodes.repeat import Repeat
from feedline.nodes.snapshot import Snapshot
from feedline.nodes.take import Take
from feedline.sources.generator import Generator


class InfiniteWithoutSteps(Rule):
    """The dataset has no end, and nothing says where an epoch ends."""

    code = "FL308"
    name = "infinite-without-steps"
    severity = "hint"
    why = "fit would never come to the end of the first epoch: no validation, no checkpoint, no end."

    def check(self, context: Context) -> Iterator[Finding]:
        yield from self._of(context)
        other = context.against
        # Who says the steps of an epoch to `check`, which does not ask for those of validation, knows of them.
        if other is not None and (context.in_fit or context.steps_per_epoch is None):
            for finding in self._of(other):
                yield replace(finding, message=finding.message.replace("the dataset has", f"the {other.use} data have"))

    def _of(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        if context.steps_per_epoch is not None:
            return
        endless = _endless_step(plan)
        if endless is None:
            return
        steps = plan.length()
        argument = "steps_per_epoch" if context.trains else "validation_steps"
        fix = f"Give fit {argument}={steps}" if steps is not None else f"Give fit {argument}, the batches of an epoch"
        if isinstance(endless, Repeat):
            fix += f", or leave out {written(endless)}: fit begins anew each epoch by itself"
        yield self.finding(
            "the dataset has no end" + (f", and {argument} is not given." if context.in_fit else "."),
            seen=f"one turn of it has {steps:,} batches" if steps is not None else "",
            at=endless,
            fix=fix + ".",
            severity="error" if context.in_fit else "hint",
        )


class CacheNeverFull(Rule):
    """A cache whose last element is never asked for: it never becomes complete, and is never used."""

    code = "FL309"
    name = "cache-never-full"
    severity = "warning"
    why = (
        "The cache of a stream serves only once all of it has passed: each epoch reads and computes everything anew, "
        "and the memory is taken for nothing."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        for cache in plan.of(Cache, Snapshot):
            if cache.indexed:
                continue
            if cache.parents[0].cardinality() == INFINITE_CARDINALITY or _endless_step(Plan(cache.parents[0])):
                yield self.finding(
                    f"{cache.label()} keeps what never ends: it only grows.",
                    seen=f"{cache.parents[0].label()} gives elements without end",
                    at=cache,
                    fix=f"Move {written(cache)} in front of what repeats.",
                    severity="error",
                )
                continue
            for take in plan.of(Take):
                steps = between(cache, take) if plan.is_before(cache, take) else None
                if steps is None or not _cuts_short(cache, take, steps, plan):
                    continue
                yield self.finding(
                    f"{take.label()} ends each epoch before {cache.label()} is full.",
                    at=take,
                    where=[f"{cache.label()} at {cache.origin}"],
                    fix=f"Write {written(take)} in front of {written(cache)}.",
                )


def _cuts_short(cache: Node, take: Take, steps: list[Node], plan: Plan) -> bool:
    """Says whether a take ends before the end of a cache's elements."""
    if take.count < 0 or any(isinstance(node, Repeat) for node in steps):
        return False
    length = plan.length(cache)
    wanted = take.count
    for node in reversed(steps):
        if isinstance(node, BlockNode):
            wanted *= node.group
    return length is None or wanted < length


def _endless_step(plan: Plan) -> Node | None:
    """Returns the step that makes a dataset endless; None where it has an end, as far as can be told."""
    if plan.last.cardinality() == INFINITE_CARDINALITY:
        endless = [node for node in plan.nodes if node.cardinality() == INFINITE_CARDINALITY]
        return endless[0] if endless else plan.last
    if plan.last.cardinality() >= 0:
        return None
    node = plan.last
    while len(node.parents) == 1:
        if isinstance(node, Take) and node.count >= 0:
            return None
        if node.name in ("take_while", "assert_cardinality"):
            return None
        if isinstance(node, Repeat) and node.count < 0:
            return node
        node = node.parents[0]
    if isinstance(node, Generator) and _never_returns(node, plan):
        return node
    return None


def _never_returns(node: Generator, plan: Plan) -> bool:
    """Says whether a generator goes on for ever, as far as its code tells: `while True` with no way out."""
    if not callable(node.function):
        return isinstance(node.function, itertools.count | itertools.cycle)
    codes = [code for facts in plan.functions(node) for code in facts.codes]
    generators = [code for code in codes if code.co_flags & inspect.CO_GENERATOR]
    return any(_loops_for_ever(code) for code in generators[:1])


def _loops_for_ever(code: types.CodeType) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError, TypeError):
        return False
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == code.co_name]
    return any(_is_endless(statement) for function in functions for statement in function.body)


def _is_endless(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.With):
        return any(_is_endless(each) for each in statement.body)
    if not isinstance(statement, ast.While):
        return False
    if not (isinstance(statement.test, ast.Constant) and statement.test.value):
        return False
    leaves = [each for each in ast.walk(statement) if isinstance(each, ast.Return | ast.Raise)]
    return not leaves and not any(_breaks(each) for each in statement.body)


def _breaks(statement: ast.AST) -> bool:
    """Says whether a statement of a loop breaks out of that loop: a loop within it keeps its breaks to itself."""
    if isinstance(statement, ast.Break):
        return True
    if isinstance(statement, ast.While | ast.For | ast.FunctionDef | ast.ClassDef):
        return any(_breaks(each) for each in getattr(statement, "orelse", []))
    return any(
        _breaks(each) for each in ast.iter_child_nodes(statement) if isinstance(each, ast.stmt | ast.excepthandler)
    )
