import collections
import itertools
import threading

import numpy as np
import pytest

import feedline as fl

generator = fl.Dataset.from_generator
spec = fl.TensorSpec


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


def count(stop=3):
    yield from range(int(stop))


def test_it_is_called_anew_for_each_epoch() -> None:
    calls = []

    def elements():
        calls.append(1)
        yield from range(3)

    dataset = generator(elements)
    assert numbers(dataset) == numbers(dataset) == [0, 1, 2]
    assert numbers(dataset.repeat(2)) == [0, 1, 2] * 2
    assert len(calls) == 4


def test_what_may_be_given() -> None:
    class Sequence:
        def __getitem__(self, index):
            if index > 2:
                raise IndexError
            return index

    class Iterable:
        def __iter__(self):
            return count()

        def __call__(self):
            return count()

    for function in (
        count,
        lambda: [0, 1, 2],
        lambda: iter(range(3)),
        [0, 1, 2],
        range(3),
        Iterable(),
        lambda: np.arange(3),
    ):
        dataset = generator(function)
        assert numbers(dataset) == numbers(dataset) == [0, 1, 2]
    assert numbers(generator(count, args=(2,))) == [0, 1]
    assert numbers(generator(lambda text, array: iter([len(text) + len(array)]), args=("abc", [1, 2]))) == [5]
    assert numbers(generator(itertools.count).take(3)) == [0, 1, 2]


def test_a_generator_object_is_refused() -> None:
    with pytest.raises(fl.errors.ExhaustedGeneratorError, match="empty in the second epoch") as caught:
        generator(count())
    assert "from_generator(make_elements)" in str(caught.value)
    with pytest.raises(fl.errors.ExhaustedGeneratorError):
        generator(iter([1, 2]))
    once = count()
    dataset = generator(lambda: once)
    assert numbers(dataset) == [0, 1, 2]
    with pytest.raises(fl.errors.ExhaustedGeneratorError, match="earlier epoch"):
        numbers(dataset)
    with pytest.raises(fl.errors.ExhaustedGeneratorError):
        numbers(generator(lambda: once).repeat(2))


def test_without_a_signature_the_first_element_decides() -> None:
    dataset = generator(lambda: iter([{"a": 1, "b": ([1.5], "x")}, {"a": 2, "b": ([2.5, 3.5], "yz")}]))
    first, second = dataset
    assert first["a"].dtype == np.int32
    assert second["b"][0].tolist() == [2.5, 3.5]
    assert second["b"][1] == b"yz"
    assert dataset.element_spec == {"a": spec((), "int32"), "b": (spec((None,), "float32"), spec((), "string"))}
    with pytest.raises(fl.errors.StructureError, match="no element"):
        generator(lambda: iter(())).element_spec


def test_per_batch() -> None:
    def batches():
        for start in range(0, 6, 4):
            yield np.arange(start, min(start + 4, 6)), ["a"] * min(4, 6 - start)

    dataset = generator(batches, output_signature=(spec((None,), "int64"), spec((None,), "string")))
    assert [(a.tolist(), len(b)) for a, b in dataset] == [([0, 1, 2, 3], 4), ([4, 5], 2)]
    assert [a.tolist() for a, _ in dataset.map(lambda a, b: (a * 2, b), 2)] == [[0, 2, 4, 6], [8, 10]]


@pytest.mark.parametrize("shape", [(3,), (None,)])
@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (np.array([1, 2, 3]), "int32", [1, 2, 3]), (np.array([1, 2, 3], "uint8"), "int64", [1, 2, 3]),
        (np.array([1, 2, 3]), "float32", [1, 2, 3]), (np.array([0.1, np.inf, -2]), "float32", [0.1, np.inf, -2]),
        (np.array([1, 2, 3], "float16"), "float64", [1, 2, 3]), (np.array([1, 2, 3.0]), "complex64", [1, 2, 3]),
    ],
)  # fmt: skip
def test_arrays_take_the_dtype_of_the_signature_where_it_can_hold_them(value, dtype, expected, shape) -> None:
    ds = generator(lambda: iter([value] * 3), output_signature=spec(shape, dtype))
    for element in ds:
        assert element.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(element, np.array(expected, dtype))


