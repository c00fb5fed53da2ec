"""TFRecords whose names, sizes and order are not what the pipeline takes them for."""

import itertools
import re

import numpy as np
import pytest

import feedline as fl


@pytest.fixture
def write_records(tmp_path):
    def write(shapes, image="image"):
        folder = tmp_path / "path/to"
        folder.mkdir(parents=True)
        with fl.io.TFRecordWriter(folder / "data.tfrecord") as writer:
            for number, shape in enumerate(shapes):
                pixels = np.full(shape, 8 * number, np.uint8)
                feature = {
                    image: fl.train.Feature(bytes_list=fl.train.BytesList(value=[fl.io.encode_jpeg(pixels)])),
                    "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[number])),
                }
                writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())

    return write


def test_the_names_of_the_file_are_found(write_records, run_block):
    write_records([(20, 30, 3), (10, 12, 1)])
    elements = list(run_block("block_003_1")["dataset"])
    assert [(image.shape, label.numpy()) for image, label in elements] == [((20, 30, 3), 0), ((10, 12, 1), 1)]


def test_a_name_that_the_file_does_not_have(write_records, run_block):
    write_records([(20, 30, 3)] * 3)
    dataset = run_block("block_003_1", change=('"image"', '"imaeg"'))["dataset"]
    with pytest.raises(fl.errors.MissingFeatureError) as caught:
        list(dataset)
    message = str(caught.value)
    assert "'imaeg'" in message
    assert "'image'" in message
    assert "record 0" in message
    assert "data.tfrecord" in message
    assert re.search(r"block_003_1.py:\d+: parsed = tf.io.parse_single_example", message)


def test_a_name_that_was_misspelt_when_the_file_was_written(write_records, run_block):
    write_records([(20, 30, 3)] * 3, image="imaeg")
    with pytest.raises(fl.errors.MissingFeatureError, match=r"'image'(.|\n)*'imaeg'"):
        list(run_block("block_003_1")["dataset"])


def test_a_misspelt_label(write_records, run_block):
    write_records([(20, 30, 3)] * 3)
    names = ('"label"', '"lable"')
    with pytest.raises(fl.errors.MissingFeatureError, match="'lable'"):
        list(run_block("block_003_1", change=names)["dataset"])
    program = run_block("block_003_1", change=('"label": tf.io.FixedLenFeature([], tf.int64)', DEFAULT))
    with pytest.raises(fl.errors.UserFunctionError, match="KeyError: 'label'"):
        list(program["dataset"])


DEFAULT = '"lable": tf.io.FixedLenFeature([], tf.int64, default_value=0)'


def test_images_of_the_size_that_they_are_reshaped_to(write_records, run_block):
    write_records([(28, 28, 1)] * 3)
    assert [image.shape.as_list() for image, _ in run_block("block_003_2")["dataset"]] == [[28, 28, 1]] * 3


def test_an_image_of_another_size_than_it_is_reshaped_to(write_records, run_block):
    write_records([(28, 28, 1), (28, 28, 1), (32, 30, 3)])
    iterator = iter(run_block("block_003_2")["dataset"])
    next(iterator), next(iterator)
    with pytest.raises(fl.errors.ShapeError) as caught:
        next(iterator)
    message = str(caught.value)
    assert "(32, 30, 3)" in message
    assert "[28, 28, 1]" in message
    assert "tf.image.resize" in message
    assert "record 2" in message
    assert re.search(r"block_003_2.py:\d+: image = tf.reshape\(image, \[28, 28, 1\]\)", message)


def test_colour_images_of_the_right_size_are_no_grey_ones(write_records, run_block):
    write_records([(28, 28, 3)])
    with pytest.raises(fl.errors.ShapeError, match=r"\(28, 28, 3\), 2352 values(.|\n)*which is 784 values"):
        list(run_block("block_003_2")["dataset"])


def test_batches_of_one_without_an_end(write_records, run_block):
    write_records([(8, 8, 3)] * 3)
    dataset = run_block("block_003_3")["dataset"]
    assert dataset.cardinality() == fl.INFINITE_CARDINALITY
    batches = list(itertools.islice(dataset, 7))
    assert [label.numpy().tolist() for _, label in batches] == [[0], [1], [2], [0], [1], [2], [0]]
    assert {tuple(image.shape) for image, _ in batches} == {(1, 8, 8, 3)}
    with pytest.raises(fl.errors.InfiniteDatasetError):
        len(dataset)
