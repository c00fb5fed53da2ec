"""Keras' layers that have `adapt`, and those that go with them, as steps."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, FileFormatError, MissingPackageError, ShapeError
from feedline.preprocess.moments import Moments
from feedline.preprocess.step import Learner, Rows, Step, check_finite, flat_rows

STORABLE = (
    "Normalization",
    "Discretization",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "Hashing",
    "Rescaling",
    "CategoryEncoding",
)
_LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")
_NOT_STORED = ("name", "trainable", "vocabulary_size")


class _LearningMoments:
    """What Keras' `Normalization` learns, gathered as `Standardize` does: Keras itself wants all data at once."""

    def __init__(self, step: KerasStep) -> None:
        self._axis = step.axis()
        self._moments: Moments | None = None
        self._scalars = self._axis is None

    def add(self, rows: Rows) -> None:
        values = flat_rows(rows, self._axis)
        self._moments = self._moments or Moments(values.shape[1])
        self._moments.add(values)

    def learnt(self) -> dict[str, Any]:
        assert self._moments is not None
        mean, variance = self._moments.mean, self._moments.std() ** 2
        return {"mean": mean[0], "variance": variance[0]} if self._scalars else {"mean": mean, "variance": variance}


class _LearningByLayer:
    """Lets a layer learn, part by part."""

    def __init__(self, step: KerasStep) -> None:
        self._layer = step.make()
        self._name = step.name
        self._layer.reset_state()

    def add(self, rows: Rows) -> None:
        for values in rows if isinstance(rows, list) else [rows]:
            check_finite(values)
            self._layer.update_state(values)

    def learnt(self) -> dict[str, Any]:
        self._layer.finalize_state()
        return state_of(self._layer, self._name)


class KerasStep(Step):
    """A Keras layer that has `adapt`; `Preprocess` makes it of a layer that it is given.

    Layers are `Normalization`, `Discretization`, `StringLookup`, `IntegerLookup`, `TextVectorization`, and, which learn
    nothing, `Hashing`, `Rescaling` and `CategoryEncoding`. They are stored by their configuration and by what they
    learnt: constants, boundaries, vocabularies and weights. A layer that was given these, or adapted before, is used as
    it is. Keras needs TensorFlow for those of text. The layer runs on Keras' backend; where speed matters, the steps
    of `feedline.preprocess` are many times as fast on single elements.

    Args:
        layer: the layer.

    Raises:
        ArgumentError: it is another layer, or is configured with a function, which cannot be stored.

    Example:
        >>> import os
        >>> _ = os.environ.setdefault("KERAS_BACKEND", "jax")
        >>> import keras
        >>> import feedline as fl
        >>> rows = fl.Dataset.from_tensor_slices([[1.0, 10.0], [3.0, 30.0]])
        >>> fl.Preprocess(keras.layers.Normalization()).fit(rows)([[1.0, 20.0]])
        array([[-1.,  0.]], dtype=float32)
    """

    kinds = ("bool", "integer", "float", "string")

    def __init__(self, layer: Any) -> None:
        self.name = type(layer).__name__
        if self.name not in STORABLE or not type(layer).__module__.startswith("keras."):
            raise ArgumentError(
                f"the layer {self.name} cannot be a step.",
                fix=f"Layers that can are {', '.join(STORABLE)}; others belong into the model, or into a map.",
            )
        config = {name: _listed(value) for name, value in layer.get_config().items() if name not in _NOT_STORED}
        for name, value in config.items():
            if callable(value) or (isinstance(value, dict) and value.get("class_name") == "function"):
                raise ArgumentError(
                    f"{name} of the {self.name} is a function, which cannot be stored as JSON.",
                    fix="Do what it does in a map before, and leave the argument out.",
                )
        if self.name == "TextVectorization" and config["output_mode"] == "int" and not config["output_sequence_length"]:
            raise ArgumentError(
                "the TextVectorization has no output_sequence_length: results would be as long as the longest text of "
                "a batch.",
                fix="Give it one, such as output_sequence_length=100.",
            )
        self.config = config
        adapted = state_of(layer, self.name)
        if self.name == "Normalization":
            self.axis()
        if adapted:
            self._put(adapted)
        self._layer: Any = None

    def _put(self, state: dict[str, Any]) -> None:
        """Makes what the layer knows a part of its configuration."""
        self.config = {**self.config, **{name: _listed(value) for name, value in state.items()}}
        if self.name == "Discretization":
            self.config["num_bins"] = None

    @property
    def learns(self) -> bool:
        if self.name in _LOOKUPS:
            return self.config.get("vocabulary") is None
        if self.name == "Normalization":
            return self.config.get("mean") is None
        return self.name == "Discretization" and self.config.get("bin_boundaries") is None

    def axis(self) -> int | None:
        """Returns the axis of a `Normalization`: -1, or None for one mean of all values.

        Raises:
            ArgumentError: it is another.
        """
        axis = self.config["axis"]
        axes = tuple(axis) if isinstance(axis, list | tuple) else () if axis is None else (axis,)
        if axes not in ((), (-1,)):
            raise ArgumentError(
                f"the Normalization has axis={axis!r}; as a step it may be -1 or None.",
                fix="Write Normalization() or Normalization(axis=None).",
            )
        return -1 if axes else None

    def learner(self) -> Learner:
        return _LearningMoments(self) if self.name == "Normalization" else _LearningByLayer(self)

    def make(self) -> Any:
        """Returns a new layer with this configuration and what was learnt.

        Raises:
            MissingPackageError: Keras is not installed.
        """
        config = dict(self.config)
        if self.learnt is not None:
            config.update({name: _listed(value) for name, value in self.learnt.items()})
            if self.name == "Discretization":
                config["num_bins"] = None
        return _class_of(self.name).from_config(config)

    @property
    def layer(self) -> Any:
        """The layer that it runs."""
        if self._layer is None:
            if self.learns and self.learnt is None:
                self.known("")
            self._layer = self.make()
        return self._layer

    def transform(self, values: np.ndarray) -> np.ndarray:
        is_text = values.dtype == object
        if (self.name in ("StringLookup", "TextVectorization")) != is_text and self.name != "Hashing":
            raise DtypeError(
                f"{self.name} and values of {'text' if is_text else values.dtype.name} do not go together.",
                fix="Give StringLookup and TextVectorization text, and the others numbers.",
            )
        check_finite(values)
        scalars = values.ndim == 1 and self.name == "Normalization"
        import keras

        made = keras.ops.convert_to_numpy(self.layer(values[:, None] if scalars else values))
        if len(made) != len(values):
            raise ShapeError(
                f"{self.name} made {len(made)} results of {len(values)} values.",
                fix="Give it output_mode='int' or 'one_hot' for single categories; 'multi_hot' takes lists of them.",
            )
        return np.asarray(made[:, 0] if scalars else made)

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "config": self.config}

    def fresh(self) -> Step:
        return self.restored(self.settings())

    @classmethod
    def restored(cls, settings: dict[str, Any]) -> Step:
        if settings["name"] not in STORABLE:
            raise FileFormatError(f"{settings['name']!r} is no layer that is stored.", fix="Save the Preprocess again.")
        step = cls.__new__(cls)
        step.name, step.config, step._layer = settings["name"], dict(settings["config"]), None
        return step

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_layer": None}

    def __repr__(self) -> str:
        return f"KerasStep({self.name})"


