import numpy as np
import pytest

import feedline as fl


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


def test_keeps_some() -> None:
    assert numbers(fl.Dataset.range(9).filter(lambda n: n % 3 == 0)) == [0, 3, 6]
    assert numbers(fl.Dataset.range(9).filter(lambda n: False)) == []
    pairs = fl.Dataset.from_tensor_slices((np.arange(4), ["a", "b", "a", "b"]))
    assert [int(a) for a, _ in pairs.filter(lambda number, text: text == b"a")] == [0, 2]
    assert [b.tolist() for b in fl.Dataset.range(9).filter(lambda n: n % 2 == 0).batch(2)] == [[0, 2], [4, 6], [8]]
    named = fl.Dataset.from_tensor_slices({"a": np.arange(4)})
    assert len(list(named.filter(lambda element: element["a"] > 1))) == 2
    assert numbers(fl.Dataset.range(4).filter(lambda n: np.array(n > 1))) == [2, 3]


def test_it_makes_a_stream() -> None:
    dataset = fl.Dataset.range(9).filter(lambda n: n > 2)
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY
    with pytest.raises(fl.errors.UnknownCardinalityError):
        len(dataset)
    with pytest.raises(fl.errors.ArgumentError, match="streamed"):
        dataset[0]
    assert "filter" in dataset.explain()
    assert fl.Dataset.range(0).filter(lambda n: True).cardinality() == 0


@pytest.mark.parametrize("calls", [None, 1, 3])
def test_draws_are_the_same_for_every_number_of_workers(calls) -> None:
    def run(calls):
        fl.random.set_seed(2)
        dataset = fl.Dataset.range(60).map(lambda n: n, calls).filter(lambda n: fl.random.uniform(()) < 0.5)
        fl.random.set_seed(None)
        dataset = dataset.map(lambda n: n, calls).prefetch(2)
        return numbers(dataset), numbers(dataset)

    first, second = run(calls)
    assert (first, second) == run(None)
    assert first != second
    assert 10 < len(first) < 50


@pytest.mark.parametrize("answer", [1, "yes", [True], np.array([True]), None, 0.0])
def test_answers_that_are_not_one_bool(answer) -> None:
    with pytest.raises(fl.errors.DtypeError, match="needs one bool"):
        list(fl.Dataset.range(3).filter(lambda n: answer))


def test_an_error_comes_after_the_elements_before_it() -> None:
    def predicate(number):
        if number == 30:
            raise ValueError("thirty")
        return number % 2 == 0

    for source in (fl.Dataset.range(99), fl.Dataset.from_generator(lambda: iter(np.arange(99)))):
        iterator = iter(source.filter(predicate))
        assert [int(next(iterator)) for _ in range(15)] == list(range(0, 30, 2))
        with pytest.raises(fl.errors.UserFunctionError, match="thirty") as caught:
            next(iterator)
        assert 'raise ValueError("thirty")' in str(caught.value)
        assert "element 30" in str(caught.value)
        assert isinstance(caught.value.__cause__, ValueError)
        assert list(iterator) == []


@pytest.mark.parametrize("method", ["filter", "take_while"])
def test_what_is_no_bool_is_caught_as_a_value_error_too(method) -> None:
    for kind in (ValueError, TypeError, fl.errors.DtypeError):
        with pytest.raises(kind, match="one bool"):
            list(getattr(fl.Dataset.range(3), method)(lambda number: number))
