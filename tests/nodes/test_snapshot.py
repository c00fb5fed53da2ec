import gc
import os
import threading

import numpy as np
import pytest

import feedline as fl

Dataset = fl.Dataset
KINDS = ("cache", "snapshot")


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


class Counted:
    """A function for map that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.lock = threading.Lock()

    def __call__(self, number):
        with self.lock:
            self.calls += 1
        return number + 10


def parents(counted):
    return {
        "indexed": Dataset.range(20).map(counted),
        "streamed": Dataset.range(20).filter(lambda n: True).map(counted),
        "threads": Dataset.range(20).map(counted, num_parallel_calls=3),
        "random": Dataset.range(20).shuffle(20, seed=1).map(counted),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parent", list(parents(Counted())))
def test_the_function_runs_once_for_all_epochs_and_programs(tmp_path, kind, parent) -> None:
    counted = Counted()
    dataset = getattr(parents(counted)[parent], kind)(str(tmp_path / "c"))
    dataset.element_spec
    before = counted.calls
    first = numbers(dataset)
    assert sorted(first) == list(range(10, 30))
    assert counted.calls == before + 20
    assert numbers(dataset) == numbers(dataset.batch(7).unbatch()) == first
    assert counted.calls == before + 20
    again = Counted()
    later = getattr(parents(again)[parent], kind)(tmp_path / "c")
    assert numbers(later) == numbers(later.repeat(1)) == first
    assert again.calls <= 2  # for the spec, to see that it is the same dataset
    assert sorted(numbers(later.shuffle(20))) == sorted(first)


@pytest.mark.parametrize("kind", KINDS)
def test_elements_asked_for_in_any_order(tmp_path, kind) -> None:
    counted = Counted()
    cached = getattr(Dataset.range(50).map(counted), kind)(tmp_path / "c")
    dataset = cached.shuffle(50, seed=3).batch(8).prefetch(2)
    epochs = [np.concatenate(list(dataset)) for _ in range(3)]
    assert counted.calls == 50
    assert all(sorted(epoch) == list(range(10, 60)) for epoch in epochs)
    assert not np.array_equal(epochs[0], epochs[1])
    assert numbers(cached) == list(range(10, 60))
    assert [int(cached[position]) for position in (49, 0, 7)] == [59, 10, 17]
    assert numbers(getattr(Dataset.range(50).map(Counted()), kind)(tmp_path / "c")) == list(range(10, 60))
    assert len(list((tmp_path / "c").glob("run-*/order.tfrecord"))) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_that_does_not_come_to_its_end_leaves_nothing(tmp_path, kind) -> None:
    for parent in (Dataset.range(20).map(lambda n: n), Dataset.range(20).filter(lambda n: True)):
        path = tmp_path / "c"
        dataset = getattr(parent, kind)(path)
        assert numbers(dataset.take(5)) == list(range(5))
        iterator = iter(dataset)
        next(iterator)
        assert not (path / "feedline.json").exists()
        iterator.close()
        del iterator, dataset
        gc.collect()
        assert not path.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_leaves_nothing_and_the_next_pass_is_whole(tmp_path, kind) -> None:
    broken = [True]

    def function(number):
        if number == 7 and broken[0]:
            raise ValueError("no")
        return number

    for parent in (Dataset.range(20), Dataset.range(20).filter(lambda n: True)):
        broken[0] = True
        path = tmp_path / str(parent.cardinality())
        dataset = getattr(parent.map(function), kind)(path)
        with pytest.raises(fl.errors.UserFunctionError):
            list(dataset)
        assert not (path / "feedline.json").exists()
        broken[0] = False
        assert numbers(dataset) == list(range(20))
        assert (path / "feedline.json").exists()
        assert numbers(dataset) == list(range(20))


@pytest.mark.parametrize("kind", KINDS)
def test_elements_left_out_by_ignore_errors_are_not_taken_for_the_whole(tmp_path, kind) -> None:
    def function(number):
        if number == 3:
            raise ValueError("no")
        return number

    stream = Dataset.range(6).filter(lambda n: True).map(function)
    dataset = getattr(stream, kind)(tmp_path / "c").ignore_errors()
    for _ in range(2):
        assert numbers(dataset) == [0, 1, 2, 4, 5]
    assert not (tmp_path / "c").exists()
    dataset = getattr(stream.ignore_errors(), kind)(tmp_path / "c")
    for _ in range(2):
        assert numbers(dataset) == [0, 1, 2, 4, 5]
    assert (tmp_path / "c" / "feedline.json").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_store_of_another_dataset_is_told(tmp_path, kind) -> None:
    path = tmp_path / "c"
    base = Dataset.range(20)
    numbers(getattr(base, kind)(path))
    others = {
        "20 elements are stored, but .* now has 21": Dataset.range(21),
        "the stored elements are": base.map(lambda n: (n, n)),
        "int64.* has .*int32": base.map(lambda n: np.int32(n)),
        "in the shape": base.map(lambda n: np.zeros(3, np.int64)),
    }
    for message, other in others.items():
        for later in (getattr(other, kind)(path), getattr(other.filter(lambda *_: True), kind)(path)):
            if "filter" in repr(later) and "20 elements" in message:
                continue  # how many a filter gives is not known
            with pytest.raises(fl.errors.FeedlineError, match=message) as caught:
                list(later)
            assert f"Remove {path}" in str(caught.value)
            assert f"{kind}(" in str(caught.value)
    assert numbers(getattr(base, kind)(path)) == list(range(20))


def test_random_augmentation_stays_as_it_fell(tmp_path) -> None:
    dataset = Dataset.range(30).map(lambda n: fl.random.uniform(())).cache(tmp_path / "c")
    first = [float(value) for value in dataset]
    assert len(set(first)) > 20
    assert [float(value) for value in dataset] == first


def test_repeat_reads_the_cache_from_the_second_turn_on(tmp_path) -> None:
    counted = Counted()
    for number, parent in enumerate((Dataset.range(10), Dataset.range(10).filter(lambda n: True))):
        counted.calls = 0
        dataset = parent.map(counted).cache(tmp_path / str(number)).repeat(4)
        assert len(numbers(dataset)) == 40
        assert counted.calls <= 20  # elements asked for before all are stored may be computed again


def test_an_empty_dataset(tmp_path) -> None:
    for number, parent in enumerate((Dataset.range(0), Dataset.range(9).filter(lambda n: n > 10).map(lambda n: n))):
        for _ in range(2):
            assert list(parent.cache(tmp_path / str(number))) == []


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_compressed_snapshots_are_streamed(tmp_path, compression) -> None:
    counted = Counted()
    dataset = Dataset.range(30).map(counted).snapshot(tmp_path / "c", compression, shard_func=lambda n: n % 3)
    assert "compressed" in dataset.explain()
    for _ in range(3):
        assert numbers(dataset) == list(range(10, 40))
    assert counted.calls == 30
    assert len(list((tmp_path / "c").glob("run-*/0*"))) == 3
    with pytest.raises(fl.errors.ArgumentError, match="Snappy"):
        dataset.snapshot(tmp_path / "d", "SNAPPY")


def test_reader_func_of_a_snapshot(tmp_path) -> None:
    dataset = Dataset.range(9).snapshot(
        tmp_path / "c",
        shard_func=lambda n: n % 3,
        reader_func=lambda datasets: datasets.shuffle(3, seed=5).flat_map(lambda dataset: dataset),
    )
    assert numbers(dataset) == list(range(9))
    orders = [numbers(dataset) for _ in range(12)]
    assert all(sorted(order) == list(range(9)) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
    assert all([number % 3 for number in order[:3]] in ([0] * 3, [1] * 3, [2] * 3) for order in orders)
    broken = Dataset.range(9).snapshot(tmp_path / "c", reader_func=lambda datasets: 3)
    with pytest.raises(fl.errors.StructureError, match="not a dataset"):
        list(broken)
    for wrong in ({"reader_func": 3}, {"shard_func": "x"}):
        with pytest.raises(fl.errors.ArgumentError):
            Dataset.range(3).snapshot(tmp_path / "d", **wrong)


def test_infinite_datasets_are_told(tmp_path) -> None:
    for parent in (Dataset.range(3).repeat(), Dataset.range(3).filter(lambda n: True).map(lambda n: n).repeat()):
        dataset = parent.cache(tmp_path / "c")
        if parent.cardinality() == fl.INFINITE_CARDINALITY:
            with pytest.raises(fl.errors.InfiniteDatasetError, match="never end"):
                next(iter(dataset))
    assert not (tmp_path / "c").exists()


def test_several_iterators_at_once(tmp_path) -> None:
    dataset = Dataset.range(40).filter(lambda n: True).cache(tmp_path / "c")
    iterators = [iter(dataset) for _ in range(3)]
    firsts = [[int(next(iterator)) for _ in range(5)] for iterator in iterators]
    rests = [[int(number) for number in iterator] for iterator in iterators]
    assert [a + b for a, b in zip(firsts, rests, strict=True)] == [list(range(40))] * 3
    assert numbers(dataset) == list(range(40))
    assert len([name for name in os.listdir(tmp_path / "c") if name.startswith("run-")]) == 1


def test_many_threads_on_one_store(tmp_path) -> None:
    dataset = Dataset.range(200).map(lambda n: n).cache(tmp_path / "c")
    results: list[list[int]] = []
    threads = [threading.Thread(target=lambda: results.append(numbers(dataset.shuffle(200)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sorted(result) for result in results] == [list(range(200))] * 6
    assert numbers(dataset) == list(range(200))


def test_damage_of_the_store_is_told(tmp_path) -> None:
    dataset = Dataset.range(20).cache(tmp_path / "c")
    numbers(dataset)
    file = next((tmp_path / "c").glob("run-*/0*"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(fl.errors.CorruptRecordError, match=r"00000\.tfrecord"):
        list(Dataset.range(20).cache(tmp_path / "c"))
    file.write_bytes(data[:-1])
    with pytest.raises(fl.errors.FileFormatError, match="bytes where"):
        list(Dataset.range(20).cache(tmp_path / "c"))
    file.unlink()
    with pytest.raises(fl.errors.MissingFileError):
        list(Dataset.range(20).cache(tmp_path / "c"))


def test_a_folder_that_cannot_be_written(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(fl.errors.WriteError):
        list(Dataset.range(3).cache(tmp_path / "file"))


def test_a_snapshot_by_another_function_is_told(tmp_path) -> None:
    path, config = tmp_path / "s", {"scale": 1}

    def build(kind="snapshot"):
        return getattr(Dataset.range(3).map(lambda number: number * config["scale"]), kind)(path)

    assert numbers(build()) == numbers(build()) == [0, 1, 2]
    config["scale"] = 100
    with pytest.raises(fl.errors.StructureError, match="made by another pipeline") as caught:
        list(build())
    assert f"Remove {path}" in str(caught.value)
    config["scale"] = 1
    assert numbers(build()) == [0, 1, 2]
