"""Broken pipelines: chance in the wrong place, and preprocessing that differs between training and validation."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

import feedline as fl

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (200, 12, 12, 3)).astype(np.uint8)
SCALED = IMAGES.astype(np.float32) / 255
CLASSES = GENERATOR.integers(0, 4, 200)


def augmentation_kept_by_the_cache(folder: pathlib.Path) -> Any:
    """The flip is part of loading, and the cache keeps what came out of it for good.

    https://github.com/tensorflow/tensorflow/issues/47755
    """

    def load_image_train(image: Any, label: Any) -> Any:
        image = fl.image.random_flip_left_right(image)
        return fl.cast(image, fl.float32) / 255.0, label

    train = fl.Dataset.from_tensor_slices((IMAGES, CLASSES))
    train = train.map(load_image_train, num_parallel_calls=fl.AUTOTUNE)
    train = train.cache()
    return train.shuffle(200).batch(20).prefetch(fl.AUTOTUNE).check(show=False)


def validation_with_augmentation(folder: pathlib.Path) -> Any:
    """One generator for both parts, as with validation_split: https://github.com/keras-team/keras-preprocessing/issues/218"""

    def preprocess(image: Any, label: Any) -> Any:
        return fl.image.random_flip_left_right(image), label

    data = fl.Dataset.from_tensor_slices((SCALED, CLASSES))
    data = data.map(preprocess, num_parallel_calls=fl.AUTOTUNE)
    train = data.skip(50).shuffle(150).batch(20).prefetch(2)
    return train.check(against=data.take(50).batch(20).prefetch(2), show=False)


