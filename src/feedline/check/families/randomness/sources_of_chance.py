"""FL603 and FL604: random numbers that are the same for every element, or for each worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.families.randomness.drawing import may_draw, of_elements
from feedline.check.families.randomness.source_code import (
    BuildTimeDraw,
    drawn_for,
    drawn_for_object,
    drawn_in_call,
    makers_with_constant_seed,
)
from feedline.check.finding import Finding
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.check.trials import Trial
from feedline.nodes.base import AUTOTUNE, Node
from feedline.nodes.map import Map
from feedline.origin import Origin

_FEWEST_SEEDS = 3
_LARGEST_PART = 1e-4

_GLOBALS = {"NumPy": "np.random", "Python": "random"}


class DrawnAtBuildTime(Rule):
    """A random number is drawn once, and used for every element."""

    code = "FL603"
    name = "drawn-at-build-time"
    severity = "error"
    needs = ("sample",)
    why = (
        "Every element is changed in the same way, in every epoch: that adds nothing to learn from, and shifts the "
        "training data away from what the model will meet."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        if not context.trains:
            return
        for node in context.plan.maps:
            yield from self._seeded_anew(context, node)
            yield from self._drawn_before(context, node)

    def _seeded_anew(self, context: Context, node: Map) -> Iterator[Finding]:
        """Finds functions that begin with the same seed for each element."""
        facts = context.plan.functions(node)
        stateless = any(
            "stateless_" in name and getattr(value, "__name__", "").startswith("stateless_")
            for each in facts
            for name, value in each.references
        )
        if not stateless and not may_draw(facts):
            return
        trial = context.trial(node)
        if len(trial.tried) < _FEWEST_SEEDS or not _keeps_a_shape(trial):
            return
        draws = [name for each in facts for name in each.random_calls if not name.endswith("seed")]
        for name in _seeded_alike(trial):
            if draws:
                yield self.finding(
                    f"{node.label()} sets the seed of {_GLOBALS[name]} anew for each element.",
                    seen=f"the generator ends at the same place for each of {len(trial.tried)} different elements: "
                    f"all of them had the same random numbers ({draws[0]})",
                    at=node,
                    fix=f"Leave out {_GLOBALS[name]}.seed(...), and draw with fl.random.uniform, fl.random.generator() "
                    "or fl.image.random_...: their numbers follow from the seed, the epoch and the element.",
                )
                return
        if not trial.changing:
            for function in (function for each in facts for function in each.functions):
                for call in makers_with_constant_seed(function):
                    yield self.finding(
                        f"{node.label()} makes a generator with one seed, {call}, for each element.",
                        seen=f"{of_elements(trial, len(trial.tried))} come out the same in the next epoch",
                        at=node,
                        where=[f"{call} in {function.__name__}"],
                        fix=f"Write fl.random.generator() in place of {call}: it is a NumPy generator as well, another "
                        "one for each element and epoch.",
                    )
                    return
        repeated = _same_seed(trial)
        if repeated is not None:
            function_name, seed, count = repeated
            yield self.finding(
                f"{function_name}() is given one seed for all elements.",
                seen=f"seed={seed} for each of {count} different elements",
                at=node,
                fix=f"Write {function_name.removeprefix('stateless_')}() without a seed, whose numbers follow from the "
                "element and the epoch; or make the seed of the element's own number.",
            )

    def _drawn_before(self, context: Context, node: Map) -> Iterator[Finding]:
        """Finds values that were drawn when the pipeline was built."""
        facts = context.plan.functions(node)
        functions = [function for each in facts for function in each.functions]
        found = [draw for function in functions for draw in drawn_for(function)]
        found += [draw for each in facts if each.owner is not None for draw in drawn_for_object(each.owner, functions)]
        if functions and node.origin.line:
            found += drawn_in_call(node.origin.filename, node.origin.line, functions[0])
        for draw in found:
            if not _is_one_number(draw) and not _is_added(context, node, draw.value):
                continue
            value = f" = {draw.value:.4g}" if isinstance(draw.value, float | np.floating) else ""
            yield self.finding(
                f"{node.label()} uses {draw.name}, which was drawn once, when the pipeline was built.",
                seen=f"{draw.name}{value} comes from {draw.call}: the same for every element, in every epoch",
                at=node,
                where=[str(Origin(draw.file, draw.line))],
                fix=f"Draw within the function, by fl.random.uniform(...) or fl.random.generator(): not {draw.call}.",
                severity="warning",
            )
            return


def _keeps_a_shape(trial: Trial) -> bool:
    """Says whether an array comes out in the shape of one that went in, with other values: it was changed."""
    first = trial.tried[0]
    for result in first.first:
        for given in first.given:
            shape = getattr(given, "shape", ())
            if shape and shape == getattr(result, "shape", None) and not np.array_equal(given, result):
                return True
    return any(not hasattr(given, "dtype") for given in first.given)  # made of a path or a record


def _seeded_alike(trial: Trial) -> list[str]:
    """Returns which global generators the function set to the same state for all elements."""
    names = set.intersection(*(tried.seeded for tried in trial.tried))
    return [name for name in sorted(names) if len({repr(tried.states[name]) for tried in trial.tried}) == 1]


def _same_seed(trial: Trial) -> tuple[str, str, int] | None:
    """Returns a function without a state of its own that was given one and the same seed for all elements."""
    seeds: dict[tuple[str, int], list[str]] = {}
    for tried in trial.tried:
        numbers: dict[str, int] = {}
        for call in tried.calls:
            name = call.function.__name__
            if name.startswith("stateless_") and "seed" in call.arguments:
                numbers[name] = numbers.get(name, -1) + 1
                seeds.setdefault((name, numbers[name]), []).append(_as_text(call.arguments["seed"]))
    for (name, _), given in seeds.items():
        if len(given) == len(trial.tried) and len(set(given)) == 1:
            return name, given[0], len(given)
    return None


def _as_text(seed: Any) -> str:
    try:
        return str(tuple(int(part) for part in np.asarray(seed).reshape(-1)))
    except (TypeError, ValueError):
        return str(seed)


def _is_one_number(draw: BuildTimeDraw) -> bool:
    if draw.value is None:
        return True
    value = draw.value
    if getattr(value, "shape", None) == () and hasattr(value, "dtype"):  # also an array of JAX or PyTorch
        return True
    return isinstance(value, bool | int | float | np.number | np.bool_)


def _is_added(context: Context, node: Map, value: Any) -> bool:
    """Says whether an array is what a map adds to each element: noise, as it seems, which is the same for all."""
    try:
        noise = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        return False
    trial = context.trial(node)
    return noise.ndim > 0 and len(trial.tried) >= _FEWEST_SEEDS and all(
        any(_differ_by(given, result, noise) for given in tried.given for result in tried.first)
        for tried in trial.tried
    )  # fmt: skip


def _differ_by(given: Any, result: Any, noise: np.ndarray) -> bool:
    if not isinstance(given, np.ndarray) or not isinstance(result, np.ndarray):
        return False
    if (
        given.dtype.kind not in "iuf"
        or result.dtype.kind not in "iuf"
        or not given.shape == result.shape == noise.shape
    ):
        return False
    room = _LARGEST_PART * float(np.abs(noise).max() + np.abs(given).max(initial=0))
    return bool(np.allclose(result.astype(np.float64) - given, noise, rtol=0, atol=room)) and bool(noise.any())


class SameForEachWorker(Rule):
    """Calls that run side by side draw from a generator that belongs to no element."""

    code = "FL604"
    name = "same-for-each-worker"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Threads draw in the order in which they come, so that no seed makes a run come out twice; each worker process "
        "has a copy of the generator, and gives its elements the numbers that another process gives to others."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        if not context.trains:
            return
        for node in plan.maps:
            executor = _executor(plan, node)
            if executor == "inline" or (node.num_parallel_calls in (None, 1) and executor != "processes"):
                continue
            facts = plan.functions(node)
            if not any(each.foreign_random_calls or each.generators for each in facts):
                continue
            trial = context.trial(node)
            seeded = set(_seeded_alike(trial)) if len(trial.tried) >= _FEWEST_SEEDS else set[str]()
            drawn = {_GLOBALS.get(name, name) for name in trial.drawn - {"feedline"} - seeded}
            if not drawn or not trial.changing:
                continue
            processes = executor == "processes"
            copied = processes and "a generator" in drawn
            calls = list(dict.fromkeys(name for each in facts for name in each.foreign_random_calls))
            call = calls[0] if calls else "the generator"
            asked = f"num_parallel_calls={_asked(node)}" + (', executor="processes"' if processes else "")
            yield self.finding(
                f"{node.label()} draws from {' and '.join(sorted(drawn))}, and "
                + ("each worker process has a copy of it." if copied else "several calls run at one time."),
                seen=f"{asked}, {call} in the function; {of_elements(trial, trial.differing())} come out differently "
                "when they are made anew",
                at=node,
                fix=f"Write fl.random.generator() within the function in place of {call}, or use fl.random.uniform and "
                "fl.image.random_...: their numbers follow from the seed, the epoch and the element, for any number of "
                f"workers. Or leave num_parallel_calls out of {written(node)}.",
                severity="warning" if "a generator" in drawn else "hint",
            )


def _asked(node: Map) -> str:
    return "AUTOTUNE" if node.num_parallel_calls == AUTOTUNE else str(node.num_parallel_calls)


def _executor(plan: Plan, node: Node) -> str | None:
    """Returns what the user wants to run a step with; the last options count."""
    found = [each.executor for each in plan.nodes if each.executor is not None and plan.is_before(node, each)]
    return found[-1] if found else None
