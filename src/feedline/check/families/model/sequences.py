"""FL510 and FL512: padded sequences that no layer masks, and numbers that an Embedding layer has no row for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.check.families.model.given import Given, Part
from feedline.check.families.model.graph import kind, layers_behind
from feedline.check.families.model.inputs import places_of
from feedline.check.families.model.label_rows import told
from feedline.check.families.model.model_rule import ModelRule
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts

_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "Bidirectional"})

_STEP_BY_STEP = frozenset({
    "InputLayer", "Identity", "Dropout", "SpatialDropout1D", "GaussianNoise", "LayerNormalization",
    "BatchNormalization", "Dense", "Activation", "TimeDistributed", "Rescaling", "Normalization",
})  # fmt: skip
"""Layers that do the same to each step, so that what was filled up stays a step of its own."""

_SHARE_PADDED = 0.1
_SHARE_WITHIN = 0.05
_SHARE_OF_CHANCE = 0.01
_FEWEST = 4


@dataclass(frozen=True)
class Padding:
    """Where the steps of sequences are 0.

    Args:
        rows: how many sequences were looked at.
        padded: how many end in zeros.
        lengths: in how many different lengths of zeros they end.
        share: which part of all steps these are.
        within: how many have a 0 with other values before and behind it.
        before: how many begin with a 0.
    """

    rows: int
    padded: int
    lengths: int
    share: float
    within: int
    before: int


class SequenceMask(ModelRule):
    """What sequences were filled up with counts as steps, or a step that is none counts as filled up."""

    code = "FL510"
    name = "sequence-mask"
    severity = "warning"
    needs = ("model", "sample")
    why = (
        "A recurrent layer goes on through the steps that were filled up, and its last state has seen mostly zeros; "
        "what it says of a sequence depends on the longest one in its batch."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        for index, _, part in places_of(model, given):
            padding = padding_of(part)
            if padding is None:
                continue
            embedding, recurrent = _unmasked(model, index)
            if recurrent is not None and _is_padded(padding):
                yield self._not_masked(given, part, padding, embedding, recurrent)
                continue
            masking = _masking_embedding(model, index)
            if masking is not None and padding.within >= max(_FEWEST, _SHARE_WITHIN * padding.rows):
                yield self._token_of_0(given, part, padding, masking)

    def _not_masked(self, given: Given, part: Part, padding: Padding, embedding: Any, recurrent: Any) -> Finding:
        if embedding is not None:
            layer = f"Embedding({embedding.input_dim}, {embedding.output_dim}, mask_zero=True)"
            fix = f"Write {layer} for {embedding.name!r}."
            seen = f"the layer {embedding.name!r} has mask_zero=False"
        else:
            fix = f"Put keras.layers.Masking(mask_value=0.0) in front of {recurrent.name!r}."
            seen = "no Masking layer is in between"
        return self.finding(
            f"{part.name} is filled up with zeros, and {recurrent.name!r} takes them for steps.",
            seen=f"{padding.padded:,} of {padding.rows:,} sequences end in zeros, {padding.share:.0%} of all steps; "
            + seen,
            at=given.context.plan.batch or given.step(),
            fix=fix,
        )

    def _token_of_0(self, given: Given, part: Part, padding: Padding, embedding: Any) -> Finding:
        layer = f"Embedding({embedding.input_dim + 1}, {embedding.output_dim}, mask_zero=True)"
        return self.finding(
            f"0 stands within the sequences of {part.name}, and {embedding.name!r} leaves it out as filled up.",
            seen=f"{padding.within:,} of {padding.rows:,} sequences have a 0 with other values before and behind it",
            at=given.step(),
            fix=f"Count from 1: {given.written_map(part, '{} + 1')}, with {layer}; or leave out mask_zero=True.",
        )


class EmbeddingRange(ModelRule):
    """Numbers that an Embedding layer has no row for."""

    code = "FL512"
    name = "embedding-range"
    severity = "error"
    needs = ("model", "sample")
    why = (
        "An Embedding layer has rows 0 to input_dim - 1. On JAX another number gives NaN, or the row counted from the "
        "end; on PyTorch and TensorFlow it is an error, or zeros, depending on the device."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        for index, _, part in places_of(model, given):
            values = part.values
            if values is None or values.minimum is None or values.maximum is None or not values.integer_valued:
                continue
            for layer in layers_behind(
                model, index, lambda layer: kind(layer) in ("InputLayer", "Reshape", "Identity")
            ):
                if kind(layer) == "Embedding" and (values.minimum < 0 or values.maximum >= layer.input_dim):
                    yield self._finding(given, part, layer, values.minimum, values.maximum)
                    break

    def _finding(self, given: Given, part: Part, layer: Any, low: float, high: float) -> Finding:
        rows = layer.input_dim
        fix = (
            f"Write Embedding({int(high) + 1}, {layer.output_dim}) for {layer.name!r}, or as many as there are in all."
        )
        if low < 0:
            fix = f"Number them from 0: {given.written_map(part, f'{{}} + {int(-low)}')}" + (
                f", with Embedding({int(high - low) + 1}, {layer.output_dim})."
            )
        return self.finding(
            f"{part.name} is {told(low)} to {told(high)}, and {layer.name!r} has rows for 0 to {rows - 1:,}.",
            seen=f"{part.told}; input_dim of {layer.name!r} is {rows:,}; looked at {given.context.seen()}",
            at=given.step(),
            where=part.where(lambda value: (value < 0) | (value >= rows)),
            fix=fix,
        )


def padding_of(part: Part) -> Padding | None:
    """Returns where the steps of sequences are 0; None for what are no sequences of numbers."""
    if not part.is_number or part.component is None or part.shape is None or len(part.shape) not in (1, 2):
        return None
    rows = padded = within = before = zeros = steps = 0
    lengths = set()
    for row in part.component.rows:
        array = np.asarray(row)
        if array.ndim != len(part.shape) or not array.size:
            continue
        there = np.flatnonzero(array if array.ndim == 1 else array.any(axis=-1))
        if not len(there):
            continue
        rows += 1
        ending = len(array) - 1 - int(there[-1])
        lengths.add(ending)
        padded += ending > 0
        zeros += ending
        steps += len(array)
        before += there[0] > 0
        within += int(there[-1] - there[0] + 1) > len(there)
    return Padding(rows, padded, len(lengths), zeros / steps, within, int(before)) if rows else None


def _is_padded(padding: Padding) -> bool:
    """Says whether zeros are what sequences were filled up with, and nothing else."""
    enough = padding.padded >= max(_FEWEST, _SHARE_PADDED * padding.rows) and padding.lengths > 2
    elsewhere = padding.within + padding.before
    return enough and padding.share >= _SHARE_PADDED and elsewhere <= _SHARE_OF_CHANCE * padding.rows


def _unmasked(model: ModelFacts, index: int) -> tuple[Any, Any]:
    """Returns the recurrent layer that gives its last state and that no mask reaches, with the Embedding before it.

    Each is None where there is none.
    """
    embedding = None

    def passes(layer: Any) -> bool:
        if kind(layer) == "Embedding":
            return not layer.mask_zero
        if kind(layer) in _RECURRENT:
            return bool(getattr(layer, "return_sequences", False))
        return kind(layer) in _STEP_BY_STEP

    for layer in layers_behind(model, index, passes):
        if kind(layer) == "Embedding":
            embedding = layer
        if kind(layer) in _RECURRENT and not getattr(layer, "return_sequences", False):
            return embedding, layer
    return None, None


def _masking_embedding(model: ModelFacts, index: int) -> Any:
    found = layers_behind(model, index, lambda layer: kind(layer) in ("InputLayer", "Identity"))
    return next((layer for layer in found if kind(layer) == "Embedding" and layer.mask_zero), None)
