# ruff: noqa: NPY002
"""Rows of a table and their class numbers into `fit` with a sparse loss."""

import numpy as np

import feedline.compat.tf as tf

table = np.random.rand(100, 20)
classes = np.random.randint(0, 5, 100)

dataset = tf.data.Dataset.from_tensor_slices((table, classes))
dataset = dataset.batch(32).prefetch(tf.data.AUTOTUNE)

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Dense(64, activation="relu", input_shape=(20,)),
        tf.keras.layers.Dense(5, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(dataset, epochs=5)
