"""ModelRule: a rule that looks at what a dataset gives to a model, and at what the validation data gives to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from feedline.check.context import Context
from feedline.check.families.model.given import Given
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts
from feedline.check.rule import Rule


class ModelRule(Rule):
    """Looks at a dataset; where nothing is found also at the one that it is compared with, as validation data is.

    What has no labels, or is not batched, is no validation data.
    """

    def check(self, context: Context) -> Iterator[Finding]:
        if context.model is None:
            return
        found = list(self.findings(context.model, Given(context)))
        yield from found
        if found or context.against is None:
            return
        other = Given(context.against)
        if other.batched and other.structure_of("y") is not None:
            for finding in self.findings(context.model, other):
                yield replace(finding, message=f"in the dataset that is compared with: {finding.message}")

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        """Yields what is found.

        Args:
            model: the model.
            given: what a dataset gives to it.
        """
        raise NotImplementedError
