import json
import threading

import numpy as np
import pytest

import feedline as fl

CALLS = [None, 1, 2, 7, fl.AUTOTUNE]


def values(dataset) -> list:
    return [np.asarray(element).tolist() for element in dataset]


def test_tuples_become_arguments_and_other_structures_stay_whole() -> None:
    pairs = fl.Dataset.from_tensor_slices((np.arange(3), np.arange(3) * 10))
    assert values(pairs.map(lambda a, b: a + b)) == [0, 11, 22]
    named = fl.Dataset.from_tensor_slices({"a": np.arange(3)})
    assert values(named.map(lambda element: element["a"])) == [0, 1, 2]
    nested = fl.Dataset.zip((pairs, named))
    assert values(nested.map(lambda pair, named: pair[1] + named["a"])) == [0, 11, 22]


def test_results_become_components() -> None:
    def results(number):
        return {"int": 1, "float": 0.5, "bool": True, "text": "é", "list": [1, 2], "none": None, "number": number}

    element = fl.Dataset.range(1).map(results)[0]
    assert element["int"].dtype == np.int32
    assert element["float"].dtype == np.float32
    assert element["bool"].dtype == np.bool_
    assert element["text"] == "é".encode()
    assert element["list"].dtype == np.int32
    assert element["none"] is None
    assert element["number"].dtype == np.int64


@pytest.mark.parametrize("calls", CALLS)
@pytest.mark.parametrize("prefetch", [False, True])
@pytest.mark.parametrize("batch", [1, 4, 100])
def test_same_seed_same_bytes_for_every_number_of_workers(calls, prefetch, batch) -> None:
    def augment(number):
        noise = fl.random.uniform((3,)) + fl.random.generator().standard_normal(3).astype("float32")
        return number, noise, np.float32(fl.random.stream(5).random())

    def run(calls, prefetch):
        dataset = fl.Dataset.range(40).shuffle(40, seed=3).map(augment, calls).batch(batch).repeat(2)
        return list(dataset.prefetch(2) if prefetch else dataset)

    fl.random.set_seed(11)
    expected = run(None, False)
    fl.random.set_seed(11)
    for ours, theirs in zip(run(calls, prefetch), expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    fl.random.set_seed(None)


@pytest.mark.parametrize("calls", CALLS)
def test_draws_differ_by_element_and_epoch_and_seed(calls) -> None:
    fl.random.set_seed(1)
    dataset = fl.Dataset.range(50).map(lambda number: fl.random.uniform(()), calls)
    other = fl.Dataset.range(50).map(lambda number: fl.random.uniform(()), calls)
    fl.random.set_seed(None)
    draws = values(dataset) + values(dataset) + values(other)
    assert len(set(draws)) == 150


def test_the_same_element_has_the_same_draw_wherever_the_shuffle_put_it_next() -> None:
    fl.random.set_seed(1)
    drawn = fl.Dataset.range(20).map(lambda number: (number, fl.random.uniform(())))
    fl.random.set_seed(None)
    straight = {int(number): float(draw) for number, draw in drawn}
    moved = {int(number): float(draw) for number, draw in drawn.shuffle(20, seed=0)}
    assert moved == straight


def test_a_pipeline_inside_a_function_does_not_disturb_the_draws() -> None:
    def draw(number, nested):
        before = fl.random.uniform(())
        if nested:
            list(fl.Dataset.range(3).map(lambda inner: fl.random.uniform(())))
        return before, fl.random.uniform(())

    results = []
    for nested in (False, True):
        fl.random.set_seed(4)
        dataset = fl.Dataset.range(3).map(lambda number, nested=nested: draw(number, nested))
        results.append([[float(a), float(b)] for a, b in dataset])
        fl.random.set_seed(None)
    assert results[0] == results[1]


class Overlap:
    """Counts how many calls run at one time; each waits until `wanted` do, or a while."""

    def __init__(self, wanted: int, patience: float) -> None:
        self.wanted, self.patience = wanted, patience
        self.running = self.most = 0
        self.condition = threading.Condition()

    def __call__(self, number):
        with self.condition:
            self.running += 1
            self.most = max(self.most, self.running)
            self.condition.notify_all()
            self.condition.wait_for(lambda: self.most >= self.wanted, self.patience)
        with self.condition:
            self.running -= 1
        return number


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("calls", "expected"), [(2, 2), (3, 3)])
def test_as_many_calls_run_at_one_time_as_were_asked_for(streamed, calls, expected) -> None:
    overlap = Overlap(expected, 10.0)
    source = fl.Dataset.from_generator(lambda: iter(range(9))) if streamed else fl.Dataset.range(9)
    assert values(source.map(overlap, num_parallel_calls=calls)) == list(range(9))
    assert overlap.most == expected