def state_of(layer: Any, name: str) -> dict[str, Any]:
    """Returns what a layer knows, by the names of its arguments; empty where it has not been adapted.

    Args:
        layer: the layer.
        name: its class.
    """
    if name in _LOOKUPS:
        vocabulary = [_plain(token) for token in layer.get_vocabulary(include_special_tokens=False)]
        if not vocabulary:
            return {}
        lookup = layer._lookup_layer if name == "TextVectorization" else layer
        weights = getattr(lookup, "idf_weights", None)
        state = {"vocabulary": vocabulary}
        if weights is not None and layer.get_config()["output_mode"] == "tf_idf":
            state["idf_weights"] = np.asarray(weights)[-len(vocabulary) :].tolist()
        return state
    if name == "Discretization":
        return (
            {} if layer.bin_boundaries is None else {"bin_boundaries": [float(each) for each in layer.bin_boundaries]}
        )
    if name == "Normalization" and layer.mean is not None and layer.input_mean is None:
        import keras

        mean, variance = (keras.ops.convert_to_numpy(each) for each in (layer.adapt_mean, layer.adapt_variance))
        return {"mean": np.asarray(mean), "variance": np.asarray(variance)}
    return {}


def _plain(token: Any) -> str | int:
    return str(token) if isinstance(token, str) else int(token)


def _class_of(name: str) -> Any:
    try:
        layers = importlib.import_module("keras.layers")
    except ImportError as error:
        raise MissingPackageError.of("keras", f"a step that is the layer {name}") from error
    return getattr(layers, name)


def _listed(value: Any) -> Any:
    """Returns a value with lists in place of arrays and tuples."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_listed(part) for part in value]
    if isinstance(value, dict):
        return {name: _listed(part) for name, part in value.items()}
    return value
