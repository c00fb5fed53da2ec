"""FL506: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

Look = Callable[..., Any]

ROWS = np.random.default_rng(0).random((96, 8), np.float32)
CLASSES = np.random.default_rng(1).integers(0, 4, 96)
DS = fl.Dataset.from_tensor_slices((ROWS, CLASSES)).shuffle(96).batch(16)
PAIRS = fl.Dataset.from_tensor_slices((ROWS, CLASSES % 2)).shuffle(96).batch(16)

SPARSE = "sparse_categorical_crossentropy"


def with_layers(loss: Any, *layers: Any) -> Any:
    made = keras.Sequential([keras.Input((8,)), *layers])
    made.compile(loss=loss)
    return made


def dense(units: int, activation: Any = None) -> Any:
    return keras.layers.Dense(units, activation=activation)


def sparse(from_logits: bool) -> Any:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)


def binary(from_logits: bool) -> Any:
    return keras.losses.BinaryCrossentropy(from_logits=from_logits)


class TestLogitsTakenForProbabilities:
    def test_no_activation(self, flagged: Look) -> None:
        finding = flagged(DS, "FL506", model=with_layers(SPARSE, dense(4)))
        assert finding.severity == "error"
        assert "without an activation" in finding.message
        assert "'linear'" in finding.seen
        assert 'Dense(4, activation="softmax")' in finding.fix
        assert "loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)" in finding.fix

    def test_a_function_and_a_class(self, flagged: Look) -> None:
        for loss in (keras.losses.sparse_categorical_crossentropy, sparse(False), "crossentropy"):
            flagged(DS, "FL506", model=with_layers(loss, dense(4)))

    def test_one_output(self, flagged: Look) -> None:
        for loss in ("binary_crossentropy", "bce", binary(False), "crossentropy"):
            finding = flagged(PAIRS, "FL506", model=with_layers(loss, dense(1)))
            assert 'Dense(1, activation="sigmoid")' in finding.fix
            assert "keras.losses.BinaryCrossentropy(from_logits=True)" in finding.fix

    @pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
    def test_activations_of_inner_layers(self, activation: str, flagged: Look) -> None:
        finding = flagged(DS, "FL506", model=with_layers(SPARSE, dense(4, activation)))
        assert f"out of {activation}" in finding.message
        assert "from_logits" not in finding.fix

    def test_behind_layers_that_reshape(self, flagged: Look) -> None:
        layers = (dense(4), keras.layers.Dropout(0.1), keras.layers.Reshape((4,)), keras.layers.Activation("linear"))
        flagged(DS, "FL506", model=with_layers(SPARSE, *layers))

    def test_a_model_within(self, flagged: Look, clean: Look) -> None:
        for activation, look in ((None, flagged), ("softmax", clean)):
            inner = keras.Sequential([keras.Input((8,)), dense(4, activation)])
            look(DS, "FL506", model=with_layers(SPARSE, dense(8, "relu"), inner))

    def test_a_model_that_is_not_built(self, flagged: Look) -> None:
        model = keras.Sequential([dense(8, "relu"), dense(4)])
        model.compile(loss=SPARSE)
        flagged(DS, "FL506", model=model)

    def test_images_of_classes(self, flagged: Look) -> None:
        model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3, padding="same")])
        model.compile(loss=SPARSE)
        images = np.random.default_rng(0).random((32, 8, 8, 3), np.float32)
        ds = fl.Dataset.from_tensor_slices((images, (images[..., 0] > 0.5).astype(np.int64))).batch(8)
        assert 'Conv2D(2, (3, 3), activation="softmax")' in flagged(ds, "FL506", model=model).fix

    def test_one_of_several_outputs(self, flagged: Look) -> None:
        inputs = keras.Input((8,))
        outputs = [
            keras.layers.Dense(4, name="kind")(inputs),
            keras.layers.Dense(1, name="size")(inputs),
        ]
        model = keras.Model(inputs, outputs)
        model.compile(loss={"kind": SPARSE, "size": "mse"})
        ds = fl.Dataset.from_tensor_slices((ROWS, {"kind": CLASSES, "size": ROWS[:, 0]})).batch(16)
        finding = flagged(ds, "FL506", model=model)
        assert "the output 'kind'" in finding.message
        assert "loss={'kind': keras.losses." in finding.fix

    def test_a_sigmoid_for_each_class(self, flagged: Look) -> None:
        assert flagged(DS, "FL506", model=with_layers(SPARSE, dense(4, "sigmoid"))).severity == "warning"


class TestProbabilitiesTakenForLogits:
    def test_a_softmax(self, flagged: Look) -> None:
        finding = flagged(DS, "FL506", model=with_layers(sparse(True), dense(4, "softmax")))
        assert "Leave out from_logits=True" in finding.fix
        flagged(DS, "FL506", model=with_layers(sparse(True), dense(4), keras.layers.Softmax()))
        flagged(DS, "FL506", model=with_layers(sparse(True), dense(4), keras.layers.Activation("softmax")))

    def test_an_operation(self, flagged: Look) -> None:
        inputs = keras.Input((8,))
        model = keras.Model(inputs, keras.ops.softmax(dense(4)(inputs)))
        model.compile(loss=sparse(True))
        flagged(DS, "FL506", model=model)

    def test_a_sigmoid(self, flagged: Look) -> None:
        flagged(PAIRS, "FL506", model=with_layers(binary(True), dense(1, "sigmoid")))

    def test_relu(self, flagged: Look) -> None:
        assert "never negative" in flagged(PAIRS, "FL506", model=with_layers(binary(True), dense(1, "relu"))).message


class TestAsItShouldBe:
    def test_probabilities(self, clean: Look) -> None:
        clean(DS, "FL5", model=with_layers(SPARSE, dense(4, "softmax")))
        clean(DS, "FL5", model=with_layers(sparse(False), dense(4), keras.layers.Softmax()))
        clean(PAIRS, "FL5", model=with_layers("binary_crossentropy", dense(1, "sigmoid")))
        clean(PAIRS, "FL5", model=with_layers("crossentropy", dense(1, "sigmoid")))

    def test_logits(self, clean: Look) -> None:
        clean(DS, "FL5", model=with_layers(sparse(True), dense(4)))
        clean(PAIRS, "FL5", model=with_layers(binary(True), dense(1)))

    def test_losses_of_the_users_own(self, clean: Look) -> None:
        def scaled_crossentropy(y: Any, p: Any) -> Any:
            return keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True)

        class MyCrossentropy(keras.losses.Loss):
            def call(self, y: Any, p: Any) -> Any:
                return scaled_crossentropy(y, p)

        for loss in (scaled_crossentropy, MyCrossentropy(), lambda y, p: scaled_crossentropy(y, p)):
            clean(DS, "FL5", model=with_layers(loss, dense(4)))

    def test_layers_of_the_users_own(self, clean: Look) -> None:
        class Head(keras.layers.Layer):
            activation = keras.activations.linear

            def call(self, x: Any) -> Any:
                return keras.ops.softmax(x)

        clean(DS, "FL5", model=with_layers(SPARSE, dense(4), Head()))
        clean(DS, "FL5", model=with_layers(SPARSE, dense(4), keras.layers.Lambda(lambda x: keras.ops.softmax(x))))
        clean(DS, "FL5", model=with_layers(SPARSE, dense(4, lambda x: keras.ops.softmax(x))))

    def test_other_losses(self, clean: Look) -> None:
        clean(PAIRS, "FL5", model=with_layers("mse", dense(1)))
        clean(PAIRS, "FL5", model=with_layers("hinge", dense(1)))
