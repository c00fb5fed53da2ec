"""Pipelines whose values are as they should be, though they may not look so: no rule may find anything about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Clean = Callable[..., None]

GENERATOR = np.random.default_rng(0)
COUNT = 1200
LABELS = GENERATOR.integers(0, 10, COUNT)
ROWS = (GENERATOR.normal(size=(COUNT, 12)) + LABELS[:, None] / 5).astype(np.float32)
IMAGES = np.clip(GENERATOR.normal(120, 40, (COUNT, 16, 16, 3)) + 8 * LABELS[:, None, None, None], 0, 255).astype(
    np.uint8
)
TOKENS = GENERATOR.integers(1, 5000, (COUNT, 24))


def batched(*components: Any) -> Any:
    return fl.Dataset.from_tensor_slices(components).shuffle(COUNT).batch(32).prefetch(2)


def handwritten() -> np.ndarray:
    """Returns pictures with black borders: many of their pixels never change."""
    pictures = np.zeros((COUNT, 28, 28, 1), np.uint8)
    strokes = GENERATOR.integers(0, 256, (COUNT, 18, 18, 1)) * (GENERATOR.random((COUNT, 18, 18, 1)) < 0.3)
    pictures[:, 5:23, 5:23] = strokes
    return pictures


def scaled(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32) / 255, label


def classifier(*first: Any, shape: tuple[int, ...] = (16, 16, 3)) -> Any:
    keras = pytest.importorskip("keras")
    layers = [keras.Input(shape), *first, keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile(loss="sparse_categorical_crossentropy")
    return model


def standardised_columns() -> Any:
    raw = ROWS * np.array([1, 50, 1e4, 1e-3] * 3, np.float32) + 7
    return batched((raw - raw.mean(axis=0)) / raw.std(axis=0), LABELS)


def columns_by_class_and_number() -> Any:
    """One-hot columns of a rare value among numbers: in 512 elements some never change."""
    hot = np.eye(20, dtype=np.float32)[np.where(GENERATOR.random(COUNT) < 0.99, LABELS, 15)]
    return batched(np.concatenate([ROWS, hot], axis=1), LABELS)


def words_counted() -> Any:
    counts = GENERATOR.poisson(0.02, (COUNT, 300)).astype(np.float32)
    return batched(counts, LABELS)


def flattened_handwriting() -> Any:
    return batched(handwritten().reshape(COUNT, -1) / np.float32(255), LABELS)


def handwriting_standardised_by_pixel() -> Any:
    flat = handwritten().reshape(COUNT, -1) / np.float32(255)
    return batched((flat - flat.mean(axis=0)) / (flat.std(axis=0) + 1e-7), LABELS)


def handwriting_from_minus_one() -> Any:
    return batched(handwritten() / np.float32(127.5) - 1, LABELS)


def tokens_with_their_masks() -> Any:
    tokens = TOKENS.copy()
    tokens[:, 0] = 101
    tokens[np.arange(24) >= GENERATOR.integers(8, 25, COUNT)[:, None]] = 0
    masks = (tokens > 0).astype(np.int64)
    inputs = {"input_ids": tokens, "attention_mask": masks, "token_type_ids": np.zeros_like(tokens)}
    return batched(inputs, LABELS % 2)


def sounds() -> Any:
    waves = np.sin(np.arange(4000) * GENERATOR.uniform(0.01, 0.3, (COUNT, 1))).astype(np.float32)
    waves[:, :400] = 0
    waves *= GENERATOR.uniform(0.01, 1, (COUNT, 1)).astype(np.float32)
    return batched(waves, LABELS)


def spectrograms() -> Any:
    loud = np.log(GENERATOR.random((COUNT, 40, 32)).astype(np.float32) + 1e-6)
    return batched(loud, LABELS)


def numbers_to_be_predicted() -> Any:
    prices = np.round(np.exp(GENERATOR.normal(12, 1, COUNT))).astype(np.float32)
    return batched(ROWS, prices)


def counts_to_be_predicted() -> Any:
    return batched(ROWS, GENERATOR.poisson(5, COUNT) - 4)


def a_rare_class() -> Any:
    rare = np.where((LABELS == 9) & (np.arange(COUNT) % 10 > 0), 0, LABELS)
    return batched(ROWS, rare)


def two_classes_one_to_four() -> Any:
    return batched(ROWS, (LABELS < 2).astype(np.float32))


def several_labels_each() -> Any:
    return batched(ROWS, (GENERATOR.random((COUNT, 20)) < 0.03).astype(np.float32))


def soft_labels() -> Any:
    return batched(ROWS, np.eye(10, dtype=np.float32)[LABELS] * 0.9 + 0.01)


def a_class_of_each_pixel() -> Any:
    classes = GENERATOR.integers(0, 5, (COUNT, 16, 16)).astype(np.uint8)
    classes[GENERATOR.random((COUNT, 16, 16)) < 0.05] = 255
    ds = fl.Dataset.from_tensor_slices((IMAGES, classes)).shuffle(COUNT)
    return ds.map(scaled, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2)


def pictures_to_be_given_back() -> Any:
    ds = fl.Dataset.from_tensor_slices(handwritten()).shuffle(COUNT)
    return ds.map(lambda image: (fl.cast(image, fl.float32) / 255,) * 2, num_parallel_calls=2).batch(32).prefetch(2)


def of_networks_that_were_trained_before() -> Any:
    mean, deviation = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)

    def normalised(image: Any, label: Any) -> Any:
        return (fl.cast(image, fl.float32) / 255 - mean) / deviation, label

    ds = fl.Dataset.from_tensor_slices((IMAGES, LABELS)).shuffle(COUNT)
    return ds.map(normalised, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2)


def a_rare_class_taken_more_often() -> Any:
    rare = (LABELS == 0) & (np.arange(COUNT) % 2 > 0)
    parts = [
        fl.Dataset.from_tensor_slices((ROWS[rare], np.ones(rare.sum(), np.int64))).shuffle(COUNT).repeat(),
        fl.Dataset.from_tensor_slices((ROWS[~rare], np.zeros((~rare).sum(), np.int64))).shuffle(COUNT).repeat(),
    ]
    return fl.Dataset.sample_from_datasets(parts, weights=[0.5, 0.5], seed=1).take(2000).batch(32).prefetch(2)


def a_rare_class_multiplied() -> Any:
    rare = np.flatnonzero(LABELS == 0)[:60]
    chosen = np.concatenate([np.flatnonzero(LABELS > 0), np.tile(rare, 18)])
    return (
        fl.Dataset.from_tensor_slices((ROWS[chosen], (LABELS[chosen] > 0).astype(np.int64)))
        .shuffle(3000)
        .batch(32)
        .prefetch(2)
    )


def who_likes_what() -> Any:
    users, films = GENERATOR.integers(0, 50, COUNT), GENERATOR.integers(0, 80, COUNT)
    return batched({"user": users, "film": films}, GENERATOR.integers(1, 6, COUNT).astype(np.float32))


def a_table_of_few_values() -> Any:
    table = GENERATOR.integers(0, 3, (COUNT, 4)).astype(np.float32)
    return batched(table, (table.sum(axis=1) > 4).astype(np.int64))


def short_texts() -> Any:
    texts = np.array([b"yes", b"no", b"perhaps", b"why", b"I do not know"], object)[LABELS // 2]
    return batched(texts, LABELS % 2)


def boxes_in_pixels() -> Any:
    boxes = np.sort(GENERATOR.integers(0, 16, (COUNT, 4)), axis=1).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices((IMAGES, boxes)).shuffle(COUNT)
    return ds.map(scaled, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2)


def sequences_of_about_one_length() -> Any:
    lengths = GENERATOR.integers(20, 40, 400)

    def rows() -> Iterator[Any]:
        for number, length in enumerate(lengths):
            yield TOKENS[number].repeat(2)[:length], LABELS[number]

    return fl.Dataset.from_generator(rows).shuffle(400).padded_batch(32).prefetch(2)


def states_and_sequences() -> Any:
    inputs = {"sequence": ROWS.reshape(COUNT, 4, 3), "initial_state": np.zeros((COUNT, 8), np.float32)}
    return batched(inputs, LABELS)


def weighted_labels_to_be_left_out() -> Any:
    labels, weights = np.where(ROWS[:, 0] > 2, -1, LABELS), np.where(ROWS[:, 0] > 2, 0, 1).astype(np.float32)
    return batched(ROWS, labels, weights)


HEALTHY: list[Callable[[], Any]] = [
    standardised_columns,
    columns_by_class_and_number,
    words_counted,
    flattened_handwriting,
    handwriting_standardised_by_pixel,
    handwriting_from_minus_one,
    tokens_with_their_masks,
    sounds,
    spectrograms,
    numbers_to_be_predicted,
    counts_to_be_predicted,
    a_rare_class,
    two_classes_one_to_four,
    several_labels_each,
    soft_labels,
    a_class_of_each_pixel,
    pictures_to_be_given_back,
    of_networks_that_were_trained_before,
    a_rare_class_taken_more_often,
    a_rare_class_multiplied,
    who_likes_what,
    a_table_of_few_values,
    short_texts,
    boxes_in_pixels,
    sequences_of_about_one_length,
    states_and_sequences,
    weighted_labels_to_be_left_out,
]


@pytest.mark.parametrize("pipeline", HEALTHY, ids=lambda pipeline: pipeline.__name__)
def test_nothing_is_found(pipeline: Callable[[], Any], clean: Clean) -> None:
    clean(pipeline())


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_images_into_a_model_that_scales_them(dtype: str, clean: Clean) -> None:
    keras = pytest.importorskip("keras")
    ds = batched(IMAGES.astype(dtype), LABELS)
    for first in (
        [keras.layers.Rescaling(1 / 255)],
        [keras.layers.RandomFlip(), keras.layers.Rescaling(1 / 127.5, offset=-1), keras.layers.Conv2D(4, 3)],
        [keras.layers.Normalization(mean=[120.0] * 3, variance=[1600.0] * 3)],
        [keras.layers.BatchNormalization()],
    ):
        clean(ds, model=classifier(*first))


def test_scaled_images_into_a_model_that_does_not(clean: Clean) -> None:
    keras = pytest.importorskip("keras")
    ds = fl.Dataset.from_tensor_slices((IMAGES, LABELS)).shuffle(COUNT)
    ds = ds.map(scaled, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2)
    clean(ds, model=classifier(keras.layers.Conv2D(4, 3)))


def test_training_and_validation_data_of_one_table(clean: Clean) -> None:
    """Rows of few values are the same in both parts by chance."""
    table = GENERATOR.integers(0, 4, (COUNT, 5)).astype(np.float32)
    labels = (table[:, 0] > 1).astype(np.int64)
    train = fl.Dataset.from_tensor_slices((table[:900], labels[:900])).shuffle(900).batch(32).prefetch(2)
    clean(train, against=fl.Dataset.from_tensor_slices((table[900:], labels[900:])).batch(32).prefetch(2))


def test_a_small_part_without_a_rare_class(clean: Clean) -> None:
    labels = np.where(np.arange(COUNT) % 200 == 3, 10, LABELS)
    train = fl.Dataset.from_tensor_slices((ROWS[:1100], labels[:1100])).shuffle(1100).batch(32).prefetch(2)
    clean(train, against=fl.Dataset.from_tensor_slices((ROWS[1100:1190], labels[1100:1190])).batch(32).prefetch(2))
