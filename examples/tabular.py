"""Tables: a scikit-learn bunch, and a pandas frame whose columns are numbers and text."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import random

import keras
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

import feedline as fl

COLOURS = (b"red", b"green", b"blue")


def bunch() -> float:
    """Trains on a bunch, which gives (data, target), and returns the accuracy on rows that were held out."""
    table = load_breast_cancer()
    mean, spread = table.data.mean(axis=0), table.data.std(axis=0)
    rows = fl.Dataset.from_tensor_slices(table).map(
        lambda row, target: (fl.cast((row - mean) / spread, "float32"), target)
    )
    training, test = fl.keras.split_dataset(rows, left_size=0.8, shuffle=True, seed=1)
    model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    model.fit(training.shuffle(1_000).batch(32).to_keras(), epochs=6, verbose=2)
    return model.evaluate(test.batch(128).to_keras(), verbose=0, return_dict=True)["accuracy"]


def frame() -> float:
    """Trains on a frame, of which each row is a dict, and returns the mean error of the prices in euros."""
    draw = np.random.default_rng(0)
    colour, weight = draw.integers(0, len(COLOURS), 1_000), draw.uniform(1, 5, 1_000)
    price = 10 * weight + 7 * colour + draw.normal(0, 0.5, 1_000)
    fruits = pd.DataFrame({"colour": [COLOURS[c].decode() for c in colour], "weight": weight, "price": price})
    print(fruits.head(3).to_string(index=False))

    def features(row: dict) -> tuple[np.ndarray, np.ndarray]:
        one_hot = fl.one_hot(COLOURS.index(row["colour"]), len(COLOURS))
        return np.append(one_hot, np.float32(row["weight"])), np.float32(row["price"])

    rows = fl.Dataset.from_tensor_slices(fruits).map(features)
    print(f"a row is {rows.element_spec}")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.3), "mse", metrics=["mae"])
    model.fit(rows.shuffle(1_000).batch(50).to_keras(), epochs=40, verbose=0)
    return model.evaluate(rows.batch(500).to_keras(), verbose=0, return_dict=True)["mae"]


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    accuracy = bunch()
    print(f"breast cancer: {accuracy:.1%} of the rows held out are told apart\n")
    error = frame()
    print(f"fruits: the price is right to within {error:.2f} euros")
    assert accuracy > 0.9
    assert error < 1


if __name__ == "__main__":
    main()
