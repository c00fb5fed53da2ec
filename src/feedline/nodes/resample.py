"""rejection_resample: elements are left out at random, so that classes come in other proportions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, FeedlineError
from feedline.nodes.arity import called, check_arity, function_name
from feedline.nodes.base import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Failure
from feedline.nodes.streamed import StreamedNode, arguments_of, call_user, first_element
from feedline.random import Stream, mix_all
from feedline.structure import as_component, component_dtype, component_shape, spec_of

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class RejectionResample(StreamedNode):
    """Gives (class, element), elements of a class with a chance that brings about the target distribution.

    An element of class c stays with the chance (target[c] / initial[c]) / max(target / initial). Where the initial
    distribution is not given, it is the one of the elements so far, every class counted once beforehand.

    Args:
        class_function: from element to class, a whole number.
        target: the distribution that is wanted.
        initial: the distribution of the parent; None to measure it.
        seed: the seed.
    """

    class_function: Callable[..., Any]
    target: tuple[float, ...]
    initial: tuple[float, ...] | None
    seed: int

    name = "rejection_resample"

    def check_parents(self) -> None:
        check_arity(self.class_function, self)

    def label(self) -> str:
        return f"rejection_resample({function_name(self.class_function)})"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        return length if length == INFINITE_CARDINALITY or self.initial == self.target else UNKNOWN_CARDINALITY

    def learn_spec(self) -> Any:
        from feedline.run.context import Run

        element = first_element(self.parents[0], Run(keeps=False))
        return spec_of(self._class(element, 0, 0)), self.parents[0].spec()

    def gives_ragged_rows(self) -> bool | None:
        return self.parents[0].gives_ragged_rows()

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        target = np.array(self.target)
        counts = np.ones(len(target)) if self.initial is None else np.array(self.initial)
        draws = Stream(mix_all(self.seed, epoch))
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                if isinstance(element, Failure):
                    yield element
                    continue
                try:
                    which = self._class(element, epoch, position)
                except FeedlineError as error:
                    yield Failure(error)
                    continue
                if self.initial is None:
                    counts[which] += 1
                with np.errstate(divide="ignore", invalid="ignore"):
                    wanted = np.where(target > 0, target * counts.sum() / counts, 0.0)
                if draws.random() * wanted.max() < wanted[which]:
                    yield which, element

    def _class(self, element: Any, epoch: int, position: int) -> Any:
        """Returns an element's class, in the dtype that the user's function gives it."""
        value = call_user(self.class_function, arguments_of(element), self, epoch, position, self.seed)
        which = as_component(value)
        if component_shape(which) != () or component_dtype(which).kind not in "iu":
            raise DtypeError(
                f"{called(self.class_function)} returned {value!r:.60} where a class number is needed.",
                fix="Return a single integer.",
                where=[f"element {position}"],
            )
        if not 0 <= int(which) < len(self.target):
            raise ArgumentError(
                f"{called(self.class_function)} returned class {int(which)}, with {len(self.target)} classes in "
                "target_dist.",
                fix=f"Return numbers from 0 to {len(self.target) - 1}.",
                where=[f"element {position}"],
            )
        return which
