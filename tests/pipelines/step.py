"""A step of a random pipeline: a piece of code that either library runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pipelines import functions
from pipelines.elements import map_leaves


@dataclass(frozen=True)
class Step:
    """One step of a pipeline.

    Args:
        kind: what it does, in a word.
        code: an expression of the dataset `ds` and the library `lib`.
        words: what else decides which elements it can be used on.
    """

    kind: str
    code: str
    words: tuple[str, ...] = ()

    def for_spec(self, spec: Any) -> Step:
        """Returns the step with its arguments in the structure of the elements, where they must have it."""
        return self


@dataclass(frozen=True)
class Padded(Step):
    """padded_batch, or bucket_by_sequence_length, with shapes and values in the structure of the elements.

    Args:
        grow: by how much each padded length is longer than the element's, plus one; 0 for None; None for no shapes.
        values: a padding value for each component; None for none.
    """

    grow: tuple[int, int] | None = None
    values: tuple[int | None, int | None] | None = None

    def for_spec(self, spec: Any) -> Step:
        shapes = None if self.grow is None else map_leaves(lambda leaf: _padded_shape(leaf, self.grow), spec)
        given = iter(self.values or ())
        values = None if self.values is None else map_leaves(lambda leaf: _padding_value(leaf, next(given, None)), spec)
        return Step(self.kind, self.code.format(shapes=repr(shapes), values=repr(values)), self.words)


def _padded_shape(leaf: Any, grow: tuple[int, int]) -> list[int | None] | None:
    if type(leaf).__name__ != "TensorSpec" or leaf.shape.rank is None:
        return None
    by = (*grow, 1, 1, 1)
    return [
        None if by[axis] == 0 else (2 if length is None else length) + by[axis] - 1
        for axis, length in enumerate(leaf.shape)
    ]


def _padding_value(leaf: Any, value: int | None) -> Any:
    if value is None or type(leaf).__name__ != "TensorSpec":
        return None
    return "pad" if leaf.dtype.name == "string" else leaf.dtype.as_numpy_dtype(value)


def run(lib: Any, step: Step, dataset: Any = None) -> Any:
    """Returns the dataset with one step more."""
    return eval(step.code, {**vars(functions), "lib": lib, "ds": dataset})


def code_of(steps: Sequence[Step]) -> str:
    """Returns a pipeline as a program: run in `tests/`, with the library of one's choice."""
    lines = [f"ds = {step.code}" for step in steps]
    head = ["from pipelines.functions import *", "from pipelines.libraries import Fl as lib  # or lib = tensorflow()"]
    return "\n".join([*head, *lines, "print(ds.element_spec, ds.cardinality(), *ds, sep='\\n')"])


def drawn(kind: str, code: str, *arguments: Any, words: Any = lambda *drawn: ()) -> st.SearchStrategy[Step]:
    """Returns a strategy of steps: the arguments that are drawn fill the places in the code."""
    values = st.tuples(*(_strategy(argument) for argument in arguments))
    return values.map(lambda chosen: Step(kind, code.format(*chosen), tuple(words(*chosen))))


def _strategy(argument: Any) -> st.SearchStrategy:
    return argument if isinstance(argument, st.SearchStrategy) else st.sampled_from(argument)
