"""ModelFacts: what a Keras model takes and gives, and how it is trained; read from the model, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a model.

    Args:
        name: its name; an output's is that of the layer that gives it.
        shape: its shape, with None for the batch and for lengths that vary; None where it is not known.
        dtype: its dtype's name.
        layer: the layer that gives it; None where that is not known.
        computed_by: the layer that computes its values, where `layer` only reshapes them or is a model of its own.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str
    layer: Any = None
    computed_by: Any = None

    @property
    def activation(self) -> str:
        """The name of the activation that it comes out of ("softmax", "sigmoid", "linear"); "" where not known.

        Of layers that are not Keras' own it is not known: they may do something else with an activation.
        """
        layer = self.layer if self.computed_by is None else self.computed_by
        if not _is_of_keras(type(layer)):
            return ""
        kind = type(layer).__name__
        if kind in ("Softmax", "Sigmoid", "ReLU", "LeakyReLU"):
            return kind.lower()
        if kind == "Activation" or hasattr(layer, "activation"):
            function = layer.activation
            return getattr(function, "__name__", "") or type(function).__name__.lower()
        return ""

    @property
    def classes(self) -> int | None:
        """The last length of its shape: of a classifier's output the number of classes."""
        return self.shape[-1] if self.shape else None


@dataclass(frozen=True, slots=True)
class LossFacts:
    """How one output is compared with its labels.

    Args:
        name: the loss in snake case ("sparse_categorical_crossentropy"); the function's name for a function.
        from_logits: whether it takes logits; None for losses that know no such thing.
        value: the loss as it was given.
    """

    name: str
    from_logits: bool | None
    value: Any

    @property
    def of_keras(self) -> bool:
        """Whether it is one of Keras' own losses, of which is known what labels they take."""
        if isinstance(self.value, str):
            return self.value.lower() in _CHOSEN_BY_SHAPE or _known_loss(self.value) is not None
        if hasattr(self.value, "__name__"):
            return _is_of_keras(self.value)
        return _is_of_keras(type(self.value)) and _is_of_keras(getattr(self.value, "fn", type(self.value)))

    @property
    def settings(self) -> dict[str, Any]:
        """The further arguments of the loss, such as `axis`, `ignore_class` and `label_smoothing`, as far as given."""
        return dict(getattr(self.value, "_fn_kwargs", None) or {})

    @property
    def is_crossentropy(self) -> bool:
        """Whether it is a crossentropy of any kind."""
        return "crossentropy" in self.name


