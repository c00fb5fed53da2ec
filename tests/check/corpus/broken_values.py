"""Broken pipelines: values that are not what the model or the user takes them for."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

GENERATOR = np.random.default_rng(0)
CLASSES = GENERATOR.integers(0, 4, 400)
ROWS = (GENERATOR.normal(size=(400, 8)) + CLASSES[:, None]).astype(np.float32)
IMAGES = np.clip(GENERATOR.normal(110, 45, (80, 16, 16, 3)), 0, 255).astype(np.uint8)


def ages_that_nobody_gave(folder: pathlib.Path) -> Any:
    """A table with gaps, which NumPy reads as NaN: the loss is NaN from the first step on.

    https://github.com/keras-team/keras/issues/11786
    """
    lines = ["age,income,bought"]
    lines += [
        f"{'' if number % 40 == 7 else 20 + number % 50},{1000 + 13 * number},{number % 2}" for number in range(400)
    ]
    (folder / "people.csv").write_text("\n".join(lines))
    table = np.genfromtxt(folder / "people.csv", delimiter=",", skip_header=1, dtype=np.float32)
    inputs = (table[:, :2] - np.nanmean(table[:, :2], axis=0)) / np.nanstd(table[:, :2], axis=0)
    ds = fl.Dataset.from_tensor_slices((inputs, table[:, 2].astype(np.int64))).shuffle(400)
    return ds.batch(32).prefetch(2).check(show=False)


def divided_by_a_spread_of_nothing(folder: pathlib.Path) -> Any:
    """Each image is standardised by its own spread, and some are of one colour: division by zero."""
    images = IMAGES.astype(np.float32)
    images[::16] = 30

    def standardise(image: Any, label: Any) -> Any:
        return (image - image.mean()) / image.std(), label

    ds = fl.Dataset.from_tensor_slices((images, CLASSES[:80])).shuffle(80).map(standardise)
    return ds.batch(16).prefetch(2).check(show=False)


def an_input_that_is_always_its_default(folder: pathlib.Path) -> Any:
    """The model is trained on defaults, since the value was never written: document 003, the list of issues."""
    rows = ROWS.copy()
    rows[:, 5] = 0
    ds = fl.Dataset.from_tensor_slices((rows, CLASSES)).shuffle(400)
    return ds.batch(32).prefetch(2).check(show=False)


def images_that_nothing_scales(folder: pathlib.Path) -> Any:
    """Pixels from 0 to 255 go into a model without a Rescaling layer, and the loss stands still.

    https://github.com/keras-team/keras-io/issues/1549 is the other way round.
    """
    import keras

    ds = fl.Dataset.from_tensor_slices((IMAGES, CLASSES[:80])).shuffle(80)
    ds = ds.map(lambda image, label: (fl.cast(image, fl.float32), label), num_parallel_calls=fl.AUTOTUNE)
    ds = ds.batch(16).prefetch(2)
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(4, "softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return ds.check(model=model, show=False)


def images_scaled_twice(folder: pathlib.Path) -> Any:
    """convert_image_dtype has divided by 255 already, and the next line does it again: after document 002, block 1."""

    def load_image(image: Any, label: Any) -> Any:
        image = fl.image.convert_image_dtype(image, dtype=fl.float32)
        return image / 255.0, label

    ds = fl.Dataset.from_tensor_slices((IMAGES, CLASSES[:80])).shuffle(80)
    ds = ds.map(load_image, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(16).prefetch(fl.AUTOTUNE).check(show=False)


def images_scaled_once_more_by_the_model(folder: pathlib.Path) -> Any:
    """Images from 0 to 1 into a model that begins with Rescaling, as EfficientNet does.

    https://github.com/tensorflow/tensorflow/issues/48412
    https://github.com/tensorflow/tensorflow/issues/42506
    """
    import keras

    ds = fl.Dataset.from_tensor_slices((IMAGES, CLASSES[:80])).shuffle(80)
    ds = ds.map(lambda image, label: (fl.cast(image, fl.float32) / 255, label), num_parallel_calls=fl.AUTOTUNE)
    ds = ds.batch(16).prefetch(2)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, "softmax")]
    model = keras.Sequential([keras.Input((16, 16, 3)), *layers])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return ds.check(model=model, show=False)


def scaled_images_cast_back_to_bytes(folder: pathlib.Path) -> Any:
    """Images from 0 to 1 are cast to uint8, as before they are written, and are black: after document 000, block 2."""
    images = IMAGES.astype(np.float32) / 256
    ds = fl.Dataset.from_tensor_slices((images, CLASSES[:80])).shuffle(80)
    ds = ds.map(lambda image, label: (fl.cast(image, fl.uint8), label))
    return ds.batch(16).prefetch(2).check(show=False)


def brightness_added_to_bytes(folder: pathlib.Path) -> Any:
    """uint8 wraps around at 255: the brightest pixels become the darkest."""

    def brighter(image: Any, label: Any) -> Any:
        return image + np.uint8(60), label

    ds = fl.Dataset.from_tensor_slices((IMAGES, CLASSES[:80])).shuffle(80).map(brighter)
    return ds.batch(16).prefetch(2).check(show=False)


def brightness_added_to_bytes_before_the_scaling(folder: pathlib.Path) -> Any:
    """Decoded photos are made brighter while they are uint8, and scaled behind that: bright places become dark."""
    for number, image in enumerate(IMAGES):
        (folder / f"{number:02}.png").write_bytes(fl.io.encode_png(image))
    paths = sorted(map(str, folder.glob("*.png")))

    def load(path: Any, label: Any) -> Any:
        image = fl.io.decode_png(fl.io.read_file(path), channels=3)
        image = image + 100
        return fl.cast(image, fl.float32) / 255, label

    ds = fl.Dataset.from_tensor_slices((paths, CLASSES[:80])).shuffle(80)
    return ds.map(load).batch(16).prefetch(2).check(show=False)


def photos_of_opencv_beside_others(folder: pathlib.Path) -> Any:
    """Training reads with OpenCV, blue first, and validation with decode_png, red first: document 004, block 2.

    https://github.com/tensorpack/tensorpack/issues/176
    """
    import cv2

    light = np.random.default_rng(3).normal(size=(240, 1, 1, 3)) * 15 + [160, 115, 70]
    photos = np.clip(light + np.random.default_rng(4).normal(size=(240, 16, 16, 3)) * 25, 0, 255).astype(np.uint8)
    for number, photo in enumerate(photos):
        (folder / f"{number:03}.png").write_bytes(fl.io.encode_png(photo))
    paths = [str(folder / f"{number:03}.png") for number in range(240)]

    def with_opencv(path: bytes, label: Any) -> Any:
        return cv2.imread(path.decode()).astype(np.float32) / 255, label

    def with_feedline(path: bytes, label: Any) -> Any:
        return fl.cast(fl.io.decode_png(fl.io.read_file(path), channels=3), fl.float32) / 255, label

    train = fl.Dataset.from_tensor_slices((paths[:120], CLASSES[:120])).shuffle(120)
    validation = fl.Dataset.from_tensor_slices((paths[120:], CLASSES[120:240]))
    train = train.map(with_opencv, num_parallel_calls=fl.AUTOTUNE).batch(20).prefetch(2)
    validation = validation.map(with_feedline, num_parallel_calls=fl.AUTOTUNE).batch(20).prefetch(2)
    return train.check(against=validation, show=False)


def reviews_without_a_word(folder: pathlib.Path) -> Any:
    """The tokenizer knows none of the words of some texts: rows of padding alone, with a label each."""
    lengths = np.where(np.arange(300) % 12 == 5, 0, 5 + np.arange(300) % 9)

    def reviews() -> Iterator[Any]:
        for number, length in enumerate(lengths):
            yield np.random.default_rng(number).integers(1, 900, length), number % 2

    ds = fl.Dataset.from_generator(reviews, output_types=(fl.int64, fl.int64), output_shapes=((None,), ()))
    return ds.shuffle(300).padded_batch(20).prefetch(2).check(show=False)


def the_augmented_copies_were_equal(folder: pathlib.Path) -> Any:
    """A minority class is copied to balance the data, and nothing changes the copies."""
    rare = np.flatnonzero(CLASSES == 3)
    rows, classes = np.concatenate([ROWS, ROWS[rare]]), np.concatenate([CLASSES, CLASSES[rare]])
    ds = fl.Dataset.from_tensor_slices((rows, classes)).shuffle(len(rows))
    return ds.batch(32).prefetch(2).check(show=False)


def classes_counted_from_1(folder: pathlib.Path) -> Any:
    """Five classes from 1 to 5 and a softmax over five, from 0 to 4: https://github.com/shekkizh/FCN.tensorflow/issues/17"""
    import keras

    ds = fl.Dataset.from_tensor_slices((ROWS, np.arange(400) % 5 + 1)).shuffle(400)
    ds = ds.batch(32).prefetch(2)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(5, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return ds.check(model=model, show=False)


def labels_of_minus_1(folder: pathlib.Path) -> Any:
    """Attributes that are -1 or 1 in the file, taken for class numbers.

    https://github.com/crazydemo/facial-attribute-classification-with-graph/issues/1
    """
    import keras

    ds = fl.Dataset.from_tensor_slices((ROWS, np.where(CLASSES > 1, 1, -1))).shuffle(400)
    ds = ds.batch(32).prefetch(2)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return ds.check(model=model, show=False)


def one_fraud_in_thirty(folder: pathlib.Path) -> Any:
    """A model that always says no is right in 97 of 100 cases: https://github.com/keras-team/keras/issues/7749"""
    fraud = (np.random.default_rng(6).random(4000) < 0.03).astype(np.int64)
    payments = np.random.default_rng(7).normal(size=(4000, 5)).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices((payments, fraud)).shuffle(4000)
    return ds.batch(64).prefetch(2).check(show=False)


def a_class_that_only_validation_has(folder: pathlib.Path) -> Any:
    """The last fifth of a table that is sorted by class is kept for validation.

    https://github.com/keras-team/keras/issues/14277
    """
    order = np.argsort(CLASSES, kind="stable")
    whole = fl.Dataset.from_tensor_slices((ROWS[order], CLASSES[order]))
    train = whole.take(290).shuffle(290).batch(29).prefetch(2)
    return train.check(against=whole.skip(290).batch(29).prefetch(2), show=False)


def validation_taken_from_the_training_data(folder: pathlib.Path) -> Any:
    """take for validation without skip for training: the score is that of rows seen before.

    https://github.com/tensorflow/tensorflow/issues/59279
    """
    whole = fl.Dataset.from_tensor_slices((ROWS, CLASSES))
    validation = whole.take(80).batch(32).prefetch(2)
    train = whole.shuffle(400).batch(32).prefetch(2)
    return train.check(against=validation, show=False)


def one_long_text_in_twenty(folder: pathlib.Path) -> Any:
    """Sequences padded to the longest of each batch, where a few are very long: after document 002, block 3."""
    lengths = np.where(np.arange(400) % 20 == 3, 500, 8 + np.arange(400) % 30)
    sequences = [
        np.random.default_rng(number).normal(size=(n, 2)).astype(np.float32) for number, n in enumerate(lengths)
    ]

    def rows() -> Iterator[Any]:
        yield from zip(sequences, CLASSES, strict=True)

    signature = (fl.TensorSpec((None, 2), fl.float32), fl.TensorSpec((), fl.int64))
    ds = fl.Dataset.from_generator(rows, output_signature=signature).shuffle(400)
    ds = ds.padded_batch(32, padded_shapes=((None, 2), ()))
    return ds.prefetch(2).check(show=False)


BROKEN = [
    (ages_that_nobody_gave, "FL201", "from_tensor_slices((inputs"),
    (divided_by_a_spread_of_nothing, "FL201", "map(standardise)"),
    (an_input_that_is_always_its_default, "FL202", "from_tensor_slices((rows"),
    (images_that_nothing_scales, "FL203", "map(lambda image, label"),
    (images_scaled_twice, "FL204", "map(load_image"),
    (images_scaled_once_more_by_the_model, "FL204", "map(lambda image, label"),
    (scaled_images_cast_back_to_bytes, "FL205", "map(lambda image, label"),
    (brightness_added_to_bytes, "FL205", "map(brighter)"),
    (brightness_added_to_bytes_before_the_scaling, "FL205", "map(load"),
    (photos_of_opencv_beside_others, "FL206", "map(with_opencv"),
    (reviews_without_a_word, "FL207", "from_generator(reviews"),
    (the_augmented_copies_were_equal, "FL208", "from_tensor_slices((rows, classes))"),
    (classes_counted_from_1, "FL209", "from_tensor_slices((ROWS"),
    (labels_of_minus_1, "FL209", "from_tensor_slices((ROWS"),
    (one_fraud_in_thirty, "FL210", "from_tensor_slices((payments"),
    (a_class_that_only_validation_has, "FL211", "from_tensor_slices((ROWS[order]"),
    (validation_taken_from_the_training_data, "FL212", "whole.take(80)"),
    (one_long_text_in_twenty, "FL213", "padded_batch(32"),
]
"""The program, what must be found, and what is written on the line that the finding names."""
