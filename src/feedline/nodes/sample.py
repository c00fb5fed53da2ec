"""sample_from_datasets and choose_from_datasets: elements of several datasets, mixed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, FeedlineError, UnequalLengthsError
from feedline.nodes.base import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Failure, Node, countable
from feedline.nodes.concatenate import first_known, leaves_of_one_kind, order_as_first
from feedline.nodes.streamed import StreamedNode
from feedline.random import Stream, mix_all
from feedline.spec import TensorSpec
from feedline.structure import flatten, merge_specs

if TYPE_CHECKING:
    from feedline.run.context import Run

_END = object()
_MOST_IDLE = 1_000_000
"""How many choices may give nothing before one more is taken for a sign that none ever will."""


@dataclass(frozen=True, eq=False)
class Mixture(StreamedNode):
    """What the two share: several inputs, of which each turn chooses one.

    Args:
        stop_on_empty: whether the end of one input is the end of all.
    """

    stop_on_empty: bool

    spec_costs = False

    @cached_property
    def spec_is_free(self) -> bool:
        return all(node.spec_is_free for node in self.inputs())

    def check_parents(self) -> None:
        known = [flatten(node.spec()) for node in self.inputs() if node.spec_is_free]
        for other in known[1:]:
            leaves_of_one_kind(known[0], other)

    def inputs(self) -> tuple[Node, ...]:
        """Returns the nodes that elements come from."""
        return self.parents

    def learn_spec(self) -> Any:
        flat = [flatten(node.spec()) for node in self.inputs()]
        leaves = flat[0][0]
        for other in flat[1:]:
            others = leaves_of_one_kind(flat[0], other)
            leaves = [merge_specs(a, b) for a, b in zip(leaves, others, strict=True)]
        return flat[0][1].unflatten(leaves)

    def gives_ragged_rows(self) -> bool | None:
        return first_known(node.gives_ragged_rows() for node in self.inputs())

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        with ExitStack() as stack:
            streams = [stack.enter_context(closing(run.elements(node, epoch))) for node in self.inputs()]
            empty: set[int] = set()
            idle = 0
            with closing(self.choices(empty, epoch, run)) as choices:
                for choice in choices:
                    if isinstance(choice, Failure):
                        yield choice
                        continue
                    element = _END if choice in empty else next(streams[choice], _END)
                    if element is not _END:
                        idle = 0
                        if choice and self not in run.structures and type(element) is not Failure:
                            order_as_first(self, self.inputs()[0], flatten(element)[1], run)
                        yield element
                        continue
                    empty.add(choice)
                    if self.stop_on_empty or len(empty) == len(streams):
                        return
                    idle += 1
                    if idle == _MOST_IDLE:
                        raise ArgumentError(
                            f"the last {idle} choices were all of datasets that have no more elements.",
                            fix="Use stop_on_empty_dataset=True, or end the dataset that chooses with take(n).",
                        )

    def choices(self, empty: set[int], epoch: int, run: Run) -> Generator[int | Failure]:
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

    def choices(self, empty: set[int], epoch: int, run: Run) -> Generator[int | Failure]:
        draws = Stream(mix_all(self.seed, epoch if self.rerandomize else 0))
        if self.weights is not None:
            left = np.array(self.weights)
            while left.any():
                yield drawn(left, draws)
                left[list(empty)] = 0
            return
        with closing(run.elements(self.parents[-1], epoch)) as changing:
            for position, element in enumerate(changing):
                if isinstance(element, Failure):
                    yield element
                    continue
                try:
                    weights = as_weights(element, len(self.inputs()))
                except FeedlineError as error:
                    error.add_where(f"element {position} of the dataset of weights")
                    yield Failure(error)
                    continue
                yield drawn(weights, draws)

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
        return UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in lengths else countable(sum(lengths))


def as_weights(weights: Any, count: int) -> np.ndarray:
    """Returns weights as float64, `(count,)`.

    Raises:
        UnequalLengthsError: there are more, or fewer.
        ArgumentError: they are no weights.
    """
    try:
        array = np.array(weights, np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"the weights are {weights!r:.80}.", fix="Give a list of numbers.") from None
    if array.shape != (count,):
        raise UnequalLengthsError(
            f"the weights are of shape {array.shape} for {count} datasets.", fix="Give one number for each dataset."
        )
    if not np.isfinite(array).all() or (array < 0).any() or array.sum() <= 0:
        raise ArgumentError(f"the weights are {array.tolist()}.", fix="Give numbers of 0 or more, not all of them 0.")
    return array


def drawn(weights: np.ndarray, draws: Stream) -> int:
    """Returns a number at random, each as often as its weight says."""
    bounds = np.cumsum(weights)
    return int(np.searchsorted(bounds, draws.random() * bounds[-1], side="right"))


@dataclass(frozen=True, eq=False)
class Choose(Mixture):
    """Each element comes from the input that the last parent's element names."""

    name = "choose_from_datasets"

    def inputs(self) -> tuple[Node, ...]:
        return self.parents[:-1]

    def cardinality(self) -> int:
        endless = all(node.cardinality() == INFINITE_CARDINALITY for node in self.parents)
        return INFINITE_CARDINALITY if endless else UNKNOWN_CARDINALITY

    def check_parents(self) -> None:
        super().check_parents()
        choices = self.parents[-1]
        if choices.spec_is_free and choices.spec() != TensorSpec((), np.int64):
            raise DtypeError(
                f"choice_dataset has elements {choices.spec()}.",
                fix="Give single int64 numbers, such as Dataset.range(n).",
            )

    def choices(self, empty: set[int], epoch: int, run: Run) -> Generator[int | Failure]:
        count = len(self.inputs())
        with closing(run.elements(self.parents[-1], epoch)) as choices:
            for position, choice in enumerate(choices):
                if isinstance(choice, Failure):
                    yield choice
                elif not isinstance(choice, np.int64 | np.ndarray) or choice.shape != () or choice.dtype != np.int64:
                    yield _refused(position, DtypeError, f"is {choice!r:.60}, not one int64.", "Cast it in map.")
                elif not 0 <= int(choice) < count:
                    what = f"is {int(choice)}, with {count} datasets."
                    yield _refused(position, ArgumentError, what, f"Give numbers from 0 to {count - 1}.")
                else:
                    yield int(choice)


def _refused(position: int, kind: type[FeedlineError], what: str, fix: str) -> Failure:
    return Failure(kind(f"choice {position} {what}", fix=fix, where=[f"element {position} of choice_dataset"]))
