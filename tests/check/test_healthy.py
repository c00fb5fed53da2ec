"""Pipelines as they should be: no rule may find anything about them. Add here what a new rule could mistake."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 4, 240)
FEATURES = GENERATOR.normal(size=(240, 12)).astype(np.float32) + LABELS[:, None]
IMAGES = np.clip(GENERATOR.normal(120, 40, (240, 16, 16, 3)) + 10 * LABELS[:, None, None, None], 0, 255).astype(
    np.uint8
)
WORDS = GENERATOR.integers(1, 500, (240, 20))


def scaled(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32) / 255, label


def augmented(image: Any, label: Any) -> Any:
    return fl.image.random_flip_left_right(image), label


def in_memory(folder: Any) -> Any:
    return fl.Dataset.from_tensor_slices((FEATURES, LABELS)).shuffle(240).batch(32).prefetch(fl.AUTOTUNE)


def images_augmented_behind_the_cache(folder: Any) -> Any:
    ds = fl.Dataset.from_tensor_slices((IMAGES, LABELS)).map(scaled, num_parallel_calls=fl.AUTOTUNE).cache()
    ds = ds.shuffle(240).map(augmented, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(32).prefetch(fl.AUTOTUNE)


def a_generator_function(folder: Any) -> Any:
    def rows() -> Iterator[Any]:
        yield from zip(FEATURES, LABELS, strict=True)

    signature = (fl.TensorSpec((12,), "float32"), fl.TensorSpec((), "int64"))
    return fl.Dataset.from_generator(rows, output_signature=signature).shuffle(240).batch(32).prefetch(2)


def records(folder: Any) -> Any:
    path = str(folder / "train.tfrecord")
    with fl.io.TFRecordWriter(path) as writer:
        for row, label in zip(FEATURES, LABELS, strict=True):
            feature = {
                "row": fl.train.Feature(float_list=fl.train.FloatList(value=row.tolist())),
                "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[int(label)])),
            }
            writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())
    features = {"row": fl.io.FixedLenFeature([12], fl.float32), "label": fl.io.FixedLenFeature([], fl.int64)}

    def parse(batch: Any) -> Any:
        parsed = fl.io.parse_example(batch, features)
        return parsed["row"], parsed["label"]

    return fl.TFRecordDataset(path).shuffle(240).batch(32).map(parse, num_parallel_calls=fl.AUTOTUNE).prefetch(2)


def image_files(folder: Any) -> Any:
    for number in range(24):
        (folder / f"{number:03}_{LABELS[number]}.png").write_bytes(fl.io.encode_png(IMAGES[number]))

    def load(path: bytes) -> Any:
        image = fl.io.decode_png(fl.io.read_file(path), channels=3)
        return fl.cast(image, fl.float32) / 255, np.int64(path[-5:-4])

    files = fl.Dataset.list_files(str(folder / "*.png"), seed=2)
    return files.map(load, num_parallel_calls=fl.AUTOTUNE).batch(8).prefetch(fl.AUTOTUNE)


def a_dict_of_features(folder: Any) -> Any:
    inputs = {"words": WORDS, "row": FEATURES}
    return fl.Dataset.from_tensor_slices((inputs, LABELS)).shuffle(240).batch(32).prefetch(2)


def weighted(folder: Any) -> Any:
    weights = GENERATOR.uniform(0.5, 2, 240).astype(np.float32)
    return fl.Dataset.from_tensor_slices((FEATURES, LABELS, weights)).shuffle(240).batch(32).prefetch(2)


def one_hot(folder: Any) -> Any:
    hot = np.eye(4, dtype=np.float32)[LABELS]
    return fl.Dataset.from_tensor_slices((FEATURES, hot)).shuffle(240).batch(32).prefetch(2)


def regression(folder: Any) -> Any:
    targets = FEATURES[:, :1] * 3 + GENERATOR.normal(size=(240, 1)).astype(np.float32)
    return fl.Dataset.from_tensor_slices((FEATURES, targets)).shuffle(240).batch(32).prefetch(2)


def sequences_in_buckets(folder: Any) -> Any:
    lengths = GENERATOR.integers(5, 60, 240)

    def rows() -> Iterator[Any]:
        for length, label in zip(lengths, LABELS, strict=True):
            yield np.arange(1, length + 1, dtype=np.int64), label

    ds = fl.Dataset.from_generator(rows).shuffle(240)
    return ds.bucket_by_sequence_length(lambda words, label: len(words), [20, 40], [16, 16, 16]).prefetch(2)


def masks(folder: Any) -> Any:
    wanted = (IMAGES[..., :1] > 120).astype(np.uint8)
    return fl.Dataset.from_tensor_slices((IMAGES, wanted)).map(scaled).shuffle(240).batch(16).prefetch(2)


def classes_mixed_by_weight(folder: Any) -> Any:
    chosen = [np.flatnonzero(label == LABELS) for label in range(4)]
    parts = [fl.Dataset.from_tensor_slices((FEATURES[rows], LABELS[rows])).shuffle(99) for rows in chosen]
    return fl.Dataset.sample_from_datasets(parts, weights=[0.25] * 4, seed=4).batch(32).prefetch(2)


def a_split_that_does_not_leak(folder: Any) -> Any:
    whole = fl.Dataset.from_tensor_slices((FEATURES, LABELS)).shuffle(240, seed=1, reshuffle_each_iteration=False)
    return whole.skip(40).shuffle(200).batch(20).prefetch(2)


def strong_augmentation_that_keeps_the_range(folder: Any) -> Any:
    def augment(image: Any, label: Any) -> Any:
        image = fl.image.random_contrast(fl.image.random_brightness(image, 0.2), 0.7, 1.3)
        return (np.clip(image, 0, 1) - 0.45) / 0.2, label

    ds = fl.Dataset.from_tensor_slices((IMAGES, LABELS)).map(scaled).cache().shuffle(240)
    return ds.map(augment, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2)


def noise_of_each_element(folder: Any) -> Any:
    def noisy(row: Any, label: Any) -> Any:
        return row + fl.random.generator().normal(0, 0.1, row.shape).astype(np.float32), label

    ds = fl.Dataset.from_tensor_slices((FEATURES, LABELS)).shuffle(240)
    return ds.map(noisy, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2)


def sliding_windows(folder: Any) -> Any:
    series = fl.Dataset.from_tensor_slices(np.sin(np.arange(400) / 7).astype(np.float32))
    windows = series.window(21, shift=1, drop_remainder=True).flat_map(lambda window: window.batch(21))
    return windows.map(lambda steps: (steps[:-1], steps[-1:])).shuffle(400).batch(32).prefetch(2)


def noise_to_be_taken_away(folder: Any) -> Any:
    def task(image: Any, label: Any) -> Any:
        return np.clip(image + fl.random.normal(image.shape, stddev=0.1), 0, 1), image

    return fl.Dataset.from_tensor_slices((IMAGES, LABELS)).map(scaled).shuffle(240).map(task).batch(16).prefetch(2)


def a_branch_on_little_data(folder: Any) -> Any:
    def signed(row: Any, label: Any) -> Any:
        return (row if label % 2 else -row), label

    return fl.Dataset.from_tensor_slices((FEATURES, LABELS)).map(signed).shuffle(240).batch(32)


def a_few_columns_of_numpys_default(folder: Any) -> Any:
    return fl.Dataset.from_tensor_slices((FEATURES.astype(np.float64), LABELS)).shuffle(240).batch(32).prefetch(2)


def photos_decoded_smaller(folder: Any) -> Any:
    photos = [fl.io.encode_jpeg(np.kron(image, np.ones((20, 20, 1), np.uint8))) for image in IMAGES[:24]]

    def load(contents: bytes, label: Any) -> Any:
        image = fl.io.decode_jpeg(contents, channels=3, ratio=8)
        return fl.image.resize(image, [32, 32]) / 255, label

    ds = fl.Dataset.from_tensor_slices((photos, LABELS[:24])).map(load, num_parallel_calls=fl.AUTOTUNE)
    return ds.cache().shuffle(24).batch(8).prefetch(2)


def a_preprocess_for_training_and_validation(folder: Any) -> Any:
    columns = {"row": FEATURES, "word": np.array([b"a", b"b", b"c"], object)[WORDS[:, 0] % 3]}
    table = fl.Dataset.from_tensor_slices((columns, LABELS))
    steps = {"row": fl.preprocess.Standardize(), "word": fl.preprocess.OneHot(unseen="ignore")}
    preprocess = fl.Preprocess(steps, output_mode="concat").fit(table)
    return table.shuffle(240).batch(32).map(preprocess, num_parallel_calls=fl.AUTOTUNE).prefetch(fl.AUTOTUNE)


def pairs_of_files(folder: Any) -> Any:
    for number in range(24):
        (folder / f"image_{number:03}.png").write_bytes(fl.io.encode_png(IMAGES[number]))
        np.save(folder / f"label_{number}.npy", LABELS[number].astype(np.int32))

    def load(image: bytes, label: bytes) -> Any:
        pixels = fl.io.decode_png(fl.io.read_file(image), channels=3)
        return fl.cast(pixels, fl.float32) / 255, fl.io.decode_npy(fl.io.read_file(label))

    images = fl.Dataset.from_tensor_slices([str(folder / f"image_{number:03}.png") for number in range(24)])
    labels = fl.Dataset.from_tensor_slices([str(folder / f"label_{number}.npy") for number in range(24)])
    ds = fl.Dataset.zip(images, labels).shuffle(24, seed=1)
    return ds.map(load, num_parallel_calls=fl.AUTOTUNE).batch(8).prefetch(fl.AUTOTUNE)


def records_of_raw_numbers_and_tensors(folder: Any) -> Any:
    for shard in range(2):
        with fl.io.TFRecordWriter(str(folder / f"part_{shard}.tfrecord")) as writer:
            for row, image, label in zip(FEATURES[shard::2], IMAGES[shard::2], LABELS[shard::2], strict=True):
                values = {
                    "row": row.astype(np.float32).tobytes(),
                    "image": fl.io.serialize_tensor(image),
                    "label": bytes([label]),
                }
                lists = {name: fl.train.BytesList(value=[value]) for name, value in values.items()}
                feature = {name: fl.train.Feature(bytes_list=each) for name, each in lists.items()}
                writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())

    def parse(record: bytes) -> Any:
        features = dict.fromkeys(("row", "image", "label"), fl.io.FixedLenFeature([], fl.string))
        parsed = fl.io.parse_single_example(record, features)
        image = fl.cast(fl.io.parse_tensor(parsed["image"], fl.uint8), fl.float32) / 255
        label = fl.io.decode_raw(parsed["label"], fl.uint8)[0]
        return {"image": image, "row": fl.io.decode_raw(parsed["row"], fl.float32)}, label

    files = fl.Dataset.list_files(str(folder / "part_*.tfrecord"), seed=3)
    ds = files.interleave(fl.TFRecordDataset, cycle_length=2).shuffle(240)
    return ds.map(parse, num_parallel_calls=fl.AUTOTUNE).batch(16).prefetch(fl.AUTOTUNE)


def images_and_masks_resized_together(folder: Any) -> Any:
    wanted = (IMAGES[..., :1] > 120).astype(np.uint8)

    def resized(image: Any, mask: Any) -> Any:
        small = fl.image.resize(fl.cast(image, fl.float32) / 255, [12, 12])
        return small, fl.image.resize(mask, [12, 12], method="nearest")

    ds = fl.Dataset.from_tensor_slices((IMAGES, wanted)).shuffle(240)
    return ds.map(resized, num_parallel_calls=fl.AUTOTUNE).batch(16).prefetch(2)


def the_next_word_of_each(folder: Any) -> Any:
    texts = fl.Dataset.from_tensor_slices(WORDS).shuffle(240)
    return texts.map(lambda text: (text[:-1], text[1:]), num_parallel_calls=fl.AUTOTUNE).batch(16).prefetch(2)


HEALTHY: list[Callable[[Any], Any]] = [
    in_memory,
    images_augmented_behind_the_cache,
    a_generator_function,
    records,
    image_files,
    a_dict_of_features,
    weighted,
    one_hot,
    regression,
    sequences_in_buckets,
    masks,
    classes_mixed_by_weight,
    a_split_that_does_not_leak,
    pairs_of_files,
    records_of_raw_numbers_and_tensors,
    images_and_masks_resized_together,
    the_next_word_of_each,
    a_preprocess_for_training_and_validation,
    a_branch_on_little_data,
    a_few_columns_of_numpys_default,
    photos_decoded_smaller,
    strong_augmentation_that_keeps_the_range,
    noise_of_each_element,
    sliding_windows,
    noise_to_be_taken_away,
]


@pytest.mark.parametrize("pipeline", HEALTHY, ids=lambda pipeline: pipeline.__name__)
def test_nothing_is_found(pipeline: Callable[[Any], Any], clean: Callable[..., None], tmp_path: Any) -> None:
    clean(pipeline(tmp_path))


def test_validation_in_its_own_order(clean: Callable[..., None]) -> None:
    order = np.argsort(LABELS, kind="stable")
    clean(fl.Dataset.from_tensor_slices((FEATURES[order], LABELS[order])).batch(32).prefetch(2), use="validation")


def test_time_in_its_order(clean: Callable[..., None]) -> None:
    series = np.sin(np.arange(400) / 7).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(series, 21)
    clean(fl.Dataset.from_tensor_slices((windows[:, :20].copy(), windows[:, 20:].copy())).batch(32).prefetch(2))


def test_training_on_one_and_validating_on_the_other_part(clean: Callable[..., None]) -> None:
    whole = fl.Dataset.from_tensor_slices((FEATURES, LABELS))
    train = whole.skip(40).shuffle(200).batch(20).prefetch(2)
    clean(train, against=whole.take(40).batch(20).prefetch(2))


def loaded(image: Any, label: Any, training: bool) -> Any:
    """Returns an image at 12 by 12: a random part of a larger one, mirrored at random, or the middle of it."""
    image = fl.image.resize(image, [14, 14])
    image = fl.image.random_crop(image, [12, 12, 3]) if training else fl.image.central_crop(image, 12 / 14)
    return (fl.image.random_flip_left_right(image) if training else image) / 255, label


def test_one_function_with_augmentation_only_in_training(clean: Callable[..., None]) -> None:
    train = fl.Dataset.from_tensor_slices((IMAGES[:180], LABELS[:180])).shuffle(180)
    validation = fl.Dataset.from_tensor_slices((IMAGES[180:], LABELS[180:]))
    train = train.map(functools.partial(loaded, training=True)).batch(20).prefetch(2)
    clean(train, against=validation.map(functools.partial(loaded, training=False)).batch(20).prefetch(2))


def test_validation_data_of_another_mixture_of_classes(clean: Callable[..., None]) -> None:
    rows = np.concatenate([np.flatnonzero(label == LABELS)[: 10 + 12 * label] for label in range(4)])
    rest = np.setdiff1d(np.arange(240), rows)
    train = fl.Dataset.from_tensor_slices((IMAGES[rest], LABELS[rest])).map(scaled).shuffle(240).map(augmented)
    validation = fl.Dataset.from_tensor_slices((IMAGES[rows], LABELS[rows])).map(scaled)
    clean(train.batch(20).prefetch(2), "FL6", against=validation.batch(32).prefetch(2))
