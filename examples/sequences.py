"""Sequences of different lengths: filled up batch by batch, and the filling masked out of the model."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import random

import keras
import numpy as np

import feedline as fl

WORDS = 50  # numbered from 1: 0 is what batches are filled up with


def reviews(count: int, seed: int) -> list[tuple[np.ndarray, int]]:
    """Returns pairs of 3 to 40 word numbers and a label: 1 where more of the words are from the good half."""
    draw = np.random.default_rng(seed)
    found = []
    for length in draw.integers(3, 41, count):
        words = draw.integers(1, WORDS + 1, length).astype(np.int32)
        found.append((words, int((words > WORDS // 2).mean() > 0.5)))
    return found


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    # A list of pairs whose arrays differ in length: tf.data refuses it ("cannot compute Pack").
    pairs = fl.Dataset.from_tensor_slices(reviews(3_000, seed=0)).shuffle(3_000)
    mixed = pairs.padded_batch(64)
    # Reviews of up to 14 words go together, those of up to 27, and those of up to 40: less to fill up, and three shapes
    # of batches, so that JAX compiles three times. What is too little for a batch is left out, others in each epoch.
    alike = pairs.bucket_by_sequence_length(
        lambda words, label: len(words), [15, 28, 41], [64] * 4, pad_to_bucket_boundary=True, drop_remainder=True
    )
    for name, batches in (("as they come", mixed), ("alike in length", alike)):
        filling = np.mean([(words == 0).mean() for words, _ in batches])
        print(f"batches of reviews {name}: {filling:.0%} of the numbers are filling, which the mask leaves out")
    training = alike.prefetch(fl.AUTOTUNE)
    test = fl.Dataset.from_tensor_slices(reviews(500, seed=1)).padded_batch(100, padded_shapes=([40], []))

    model = keras.Sequential(
        [
            keras.layers.Embedding(WORDS + 1, 8, mask_zero=True),
            keras.layers.GlobalAveragePooling1D(),  # takes the mask into account
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
    model.fit(training.to_keras(), epochs=5, verbose=2)
    accuracy = model.evaluate(test.to_keras(), verbose=0, return_dict=True)["accuracy"]
    print(f"{accuracy:.1%} of 500 other reviews are judged right")
    assert accuracy > 0.9


if __name__ == "__main__":
    main()
