"""Broken pipelines: programs of the seeds, which came from tf.data by one import line, with what is wrong in them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline.compat.tf as tf

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 20, 20, 3)).astype(np.uint8)
LABELS = np.random.default_rng(1).integers(0, 3, 24)


def images_alone_without_end(folder: pathlib.Path) -> Any:
    """A generator that loops over a folder for ever and gives no labels to the loss: document 000, block 1."""
    import keras

    for number, pixels in enumerate(PIXELS):
        tf.io.write_file(str(folder / f"{number}.png"), tf.io.encode_png(pixels))

    def image_generator(image_dir: str, batch_size: int) -> Iterator[Any]:
        names = [os.path.join(image_dir, name) for name in os.listdir(image_dir) if name.endswith(".png")]
        while True:
            order = np.random.default_rng().permutation(len(names))
            for start in range(0, len(names), batch_size):
                some = [
                    tf.io.decode_png(tf.io.read_file(names[k]), channels=3) for k in order[start : start + batch_size]
                ]
                yield tf.stack([tf.cast(tf.image.resize(image, [16, 16]), tf.float32) / 255.0 for image in some])

    dataset = tf.data.Dataset.from_generator(
        lambda: image_generator(str(folder), 8), output_signature=tf.TensorSpec((None, 16, 16, 3), tf.float32)
    )
    dataset = dataset.prefetch(tf.data.AUTOTUNE)
    layers = keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((16, 16, 3)), *layers])
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return dataset.check(model=model, steps_per_epoch=100, show=False)


def augmented_beyond_the_range(folder: pathlib.Path) -> Any:
    """random_brightness on images from 0 to 1, and a conversion that changes nothing: document 001, block 3."""
    features = np.random.default_rng(2).random((400, 16, 16, 3)).astype(np.float32)
    dataset = tf.data.Dataset.from_tensor_slices((features, np.arange(400) % 10))

    def preprocess(image: Any, label: Any) -> Any:
        image = tf.image.random_flip_left_right(image)
        image = tf.image.random_brightness(image, max_delta=0.2)
        image = tf.image.convert_image_dtype(image, dtype=tf.float32)
        return image, label

    dataset = dataset.map(preprocess).batch(32).prefetch(tf.data.AUTOTUNE)
    return dataset.check(show=False)


def npy_files_by_decode_raw(folder: pathlib.Path) -> Any:
    """Labels saved with np.save and read with decode_raw: document 002, block 1."""
    for number in range(10):
        tf.io.write_file(str(folder / f"image_{number:03}.png"), tf.io.encode_png(PIXELS[number]))
        np.save(folder / f"label_{number:03}.npy", np.arange(10, dtype=np.int32) % 2)

    def load_pair(image_path: Any, label_path: Any) -> Any:
        image = tf.io.decode_png(tf.io.read_file(image_path), channels=3)
        image = tf.image.resize(tf.image.convert_image_dtype(image, dtype=tf.float32), [16, 16])
        return image, tf.io.decode_raw(tf.io.read_file(label_path), tf.int32)

    image_paths = [str(folder / f"image_{number:03}.png") for number in range(10)]
    label_paths = [str(folder / f"label_{number:03}.npy") for number in range(10)]
    dataset = tf.data.Dataset.from_tensor_slices((image_paths, label_paths))
    dataset = dataset.map(load_pair, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.shuffle(buffer_size=5).batch(2).prefetch(tf.data.AUTOTUNE).check(show=False)


def a_name_with_two_letters_exchanged(folder: pathlib.Path) -> Any:
    """ "imaeg" is in none of the records: document 003, block 1."""
    path = str(folder / "data.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for pixels, label in zip(PIXELS, LABELS, strict=True):
            image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[tf.io.encode_jpeg(pixels).numpy()]))
            number = tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)]))
            example = tf.train.Example(features=tf.train.Features(feature={"image": image, "label": number}))
            writer.write(example.SerializeToString())

    def parse_function(example: Any) -> Any:
        features = {"imaeg": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
        parsed = tf.io.parse_single_example(example, features)
        return tf.io.decode_jpeg(parsed["imaeg"]), parsed["label"]

    dataset = tf.data.TFRecordDataset(path)
    dataset = dataset.map(parse_function)
    return dataset.shuffle(24).batch(8).check(show=False)


def batches_of_float64(folder: pathlib.Path) -> Any:
    """A generator of batches, whose signature says float64, NumPy's own: document 004, block 1."""
    data = np.random.default_rng(3).random((400, 32, 32, 3))
    labels = np.random.default_rng(4).integers(0, 10, 400)

    def numpy_array_generator(batch_size: int) -> Iterator[Any]:
        order = np.random.default_rng().permutation(len(data))
        for start in range(0, len(data), batch_size):
            chosen = order[start : start + batch_size]
            yield data[chosen], labels[chosen]

    signature = (tf.TensorSpec((None, 32, 32, 3), tf.float64), tf.TensorSpec((None,), tf.int32))
    dataset = tf.data.Dataset.from_generator(lambda: numpy_array_generator(32), output_signature=signature)
    return dataset.prefetch(tf.data.AUTOTUNE).check(show=False)


BROKEN = [
    (images_alone_without_end, "FL501", "from_generator("),
    (augmented_beyond_the_range, "FL605", "map(preprocess)"),
    (npy_files_by_decode_raw, "FL105", "map(load_pair"),
    (a_name_with_two_letters_exchanged, "FL102", "map(parse_function)"),
    (batches_of_float64, "FL406", "from_generator("),
]
"""The program, what must be found, and what is written on the line that the finding names."""
