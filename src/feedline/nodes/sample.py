"""sample_from_datasets and choose_from_datasets: elements of several datasets, mixed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import ArgumentError
from feedline.nodes.base import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Node
from feedline.nodes.concatenate import check_same_kind
from feedline.nodes.streamed import StreamedNode
from feedline.random import Stream, mix_all
from feedline.structure import flatten, merge_specs

if TYPE_CHECKING:
    from feedline.run.context import Run

_END = object()


@dataclass(frozen=True, eq=False)
class Mixture(StreamedNode):
    """What the two share: several inputs, of which each turn chooses one.

    Args:
        stop_on_empty: whether the end of one input is the end of all.
    """

    stop_on_empty: bool

    def inputs(self) -> tuple[Node, ...]:
        """Returns the nodes that elements come from."""
        return self.parents

    def _probe(self) -> Any:
        flat = [flatten(node.spec()) for node in self.inputs()]
        leaves = flat[0][0]
        for other in flat[1:]:
            check_same_kind(flat[0], other)
            leaves = [merge_specs(a, b) for a, b in zip(leaves, other[0], strict=True)]
        return flat[0][1].unflatten(leaves)

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        with ExitStack() as stack:
            streams = [stack.enter_context(closing(run.elements(node, epoch))) for node in self.inputs()]
            empty: set[int] = set()
            with closing(self.choices(empty, epoch, run)) as choices:
                for choice in choices:
                    element = _END if choice in empty else next(streams[choice], _END)
                    if element is not _END:
                        yield element
                        continue
                    empty.add(choice)
                    if self.stop_on_empty or len(empty) == len(streams):
                        return

    def choices(self, empty: set[int], epoch: int, run: Run) -> Iterator[int]:
        """Returns which input each element comes from; `empty` are those that have no more."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Sample(Mixture):
    """Each element comes from an input drawn at random.

    Args:
        weights: how often each input is drawn; None where the last parent gives the weights of each draw.
        seed: the seed.
        rerandomize: whether each epoch draws anew.
    """

    weights: tuple[float, ...] | None
    seed: int
    rerandomize: bool

    name = "sample_from_datasets"

    def inputs(self) -> tuple[Node, ...]:
        return self.parents if self.weights is not None else self.parents[:-1]

    def choices(self, empty: set[int], epoch: int, run: Run) -> Iterator[int]:
        draws = Stream(mix_all(self.seed, epoch if self.rerandomize else 0))
        if self.weights is not None:
            while (choice := _drawn(np.array(self.weights), empty, draws)) is not None:
                yield choice
            return
        with closing(run.elements(self.parents[-1], epoch)) as changing:
            for weights in changing:
                choice = _drawn(np.array(weights, np.float64), empty, draws)
                if choice is None:
                    return
                yield choice

    def cardinality(self) -> int:
        weights = self.weights or (1.0,) * len(self.inputs())
        lengths = [node.cardinality() for node, weight in zip(self.inputs(), weights, strict=True) if weight > 0]
        if self.weights is None:
            return UNKNOWN_CARDINALITY
        if self.stop_on_empty:
            if all(length == INFINITE_CARDINALITY for length in lengths):
                return INFINITE_CARDINALITY
            return lengths[0] if len(lengths) == 1 else UNKNOWN_CARDINALITY
        if INFINITE_CARDINALITY in lengths:
            return INFINITE_CARDINALITY
        return UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in lengths else sum(lengths)


def _drawn(weights: np.ndarray, empty: set[int], draws: Stream) -> int | None:
    weights[list(empty)] = 0
    bounds = np.cumsum(weights)
    if bounds[-1] <= 0:
        return None
    return int(np.searchsorted(bounds, draws.random() * bounds[-1], side="right"))


@dataclass(frozen=True, eq=False)
class Choose(Mixture):
    """Each element comes from the input that the last parent's element names."""

    name = "choose_from_datasets"

    def inputs(self) -> tuple[Node, ...]:
        return self.parents[:-1]

    def choices(self, empty: set[int], epoch: int, run: Run) -> Iterator[int]:
        count = len(self.inputs())
        with closing(run.elements(self.parents[-1], epoch)) as choices:
            for position, choice in enumerate(choices):
                if not 0 <= int(choice) < count:
                    raise ArgumentError(
                        f"choice {position} is {int(choice)}, with {count} datasets.",
                        fix=f"Give numbers from 0 to {count - 1}.",
                        where=[f"element {position} of choice_dataset"],
                    )
                yield int(choice)
