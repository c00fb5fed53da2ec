"""Elements taken many in one go are those that looking at each by itself gives: the same bytes, errors and draws."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.sources.converter import Converter
from feedline.sources.plain_elements import ENDED, NONE_LEFT, PlainElements
from feedline.structure import flatten

generator = fl.Dataset.from_generator
spec = fl.TensorSpec


def given_by(dataset: fl.Dataset) -> list[Any]:
    """Returns all elements and errors, to be compared."""
    iterator, found = iter(dataset), []
    while True:
        try:
            element = next(iterator)
        except StopIteration:
            return found
        except fl.errors.FeedlineError as error:
            found.append(str(error))
            continue
        leaves, treedef = flatten(element)
        arrays = [leaf.flat_values if isinstance(leaf, fl.RaggedTensor) else np.asarray(leaf) for leaf in leaves]
        found.append((str(treedef), [(array.dtype.name, array.shape, array.tolist()) for array in arrays]))


STEPS: dict[str, Callable[[fl.Dataset], fl.Dataset]] = {
    "alone": lambda ds: ds,
    "batch": lambda ds: ds.batch(3),
    "ahead": lambda ds: ds.batch(3).prefetch(-1),
    "errors": lambda ds: ds.ignore_errors(),
    "errors of batches": lambda ds: ds.batch(4).ignore_errors(),
    "map": lambda ds: ds.map(lambda *element: element).batch(2),
    "padded": lambda ds: ds.padded_batch(3),
    "padded ahead": lambda ds: ds.padded_batch(4).prefetch(2),
}


def both_ways(make: Callable[[], fl.Dataset], monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
    """Returns what a dataset gives as it is run, and where each element is looked at by itself."""
    fl.random.set_seed(3)
    plain = given_by(make())
    with monkeypatch.context() as patch:
        patch.setattr(PlainElements, "like", classmethod(lambda *arguments: None))
        fl.random.set_seed(3)
        careful = given_by(make())
    fl.random.set_seed(None)
    return plain, careful


def one_buffer(count: int) -> Iterator[Any]:
    buffer = np.zeros((4, 2), np.float32)
    for number in range(count):
        buffer[...] = number
        yield buffer[: number % 4 + 1], number


def two_buffers_by_turns(count: int) -> Iterator[Any]:
    buffers = [np.zeros(3, np.int64), np.zeros(3, np.int64)]
    for number in range(count):
        buffer = buffers[number % 2]
        buffer += number
        yield buffer, number


def views_of_one_array(count: int) -> Iterator[Any]:
    whole = np.arange(100.0)
    for number in range(count):
        yield whole[number : number + 2 + number % 3], number
        whole *= 2


def written_to_afterwards(count: int) -> Iterator[Any]:
    for number in range(count):
        fresh = np.full(3, number, np.float64)
        yield fresh, number
        fresh += 100


def written_to_after_some(count: int) -> Iterator[Any]:
    kept = []
    for number in range(count):
        kept.append(np.full(2, number, np.float32))
        yield kept[-1], number
        if number % 4 == 3:
            for array in kept:
                array += 0.5


def resized_in_place(count: int) -> Iterator[Any]:
    array = np.arange(12)
    for number in range(count):
        array.resize((1 + number % 3, 2), refcheck=False)
        yield array, number
        array.resize((12,), refcheck=False)
        array += 1


def strides_of_all_kinds(count: int) -> Iterator[Any]:
    whole = np.arange(24.0).reshape(2, 3, 4)
    for number, view in zip(range(count), itertools.cycle([whole.T, whole[::-1], whole[:, ::2]]), strict=False):
        yield np.ascontiguousarray(view)[:1], number
        yield view[:1], number


def read_only(count: int) -> Iterator[Any]:
    array = np.arange(3)
    array.flags.writeable = False
    for number in range(count):
        yield array, number


GENERATORS = [
    one_buffer, two_buffers_by_turns, views_of_one_array, written_to_afterwards, written_to_after_some,
    resized_in_place, strides_of_all_kinds, read_only,
]  # fmt: skip


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("elements", GENERATORS)
@pytest.mark.parametrize("form", ["pair", "array", "dict", "nested"])
def test_what_the_generator_does_to_an_array_afterwards_is_not_seen(elements, steps, form, monkeypatch) -> None:
    def formed(count):
        for array, number in elements(int(count)):
            yield {
                "pair": (array, number),
                "array": array,
                "dict": {"b": number, "a": array},
                "nested": ((array, number), {"c": array}),
            }[form]

    plain, careful = both_ways(lambda: STEPS[steps](generator(formed, args=(23,))), monkeypatch)
    assert plain == careful
    if steps == "alone":
        assert len(plain) == 23 * (1 + (elements is strides_of_all_kinds))


def test_large_arrays_are_copied_before_the_generator_is_asked_on(monkeypatch) -> None:
    def elements(shape):
        buffer = np.zeros(shape)
        for number in range(9):
            buffer += number
            yield buffer, number

    for signature, shape in [((40, 40), (40, 40)), ((None, 40), (40, 40)), (None, (40, 40))]:
        signed = None if signature is None else (spec(signature, "float64"), spec((), "int16"))

        def make(shape=shape, signed=signed):
            return generator(elements, args=(shape,), output_signature=signed).batch(4)

        plain, careful = both_ways(make, monkeypatch)
        assert plain == careful
        assert [batch[1][0][2][0][0][0] for batch in plain] == [0, 10, 36]


def test_views_of_different_lengths_of_a_large_array(monkeypatch) -> None:
    def elements():
        whole = np.zeros((50, 40))
        for number in range(12):
            whole += 1
            yield whole[: 30 + number % 3]

    for steps in STEPS.values():
        plain, careful = both_ways(lambda steps=steps: steps(generator(elements)), monkeypatch)
        assert plain == careful


VALUES = [
    1, 2, -1, 300, 1 << 40, 0.5, 1e300, float("nan"), float("inf"), True, "a", b"b", None, (), [1, 2], [1.5],
    np.int64(7), np.int32(7), np.uint8(200), np.float32(0.25), np.float64(0.1), np.bool_(True), np.float16(2),
    np.zeros(2, np.float32), np.ones(3, np.float32), np.ones(2), np.full(2, 1e300), np.zeros((2, 2), np.float32),
    np.zeros(0, np.float32), np.array(3.0, np.float32), np.arange(2), np.array(["x", "yz"]), np.ones(2, ">f4"),
    np.zeros(2, np.float32).view(np.recarray), np.ma.masked_array([1.0, 2.0], [False, True]),
    np.ones(2, "datetime64[s]"),
    (1, 2), {"a": 1}, fl.RaggedTensor(np.arange(3), [0, 1, 3]),
]  # fmt: skip
SIGNATURES = [
    None, spec((), "int32"), spec((), "uint8"), spec((), "float32"), spec((), "float16"), spec((), "bool"),
    spec((), "string"), spec((None,), "float32"), spec((2,), "float32"), spec((2,), "float64"), spec(None, "float32"),
    spec((None, 2), "float32"), spec((), "int64"), spec((), "float64"), spec((), "complex64"), spec(None, "int32"),
    spec((), "bfloat16"), spec((None,), "string"),
]  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(
    choices=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(range(len(VALUES)))), min_size=1, max_size=12),
    common=st.sampled_from(range(len(VALUES))),
    signature=st.sampled_from(range(len(SIGNATURES))),
    form=st.sampled_from(["alone", "pair", "dict"]),
    steps=st.sampled_from([name for name in STEPS if name != "map"]),
)
def test_whatever_a_generator_gives(choices, common, signature, form, steps) -> None:
    def elements():
        for repeats, other in choices:
            for value in [*[VALUES[common]] * repeats, VALUES[other]]:
                yield {"alone": value, "pair": (value, value), "dict": {"x": value, "y": 3}}[form]

    leaf = SIGNATURES[signature]
    signed = leaf and {"alone": leaf, "pair": (leaf, leaf), "dict": {"x": leaf, "y": spec((), "int32")}}[form]

    def make():
        return STEPS[steps](generator(elements, output_signature=signed))

    with pytest.MonkeyPatch.context() as patch:
        plain, careful = both_ways(make, patch)
    assert repr(plain) == repr(careful)  # NaN is not itself


@pytest.mark.parametrize("bad", [300, -1, True, 1.5, "x", np.int64(1 << 40), (1,), None, [1, 2, 3]])
@pytest.mark.parametrize("position", [0, 1, 5, 40])
def test_an_element_that_is_refused_is_named_and_the_others_are_given(bad, position) -> None:
    def elements():
        for number in range(45):
            yield np.full(2, number, np.float32), bad if number == position else 7

    dataset = generator(elements, output_signature=(spec((None,), "float32"), spec((), "uint8")))
    iterator = iter(dataset)
    assert [int(next(iterator)[0][0]) for _ in range(position)] == list(range(position))
    with pytest.raises(fl.errors.FeedlineError, match=f"element {position} of the generator"):
        next(iterator)
    others = [number for number in range(45) if number != position]
    assert [int(array[0]) for array, _ in dataset.ignore_errors()] == others
    batched = dataset.batch(2)
    before = [int(number) for array, _ in batched.ignore_errors() for number in array[:, 0]]
    assert before[: position // 2 * 2] == others[: position // 2 * 2]
    assert set(before) <= set(others)


@pytest.mark.parametrize("shape", [(3, 2), (40, 40)])
@pytest.mark.parametrize("leading", ["fixed", "unknown"])
@pytest.mark.parametrize("position", [0, 1, 5, 17])
@pytest.mark.parametrize(
    "change",
    [
        lambda array, label: (array,),
        lambda array, label: (array, label, label),
        lambda array, label: [array, label],
        lambda array, label: {"array": array, "label": label},
        lambda array, label: (array.view(np.recarray), label),
        lambda array, label: (array.tolist(), label),
        lambda array, label: (array[:-1], label),
        lambda array, label: (array[:, :-1], label),
        lambda array, label: (array.T, label),
        lambda array, label: (array.astype(np.float32), label),
        lambda array, label: (array.astype(">f8"), label),
        lambda array, label: (array, bool(label)),
        lambda array, label: (array, np.int16(label)),
        lambda array, label: (array, 1 << 40),
        lambda array, label: [][label],
        lambda array, label: {}[label],
        lambda array, label: int("none"),
    ],
)
@pytest.mark.parametrize("steps", ["alone", "batch", "errors", "padded ahead"])
def test_pairs_of_which_one_is_odd(shape, leading, position, change, steps, monkeypatch) -> None:
    def elements():
        array = np.zeros(shape)
        for number in range(20):
            array += fl.random.uniform(())
            yield change(array, number) if number == position else (array, number)

    signed = spec(shape if leading == "fixed" else (None, *shape[1:]), "float64"), spec((), "int32")
    plain, careful = both_ways(lambda: STEPS[steps](generator(elements, output_signature=signed)), monkeypatch)
    assert plain == careful


def test_draws_are_the_elements_own(monkeypatch) -> None:
    def elements():
        array = np.zeros(2, np.float32)
        for number in range(20):
            if number % 3:
                array[:] = fl.random.uniform((2,)) + fl.random.uniform((), seed=4)
                array[0] += sum(float(x) for x in fl.Dataset.range(2).map(lambda n: fl.random.uniform(())))
            yield array, number

    def make():
        return generator(elements).batch(7).repeat(2)

    plain, careful = both_ways(make, monkeypatch)
    assert plain == careful
    one_by_one, _ = both_ways(lambda: generator(elements).repeat(2), monkeypatch)
    rows = [row for _, ((_, _, batch), _) in plain for row in batch]
    assert rows == [row for _, ((_, _, row), _) in one_by_one]
    assert len({tuple(row) for row in rows}) > 20


class Restarting:
    """An iterator whose `iter` begins anew, and which goes on after its end."""

    def __init__(self) -> None:
        self.number = 0

    def __iter__(self) -> "Restarting":
        self.number = 0
        return self

    def __next__(self) -> int:
        self.number += 1
        if self.number % 8 == 0:
            raise StopIteration
        return self.number


class OnlyNext:
    def __init__(self) -> None:
        self.number = 0

    def __next__(self) -> int:
        self.number += 1
        if self.number == 8:
            raise StopIteration
        return self.number


@pytest.mark.parametrize("make", [Restarting, OnlyNext, lambda: map(int, range(1, 8)), lambda: iter(range(1, 8))])
@pytest.mark.parametrize("batch", [1, 2, 5, 100])
def test_iterators_of_all_kinds(make, batch) -> None:
    batches = [part.tolist() for part in generator(make).batch(batch)]
    assert batches == [list(range(1, 8))[start : start + batch] for start in range(0, 7, batch)]


def test_no_more_is_asked_for_than_is_needed() -> None:
    asked = []

    def elements():
        for number in range(1000):
            asked.append(number)
            yield np.zeros(2), number

    iterator = iter(generator(elements).batch(8))
    for batches in range(1, 30):
        next(iterator)
        assert len(asked) == 8 * batches


@pytest.mark.parametrize("buffer_size", [1, 2, 5])
def test_prefetch_says_how_far_the_generator_is_ahead(buffer_size) -> None:
    asked = []

    def elements():
        for number in range(1000):
            asked.append(number)
            yield np.zeros(2), number

    dataset = generator(elements).batch(4).prefetch(buffer_size).with_options(fl.Options(executor="inline"))
    iterator = iter(dataset)
    for batches in range(1, 100):
        next(iterator)
        assert len(asked) <= 4 * (batches + buffer_size)


@pytest.mark.parametrize("k", [0, 1, 31, 32, 33, 100, 300])
@pytest.mark.parametrize("ahead", [False, True])
def test_what_the_generator_raises_comes_after_the_batches_before_it(k, ahead) -> None:
    def broken():
        for number in range(k):
            yield np.full((number % 3, 2), number, np.float32), number
        raise KeyError("lost")

    dataset = generator(broken, output_signature=(spec((None, 2), "float32"), spec((), "int32"))).padded_batch(32)
    iterator = iter(dataset.prefetch(-1) if ahead else dataset)
    given = [next(iterator)[1].tolist() for _ in range(k // 32)]
    assert given == [list(range(start, start + 32)) for start in range(0, k // 32 * 32, 32)]
    with pytest.raises(fl.errors.UserFunctionError, match=f"element {k} of the generator"):
        next(iterator)
    assert list(iterator) == []


def taker(element, *specs) -> PlainElements | None:
    treedef = flatten(element)[1]
    return PlainElements.like(element, treedef, [Converter(each, "x", True) for each in specs], packs=False)


def test_what_is_taken_and_what_is_left() -> None:
    plain = taker((np.zeros(2), 1), spec((2,), "float64"), spec((), "int32"))
    assert plain is not None
    elements = iter([(np.zeros(2), 1), (np.ones(2), 2), (np.ones(3), 3), (np.ones(2), 4)])
    assert plain.begin(3) == 3
    left = plain.take([], elements, 3)
    assert left[1] == 3
    assert plain.taken == 2
    block = plain.block()
    assert block is not None
    assert [column.tolist() for column in block.columns] == [[[0, 0], [1, 1]], [1, 2]]
    assert [int(number) for _, number in plain.elements()] == [1, 2]
    plain.begin(1)
    assert plain.take([], elements, 1) is NONE_LEFT
    plain.begin(1)
    assert plain.take([], elements, 1) is ENDED
    assert plain.taken == 0


def test_elements_that_are_not_plain_are_not_taken_at_all() -> None:
    for element, expected in [
        ([1, 2], spec((2,), "int32")),
        (np.array(["a"]), spec((1,), "string")),
        (np.zeros(2, np.int64), spec((2,), "string")),
        (1, spec((), "string")),
        (1, spec((), "bool")),
        (1.5, spec((), "int32")),
        (np.zeros(3), spec((2,), "float64")),
        (fl.RaggedTensor(np.arange(3), [0, 1, 3]), fl.RaggedTensorSpec((2, None), "int64")),
    ]:
        assert taker(element, expected) is None
    assert taker((), *()) is None


def test_large_elements_are_taken_few_at_a_time() -> None:
    plain = taker(np.zeros((1024, 1024)), spec((1024, 1024), "float64"))
    assert plain is not None
    assert plain.begin(1000) == 8