def test_without_a_signature_the_dtype_may_not_change() -> None:
    with pytest.raises(fl.errors.SignatureError, match="int64 where float64"):
        list(generator(lambda: iter([np.zeros(2), np.zeros(2, np.int64)])))


def test_python_numbers_take_the_dtype_of_the_signature() -> None:
    cases = [
        (3, "int64", 3), (3, "uint8", 3), (3, "float32", 3.0), (0.5, "float64", 0.5), (True, "bool", True),
        ([1, 2], "int64", [1, 2]), ([1, 2], "float32", [1.0, 2.0]), ([0.5], "float16", [0.5]),
        ("é", "string", "é".encode()), ([1e300], "float64", [1e300]), ([1 << 40], "int64", [1 << 40]),
        (0.1, "float16", 0.0999755859375),
        (["a\x00"], "string", [b"a\x00"]), ([], "int32", []), ((1, 2), "int16", [1, 2]),
    ]  # fmt: skip
    for value, dtype, expected in cases:
        signature = spec(None, dtype)
        (element,) = generator(lambda value=value: iter([value]), output_signature=signature)
        assert np.asarray(element).tolist() == expected
        if dtype != "string":
            assert element.dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("value", "signature", "text"),
    [
        (np.zeros(3), spec((2,), "float64"), r"shape \(3,\) where \(2,\)"),
        (np.zeros((2, 1)), spec((None,), "float64"), "shape"),
        (np.full(2, 1e300), spec((2,), "float32"), "float64 1e[+]300, which float32 cannot hold"),
        (np.array([1, 1 << 40]), spec((None,), "int32"), "int64 1099511627776, which int32 cannot hold"),
        (np.int64(-1), spec((), "uint64"), "cannot hold"),
        (np.array([1 << 24 | 1]), spec((1,), "float32"), "cannot hold"),
        (np.zeros(2), spec((2,), "int32"), "float64 where int32"),
        (np.ones(2, bool), spec((2,), "int32"), "bool where int32"),
        (np.ones(2, "uint8"), spec((2,), "bool"), "uint8 where bool"),
        (300, spec((), "uint8"), "cannot hold"),
        (-1, spec((), "uint8"), "cannot hold"),
        (1.5, spec((), "int32"), "cannot hold"),
        (1e300, spec((), "float32"), "cannot hold"),
        (True, spec((), "int32"), "cannot hold"),
        (1, spec((), "bool"), "cannot hold"),
        ([300], spec((1,), "uint8"), ""),
        ([1.5], spec((1,), "int32"), ""),
        ([1e300], spec((1,), "float32"), ""),
        ([True], spec((1,), "int32"), ""),
        (1, spec((), "string"), "int32 where string"),
        ("a", spec((), "int32"), "string where int32"),
        ((1, 2), (spec((), "int32"),), "gave"),
        (1, (spec((), "int32"), spec((), "int32")), "gave"),
        ({"a": 1}, {"b": spec((), "int32")}, "gave"),
        ([1, 2], (spec((), "int32"), spec((), "int32")), "tuple"),
        (None, spec((), "int32"), ""),
        (np.zeros((1, 2)), fl.RaggedTensorSpec((None, None), "float64"), "RaggedTensor"),
    ],
)
@pytest.mark.parametrize("position", [0, 5])
def test_elements_that_the_signature_does_not_allow(value, signature, text, position) -> None:
    good = {
        "int32": 1, "int64": 1, "uint8": 1, "uint64": 1, "bool": True, "string": "a",
    }  # fmt: skip

    def fitting(part):
        if isinstance(part, tuple):
            return tuple(fitting(inner) for inner in part)
        if isinstance(part, dict):
            return {key: fitting(inner) for key, inner in part.items()}
        if isinstance(part, fl.RaggedTensorSpec):
            return fl.RaggedTensor(np.zeros(2), [0, 1, 2])
        if part.shape == ():
            return good.get("string" if part.dtype == object else part.dtype.name, 0.5)
        return np.zeros([length or 1 for length in part.shape], part.dtype)

    def elements():
        for _ in range(position):
            yield fitting(signature)
        yield value

    iterator = iter(generator(elements, output_signature=signature))
    for _ in range(position):
        next(iterator)
    with pytest.raises((fl.errors.SignatureError, fl.errors.DtypeError), match=text or None) as caught:
        next(iterator)
    shown = str(caught.value)
    assert f"element {position} of the generator" in shown
    assert "test_generator.py:" in shown
    assert caught.value.fix
    assert list(iterator) == []


