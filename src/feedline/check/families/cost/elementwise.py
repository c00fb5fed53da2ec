"""FL408: work that is done for each element by itself and could be done for a whole block."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

from feedline.check.context import Context
from feedline.check.families.cost.spent import bytes_in_words, spent
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.nodes.arity import called
from feedline.nodes.batch import GroupNode
from feedline.nodes.map import Map
from feedline.plan.vectorise import why_not

_CHEAP_SECONDS = 0.2e-3
"""An element that takes longer has work of its own."""

_WORTH_BATCH_SECONDS = 0.25e-3
_SECONDS_A_BYTE = 6e-9
"""What takes longer for each byte that goes in or comes out, has done more than go through its arrays some ten times.
"""

_DEAR_MODULES = ("numpy.fft", "numpy.linalg", "numpy.random")

_AS_BATCHES = {
    "parse_single_example": "fl.io.parse_example(records, features)",
    "parse_single_sequence_example": "fl.io.parse_sequence_example(records, ...)",
    "decode_csv": "fl.io.decode_csv(lines, record_defaults)",
    "decode_raw": "fl.io.decode_raw(records, out_type)",
}
"""Functions that take a batch, for those that take one element."""

_MENDED = {
    "it branches or loops": "choose between values with np.where instead of if, and write loops as one expression of "
    "NumPy's",
    "it changes a value in place": "make a new array, as in x = x + 1, instead of changing one",
    "it makes a function": "define the inner function outside of it",
    "it imports a module": "import the module at the top of the file",
}
_MENDED_OTHERWISE = "use functions of NumPy and feedline on whole arrays, and nothing that may change"


class ElementByElement(Rule):
    """A cheap function is called for each element, since it cannot be run on blocks as it is written."""

    code = "FL408"
    name = "element-by-element"
    severity = "hint"
    needs = ("sample",)
    why = (
        "A call for each element takes longer than the work itself. feedline runs a function on whole blocks where its "
        "code proves that the results are the same."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        for node in context.plan.maps:
            reason = runs_singly(node, context)
            cost = spent(node, context)
            if not reason or cost is None:
                continue
            yield self.finding(
                f"{node.label()} is called for each element by itself: {reason}.",
                seen=f"{cost.in_words()}, for arrays of {bytes_in_words(_bytes_of_one(node, context))}",
                at=node,
                fix=_fix(node, reason, context),
            )


def runs_singly(node: Map, context: Context) -> str:
    """Returns why a map's function is called for each element, where that is what it costs; "" where it is not."""
    cost = spent(node, context)
    if cost is None or cost.element >= _CHEAP_SECONDS or context.plan.gives_batches(node):
        return ""
    if not cost.is_worth(_WORTH_BATCH_SECONDS) or cost.element < _SECONDS_A_BYTE * _bytes_of_one(node, context):
        return ""
    return why_singly(node, context) if _computes_only(node, context) else ""


def _bytes_of_one(node: Map, context: Context) -> float:
    """Returns how many bytes go into a map and come out of it for an element."""
    stages = (context.sample.into(node), context.sample.at(node))
    return sum(block.nbytes() / max(1, stage.count) for stage in stages for block in stage.blocks)


def _computes_only(node: Map, context: Context) -> bool:
    """Says whether a function only calls what can be done for a block as well: no files, codecs, other libraries."""
    values = (value for facts in context.plan.functions(node) for _, value in facts.references)
    return all(_is_of_arrays(value) for value in values if callable(value) or isinstance(value, types.ModuleType))


def _is_of_arrays(value: Any) -> bool:
    if isinstance(value, types.ModuleType):
        module, name = value.__name__, ""
    else:
        module, name = getattr(value, "__module__", None) or type(value).__module__, getattr(value, "__name__", "")
    library = module.partition(".")[0]
    if library == "feedline":
        return not name or not module.startswith("feedline.io.") or name in _AS_BATCHES
    if library == "numpy":
        return not module.startswith(_DEAR_MODULES)
    if library in sys.stdlib_module_names:
        return library in ("builtins", "math")
    return isinstance(value, types.FunctionType) and "site-packages" not in value.__code__.co_filename


def why_singly(node: Map, context: Context) -> str:
    """Returns why a map's function is called for each element; "" where it runs on blocks."""
    return why_not(node.function) or context.sample.not_on_blocks(node)


def _fix(node: Map, reason: str, context: Context) -> str:
    batch = context.plan.batch
    behind = written(batch) if isinstance(batch, GroupNode) and context.plan.is_before(node, batch) else ".batch(...)"
    names = [
        getattr(value, "__name__", "")
        for facts in context.plan.functions(node)
        for _, value in facts.references
        if getattr(value, "__module__", "") and str(value.__module__).startswith("feedline.io")
    ]
    for name in names:
        if name in _AS_BATCHES:
            return f"Move {written(node)} behind {behind}, and have it take whole batches with {_AS_BATCHES[name]}."
    mended = _MENDED.get(reason, _MENDED_OTHERWISE)
    return f"In {called(node.function)}, {mended}; or move {written(node)} behind {behind} and have it take batches."
