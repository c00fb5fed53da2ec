"""Healthy pipelines: TFRecord files and files of arrays."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np

import feedline as fl

AUTOTUNE = fl.AUTOTUNE


def of_bytes(*values: bytes) -> Any:
    return fl.train.Feature(bytes_list=fl.train.BytesList(value=list(values)))


def of_floats(values: Iterable[float]) -> Any:
    return fl.train.Feature(float_list=fl.train.FloatList(value=list(values)))


def of_integers(values: Iterable[int]) -> Any:
    return fl.train.Feature(int64_list=fl.train.Int64List(value=list(values)))


def write(path: pathlib.Path, examples: Iterable[dict[str, Any]]) -> None:
    with fl.io.TFRecordWriter(str(path)) as writer:
        for feature in examples:
            writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())


def shards_by_turns(folder: pathlib.Path) -> Any:
    """Examples in eight shards, read by turns, parsed by the batch; two shards are kept for validation."""
    import keras

    draw = np.random.default_rng(1)
    for shard in range(8):
        labels = draw.integers(0, 3, 60)
        rows = draw.normal(size=(60, 8)) + labels[:, None]
        examples = (
            {"row": of_floats(row.tolist()), "label": of_integers([int(label)])}
            for row, label in zip(rows, labels, strict=True)
        )
        write(folder / f"part-{shard:02}.tfrecord", examples)
    features = {"row": fl.io.FixedLenFeature([8], fl.float32), "label": fl.io.FixedLenFeature([], fl.int64)}

    def parse(records: Any) -> Any:
        parsed = fl.io.parse_example(records, features)
        return parsed["row"], parsed["label"]

    train = fl.Dataset.list_files(str(folder / "part-0[0-5].tfrecord"))
    train = train.interleave(fl.TFRecordDataset, cycle_length=3, num_parallel_calls=AUTOTUNE, deterministic=False)
    train = train.shuffle(360).batch(32).map(parse, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)
    validation = fl.TFRecordDataset(str(folder / "part-0[67].tfrecord")).batch(32).map(parse).prefetch(AUTOTUNE)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return train.check(model=model, against=validation, show=False)


def pictures_as_serialised_tensors(folder: pathlib.Path) -> Any:
    """Pictures of 0 to 255 as tensors in records, divided by 255 once: after document 000, example 2."""
    import keras

    draw = np.random.default_rng(2)
    for name, count in (("train", 200), ("val", 60)):
        labels = draw.integers(0, 10, count)
        images = np.clip(draw.normal(100, 50, (count, 16, 16, 3)) + 10 * labels[:, None, None, None], 0, 255)
        examples = (
            {"image_bytes": of_bytes(fl.io.serialize_tensor(image)), "label": of_integers([int(label)])}
            for image, label in zip(images.astype(np.uint8), labels, strict=True)
        )
        write(folder / f"{name}.tfrecord", examples)

    def decode(record: bytes) -> Any:
        features = {
            "image_bytes": fl.io.FixedLenFeature([], fl.string),
            "label": fl.io.FixedLenFeature([], fl.int64),
        }
        parsed = fl.io.parse_single_example(record, features)
        image = fl.io.parse_tensor(parsed["image_bytes"], out_type=fl.uint8)
        return fl.cast(image, fl.float32) / 255.0, fl.one_hot(parsed["label"], depth=10)

    train = fl.TFRecordDataset(str(folder / "train.tfrecord")).shuffle(200)
    train = train.map(decode, num_parallel_calls=AUTOTUNE).batch(32).prefetch(AUTOTUNE)
    validation = fl.TFRecordDataset(str(folder / "val.tfrecord")).map(decode, num_parallel_calls=AUTOTUNE).batch(32)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return train.check(model=model, against=validation.prefetch(AUTOTUNE), show=False)


def genres_of_any_number(folder: pathlib.Path) -> Any:
    """VarLenFeature: some films have no genre in the record, others several; they become a multi-hot vector."""
    import keras

    draw = np.random.default_rng(3)
    for name, count in (("train", 300), ("test", 80)):
        examples = []
        for _ in range(count):
            genres = draw.choice(9, draw.integers(0, 4), replace=False)
            liked = int(draw.random() < (0.7 if 2 in genres else 0.4))
            examples.append(
                {
                    "genres": of_integers(genres.tolist()),
                    "year": of_floats([float(draw.integers(1960, 2020))]),
                    "liked": of_integers([liked]),
                }
            )
        write(folder / f"{name}.tfrecord", examples)
    features = {
        "genres": fl.io.VarLenFeature(fl.int64),
        "year": fl.io.FixedLenFeature([], fl.float32),
        "liked": fl.io.FixedLenFeature([], fl.int64),
    }

    def parse(record: bytes) -> Any:
        parsed = fl.io.parse_single_example(record, features)
        hot = np.zeros(9, np.float32)
        hot[parsed["genres"].values] = 1
        return {"genres": hot, "year": (parsed["year"] - np.float32(1990)) / np.float32(20)}, parsed["liked"]

    inputs = {"genres": keras.Input((9,), name="genres"), "year": keras.Input((), name="year")}
    joined = keras.layers.Concatenate()([inputs["genres"], keras.layers.Reshape((1,))(inputs["year"])])
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(joined))
    model.compile("adam", "binary_crossentropy")
    train = fl.TFRecordDataset(str(folder / "train.tfrecord")).shuffle(300)
    train = train.map(parse, num_parallel_calls=AUTOTUNE).batch(32).prefetch(AUTOTUNE)
    test = fl.TFRecordDataset(str(folder / "test.tfrecord")).map(parse, num_parallel_calls=AUTOTUNE).batch(32)
    return train.check(model=model, against=test, show=False)


def words_of_ragged_reviews(folder: pathlib.Path) -> Any:
    """RaggedFeature: numbers of words, parsed by the batch, filled up with 0 for a masked LSTM."""
    import keras

    draw = np.random.default_rng(4)
    for name, count in (("train", 300), ("test", 80)):
        likes = draw.integers(0, 2, count)
        examples = (
            {
                "words": of_integers((draw.integers(1, 200, draw.integers(10, 30)) + 100 * like).tolist()),
                "likes": of_integers([int(like)]),
            }
            for like in likes
        )
        write(folder / f"{name}.tfrecord", examples)
    features = {"words": fl.io.RaggedFeature(fl.int64), "likes": fl.io.FixedLenFeature([], fl.int64)}

    def parse(records: Any) -> Any:
        parsed = fl.io.parse_example(records, features)
        return parsed["words"].to_padded(0)[0], parsed["likes"]

    def reviews(name: str) -> Any:
        return fl.TFRecordDataset(str(folder / f"{name}.tfrecord"))

    train = reviews("train").shuffle(300).batch(32).map(parse, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int64"),
            keras.layers.Embedding(300, 8, mask_zero=True),
            keras.layers.LSTM(8),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    return train.check(model=model, against=reviews("test").batch(32).map(parse).prefetch(AUTOTUNE), show=False)


def videos_frame_by_frame(folder: pathlib.Path) -> Any:
    """SequenceExamples: features of each frame, videos of unequal length padded with 0, which a Masking layer knows."""
    import keras

    draw = np.random.default_rng(5)
    for name, count in (("train", 200), ("validation", 60)):
        with fl.io.TFRecordWriter(str(folder / f"{name}.tfrecord")) as writer:
            for _ in range(count):
                example, label = fl.train.SequenceExample(), int(draw.integers(0, 4))
                example.context.feature["label"].int64_list.value.append(label)
                for _ in range(draw.integers(8, 16)):
                    frame = (draw.normal(size=6) + label).tolist()
                    example.feature_lists.feature_list["rgb"].feature.add().float_list.value.extend(frame)
                writer.write(example.SerializeToString())

    def parse(record: bytes) -> Any:
        context, sequences = fl.io.parse_single_sequence_example(
            record,
            context_features={"label": fl.io.FixedLenFeature([], fl.int64)},
            sequence_features={"rgb": fl.io.FixedLenSequenceFeature([6], fl.float32)},
        )
        return sequences["rgb"], context["label"]

    train = fl.TFRecordDataset(str(folder / "train.tfrecord")).shuffle(200).map(parse, num_parallel_calls=AUTOTUNE)
    validation = fl.TFRecordDataset(str(folder / "validation.tfrecord")).map(parse, num_parallel_calls=AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((None, 6)),
            keras.layers.Masking(),
            keras.layers.GRU(8),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    train = train.padded_batch(16, padded_shapes=([None, 6], [])).prefetch(AUTOTUNE)
    return train.check(model=model, against=validation.padded_batch(16, padded_shapes=([None, 6], [])), show=False)


def scans_and_what_the_doctor_drew(folder: pathlib.Path) -> Any:
    """Pairs of `.npy` files by name: a scan, scaled by its own percentiles, and a mask of a few small spots."""
    import keras

    draw = np.random.default_rng(6)
    for part, count in (("train", 60), ("valid", 16)):
        for kind in ("scans", "masks"):
            (folder / part / kind).mkdir(parents=True)
        for number in range(count):
            spots = np.zeros((24, 24, 1), np.uint8)
            row, column = draw.integers(2, 18, 2)
            spots[row : row + 4, column : column + 4] = 1
            scan = draw.normal(-400, 250, (24, 24, 1)) + 500.0 * spots
            np.save(folder / part / "scans" / f"patient_{number:03}.npy", scan.astype(np.int16))
            np.save(folder / part / "masks" / f"patient_{number:03}.npy", spots)

    def load(scan: bytes, mask: bytes) -> Any:
        values = fl.cast(fl.io.decode_npy(fl.io.read_file(scan)), fl.float32)
        low, high = np.percentile(values, [1, 99]).astype(np.float32)
        return np.clip((values - low) / (high - low), 0, 1), fl.io.decode_npy(fl.io.read_file(mask))

    def pairs(part: str) -> Any:
        scans = fl.Dataset.list_files(str(folder / part / "scans" / "*.npy"), shuffle=False)
        masks = fl.Dataset.list_files(str(folder / part / "masks" / "*.npy"), shuffle=False)
        return fl.Dataset.zip(scans, masks)

    train = pairs("train").shuffle(60).map(load, num_parallel_calls=AUTOTUNE).batch(8).prefetch(AUTOTUNE)
    validation = pairs("valid").map(load, num_parallel_calls=AUTOTUNE).batch(8).prefetch(AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((24, 24, 1)),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(1, 1, activation="sigmoid"),
        ]
    )
    model.compile("adam", keras.losses.Dice())
    return train.check(model=model, against=validation, show=False)


HEALTHY = [
    shards_by_turns,
    pictures_as_serialised_tensors,
    genres_of_any_number,
    words_of_ragged_reviews,
    videos_frame_by_frame,
    scans_and_what_the_doctor_drew,
]
