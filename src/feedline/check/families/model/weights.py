"""FL508: sample weights: their shape, their values, and their place in the elements."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.families.model.given import Given, Part, Shape
from feedline.check.families.model.label_rows import range_of, told
from feedline.check.families.model.model_rule import ModelRule
from feedline.check.families.model.targets import Target, aligned, equal, targets_of
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts

_MOST_WEIGHTS = 1000.0
"""Whole numbers beyond this are no class numbers that have come in the place of weights."""


class SampleWeights(ModelRule):
    """The sample weights have another shape than the losses, are negative or all 0, or are in the labels' place."""

    code = "FL508"
    name = "sample-weights"
    severity = "error"
    needs = ("model",)
    why = (
        "Weights multiply the loss of each element: negative ones teach the opposite of the labels, zeros teach "
        "nothing, and those of another shape weigh other elements than their own, or end training with an error."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        told_of: set[str] = set()
        for target in targets_of(model, given):
            weight = target.weight
            if in_each_others_place(target) and target.part is not None and weight is not None:
                yield self._exchanged(target, target.part, weight, given)
            elif weight is not None and weight.is_number and weight.name not in told_of:
                for finding in self._of(target, weight, given):
                    told_of.add(weight.name)
                    yield finding

    def _exchanged(self, target: Target, part: Part, weight: Part, given: Given) -> Finding:
        return self.finding(
            "the sample weights come second and the labels third: Keras takes (x, y, sample_weight).",
            seen=f"{part.told}, with fractions; {weight.told}, whole numbers; the loss is {target.loss.name}",
            at=given.step("y"),
            fix=f"Exchange them: .map(lambda x, w, y: (x, y, w)){given.in_front}.",
        )

    def _of(self, target: Target, weight: Part, given: Given) -> Iterator[Finding]:
        bounds = range_of(weight)
        if bounds is not None and bounds[0] < 0:
            yield self.finding(
                "some sample weights are negative.",
                seen=f"{weight.told}, {told(bounds[0])} to {told(bounds[1])}; looked at {given.context.seen()}",
                at=given.step(),
                where=weight.where(lambda value: value < 0),
                fix=f"Leave them at 0: {given.written_map(weight, 'np.maximum({}, 0)')}.",
                severity="warning",  # the gradient of a policy is weighed so on purpose
            )
        elif bounds == (0, 0) and given.context.sample.count > 1:
            yield self.finding(
                "all sample weights that were looked at are 0.",
                seen=f"{weight.told}; looked at {given.context.seen()}",
                at=given.step(),
                fix="Give each element the weight that it is to count with, 1 where all are to count alike.",
                severity="error" if given.context.sample.saw_all else "warning",
            )
        elif target.part is not None and target.part.shape is not None and weight.shape is not None:
            yield from self._of_shape(target, target.part.shape, weight, weight.shape, given)

    def _of_shape(self, target: Target, labels: Shape, weight: Part, shape: Shape, given: Given) -> Iterator[Finding]:
        losses = _shape_of_losses(target, labels)
        if losses is None or _fits((None, *shape), losses):
            return
        fix = "Give one weight for each element, a single number."
        if shape == labels and shape != () and target.output == (*shape, 1) and target.part is not None:
            fix = (
                "Give the labels a last dimension of 1, as the output has it, so that Keras does not take the mean "
                f"over the steps first: {given.written_map(target.part, '{}[..., None]')}."
            )
        elif shape == ():
            fix = f"Give a weight for each step, or the same one for all: {given.written_map(weight, '{}[None]')}."
        elif len(losses) > 1:
            fix = f"Give weights of the shape {losses[1:]}, one for each step."
        elif target.kind in ("sparse", "categorical", "binary") and shape[-1:] == (target.classes,):
            fix = "Give one weight for each element: the weight of its class, np.sum(weights * one_hot, axis=-1)."
        yield self.finding(
            f"an element's sample weights have the shape {shape}, and its loss {losses[1:]}.",
            seen=f"{weight.told}; {target.output_told} has the shape "
            f"{target.port.shape if target.port is not None else None}; the loss is {target.loss.name}",
            at=given.step(),
            fix=fix,
        )


def in_each_others_place(target: Target) -> bool:
    """Says whether sample weights were given as the labels, and the labels as sample weights."""
    part, weight = target.part, target.weight
    if part is None or weight is None or not part.is_float or weight.shape not in ((), (1,)) or part.shape != ():
        return False
    bounds, values = range_of(weight), part.values
    if target.kind not in ("sparse", "binary") or bounds is None or values is None or values.integer_valued:
        return False
    whole = weight.values is not None and weight.values.integer_valued and bounds[0] >= 0
    most = target.classes - 1 if target.kind == "sparse" and target.classes is not None else _MOST_WEIGHTS
    if target.kind == "binary":  # labels may be probabilities, and weights 0 and 1
        return whole and bounds == (0, 1) and (values.maximum or 0) > 1
    return whole and bounds[1] <= most and bounds[0] != bounds[1]


def _shape_of_losses(target: Target, labels: Shape) -> Shape | None:
    """Returns the shape of a batch's losses before they are weighed; None where it cannot be told."""
    output = target.output
    if not target.kind or output is None or not len(output):
        return None
    if target.kind == "sparse":
        return (None, *output[:-1])
    first, second = aligned(labels, output)
    return second[:-1] if equal(first, second) else None


def _fits(weights: Shape, losses: Shape) -> bool:
    """Says whether weights go with losses element by element, as Keras brings them together."""
    if len(weights) == len(losses) + 1 and weights[-1] == 1:
        return True
    if len(losses) == len(weights) + 1 and losses[-1] == 1:
        return True
    return len(weights) == len(losses) and all(
        a is None or b is None or a in (b, 1) for a, b in zip(weights[1:], losses[1:], strict=True)
    )
