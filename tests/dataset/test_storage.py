import collections
import json
import os
import pathlib
import threading
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import feedline as fl

SETTINGS = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
Dataset = fl.Dataset
Pair = collections.namedtuple("Pair", ["x", "y"])


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


def same(a, b) -> bool:
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, fl.RaggedTensor):
        return same(a.values, b.values) and same(a.row_splits, b.row_splits)
    if isinstance(a, fl.SparseTensor):
        return same(a.values, b.values) and same(a.indices, b.indices) and same(a.dense_shape, b.dense_shape)
    if a is None or isinstance(a, bytes):
        return a == b
    return a.dtype == b.dtype and a.shape == b.shape and a.tolist() == b.tolist()


def elements(count):
    return {
        "scalars": Dataset.range(count),
        "dicts": Dataset.from_tensor_slices({"b": np.ones((count, 2, 3)), "a": [b"x" * n for n in range(count)]}),
        "nested": Dataset.range(count).map(lambda n: Pair(n, (np.float16(n), None, {"k": (b"%d" % n,)}))),
        "shapes": Dataset.range(count).map(lambda n: (np.zeros(n), np.array([b"s"] * int(n), object))),
        "batches": Dataset.range(count).batch(2),
        "ragged": Dataset.range(count).map(lambda n: fl.RaggedTensor(np.arange(n), np.array([0, n // 2, n]))),
        "sparse": Dataset.range(count).map(lambda n: fl.SparseTensor([[n, 1]], np.array([b"v"], object), [count, 2])),
        "streamed": Dataset.range(count).filter(lambda n: n % 2 == 0),
        "ordered": Dataset.range(count).map(lambda n: collections.OrderedDict(b=n, a=np.bool_(n % 2))),
    }


@pytest.mark.parametrize("compression", [None, "AUTO", "GZIP", "ZLIB"])
@pytest.mark.parametrize("kind", list(elements(1)))
def test_what_is_saved_is_loaded(tmp_path, kind, compression) -> None:
    dataset = elements(7)[kind]
    dataset.save(tmp_path / "d", compression)
    loaded = Dataset.load(tmp_path / "d")
    wanted, got = list(dataset), list(loaded)
    assert len(wanted) == len(got) == len(loaded) == loaded.cardinality()
    assert all(same(a, b) for a, b in zip(wanted, got, strict=True))
    assert loaded.element_spec == dataset.element_spec or kind in ("shapes", "ragged")
    if compression in (None, "AUTO"):
        order = np.random.default_rng(0).permutation(len(wanted)).tolist()
        assert all(same(wanted[position], loaded[position]) for position in order)
        assert "indexed" in loaded.explain()
        shuffled = list(loaded.shuffle(2, seed=1).repeat(2))
        assert all(any(same(a, b) for b in wanted) for a in shuffled)
    else:
        assert "compressed" in loaded.explain()
    assert len(list(loaded.repeat(2).batch(3) if kind in ("scalars", "dicts") else loaded)) in (5, len(wanted))


COMPONENTS = st.one_of(
    st.binary(max_size=4),
    st.integers(-9, 9).map(np.int16),
    st.lists(st.floats(width=32), max_size=3).map(lambda values: np.array(values, np.float32)),
    st.lists(st.binary(max_size=2), min_size=1, max_size=3).map(lambda values: np.array(values, object)),
    st.lists(st.integers(0, 2), max_size=3).map(
        lambda lengths: fl.RaggedTensor.from_row_lengths(np.arange(sum(lengths)), lengths)
    ),
)


def structures(leaf):
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(tuple),
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
            st.tuples(inner, st.none()),
        ),
        max_leaves=4,
    )


@SETTINGS
@given(st.data())
def test_any_structure_of_anything_comes_back(tmp_path, data) -> None:
    structure = data.draw(structures(st.sampled_from(range(5))))
    options = COMPONENTS.element_strategies

    def made(shape):
        if isinstance(shape, tuple):
            return tuple(map(made, shape))
        if isinstance(shape, dict):
            return {key: made(value) for key, value in shape.items()}
        return None if shape is None else data.draw(options[shape])

    wanted = [made(structure) for _ in range(data.draw(st.integers(1, 4)))]
    path = tmp_path / f"{time.monotonic_ns()}"
    dataset = Dataset.from_generator(lambda: iter(wanted))
    compression = data.draw(st.sampled_from([None, "GZIP"]))
    dataset.save(path / "saved", compression)
    cached = dataset.cache(path / "cached")
    snapshot = dataset.snapshot(path / "snapshot", compression)
    for got in (Dataset.load(path / "saved"), cached, cached, snapshot, snapshot):
        elements_ = list(got)
        assert len(elements_) == len(wanted)
        assert all(repr_of(a) == repr_of(b) for a, b in zip(wanted, elements_, strict=True))


def repr_of(value) -> object:
    """A value as text, so that nan is like nan."""
    if isinstance(value, tuple | dict):
        items = value.values() if isinstance(value, dict) else value
        return type(value), list(value) if isinstance(value, dict) else None, [repr_of(item) for item in items]
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype, value.shape, repr(value.tolist())
    return repr(value)


def test_batches_of_text_straight_from_a_file(tmp_path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\n\nfour\nfive\n")
    lines = fl.TextLineDataset(tmp_path / "a.txt")
    for dataset in (lines, lines.batch(2), lines.map(lambda line: (line, line)).batch(3)):
        dataset.save(tmp_path / "d")
        assert all(same(a, b) for a, b in zip(dataset, Dataset.load(tmp_path / "d"), strict=True))


def test_datasets_of_files_can_be_pickled(tmp_path) -> None:
    import cloudpickle

    (tmp_path / "a").write_bytes(b"1,2\n3,4\n")
    Dataset.range(5).save(tmp_path / "d")
    datasets = [
        fl.TextLineDataset(tmp_path / "a"),
        fl.CsvDataset(tmp_path / "a", [0, 0]),
        fl.FixedLengthRecordDataset(tmp_path / "a", 2),
        Dataset.load(tmp_path / "d"),
        Dataset.load(tmp_path / "d", reader_func=lambda ds: ds.flat_map(lambda d: d)),
        Dataset.range(5).cache(tmp_path / "c"),
        Dataset.counter(3).take(4),
        Dataset.random(seed=4).take(4),
    ]
    for dataset in datasets:
        wanted = list(dataset)
        node = cloudpickle.loads(cloudpickle.dumps(dataset.node))
        assert all(same(a, b) for a, b in zip(wanted, Dataset(node), strict=True))


def test_the_spec_allows_every_element(tmp_path) -> None:
    Dataset.from_tensor_slices([1, 2, 3]).map(lambda n: np.zeros((n, 2))).save(tmp_path / "d")
    assert Dataset.load(tmp_path / "d").element_spec == fl.TensorSpec((None, 2), "float64")
    Dataset.range(5).batch(2).save(tmp_path / "d")
    assert Dataset.load(tmp_path / "d").element_spec == fl.TensorSpec((None,), "int64")


def test_an_empty_dataset(tmp_path) -> None:
    Dataset.range(0).save(tmp_path / "a")
    assert list(Dataset.load(tmp_path / "a")) == []
    assert Dataset.load(tmp_path / "a").element_spec == fl.TensorSpec((), "int64")
    Dataset.range(3).filter(lambda n: n > 5).map(lambda n: (n, n)).save(tmp_path / "b", "GZIP")
    with pytest.raises(fl.errors.FileFormatError, match="no elements"):
        Dataset.load(tmp_path / "b")


@SETTINGS
@given(st.integers(0, 40), st.lists(st.integers(-2, 3), min_size=1, max_size=6), st.sampled_from([None, "ZLIB"]))
def test_shards_hold_every_element_once_and_in_order(tmp_path, count, pattern, compression) -> None:
    def shard(number):
        return pattern[int(number) % len(pattern)]

    path = tmp_path / f"{time.monotonic_ns()}"
    Dataset.range(count).save(path, compression, shard)
    loaded = Dataset.load(path)
    assert numbers(loaded) == list(range(count))
    assert numbers(loaded.batch(7).unbatch()) == list(range(count))
    parts: dict[int, list[int]] = {}
    for number in range(count):
        parts.setdefault(shard(number), []).append(number)
    one_by_one = Dataset.load(path, reader_func=lambda datasets: datasets.flat_map(lambda dataset: dataset))
    assert numbers(one_by_one) == [number for key in sorted(parts) for number in parts[key]]
    if not compression:
        assert [int(loaded[position]) for position in range(count)] == list(range(count))
    assert len(list(path.glob("run-*/0*.tfrecord"))) == len(parts)


def test_reader_func(tmp_path) -> None:
    Dataset.range(9).save(tmp_path / "d", shard_func=lambda n: n % 3)
    by_turns = Dataset.load(
        tmp_path / "d", reader_func=lambda ds: ds.interleave(lambda d: d, cycle_length=3, block_length=1)
    )
    assert numbers(by_turns) == list(range(9))
    lengths = Dataset.load(tmp_path / "d", reader_func=lambda ds: ds.map(lambda d: d.cardinality()))
    assert numbers(lengths) == [3, 3, 3]
    shuffled = Dataset.load(tmp_path / "d", reader_func=lambda ds: ds.shuffle(9).flat_map(lambda d: d))
    assert len({tuple(numbers(shuffled)) for _ in range(20)}) > 1
    with pytest.raises(fl.errors.StructureError, match="not a dataset"):
        Dataset.load(tmp_path / "d", reader_func=lambda ds: 3)
    with pytest.raises(fl.errors.ArgumentError, match="reader_func"):
        Dataset.load(tmp_path / "d", reader_func="x")


def test_bad_shard_functions(tmp_path) -> None:
    for shard_func, message in (
        (lambda n: 0.5, "not a whole number"),
        (lambda n: np.zeros(2, int), "not a whole number"),
        (lambda n: n // 0, "ZeroDivisionError|division|not a whole number"),
        (lambda n: int(n), "more than 1024"),
    ):
        with pytest.raises(fl.errors.FeedlineError, match=message), np.errstate(all="raise"):
            Dataset.range(3000).save(tmp_path / "d", shard_func=shard_func)
        assert not (tmp_path / "d").exists()
    with pytest.raises(fl.errors.ArgumentError, match="shard_func"):
        Dataset.range(3).save(tmp_path / "d", shard_func=3)


def test_tuples_are_the_arguments_of_shard_func(tmp_path) -> None:
    Dataset.from_tensor_slices(([0, 1, 2, 3], ["a", "b", "c", "d"])).save(
        tmp_path / "d", shard_func=lambda n, text: n % 2
    )
    assert [text for _, text in Dataset.load(tmp_path / "d")] == [b"a", b"b", b"c", b"d"]


def test_saving_again_replaces_and_leaves_nothing_behind(tmp_path) -> None:
    path = tmp_path / "d"
    Dataset.range(5).save(path)
    old = Dataset.load(path)
    loaded = Dataset.load(path).map(lambda n: n + 10)
    loaded.save(path)
    assert numbers(Dataset.load(path)) == [10, 11, 12, 13, 14]
    assert sorted(name.split("-")[0] for name in os.listdir(path)) == ["feedline.json", "run"]
    with pytest.raises(fl.errors.MissingFileError, match="stored anew"):
        list(old)


def test_an_error_in_the_middle_leaves_what_was_there(tmp_path) -> None:
    path = tmp_path / "d"
    Dataset.range(5).save(path)

    def function(n):
        if n == 2000:
            raise ValueError("no")
        return n

    with pytest.raises(fl.errors.UserFunctionError, match=r"element 2000(.|\n)*save\(\) at .*test_storage"):
        Dataset.range(5000).map(function).save(path)
    assert numbers(Dataset.load(path)) == list(range(5))
    assert sorted(name.split("-")[0] for name in os.listdir(path)) == ["feedline.json", "run"]
    with pytest.raises(fl.errors.UserFunctionError):
        Dataset.range(5000).map(function).save(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_saved(tmp_path) -> None:
    path = tmp_path / "d"
    with pytest.raises(fl.errors.InfiniteDatasetError, match="never end"):
        Dataset.range(3).repeat().save(path)
    with pytest.raises(fl.errors.DtypeError, match="cannot be stored"):
        Dataset.range(9).window(3).save(path)
    for compression in ("SNAPPY", "gzip", 3):
        with pytest.raises(fl.errors.ArgumentError, match="compression"):
            Dataset.range(3).save(path, compression)
    for name in ("", 3, None):
        with pytest.raises(fl.errors.ArgumentError):
            Dataset.range(3).save(name)
    (tmp_path / "file").write_text("")
    with pytest.raises(fl.errors.WriteError, match="file"):
        Dataset.range(3).save(tmp_path / "file")
    assert not path.exists()


def test_element_spec_is_checked(tmp_path) -> None:
    path = tmp_path / "d"
    Dataset.range(4).map(lambda n: Pair(n, np.zeros(3, np.float32))).save(path)
    right = Pair(fl.TensorSpec((), "int64"), fl.TensorSpec((None,), "float32"))
    loaded = Dataset.load(path, element_spec=right)
    assert loaded.element_spec == right
    assert type(loaded[0]) is Pair
    loaded = Dataset.load(path, element_spec=right._replace(y=fl.TensorSpec(None, "float32")))
    assert loaded.element_spec.y == fl.TensorSpec(None, "float32")
    for wrong, kind in (
        (right.x, fl.errors.StructureError),
        ((right.x,), fl.errors.StructureError),
        ({"x": right.x, "y": right.y}, fl.errors.StructureError),
        (right._replace(x=fl.TensorSpec((), "int32")), fl.errors.DtypeError),
        (right._replace(y=fl.RaggedTensorSpec((None,), "float32")), fl.errors.DtypeError),
        (right._replace(y=fl.TensorSpec((4,), "float32")), fl.errors.FileFormatError),
        (right._replace(y=fl.TensorSpec((), "float32")), fl.errors.FileFormatError),
    ):
        with pytest.raises(kind, match="stored"):
            Dataset.load(path, element_spec=wrong)
    with pytest.raises(fl.errors.ArgumentError, match="compression"):
        Dataset.load(path, compression="GZIP")
    assert len(Dataset.load(path, compression="NONE")) == 4


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_element_spec_with_keys_in_another_order(tmp_path, compression) -> None:
    tf = pytest.importorskip("tensorflow")
    ordered = collections.OrderedDict

    def specs(kind):
        return kind.TensorSpec((), "int32"), kind.TensorSpec((2,), "float32"), kind.TensorSpec((), "string")

    a, b, c = np.arange(5, dtype=np.int32), np.ones((5, 2), np.float32), np.array(list("vwxyz"))
    for number, stored in enumerate(({"b": b, "a": (a, {"c": c})}, ordered(b=b, a=(a, ordered(c=c))))):
        ours, theirs = str(tmp_path / f"ours{number}"), str(tmp_path / f"theirs{number}")
        Dataset.from_tensor_slices(stored).save(ours, compression, shard_func=lambda _: np.int64(0))
        tf.data.Dataset.from_tensor_slices(stored).save(theirs, compression)
        for wanted in (
            lambda a, b, c: ordered(a=(a, {"c": c}), b=b),
            lambda a, b, c: ordered(b=b, a=(a, ordered(c=c))),
            lambda a, b, c: {"a": (a, ordered(c=c)), "b": b},
        ):
            right = tf.data.Dataset.load(theirs, wanted(*specs(tf)), compression)
            loaded = Dataset.load(ours, wanted(*specs(fl)), compression)
            assert loaded.element_spec == wanted(*specs(fl))
            assert list(map(same, loaded, right.as_numpy_iterator())) == [True] * 5
            sharded = Dataset.load(ours, wanted(*specs(fl)), reader_func=lambda shards: shards.flat_map(lambda x: x))
            assert list(map(same, sharded, right.as_numpy_iterator())) == [True] * 5
        with pytest.raises(fl.errors.DtypeError, match=r"\['b'\] is stored as"):
            Dataset.load(ours, ordered(b=specs(fl)[0], a=(specs(fl)[1], {"c": specs(fl)[2]})))
        with pytest.raises(fl.errors.StructureError, match="stored"):
            Dataset.load(ours, ordered(b=specs(fl)[1], d=(specs(fl)[0], {"c": specs(fl)[2]})))


def test_a_cache_of_keys_in_another_order(tmp_path) -> None:
    path = tmp_path / "d"
    ordered = collections.OrderedDict
    list(Dataset.from_tensor_slices(ordered(b=[1, 2], a=[0.5, 1.5])).cache(path))
    later = Dataset.from_tensor_slices(ordered(a=[9.0, 9.0], b=[9, 9])).cache(path)
    assert list(later) == [ordered(a=0.5, b=1), ordered(a=1.5, b=2)]


def test_nothing_is_there_to_load(tmp_path) -> None:
    Dataset.range(3).save(tmp_path / "numbers")
    with pytest.raises(fl.errors.MissingFileError, match=r"Did you mean .*/numbers"):
        Dataset.load(tmp_path / "number")
    (tmp_path / "empty").mkdir()
    with pytest.raises(fl.errors.MissingFileError, match="no dataset is stored"):
        Dataset.load(tmp_path / "empty")
    (tmp_path / "empty" / "dataset_spec.pb").write_text("")
    with pytest.raises(fl.errors.MissingFileError, match="TensorFlow"):
        Dataset.load(tmp_path / "empty")


def test_waiting_for_a_dataset(tmp_path) -> None:
    path = tmp_path / "d"
    found: list = []
    waiting = threading.Thread(target=lambda: found.extend(numbers(Dataset.load(path, wait=True))))
    waiting.start()
    Dataset.range(5).save(path)
    waiting.join(30)
    assert found == list(range(5))


def test_an_error_in_map_names_the_record(tmp_path) -> None:
    Dataset.range(6).save(tmp_path / "d", shard_func=lambda n: n % 2)
    with pytest.raises(fl.errors.UserFunctionError, match=r"record 1 of .*00001\.tfrecord"):
        list(Dataset.load(tmp_path / "d").map(lambda n: 1 // (int(n) - 3)))


# what a fault does to a stored dataset


def every_file(path: pathlib.Path) -> list[pathlib.Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())


def loaded_or_error(path: pathlib.Path) -> tuple[list, Exception | None]:
    try:
        return list(Dataset.load(path)), None
    except fl.errors.FeedlineError as error:
        return [], error


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_every_flipped_bit_is_told(tmp_path, compression) -> None:
    path = tmp_path / "d"
    wanted = [(number, b"text %d" % number) for number in range(5)]
    dataset = Dataset.range(5).map(lambda n: (n, b"text %d" % n))
    dataset.save(path, compression, lambda n, text: n % 2)
    files = every_file(path)
    assert len(files) == 4
    told = 0
    for file in files:
        data = file.read_bytes()
        for position in range(0, len(data), 1 if len(data) < 400 else 3):
            changed = bytearray(data)
            changed[position] ^= 1 << (position % 8)
            file.write_bytes(changed)
            os.utime(file, ns=(position, 10**9 + position))
            got, error = loaded_or_error(path)
            if error is not None:
                told += 1
                assert str(path) in str(error)
            else:
                assert [(int(n), text) for n, text in got] == wanted  # a gzip header's time, or a JSON's white space
        file.write_bytes(data)
    assert told > 400


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_files_cut_off_missing_or_of_another_dataset(tmp_path, compression) -> None:
    path = tmp_path / "d"
    Dataset.range(50).save(path, compression, lambda n: n % 2)
    (tmp_path / "other").mkdir()
    Dataset.range(100, 150).map(lambda n: np.int64(n)).save(tmp_path / "other", compression, lambda n: n % 2)
    for file in every_file(path):
        data = file.read_bytes()
        for damaged in (data[:-1], data[: len(data) // 2], b"", data + b"x", None):
            if damaged is None:
                file.unlink()
            else:
                file.write_bytes(damaged)
            with pytest.raises((fl.errors.FileFormatError, fl.errors.MissingFileError), match=str(path)):
                list(Dataset.load(path))
        file.write_bytes(data)
    assert numbers(Dataset.load(path)) == list(range(50))


def test_a_file_of_another_dataset_in_the_place_of_one(tmp_path) -> None:
    Dataset.range(50).save(tmp_path / "a")
    Dataset.range(50).map(lambda n: np.float64(n)).save(tmp_path / "b")
    source, target = next((tmp_path / "b").glob("run-*/0*")), next((tmp_path / "a").glob("run-*/0*"))
    data = source.read_bytes()
    target.write_bytes(data)
    with pytest.raises(fl.errors.FileFormatError, match=r"bytes where|float64"):
        list(Dataset.load(tmp_path / "a"))


def test_a_description_that_was_meddled_with(tmp_path) -> None:
    from feedline.formats.structure_json import fingerprint

    Dataset.range(5).save(tmp_path / "d")
    file = tmp_path / "d" / "feedline.json"
    data = json.loads(file.read_text())
    for change, message in (
        ({"version": 2}, "version 2"),
        ({"format": "other"}, "not the description"),
        ({"elements": 6}, "fingerprint"),
        ({"run": "../../etc"}, "something is missing|damaged"),
        ({"shards": [{**data["shards"][0], "file": "../x.tfrecord"}]}, "damaged"),
        ({"shards": [{**data["shards"][0], "records": 4}]}, "5 elements where 4"),
        ({"shards": [{**data["shards"][0], "records": -4}]}, "damaged"),
        ({"shards": data["shards"] * 2}, "damaged"),
        ({"compression": "LZ4"}, "damaged"),
        ({"order_bytes": 77}, "missing"),
        ({"structure": [3]}, "no structure"),
        ({"structure": [{"tensor": {"shape": [], "dtype": "int32"}}]}, "int64.* where its description says .*int32"),
    ):
        changed = {**data, **change}
        del changed["fingerprint"]
        changed["fingerprint"] = data["fingerprint"] if "elements" in change else fingerprint(changed)
        file.write_text(json.dumps(changed))
        with pytest.raises(fl.errors.FeedlineError, match=message):
            list(Dataset.load(tmp_path / "d"))
    for text in ("", "{", "[]", "null", '{"format": 3}', "[" * 100_000):
        file.write_text(text)
        with pytest.raises(fl.errors.FileFormatError, match="description"):
            Dataset.load(tmp_path / "d")


def test_rows_of_a_ragged_tensor(tmp_path) -> None:
    ragged = fl.RaggedTensor.from_row_lengths(np.arange(6), [2, 0, 1, 3])
    rows = Dataset.from_tensor_slices((ragged, np.arange(4)))
    rows.save(tmp_path / "rows")
    for stored in (Dataset.load(tmp_path / "rows"), rows.snapshot(tmp_path / "shot"), rows.cache(tmp_path / "cache")):
        for _ in range(2):
            assert [row.tolist() for row, _ in stored] == [[0, 1], [], [2], [3, 4, 5]]
        assert stored.element_spec == rows.element_spec
        assert [batch.to_list() for batch, _ in stored.batch(4)] == [[[0, 1], [], [2], [3, 4, 5]]]