def a_shift_drawn_before_training(folder: pathlib.Path) -> Any:
    """One random number for all images and all epochs.

    https://github.com/tensorflow/tensorflow/issues/40620
    """
    shift = np.float32(np.random.default_rng().uniform(-0.1, 0.1))

    def augment(image: Any, label: Any) -> Any:
        return np.clip(image + shift, 0, 1), label

    ds = fl.Dataset.from_tensor_slices((SCALED, CLASSES)).shuffle(200)
    ds = ds.map(augment, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(20).prefetch(2).check(show=False)


def one_seed_for_all_images(folder: pathlib.Path) -> Any:
    """A generator is made anew, with the same seed, for each image: https://github.com/tensorflow/tensorflow/issues/35090"""

    def augment(image: Any, label: Any) -> Any:
        noise = np.random.default_rng(42).normal(0, 0.02, image.shape)
        return np.clip(image + noise.astype(np.float32), 0, 1), label

    ds = fl.Dataset.from_tensor_slices((SCALED, CLASSES)).shuffle(200)
    ds = ds.map(augment, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(20).prefetch(2).check(show=False)


def one_generator_for_all_workers(folder: pathlib.Path) -> Any:
    """Calls side by side draw from one generator, in an order that no one knows.

    https://github.com/tensorflow/tensorflow/issues/13932
    """
    generator = np.random.default_rng(7)

    def augment(image: Any, label: Any) -> Any:
        return np.clip(image + generator.normal(0, 0.02, image.shape).astype(np.float32), 0, 1), label

    ds = fl.Dataset.from_tensor_slices((SCALED, CLASSES)).shuffle(200)
    ds = ds.map(augment, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(20).prefetch(2).check(show=False)


def brightness_without_a_clip(folder: pathlib.Path) -> Any:
    """random_brightness on images from 0 to 1: document 001, block 3; https://github.com/keras-team/keras-cv/issues/427"""

    def preprocess(features: Any, labels: Any) -> Any:
        features = fl.image.random_flip_left_right(features)
        features = fl.image.random_brightness(features, max_delta=0.2)
        return fl.image.convert_image_dtype(features, dtype=fl.float32), labels

    dataset = fl.Dataset.from_tensor_slices((SCALED, CLASSES)).shuffle(200)
    dataset = dataset.map(preprocess, num_parallel_calls=fl.AUTOTUNE)
    return dataset.batch(20).prefetch(fl.AUTOTUNE).check(show=False)


def a_series_shuffled_before_its_windows(folder: pathlib.Path) -> Any:
    """Windows of values that never followed each other: document 003, where the order of time must be kept."""
    series = np.sin(np.arange(500) / 9).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices(series)
    ds = ds.shuffle(500)
    ds = ds.window(21, shift=1, drop_remainder=True).flat_map(lambda window: window.batch(21))
    ds = ds.map(lambda steps: (steps[:-1], steps[-1]))
    return ds.batch(32).prefetch(2).check(show=False)


def windows_cut_first_and_split_then(folder: pathlib.Path) -> Any:
    """Windows that overlap are shuffled and split, so that training sees what validation asks for."""
    series = fl.Dataset.from_tensor_slices(np.sin(np.arange(500) / 9).astype(np.float32))
    windows = series.window(21, shift=1, drop_remainder=True).flat_map(lambda window: window.batch(21))
    pairs = windows.map(lambda steps: (steps[:-1], steps[-1])).shuffle(480, seed=1, reshuffle_each_iteration=False)
    train = pairs.skip(96).shuffle(384).batch(32).prefetch(2)
    return train.check(against=pairs.take(96).batch(32).prefetch(2), show=False)


def other_constants_in_validation(folder: pathlib.Path) -> Any:
    """Training scales to 0 to 1 and validation to -1 to 1: document 000, where both must be the same."""

    def for_training(image: Any, label: Any) -> Any:
        return fl.cast(image, fl.float32) / 255, label

    def for_validation(image: Any, label: Any) -> Any:
        return fl.cast(image, fl.float32) / 127.5 - 1, label

    train = fl.Dataset.from_tensor_slices((IMAGES[:150], CLASSES[:150])).shuffle(150)
    validation = fl.Dataset.from_tensor_slices((IMAGES[150:], CLASSES[150:]))
    train = train.map(for_training).batch(20).prefetch(2)
    return train.check(against=validation.map(for_validation).batch(20).prefetch(2), show=False)


def another_resize_when_serving(folder: pathlib.Path) -> Any:
    """Training resizes without antialias, serving with it: https://github.com/huggingface/transformers/issues/27601"""

    def for_training(image: Any, label: Any) -> Any:
        return fl.image.resize(image, [8, 8]) / 255, label

    def for_serving(image: Any, label: Any) -> Any:
        return fl.image.resize(image, [8, 8], antialias=True) / 255, label

    train = fl.Dataset.from_tensor_slices((IMAGES[:150], CLASSES[:150])).shuffle(150)
    serving = fl.Dataset.from_tensor_slices((IMAGES[150:], CLASSES[150:]))
    train = train.map(for_training, num_parallel_calls=fl.AUTOTUNE).batch(20).prefetch(2)
    return train.check(against=serving.map(for_serving).batch(20).prefetch(2), show=False)


def numbers_of_categories_made_twice(folder: pathlib.Path) -> Any:
    """Each part numbers its categories in the order in which they come: document 000, the encoding of categories."""
    colours = np.random.default_rng(1).choice(["red", "green", "blue"], 200)

    def encoded(values: Any) -> Any:
        number_of = {name.encode(): number for number, name in enumerate(dict.fromkeys(values.tolist()))}
        return fl.Dataset.from_tensor_slices(values).map(lambda colour: np.int64(number_of[colour]))

    train = encoded(colours[:150]).shuffle(150).batch(20).prefetch(2)
    return train.check(against=encoded(colours[150:]).batch(20).prefetch(2), show=False)


def a_scaler_fitted_again_on_validation(folder: pathlib.Path) -> Any:
    """fit_transform on both parts: document 000, where both must be preprocessed in the same way."""
    ages = GENERATOR.normal(40, 10, 200).astype(np.float32)
    train = fl.Dataset.from_tensor_slices({"age": ages[:150]})
    validation = fl.Dataset.from_tensor_slices({"age": ages[150:]})
    scale = fl.Preprocess({"age": fl.preprocess.Standardize()}).fit(train)
    scale_again = fl.Preprocess({"age": fl.preprocess.Standardize()}).fit(validation)
    train = train.shuffle(150).map(scale).batch(20).prefetch(2)
    validation = validation.map(scale_again)
    return train.check(against=validation.batch(20).prefetch(2), show=False)


def validation_not_scaled_at_all(folder: pathlib.Path) -> Any:
    """Training data was scaled before it was saved, and validation data was not: document 000."""
    train = fl.Dataset.from_tensor_slices((SCALED[:150], CLASSES[:150])).shuffle(150)
    validation = fl.Dataset.from_tensor_slices((IMAGES[150:].astype(np.float32), CLASSES[150:]))
    return train.batch(20).prefetch(2).check(against=validation.batch(20).prefetch(2), show=False)


BROKEN = [
    (augmentation_kept_by_the_cache, "FL601", "map(load_image_train"),
    (validation_with_augmentation, "FL602", "map(preprocess"),
    (a_shift_drawn_before_training, "FL603", "map(augment"),
    (one_seed_for_all_images, "FL603", "map(augment"),
    (one_generator_for_all_workers, "FL604", "map(augment"),
    (brightness_without_a_clip, "FL605", "map(preprocess"),
    (a_series_shuffled_before_its_windows, "FL606", "shuffle(500)"),
    (windows_cut_first_and_split_then, "FL606", "pairs.skip(96)"),
    (other_constants_in_validation, "FL607", "map(for_training)"),
    (another_resize_when_serving, "FL608", "map(for_training"),
    (numbers_of_categories_made_twice, "FL609", "map(lambda colour"),
    (a_scaler_fitted_again_on_validation, "FL610", "map(scale)"),
    (validation_not_scaled_at_all, "FL611", "from_tensor_slices((SCALED"),
]
"""The program, what must be found, and what is written on the line that the finding names."""
