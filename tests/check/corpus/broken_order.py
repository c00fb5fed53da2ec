"""Broken pipelines: steps in an order that hurts, or that never end."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

GENERATOR = np.random.default_rng(0)
SORTED = np.repeat(np.arange(5), 80)
MIXED = GENERATOR.integers(0, 5, 400)
ROWS = GENERATOR.normal(size=(400, 12)).astype(np.float32)


def folders_of_classes_read_one_after_the_other(folder: pathlib.Path) -> Any:
    """os.listdir and a writer put one class after the other into the records, and nothing shuffles them.

    Document 000, block 2, writes and reads its records in this way.
    """
    for name in ("cat", "dog", "fox"):
        (folder / name).mkdir()
        for number in range(60):
            (folder / name / f"{number}.txt").write_text(" ".join(["paw"] * (number % 7 + 1)))
    path = str(folder / "data.tfrecord")
    with fl.io.TFRecordWriter(path) as writer:
        for label, name in enumerate(("cat", "dog", "fox")):
            for file in sorted((folder / name).iterdir()):
                length = fl.train.Feature(int64_list=fl.train.Int64List(value=[len(file.read_text())]))
                number = fl.train.Feature(int64_list=fl.train.Int64List(value=[label]))
                features = fl.train.Features(feature={"length": length, "label": number})
                writer.write(fl.train.Example(features=features).SerializeToString())
    parsed = dict.fromkeys(("length", "label"), fl.io.FixedLenFeature([], fl.int64))

    def decode(record: bytes) -> Any:
        found = fl.io.parse_single_example(record, parsed)
        return fl.cast(found["length"], fl.float32), found["label"]

    dataset = fl.TFRecordDataset(path)
    dataset = dataset.map(decode)
    dataset = dataset.batch(32).prefetch(fl.AUTOTUNE)
    return dataset.check(show=False)


def a_table_sorted_by_class(folder: pathlib.Path) -> Any:
    """No shuffle at all: document 003, block 3 and the list of issues; document 001, block 1, has none either."""
    dataset = fl.Dataset.from_tensor_slices((ROWS, SORTED))
    dataset = dataset.batch(32)
    return dataset.prefetch(2).check(show=False)


def a_buffer_smaller_than_a_class(folder: pathlib.Path) -> Any:
    """shuffle(1000) of a stream in which 3,000 elements of one class follow each other.

    https://github.com/tensorflow/tensorflow/issues/13446
    """

    def photos() -> Iterator[Any]:
        for label in range(3):
            for number in range(3000):
                yield np.full(4, number, np.float32), label

    ds = fl.Dataset.from_generator(photos, output_types=(fl.float32, fl.int64), output_shapes=((4,), ()))
    ds = ds.shuffle(1000)
    return ds.batch(32).prefetch(2).check(show=False)


def batches_shuffled_instead_of_rows(folder: pathlib.Path) -> Any:
    """shuffle behind batch: https://github.com/neuronets/nobrainer/issues/284, which links the well known questions."""
    ds = fl.Dataset.from_tensor_slices((ROWS, SORTED))
    ds = ds.batch(32)
    ds = ds.shuffle(400)
    return ds.prefetch(2).check(show=False)


def repeated_and_then_shuffled(folder: pathlib.Path) -> Any:
    """Rows of the next epoch come before the last of this one.

    https://github.com/tensorflow/tensorflow/pull/22010
    https://newbedev.com/what-does-batch-repeat-and-shuffle-do-with-tensorflow-dataset
    """
    ds = fl.Dataset.from_tensor_slices((ROWS, MIXED))
    ds = ds.repeat(10)
    ds = ds.shuffle(100)
    return ds.batch(32).prefetch(2).check(show=False)


def shuffled_once_for_good(folder: pathlib.Path) -> Any:
    """reshuffle_each_iteration=False gives each epoch the same order: https://github.com/tensorflow/tensorflow/pull/62782"""
    ds = fl.Dataset.from_tensor_slices((ROWS, MIXED))
    ds = ds.shuffle(400, seed=3, reshuffle_each_iteration=False)
    return ds.batch(32).prefetch(2).check(show=False)


def one_row_a_step(folder: pathlib.Path) -> Any:
    """batch(1), and repeat without a shuffle: document 003, block 3."""
    dataset = fl.Dataset.from_tensor_slices((ROWS, MIXED))
    dataset = dataset.batch(1)
    dataset = dataset.repeat(2)
    return dataset.check(show=False)


def a_reshape_to_the_batch_size(folder: pathlib.Path) -> Any:
    """The last batch is smaller than the others, and the function knows only full ones.

    https://github.com/keras-team/keras/issues/1561
    """
    ds = fl.Dataset.from_tensor_slices((ROWS, MIXED)).shuffle(400).batch(32)
    ds = ds.map(lambda rows, labels: (rows.reshape(32, 4, 3), labels))
    return ds.prefetch(2).check(show=False)


