"""What in a plan draws random numbers, told from the code and, where it matters, by calling it again."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.functions import FunctionFacts
from feedline.check.plan import Plan
from feedline.check.trials import Trial
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.nodes.repeat import Repeat
from feedline.structure import component_dtype, component_shape

_RANDOM_LAYERS = frozenset({"AugMix", "CutMix", "MixUp", "RandAugment", "GaussianNoise", "Dropout"})
_MOST_NAMES = 3
_SAME_SCALE = 1.25
_SAME_MEAN = 0.25


def augmentations(facts: tuple[FunctionFacts, ...]) -> list[str]:
    """Returns the names of what can only be augmentation: random image operations, feedline's and Keras'."""
    found = []
    for each in facts:
        for name in each.random_calls:
            value = next(value for known, value in each.references if known == name)
            if (getattr(value, "__module__", None) or "").startswith("feedline.image."):
                found.append(name)
        found += [type(layer).__name__ for layer in random_layers(each)]
    return list(dict.fromkeys(found))


def random_layers(facts: FunctionFacts) -> list[Any]:
    """Returns the Keras layers of random augmentation that a function refers to, also those within a model."""
    names = [(layer, type(layer).__name__) for layer in facts.layers]
    return [layer for layer, name in names if name.startswith("Random") or name in _RANDOM_LAYERS]


def may_draw(facts: tuple[FunctionFacts, ...]) -> bool:
    """Says whether a step's functions refer to anything that draws, so that a trial is worth its time."""
    return any(each.random_calls or random_layers(each) or each.generators for each in facts)


def random_maps(context: Context) -> list[tuple[Map, Trial]]:
    """Returns the maps whose results are random, as trials show: another one for the same element in the next epoch."""
    found = []
    for node in context.plan.maps:
        if may_draw(context.plan.functions(node)):
            trial = context.trial(node)
            if trial.changing:
                found.append((node, trial))
    return found


def changes_arrays(trial: Trial) -> bool:
    """Says whether a map that draws is given numbers, not only what it makes data of: an index, a path, a record."""
    first = trial.tried[0]
    return any(component_dtype(value).kind in "iuf" and len(component_shape(value)) > 0 for value in first.given)


def only_augments(trial: Trial) -> bool:
    """Says whether what is random comes out as it went in, in dtype and shape: the map does nothing else."""
    first = trial.tried[0]
    kinds = [(component_dtype(value), component_shape(value)) for value in first.given]
    made = [(component_dtype(value), component_shape(value)) for value in first.first]
    return kinds == made


def keeps_scale(trial: Trial) -> bool:
    """Says whether mean and spread of what is random come out as they went in, of all elements together."""
    for index in trial.changing:
        given = np.concatenate([np.asarray(tried.given[index], np.float64).reshape(-1) for tried in trial.tried])
        made = np.concatenate(
            [np.asarray(value, np.float64).reshape(-1) for tried in trial.tried for value in (tried.first[index],
             tried.later[index])]
        )  # fmt: skip
        spread = float(given.std())
        if not spread or not 1 / _SAME_SCALE < float(made.std()) / spread < _SAME_SCALE:
            return False
        if abs(float(made.mean() - given.mean())) > _SAME_MEAN * spread:
            return False
    return True


def is_multiplied(plan: Plan, node: Node) -> bool:
    """Says whether each element reaches a step several times in an epoch: each time it is augmented anew."""
    before = plan.before(node)
    if any(isinstance(each, Repeat) and each.count not in (0, 1) for each in before):
        return True
    codes = [code for each in before for facts in plan.functions(each) for code in facts.codes]
    return any("repeat" in code.co_names for code in codes)


def names_of(facts: tuple[FunctionFacts, ...]) -> str:
    """Returns the names of what draws in a step's functions, as they stand in the code."""
    names = augmentations(facts)
    names += [name for each in facts for name in each.random_calls if name not in names]
    names = [name for name in dict.fromkeys(names) if not name.startswith("self")] or names
    return ", ".join(names[:_MOST_NAMES]) + (" and others" if len(names) > _MOST_NAMES else "")


def of_elements(trial: Trial, count: int) -> str:
    """Returns "7 of 12 elements"."""
    return f"{count} of {len(trial.tried)} element{'' if len(trial.tried) == 1 else 's'}"


def largest_change(trial: Trial) -> str:
    """Returns by how much a random component changed at the most, such as "x by up to 0.42"; "" for no numbers."""
    for index in trial.changing:
        most = 0.0
        for tried in trial.tried:
            first, other = tried.first[index], tried.later[index]
            if not tried.differs(index) or not isinstance(first, np.ndarray | np.generic):
                continue
            if first.dtype.kind not in "iuf" or first.shape != np.shape(other) or not first.size:
                continue
            most = max(most, float(np.abs(np.asarray(other, np.float64) - np.asarray(first, np.float64)).max()))
        if most:
            return f"{trial.result_names[index][0]} by up to {most:.4g}"
    return ""
