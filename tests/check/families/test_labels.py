"""FL505, FL507 and FL511: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.random((96, 8), np.float32)
CLASSES = GENERATOR.integers(0, 4, 96)
ONE_HOT = np.eye(4, dtype=np.float32)[CLASSES]
STEPS = GENERATOR.random((96, 5, 8), np.float32)
STEP_CLASSES = GENERATOR.integers(0, 4, (96, 5))
IMAGES = GENERATOR.random((24, 8, 8, 3), np.float32)
MASKS = GENERATOR.integers(0, 2, (24, 8, 8))


def table(y: Any, x: Any = ROWS) -> Any:
    return fl.Dataset.from_tensor_slices((x, y)).shuffle(96).batch(16)


def dense(units: int, activation: str | None, loss: Any, *before: Any, shape: tuple[Any, ...] = (8,)) -> Any:
    made = keras.Sequential([keras.Input(shape), *before, keras.layers.Dense(units, activation=activation)])
    made.compile(loss=loss)
    return made


def recurrent(units: int, activation: str | None, loss: Any, *, steps: bool = True) -> Any:
    return dense(units, activation, loss, keras.layers.LSTM(3, return_sequences=steps), shape=(5, 8))


def segmenting(channels: int, activation: str, loss: Any) -> Any:
    made = keras.Sequential([
        keras.Input((8, 8, 3)), keras.layers.Conv2D(channels, 3, padding="same", activation=activation)
    ])  # fmt: skip
    made.compile(loss=loss)
    return made


SPARSE, CATEGORICAL, BINARY = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"


class TestSparse:
    def test_one_hot_labels(self, flagged: Look) -> None:
        finding = flagged(table(ONE_HOT), "FL505", model=dense(4, "softmax", SPARSE))
        assert finding.message == (
            "the labels are one-hot vectors, and sparse_categorical_crossentropy takes class numbers."
        )
        assert "(4,)" in finding.seen
        assert "(None, 4)" in finding.seen
        assert 'compile(loss="categorical_crossentropy")' in finding.fix
        assert ".map(lambda x, y: (x, y.argmax(axis=-1))) in front of .batch(16)" in finding.fix
        assert finding.severity == "error"

    def test_one_hot_labels_keep_the_logits_in_the_fix(self, flagged: Look) -> None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        finding = flagged(table(ONE_HOT), "FL505", model=dense(4, None, loss))
        assert "keras.losses.CategoricalCrossentropy(from_logits=True)" in finding.fix

    def test_one_hot_masks_and_steps(self, flagged: Look) -> None:
        hot = np.eye(4)[STEP_CLASSES]
        flagged(table(hot, STEPS), "FL505", model=recurrent(4, "softmax", SPARSE))
        flagged(table(np.eye(2)[MASKS], IMAGES), "FL505", model=segmenting(2, "softmax", SPARSE))

    @pytest.mark.parametrize(
        "labels", [CLASSES, CLASSES[:, None], CLASSES.astype(np.float32), CLASSES.astype(np.uint8)]
    )
    def test_class_numbers(self, labels: np.ndarray, clean: Look) -> None:
        clean(table(labels), "FL5", model=dense(4, "softmax", SPARSE))

    def test_class_numbers_of_steps_and_pixels(self, clean: Look) -> None:
        clean(table(STEP_CLASSES, STEPS), "FL5", model=recurrent(4, "softmax", SPARSE))
        clean(table(STEP_CLASSES[..., None], STEPS), "FL5", model=recurrent(4, "softmax", SPARSE))
        clean(table(MASKS, IMAGES), "FL5", model=segmenting(2, "softmax", SPARSE))
        clean(table(MASKS[..., None], IMAGES), "FL5", model=segmenting(2, "softmax", SPARSE))

    def test_as_many_steps_as_classes(self, clean: Look) -> None:
        labels = GENERATOR.integers(0, 2, (96, 5))
        clean(table(labels, STEPS), "FL5", model=recurrent(5, "softmax", SPARSE))

    def test_scaled_class_numbers(self, flagged: Look) -> None:
        finding = flagged(table(CLASSES / 4), "FL505", model=dense(4, "softmax", SPARSE))
        assert "cut off" in finding.message
        assert "element" in finding.where[0]

    def test_probabilities(self, flagged: Look) -> None:
        smooth = (ONE_HOT * 0.9 + 0.025).astype(np.float32)
        finding = flagged(table(smooth), "FL505", model=dense(4, "softmax", SPARSE))
        assert "probabilities" in finding.message
        assert "categorical_crossentropy" in finding.fix

    def test_a_class_too_many(self, flagged: Look) -> None:
        finding = flagged(table(CLASSES), "FL507", model=dense(3, "softmax", SPARSE))
        assert "from 0 to 3" in finding.message
        assert "3 classes, 0 to 2" in finding.message
        assert 'Dense(4, activation="softmax")' in finding.fix

    def test_what_another_rule_says(self, clean: Look) -> None:
        model = dense(4, "softmax", SPARSE)
        clean(table(CLASSES + 1), "FL507", model=model)  # FL209: no class number 0
        clean(table(CLASSES - 1), "FL507", model=model)
        clean(table(CLASSES + 1), "FL507", model=dense(5, "softmax", SPARSE))

    def test_of_a_model_that_is_not_built(self, flagged: Look, clean: Look) -> None:
        model = keras.Sequential([keras.layers.Dense(4, activation="softmax")])
        model.compile(loss=SPARSE)
        for labels, fix in ((CLASSES + 1, "(x, y - 1)"), (CLASSES - 1, "ignore_class=-1")):
            assert fix in flagged(table(labels), "FL209", model=model).fix
            clean(table(labels), "FL507", model=model)
        flagged(table(GENERATOR.integers(0, 6, 96)), "FL507", model=model)
        clean(table(GENERATOR.integers(0, 6, 96)), "FL209", model=model)

    def test_validation_data_from_one(self, flagged: Look) -> None:
        model = dense(4, "softmax", SPARSE)
        finding = flagged(table(CLASSES), "FL507", model=model, against=table(CLASSES + 1, ROWS[::-1]))
        assert "- 1)" in finding.fix

    def test_a_class_that_is_left_out(self, clean: Look) -> None:
        labels = np.where(MASKS == 1, 2, MASKS)
        labels[0, 0] = 1
        loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=2)
        clean(table(labels, IMAGES), "FL5", model=segmenting(2, "softmax", loss))

    def test_a_class_that_weighs_nothing(self, flagged: Look, clean: Look) -> None:
        model = dense(3, "softmax", SPARSE)
        ds = fl.Dataset.from_tensor_slices((ROWS, CLASSES, (CLASSES < 3).astype(np.float32))).batch(16)
        clean(ds, "FL5", model=model)
        flagged(ds.map(lambda x, y, w: (x, y, w * 0 + 1)), "FL507", model=model)
        unknown = np.where(STEP_CLASSES == 0, -1.0, STEP_CLASSES % 2)
        weighed = fl.Dataset.from_tensor_slices((STEPS, unknown[..., None], unknown >= 0)).batch(16)
        clean(weighed, "FL5", model=recurrent(1, "sigmoid", BINARY))

    def test_one_output(self, flagged: Look) -> None:
        finding = flagged(table(CLASSES % 2), "FL507", model=dense(1, "sigmoid", SPARSE))
        assert "always 0" in finding.message
        assert "binary_crossentropy" in finding.fix

    def test_more_outputs_than_classes_seen(self, clean: Look) -> None:
        clean(table(CLASSES), "FL5", model=dense(10, "softmax", SPARSE))

    def test_steps_against_one_output(self, flagged: Look) -> None:
        assert "(5,)" in flagged(
            table(STEP_CLASSES, STEPS), "FL511", model=recurrent(4, "softmax", SPARSE, steps=False)
        ).message  # fmt: skip


class TestCategorical:
    @pytest.mark.parametrize("labels", [CLASSES, CLASSES[:, None]])
    def test_class_numbers(self, labels: np.ndarray, flagged: Look) -> None:
        finding = flagged(table(labels), "FL505", model=dense(4, "softmax", CATEGORICAL))
        assert 'compile(loss="sparse_categorical_crossentropy")' in finding.fix
        assert "fl.one_hot(y" in finding.fix

    def test_one_hot_and_smoothed_and_mixed(self, clean: Look) -> None:
        model = dense(4, "softmax", CATEGORICAL)
        clean(table(ONE_HOT), "FL5", model=model)
        clean(table(ONE_HOT * 0.9 + 0.025), "FL5", model=model)
        clean(table(0.7 * ONE_HOT + 0.3 * ONE_HOT[::-1]), "FL5", model=model)
        smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
        clean(table(ONE_HOT), "FL5", model=dense(4, "softmax", smoothed))

    def test_the_length_of_the_vectors(self, flagged: Look) -> None:
        finding = flagged(table(ONE_HOT), "FL507", model=dense(5, "softmax", CATEGORICAL))
        assert "vectors of 4" in finding.message
        assert 'Dense(4, activation="softmax")' in finding.fix

    def test_several_classes(self, flagged: Look) -> None:
        several = np.maximum(ONE_HOT, ONE_HOT[::-1])
        finding = flagged(table(several), "FL505", model=dense(4, "softmax", CATEGORICAL))
        assert finding.severity == "warning"
        assert "binary_crossentropy" in finding.fix

    def test_vectors_without_a_one(self, flagged: Look) -> None:
        made = table(CLASSES).unbatch().map(lambda x, y: (x, fl.one_hot(y, 3))).batch(16)
        finding = flagged(made, "FL507", model=dense(3, "softmax", CATEGORICAL))
        assert finding.severity == "warning"
        assert "all 0" in finding.seen

    def test_one_output(self, flagged: Look) -> None:
        flagged(table(CLASSES % 2), "FL507", model=dense(1, "sigmoid", CATEGORICAL))

    def test_one_hot_masks(self, clean: Look) -> None:
        clean(table(np.eye(2)[MASKS], IMAGES), "FL5", model=segmenting(2, "softmax", CATEGORICAL))


class TestBinary:
    @pytest.mark.parametrize("labels", [CLASSES % 2, CLASSES[:, None] % 2, CLASSES > 1, (CLASSES % 2) * 0.8])
    def test_labels_of_two_classes(self, labels: np.ndarray, clean: Look) -> None:
        clean(table(labels), "FL5", model=dense(1, "sigmoid", BINARY))

    def test_many_classes(self, flagged: Look) -> None:
        finding = flagged(table(CLASSES), "FL505", model=dense(1, "sigmoid", BINARY))
        assert "0 to 3" in finding.message
        assert 'Dense(4, activation="softmax")' in finding.fix
        assert "sparse_categorical" in finding.fix

    def test_two_other_numbers(self, flagged: Look, clean: Look) -> None:
        clean(table(2 * (CLASSES % 2) - 1), "FL505", model=dense(1, "sigmoid", BINARY))  # FL209 says it
        finding = flagged(table(2.0 * ONE_HOT - 1), "FL505", model=dense(4, "sigmoid", BINARY))
        assert ".map(lambda x, y: (x, (y + 1) / 2))" in finding.fix
        finding = flagged(table(ONE_HOT + 1), "FL505", model=dense(4, "sigmoid", BINARY))
        assert "fl.cast(y == 2, fl.float32)" in finding.fix

    def test_masks(self, flagged: Look, clean: Look) -> None:
        model = segmenting(1, "sigmoid", BINARY)
        finding = flagged(table(GENERATOR.integers(0, 256, (24, 8, 8)) | 1, IMAGES), "FL505", model=model)
        assert "fl.cast(y, fl.float32) / 255" in finding.fix
        clean(table(MASKS, IMAGES), "FL5", model=model)
        clean(table(MASKS[..., None], IMAGES), "FL5", model=model)

    def test_numbers_to_be_predicted(self, flagged: Look) -> None:
        finding = flagged(table(GENERATOR.normal(size=96)), "FL505", model=dense(1, "sigmoid", BINARY))
        assert 'loss="mse"' in finding.fix

    @pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
    def test_class_numbers_against_several_outputs(self, activation: str, flagged: Look) -> None:
        finding = flagged(table(CLASSES), "FL505", model=dense(4, activation, BINARY))
        assert "sparse_categorical_crossentropy" in finding.fix

    def test_one_hot_against_one_output(self, flagged: Look) -> None:
        finding = flagged(table(np.eye(2)[CLASSES % 2]), "FL507", model=dense(1, "sigmoid", BINARY))
        assert "Dense(2" in finding.fix
        assert "y[..., 1]" in finding.fix

    def test_a_softmax_over_classes(self, flagged: Look, clean: Look) -> None:
        assert "categorical" in flagged(table(ONE_HOT), "FL505", model=dense(4, "softmax", BINARY)).fix
        clean(table(np.eye(2)[CLASSES % 2]), "FL5", model=dense(2, "softmax", BINARY))

    def test_several_labels(self, clean: Look) -> None:
        clean(table(np.maximum(ONE_HOT, ONE_HOT[::-1])), "FL5", model=dense(4, "sigmoid", BINARY))
        clean(table(ONE_HOT), "FL5", model=dense(4, "sigmoid", BINARY))

    def test_a_softmax_of_one(self, flagged: Look) -> None:
        finding = flagged(table(CLASSES % 2), "FL507", model=dense(1, "softmax", BINARY))
        assert "always 1" in finding.message
        assert 'Dense(1, activation="sigmoid")' in finding.fix

    def test_an_autoencoder(self, flagged: Look, clean: Look) -> None:
        model = dense(8, "sigmoid", BINARY)
        clean(fl.Dataset.from_tensor_slices(ROWS).map(lambda x: (x, x)).batch(16), "FL5", model=model)
        finding = flagged(
            fl.Dataset.from_tensor_slices(ROWS * 255).map(lambda x: (x, x)).batch(16), "FL505", model=model
        )
        assert "0 to 1" in finding.message


class TestNumbers:
    NUMBERS = GENERATOR.normal(size=96).astype(np.float32)

    def test_one_number(self, clean: Look) -> None:
        for y in (self.NUMBERS, self.NUMBERS[:, None], CLASSES):
            clean(table(y), "FL5", model=dense(1, None, "mse"))

    @pytest.mark.parametrize("labels", [NUMBERS, NUMBERS[:, None], CLASSES])
    def test_one_number_against_several(self, labels: np.ndarray, flagged: Look) -> None:
        finding = flagged(table(labels), "FL511", model=dense(4, None, "mse"))
        assert "Dense(1)" in finding.fix

    def test_several_against_one(self, flagged: Look) -> None:
        finding = flagged(table(ONE_HOT), "FL511", model=dense(1, None, keras.losses.MeanAbsoluteError()))
        assert "repeated" in finding.message
        assert "Dense(4)" in finding.fix

    def test_class_numbers_against_a_softmax(self, flagged: Look) -> None:
        assert "sparse" in flagged(table(CLASSES), "FL511", model=dense(4, "softmax", "mse")).fix

    def test_one_hot_against_a_softmax(self, clean: Look) -> None:
        clean(table(ONE_HOT), "FL5", model=dense(4, "softmax", "mse"))

    def test_steps(self, flagged: Look, clean: Look) -> None:
        steps = GENERATOR.normal(size=(96, 5))
        clean(table(steps, STEPS), "FL5", model=recurrent(1, None, "mse"))
        clean(table(steps[..., None], STEPS), "FL5", model=recurrent(1, None, "mse"))
        assert "return_sequences" in flagged(
            table(steps, STEPS), "FL511", model=recurrent(1, None, "mse", steps=False)
        ).fix  # fmt: skip
        for y in (self.NUMBERS, self.NUMBERS[:, None]):
            assert "return_sequences" in flagged(table(y, STEPS), "FL511", model=recurrent(1, None, "mse")).fix


class TestModels:
    def test_custom_losses_and_steps_are_not_judged(self, clean: Look) -> None:
        def weighted_crossentropy(y: Any, p: Any) -> Any:
            return p[:, 0] * 0

        class Own(keras.Model):
            def train_step(self, data: Any) -> Any:
                return {}

        clean(table(ONE_HOT), "FL5", model=dense(4, None, weighted_crossentropy))
        inputs = keras.Input((8,))
        model = Own(inputs, keras.layers.Dense(4)(inputs))
        model.compile(loss=SPARSE)
        clean(table(ONE_HOT), "FL5", model=model)

    def test_a_subclassed_model(self, flagged: Look, clean: Look) -> None:
        class Subclassed(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.dense = keras.layers.Dense(4)

            def call(self, x: Any) -> Any:
                return self.dense(x)

        model = Subclassed()
        model.compile(loss=SPARSE)
        clean(table(CLASSES), "FL5", model=model)
        clean(table(ONE_HOT), "FL5", model=model)
        flagged(table(CLASSES / 4), "FL505", model=model)  # whatever the output is

    def test_a_model_that_is_not_built(self, flagged: Look, clean: Look) -> None:
        model = keras.Sequential(
            [keras.layers.Dense(3, activation="relu"), keras.layers.Dense(4, activation="softmax")]
        )
        model.compile(loss=SPARSE)
        flagged(table(ONE_HOT), "FL505", model=model)
        clean(table(CLASSES), "FL5", model=model)
        assert not model.built

    def test_validation_data(self, flagged: Look, clean: Look) -> None:
        model = dense(4, "softmax", SPARSE)
        finding = flagged(table(CLASSES), "FL505", model=model, against=table(ONE_HOT))
        assert finding.message.startswith("in the dataset that is compared with: the labels are one-hot")
        clean(table(CLASSES), "FL5", model=model, against=table(CLASSES))
        clean(table(CLASSES), "FL5", model=model, against=fl.Dataset.from_tensor_slices(ROWS))
        clean(table(CLASSES), "FL5", model=model, against=fl.Dataset.from_tensor_slices((ROWS, ONE_HOT)))

    def test_a_model_that_is_not_compiled(self, clean: Look) -> None:
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        clean(table(ONE_HOT), "FL5", model=model)

    @pytest.mark.parametrize("names", [False, True])
    def test_several_outputs(self, names: bool, flagged: Look, clean: Look) -> None:
        inputs = keras.Input((8,))
        kind = keras.layers.Dense(4, activation="softmax", name="kind")(inputs)
        size = keras.layers.Dense(1, name="size")(inputs)
        model = keras.Model(inputs, {"k": kind, "s": size} if names else [kind, size])
        sizes = ROWS[:, 0]
        if names:
            model.compile(loss={"s": "mse", "k": SPARSE})
            clean(table({"s": sizes, "k": CLASSES}), "FL5", model=model)
            finding = flagged(table({"s": sizes, "k": ONE_HOT}), "FL505", model=model)
            assert "loss={'k': \"categorical_crossentropy\", ...}" in finding.fix
            assert "(x, {**y, 'k': y['k'].argmax(axis=-1)})" in finding.fix
            return
        model.compile(loss=[SPARSE, "mse"])
        clean(table((CLASSES, sizes)), "FL5", model=model)
        finding = flagged(table((ONE_HOT, sizes)), "FL505", model=model)
        assert "(x, (y[0].argmax(axis=-1), y[1]))" in finding.fix
