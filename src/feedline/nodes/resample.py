"""rejection_resample: elements are left out at random, so that classes come in other proportions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError
from feedline.nodes.map import called
from feedline.nodes.streamed import StreamedNode, arguments_of, call_user
from feedline.random import Stream, mix_all

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

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        target = np.array(self.target)
        counts = np.ones(len(target)) if self.initial is None else np.array(self.initial)
        draws = Stream(mix_all(self.seed, epoch))
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                value = call_user(self.class_function, arguments_of(element), self, epoch, position, self.seed)
                which = self._class(value)
                if self.initial is None:
                    counts[which] += 1
                with np.errstate(divide="ignore", invalid="ignore"):
                    wanted = np.where(target > 0, target * counts.sum() / counts, 0.0)
                if draws.random() * wanted.max() < wanted[which]:
                    yield np.asarray(value)[()], element

    def _class(self, value: Any) -> int:
        array = np.asarray(value)
        if array.ndim or array.dtype.kind not in "iu":
            raise DtypeError(
                f"{called(self.class_function)} returned {value!r:.60} where a class number is needed.",
                fix="Return a single integer.",
            )
        if not 0 <= int(array) < len(self.target):
            raise ArgumentError(
                f"{called(self.class_function)} returned class {int(array)}, with {len(self.target)} classes in "
                "target_dist.",
                fix=f"Return numbers from 0 to {len(self.target) - 1}.",
            )
        return int(array)
