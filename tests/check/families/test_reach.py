"""FL513: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(300, 6)).astype(np.float32)
PRICES = (200 + 40 * ROWS[:, 0] + GENERATOR.normal(size=300)).astype(np.float32)
SCALED = (PRICES - PRICES.min()) / (PRICES.max() - PRICES.min())
STANDARD = (PRICES - PRICES.mean()) / PRICES.std()


def model_of(*last: Any, loss: Any = "mse", inputs: Any = (6,)) -> Any:
    model = keras.Sequential([keras.Input(inputs), *last])
    model.compile(optimizer="adam", loss=loss)
    return model


def dense(activation: Any, units: int = 1) -> Any:
    return keras.layers.Dense(units, activation=activation)


def batches(*components: Any) -> Any:
    return fl.Dataset.from_tensor_slices(components).shuffle(300).batch(32)


@pytest.mark.parametrize("loss", ["mse", "mae", keras.losses.Huber(), "mean_absolute_percentage_error"])
def test_a_sigmoid_and_prices(loss: Any, flagged: Look) -> None:
    finding = flagged(batches(ROWS, PRICES), "FL513", model=model_of(dense("sigmoid"), loss=loss))
    assert finding.severity == "error"
    assert finding.message.startswith("sigmoid gives 0 to 1, and the targets are ")
    assert "100% of the values of y" in finding.seen
    assert finding.fix.startswith("Make the last layer Dense(1), without activation; or scale the targets to 0 to 1: ")
    assert "in front of .batch(32)." in finding.fix


def test_the_fixes_mend_it(clean: Look) -> None:
    clean(batches(ROWS, PRICES), "FL513", model=model_of(dense(None)))
    clean(batches(ROWS, SCALED), "FL513", model=model_of(dense("sigmoid")))


def test_a_layer_for_the_activation(flagged: Look) -> None:
    flagged(batches(ROWS, PRICES), "FL513", model=model_of(dense(None), keras.layers.Activation("sigmoid")))


def test_a_softmax_and_amounts(flagged: Look, clean: Look) -> None:
    amounts = GENERATOR.integers(0, 40, (300, 3)).astype(np.float32)
    model = model_of(dense("softmax", 3))
    assert "softmax gives 0 to 1" in flagged(batches(ROWS, amounts), "FL513", model=model).message
    clean(batches(ROWS, np.eye(3, dtype=np.float32)[GENERATOR.integers(0, 3, 300)]), "FL513", model=model)


def test_standardised_targets(flagged: Look, clean: Look) -> None:
    finding = flagged(batches(ROWS, STANDARD), "FL513", model=model_of(dense("tanh")))
    assert finding.message.startswith("tanh gives -1 to 1, and the targets are -")
    assert "(x, 2 * (y + " in finding.fix
    flagged(batches(ROWS, STANDARD), "FL513", model=model_of(dense("sigmoid")))
    clean(batches(ROWS, STANDARD / 4), "FL513", model=model_of(dense("tanh")))


def test_values_that_are_stretched_behind_it(clean: Look) -> None:
    clean(batches(ROWS, PRICES), "FL513", model=model_of(dense("sigmoid"), keras.layers.Rescaling(400.0)))
    inputs = keras.Input((6,))
    model = keras.Model(inputs, dense("sigmoid")(inputs) * 400)
    model.compile("adam", "mse")
    clean(batches(ROWS, PRICES), "FL513", model=model)


def test_some_beyond_the_range(clean: Look) -> None:
    some = np.where(np.arange(300) % 25 == 3, 1.4, SCALED).astype(np.float32)
    clean(batches(ROWS, some), "FL513", model=model_of(dense("sigmoid")))


def test_targets_that_weigh_nothing(flagged: Look, clean: Look) -> None:
    missing = np.arange(300) % 3 == 0
    targets = np.where(missing, -99, SCALED).astype(np.float32)
    model = model_of(dense("sigmoid"))
    flagged(batches(ROWS, targets), "FL513", model=model)
    clean(batches(ROWS, targets, (~missing).astype(np.float32)), "FL513", model=model)


def test_a_loss_of_ones_own(clean: Look) -> None:
    def loss(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean((y_true / 400 - y_pred) ** 2)

    clean(batches(ROWS, PRICES), "FL513", model=model_of(dense("sigmoid"), loss=loss))


def test_one_of_two_outputs(flagged: Look, clean: Look) -> None:
    inputs = keras.Input((6,))
    outputs = {"price": keras.layers.Dense(1)(inputs), "chance": dense("sigmoid")(inputs)}
    model = keras.Model(inputs, outputs)
    model.compile("adam", {"price": "mse", "chance": "mse"})
    clean(batches(ROWS, {"price": PRICES, "chance": SCALED}), "FL513", model=model)
    finding = flagged(batches(ROWS, {"price": SCALED, "chance": PRICES}), "FL513", model=model)
    assert "y['chance']" in finding.seen


def test_pictures(flagged: Look, clean: Look) -> None:
    images = GENERATOR.integers(0, 256, (60, 12, 12, 1)).astype(np.float32)
    model = model_of(keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid"), inputs=(12, 12, 1))
    flagged(batches(images / 255, images), "FL513", model=model)
    clean(batches(images / 255, images / 255), "FL513", model=model)


def test_validation_data_is_looked_at(flagged: Look) -> None:
    train, other = batches(ROWS, SCALED), fl.Dataset.from_tensor_slices((ROWS, PRICES)).batch(32)
    finding = flagged(train, "FL513", model=model_of(dense("sigmoid")), against=other)
    assert finding.message.startswith("in the dataset that is compared with: ")
