"""`feedline.keras.enable(check=True)`: fit checks its datasets first."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

import feedline.keras  # noqa: E402
from feedline.errors import ArgumentError, FeedlineWarning, FoundByCheckError  # noqa: E402

IMAGES = np.random.default_rng(0).random((96, 8), np.float32)
SORTED = np.repeat([0, 1, 2], 32)


@pytest.fixture(autouse=True)
def checked() -> Iterator[None]:
    feedline.keras.enable(check=True)
    yield
    feedline.keras.enable()


def model() -> Any:
    made = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation="softmax")])
    made.compile(loss="sparse_categorical_crossentropy")
    return made


def table(labels: Any = SORTED) -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES, labels))


def test_a_healthy_dataset_trains_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", FeedlineWarning)
        history = model().fit(table().shuffle(96).batch(32), epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2


def test_warnings_are_told_at_the_users_line() -> None:
    with pytest.warns(FeedlineWarning, match="FL301 warning: the elements come sorted") as told:
        model().fit(table().batch(32), verbose=0)
    assert told[0].filename == __file__


def test_class_weights_make_up_for_a_rare_class() -> None:
    rare = np.where(np.arange(96) % 32 == 5, 1, 0)
    with pytest.warns(FeedlineWarning, match="FL210"):
        model().fit(table(rare).shuffle(96).batch(32), verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", FeedlineWarning)
        model().fit(table(rare).shuffle(96).batch(32), class_weight={0: 0.5, 1: 16.0, 2: 1.0}, verbose=0)


def test_errors_end_it_before_it_begins() -> None:
    shuffled = table().shuffle(96)
    made = model()
    before = [np.array(weights) for weights in made.get_weights()]
    with pytest.raises(FoundByCheckError, match="FL311: the two datasets are parts of one shuffle") as caught:
        made.fit(shuffled.skip(32).batch(32), validation_data=shuffled.take(32).batch(32), verbose=0)
    assert "test_checked_fit.py" in str(caught.value)
    assert "reshuffle_each_iteration=False" in caught.value.fix
    assert all((a == b).all() for a, b in zip(before, made.get_weights(), strict=True))


def test_labels_that_the_loss_does_not_take() -> None:
    one_hot = np.eye(3, dtype=np.float32)[SORTED]
    with pytest.raises(FoundByCheckError, match="FL505: the labels are one-hot vectors") as caught:
        model().fit(table(one_hot).shuffle(96).batch(32), verbose=0)
    assert 'compile(loss="categorical_crossentropy")' in caught.value.fix
    assert "test_checked_fit.py" in str(caught.value)


def test_logits_taken_for_probabilities() -> None:
    made = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
    made.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(FoundByCheckError, match="FL506: sparse_categorical_crossentropy takes probabilities"):
        made.fit(table().shuffle(96).batch(32), verbose=0)
    made.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    made.fit(table().shuffle(96).batch(32), verbose=0)


def test_a_model_that_fit_would_build() -> None:
    made = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
    made.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(FoundByCheckError, match="FL507: the labels are class numbers from 0 to 2"):
        made.fit(table().shuffle(96).batch(32), verbose=0)
    assert not made.built


def test_an_endless_generator_without_steps() -> None:
    def rows() -> Iterator[Any]:
        while True:
            yield from zip(IMAGES, np.arange(96) % 3, strict=True)

    ds = fl.Dataset.from_generator(rows).batch(32)
    with pytest.raises(FoundByCheckError, match="FL308: the dataset has no end, and steps_per_epoch is not given"):
        model().fit(ds, verbose=0)
    model().fit(ds, steps_per_epoch=2, verbose=0)
    with pytest.raises(FoundByCheckError, match="FL308 besides"):
        model().fit(table().shuffle(96).batch(32), validation_data=ds, verbose=0)


def test_adapters_are_checked_too() -> None:
    with pytest.warns(FeedlineWarning, match="FL301"):
        model().fit(table().batch(32).to_keras(), verbose=0)


def test_the_first_epoch_stays_the_first() -> None:
    ds = fl.Dataset.range(8).shuffle(8, seed=1)
    expected = [int(number) for number in fl.Dataset.range(8).shuffle(8, seed=1)]
    ds.check(show=False)
    assert [int(number) for number in ds] == expected


def test_it_can_be_turned_off() -> None:
    feedline.keras.enable()
    with warnings.catch_warnings():
        warnings.simplefilter("error", FeedlineWarning)
        model().fit(table().batch(32), verbose=0)


def test_evaluate_and_arrays_are_not_checked() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", FeedlineWarning)
        made = model()
        made.evaluate(table().batch(32), verbose=0)
        made.fit(IMAGES, SORTED, verbose=0)


def test_a_mistaken_argument() -> None:
    with pytest.raises(ArgumentError, match="check is 3"):
        feedline.keras.enable(check=3)  # type: ignore[arg-type]
