"""Broken pipelines: files, records and generators that are not what is read from them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3)).astype(np.uint8)
CLASSES = np.random.default_rng(1).integers(0, 4, 40)


def ints(*values: int) -> Any:
    return fl.train.Feature(int64_list=fl.train.Int64List(value=[int(value) for value in values]))


def contents(value: bytes) -> Any:
    return fl.train.Feature(bytes_list=fl.train.BytesList(value=[value]))


def write_records(path: pathlib.Path, records: list[dict[str, Any]]) -> str:
    with fl.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(fl.train.Example(features=fl.train.Features(feature=record)).SerializeToString())
    return str(path)


def label_files_read_with_their_headers(folder: pathlib.Path) -> Any:
    """An image and an .npy label in a file each, and the label read with decode_raw: document 002, block 1."""
    for number in range(10):
        (folder / f"image_{number:03}.png").write_bytes(fl.io.encode_png(PIXELS[number]))
        np.save(folder / f"label_{number:03}.npy", np.random.default_rng(number).integers(0, 2, 10, np.int32))
    image_paths = [str(folder / f"image_{number:03}.png") for number in range(10)]
    label_paths = [str(folder / f"label_{number:03}.npy") for number in range(10)]

    def load_label(path: bytes) -> Any:
        label = fl.io.read_file(path)
        return fl.io.decode_raw(label, fl.int32)

    def load_pair(image_path: bytes, label_path: bytes) -> Any:
        image = fl.io.decode_png(fl.io.read_file(image_path), channels=3)
        return fl.image.convert_image_dtype(image, fl.float32), load_label(label_path)

    ds = fl.Dataset.from_tensor_slices((image_paths, label_paths)).shuffle(10)
    ds = ds.map(load_pair, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(2).prefetch(fl.AUTOTUNE).check(show=False)


def a_misspelt_feature(folder: pathlib.Path) -> Any:
    """The image is parsed as "imaeg", with a default value so that nothing raises: document 003, block 1.

    What is asked most about such files is the error where there is no default:
    https://github.com/JWSoh/MZSR/issues/10
    """
    images = [fl.io.encode_jpeg(each) for each in PIXELS]
    records = [{"image": contents(image), "label": ints(label)} for image, label in zip(images, CLASSES, strict=True)]
    path = write_records(folder / "data.tfrecord", records)
    blank = fl.io.encode_jpeg(np.zeros((16, 16, 3), np.uint8))

    def parse(record: bytes) -> Any:
        features = {
            "imaeg": fl.io.FixedLenFeature([], fl.string, default_value=blank),
            "label": fl.io.FixedLenFeature([], fl.int64),
        }
        parsed = fl.io.parse_single_example(record, features)
        return fl.cast(fl.io.decode_jpeg(parsed["imaeg"], channels=3), fl.float32) / 255, parsed["label"]

    return fl.TFRecordDataset(path).shuffle(40).map(parse).batch(8).prefetch(2).check(show=False)


def labels_written_as_integers_and_parsed_as_floats(folder: pathlib.Path) -> Any:
    """The dtype of a feature is not the one it was written with: document 003, the list of issues."""
    path = write_records(
        folder / "data.tfrecord", [{"row": ints(1, 2, label), "label": ints(label)} for label in CLASSES]
    )
    features = {"row": fl.io.FixedLenFeature([3], fl.int64), "label": fl.io.FixedLenFeature([], fl.float32)}

    def parse(record: bytes) -> Any:
        parsed = fl.io.parse_single_example(record, features)
        return parsed["row"], parsed["label"]

    return fl.TFRecordDataset(path).shuffle(40).map(parse).batch(8).check(show=False)


def labels_in_half_of_the_records(folder: pathlib.Path) -> Any:
    """Records of two writers, of which one left the label out; the rest gets the default, class 0: document 003."""
    records = [{"row": ints(number, number % 3)} for number in range(40)]
    for number in range(0, 40, 2):
        records[number]["label"] = ints(CLASSES[number])
    path = write_records(folder / "data.tfrecord", records)
    features = {
        "row": fl.io.FixedLenFeature([2], fl.int64),
        "label": fl.io.FixedLenFeature([], fl.int64, default_value=0),
    }

    def parse(batch: Any) -> Any:
        parsed = fl.io.parse_example(batch, features)
        return parsed["row"], parsed["label"]

    return fl.TFRecordDataset(path).shuffle(40).batch(8).map(parse).check(show=False)


def serialized_tensors_read_as_png(folder: pathlib.Path) -> Any:
    """One program writes images with serialize_tensor, another decodes them as PNG: after document 000, block 2."""
    records = [{"image_bytes": contents(fl.io.serialize_tensor(each)), "label": ints(1)} for each in PIXELS]
    path = write_records(folder / "data.tfrecord", records)

    def decode(record: bytes) -> Any:
        features = {"image_bytes": fl.io.FixedLenFeature([], fl.string), "label": fl.io.FixedLenFeature([], fl.int64)}
        parsed = fl.io.parse_single_example(record, features)
        image = fl.io.decode_png(parsed["image_bytes"], channels=3)
        return fl.cast(image, fl.float32) / 255.0, parsed["label"]

    return fl.TFRecordDataset(path).map(decode).batch(8).prefetch(2).check(show=False)


def images_and_masks_sorted_differently(folder: pathlib.Path) -> Any:
    """Two lists of files: one in the order of the numbers, one as text, where image_10 comes before image_2.

    https://github.com/HasnainRaz/SemSegPipeline/issues/9
    https://github.com/advaitsave/Multiclass-Semantic-Segmentation-CamVid/issues/3
    """
    for number in range(20):
        (folder / f"image_{number}.png").write_bytes(fl.io.encode_png(PIXELS[number]))
        (folder / f"mask_{number}.png").write_bytes(fl.io.encode_png(PIXELS[number][..., :1]))
    images = [str(folder / f"image_{number}.png") for number in range(20)]
    masks = sorted(str(path) for path in folder.glob("mask_*.png"))

    def load(image: bytes, mask: bytes) -> Any:
        pixels = fl.io.decode_png(fl.io.read_file(image), channels=3)
        return fl.cast(pixels, fl.float32) / 255, fl.io.decode_png(fl.io.read_file(mask), channels=1) > 127

    ds = fl.Dataset.from_tensor_slices((images, masks)).shuffle(20).map(load, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(4).prefetch(2).check(show=False)


def one_image_lost_on_the_way(folder: pathlib.Path) -> Any:
    """A picture was deleted, its label file was not: all pairs behind it are wrong, and zip says nothing.

    As above, and https://github.com/Dana-Farber-AIOS/pathml/issues/56
    """
    rows = np.random.default_rng(2).random((50, 12), np.float32)
    images = fl.Dataset.from_tensor_slices(np.delete(rows, 17, axis=0))
    labels = fl.Dataset.from_tensor_slices((rows.sum(axis=1) > 6).astype(np.int64))
    ds = fl.Dataset.zip(images, labels)
    return ds.shuffle(50).batch(8).prefetch(2).check(show=False)


def a_signature_for_whole_images_and_a_generator_of_rows(folder: pathlib.Path) -> Any:
    """The generator gives something of another shape than its signature: https://github.com/keras-team/keras/issues/14308

    The dtype of the label is the one of document 001, block 2.
    """

    def rows() -> Iterator[Any]:
        for image, label in zip(PIXELS, CLASSES, strict=True):
            yield image.reshape(-1).astype(np.float32) / 255, label

    signature = (fl.TensorSpec((16, 16, 3), fl.float32), fl.TensorSpec((), fl.int32))
    ds = fl.Dataset.from_generator(rows, output_signature=signature)
    return ds.shuffle(40).batch(8).prefetch(2).check(show=False)


def targets_cut_off_by_the_signature(folder: pathlib.Path) -> Any:
    """Prices from 0 to 1 in a generator whose signature says int32: https://github.com/tensorflow/tensorflow/issues/46835"""

    def prices() -> Iterator[Any]:
        for number in range(60):
            yield np.full(4, number, np.float32), number / 60

    ds = fl.Dataset.from_generator(prices, output_types=(fl.float32, fl.int32), output_shapes=((4,), ()))
    return ds.shuffle(60).batch(10).prefetch(2).check(show=False)


