"""scan, take_while and reduce: what depends on the elements before."""

import collections

import numpy as np
import pytest

import feedline as fl

Pair = collections.namedtuple("Pair", "b a")
ZERO = np.int64(0)

CASES = {
    "sums": (lambda lib: lib.Dataset.range(5).scan(ZERO, lambda state, n: (state + n, state + n)), [0, 1, 3, 6, 10]),
    "arguments by name": (
        lambda lib: lib.Dataset.range(3).scan(initial_state=ZERO, scan_func=lambda state, n: (state + 1, (state, n))),
        [(0, 0), (1, 1), (2, 2)],
    ),
    "a state of several parts": (
        lambda lib: lib.Dataset.range(4).scan(
            {"last": ZERO, "count": np.int32(0)},
            lambda state, n: ({"last": n, "count": state["count"] + 1}, (state["last"], n)),
        ),
        [(0, 0), (0, 1), (1, 2), (2, 3)],
    ),
    "a namedtuple as the state": (
        lambda lib: lib.Dataset.range(4).scan(
            Pair(ZERO, np.int64(1)), lambda state, n: (Pair(state.a, state.b + state.a), state.b)
        ),
        [0, 1, 1, 2],
    ),
    "of pairs, which are one argument": (
        lambda lib: lib.Dataset.zip((lib.Dataset.range(3), lib.Dataset.range(5, 8))).scan(
            ZERO, lambda state, pair: (state + pair[1], {"sum": state, "pair": pair})
        ),
        [{"pair": (0, 5), "sum": 0}, {"pair": (1, 6), "sum": 5}, {"pair": (2, 7), "sum": 11}],
    ),
    "a vector as the state": (
        lambda lib: lib.Dataset.range(3).scan(np.zeros(2, np.int64), lambda state, n: (state + n, state * 2)),
        [[0, 0], [0, 0], [2, 2]],
    ),
    "text as the state": (lambda lib: lib.Dataset.range(2).scan("a", lambda state, n: (state, state)), [b"a", b"a"]),
    "scan of nothing": (lambda lib: lib.Dataset.range(0).scan(ZERO, lambda state, n: (state, n)), []),
    "take_while": (lambda lib: lib.Dataset.range(10).take_while(lambda n: n < 3), [0, 1, 2]),
    "take_while at once": (lambda lib: lib.Dataset.range(10).take_while(lambda n: n < 0), []),
    "take_while to the end": (lambda lib: lib.Dataset.range(3).take_while(predicate=lambda n: n < 5), [0, 1, 2]),
    "take_while, and not again after": (
        lambda lib: lib.Dataset.from_tensor_slices([1, 2, 9, 1]).take_while(lambda n: n < 5),
        [1, 2],
    ),
    "take_while of pairs": (
        lambda lib: lib.Dataset.zip((lib.Dataset.range(5), lib.Dataset.range(4, -1, -1))).take_while(
            lambda a, b: a < b
        ),
        [(0, 4), (1, 3)],
    ),
    "take_while of what has no end": (lambda lib: lib.Dataset.range(3).repeat().take_while(lambda n: n < 2), [0, 1]),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


REDUCED = {
    "sum": (lambda ds: ds.reduce(ZERO, lambda state, n: state + n), 10),
    "count": (lambda ds: ds.reduce(initial_state=np.int32(0), reduce_func=lambda state, n: state + 1), 5),
    "structure": (
        lambda ds: ds.reduce({"n": ZERO, "t": (ZERO, "a")}, lambda s, n: {"n": s["n"] + n, "t": (n, s["t"][1])}),
        {"n": 10, "t": (4, b"a")},
    ),
    "of batches": (
        lambda ds: ds.batch(2, drop_remainder=True).reduce(np.zeros(2, np.int64), lambda s, b: s + b),
        [2, 4],
    ),
    "of nothing": (lambda ds: ds.take(0).reduce(np.float32(7), lambda state, n: state), 7.0),
}


@pytest.mark.parametrize("name", REDUCED)
def test_reduce(name, listed) -> None:
    build, expected = REDUCED[name]
    assert listed([build(fl.Dataset.range(5))]) == [expected]


@pytest.mark.parametrize("name", REDUCED)
def test_reduce_as_in_tensorflow(name, listed, tensorflow) -> None:
    build, expected = REDUCED[name]
    assert listed([build(tensorflow.Dataset.range(5))]) == [expected]


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (lambda state, n: state, fl.errors.StructureError, "not a pair"),
        (lambda state, n: (state, n, n), fl.errors.StructureError, "not a pair"),
        (lambda state, n: ((state, state), n), fl.errors.StructureError, "a state of"),
        (lambda state, n: (state * 0.5, n), fl.errors.DtypeError, "float64 for the element of the state"),
        (lambda state: (state, state), fl.errors.StructureError, "called with the state and the element"),
        (lambda state, n: 1 // 0, fl.errors.UserFunctionError, "ZeroDivisionError"),
        (lambda state, n: (state, n if n < 2 else (n, n)), fl.errors.StructureError, "before"),
        (lambda state, n: (state, n if n < 2 else n * 0.5), fl.errors.DtypeError, "before"),
    ],
)
def test_functions_of_scan_that_cannot_work(function, error, text) -> None:
    with pytest.raises(error, match=text) as caught:
        list(fl.Dataset.range(4).scan(ZERO, function))
    assert "test_scan.py:" in str(caught.value)


