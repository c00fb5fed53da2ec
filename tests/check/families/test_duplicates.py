"""FL208: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.families.content.stages import stages_of
from feedline.check.plan import Plan

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(1000, 8)).astype(np.float32)
LABELS = GENERATOR.integers(0, 3, 1000)
IMAGES = GENERATOR.integers(0, 256, (1000, 10, 10, 3)).astype(np.uint8)
TWICE = np.concatenate([np.arange(1000), np.arange(300)])


def arrays(rows: Any, labels: Any = None) -> Any:
    return fl.Dataset.from_tensor_slices((rows, LABELS[: len(rows)] if labels is None else labels))


def stream(rows: Any) -> Any:
    def elements() -> Iterator[Any]:
        yield from zip(rows, np.resize(LABELS, len(rows)), strict=True)

    return fl.Dataset.from_generator(elements)


@pytest.mark.parametrize("values", [ROWS, IMAGES], ids=["rows", "images"])
def test_copies(values: Any, flagged: Look) -> None:
    finding = flagged(arrays(values[TWICE], LABELS[TWICE]).shuffle(99).batch(32), "FL208", sample=1300)
    assert finding.message == "300 of 1,300 elements are copies of others."
    assert "1,000 are different, one of them comes 2 times" in finding.seen
    assert any("row 0 of the arrays" in place for place in finding.where)
    assert any("the same: element 1,000" in place for place in finding.where)


def test_hidden_by_augmentation(flagged: Look) -> None:
    ds = arrays(IMAGES[TWICE], LABELS[TWICE]).shuffle(1300)
    flagged(ds.map(lambda x, y: (fl.image.random_brightness(x, 0.2), y)).batch(32), "FL208")


def test_one_element_many_times(flagged: Look) -> None:
    some = IMAGES.copy()
    some[::10] = some[0]
    assert "comes 100 times" in flagged(arrays(some).shuffle(99).batch(32), "FL208", sample=1000).seen


def test_a_stream(flagged: Look) -> None:
    flagged(stream(ROWS[TWICE]).batch(32), "FL208", sample=1300)


def test_texts(flagged: Look) -> None:
    rows = ROWS[:, :6].tolist()
    texts = np.array([f"a long sentence of {' and '.join(map(str, row))}".encode() for row in rows], object)
    flagged(arrays(texts[TWICE], LABELS[TWICE]).batch(32), "FL208")


def test_all_different(clean: Look) -> None:
    for values in (ROWS, IMAGES):
        clean(arrays(values).shuffle(99).batch(32), "FL208")
        clean(stream(values).batch(32), "FL208")


def test_repeated(clean: Look) -> None:
    clean(arrays(ROWS).repeat(3).shuffle(99).batch(32), "FL208")
    clean(arrays(ROWS).shuffle(99).repeat().batch(32), "FL208")
    clean(arrays(ROWS).repeat(3).map(lambda x, y: (x * 2, y)).batch(32), "FL208")
    clean(stream(ROWS[:200]).repeat(3).map(lambda x, y: (x * 2, y)).batch(32), "FL208")
    clean(arrays(ROWS).concatenate(arrays(ROWS[:0])).batch(32), "FL208")


def test_a_rare_class_repeated(clean: Look) -> None:
    rare, others = arrays(ROWS[:50], np.ones(50, int)), arrays(ROWS[50:], np.zeros(950, int))
    mixed = fl.Dataset.sample_from_datasets(
        [rare.repeat(), others], weights=[0.5, 0.5], seed=1, stop_on_empty_dataset=True
    )
    clean(mixed.batch(32), "FL208")
    clean(others.concatenate(rare.repeat(19)).shuffle(99).batch(32), "FL208")


def test_a_rare_class_multiplied_in_the_arrays(clean: Look) -> None:
    rows = np.concatenate([np.arange(50, 1000), np.tile(np.arange(50), 19)])
    labels = np.repeat([0, 1], 950)
    clean(arrays(ROWS[rows], labels).shuffle(1900).batch(32), "FL208")


def test_a_dataset_joined_to_itself(clean: Look) -> None:
    ds = arrays(ROWS)
    clean(ds.concatenate(ds.map(lambda x, y: (x, y))).shuffle(99).batch(32), "FL208")


@pytest.mark.parametrize(
    "values",
    [
        GENERATOR.integers(0, 3, (1000, 5)),
        GENERATOR.integers(0, 2, (1000, 2)).astype(np.float32),
        np.round(GENERATOR.random((1000, 2)), 1).astype(np.float32),
        np.eye(6, dtype=np.float32)[GENERATOR.integers(0, 6, 1000)],
        np.array([b"yes", b"no", b"why not"], object)[LABELS],
        np.zeros((1000, 10, 10, 3), np.uint8),
    ],
    ids=["few whole numbers", "exclusive or", "rounded", "one-hot", "short texts", "blank"],
)
def test_what_is_often_the_same(values: Any, clean: Look) -> None:
    clean(arrays(values).shuffle(99).batch(32), "FL208")


def test_a_generator_that_begins_again(clean: Look, flagged: Look) -> None:
    def without_end(count: int, copies: int = 1) -> Any:
        def elements() -> Iterator[Any]:
            while True:
                for number in GENERATOR.permutation(count):
                    yield from [(ROWS[number], LABELS[number])] * copies

        return fl.Dataset.from_generator(elements).batch(32)

    clean(without_end(100), "FL208", steps_per_epoch=4)
    clean(without_end(100).unbatch(), "FL208", steps_per_epoch=4)
    flagged(without_end(200, copies=2), "FL208", steps_per_epoch=4)


def test_a_few(clean: Look) -> None:
    some = ROWS.copy()
    some[500] = some[3]
    clean(arrays(some).shuffle(99).batch(32), "FL208")


def test_no_batch_at_all(clean: Look) -> None:
    clean(arrays(ROWS[:50]).shuffle(50).batch(64, drop_remainder=True), "FL208")


def test_positions_of_a_very_long_dataset_are_not_all_looked_at() -> None:
    ds = fl.Dataset.range(50_000_000).map(lambda number: np.float32(number)).shuffle(1000).batch(32)
    stages = stages_of(Plan(ds.node))
    assert [stage.whole for stage in stages] == [False] * len(stages)
    assert all(stage.positions is not None and len(stage.positions) <= 2_000_000 for stage in stages)
    assert all((np.diff(stage.positions) > 0).all() for stage in stages)


def test_one_batch_of_all() -> None:
    stages = stages_of(Plan(arrays(ROWS).batch(10**9).node))
    assert stages[-1].whole
    assert stages[-1].positions is not None
    assert stages[-1].positions.tolist() == list(range(1000))
