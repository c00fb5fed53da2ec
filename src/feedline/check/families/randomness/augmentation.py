"""FL601 and FL602: augmentation that a cache freezes, and augmentation of validation data."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.elements import digest
from feedline.check.families.order.steps import freezing
from feedline.check.families.randomness.drawing import (
    augmentations,
    changes_arrays,
    is_multiplied,
    largest_change,
    names_of,
    of_elements,
    only_augments,
    random_maps,
)
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.check.trials import Trial
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.structure import component_dtype, component_shape


class AugmentationBeforeCache(Rule):
    """Random augmentation stands in front of what keeps the elements of the first epoch."""

    code = "FL601"
    name = "augmentation-before-cache"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Each element is augmented once, in the first epoch, and then is the same for ever: the model learns these "
        "few variants by heart, as if there were no augmentation."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        if not context.trains:
            return
        maps = [node for node in plan.maps if freezing(node, None, plan) is not None]
        if not maps:
            return
        found = random_maps(context)
        behind = any(freezing(node, None, plan) is None for node, _ in found)
        for node, trial in found:
            keeper = freezing(node, None, plan)
            facts = plan.functions(node)
            if keeper is None or is_multiplied(plan, node) or not (augmentations(facts) or changes_arrays(trial)):
                continue
            yield self.finding(
                f"{keeper.label()} keeps what {node.label()} made of each element in the first epoch.",
                seen=f"{of_elements(trial, trial.differing())} come out differently when they are made anew"
                + _by(trial)
                + f" (it draws with {names_of(facts)}); behind {keeper.label()} they are the same in every epoch",
                at=node,
                where=[f"{keeper.label()} at {keeper.origin}"],
                fix=_move_behind(node, keeper, trial),
                severity="hint" if behind else "warning",
            )


def _by(trial: Trial) -> str:
    change = largest_change(trial)
    return f", {change}" if change else ""


def _move_behind(node: Map, keeper: Node, trial: Trial) -> str:
    if keeper.name == "split_dataset":
        return f"Write {written(node)} behind the split, on the part that is trained on."
    if only_augments(trial):
        return f"Move {written(node)} behind {written(keeper)}."
    return (
        f"Split the function of {written(node)} in two: what is not random stays in front of {written(keeper)}, what "
        "is random goes into a .map(...) behind it."
    )


class AugmentationInValidation(Rule):
    """Validation data are changed at random."""

    code = "FL602"
    name = "augmentation-in-validation"
    severity = "warning"
    needs = ("sample",)
    why = (
        "The score is then of other, harder images than those the model will meet, and another one in each epoch: "
        "early stopping and the choice of a model follow the noise."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        validation = context if context.use == "validation" else context.against
        if validation is None or validation.use != "validation" or validation.sample.not_looked_at:
            return
        plan = validation.plan
        shared = {node for node in plan.maps if context.against is validation and node in context.plan.nodes}
        for node, trial in random_maps(validation):
            if not _is_augmentation(validation, node, trial):
                continue
            facts = plan.functions(node)
            yield self.finding(
                f"the validation data are changed at random by {node.label()}.",
                seen=f"{of_elements(trial, trial.differing())} come out differently when they are made anew"
                + _by(trial)
                + f"; it draws with {names_of(facts)}",
                at=node,
                fix=_leave_out(node, trial, node in shared),
            )


def _is_augmentation(context: Context, node: Map, trial: Trial) -> bool:
    """Says whether what a map draws is augmentation of labelled data, and not the task itself: noise that a model is
    to take away, tokens that it is to guess, two views of one image.
    """
    if not context.sample.elements.labels or _targets_stay(trial):
        return False
    if augmentations(context.plan.functions(node)):
        return True
    labels = context.labels
    roles = [role for _, _, role in trial.result_names]
    only_inputs = all(roles[index] in ("x", None) for index in trial.changing)
    return labels is not None and only_inputs and changes_arrays(trial) and only_augments(trial)


def _targets_stay(trial: Trial) -> bool:
    """Says whether an input is changed while a label of the same shape is not: the clean image that is wanted."""
    first = trial.tried[0]
    kinds = [(component_dtype(value), component_shape(value)) for value in first.first]
    roles = [role for _, _, role in trial.result_names]
    for index, role in enumerate(roles):
        if role != "y" or index in trial.changing or not kinds[index][1]:
            continue
        if any(kinds[other] == kinds[index] for other in trial.changing):
            return True
        if any(digest(first.first[index]) == digest(given) for given in first.given[:1]):
            return True
    return False


def _leave_out(node: Map, trial: Trial, is_shared: bool) -> str:
    if is_shared:
        return f"Make the two datasets first, and write {written(node)} only on the one that is trained on."
    if only_augments(trial):
        return f"Leave {written(node)} out of the validation data."
    return (
        f"Split the function of {written(node)} in two, and leave the part that is random out of the validation data."
    )
