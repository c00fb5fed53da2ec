"""Broken pipelines: elements that the model cannot take, or takes for something else."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

GENERATOR = np.random.default_rng(0)
CLASSES = GENERATOR.integers(0, 5, 200)
ROWS = (GENERATOR.normal(size=(200, 8)) + CLASSES[:, None]).astype(np.float32)
IMAGES = GENERATOR.random((60, 16, 16, 3), np.float32)
SPARSE = "sparse_categorical_crossentropy"


def classifier(
    *inside: Any, loss: Any = SPARSE, inputs: Any = (8,), outputs: int = 5, activation: Any = "softmax"
) -> Any:
    """Returns the model that these programs train."""
    import keras

    model = keras.Sequential([keras.Input(inputs), *inside, keras.layers.Dense(outputs, activation=activation)])
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


def images_without_labels(folder: pathlib.Path) -> Any:
    """The generator of a classifier's batches gives images alone: document 000, block 1."""
    import keras

    def image_generator(batch_size: int) -> Iterator[Any]:
        for start in range(0, 60, batch_size):
            yield IMAGES[start : start + batch_size]

    dataset = fl.Dataset.from_generator(
        lambda: image_generator(12), output_signature=fl.TensorSpec(shape=(None, 16, 16, 3), dtype=fl.float32)
    )
    dataset = dataset.prefetch(fl.AUTOTUNE)
    model = classifier(keras.layers.Flatten(), inputs=(16, 16, 3), loss="categorical_crossentropy")
    return dataset.check(model=model, show=False)


def two_inputs_taken_for_input_and_label(folder: pathlib.Path) -> Any:
    """(a, b, y) is x, y and a weight for Keras; two inputs go into a tuple or dict of their own.

    https://github.com/tensorflow/tensorflow/issues/20698
    """
    import keras

    ages = GENERATOR.random((200, 1), np.float32)
    ds = fl.Dataset.from_tensor_slices((ROWS, ages, CLASSES)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    inputs = [keras.Input((8,), name="row"), keras.Input((1,), name="age")]
    model = keras.Model(inputs, keras.layers.Dense(5, "softmax")(keras.layers.Concatenate()(inputs)))
    model.compile(optimizer="adam", loss=SPARSE)
    return ds.check(model=model, show=False)


def a_key_in_the_plural(folder: pathlib.Path) -> Any:
    """The dict's key is "ages" and the input's name "age": https://github.com/tensorflow/tensorflow/issues/20698"""
    import keras

    inputs = {"row": ROWS, "ages": GENERATOR.random((200, 1), np.float32)}
    ds = fl.Dataset.from_tensor_slices((inputs, CLASSES)).shuffle(200).batch(20).prefetch(2)
    ports = [keras.Input((8,), name="row"), keras.Input((1,), name="age")]
    model = keras.Model(ports, keras.layers.Dense(5, "softmax")(keras.layers.Concatenate()(ports)))
    model.compile(optimizer="adam", loss=SPARSE)
    return ds.check(model=model, show=False)


def images_into_a_model_of_vectors(folder: pathlib.Path) -> Any:
    """Shapes that the first layer does not take: documents 000 and 003, the lists of issues."""
    ds = fl.Dataset.from_tensor_slices((IMAGES, CLASSES[:60])).shuffle(60)
    ds = ds.batch(12).prefetch(2)
    return ds.check(model=classifier(inputs=(768,)), show=False)


def a_batch_of_batches(folder: pathlib.Path) -> Any:
    """The generator gives batches, and the pipeline batches them again: after document 004, block 1."""

    def numpy_array_generator(batch_size: int) -> Iterator[Any]:
        order = np.random.default_rng().permutation(200)
        for start in range(0, 200, batch_size):
            chosen = order[start : start + batch_size]
            yield ROWS[chosen], CLASSES[chosen]

    signature = (fl.TensorSpec((None, 8), fl.float32), fl.TensorSpec((None,), fl.int64))
    ds = fl.Dataset.from_generator(lambda: numpy_array_generator(20), output_signature=signature)
    ds = ds.batch(5).prefetch(2)
    return ds.check(model=classifier(), show=False)


def names_of_classes_instead_of_numbers(folder: pathlib.Path) -> Any:
    """Labels are strings, and the loss wants numbers: document 000, the list of data types that do not match."""
    names = np.array(["ant", "bee", "cat", "dog", "eel"])[CLASSES]
    ds = fl.Dataset.from_tensor_slices((ROWS, names)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(), show=False)


def one_hot_labels_with_the_sparse_loss(folder: pathlib.Path) -> Any:
    """Document 000, blocks 2 and 3, one with the other's loss; https://github.com/keras-team/keras/issues/7749"""
    ds = fl.Dataset.from_tensor_slices((ROWS, CLASSES)).shuffle(200)
    ds = ds.map(lambda row, label: (row, fl.one_hot(label, depth=5)))
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(), show=False)


def class_numbers_with_the_categorical_loss(folder: pathlib.Path) -> Any:
    """Document 000, blocks 2 and 3, the other way round; https://github.com/keras-team/keras/issues/11786"""
    ds = fl.Dataset.from_tensor_slices((ROWS, CLASSES)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(loss="categorical_crossentropy"), show=False)


def class_mode_categorical_and_one_sigmoid(folder: pathlib.Path) -> Any:
    """Two classes as pairs of 0 and 1, which is the default of class_mode, and a sigmoid with one value.

    https://github.com/keras-team/keras/issues/13006
    """
    pairs = np.eye(2, dtype=np.float32)[CLASSES % 2]
    ds = fl.Dataset.from_tensor_slices((ROWS, pairs)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(outputs=1, activation="sigmoid", loss="binary_crossentropy"), show=False)