@pytest.mark.parametrize("streamed", [False, True])
def test_a_map_without_parallel_calls_never_runs_beside_itself(streamed) -> None:
    overlap, busy = Overlap(2, 0.02), Overlap(2, 10.0)
    source = fl.Dataset.from_generator(lambda: iter(range(9))) if streamed else fl.Dataset.range(9)
    dataset = source.map(overlap).map(busy, num_parallel_calls=3).prefetch(3)
    assert values(dataset) == list(range(9))
    assert overlap.most == 1
    assert busy.most > 1


def test_each_map_keeps_to_its_own_number() -> None:
    two, four = Overlap(3, 0.02), Overlap(4, 10.0)
    dataset = fl.Dataset.range(12).map(two, num_parallel_calls=2).map(four, num_parallel_calls=4)
    assert values(dataset) == list(range(12))
    assert two.most <= 2
    assert four.most > 2


def test_a_map_that_runs_after_a_failure_does_not_run_beside_itself() -> None:
    overlap = Overlap(2, 0.02)

    def fail(number):
        overlap(number)
        if number == 5:
            raise ValueError
        return number

    with pytest.raises(fl.errors.UserFunctionError):
        values(fl.Dataset.range(30).map(fail).prefetch(4))
    assert overlap.most == 1


def fails_at(k: int):
    def function(number):
        if number == k:
            raise KeyError("lost")  # the user's own line
        return number

    return function


@pytest.mark.parametrize("calls", CALLS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("prefetch", [False, True])
@pytest.mark.parametrize("k", [0, 1, 13, 39])
def test_an_error_comes_after_the_elements_before_it_and_ends_the_iterator(calls, streamed, prefetch, k) -> None:
    source = fl.Dataset.from_generator(lambda: iter(np.arange(40))) if streamed else fl.Dataset.range(40)
    dataset = source.map(fails_at(k), calls)
    iterator = iter(dataset.prefetch(3) if prefetch else dataset)
    given = []
    with pytest.raises(fl.errors.UserFunctionError, match="lost") as caught:
        given.extend(int(number) for number in iterator)
    given += [int(number) for number in iterator]  # nothing more comes
    assert given == [] or given == list(range(k))
    assert isinstance(caught.value.__cause__, KeyError)
    iterator = iter(dataset)
    for expected in range(k):
        assert next(iterator) == expected
    with pytest.raises(fl.errors.UserFunctionError):
        next(iterator)
    with pytest.raises(StopIteration):
        next(iterator)


def test_an_error_in_a_batch_comes_after_the_batches_before_it() -> None:
    for calls in CALLS:
        iterator = iter(fl.Dataset.range(40).map(fails_at(25), calls).batch(4))
        for start in range(0, 24, 4):
            assert next(iterator).tolist() == list(range(start, start + 4))
        with pytest.raises(fl.errors.UserFunctionError):
            next(iterator)


def test_an_error_says_what_where_and_how_to_mend_it() -> None:
    with pytest.raises(fl.errors.UserFunctionError) as caught:
        values(fl.Dataset.from_tensor_slices(["a.png", "b.png"]).map(lambda name: int(name)))
    text = str(caught.value)
    assert "the lambda raised ValueError: invalid literal" in text
    assert "test_map.py:" in text
    assert ".map(lambda name: int(name))" in text
    assert "element 0, which is 'a.png'" in text
    assert "fix:" in text


def test_the_line_is_the_users_own_not_the_librarys() -> None:
    def parse(number):
        return json.loads("{")  # this line

    with pytest.raises(fl.errors.UserFunctionError) as caught:
        values(fl.Dataset.range(1).map(parse))
    assert 'return json.loads("{")  # this line' in str(caught.value)
    assert "decoder.py" not in str(caught.value)


def test_an_error_that_does_not_come_again_is_still_raised() -> None:
    calls = []

    def once(number):
        calls.append(number)
        if len(calls) == 20:
            raise ConnectionError("gone for a moment")
        return number

    given = []
    with pytest.raises(fl.errors.UserFunctionError, match="gone for a moment"):
        given.extend(batch.tolist() for batch in fl.Dataset.range(100).map(once).batch(2))
    assert given == [[number, number + 1] for number in range(0, 2 * len(given), 2)]


def test_stop_iteration_in_a_function_is_an_error_not_the_end() -> None:
    def stop(number):
        raise StopIteration

    with pytest.raises(fl.errors.UserFunctionError, match="StopIteration"):
        values(fl.Dataset.range(3).map(stop))


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (lambda number: None, fl.errors.UserFunctionError, "return"),
        (lambda number: {1, 2}, fl.errors.DtypeError, "set"),
        (lambda number: object(), fl.errors.DtypeError, "object"),
        (lambda number: {"a": [1, "a"]}, fl.errors.DtypeError, "mixes text"),
        (lambda number: {"a": ["a", 1]}, fl.errors.DtypeError, "mixes text"),
        (lambda number: {"a": [[1], [1, 2]]}, fl.errors.DtypeError, "different shapes"),
        (lambda number: 1 << 63, fl.errors.DtypeError, "does not fit int64"),
        (lambda number: 1e300, fl.errors.DtypeError, "does not fit float32"),
        (lambda number: (), fl.errors.StructureError, "no arrays"),
        (lambda number: np.datetime64("2020-01-01"), fl.errors.DtypeError, "dates"),
        (lambda number: np.zeros(2, [("a", "i4")]), fl.errors.DtypeError, "structured"),
        (lambda number: np.ma.masked_array([1, 2], [0, 1]), fl.errors.DtypeError, "masked"),
        (lambda number: 1 if number < 2 else 1.0, fl.errors.DtypeError, "float32"),
        (lambda number: 1 if number < 2 else (1, 2), fl.errors.StructureError, "gave"),
        (lambda number: (1, 2) if number < 2 else (1, (2, 3)), fl.errors.StructureError, "gave"),
        (lambda number: {"a": 1} if number < 2 else {"b": 1}, fl.errors.StructureError, "gave"),
        (lambda number: (1, 2) if number < 2 else (1, None), fl.errors.StructureError, "gave"),
    ],
)
@pytest.mark.parametrize("batched", [False, True])
def test_results_that_cannot_be_elements(function, error, text, batched) -> None:
    dataset = fl.Dataset.range(4).map(function)
    with pytest.raises(error, match=text) as caught:
        list(dataset.batch(4) if batched else dataset)
    assert "test_map.py:" in str(caught.value)


