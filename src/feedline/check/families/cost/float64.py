"""FL406: float64, which NumPy makes where nothing else is said, and no model computes in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements, bytes_of, described
from feedline.check.families.cost.spent import bytes_in_words
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.nodes.arity import called
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.sources.generator import Generator
from feedline.structure import flatten

_LEAST_BYTES = 256
"""Fewer bytes an element cost nothing to speak of, twice as many neither."""

_LEAST_SHARE = 0.05


class Float64(Rule):
    """The model is given float64."""

    code = "FL406"
    name = "float64"
    severity = "warning"
    needs = ("specs",)
    why = (
        "Models compute in float32: float64, NumPy's default, takes twice the memory and twice the time on the way to "
        "the model, and is cut to float32 there, or refused (as by PyTorch)."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        if context.sample.not_looked_at:
            yield from self._by_specs(context)
            return
        output = context.sample.output
        wide = [part for part in output.components if part.dtype == np.float64 and part.role != "sample_weight"]
        if not wide or _is_wanted(context) or _bytes_of_one(wide, output) < _LEAST_BYTES:
            return
        part = max(wide, key=lambda part: _bytes_of_one([part], output))
        wide = [each for each in wide if _bytes_of_one([each], output) >= _LEAST_SHARE * _bytes_of_one([part], output)]
        step = _where_made(part, context)
        each = _bytes_of_one(wide, output)
        names = " and ".join(each.name for each in wide[:3]) + (" and others" if len(wide) > 3 else "")
        seen = f"{names}: {bytes_in_words(each)} of float64 in each element, {bytes_in_words(each / 2)} as float32"
        if context.length is not None:
            seen += f"; {bytes_in_words(each * context.length)} in each epoch of {context.length:,} elements"
        yield self.finding(
            f"{names} {'is' if len(wide) == 1 else 'are'} float64.",
            seen=seen,
            at=step,
            fix=_fix(step, part, context),
        )

    def _by_specs(self, context: Context) -> Iterator[Finding]:
        """Tells of what the specs show: of what cannot be looked at, they are all there is."""
        node = context.plan.elements
        spec = context.spec(node)
        if spec is None or _is_wanted(context):
            return
        specs, treedef = flatten(spec)
        named = zip(described(treedef), specs, strict=True)
        wide = [
            (name, bytes_of(each) or 0)
            for (name, _, role), each in named
            if getattr(each, "dtype", None) == np.float64 and role != "sample_weight"
        ]
        each = sum(size for _, size in wide)
        if each < _LEAST_BYTES:
            return
        names = " and ".join(name for name, _ in wide[:3]) + (" and others" if len(wide) > 3 else "")
        source = context.plan.chain[0]
        yield self.finding(
            f"{names} {'is' if len(wide) == 1 else 'are'} float64.",
            seen=f"{names}: {bytes_in_words(each)} of float64 in each element, {bytes_in_words(each / 2)} as float32, "
            "by the specs",
            at=node,
            fix="Have the generator yield float32, x.astype(np.float32), and give dtype float32 in the signature."
            if isinstance(source, Generator)
            else "Make it float32 where it comes from, such as by .astype(np.float32).",
        )


def _is_wanted(context: Context) -> bool:
    """Says whether the model's own inputs are float64."""
    inputs = context.model.inputs if context.model is not None else None
    return any(port.dtype == "float64" for port in inputs or ())


def _bytes_of_one(parts: list[Component], elements: Elements) -> float:
    """Returns how many bytes components take in a single element."""
    return sum(array.nbytes for part in parts for array in part.statistics.arrays) / max(1, elements.rows)


def _where_made(part: Component, context: Context) -> Node:
    """Returns the step that made float64 of something else; the source where it is float64 from the beginning."""
    chain = context.plan.chain
    for before, step in reversed(list(itertools.pairwise(chain))):
        if isinstance(step, Map) and not any(each.dtype == np.float64 for each in context.sample.at(before).components):
            return step
    return chain[0]


def _fix(step: Node, part: Component, context: Context) -> str:
    if isinstance(step, Map):
        before = context.sample.into(step).components
        whole = all(each.dtype is not None and each.dtype.kind in "iub" for each in before) and before
        example = "write fl.cast(x, fl.float32) / 255 in place of x / 255" if whole else "write x.astype(np.float32)"
        return f"Have {called(step.function)} return float32: {example}."
    if isinstance(step, Generator):
        return "Have the generator yield float32, x.astype(np.float32), and give dtype float32 in the signature."
    if not step.parents and not hasattr(step, "filenames"):
        return f'Give {step.label()} the array as float32: {part.key or "x"}.astype("float32").'
    return (
        f"Cast it as soon as it is there: .map(lambda x, y: (fl.cast(x, fl.float32), y)) behind {written(step)}."
        if part.role is not None
        else f"Cast it as soon as it is there: .map(lambda x: fl.cast(x, fl.float32)) behind {written(step)}."
    )
