import pathlib

import pytest

import feedline as fl


@pytest.fixture
def files(tmp_path):
    """Three files with records 0 to 9, the second of them empty."""
    names = []
    for number, records in enumerate((range(6), range(0), range(6, 10))):
        names.append(str(tmp_path / f"{number}.tfrecord"))
        with fl.io.TFRecordWriter(names[-1]) as writer:
            for record in records:
                writer.write(b"%d\x00" % record)
    return names


def numbers(dataset) -> list[int]:
    return [int(record.rstrip(b"\x00")) for record in dataset]


def test_one_many_patterns_and_datasets(files, tmp_path) -> None:
    assert numbers(fl.TFRecordDataset(files)) == list(range(10))
    assert numbers(fl.TFRecordDataset(files[2])) == [6, 7, 8, 9]
    assert numbers(fl.TFRecordDataset(str(tmp_path / "*.tfrecord"))) == list(range(10))
    assert numbers(fl.TFRecordDataset(fl.Dataset.from_tensor_slices(files))) == list(range(10))
    assert numbers(fl.TFRecordDataset(fl.Dataset.list_files(str(tmp_path / "*"), shuffle=False))) == list(range(10))
    with pytest.raises(fl.errors.ArgumentError, match="infinite"):
        fl.TFRecordDataset(fl.Dataset.from_tensor_slices(files).repeat())


def test_they_are_indexed(files) -> None:
    dataset = fl.TFRecordDataset(files)
    assert len(dataset) == 10
    assert dataset[7] == b"7\x00"
    assert dataset.element_spec == fl.TensorSpec((), "string")
    assert sorted(numbers(dataset.shuffle(2).repeat(2))) == sorted([*range(10), *range(10)])
    assert numbers(dataset.shard(2, 1)) == [1, 3, 5, 7, 9]
    assert dataset.skip(4).batch(4)[0].tolist() == [b"4\x00", b"5\x00", b"6\x00", b"7\x00"]


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_compressed_files_are_streamed(tmp_path, compression) -> None:
    name = tmp_path / "c.tfrecord"
    with fl.io.TFRecordWriter(name, compression) as writer:
        for record in range(100):
            writer.write(b"%d" % record)
    dataset = fl.TFRecordDataset(name, compression)
    assert numbers(dataset) == numbers(dataset) == list(range(100))
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY
    assert "compressed" in dataset.explain()
    assert numbers(dataset.map(lambda record: record, 3).prefetch(2).take(5)) == [0, 1, 2, 3, 4]
    assert sorted(numbers(dataset.shuffle(10))) == list(range(100))


def test_a_function_that_fails_names_the_record_and_its_file(files) -> None:
    dataset = fl.TFRecordDataset(files).map(lambda record: 1 // (int(record.rstrip(b"\x00")) - 7))
    with pytest.raises(fl.errors.UserFunctionError) as caught:
        list(dataset)
    assert f"element 7, which is record 1 of {files[2]}" in str(caught.value)


@pytest.mark.parametrize("calls", [None, 2])
def test_a_flipped_bit_comes_after_the_records_before_it(files, calls) -> None:
    path = pathlib.Path(files[0])
    data = bytearray(path.read_bytes())
    data[3 * 18 + 12] ^= 1  # in record 3
    path.write_bytes(data)
    iterator = iter(fl.TFRecordDataset(files).map(lambda record: record, calls))
    given = [next(iterator) for _ in range(3)]
    assert numbers(given) == [0, 1, 2]
    with pytest.raises(fl.errors.CorruptRecordError, match="record 3") as caught:
        next(iterator)
    assert files[0] in str(caught.value)
    assert "test_tfrecord.py:" in str(caught.value)
    assert len(list(fl.TFRecordDataset(files, verify=False))) == 10


def test_parsed(tmp_path) -> None:
    name = tmp_path / "e.tfrecord"
    with fl.io.TFRecordWriter(name) as writer:
        for number in range(5):
            feature = {"n": fl.train.Feature(int64_list=fl.train.Int64List(value=[number] * number))}
            writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())
    features = {"n": fl.io.VarLenFeature(fl.int64)}
    dataset = fl.TFRecordDataset(name, features=features)
    assert [element["n"].values.tolist() for element in dataset] == [[n] * n for n in range(5)]
    assert len(dataset.shuffle(5).batch(2)) == 3
    assert dataset.shuffle(5, seed=1).batch(5)[0]["n"].dense_shape.tolist() == [5, 4]
    fixed = fl.TFRecordDataset(name, features={"n": fl.io.FixedLenFeature((2,), fl.int64)})
    with pytest.raises(fl.errors.FeedlineError, match="record 0"):
        list(fixed)
    missing = fl.TFRecordDataset(name, features={"m": fl.io.FixedLenFeature((), fl.int64)})
    with pytest.raises(fl.errors.MissingFeatureError):
        list(missing)


