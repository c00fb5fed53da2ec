"""A model's weights, kept safe from a failure of the data.

Keras on JAX takes the weights out of a model before each epoch asks for its first batch, and puts them back after the
last. Where the data fails in between, it forgets to put them back after `evaluate` and `predict`, and has lost them
where the very first batch failed.
"""

from __future__ import annotations

from typing import Any

import keras


class KeptWeights:
    """The weights of a model at the start of an epoch; references, no copies.

    Args:
        model: the Keras model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.kept: list[tuple[Any, Any]] = []

    def keep(self) -> None:
        """Notes the weights as they are now."""
        if keras.backend.backend() != "jax":
            return
        optimizer = getattr(self.model, "optimizer", None)
        variables = [*self.model.variables, *self.model.metrics_variables, *getattr(optimizer, "variables", ())]
        self.kept = [(variable, getattr(variable, "_value", None)) for variable in variables]

    def let_go(self) -> None:
        """Forgets what was noted: from the second batch on, Keras has newer weights."""
        self.kept = []

    def give_back(self) -> None:
        """Puts weights back into the variables that Keras left empty."""
        if keras.backend.backend() != "jax":
            return
        self.model.jax_state_sync()
        for variable, value in self.kept:
            if getattr(variable, "_value", value) is None and value is not None and not value.is_deleted():
                variable.assign(value)
