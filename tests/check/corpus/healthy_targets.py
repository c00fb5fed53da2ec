"""Healthy pipelines: close neighbours of targets that cannot be learnt, and of masks that were left behind."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

import feedline as fl

AUTOTUNE = fl.AUTOTUNE


def pets(count: int, seed: int, size: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Returns pictures of a bright body with an outline, and masks: 1 the body, 2 what is around, 3 the outline."""
    draw = np.random.default_rng(seed)
    grid = np.arange(size) / size
    middle = draw.uniform(0.3, 0.7, (count, 2, 1, 1))
    far = (grid[:, None] - middle[:, 0]) ** 2 + (grid - middle[:, 1]) ** 2
    masks = np.where(far < 0.03, 1, np.where(far < 0.05, 3, 2)).astype(np.uint8)[..., None]
    light = np.array([0, 190, 60, 120])[masks] + draw.normal(0, 12, (count, size, size, 3))
    return np.clip(light, 0, 255).astype(np.uint8), masks


def segmenter(channels: int, loss: Any, activation: Any = None) -> Any:
    import keras

    layer = keras.layers.Conv2D(channels, 3, padding="same", activation=activation)
    model = keras.Sequential([keras.Input((32, 32, 3)), layer])
    model.compile("adam", loss)
    return model