def a_stateful_model_and_a_smaller_last_batch(folder: pathlib.Path) -> Any:
    """A stateful LSTM has a fixed batch size: https://github.com/keras-team/keras/issues/1902"""
    import keras

    ds = fl.Dataset.from_tensor_slices((ROWS.reshape(400, 4, 3), MIXED)).shuffle(400)
    ds = ds.batch(32)
    layers = [keras.layers.LSTM(4, stateful=True), keras.layers.Dense(5, activation="softmax")]
    model = keras.Sequential([keras.Input(batch_shape=(32, 4, 3)), *layers])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return ds.prefetch(2).check(model=model, show=False)


def an_epoch_without_end(folder: pathlib.Path) -> Any:
    """repeat() and no steps_per_epoch: fit stays in its first epoch.

    https://github.com/ageron/handson-ml2/issues/329
    https://github.com/tensorflow/tensorflow/issues/39277
    """
    ds = fl.Dataset.from_tensor_slices((ROWS, MIXED)).shuffle(400)
    ds = ds.repeat()
    return ds.batch(32).prefetch(2).check(show=False)


def a_generator_that_loops_for_ever(folder: pathlib.Path) -> Any:
    """while True in a generator of batches, as fit_generator once wanted it: document 002, block 2."""

    def data_generator(batch_size: int) -> Iterator[Any]:
        while True:
            order = np.random.default_rng().permutation(400)
            for start in range(0, 400, batch_size):
                chosen = order[start : start + batch_size]
                yield ROWS[chosen], MIXED[chosen]

    ds = fl.Dataset.from_generator(lambda: data_generator(20), output_types=(fl.float32, fl.int64))
    return ds.prefetch(2).check(show=False)


def the_cache_that_is_never_full(folder: pathlib.Path) -> Any:
    """cache().take(k): what was kept is thrown away at the end of each epoch.

    https://github.com/tensorflow/tensorflow/issues/42773
    """

    def rows() -> Iterator[Any]:
        yield from zip(ROWS, MIXED, strict=True)

    ds = fl.Dataset.from_generator(rows, output_types=(fl.float32, fl.int64), output_shapes=((12,), ()))
    ds = ds.cache()
    ds = ds.take(100)
    return ds.shuffle(100).batch(20).prefetch(2).check(show=False)


def shuffled_and_then_kept(folder: pathlib.Path) -> Any:
    """The order of the first epoch is cached with the rows: https://github.com/sql-machine-learning/sqlflow/issues/2143"""
    ds = fl.Dataset.from_tensor_slices((ROWS, MIXED)).shuffle(400)
    ds = ds.cache()
    return ds.batch(32).prefetch(2).check(show=False)


def split_anew_in_each_epoch(folder: pathlib.Path) -> Any:
    """take and skip of a dataset that is shuffled anew for each epoch: validation data leaks into training.

    https://github.com/tensorflow/tensorflow/issues/59279
    https://github.com/huggingface/datasets/issues/5435
    """
    dataset = fl.Dataset.from_tensor_slices((ROWS, MIXED))
    dataset = dataset.shuffle(400)
    train = dataset.skip(80)
    validation = dataset.take(80)
    return train.batch(32).prefetch(2).check(against=validation.batch(32).prefetch(2), show=False)


def images_and_labels_shuffled_apart(folder: pathlib.Path) -> Any:
    """Both are shuffled, and zipped then: labels of other rows, as in the questions about files above all.

    https://github.com/advaitsave/Multiclass-Semantic-Segmentation-CamVid/issues/3
    """
    rows = fl.Dataset.from_tensor_slices(ROWS).shuffle(400)
    labels = fl.Dataset.from_tensor_slices(MIXED).shuffle(400)
    ds = fl.Dataset.zip(rows, labels)
    return ds.batch(32).prefetch(2).check(show=False)


BROKEN = [
    (folders_of_classes_read_one_after_the_other, "FL301", "dataset.batch(32)"),
    (a_table_sorted_by_class, "FL301", "dataset.batch(32)"),
    (a_buffer_smaller_than_a_class, "FL302", "shuffle(1000)"),
    (batches_shuffled_instead_of_rows, "FL303", "shuffle(400)"),
    (repeated_and_then_shuffled, "FL304", "ds.shuffle(100)"),
    (shuffled_once_for_good, "FL305", "reshuffle_each_iteration=False"),
    (one_row_a_step, "FL306", "batch(1)"),
    (a_reshape_to_the_batch_size, "FL307", "batch(32)"),
    (a_stateful_model_and_a_smaller_last_batch, "FL307", "batch(32)"),
    (an_epoch_without_end, "FL308", "repeat()"),
    (a_generator_that_loops_for_ever, "FL308", "from_generator(lambda: data_generator"),
    (the_cache_that_is_never_full, "FL309", "ds.take(100)"),
    (shuffled_and_then_kept, "FL310", "cache()"),
    (split_anew_in_each_epoch, "FL311", "dataset.skip(80)"),
    (images_and_labels_shuffled_apart, "FL312", "zip(rows, labels)"),
]
"""The program, what must be found, and what is written on the line that the finding names."""