def logits_taken_for_probabilities(folder: pathlib.Path) -> Any:
    """The last layer has no softmax, and the loss is not told: https://github.com/keras-team/keras-hub/pull/1008"""
    ds = fl.Dataset.from_tensor_slices((ROWS, CLASSES)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(activation=None), show=False)


def softmax_taken_for_logits(folder: pathlib.Path) -> Any:
    """from_logits=True behind a softmax, so that there are two of them.

    https://github.com/mmalekzadeh/dana/issues/1
    https://github.com/keras-team/keras/issues/15271
    """
    import keras

    ds = fl.Dataset.from_tensor_slices((ROWS, CLASSES)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return ds.check(model=classifier(loss=loss), show=False)


def seven_categories_and_six_outputs(folder: pathlib.Path) -> Any:
    """One output too few for the classes: the loss is NaN.

    https://github.com/yyccR/yolov5_in_tf2_keras/issues/5
    """
    ds = fl.Dataset.from_tensor_slices((ROWS, np.arange(200) % 7)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(outputs=6), show=False)


def weights_where_the_labels_belong(folder: pathlib.Path) -> Any:
    """(x, sample_weight, y) in place of (x, y, sample_weight): https://github.com/tensorflow/tensorflow/issues/47032"""
    weights = GENERATOR.uniform(0.5, 2, 200).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices((ROWS, weights, CLASSES)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(), show=False)


def channels_first_as_pytorch_has_them(folder: pathlib.Path) -> Any:
    """Images of (3, height, width) into layers that take the channels last: document 000, shapes of convolutions."""
    import keras

    images = np.moveaxis(IMAGES, -1, 1).copy()
    ds = fl.Dataset.from_tensor_slices((images, CLASSES[:60])).shuffle(60)
    ds = ds.batch(12).prefetch(2)
    model = classifier(keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D(), inputs=(16, 16, 3))
    return ds.check(model=model, show=False)


def padded_series_without_a_mask(folder: pathlib.Path) -> Any:
    """Sequences padded with 0 go into an LSTM that takes the padding for steps: document 002, block 3."""
    import keras

    sequences = [GENERATOR.normal(size=(length, 10)).astype(np.float32) for length in GENERATOR.integers(5, 20, 100)]

    def pairs() -> Iterator[Any]:
        yield from zip(sequences, CLASSES[:100], strict=True)

    signature = (fl.TensorSpec((None, 10), fl.float32), fl.TensorSpec((), fl.int64))
    ds = fl.Dataset.from_generator(pairs, output_signature=signature).shuffle(100)
    ds = ds.padded_batch(10, padded_shapes=((None, 10), ()))
    return ds.prefetch(2).check(model=classifier(keras.layers.LSTM(4), inputs=(None, 10)), show=False)


def one_target_and_five_outputs(folder: pathlib.Path) -> Any:
    """mse repeats one target along five outputs and says nothing: https://github.com/keras-team/keras/issues/14627"""
    ds = fl.Dataset.from_tensor_slices((ROWS, ROWS.sum(axis=1, keepdims=True))).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    return ds.check(model=classifier(loss="mse", activation=None), show=False)


def a_vocabulary_larger_than_the_embedding(folder: pathlib.Path) -> Any:
    """Word numbers up to the size of the vocabulary, and an Embedding of as many rows, of which the first is 0.

    https://github.com/keras-team/keras/issues/10694
    https://github.com/TannerGilbert/Tutorials/issues/1
    """
    import keras

    words = GENERATOR.integers(1, 501, (200, 12))
    words[::9, 3] = 500
    ds = fl.Dataset.from_tensor_slices((words, CLASSES)).shuffle(200)
    ds = ds.batch(20).prefetch(2)
    inside = keras.layers.Embedding(500, 4), keras.layers.GlobalAveragePooling1D()
    return ds.check(model=classifier(*inside, inputs=(12,)), show=False)


BROKEN = [
    (images_without_labels, "FL501", "from_generator("),
    (two_inputs_taken_for_input_and_label, "FL501", "from_tensor_slices("),
    (a_key_in_the_plural, "FL502", "from_tensor_slices((inputs"),
    (images_into_a_model_of_vectors, "FL503", "from_tensor_slices((IMAGES"),
    (a_batch_of_batches, "FL503", "ds.batch(5)"),
    (names_of_classes_instead_of_numbers, "FL504", "from_tensor_slices((ROWS, names"),
    (one_hot_labels_with_the_sparse_loss, "FL505", "fl.one_hot"),
    (class_numbers_with_the_categorical_loss, "FL505", "from_tensor_slices((ROWS, CLASSES"),
    (class_mode_categorical_and_one_sigmoid, "FL507", "from_tensor_slices((ROWS, pairs"),
    (logits_taken_for_probabilities, "FL506", "batch(20)"),
    (softmax_taken_for_logits, "FL506", "batch(20)"),
    (seven_categories_and_six_outputs, "FL507", "np.arange(200) % 7"),
    (weights_where_the_labels_belong, "FL508", "from_tensor_slices((ROWS, weights"),
    (channels_first_as_pytorch_has_them, "FL509", "from_tensor_slices((images"),
    (padded_series_without_a_mask, "FL510", "padded_batch(10"),
    (one_target_and_five_outputs, "FL511", "from_tensor_slices((ROWS, ROWS.sum"),
    (a_vocabulary_larger_than_the_embedding, "FL512", "from_tensor_slices((words"),
]
"""The program, what must be found, and what is written on the line that the finding names."""
