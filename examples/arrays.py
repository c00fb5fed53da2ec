"""Arrays in memory: shuffled, augmented, batched, into `model.fit`."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import random

import keras
import numpy as np

import feedline as fl


def stripes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns noisy images (count, 16, 16, 1) with a lying (0) or a standing (1) stripe, and which it is."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 2, count)
    images = draw.normal(0.0, 0.3, (count, 16, 16, 1)).astype(np.float32)
    for image, label, place in zip(images, labels, draw.integers(0, 16, count), strict=True):
        if label == 0:
            image[place] += 1.0
        else:
            image[:, place] += 1.0
    return images, labels


def augment(image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Another variant of the image each epoch; which one depends on the seed, the epoch and the element only."""
    image = fl.image.random_flip_left_right(image)
    return fl.image.random_brightness(image, 0.2), label


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    fl.random.set_seed(1)
    training = (
        fl.Dataset.from_tensor_slices(stripes(2_000, seed=0))
        .shuffle(2_000)
        .map(augment, num_parallel_calls=fl.AUTOTUNE)
        .batch(32)
        .prefetch(fl.AUTOTUNE)
    )
    test = fl.Dataset.from_tensor_slices(stripes(500, seed=1)).batch(100)
    print(f"{len(training)} batches, each an element of {training.element_spec}")
    print(training.explain())

    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(training.to_keras(), epochs=4, verbose=2)
    accuracy = model.evaluate(test.to_keras(), verbose=0, return_dict=True)["accuracy"]
    print(f"accuracy on 500 images it has not seen: {accuracy:.1%}")
    assert accuracy > 0.9


if __name__ == "__main__":
    main()