def test_parsed_values_are_those_of_each_record_alone(tmp_path) -> None:
    name = tmp_path / "e.tfrecord"
    records = []
    for number in range(6):
        lists = {"n": [number] * 2 * number, "at": list(range(2 * number)), "one": [number]}
        feature = {key: fl.train.Feature(int64_list=fl.train.Int64List(value=one)) for key, one in lists.items()}
        records.append(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())
    with fl.io.TFRecordWriter(name) as writer:
        for record in records:
            writer.write(record)
    io = fl.io
    features = {
        "one": io.FixedLenFeature([], "int64"),
        "n": io.VarLenFeature("int64"),
        "rows": io.RaggedFeature("int64", "n"),
        "pairs": io.RaggedFeature("int64", "n", [io.RaggedFeature.UniformRowLength(2)]),
        "cut": io.RaggedFeature("int64", "n", [io.RaggedFeature.ValueRowIds("at")], row_splits_dtype="int64"),
        "sparse": io.SparseFeature("at", "n", "int64", 20),
        "square": io.SparseFeature(["at", "at"], "n", "int64", [20, 30]),
        "at": io.VarLenFeature("int64"),
    }
    specs = {
        "one": fl.TensorSpec((), "int64"),
        "n": fl.SparseTensorSpec((None,), "int64"),
        "rows": fl.TensorSpec((None,), "int64"),
        "pairs": fl.TensorSpec((None, 2), "int64"),
        "cut": fl.RaggedTensorSpec((None, None), "int64", 1, "int64"),
        "sparse": fl.SparseTensorSpec((20,), "int64"),
        "square": fl.SparseTensorSpec((20, 30), "int64"),
        "at": fl.SparseTensorSpec((None,), "int64"),
    }
    dataset = fl.TFRecordDataset(name, features=features)
    assert dataset.element_spec == specs
    given = list(dataset)
    assert len(given) == 6
    for record, element in zip(records, given, strict=True):
        alone = io.parse_single_example(record, features)
        assert list(element) == list(alone) or set(element) == set(alone)
        for key, wanted in alone.items():
            assert type(element[key]) is type(wanted)
            assert repr(element[key]) == repr(wanted)


def test_a_parsed_sequence_is_not_padded_to_those_read_along_with_it(tmp_path) -> None:
    name = tmp_path / "e.tfrecord"
    with fl.io.TFRecordWriter(name) as writer:
        for number in (0, 3, 1):
            feature = {"n": fl.train.Feature(float_list=fl.train.FloatList(value=[number] * number * 2))}
            writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())
    features = {"n": fl.io.FixedLenSequenceFeature([2], "float32", allow_missing=True)}
    dataset = fl.TFRecordDataset(name, features=features)
    assert dataset.element_spec == {"n": fl.TensorSpec((None, 2), "float32")}
    assert [element["n"].shape for element in dataset] == [(0, 2), (3, 2), (1, 2)]
    assert next(iter(dataset.padded_batch(3)))["n"].shape == (3, 3, 2)


def test_bad_arguments(files) -> None:
    for compression in ("LZ4", 3, "gzip"):
        with pytest.raises(fl.errors.ArgumentError, match="compression_type"):
            fl.TFRecordDataset(files, compression)
    with pytest.raises(fl.errors.ArgumentError, match="num_parallel_reads"):
        fl.TFRecordDataset(files, num_parallel_reads=0)
    assert sorted(numbers(fl.TFRecordDataset(files, "", 1024, 4))) == list(range(10))
