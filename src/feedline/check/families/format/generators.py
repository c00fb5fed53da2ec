"""FL106: a generator that gives something else than its signature says."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any

from feedline import random
from feedline.check.context import Context
from feedline.check.families.format.raised import alike
from feedline.check.families.format.written_specs import written_signature
from feedline.check.finding import Finding
from feedline.check.looking import nothing_drawn
from feedline.check.rule import Rule
from feedline.errors import FeedlineError, SignatureError
from feedline.sources.converter import Converter
from feedline.sources.generator import Generator
from feedline.structure import component_names, flatten

_LOOKED_AT = 16
_SECONDS = 0.3


class GeneratorSignature(Rule):
    """A generator gives something else than its signature says."""

    code = "FL106"
    name = "generator-signature"
    severity = "error"
    needs = ("sample",)
    why = "The element cannot be brought to what was promised without other numbers: training ends with an error there."
    explains_errors = True

    def check(self, context: Context) -> Iterator[Finding]:
        errors = [error for error in context.sample.errors if isinstance(error, SignatureError)]
        for node in context.plan.of(Generator):
            place = f"{node.label()} at {node.origin}"
            mine = [error for error in errors if place in error.where]
            if mine:
                yield self._finding(context, node, mine)

    def _finding(self, context: Context, node: Generator, errors: Sequence[FeedlineError]) -> Finding:
        error = errors[0]
        elements = _first_elements(context, node)
        wrong = sum(not _fits(node, element) for element in elements)
        signed = node.treedef is not None
        signature = written_signature(elements, node.spec() if signed else None) if wrong else ""
        seen = f"{'output_signature' if signed else 'the first element'} was taken at its word"
        if wrong:
            seen = f"{wrong} of the first {len(elements)} elements {'does' if wrong == 1 else 'do'} not fit"
            seen += " output_signature" if signed else " the first one"
        fix = error.fix
        if signature:
            fix = f"Write output_signature={signature}, which is what it gives; or: {error.fix}"
        return self.finding(
            error.what,
            seen=seen,
            where=[place for place in error.where if not place.startswith(node.label())],
            at=node,
            fix=fix,
            explains=alike(errors, context),
        )


def _first_elements(context: Context, node: Generator) -> list[Any]:
    """Returns the first elements as the generator gives them."""
    found: list[Any] = []
    end = time.perf_counter() + _SECONDS
    with nothing_drawn(context.plan):
        try:
            given = node.function(*node.arguments) if callable(node.function) else node.function
            iterator = iter(given)
            for position in itertools.count():
                if position >= _LOOKED_AT or time.perf_counter() > end:
                    break
                random.enter_element(node.seed, 0, position)
                found.append(next(iterator))
        except Exception:  # its end, or an error of its own, which is told elsewhere
            return found
        if hasattr(iterator, "close"):
            iterator.close()
    return found


def _fits(node: Generator, element: Any) -> bool:
    """Says whether an element is what the signature, or the first element where there is none, says."""
    try:
        treedef = node.treedef if node.treedef is not None else flatten(node.spec())[1]
        specs = node.specs if node.specs is not None else flatten(node.spec())[0]
        leaves = treedef.flatten_up_to(element)
        for spec, name, leaf in zip(specs, component_names(treedef), leaves, strict=True):
            Converter(spec, name, node.treedef is not None)(leaf)
    except (FeedlineError, ValueError, TypeError):
        return False
    return True
