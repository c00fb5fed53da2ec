"""Two functions joined compute what the second makes of what the first returns."""

import numpy as np
import pytest

import feedline as fl
from feedline import random
from feedline.plan.join_traces import element_of, join_traces, keyed
from feedline.plan.prove import UnprovenError
from feedline.plan.rules import all_rules
from feedline.plan.trace import Trace, trace

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
FACTOR = 3


def joined(first, second, element=IMAGE) -> Trace:
    outer = random.outer_element()
    try:
        random.enter_element(5, 0, 0)
        made = keyed(trace(first, element, all_rules()), 5)
        random.enter_element(6, 0, 0)
        return join_traces(made, keyed(trace(second, element_of(made), all_rules()), 6), copied)
    finally:
        random.leave_element(outer)  # else what other tests draw would be this element's


def copied(operation, rows):
    return (rows.values[operation.args[0].number],)


def names(made: Trace) -> list[str]:
    return [operation.function.__name__ for operation in made.operations]


def test_the_operations_follow_each_other_and_take_what_those_before_them_give() -> None:
    made = joined(lambda x: (fl.cast(x, fl.float32), x + 1), lambda x, y: {"sum": x * 2 + y, "x": x})
    assert names(made) == ["cast", "add", "multiply", "add"]
    cast, plus, times, total = made.operations
    assert times.taken == cast.results
    assert total.taken == (*times.results, *plus.results)
    assert [output.number for output in made.outputs] == [*total.results, *cast.results]
    assert made.treedef.unflatten([1, 2]) == {"sum": 1, "x": 2}
    assert made.slots == 1 + 4
    samples = made.samples()
    np.testing.assert_array_equal(samples[total.results[0]], IMAGE.astype(np.float32) * 2 + (IMAGE + 1))


def test_what_either_refers_to_is_looked_at_again(monkeypatch) -> None:
    made = joined(lambda x: x + 1, lambda x: x * FACTOR)
    assert made.proof.holds()
    monkeypatch.setitem(globals(), "FACTOR", 4)
    assert not made.proof.holds()


def test_a_shape_that_either_looks_at_counts() -> None:
    assert joined(lambda x: x + 1, lambda x: x * 2).of_any_shape
    assert not joined(lambda x: x + x.shape[0], lambda x: x * 2).of_any_shape
    assert not joined(lambda x: x + 1, lambda x: x * x.shape[0]).of_any_shape


def test_constants_are_passed_on_but_not_computed_with() -> None:
    made = joined(lambda x: (x + 1, 7), lambda x, y: (y, x * 2))
    assert made.outputs[0] == 7
    assert names(made) == ["add", "multiply"]
    with pytest.raises(UnprovenError, match="a constant that the step before gives"):
        joined(lambda x: (x + 1, 7), lambda x, y: x * y)


def flipped(x):
    return fl.image.random_flip_left_right(x)


def cropped(x):
    return fl.image.random_crop(x, [3, 3, 3])


def test_each_draws_the_random_numbers_of_its_own_transformation() -> None:
    made = joined(lambda x: flipped(x) + 1, flipped)
    assert names(made) == ["random_flip_left_right", "add", "random_flip_left_right"]
    assert [operation.seed for operation in made.operations] == [5, None, 6]
    assert [operation.draws for operation in made.operations if operation.seed] == [{}, {}]


def test_where_elements_differ_in_how_many_random_numbers_they_draw_only_one_may_draw() -> None:
    assert joined(cropped, lambda x: x + 1).draws_vary
    assert joined(lambda x: x + 1, cropped).draws_vary
    for first, second in ((cropped, flipped), (flipped, cropped), (cropped, cropped)):
        with pytest.raises(UnprovenError, match="several draw random numbers"):
            joined(first, second)


def test_bytes_are_handed_on_whole() -> None:
    made = trace(lambda x, text: {"text": text, "x": x}, (IMAGE, b"a\0b\0"), all_rules())
    element = element_of(made)
    assert element["text"] == b"a\0b\0"
    np.testing.assert_array_equal(element["x"], IMAGE)


def test_what_adds_up_values_is_given_them_in_the_order_of_an_element_of_a_block() -> None:
    def turned(x):
        return np.transpose(fl.cast(x, fl.float32), (1, 0, 2))

    assert names(joined(turned, lambda x: np.sum(x))) == ["cast", "transpose", "ascontiguousarray", "sum"]
    assert names(joined(turned, lambda x: x * 2)) == ["cast", "transpose", "multiply"]
