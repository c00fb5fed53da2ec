"""Context: all that rules may look at. Whatever costs something is computed when a rule first asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from feedline.check.labels import Labels, classes_of, labels_of
from feedline.check.looking import nothing_drawn
from feedline.check.model import ModelFacts
from feedline.check.plan import Plan
from feedline.check.sample import Sample
from feedline.check.trials import Trial, tried
from feedline.errors import FeedlineError
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.structure import flatten

_MOST_ORDERED = 20_000
_ORDER_SECONDS = 0.8
_TRIAL_SECONDS = 0.4

Result = TypeVar("Result")

USES = ("training", "validation")


class Context:
    """What is known of one dataset that is checked.

    Args:
        node: the last node of the dataset.
        size: how many single elements are looked at.
        seconds: for how long at the most.
        model: a Keras model, or None.
        against: the same for the dataset that it is compared with, such as the validation data; None without one.
        use: "training" or "validation": an order that is bad for the one is right for the other.
        steps_per_epoch: how many batches `fit` takes for an epoch; None where that is not known or not said.
        in_fit: whether `fit` asks, so that None above means that it was left out.
        progress: is called with how many elements have been looked at.

    Attributes:
        plan: the steps.
        sample: the elements that are looked at.
    """

    def __init__(
        self,
        node: Node,
        *,
        size: int = 512,
        seconds: float = 3.0,
        model: Any = None,
        against: Context | None = None,
        use: str = "training",
        steps_per_epoch: int | None = None,
        in_fit: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.plan = Plan(node)
        self.sample = Sample(self.plan, size, seconds, progress)
        self.model = ModelFacts(model) if model is not None else None
        self.against = against
        self.use = use
        self.steps_per_epoch = steps_per_epoch
        self.in_fit = in_fit
        self._trials: dict[Node, Trial] = {}
        self._shared: dict[Callable[..., Any], Any] = {}

    @property
    def trains(self) -> bool:
        """Whether a model is to learn from this dataset."""
        return self.use == "training"

    def forget(self) -> None:
        """Lets go of the elements that were looked at: cycles would keep hundreds of megabytes until they are found."""
        vars(self.sample).clear()
        vars(self).clear()

    def spec(self, node: Node | None = None) -> Any:
        """Returns the structure of specs of what a step gives; None where that cannot be known.

        It costs running the first element where a `map` is in between; of what can be gone through only once, it is
        told only where it costs nothing.

        Args:
            node: the step; None for the last.
        """
        node = self.plan.last if node is None else node
        if not node.spec_is_free and (self.sample.not_looked_at or self.sample.errors):
            return None
        try:
            with nothing_drawn(self.plan):
                return node.spec()
        except FeedlineError:
            return None

    def specs(self, node: Node | None = None) -> list[Any]:
        """Returns the specs of the components of what a step gives, in their order; empty where not known."""
        spec = self.spec(node)
        return [] if spec is None else flatten(spec)[0]

    @cached_property
    def labels(self) -> Labels | None:
        """The class labels of the single elements, in the order in which they are batched before any shuffle of a
        stream; None where there are none.
        """
        return labels_of(self.sample.elements, self.sample.saw_all)

    @cached_property
    def label_order(self) -> Labels | None:
        """The class labels in their order, of a stream of up to 20,000 of the first elements; else the same as
        `labels`. It is what rules about order measure.
        """
        labels = self.labels
        if labels is None:
            return None
        more = self.sample.further(labels.component, _MOST_ORDERED, _ORDER_SECONDS)
        if more is None:
            return labels
        component, whole = more
        return classes_of(component, np.arange(len(component.rows)), whole) or labels

    def trial(self, node: Map) -> Trial:
        """Returns what a map's function does to a few elements, each given to it again for the next epoch: what it
        draws, and what is random in what it returns. Empty where nothing was looked at, or no time is left.

        Args:
            node: a `map` of the plan.
        """
        known = self._trials.get(node)
        if known is None:
            known = Trial(node)
            if not self.sample.not_looked_at:
                elements = self.sample.into(node)
                with self.sample.trying(_TRIAL_SECONDS) as seconds:
                    known = tried(node, elements, self.plan.functions(node), seconds)
            self._trials[node] = known
        return known

    def once(self, make: Callable[[Context], Result]) -> Result:
        """Returns what a function makes of this context, which is computed once for all rules that ask for it.

        Args:
            make: a function of a module, which several rules share.
        """
        if make not in self._shared:
            self._shared[make] = make(self)
        return cast("Result", self._shared[make])

    @cached_property
    def length(self) -> int | None:
        """How many single elements an epoch has; None where only running all of it would tell."""
        return self.plan.length(self.plan.elements)

    def seen(self) -> str:
        """Returns how much was looked at, for `Finding.seen`: "512 of 60,000 elements"."""
        count, length = self.sample.count, self.length
        if self.sample.saw_all:
            return f"all {count:,} elements"
        return f"{count:,} of {length:,} elements" if length is not None else f"the first {count:,} elements"