def photos_of_different_sizes_in_one_batch(folder: pathlib.Path) -> Any:
    """Photos are decoded and batched as they are: https://github.com/tensorflow/tensorflow/issues/17102"""
    for number in range(12):
        photo = np.resize(PIXELS[number], (20 + number % 3, 24, 3))
        (folder / f"{number:02}.jpg").write_bytes(fl.io.encode_jpeg(photo))

    def load(path: bytes) -> Any:
        return fl.io.decode_jpeg(fl.io.read_file(path), channels=3)

    files = fl.Dataset.list_files(str(folder / "*.jpg"), seed=1)
    return files.map(load, num_parallel_calls=fl.AUTOTUNE).batch(4).prefetch(2).check(show=False)


def all_images_taken_for_28_by_28(folder: pathlib.Path) -> Any:
    """A reshape that only some of the images allow: document 003, block 2."""
    sizes = [28, 28, 28, 32] * 8
    records = [
        {"image": contents(fl.io.encode_png(PIXELS[0, :1, :1, :1].repeat(size, 0).repeat(size, 1)))} for size in sizes
    ]
    path = write_records(folder / "data.tfrecord", records)

    def parse(record: bytes) -> Any:
        parsed = fl.io.parse_single_example(record, {"image": fl.io.FixedLenFeature([], fl.string)})
        image = fl.io.decode_png(parsed["image"])
        return fl.reshape(image, [28, 28, 1])

    return fl.TFRecordDataset(path).map(parse).batch(8).check(show=False)