def pets_and_their_outlines(folder: pathlib.Path) -> Any:
    """The tutorial on segmentation: masks resized by nearest, cut and mirrored by the seed of their pictures."""
    import keras

    def load(datapoint: Any) -> Any:
        image = fl.image.resize(datapoint["image"], (40, 40)) / 255.0
        return image, fl.image.resize(datapoint["segmentation_mask"], (40, 40), method="nearest") - 1

    def augment(number: Any, pair: Any) -> Any:
        image, mask = pair
        seed = (number, 5)
        image = fl.image.stateless_random_crop(image, (32, 32, 3), seed)
        mask = fl.image.stateless_random_crop(mask, (32, 32, 1), seed)
        image = fl.image.stateless_random_flip_left_right(image, seed)
        image = np.clip(fl.image.stateless_random_brightness(image, 0.1, seed), 0, 1)
        return image, fl.image.stateless_random_flip_left_right(mask, seed)

    def pairs(count: int, seed: int) -> Any:
        images, masks = pets(count, seed)
        ds = fl.Dataset.from_tensor_slices({"image": images, "segmentation_mask": masks})
        return ds.map(load, num_parallel_calls=AUTOTUNE)

    train = fl.Dataset.zip((fl.Dataset.counter(), pairs(80, 1).cache().shuffle(80)))
    train = train.map(augment, num_parallel_calls=AUTOTUNE).batch(8).prefetch(AUTOTUNE)
    test = pairs(30, 2).map(lambda image, mask: (image[4:36, 4:36], mask[4:36, 4:36])).batch(8).prefetch(AUTOTUNE)
    model = segmenter(3, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return train.check(model=model, against=test, show=False)


def soft_edges_of_bodies(folder: pathlib.Path) -> Any:
    """One class and the rest: the mask is resized softly, and its shares are learnt by a binary loss."""
    import keras

    def load(image: Any, mask: Any) -> Any:
        both = np.concatenate([image / np.float32(255), fl.cast(mask == 1, fl.float32)], axis=-1)
        both = fl.image.random_flip_left_right(fl.image.resize(both, (32, 32)))
        return both[..., :3], both[..., 3:]

    def plain(image: Any, mask: Any) -> Any:
        mask = fl.image.resize(fl.cast(mask == 1, fl.float32), (32, 32))
        return fl.image.resize(image / np.float32(255), (32, 32)), mask

    train = fl.Dataset.from_tensor_slices(pets(80, 3)).shuffle(80).map(load, num_parallel_calls=AUTOTUNE)
    test = fl.Dataset.from_tensor_slices(pets(30, 4)).map(plain, num_parallel_calls=AUTOTUNE)
    model = segmenter(1, keras.losses.BinaryCrossentropy(), "sigmoid")
    return train.batch(8).prefetch(AUTOTUNE).check(model=model, against=test.batch(8).prefetch(AUTOTUNE), show=False)


def colours_that_change_alone(folder: pathlib.Path) -> Any:
    """Only the light of the pictures changes at random, so that the masks stay; they are one-hot."""

    def load(image: Any, mask: Any, training: bool) -> Any:
        image = fl.image.resize(image, (32, 32)) / 255.0
        if training:
            image = fl.image.random_saturation(fl.image.random_contrast(image, 0.7, 1.3), 0.7, 1.3)
        mask = fl.image.resize(mask, (32, 32), method="nearest")[..., 0] - 1
        return np.clip(image, 0, 1), fl.one_hot(mask, 3)

    def pairs(count: int, seed: int, training: bool) -> Any:
        ds = fl.Dataset.from_tensor_slices(pets(count, seed))
        ds = ds.shuffle(count) if training else ds
        ds = ds.map(lambda image, mask: load(image, mask, training), num_parallel_calls=AUTOTUNE)
        return ds.batch(8).prefetch(AUTOTUNE)

    model = segmenter(3, "categorical_crossentropy", "softmax")
    return pairs(80, 5, True).check(model=model, against=pairs(30, 6, False), show=False)


def shares_out_of_a_sigmoid(folder: pathlib.Path) -> Any:
    """Shares from 0 to 1 by a sigmoid and mse, of which validation has a few above; prices by a stretched sigmoid."""
    import keras

    draw = np.random.default_rng(7)
    rows = draw.normal(size=(600, 6)).astype(np.float32)
    shares = (1 / (1 + np.exp(-rows[:, 0] - draw.normal(0, 0.2, 600)))).astype(np.float32)
    shares[-100::25] = 1.1
    prices = (300 * shares + 50).astype(np.float32)
    inputs = keras.Input((6,))
    share = keras.layers.Dense(1, activation="sigmoid", name="share")(inputs)
    price = keras.layers.Rescaling(400.0, name="price")(keras.layers.Dense(1, activation="sigmoid")(inputs))
    model = keras.Model(inputs, {"share": share, "price": price})
    model.compile("adam", {"share": "mse", "price": "mae"})
    whole = fl.Dataset.from_tensor_slices((rows, {"share": shares, "price": prices + draw.normal(0, 5, 600)}))
    train = whole.take(500).shuffle(500).map(lambda x, y: (x, {**y, "price": fl.cast(y["price"], fl.float32)}))
    test = whole.skip(500).map(lambda x, y: (x, {**y, "price": fl.cast(y["price"], fl.float32)}))
    return train.batch(32).prefetch(AUTOTUNE).check(model=model, against=test.batch(32), show=False)


def a_station_and_a_mask_for_its_gaps(folder: pathlib.Path) -> Any:
    """Days of different length, filled up with -999, which a Masking layer leaves out."""
    import keras

    draw = np.random.default_rng(8)
    labels = draw.integers(0, 3, 500)
    days = (draw.normal(size=(500, 24, 4)) + labels[:, None, None]).astype(np.float32)
    days[np.arange(24) >= draw.integers(16, 25, 500)[:, None]] = -999
    model = keras.Sequential(
        [
            keras.Input((24, 4)),
            keras.layers.Masking(mask_value=-999.0),
            keras.layers.LSTM(8),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    train = fl.Dataset.from_tensor_slices((days[:400], labels[:400])).shuffle(400).batch(32).prefetch(AUTOTUNE)
    return train.check(
        model=model, against=fl.Dataset.from_tensor_slices((days[400:], labels[400:])).batch(32), show=False
    )


def shares_with_minus_1_for_unknown(folder: pathlib.Path) -> Any:
    """Columns from 0 to 1, with -1 where the answer is unknown; days since the last visit, with -1 for never."""
    import keras

    draw = np.random.default_rng(9)
    shares = draw.random((600, 5)).astype(np.float32)
    shares[draw.random((600, 5)) < 0.08] = -1
    days = np.where(draw.random(600) < 0.3, -1, draw.integers(0, 60, 600))[:, None].astype(np.float32)
    answers = (shares[:, 0] + shares[:, 1] + draw.normal(0, 0.5, 600) > 0.9).astype(np.int64)
    rows = np.concatenate([shares, days / 60], axis=1)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    train = fl.Dataset.from_tensor_slices((rows[:500], answers[:500])).shuffle(500).batch(32).prefetch(AUTOTUNE)
    test = fl.Dataset.from_tensor_slices((rows[500:], answers[500:])).batch(32)
    return train.check(model=model, against=test, show=False)


def sales_by_day_and_what_they_were(folder: pathlib.Path) -> Any:
    """The day's number is an input where sales are predicted, beside what they were a day and a week before."""
    import keras

    draw = np.random.default_rng(10)
    day = np.arange(707)
    sales = (50 + 0.05 * day + 10 * np.sin(2 * np.pi * day / 7) + draw.normal(0, 3, 707)).astype(np.float32)
    rows = np.stack([day[7:] / 700, sales[6:-1] / 50, sales[:-7] / 50], axis=1).astype(np.float32)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    train = fl.Dataset.from_tensor_slices((rows[:560], sales[7:567])).shuffle(560).batch(32).prefetch(AUTOTUNE)
    return train.check(
        model=model, against=fl.Dataset.from_tensor_slices((rows[560:], sales[567:])).batch(32), show=False
    )


def a_line_without_any_noise(folder: pathlib.Path) -> Any:
    """The first neural network: y = 2 x - 1, of one input, exactly."""
    import keras

    x = np.linspace(-1, 4, 300, dtype=np.float32)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    return fl.Dataset.from_tensor_slices((x[:, None], 2 * x - 1)).shuffle(300).batch(32).check(model=model, show=False)


def the_step_behind_each_window(folder: pathlib.Path) -> Any:
    """A wave of a day's length: windows of a day, and targets that begin where the first window ends."""
    import keras

    import feedline.keras

    hours = np.arange(1200)
    series = np.sin(2 * np.pi * hours / 24).astype(np.float32)
    noisy = (series + np.random.default_rng(11).normal(0, 0.1, 1200)).astype(np.float32)

    def windows(part: np.ndarray, shuffle: bool) -> Any:
        return feedline.keras.timeseries_dataset_from_array(
            part, part[24:], sequence_length=24, batch_size=32, shuffle=shuffle
        ).prefetch(AUTOTUNE)

    model = keras.Sequential([keras.Input((24,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return windows(noisy[:960], True).check(model=model, against=windows(noisy[960:], False), show=False)


HEALTHY = [
    pets_and_their_outlines,
    soft_edges_of_bodies,
    colours_that_change_alone,
    shares_out_of_a_sigmoid,
    a_station_and_a_mask_for_its_gaps,
    shares_with_minus_1_for_unknown,
    sales_by_day_and_what_they_were,
    a_line_without_any_noise,
    the_step_behind_each_window,
]
