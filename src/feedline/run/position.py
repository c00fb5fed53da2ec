"""Where an iteration is, as JSON: enough to go on with the very next element in another process."""

from __future__ import annotations

from typing import Any

from feedline.errors import StateError
from feedline.nodes.base import Node
from feedline.plan.fingerprint import Step, fingerprint_of, steps_of, with_seeds

_VERSION = 1
_SAID = {
    "parents": "other steps before it",
    "elements": "other data: another number of elements",
    "columns": "other data",
    "treedef": "data of another structure",
    "function": "another function, or one that refers to other values",
    "generator": "another generator, or one that refers to other values",
    "predicate": "another predicate, or one that refers to other values",
}


def state_of(node: Node, epoch: int, given: int) -> dict[str, Any]:
    """Returns the state of an iteration.

    Args:
        node: the last node of the plan.
        epoch: which epoch.
        given: how many elements of it were given.
    """
    steps = steps_of(node)
    return {
        "version": _VERSION,
        "fingerprint": fingerprint_of(steps),
        "steps": [[step.label, step.digest, _short(step.parts)] for step in steps],
        "seeds": [step.seed for step in steps],
        "epoch": epoch,
        "given": given,
    }


def restored(node: Node, state: Any) -> tuple[Node, int, int]:
    """Returns the plan with the seeds of a state, its epoch, and how many elements were given.

    Raises:
        StateError: it is no state, or that of another plan.
    """
    try:
        version, epoch, given = int(state["version"]), int(state["epoch"]), int(state["given"])
        known = [(str(label), str(digest), dict(*parts)) for label, digest, *parts in state["steps"]]
        seeds = [None if seed is None else int(seed) for seed in state["seeds"]]
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        raise StateError(
            f"this is no state of an iteration: {state!r:.80}.", fix="Give what state_dict() returned."
        ) from None
    if version != _VERSION:
        raise StateError(
            f"this state is of version {version}, which this feedline cannot read.",
            fix=f"Go on with the feedline that wrote it, or begin anew; this one writes version {_VERSION}.",
        )
    steps = steps_of(node)
    _check_same(steps, known)
    drawn = [seed is not None for seed in seeds]
    if drawn != [step.seed is not None for step in steps] or epoch < 0 or given < 0:
        raise StateError("this state was changed: its numbers do not fit.", fix="Give what state_dict() returned.")
    for number, (step, seed) in enumerate(zip(steps, seeds, strict=True), 1):
        if step.seed_given and step.seed != seed:
            raise _other_plan(f"step {number}, {step.label}, has seed={step.seed} here and seed={seed} there")
    length = node.cardinality()
    if 0 <= length < given:
        raise StateError(
            f"this state is of a longer epoch: {given:,} elements were given there, and there are {length:,}.",
            fix="Give the pipeline what it read then, or begin anew with iter(dataset).",
        )
    return with_seeds(node, seeds), epoch, given


def _short(parts: dict[str, str]) -> dict[str, str]:
    """Returns enough of the digests of a step's parts to tell which of them is another."""
    return {name: digest[:4] for name, digest in parts.items()}


def _check_same(steps: list[Step], known: list[tuple[str, str, dict[str, str]]]) -> None:
    for number, (step, (label, digest, parts)) in enumerate(zip(steps, known, strict=False), 1):
        if step.label != label:
            raise _other_plan(f"step {number} is {step.label} here and {label} there")
        if step.digest != digest:
            own = _short(step.parts)
            other = [name for name in own if own[name] != parts.get(name)] if parts.keys() == own.keys() else []
            raise _other_plan(f"step {number}, {label}, has {_difference(other)}")
    if len(steps) != len(known):
        here, there = [step.label for step in steps], [label for label, *_ in known]
        more, place = (here, "here") if len(here) > len(there) else (there, "there")
        raise _other_plan(f"{', '.join(more[min(len(here), len(there)) :])} is only {place}")


def _difference(names: list[str]) -> str:
    """Says what of a step is another, by the names of what it was told."""
    said = [_SAID.get(name, f"another {name}") for name in names]
    return " and ".join(said) or "other arguments, another function or other data"


def _other_plan(difference: str) -> StateError:
    return StateError(
        f"this state is of another pipeline: {difference}.",
        fix="Build the pipeline as it was when state_dict() was called, or begin anew with iter(dataset).",
    )
