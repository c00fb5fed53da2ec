"""Images packed into TFRecord files, and trained from them: no TensorFlow writes or reads them."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import random
import tempfile
from pathlib import Path

import keras
import numpy as np

import feedline as fl

SIZE = 24
SHAPES = ("circle", "square", "cross")
FEATURES = {"image": fl.io.FixedLenFeature([], fl.string), "label": fl.io.FixedLenFeature([], fl.int64)}


def picture(label: int, draw: np.random.Generator) -> np.ndarray:
    """Returns a shape of random size, place and colour, uint8 (SIZE, SIZE, 3)."""
    rows, columns = np.mgrid[:SIZE, :SIZE] - draw.integers(8, SIZE - 8, 2)[:, None, None]
    radius = draw.integers(5, 8)
    inside = (
        np.hypot(rows, columns) < radius,
        np.maximum(abs(rows), abs(columns)) < radius,
        (np.minimum(abs(rows), abs(columns)) < 2) & (np.maximum(abs(rows), abs(columns)) < radius),
    )[label]
    image = draw.integers(0, 80, (SIZE, SIZE, 3))
    image[inside] += draw.integers(90, 170, 3)
    return image.astype(np.uint8)


def write_records(path: Path, count: int, seed: int) -> None:
    """Writes one TFRecord file; it appears at its name only when it is whole."""
    draw = np.random.default_rng(seed)
    with fl.io.TFRecordWriter(path) as writer:
        for _ in range(count):
            label = int(draw.integers(len(SHAPES)))
            png = fl.io.encode_png(picture(label, draw))
            features = {
                "image": fl.train.Feature(bytes_list=fl.train.BytesList(value=[png])),
                "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[label])),
            }
            example = fl.train.Example(features=fl.train.Features(feature=features))
            writer.write(example.SerializeToString())


def parse(record: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns the image of a record, float32 of 0 to 1, and its label. A feature's name with a typo is an error."""
    features = fl.io.parse_single_example(record, FEATURES)
    image = fl.io.decode_png(features["image"], channels=3)
    return fl.image.convert_image_dtype(image, fl.float32), features["label"]


def dataset(pattern: str) -> fl.Dataset:
    """Returns batches of the records in the files that match; plain files are shuffled over all their records."""
    records = fl.TFRecordDataset(pattern).shuffle(10_000)
    return records.map(parse, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(fl.AUTOTUNE)


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    with tempfile.TemporaryDirectory() as folder:
        for shard in range(4):
            write_records(Path(folder) / f"train-{shard}.tfrecord", 400, seed=shard)
        write_records(Path(folder) / "test-0.tfrecord", 300, seed=99)
        training, test = dataset(f"{folder}/train-*.tfrecord"), dataset(f"{folder}/test-*.tfrecord")
        size = sum(path.stat().st_size for path in Path(folder).glob("train-*"))
        print(f"{len(training)} batches from 4 files of together {size / 1e6:.1f} MB")

        model = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
                keras.layers.Conv2D(32, 3, activation="relu"),
                keras.layers.GlobalMaxPooling2D(),
                keras.layers.Dense(len(SHAPES), activation="softmax"),
            ]
        )
        model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(training.to_keras(), epochs=5, verbose=2)
        accuracy = model.evaluate(test.to_keras(), verbose=0, return_dict=True)["accuracy"]
        print(training.report())
    print(f"{', '.join(SHAPES)}: {accuracy:.1%} of 300 pictures told apart")
    assert accuracy > 0.85


if __name__ == "__main__":
    main()