def test_without_a_signature_later_elements_must_fit_the_first() -> None:
    for later in (1.5, "a", (1, 2), {"a": 1}, None, [1, 2]):
        with pytest.raises((fl.errors.SignatureError, fl.errors.DtypeError), match="element 1 of the generator"):
            list(generator(lambda later=later: iter([1, later])))


def test_older_arguments() -> None:
    dataset = generator(count, output_types="int64", output_shapes=())
    assert numbers(dataset) == [0, 1, 2]
    assert dataset.element_spec == spec((), "int64")
    both = generator(lambda: iter([(1, [2.0])]), output_types=("int32", "float32"), output_shapes=((), (None,)))
    assert both.element_spec == (spec((), "int32"), spec((None,), "float32"))
    assert generator(count, "int32").element_spec == spec(None, "int32")


@pytest.mark.parametrize(
    "arguments",
    [(3,), (None,), (count, None, None, None, 3), (count, None, None, None, (spec((), "int32"), "int32")),
     (count, "int32", None, None, spec((), "int32"))],
)  # fmt: skip
def test_bad_arguments(arguments) -> None:
    with pytest.raises(fl.errors.ArgumentError):
        generator(*arguments)


def test_a_function_that_gives_no_iterator() -> None:
    with pytest.raises(fl.errors.FeedlineError, match="not an iterator"):
        list(generator(lambda: 3))
    with pytest.raises(fl.errors.FeedlineError, match="not an iterator"):
        list(generator(lambda: None))


