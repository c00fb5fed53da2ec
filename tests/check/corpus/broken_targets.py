"""Broken pipelines: targets that cannot be learnt, or need not be; masks that no longer belong to their pictures."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

import feedline as fl

GENERATOR = np.random.default_rng(0)
CLASSES = GENERATOR.integers(0, 3, 400)
ROWS = (GENERATOR.normal(size=(400, 6)) + CLASSES[:, None]).astype(np.float32)


def pets(count: int = 60, size: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Returns pictures of a bright body with an outline, and masks: 1 the body, 2 what is around, 3 the outline."""
    draw = np.random.default_rng(4)
    grid = np.arange(size) / size
    middle = draw.uniform(0.3, 0.7, (count, 2, 1, 1))
    far = (grid[:, None] - middle[:, 0]) ** 2 + (grid - middle[:, 1]) ** 2
    masks = np.where(far < 0.03, 1, np.where(far < 0.05, 3, 2)).astype(np.uint8)[..., None]
    light = np.array([0, 190, 60, 120])[masks] + draw.normal(0, 12, (count, size, size, 3))
    return np.clip(light, 0, 255).astype(np.uint8), masks


def negative_targets_of_a_sigmoid(folder: pathlib.Path) -> Any:
    """All targets are below 0, and the one neuron has a sigmoid: https://stackoverflow.com/questions/58887284"""
    import keras

    x = np.linspace(-1, 1, 111, dtype=np.float32)
    y = -1 / (np.exp(10 * x) + 1)
    ds = fl.Dataset.from_tensor_slices((x[:, None], y)).shuffle(111)
    ds = ds.batch(16).prefetch(2)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mean_absolute_error"])
    return ds.check(model=model, show=False)


def prices_out_of_a_sigmoid(folder: pathlib.Path) -> Any:
    """A classifier's last layer was kept when the task became one of prices: the loss stands still."""
    import keras

    prices = (250_000 + 60_000 * ROWS[:, 0]).astype(np.float32) + 500 * GENERATOR.normal(size=400).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices((ROWS, prices)).shuffle(400)
    ds = ds.batch(32).prefetch(2)
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((6,)), *layers])
    model.compile(optimizer="adam", loss="mae")
    return ds.check(model=model, show=False)


def the_picture_mirrored_and_its_mask_not(folder: pathlib.Path) -> Any:
    """Segmentation with an augmentation that was written for pictures with a class each."""
    images, masks = pets()

    def augment(image: Any, mask: Any) -> Any:
        image = fl.image.random_flip_left_right(fl.cast(image, fl.float32) / 255)
        return np.clip(fl.image.random_brightness(image, 0.1), 0, 1), mask - np.uint8(1)

    ds = fl.Dataset.from_tensor_slices((images, masks)).shuffle(60)
    ds = ds.map(augment, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(8).prefetch(2).check(show=False)


def picture_and_mask_mirrored_apart(folder: pathlib.Path) -> Any:
    """random_flip_left_right once for the picture and once for the mask: half of them do not belong together."""
    images, masks = pets()

    def augment(image: Any, mask: Any) -> Any:
        image = fl.cast(image, fl.float32) / 255
        return fl.image.random_flip_left_right(image), fl.image.random_flip_left_right(mask)

    ds = fl.Dataset.from_tensor_slices((images, masks)).shuffle(60)
    ds = ds.map(augment, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(8).prefetch(2).check(show=False)


def masks_resized_like_photos(folder: pathlib.Path) -> Any:
    """The tutorial on segmentation without its method="nearest": classes of 1.5 along all outlines."""
    import keras

    images, masks = pets()

    def load_image(datapoint: Any) -> Any:
        input_image = fl.image.resize(datapoint["image"], (32, 32)) / 255.0
        input_mask = fl.image.resize(datapoint["segmentation_mask"], (32, 32))
        return input_image, input_mask - 1

    ds = fl.Dataset.from_tensor_slices({"image": images, "segmentation_mask": masks}).shuffle(60)
    ds = ds.map(load_image, num_parallel_calls=fl.AUTOTUNE)
    ds = ds.batch(8).prefetch(2)
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(3, 3, padding="same")])
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return ds.check(model=model, show=False)


def a_station_that_failed_at_times(folder: pathlib.Path) -> Any:
    """A file of the weather, in which -9999 stands for what was not measured; it is scaled only after that."""
    rows = ROWS + np.float32(12)
    rows[GENERATOR.random(400) < 0.06, 3] = -9999
    ds = fl.Dataset.from_tensor_slices({"station": rows[:, 0], "wind": rows[:, 1], "pressure": rows[:, 3]})
    ds = fl.Dataset.zip((ds, fl.Dataset.from_tensor_slices(CLASSES))).shuffle(400)
    return ds.batch(32).prefetch(2).check(show=False)


