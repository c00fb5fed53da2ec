# ruff: noqa: NPY002
"""Whole batches of images, without labels, out of a generator that never ends, into `fit` with a loss."""

import os

import numpy as np

import feedline.compat.tf as tf


def batches_of_images(folder, size):
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".png")]
    while True:
        order = np.random.permutation(len(paths))
        for first in range(0, len(paths), size):
            chosen = order[first : first + size]
            pixels = [tf.io.decode_png(tf.io.read_file(paths[number]), channels=3) for number in chosen]
            pixels = [tf.image.resize(image, [224, 224]) for image in pixels]
            pixels = [tf.cast(image, tf.float32) / 255.0 for image in pixels]
            yield tf.stack(pixels)


dataset = tf.data.Dataset.from_generator(
    lambda: batches_of_images("images", 32),
    output_signature=tf.TensorSpec(shape=(None, 224, 224, 3), dtype=tf.float32),
)
dataset = dataset.prefetch(tf.data.AUTOTUNE)

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Conv2D(32, (3, 3), activation="relu", input_shape=(224, 224, 3)),
        tf.keras.layers.MaxPooling2D((2, 2)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(dataset, epochs=5, steps_per_epoch=100)
