"""A Python generator without end: samples made as they are needed, never in memory as a whole."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import random
from collections.abc import Iterator

import keras
import numpy as np

import feedline as fl

STEPS = 64
TONES = (2, 5, 9)  # waves in a signal, one class each
SIGNATURE = (fl.TensorSpec((STEPS, 1), fl.float32), fl.TensorSpec((), fl.int32))


def signals(seed: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yields noisy waves and which tone it is, for ever."""
    draw = np.random.default_rng(seed)
    time = np.linspace(0, 2 * np.pi, STEPS, dtype=np.float32)
    while True:
        tone = int(draw.integers(len(TONES)))
        wave = np.sin(TONES[tone] * time + draw.uniform(0, 2 * np.pi)) + draw.normal(0, 0.5, STEPS)
        yield wave.astype(np.float32)[:, None], tone


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    # The generator's function and its arguments are given, not a running generator: each epoch begins it anew.
    endless = fl.Dataset.from_generator(signals, args=(7,), output_signature=SIGNATURE)
    training = endless.batch(64).prefetch(fl.AUTOTUNE)
    test = fl.Dataset.from_generator(signals, args=(8,), output_signature=SIGNATURE).take(500).batch(100)
    print(f"elements of the training data: {'without end' if training.cardinality() < 0 else len(training)}")
    print(training.explain())

    model = keras.Sequential(
        [
            keras.Input((STEPS, 1)),
            keras.layers.Conv1D(16, 9, activation="relu"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(len(TONES), activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    # What has no end needs to be told how long an epoch is.
    model.fit(training.to_keras(), steps_per_epoch=40, epochs=4, verbose=2)
    accuracy = model.evaluate(test.to_keras(), verbose=0, return_dict=True)["accuracy"]
    print(f"accuracy on 500 other signals: {accuracy:.1%}")
    assert accuracy > 0.9


if __name__ == "__main__":
    main()