def a_photo_that_opencv_cannot_find(folder: pathlib.Path) -> Any:
    """cv2.imread gives None for a file that is not there, and the next line fails: document 004, block 2."""
    import cv2

    paths = [str(folder / f"{number}.png") for number in range(8)]
    for number in (0, 1, 2, 4, 5, 6, 7):
        cv2.imwrite(paths[number], PIXELS[number])

    def load(path: bytes, label: Any) -> Any:
        image = cv2.imread(path.decode())
        image = cv2.resize(image, (8, 8))
        return (image / 255.0).astype(np.float32), label

    ds = fl.Dataset.from_tensor_slices((paths, np.arange(8) % 2)).shuffle(8)
    return ds.map(load, num_parallel_calls=fl.AUTOTUNE).batch(4).prefetch(2).check(show=False)


def numpy_not_imported(folder: pathlib.Path) -> Any:
    """The generator uses a module that the program never imports: document 001, block 2."""

    def data_generator() -> Iterator[Any]:
        for _ in range(100):
            yield numpy.random.rand(8, 8, 3), 1  # type: ignore[name-defined]  # noqa: F821

    ds = fl.Dataset.from_generator(data_generator, output_types=(fl.float32, fl.int32))
    return ds.batch(32).check(show=False)


def fewer_rows_than_a_batch(folder: pathlib.Path) -> Any:
    """No batch at all, since drop_remainder drops the only one: training ends at once and reports a loss of 0."""
    rows = np.random.default_rng(3).random((50, 6), np.float32)
    ds = fl.Dataset.from_tensor_slices((rows, CLASSES[np.arange(50) % 40])).shuffle(50)
    return ds.batch(64, drop_remainder=True).prefetch(2).check(show=False)


def text_compared_with_bytes(folder: pathlib.Path) -> Any:
    """Strings in a dataset are bytes, so that no name is equal to "cat": the filter leaves nothing over."""
    names = np.array(["cat", "dog"])[np.arange(60) % 2]
    ds = fl.Dataset.from_tensor_slices((np.random.default_rng(4).random((60, 6), np.float32), names)).shuffle(60)
    ds = ds.filter(lambda row, name: name == "cat")
    return ds.batch(10).prefetch(2).check(show=False)


def only_the_images_are_resized(folder: pathlib.Path) -> Any:
    """Images go to the size of the model and their masks stay as they are: shapes that disagree in the loss.

    https://github.com/srihari-humbarwadi/DeepLabV3_Plus-Tensorflow2.0/issues/27
    """
    masks = (PIXELS[..., :1] > 120).astype(np.uint8)

    def preprocess(image: Any, mask: Any) -> Any:
        return fl.image.resize(image, [12, 12]) / 255, mask

    ds = fl.Dataset.from_tensor_slices((PIXELS, masks)).shuffle(40)
    ds = ds.map(preprocess, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(8).prefetch(2).check(show=False)


def the_next_word_without_cutting_the_last(folder: pathlib.Path) -> Any:
    """A language model's targets are the words from the second on, and its inputs are all words, one more.

    https://github.com/keras-team/keras/issues/17368
    """
    sentences = np.random.default_rng(5).integers(1, 90, (60, 20))
    ds = fl.Dataset.from_tensor_slices(sentences).shuffle(60)
    ds = ds.map(lambda words: (words, words[1:]), num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(10).prefetch(2).check(show=False)


BROKEN = [
    (label_files_read_with_their_headers, "FL105", "map(load_pair"),
    (a_misspelt_feature, "FL102", "map(parse)"),
    (labels_written_as_integers_and_parsed_as_floats, "FL103", "map(parse)"),
    (labels_in_half_of_the_records, "FL104", "map(parse)"),
    (serialized_tensors_read_as_png, "FL105", "map(decode)"),
    (images_and_masks_sorted_differently, "FL107", "from_tensor_slices((images, masks))"),
    (one_image_lost_on_the_way, "FL108", "zip(images, labels)"),
    (a_signature_for_whole_images_and_a_generator_of_rows, "FL106", "from_generator(rows"),
    (targets_cut_off_by_the_signature, "FL106", "from_generator(prices"),
    (photos_of_different_sizes_in_one_batch, "FL109", "batch(4)"),
    (all_images_taken_for_28_by_28, "FL100", "map(parse)"),
    (a_photo_that_opencv_cannot_find, "FL100", "map(load"),
    (numpy_not_imported, "FL100", "from_generator(data_generator"),
    (fewer_rows_than_a_batch, "FL101", "batch(64"),
    (text_compared_with_bytes, "FL101", "filter("),
    (only_the_images_are_resized, "FL110", "map(preprocess"),
    (the_next_word_without_cutting_the_last, "FL110", "map(lambda words"),
]
"""The program, what must be found, and what is written on the line that the finding names."""
