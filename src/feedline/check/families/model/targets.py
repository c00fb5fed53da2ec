"""Targets: each output of a model with its loss, and with the labels and weights that a dataset gives for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from feedline.check.families.model.given import Given, Part, Shape
from feedline.check.model import LossFacts, ModelFacts, Port

SPARSE = frozenset({"sparse_categorical_crossentropy"})
CATEGORICAL = frozenset({"categorical_crossentropy", "categorical_focal_crossentropy"})
BINARY = frozenset({"binary_crossentropy", "binary_focal_crossentropy"})
NUMERIC = frozenset({
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "huber", "log_cosh", "poisson", "cosine_similarity",
})  # fmt: skip
"""Losses of Keras' that subtract or multiply labels and outputs, and broadcast where they differ."""


@dataclass(frozen=True, eq=False)
class Target:
    """What one output is compared with.

    Args:
        port: the output; None where the model does not tell its outputs.
        key: under which key of a dict its loss and labels are given; "" where it is the only one.
        loss: its loss, which is one of Keras' own.
        part: its labels; None where the dataset gives none, or it is not clear which.
        weight: its sample weights; None without any.
    """

    port: Port | None
    key: str
    loss: LossFacts
    part: Part | None
    weight: Part | None

    @property
    def output(self) -> Shape | None:
        """The shape of a single element's output; None where it is not known."""
        return None if self.port is None or self.port.shape is None else self.port.shape[1:]

    @property
    def classes(self) -> int | None:
        """How many values the last dimension of the output has; None where that is not known."""
        return self.output[-1] if self.output else None

    @property
    def kind(self) -> str:
        """The kind of its loss: "sparse", "categorical", "binary", "numeric", or "" for others."""
        if self.loss.settings.get("axis", -1) != -1:
            return ""
        kinds = {"sparse": SPARSE, "categorical": CATEGORICAL, "binary": BINARY, "numeric": NUMERIC}
        return next((kind for kind, names in kinds.items() if self.loss.name in names), "")

    @property
    def output_told(self) -> str:
        """The output as messages call it: "the output 'dense_1'"."""
        return f"the output {self.port.name!r}" if self.port is not None else "the output"

    def compile_loss(self, name: str, from_logits: bool | None = None) -> str:
        """Returns how another loss is given to `compile`: `loss="mse"`, or for one of several outputs.

        Args:
            name: the loss in snake case.
            from_logits: whether it is to take logits; None for as it is now.
        """
        logits = bool(self.loss.from_logits) if from_logits is None else from_logits
        value = f'"{name}"'
        if logits and "crossentropy" in name:
            value = f"keras.losses.{class_name(name)}(from_logits=True)"
        return f"loss={{{self.key!r}: {value}, ...}}" if self.key else f"loss={value}"

    def written_layer(self, units: int | None = None, activation: str | None = None) -> str:
        """Returns the output layer as the user would write it, with another number of units or activation."""
        layer = self.port.layer if self.port is not None else None
        layer = self.port.computed_by if self.port is not None and self.port.computed_by is not None else layer
        units = units or getattr(layer, "units", None) or getattr(layer, "filters", None) or self.classes
        wanted = activation if activation is not None else (self.port.activation if self.port is not None else "")
        if type(layer).__name__.startswith("Conv") and hasattr(layer, "kernel_size"):
            given = f"{units}, {getattr(layer, 'kernel_size', 1)}"
            kind = type(layer).__name__
        else:
            given, kind = str(units), "Dense"
        return f"{kind}({given}{f', activation={chr(34)}{wanted}{chr(34)}' if wanted not in ('', 'linear') else ''})"


def class_name(loss: str) -> str:
    """Returns the name of a loss' class.

    Example:
        >>> class_name("sparse_categorical_crossentropy")
        'SparseCategoricalCrossentropy'
    """
    return "".join(word.capitalize() for word in loss.split("_"))


def targets_of(model: ModelFacts, given: Given) -> list[Target]:
    """Returns the outputs that have one of Keras' losses, with what they are compared with.

    Labels are told apart as Keras does: by their place, or by their key in a dict. Where their structure does not fit,
    the targets have none.

    Args:
        model: the model.
        given: what the dataset gives.
    """
    if not model.compiled or not model.losses or model.has_own_step:
        return []
    ports = outputs_of(model, given)
    losses, keys = model.losses, model.output_keys
    if ports is not None and len(losses) != len(ports):
        return []
    if ports is None and len(losses) != 1:
        return []
    labels, weights = given.of("y"), given.of("sample_weight")
    found = []
    for index, loss in enumerate(losses):
        if loss is None or not loss.of_keras:
            continue
        several = len(losses) > 1
        key = keys[index] if several and keys is not None else ""
        part = _matching(given, labels, "y", index, key, len(losses))
        weight = _matching(given, weights, "sample_weight", index, key, len(losses))
        if weight is None and several and len(weights) == 1:
            weight = weights[0]
        port = None if ports is None else ports[index]
        found.append(Target(port, key, loss, part, weight))
    return found


def outputs_of(model: ModelFacts, given: Given) -> tuple[Port, ...] | None:
    """Returns the outputs; of a Sequential model that is not built those that it would have with these elements."""
    inputs = given.of("x")
    shape = inputs[0].shape if len(inputs) == 1 else None
    return model.outputs_of(None if shape is None or not inputs[0].dense else (None, *shape))


def _matching(given: Given, parts: tuple[Part, ...], role: str, index: int, key: str, count: int) -> Part | None:
    structure: Any = given.structure_of(role)
    if not parts or len(parts) != count:
        return None
    if count == 1:
        return parts[0]
    if isinstance(structure, dict):
        return next((part for part in parts if part.path == (key,)), None)
    if isinstance(structure, tuple | list) and all(len(part.path) == 1 for part in parts):
        return parts[index]
    return None


def aligned(labels: Shape, output: Shape) -> tuple[Shape, Shape]:
    """Returns the shapes of a batch of labels and outputs as Keras' losses compare them.

    Keras adds or takes away a last dimension of 1 where that makes the numbers of dimensions equal.

    Args:
        labels: the shape of a single element's labels.
        output: the shape of a single element's output.

    Example:
        >>> aligned((), (1,))
        ((None, 1), (None, 1))
        >>> aligned((5,), (5, 1))
        ((None, 5), (None, 5))
    """
    first, second = (None, *labels), (None, *output)
    if len(first) == len(second) + 1 and first[-1] == 1:
        return (first, (*second, 1)) if len(second) == 1 else (first[:-1], second)
    if len(second) == len(first) + 1 and second[-1] == 1:
        return ((*first, 1), second) if len(first) == 1 else (first, second[:-1])
    return first, second


def equal(first: Shape, second: Shape) -> bool:
    """Says whether two shapes can be the same, None being any length."""
    return len(first) == len(second) and all(
        a is None or b is None or a == b for a, b in zip(first, second, strict=True)
    )