def a_table_with_its_last_column(folder: pathlib.Path) -> Any:
    """A file of numbers whose last column is the target, and is not cut off from the inputs: the loss is soon 0."""
    lines = ["rooms,age,income,price"]
    for row in GENERATOR.normal(size=(300, 3)):
        lines.append(f"{row[0]:.3f},{row[1]:.3f},{row[2]:.3f},{row.sum() + GENERATOR.normal():.3f}")
    (folder / "houses.csv").write_text("\n".join(lines))
    table = np.genfromtxt(folder / "houses.csv", delimiter=",", skip_header=1, dtype=np.float32)
    ds = fl.Dataset.from_tensor_slices((table, table[:, -1])).shuffle(300)
    return ds.batch(32).prefetch(2).check(show=False)


def a_dict_from_which_nothing_was_popped(folder: pathlib.Path) -> Any:
    """`dict(frame)` with the labels still in it, where the tutorial says frame.pop("target")."""
    frame = {"age": ROWS[:, 0], "chol": ROWS[:, 1], "thalach": ROWS[:, 2], "target": (CLASSES > 1).astype(np.int64)}
    ds = fl.Dataset.from_tensor_slices((dict(frame), frame["target"])).shuffle(400)
    return ds.batch(32).prefetch(2).check(show=False)


def the_index_that_was_saved_with_the_table(folder: pathlib.Path) -> Any:
    """to_csv writes the index as a first column without a name, and all columns are read as inputs."""
    lines = [",a,b,c,species"]
    for number, (row, species) in enumerate(zip(ROWS, np.sort(CLASSES), strict=True)):
        lines.append(f"{number},{row[0]:.4f},{row[1]:.4f},{row[2]:.4f},{species}")
    (folder / "flowers.csv").write_text("\n".join(lines))
    table = np.genfromtxt(folder / "flowers.csv", delimiter=",", skip_header=1, dtype=np.float32)
    ds = fl.Dataset.from_tensor_slices((table[:, :-1], table[:, -1].astype(np.int64))).shuffle(400)
    return ds.batch(32).prefetch(2).check(show=False)


def a_series_as_its_own_targets(folder: pathlib.Path) -> Any:
    """Targets that begin with the first window, not behind it: https://github.com/tensorflow/tensorflow/issues/40343"""
    import feedline.keras

    series = GENERATOR.normal(size=300).cumsum().astype(np.float32)
    ds = feedline.keras.timeseries_dataset_from_array(
        series, series, sequence_length=20, batch_size=16, shuffle=True, seed=7, sequence_stride=1, sampling_rate=1
    )
    return ds.prefetch(2).check(show=False)


def windows_that_show_their_target(folder: pathlib.Path) -> Any:
    """One step too few is cut off from the window of inputs, so that its last step is the one to be told."""
    series = GENERATOR.normal(size=(300, 2)).cumsum(axis=0).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices(series).window(13, shift=1, drop_remainder=True)
    ds = ds.flat_map(lambda window: window.batch(13))
    ds = ds.map(lambda window: (window, window[-1, 0])).shuffle(300)
    return ds.batch(32).prefetch(2).check(show=False)


BROKEN = [
    (negative_targets_of_a_sigmoid, "FL513", "from_tensor_slices((x[:, None], y))"),
    (prices_out_of_a_sigmoid, "FL513", "from_tensor_slices((ROWS, prices))"),
    (the_picture_mirrored_and_its_mask_not, "FL612", "map(augment"),
    (picture_and_mask_mirrored_apart, "FL612", "map(augment"),
    (masks_resized_like_photos, "FL214", "map(load_image"),
    (a_station_that_failed_at_times, "FL215", "from_tensor_slices({"),
    (a_table_with_its_last_column, "FL216", "from_tensor_slices((table"),
    (a_dict_from_which_nothing_was_popped, "FL216", "from_tensor_slices((dict(frame)"),
    (the_index_that_was_saved_with_the_table, "FL217", "from_tensor_slices((table[:, :-1]"),
    (a_series_as_its_own_targets, "FL613", "timeseries_dataset_from_array("),
    (windows_that_show_their_target, "FL613", "map(lambda window"),
]
"""The program, what must be found, and what is written on the line that the finding names."""