def test_functions_of_reduce_that_cannot_work() -> None:
    numbers = fl.Dataset.range(3)
    with pytest.raises(fl.errors.StructureError, match="called with the state and the element"):
        numbers.reduce(ZERO, lambda state: state)
    with pytest.raises(fl.errors.DtypeError, match="float64"):
        numbers.reduce(ZERO, lambda state, n: state * 0.5)
    with pytest.raises(fl.errors.StructureError, match="a state of"):
        numbers.reduce(ZERO, lambda state, n: (state, n))
    with pytest.raises(fl.errors.StructureError, match=r"the lambda in reduce\(<lambda>\) takes 1") as caught:
        numbers.filter(lambda n: n > 5).reduce(ZERO, lambda state: state)  # no element, and refused all the same
    assert "test_scan.py:" in str(caught.value)
    with pytest.raises(fl.errors.UserFunctionError, match="ZeroDivisionError") as raised:
        numbers.map(lambda n: n).reduce(ZERO, lambda state, n: 1 // 0)
    assert "reduce(<lambda>) at" in str(raised.value)
    assert "map" not in raised.value.fix


@pytest.mark.parametrize("answer", [1, "yes", np.array([True, False]), None])
def test_take_while_needs_one_bool(answer) -> None:
    with pytest.raises(fl.errors.DtypeError, match="one bool"):
        list(fl.Dataset.range(3).take_while(lambda n: answer))


def test_the_state_begins_anew_each_epoch() -> None:
    dataset = fl.Dataset.range(4).scan(ZERO, lambda state, n: (state + n, state + n))
    assert [int(n) for n in dataset.repeat(2)] == [0, 1, 3, 6, 0, 1, 3, 6]


def test_an_element_that_cannot_be_computed_leaves_the_state() -> None:
    def fail(state, number):
        if number == 2:
            raise ValueError("refused")
        return state + number, state + number

    assert [int(n) for n in fl.Dataset.range(5).scan(ZERO, fail).ignore_errors()] == [0, 1, 4, 8]


def test_lengths() -> None:
    assert len(fl.Dataset.range(5).scan(ZERO, lambda state, n: (state, n))) == 5
    assert fl.Dataset.range(5).take_while(lambda n: n < 2).cardinality() == fl.UNKNOWN_CARDINALITY


def test_the_state_may_come_back_as_another_mapping() -> None:
    def turned(state):
        return collections.OrderedDict(b=state["b"] + 1, a=state["a"])

    first = {"a": np.int64(0), "b": np.int64(5)}
    assert fl.Dataset.range(3).reduce(first, lambda state, n: turned(state)) == {"a": 0, "b": 8}
    given = fl.Dataset.range(3).scan(first, lambda state, n: (turned(state), tuple(state.values())))
    assert [tuple(map(int, pair)) for pair in given] == [(0, 5), (0, 6), (0, 7)]