@pytest.mark.parametrize("known", [True, False])
def test_functions_of_another_number_of_arguments(known) -> None:
    """Where the structure is known as the pipeline is built, so is the error; otherwise it comes with the element."""

    def three(a, b, *, c):
        return a

    pairs = fl.Dataset.from_tensor_slices(([1, 2], [3, 4]))
    ones = fl.Dataset.range(2)
    if not known:
        pairs, ones = pairs.map(lambda x, y: (x, y)), ones.map(lambda x: x)
    for dataset, function, texts in (
        (
            pairs,
            lambda x: x,
            ["elements are tuples of 2", "the lambda in map(<lambda>) takes 1 argument.", "lambda x, y"],
        ),
        (pairs, lambda: 1, ["takes 0 arguments."]),
        (pairs, lambda x, y, z, w=1: x, ["takes 3 to 4 arguments."]),
        (pairs, lambda x, y, z, *w: x, ["takes 3 or more arguments."]),
        (pairs, three, ["three() in map(three) takes 2 arguments, and c by name."]),
        (ones, lambda x, y: x, ["elements have one component", "takes 2 arguments.", "lambda x: ..."]),
    ):
        build = dataset.map if known else lambda function, dataset=dataset: list(dataset.map(function))
        with pytest.raises(fl.errors.StructureError) as caught:
            build(function)
        for text in (*texts, "map(", "test_map.py:"):
            assert text in str(caught.value)
    assert [int(a) for a in pairs.map(lambda *pair: pair[0])] == [1, 2]
    assert [int(a) for a in pairs.map(lambda x, y, z=3: x)] == [1, 2]
    assert [int(a) for a in pairs.map(max)] == [3, 4]


def test_a_type_error_within_the_function_is_told_as_it_is() -> None:
    def inner(a):
        return a

    for function in (lambda x: inner(x, x), lambda x: x + b"a", lambda x: len(3)):
        with pytest.raises(fl.errors.UserFunctionError, match="TypeError"):
            list(fl.Dataset.range(2).map(function))


def test_another_dtype_in_a_later_block_names_the_element() -> None:
    dataset = fl.Dataset.range(6).map(lambda n: {"a": np.float32(n) if n == 4 else n})
    for given in (dataset, dataset.batch(2), dataset.batch(6), dataset.prefetch(2)):
        with pytest.raises(fl.errors.DtypeError, match="float32 for component") as caught:
            list(given)
        assert "element 4" in str(caught.value)
        assert "['a']" in str(caught.value)


def test_a_function_may_fill_and_return_one_buffer_again_and_again() -> None:
    buffer = np.zeros(2)

    def fill(number):
        buffer[:] = number
        return buffer

    for dataset in (fl.Dataset.range(5).map(fill), fl.Dataset.range(5).map(lambda number: {"a": fill(number)})):
        got = [element["a"] if isinstance(element, dict) else element for element in dataset]
        assert [element.tolist() for element in got] == [[number, number] for number in range(5)]

    def fill_part(number):
        buffer[:] = number
        return buffer[: int(number) % 2 + 1]

    assert [element.tolist() for element in fl.Dataset.range(3).map(fill_part)] == [[0], [1, 1], [2]]


