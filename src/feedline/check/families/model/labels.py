"""FL505, FL507 and FL511: labels against the loss that compares them with an output, and against that output."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.families.model.given import Given
from feedline.check.families.model.inputs import pairs_of
from feedline.check.families.model.model_rule import ModelRule
from feedline.check.families.model.shapes import batched_again
from feedline.check.families.model.structure import second_input_as_labels
from feedline.check.families.model.targets import targets_of
from feedline.check.families.model.verdicts import verdict_of
from feedline.check.families.model.weights import in_each_others_place
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts


class _LabelRule(ModelRule):
    """Yields the verdicts of its code: one for each output that has one."""

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        if second_input_as_labels(model, given):  # FL501 says so
            return
        if self.code == LabelShape.code and any(batched_again(given, pair) for pair in pairs_of(model, given)):
            return  # FL503 says so, and the labels have a dimension too many for the same reason
        for target in targets_of(model, given):
            verdict = verdict_of(target, given)
            # Where labels and weights have changed places, FL508 says so, and that is all that there is to mend.
            if verdict is None or verdict.code != self.code or in_each_others_place(target):
                continue
            yield self.finding(
                verdict.message,
                seen=verdict.seen,
                at=given.step("y"),
                where=verdict.where,
                fix=verdict.fix,
                severity=verdict.severity,
            )


class LabelEncoding(_LabelRule):
    """The loss takes labels in another form than they are given in."""

    code = "FL505"
    name = "label-encoding"
    severity = "error"
    needs = ("model",)
    why = (
        "A loss cannot tell what the labels mean. Keras stops with an error about shapes that does not name the cause, "
        "or goes on: the loss falls below 0 or stays where it is, and the accuracy means something else."
    )


class Classes(_LabelRule):
    """The output layer has another number of classes than the labels."""

    code = "FL507"
    name = "classes"
    severity = "error"
    needs = ("model",)
    why = (
        "A class number that the output has no place for counts as nothing on JAX, and is NaN or an error elsewhere: "
        "the loss looks well, and that class is never learnt. A softmax over one value is 1 whatever is learnt."
    )


class LabelShape(_LabelRule):
    """The labels have another shape than the output."""

    code = "FL511"
    name = "label-shape"
    severity = "error"
    needs = ("model",)
    why = (
        "Where shapes differ, subtracting repeats the one along the other: each prediction is compared with other "
        "elements' labels, nothing is raised, and the model learns their mean. Where that cannot be, training stops."
    )
