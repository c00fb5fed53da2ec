"""FL506: whether a loss takes the last layer's values for what they are, probabilities or logits."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.families.model.given import Given
from feedline.check.families.model.targets import BINARY, CATEGORICAL, SPARSE, Target, class_name, targets_of
from feedline.check.finding import Finding
from feedline.check.rule import Rule

_UNBOUNDED = frozenset({
    "linear", "relu", "relu6", "leaky_relu", "leakyrelu", "elu", "selu", "gelu", "silu", "swish", "tanh", "softsign",
    "mish",
})  # fmt: skip
"""Activations whose values are no probabilities, also where they are divided by their sum."""


class FromLogits(Rule):
    """The loss takes logits for probabilities, or probabilities for logits."""

    code = "FL506"
    name = "from-logits"
    severity = "error"
    needs = ("model",)
    why = (
        "Logits taken for probabilities are cut off at 0 and 1, where the gradient ends, or become NaN; probabilities "
        "taken for logits are squeezed a second time, and the loss stays far from 0 however right the model is."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        model = context.model
        if model is None:
            return
        given = Given(context)
        for target in targets_of(model, given):
            found = self._of(target)
            if found is None:
                continue
            message, fix, severity = found
            activation = target.port.activation if target.port is not None else ""
            shape = target.port.shape if target.port is not None else None
            yield self.finding(
                message,
                seen=f"{target.output_told} has the activation {activation!r} and the shape {shape}; the loss is "
                f"{target.loss.name}, with from_logits={target.loss.from_logits}",
                at=context.plan.last,
                fix=fix,
                severity="warning" if severity == "warning" else "error",
            )

    def _of(self, target: Target) -> tuple[str, str, str] | None:
        loss, port = target.loss, target.port
        kinds = SPARSE | CATEGORICAL | BINARY | {"crossentropy"}
        if port is None or loss.name not in kinds or loss.from_logits is None:
            return None
        activation, classes = port.activation, target.classes
        binary = loss.name in BINARY or (loss.name == "crossentropy" and classes == 1)
        wanted = "sigmoid" if binary else "softmax"
        if not binary and classes == 1:
            return None  # FL507 says that one value is too few
        name = "binary_crossentropy" if loss.name == "crossentropy" and binary else loss.name
        name = "sparse_categorical_crossentropy" if name == "crossentropy" else name
        if loss.from_logits and activation in ("softmax", "sigmoid"):
            return (
                f"{loss.name} is told that it is given logits, and {target.output_told} gives probabilities.",
                f"Leave out from_logits=True: compile({target.compile_loss(name, False)}); or make the last layer "
                f"{target.written_layer(activation='linear')}, without activation.",
                "error",
            )
        if loss.from_logits and binary and activation in ("relu", "relu6"):
            return (
                f"{target.output_told} comes out of {activation}: logits that are never negative say no probability "
                "below 0.5.",
                f"Leave out the activation: {target.written_layer(activation='linear')}.",
                "error",
            )
        if not loss.from_logits and activation in _UNBOUNDED:
            logits = f"compile({target.compile_loss(name, True)})"
            layer = target.written_layer(activation=wanted)
            fix = f"Make the last layer {layer}, or say that it gives logits: {logits}."
            if activation != "linear":
                fix = f"Make the last layer {layer}."
            return (
                f"{loss.name} takes probabilities, and {target.output_told} gives numbers of any size"
                + (", without an activation." if activation == "linear" else f", out of {activation}."),
                fix,
                "error",
            )
        if not loss.from_logits and activation == "sigmoid" and not binary:
            return (
                f"{class_name(name)} takes probabilities that share 1 among the classes, and {target.output_told} has "
                "a sigmoid for each.",
                f"Make the last layer {target.written_layer(activation='softmax')}; where an element can be of several "
                f"classes, compile({target.compile_loss('binary_crossentropy', False)}).",
                "warning",
            )
        return None