def test_a_large_fresh_result_is_not_copied() -> None:
    addresses = []

    def fresh(number):
        result = np.full(1000, number)
        addresses.append(result.__array_interface__["data"][0])
        return result

    element = next(iter(fl.Dataset.range(5).map(fresh)))
    assert element.__array_interface__["data"][0] == addresses[0]


def test_a_function_may_change_what_it_gets() -> None:
    array = np.zeros((4, 2))

    def change(row):
        row += 1
        return row

    for dataset in (
        fl.Dataset.from_tensor_slices(array),
        fl.Dataset.from_tensors(array[0]).repeat(4),
        fl.Dataset.from_tensor_slices(array).cache(),
        fl.Dataset.from_tensor_slices([np.zeros(1), np.zeros(2)]).cache(),
        fl.Dataset.from_generator(lambda: iter(array)).cache(),
        fl.Dataset.from_generator(lambda: iter([np.zeros(1), np.zeros(2)])).cache(),
    ):
        for _ in range(3):
            assert all((row == 1).all() for row in dataset.map(change))
    assert (array == 0).all()


def test_spec() -> None:
    dataset = fl.Dataset.range(5).map(lambda number: (number, np.zeros((2, 3), np.float32), "a"))
    assert dataset.element_spec == (
        fl.TensorSpec((), "int64"),
        fl.TensorSpec((2, 3), "float32"),
        fl.TensorSpec((), "string"),
    )
    assert fl.Dataset.range(5).batch(2).map(lambda batch: batch * 2).element_spec == fl.TensorSpec((None,), "int64")
    assert fl.Dataset.range(5).batch(2, True).map(lambda b: b * 2).element_spec == fl.TensorSpec((2,), "int64")
    rows = fl.Dataset.from_tensor_slices([np.arange(n) for n in range(5)])
    of_rows = rows.ragged_batch(2).map(lambda rows: (rows, rows.row_lengths())).element_spec
    assert of_rows == (fl.RaggedTensorSpec((None, None), "int64"), fl.TensorSpec((None,), "int64"))
    places = rows.sparse_batch(2, [9]).map(lambda places: (places, places.to_dense())).element_spec
    assert places == (fl.SparseTensorSpec((None, 9), "int64"), fl.TensorSpec((None, 9), "int64"))
    with pytest.raises(fl.errors.StructureError, match="no element"):
        fl.Dataset.range(0).map(lambda number: number).element_spec


def test_bad_arguments() -> None:
    with pytest.raises(fl.errors.ArgumentError, match="cannot be called"):
        fl.Dataset.range(3).map(3)
    for calls in (0, -2, 1.5, True, "2"):
        with pytest.raises(fl.errors.ArgumentError, match="num_parallel_calls"):
            fl.Dataset.range(3).map(abs, num_parallel_calls=calls)


def test_lengths_and_positions_stay() -> None:
    dataset = fl.Dataset.range(5).map(lambda number: number * 2)
    assert len(dataset) == 5
    assert [int(dataset[index]) for index in (0, 4, -1, -5)] == [0, 8, 8, 0]
    for index in (5, -6):
        with pytest.raises(IndexError, match="dataset of 5"):
            dataset[index]


def test_a_batch_that_is_passed_on_is_not_copied_and_not_shared() -> None:
    given = []

    def twice(batch):
        given.append(batch.__array_interface__["data"][0])
        return batch, batch

    first, second = next(iter(fl.Dataset.range(1000).batch(1000).map(twice)))
    assert first.__array_interface__["data"][0] == given[0]
    assert not np.shares_memory(first, second)


def test_a_list_is_several_components_as_in_tensorflow() -> None:
    dataset = fl.Dataset.range(3).map(lambda number: [number, b"text"])
    assert list(dataset.as_numpy_iterator()) == [(number, b"text") for number in range(3)]
    assert isinstance(dataset.element_spec, tuple)
    assert len(dataset.element_spec) == 2


def test_a_misspelt_key_is_told_with_the_nearest() -> None:
    dataset = fl.Dataset.from_tensor_slices({"image": np.arange(3), "label": np.arange(3)})
    with pytest.raises(fl.errors.UserFunctionError, match="Did you mean 'label'"):
        list(dataset.map(lambda row: row["lable"] if row else row))


def test_the_spec_of_a_batch_of_one_row_does_not_promise_one() -> None:
    batches = fl.Dataset.from_tensor_slices((np.arange(3.0)[:1], ["a"])).batch(2)
    assert batches.map(lambda number, text: (number + 1, text)).element_spec[0].shape == (None,)
    assert batches.map(lambda number, text: text).element_spec.shape == (None,)
    assert batches.map(lambda number, text: number.sum()).element_spec.shape == ()
    assert batches.map(lambda number, text: number.reshape(1)).element_spec.shape == (1,)  # fails for two rows
