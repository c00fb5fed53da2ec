import collections

import numpy as np
import pytest

import feedline as fl


def stream(*values):
    return fl.Dataset.from_generator(lambda: iter(np.array(values)))


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


@pytest.mark.parametrize("first", [fl.Dataset.range(3), stream(0, 1, 2)])
@pytest.mark.parametrize("second", [fl.Dataset.range(7, 9), stream(7, 8)])
def test_one_after_the_other(first, second) -> None:
    assert numbers(first.concatenate(second)) == [0, 1, 2, 7, 8]
    assert numbers(first.concatenate(second).repeat(2)) == [0, 1, 2, 7, 8] * 2
    assert sorted(numbers(first.concatenate(second).shuffle(9))) == [0, 1, 2, 7, 8]
    assert [batch.tolist() for batch in first.concatenate(second).batch(4)] == [[0, 1, 2, 7], [8]]
    assert numbers(first.concatenate(second.repeat()).take(6)) == [0, 1, 2, 7, 8, 7]
    assert numbers(first.repeat().concatenate(second).take(5)) == [0, 1, 2, 0, 1]


def test_lengths_and_specs() -> None:
    both = fl.Dataset.from_tensor_slices(np.zeros((2, 3))).concatenate(fl.Dataset.from_tensor_slices(np.zeros((1, 4))))
    assert len(both) == 3
    assert both.element_spec == fl.TensorSpec((None,), "float64")
    assert [row.shape for row in both] == [(3,), (3,), (4,)]
    assert both[2].shape == (4,)
    assert fl.Dataset.range(3).concatenate(fl.Dataset.range(3).repeat()).cardinality() == fl.INFINITE_CARDINALITY
    assert fl.Dataset.range(3).concatenate(stream(1)).cardinality() == fl.UNKNOWN_CARDINALITY


def test_what_is_known_is_checked_as_it_is_built() -> None:
    with pytest.raises(fl.errors.DtypeError, match="int64 in the first dataset and float32 in the second"):
        fl.Dataset.range(3).concatenate(fl.Dataset.from_tensors(1.0))
    with pytest.raises(fl.errors.StructureError, match="structures"):
        fl.Dataset.range(3).concatenate(fl.Dataset.from_tensors((1, 2)))
    with pytest.raises(fl.errors.ArgumentError, match="not a dataset"):
        fl.Dataset.range(3).concatenate([1, 2])


@pytest.mark.parametrize(
    "result", [(lambda n: (n, n), fl.errors.StructureError), (lambda n: n * 0.5, fl.errors.DtypeError)]
)
@pytest.mark.parametrize("source", [fl.Dataset.range(3), stream(0, 1, 2)])
@pytest.mark.parametrize("batch", [None, 2])
def test_what_maps_return_is_checked_as_it_comes(result, source, batch) -> None:
    function, error = result
    both = source.map(lambda n: n).concatenate(source.map(function))
    with pytest.raises(error) as caught:
        list(both if batch is None else both.batch(batch))
    assert "concatenate" in str(caught.value)


FIRST, SECOND = fl.Dataset.from_tensors({"a": 1, "b": 2}), fl.Dataset.from_tensors({"b": 20, "a": 10})


def learnt(dataset):
    """Returns the dataset with a structure that is known by running it only."""
    return dataset.map(lambda row: dict(row))


@pytest.mark.parametrize(
    "second", [SECOND, SECOND.filter(lambda row: True), learnt(SECOND)], ids=["indexed", "streamed", "learnt"]
)
@pytest.mark.parametrize(
    "first", [FIRST, FIRST.filter(lambda row: True), learnt(FIRST)], ids=["indexed", "streamed", "learnt"]
)
def test_keys_are_in_the_order_of_the_first_dataset(first, second) -> None:
    both = first.concatenate(second)
    for dataset in (both, both.skip(1), both.shuffle(2, seed=1), both.shuffle(2, seed=2), both.batch(1).unbatch()):
        assert {tuple(row) for row in dataset} == {("a", "b")}
        values = {tuple(int(value) for value in row) for row in dataset.map(lambda row: tuple(row.values()))}
        assert values <= {(1, 2), (10, 20)}


