"""Healthy pipelines: series in time, sounds, and streams that are mixed or never end."""

from __future__ import annotations

import pathlib
import wave
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

AUTOTUNE = fl.AUTOTUNE


def weather(hours: int) -> np.ndarray:
    """Returns temperature, pressure, humidity and wind of each hour: days, years and chance."""
    draw = np.random.default_rng(0)
    time = np.arange(hours)
    drift = np.cumsum(draw.normal(0, 0.3, hours))
    drift -= np.linspace(drift[0], drift[-1], hours)
    temperature = 10 + 8 * np.sin(time / 24 * 2 * np.pi) + 0.5 * drift + draw.normal(0, 1, hours)
    pressure = 990 + 5 * np.sin(time / 90) + draw.normal(0, 2, hours)
    humidity = np.clip(70 - 2 * (temperature - 10) + draw.normal(0, 5, hours), 5, 100)
    return np.stack([temperature, pressure, humidity, draw.gamma(2, 2, hours)], axis=1).astype("float32")


def the_weather_of_the_next_day(folder: pathlib.Path) -> Any:
    """`timeseries_dataset_from_array`: the last part is for validation, and the first gives the mean and the spread."""
    import keras

    import feedline.keras

    series = weather(3000)
    border = 2400
    series = (series - series[:border].mean(axis=0)) / series[:border].std(axis=0)

    def windows(part: np.ndarray, shuffle: bool) -> Any:
        return feedline.keras.timeseries_dataset_from_array(
            part[:-24], part[71:, 0], sequence_length=48, sampling_rate=1, batch_size=64, shuffle=shuffle
        ).prefetch(AUTOTUNE)

    model = keras.Sequential([keras.Input((48, 4)), keras.layers.LSTM(8), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    train, validation = windows(series[:border], shuffle=True), windows(series[border:], shuffle=False)
    return train.check(model=model, against=validation, show=False)


def windows_that_stay_in_order(folder: pathlib.Path) -> Any:
    """Windows cut by `window` and `flat_map`, in order and of one batch size, for a network that keeps its state."""
    import keras

    series = weather(2400)[:, 0]
    series = (series - series[:2000].mean()) / series[:2000].std()

    def windows(part: np.ndarray) -> Any:
        ds = fl.Dataset.from_tensor_slices(part[:, None])
        ds = ds.window(25, shift=24, drop_remainder=True).flat_map(lambda window: window.batch(25))
        return ds.map(lambda window: (window[:-1], window[1:])).batch(1, drop_remainder=True).prefetch(AUTOTUNE)

    inputs = keras.Input((24, 1), batch_size=1)
    x = keras.layers.GRU(8, return_sequences=True, stateful=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    model.compile("adam", "mse")
    return windows(series[:2000]).check(model=model, against=windows(series[2000:]), show=False)


def windows_that_are_shuffled_after_the_split(folder: pathlib.Path) -> Any:
    """Forecasting of several steps: the series is split in time, then cut in windows, and these are shuffled."""
    import keras

    series = weather(2000)
    series = (series - series[:1600].mean(axis=0)) / series[:1600].std(axis=0)

    def windows(part: np.ndarray) -> Any:
        ds = fl.Dataset.from_tensor_slices(part).window(36, shift=1, drop_remainder=True)
        ds = ds.flat_map(lambda window: window.batch(36, drop_remainder=True))
        return ds.map(lambda window: (window[:24], window[24:, 0]), num_parallel_calls=AUTOTUNE)

    model = keras.Sequential(
        [
            keras.Input((24, 4)),
            keras.layers.Conv1D(8, 5, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(12),
        ]
    )
    model.compile("adam", "mae")
    train = windows(series[:1600]).cache().shuffle(1600).batch(32).prefetch(AUTOTUNE)
    return train.check(model=model, against=windows(series[1600:]).batch(32).prefetch(AUTOTUNE), show=False)


def spoken_words(folder: pathlib.Path) -> Any:
    """`audio_dataset_from_directory`, one channel, the logarithm of a spectrogram; noise is added in training."""
    import keras

    import feedline.keras

    draw = np.random.default_rng(1)
    for word, pitch in (("down", 300), ("go", 500), ("up", 900)):
        (folder / word).mkdir()
        for number in range(50):
            time = np.arange(2000 + draw.integers(-200, 200)) / 4000
            sound = 0.4 * np.sin(2 * np.pi * draw.normal(pitch, 40) * time) * np.exp(-3 * time)
            sound += draw.normal(0, 0.03, len(time))
            with wave.open(str(folder / word / f"{number:03}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(4000)
                file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    train, validation = feedline.keras.audio_dataset_from_directory(
        str(folder), batch_size=16, validation_split=0.2, seed=0, output_sequence_length=2000, subset="both"
    )

    def noisy(sounds: Any, words: Any) -> Any:
        return sounds + fl.random.normal(sounds.shape, stddev=0.01), words

    def spectrogram(sounds: Any, words: Any) -> Any:
        frames = np.lib.stride_tricks.sliding_window_view(sounds[..., 0], 128, axis=-1)[:, ::64]
        power = np.abs(np.fft.rfft(frames * np.hanning(128), axis=-1))
        return np.log(power + 1e-3).astype(np.float32)[..., None], words

    train = train.map(noisy, num_parallel_calls=AUTOTUNE).map(spectrogram, num_parallel_calls=AUTOTUNE)
    validation = validation.map(spectrogram, num_parallel_calls=AUTOTUNE)
    normalise = keras.layers.Normalization()
    normalise.adapt(np.concatenate([x for x, _ in train]))
    model = keras.Sequential(
        [
            keras.Input((30, 65, 1)),
            normalise,
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return train.prefetch(AUTOTUNE).check(model=model, against=validation.prefetch(AUTOTUNE), show=False)


def experience_that_never_ends(folder: pathlib.Path) -> Any:
    """A simulator draws new examples without end, from a generator of its own each time; an epoch is 50 steps."""
    import keras

    def simulated(seed: int, count: int | None = None) -> Any:
        def examples() -> Iterator[Any]:
            draw, number = np.random.default_rng(seed), 0
            while count is None or number < count:
                angle, speed = draw.uniform(-1, 1), draw.uniform(-1, 1)
                state = np.array([np.cos(angle), np.sin(angle), speed], np.float32)
                yield state, np.float32(angle + 0.1 * speed + draw.normal(0, 0.01))
                number += 1

        signature = (fl.TensorSpec((3,), fl.float32), fl.TensorSpec((), fl.float32))
        return fl.Dataset.from_generator(examples, output_signature=signature)

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    train = simulated(seed=1).batch(64, drop_remainder=True).prefetch(AUTOTUNE)
    return train.check(model=model, against=simulated(seed=2, count=256).batch(64), steps_per_epoch=50, show=False)


def who_wrote_the_line(folder: pathlib.Path) -> Any:
    """Lines of three books, labelled by their file, joined and shuffled over all of them; the first are held out."""
    words = ["king", "ship", "spear", "sea", "gods", "war", "horse", "home", "wall", "night", "fire", "friend"]
    draw = np.random.default_rng(2)
    books = []
    for number, name in enumerate(("cowper", "derby", "butler")):
        lines = [" ".join(draw.choice(words[number : number + 9], draw.integers(5, 12))) for _ in range(300)]
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
        lines_of_book = fl.TextLineDataset(str(folder / f"{name}.txt"))
        books.append(lines_of_book.map(lambda line, number=number: (line, np.int64(number))))
    whole = books[0].concatenate(books[1]).concatenate(books[2])
    whole = whole.shuffle(900, seed=1, reshuffle_each_iteration=False)
    train = whole.skip(200).shuffle(900).batch(64).prefetch(AUTOTUNE)
    return train.check(against=whole.take(200).batch(64).prefetch(AUTOTUNE), show=False)


def three_sensors_by_turns(folder: pathlib.Path) -> Any:
    """`choose_from_datasets` takes of three shuffled, endless datasets by turns; the states are balanced by that."""
    import keras

    draw = np.random.default_rng(3)

    def measured(state: int, count: int) -> Any:
        rows = (draw.normal(size=(count, 10)) + state).astype("float32")
        return fl.Dataset.from_tensor_slices((rows, np.full(count, state, np.int64)))

    sizes = (900, 300, 80)
    parts = [measured(state, size).shuffle(size).repeat() for state, size in enumerate(sizes)]
    train = fl.Dataset.choose_from_datasets(parts, fl.Dataset.range(3).repeat())
    held_out = [measured(state, size // 5) for state, size in enumerate(sizes)]
    validation = held_out[0].concatenate(held_out[1]).concatenate(held_out[2]).batch(60)
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    train = train.batch(60).prefetch(AUTOTUNE)
    return train.check(model=model, against=validation, steps_per_epoch=20, show=False)


def batches_out_of_a_generator(folder: pathlib.Path) -> Any:
    """Document 000, example 1, with its labels: a generator of batches without end, each epoch in another order."""
    import keras

    draw = np.random.default_rng(4)
    for number in range(96):
        image = np.clip(draw.normal(60 + 60 * (number % 3), 30, (16, 16, 3)), 0, 255).astype(np.uint8)
        (folder / f"{number % 3}_{number:03}.png").write_bytes(fl.io.encode_png(image))
    names = sorted(path.name for path in folder.glob("*.png"))
    names = draw.permutation(names).tolist()

    def batches(chosen: list[str]) -> Iterator[Any]:
        order = np.random.default_rng()
        while True:
            shuffled = order.permutation(chosen)
            for start in range(0, len(shuffled), 16):
                part = shuffled[start : start + 16]
                images = [fl.io.decode_png(fl.io.read_file(str(folder / name)), channels=3) for name in part]
                labels = [int(name[0]) for name in part]
                yield np.stack(images).astype(np.float32) / 255, np.eye(3, dtype=np.float32)[labels]

    signature = (fl.TensorSpec((None, 16, 16, 3), fl.float32), fl.TensorSpec((None, 3), fl.float32))

    def dataset(chosen: list[str]) -> Any:
        return fl.Dataset.from_generator(lambda: batches(chosen), output_signature=signature).prefetch(AUTOTUNE)

    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return dataset(names[:80]).check(model=model, against=dataset(names[80:]).take(1), steps_per_epoch=5, show=False)


HEALTHY = [
    the_weather_of_the_next_day,
    windows_that_stay_in_order,
    windows_that_are_shuffled_after_the_split,
    spoken_words,
    experience_that_never_ends,
    who_wrote_the_line,
    three_sensors_by_turns,
    batches_out_of_a_generator,
]