class ModelFacts:
    """What a Keras model takes and gives.

    Args:
        model: a `keras.Model`, on any backend.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    @cached_property
    def inputs(self) -> tuple[Port, ...] | None:
        """What it takes, in its order; None for a subclassed model and one that is not built, which do not tell."""
        return _ports(getattr(self.model, "inputs", None))

    @cached_property
    def outputs(self) -> tuple[Port, ...] | None:
        """What it gives, in its order; None where that is not known."""
        return _ports(getattr(self.model, "outputs", None))

    @property
    def input_names(self) -> tuple[str, ...] | None:
        """The names under which a dict of inputs is taken."""
        names = getattr(self.model, "input_names", None)
        return tuple(names) if names is not None else None

    @property
    def input_keys(self) -> tuple[str, ...] | None:
        """Under which key of a dict each of `inputs` is taken: its name, or its key where the model was made of a dict
        of inputs; None where the inputs are not known.
        """
        return _keys(self.inputs, self.model, "input")

    @property
    def output_keys(self) -> tuple[str, ...] | None:
        """Under which key of a dict each of `outputs` is given, and its loss and labels are taken; None where the
        outputs are not known.
        """
        return _keys(self.outputs, self.model, "output")

    @property
    def has_own_step(self) -> bool:
        """Whether the model says itself what a training step does, or how its loss is computed."""
        import keras

        steps = ("train_step", "compute_loss", "test_step")
        return any(getattr(type(self.model), step, None) is not getattr(keras.Model, step, None) for step in steps)

    def outputs_of(self, shape: tuple[int | None, ...] | None) -> tuple[Port, ...] | None:
        """Returns `outputs`; for a Sequential model that is not built what it would give of an input.

        Args:
            shape: the input's shape, with the batch; None where it is not known.
        """
        if self.outputs is not None or not _is_of_keras(type(self.model)) or type(self.model).__name__ != "Sequential":
            return self.outputs
        layers = list(getattr(self.model, "layers", ()))
        if not layers:
            return None
        for layer in layers:
            shape = _shape_of(layer, shape)
        computing = next((layer for layer in reversed(layers) if type(layer).__name__ not in _RESHAPING), layers[-1])
        last = layers[-1]
        port = Port(last.name, shape, str(getattr(last, "compute_dtype", "float32")), last, _within(computing))
        return (port,)

    def takes(self, shapes: Sequence[Sequence[int | None]]) -> bool:
        """Says whether the model takes inputs of other shapes than it tells, as models of convolutions may.

        It is run on shapes alone, without values, and does not change.

        Args:
            shapes: one for each of `inputs`, with the batch.
        """
        import keras
        from keras.src import backend

        tensors = [
            keras.KerasTensor(tuple(shape), dtype=port.dtype)
            for port, shape in zip(self.inputs or (), shapes, strict=True)
        ]
        given: Any = tensors[0] if len(tensors) == 1 else tensors
        if isinstance(getattr(self.model, "input", None), dict):
            given = dict(zip(self.input_keys or (), tensors, strict=True))
        try:
            backend.compute_output_spec(lambda value: self.model(value, training=False), given)
        except Exception:  # whatever it says: it would say that while training, too
            return False
        return True

    @property
    def compiled(self) -> bool:
        """Whether the model is compiled, and so has a loss."""
        return bool(getattr(self.model, "compiled", False))

    @cached_property
    def losses(self) -> tuple[LossFacts | None, ...]:
        """The loss of each output, None for an output without one; empty where the model has none at all."""
        given = getattr(self.model, "loss", None)
        if given is None:
            return ()
        outputs = self.outputs or ()
        if isinstance(given, dict):
            names = self.output_keys or tuple(given)
            return tuple(_loss(given.get(name)) for name in names)
        if isinstance(given, list | tuple):
            return tuple(_loss(each) for each in given)
        return (_loss(given),) * max(1, len(outputs))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics that were asked for, where they have names."""
        compiled = getattr(self.model, "_compile_metrics", None)
        asked = getattr(compiled, "_user_metrics", None)
        found: list[str] = []
        _names_of(asked, found)
        return tuple(found)

    @property
    def channels_first(self) -> bool:
        """Whether any of its layers takes images with the channels first."""
        return any(_layout(layer) == "channels_first" for layer in self.layers)

    @cached_property
    def layers(self) -> tuple[Any, ...]:
        """All its layers, those of models within it included."""
        flatten = getattr(self.model, "_flatten_layers", None)
        if flatten is not None:
            return tuple(layer for layer in flatten(include_self=False))
        return tuple(getattr(self.model, "layers", ()))


_CHOSEN_BY_SHAPE = ("crossentropy", "ce")
"""For these Keras takes the crossentropy that fits the shapes."""

_RESHAPING = frozenset({
    "Reshape", "Flatten", "Permute", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "Identity", "RepeatVector",
    "Cropping1D", "Cropping2D", "Cropping3D", "Squeeze", "ExpandDims",
})  # fmt: skip
"""Layers and operations that leave values as they are."""


def _is_of_keras(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] in ("keras", "tf_keras")


def _keys(ports: tuple[Port, ...] | None, model: Any, attribute: str) -> tuple[str, ...] | None:
    if ports is None:
        return None
    structure = getattr(model, attribute, None)
    keys = [port.name for port in ports]
    if isinstance(structure, dict):
        tensors = list(getattr(model, attribute + "s"))
        for key, tensor in structure.items():
            for index, each in enumerate(tensors):
                if each is tensor:
                    keys[index] = str(key)
    return tuple(keys)