def test_keys_of_an_empty_first_dataset_are_no_matter() -> None:
    first = learnt(FIRST).filter(lambda row: row["a"] > 5).map(lambda row: dict(row))
    assert list(first.concatenate(SECOND)) == [{"a": 10, "b": 20}]


Pair = collections.namedtuple("Pair", "x y")


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("kind", [dict, collections.OrderedDict, lambda items: collections.defaultdict(int, items)])
def test_one_kind_of_mapping_after_another(order, kind) -> None:
    second = fl.Dataset.from_tensors(kind({key: {"a": 10, "b": 20}[key] for key in order}))
    for first in (FIRST, learnt(FIRST), FIRST.map(collections.OrderedDict)):
        for both in (first.concatenate(second), first.concatenate(learnt(second).map(kind))):
            assert both.element_spec == dict.fromkeys("ab", fl.TensorSpec((), "int32"))
            assert [tuple(map(int, row)) for row in both.map(lambda row: tuple(row.values()))] == [(1, 2), (10, 20)]
            assert {key: rows.tolist() for key, rows in next(iter(both.batch(2))).items()} == {
                "a": [1, 10],
                "b": [2, 20],
            }


def test_tuples_of_other_classes_are_other_structures() -> None:
    plain, pair = fl.Dataset.from_tensors((1, 2)), fl.Dataset.from_tensors(Pair(1, 2))
    other = fl.Dataset.from_tensors(collections.namedtuple("Other", "x y")(1, 2))
    for first, second in ((plain, pair), (pair, plain), (pair, other), (FIRST, fl.Dataset.from_tensors({"a": 1}))):
        with pytest.raises(fl.errors.StructureError, match="different structures"):
            first.concatenate(second)


def concatenated(count: int, kind: str) -> fl.Dataset:
    one = fl.Dataset.range(2) if kind == "indexed" else stream(0, 1)
    dataset = one
    for _ in range(count - 1):
        dataset = dataset.concatenate(one)
    return dataset


@pytest.mark.parametrize("kind", ["indexed", "streamed"])
@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
def test_two_thousand_in_a_loop(kind: str, executor: str) -> None:
    dataset = concatenated(2000, kind).map(lambda x: x + 1, num_parallel_calls=2)
    dataset = dataset.with_options(fl.Options(executor=executor))
    assert numbers(dataset) == [1, 2] * 2000
    iterator = iter(dataset)
    next(iterator)
    resumed = iter(dataset)
    resumed.load_state_dict(iterator.state_dict())
    assert numbers(resumed) == [2, *[1, 2] * 1999]
    assert "concatenate" in dataset.explain()
    assert "concatenate" in str(dataset.report())
    if kind == "indexed":
        assert len(dataset) == 4000
        assert int(dataset[3999]) == 2


def test_concatenations_of_concatenations_are_in_order() -> None:
    a, b, c, d = (fl.Dataset.range(3 * each, 3 * each + each) for each in range(4))
    both = a.concatenate(b).concatenate(c.concatenate(d))
    assert numbers(both) == [3, 6, 7, 9, 10, 11]
    assert [int(both[position]) for position in range(len(both))] == numbers(both)
    assert sorted(numbers(both.shuffle(9, seed=1))) == numbers(both)
    endless = a.concatenate(b).concatenate(c.repeat().concatenate(d))
    assert numbers(endless.take(6)) == [3, 6, 7, 6, 7, 6]


def test_what_is_known_of_many_is_merged_with_the_next() -> None:
    parts = [fl.Dataset.from_tensor_slices(np.zeros((1, length, 2))) for length in (3, 3, 4)]
    two = parts[0].concatenate(parts[1])
    assert two.element_spec.shape == (3, 2)
    assert two.concatenate(parts[2]).element_spec.shape == (None, 2)
    assert parts[2].concatenate(two).element_spec.shape == (None, 2)
    with pytest.raises(fl.errors.DtypeError):
        two.concatenate(fl.Dataset.range(3))
