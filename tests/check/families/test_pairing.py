"""FL312: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

ROWS = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
CLASSES = np.random.default_rng(1).integers(0, 4, 200)


def rows() -> Any:
    return fl.Dataset.from_tensor_slices(ROWS)


def classes() -> Any:
    return fl.Dataset.from_tensor_slices(CLASSES)


def zipped(first: Any, second: Any) -> Any:
    return fl.Dataset.zip(first, second).batch(20)


def test_each_shuffled_by_itself(flagged: Look) -> None:
    finding = flagged(zipped(rows().shuffle(200), classes().shuffle(200)), "FL312")
    assert finding.severity == "error"
    assert finding.seen.endswith("one in each branch")
    assert finding.fix.startswith("Shuffle behind the zip: leave out .shuffle(200)")


@pytest.mark.parametrize("which", [0, 1])
def test_one_of_them_shuffled(which: int, flagged: Look) -> None:
    ds = zipped(rows() if which else rows().shuffle(200), classes().shuffle(200) if which else classes())
    assert f"in the {('first', 'second')[which]} branch alone" in flagged(ds, "FL312").seen


def test_streams(flagged: Look) -> None:
    def numbers() -> Iterator[Any]:
        yield from CLASSES

    stream = fl.Dataset.from_generator(numbers, output_signature=fl.TensorSpec((), fl.int64))
    flagged(zipped(rows().map(lambda row: row * 2).shuffle(200), stream.shuffle(50)), "FL312")


def test_shuffled_behind_the_zip(clean: Look) -> None:
    clean(fl.Dataset.zip(rows(), classes()).shuffle(200).batch(20), "FL3")


def test_one_order_for_both(clean: Look) -> None:
    clean(zipped(rows().shuffle(200, seed=3), classes().shuffle(200, seed=3)), "FL312")
    both = fl.Dataset.from_tensor_slices((ROWS, CLASSES)).shuffle(200)
    clean(zipped(both.map(lambda row, label: row), both.map(lambda row, label: label)), "FL312")


def test_numbers_beside(clean: Look) -> None:
    clean(zipped(rows().shuffle(200), fl.Dataset.range(200).map(lambda number: number % 4)), "FL312")
    clean(zipped(rows().shuffle(200), fl.Dataset.from_tensors(1).repeat(200)), "FL312")


def test_pairs_that_are_mixed(clean: Look) -> None:
    both = fl.Dataset.from_tensor_slices((ROWS, CLASSES))
    clean(zipped(both.shuffle(200), both.shuffle(200)), "FL312")


def test_pictures_of_two_kinds(clean: Look) -> None:
    clean(zipped(rows().shuffle(200), fl.Dataset.from_tensor_slices(ROWS + 1).shuffle(200)), "FL312")