def _shape_of(layer: Any, shape: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
    try:
        if shape is not None:
            return tuple(layer.compute_output_shape(shape))
    except Exception:  # it does not tell, or does not take this shape: what follows is not known
        pass
    return None


def _within(layer: Any) -> Any:
    """Returns the layer that computes what a layer gives, where that is a wrapper or a model of several layers."""
    kind = type(layer).__name__
    if kind == "TimeDistributed":
        return _within(layer.layer)
    outputs = getattr(layer, "outputs", None)
    if isinstance(outputs, list | tuple) and len(outputs) == 1:
        return _computing(outputs[0])
    return layer


def _computing(tensor: Any) -> Any:
    """Returns the layer or operation that computed a tensor's values, through what only reshapes them."""
    while True:
        history = getattr(tensor, "_keras_history", None)
        layer = getattr(history, "operation", None)
        if history is None or layer is None:
            return layer
        kind, linear = type(layer).__name__, getattr(getattr(layer, "activation", None), "__name__", "") == "linear"
        if kind in _RESHAPING or (kind == "Activation" and linear):
            nodes = getattr(layer, "_inbound_nodes", ())
            before: Any = nodes[history.node_index].input_tensors if history.node_index < len(nodes) else ()
            if len(before) != 1:
                return layer
            tensor = before[0]
            continue
        outputs = getattr(layer, "outputs", None)
        if isinstance(outputs, list | tuple) and history.tensor_index < len(outputs):
            tensor = outputs[history.tensor_index]
            continue
        return _within(layer)


def _layout(layer: Any) -> str:
    return getattr(layer, "data_format", None) or ""


def _names_of(metrics: Any, found: list[str]) -> None:
    if isinstance(metrics, dict):
        metrics = list(metrics.values())
    if isinstance(metrics, list | tuple):
        for each in metrics:
            _names_of(each, found)
    elif metrics is not None:
        found.append(metrics if isinstance(metrics, str) else str(getattr(metrics, "name", type(metrics).__name__)))


def _ports(tensors: Any) -> tuple[Port, ...] | None:
    if not isinstance(tensors, list | tuple) or not tensors:
        return None
    ports = []
    for tensor in tensors:
        history = getattr(tensor, "_keras_history", None)
        layer = getattr(history, "operation", None)
        name = str(getattr(layer, "name", None) or getattr(tensor, "name", ""))
        shape = getattr(tensor, "shape", None)
        known = None if shape is None else tuple(shape)
        ports.append(Port(name, known, str(tensor.dtype), layer, _computing(tensor)))
    return tuple(ports)


def _loss(given: Any) -> LossFacts | None:
    if given is None:
        return None
    if isinstance(given, str):
        if given.lower() in _CHOSEN_BY_SHAPE:
            return LossFacts("crossentropy", False, given)
        value = _known_loss(given)
        logits = getattr(value, "from_logits", None)
        return LossFacts(_snake(type(value).__name__) if value is not None else given, logits, given)
    name: str = getattr(given, "__name__", "")
    if not name:
        name = _snake(type(given).__name__)
        function = getattr(given, "fn", None)
        if name in ("loss_function_wrapper", "loss") and function is not None:
            name = getattr(function, "__name__", name)
        logits = getattr(given, "from_logits", None)
        if logits is None:
            logits = (getattr(given, "_fn_kwargs", None) or {}).get("from_logits")
        return LossFacts(name, logits, given)
    return LossFacts(_snake(name), False if "crossentropy" in name else None, given)


def _known_loss(name: str) -> Any:
    import keras

    try:
        found = keras.losses.get(name)
    except ValueError:
        return None
    if isinstance(found, keras.losses.Loss):
        return found
    kinds = [each for each in vars(keras.losses).values() if isinstance(each, type)]
    named = [kind for kind in kinds if _snake(kind.__name__) == getattr(found, "__name__", "")]
    return named[0]() if named else None


def _snake(name: str) -> str:
    if name.islower():
        return name
    return "".join("_" + sign.lower() if sign.isupper() else sign for sign in name).lstrip("_")
