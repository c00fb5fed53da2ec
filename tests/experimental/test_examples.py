"""parse_example_dataset and make_batched_features_dataset."""

import itertools

import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError, DtypeError, NoFilesError

FEATURES = {"a": fl.io.FixedLenFeature([], "int64"), "y": fl.io.FixedLenFeature([], "float32")}
make = fl.experimental.make_batched_features_dataset


def record(number: int) -> bytes:
    features = {
        "a": fl.train.Feature(int64_list=fl.train.Int64List(value=[number])),
        "y": fl.train.Feature(float_list=fl.train.FloatList(value=[number / 2])),
    }
    return fl.train.Example(features=fl.train.Features(feature=features)).SerializeToString()


@pytest.fixture
def files(tmp_path):
    for name, numbers in (("a", range(5)), ("b", range(10, 13))):
        with fl.io.TFRecordWriter(str(tmp_path / name)) as writer:
            for number in numbers:
                writer.write(record(number))
    return str(tmp_path / "[ab]")


def numbers(dataset, most=20):
    return [element["a"].tolist() for element in itertools.islice(dataset, most)]


def test_batches_of_records_are_parsed() -> None:
    records = fl.Dataset.from_tensor_slices([record(number) for number in range(3)])
    parsed = records.batch(2).apply(fl.experimental.parse_example_dataset(FEATURES, num_parallel_calls=2))
    assert numbers(parsed) == [[0, 1], [2]]
    for dataset in (records, fl.Dataset.range(3).batch(2), records.batch(2).batch(2)):
        with pytest.raises(DtypeError, match="batches of strings"):
            dataset.apply(fl.experimental.parse_example_dataset(FEATURES))
    with pytest.raises(ArgumentError, match="features"):
        fl.experimental.parse_example_dataset({})


def test_files_by_name_or_by_turns(files) -> None:
    assert numbers(make(files, 3, FEATURES, num_epochs=1, shuffle=False)) == [[0, 1, 2], [3, 4, 10], [11, 12]]
    turns = make(files, 4, FEATURES, num_epochs=1, shuffle=False, reader_num_threads=1)
    assert numbers(turns) == [[0, 1, 2, 3], [4, 10, 11, 12]]
    whole = make(files, 3, FEATURES, num_epochs=1, shuffle=False, drop_final_batch=True)
    assert numbers(whole) == [[0, 1, 2], [3, 4, 10]]


def test_epochs(files) -> None:
    assert numbers(make(files, 5, FEATURES, num_epochs=2, shuffle=False))[-1] == [12]
    endless = make(files, 3, FEATURES, shuffle=False)
    assert endless.cardinality() == fl.INFINITE_CARDINALITY
    assert all(len(batch) == 3 for batch in numbers(endless))


def test_shuffled_by_a_seed(files) -> None:
    first = numbers(make(files, 8, FEATURES, num_epochs=1, shuffle_seed=1))
    assert first == numbers(make(files, 8, FEATURES, num_epochs=1, shuffle_seed=1))
    assert sorted(first[0]) == [0, 1, 2, 3, 4, 10, 11, 12] != first[0]


def test_the_label_is_taken_out(files) -> None:
    features, label = next(iter(make(files, 2, FEATURES, label_key="y", num_epochs=1, shuffle=False)))
    assert list(features) == ["a"]
    assert label.tolist() == [0, 0.5]
    with pytest.raises(ArgumentError, match="no feature 'z'"):
        make(files, 2, FEATURES, label_key="z")


def test_a_reader_of_ones_own(files) -> None:
    def reader(name, start):
        return fl.TFRecordDataset(name).enumerate(start)

    own = make(files, 3, FEATURES, reader=reader, reader_args=[7], num_epochs=1, shuffle=False)
    assert numbers(own) == numbers(make(files, 3, FEATURES, num_epochs=1, shuffle=False))


def test_mistakes(files, tmp_path) -> None:
    with pytest.raises(NoFilesError):
        make(str(tmp_path / "none*"), 2, FEATURES)
    with pytest.raises(ArgumentError, match="batch_size"):
        make(files, 0, FEATURES)
    with pytest.raises(ArgumentError, match="num_epochs"):
        make(files, 2, FEATURES, num_epochs=1.5)
    assert np.shape(next(iter(make(files, 2, FEATURES, prefetch_buffer_size=3)))["y"]) == (2,)