@pytest.mark.parametrize("prefetch", [False, True])
@pytest.mark.parametrize("k", [0, 1, 7])
def test_an_error_comes_after_the_elements_before_it(prefetch, k) -> None:
    def broken():
        yield from range(k)
        raise KeyError("lost")  # here

    dataset = generator(broken)
    for steps in (dataset, dataset.map(lambda n: n, 3), dataset.batch(1).map(lambda batch: batch[0])):
        iterator = iter(steps.prefetch(2) if prefetch else steps)
        assert [int(next(iterator)) for _ in range(k)] == list(range(k))
        with pytest.raises(fl.errors.UserFunctionError, match="lost") as caught:
            next(iterator)
        assert isinstance(caught.value.__cause__, KeyError)
        assert 'raise KeyError("lost")  # here' in str(caught.value)
        assert f"element {k} of the generator" in str(caught.value)
        assert list(iterator) == []


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("calls", [None, 2])
def test_whole_batches_before_an_error_are_given(batch, calls) -> None:
    def broken():
        yield from range(8)
        raise ValueError("after eight")

    iterator = iter(generator(broken).batch(batch).map(lambda b: b, calls))
    given = []
    with pytest.raises(fl.errors.UserFunctionError, match="after eight"):
        collections.deque(map(given.append, iterator))
    given = [number for part in given for number in part.tolist()]
    assert given == list(range(8 // batch * batch))


@pytest.mark.parametrize("build", [
    lambda ds: ds,
    lambda ds: ds.map(lambda n: n),
    lambda ds: ds.map(lambda n: n, 3).prefetch(3),
    lambda ds: ds.shuffle(4).batch(2),
    lambda ds: ds.filter(lambda n: True).repeat(),
    lambda ds: fl.Dataset.zip(ds, fl.Dataset.range(100)),
    lambda ds: ds.concatenate(ds).cache(),
    lambda ds: ds.skip(1).shard(2, 0).padded_batch(1).enumerate(),
])  # fmt: skip
@pytest.mark.parametrize("how", ["close", "drop", "error"])
def test_finally_runs_when_the_iterator_is_let_go(build, how) -> None:
    ended = threading.Event()

    def endless():
        try:
            yield from itertools.count()
        finally:
            ended.set()

    dataset = build(generator(endless))
    if how == "error":
        dataset = dataset.map(lambda *element: 1 / 0)
    iterator = iter(dataset)
    if how == "error":
        with pytest.raises(fl.errors.UserFunctionError, match="ZeroDivisionError"):
            next(iterator)
    else:
        next(iterator)
        next(iterator)
        assert not ended.is_set()
        if how == "close":
            iterator.close()
    del iterator
    assert ended.wait(10)


def test_take_ends_an_endless_generator() -> None:
    ended = threading.Event()

    def endless():
        try:
            yield from itertools.count()
        finally:
            ended.set()

    assert numbers(generator(endless).map(lambda n: n, 2).take(3)) == [0, 1, 2]
    assert ended.wait(10)


def test_one_buffer_given_again_and_again() -> None:
    buffer = np.zeros(2)

    def reused():
        for number in range(6):
            buffer[:] = number
            yield buffer, buffer[: number % 2 + 1]

    for dataset in (generator(reused), generator(reused).prefetch(2), generator(reused).map(lambda a, b: (a, b), 2)):
        assert [a.tolist() for a, _ in list(dataset)] == [[n, n] for n in range(6)]
        assert [b.tolist() for _, b in list(dataset)] == [[n] * (n % 2 + 1) for n in range(6)]
    ragged = fl.RaggedTensor(buffer, np.array([0, 1, 2]))

    def same_ragged():
        for number in range(3):
            buffer[:] = number
            yield ragged

    assert [row.to_list() for row in list(generator(same_ragged))] == [[[n], [n]] for n in range(3)]


@pytest.mark.parametrize("calls", [None, 3])
def test_draws_are_the_same_for_every_number_of_workers(calls) -> None:
    def drawing():
        for _ in range(10):
            yield fl.random.uniform(())

    def run(calls):
        fl.random.set_seed(8)
        dataset = generator(drawing)
        fl.random.set_seed(None)
        dataset = dataset if calls is None else dataset.map(lambda x: x, calls).prefetch(2)
        return [[float(x) for x in dataset] for _ in range(2)]

    first, second = run(calls)
    assert len({*first, *second}) == 20
    assert [first, second] == run(None)


def test_lengths_are_not_known() -> None:
    dataset = generator(count)
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY
    with pytest.raises(fl.errors.UnknownCardinalityError, match="sum"):
        len(dataset)
    with pytest.raises(fl.errors.ArgumentError, match="streamed"):
        dataset[0]
    assert "a generator gives only its next element" in dataset.explain()
    assert len(list(dataset)) == 3  # list() asks for the length and must not stumble over the answer


@pytest.mark.parametrize("signature", [fl.TensorSpec((None,), "string"), None])
def test_an_empty_list_is_of_the_dtype_that_is_asked_for(signature) -> None:
    words = fl.Dataset.from_generator(lambda: iter([["a"], [], ["b", "c"]]), output_signature=signature)
    assert [row.tolist() for row in words] == [[b"a"], [], [b"b", b"c"]]
    assert {row.dtype for row in words} == {np.dtype(object)}
    numbers = fl.Dataset.from_generator(lambda: iter([[1], []]), output_signature=fl.TensorSpec((None,), "int16"))
    assert [row.dtype for row in numbers] == [np.int16] * 2


def test_ragged_and_sparse_tensors_are_no_arrays() -> None:
    ragged = fl.RaggedTensor(np.arange(3), [0, 1, 3])
    for dtype in ("int64", "float32"):
        with pytest.raises(fl.errors.SignatureError, match="a RaggedTensor where an array is expected"):
            list(generator(lambda: iter([ragged]), output_signature=spec((None, None), dtype)))


def test_integers_become_complex_without_a_warning(recwarn) -> None:
    (value,) = generator(lambda: iter([np.array([1, 2])]), output_signature=spec((2,), "complex64"))
    assert value.tolist() == [1, 2]
    assert not recwarn.list
