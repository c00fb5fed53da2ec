import functools

import pytest

import feedline as fl
from feedline.errors import StructureError


def doubled(function):
    """Gives a function of one component another of two, under its name."""

    @functools.wraps(function)
    def both(first, second):
        return function(first), function(second)

    return both


@doubled
def negative(value):
    return -value


def test_a_decorated_function_is_asked_for_its_own_arguments_not_for_those_of_what_it_wraps() -> None:
    dataset = fl.Dataset.from_tensor_slices(([1, 2], [3, 4]))
    assert [(int(a), int(b)) for a, b in dataset.map(negative)] == [(-1, -3), (-2, -4)]
    with pytest.raises(StructureError, match="takes 2 arguments"):
        fl.Dataset.range(2).map(negative)
