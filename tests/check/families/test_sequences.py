"""FL510 and FL512: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
LENGTHS = GENERATOR.integers(3, 20, 96)
WORDS = [GENERATOR.integers(1, 50, length) for length in LENGTHS]
SERIES = [GENERATOR.normal(size=(length, 3)).astype(np.float32) for length in LENGTHS]
CLASSES = GENERATOR.integers(0, 3, 96)


def padded(rows: list[np.ndarray]) -> Any:
    def elements() -> Iterator[Any]:
        yield from zip(rows, CLASSES, strict=True)

    return fl.Dataset.from_generator(elements).shuffle(96).padded_batch(16)


def sequential(*layers: Any) -> Any:
    made = keras.Sequential([*layers, keras.layers.Dense(3, activation="softmax")])
    made.compile(loss="sparse_categorical_crossentropy")
    return made


def embedding(mask: bool, rows: int = 50) -> Any:
    return keras.layers.Embedding(rows, 4, mask_zero=mask)


class TestSequenceMask:
    def test_padded_words(self, flagged: Look, clean: Look) -> None:
        model = sequential(keras.Input((None,)), embedding(False), keras.layers.LSTM(4))
        finding = flagged(padded(WORDS), "FL510", model=model)
        assert "mask_zero=True" in finding.fix
        assert "Embedding(50, 4" in finding.fix
        assert "end in zeros" in finding.seen
        masked = sequential(keras.Input((None,)), embedding(True), keras.layers.LSTM(4))
        clean(padded(WORDS), "FL5", model=masked)

    def test_layers_in_between(self, flagged: Look) -> None:
        layers = keras.layers.SpatialDropout1D(0.1), keras.layers.LSTM(4, return_sequences=True), keras.layers.GRU(4)
        flagged(padded(WORDS), "FL510", model=sequential(keras.Input((None,)), embedding(False), *layers))

    def test_a_model_that_is_not_built(self, flagged: Look) -> None:
        bidirectional = keras.layers.Bidirectional(keras.layers.LSTM(4))
        flagged(padded(WORDS), "FL510", model=sequential(embedding(False), bidirectional))

    def test_padded_series(self, flagged: Look, clean: Look) -> None:
        model = sequential(keras.Input((None, 3)), keras.layers.GRU(4))
        assert "Masking(mask_value=0.0)" in flagged(padded(SERIES), "FL510", model=model).fix
        masking = keras.layers.Masking()
        clean(padded(SERIES), "FL5", model=sequential(keras.Input((None, 3)), masking, keras.layers.GRU(4)))

    def test_sequences_of_one_length(self, clean: Look) -> None:
        words = GENERATOR.integers(0, 50, (96, 9))
        ds = fl.Dataset.from_tensor_slices((words, CLASSES)).batch(16)
        clean(ds, "FL5", model=sequential(keras.Input((9,)), embedding(False), keras.layers.LSTM(4)))

    def test_padding_in_front(self, clean: Look) -> None:
        rows = np.zeros((96, 20), np.int64)
        for row, words in zip(rows, WORDS, strict=True):
            row[20 - len(words) :] = words
        ds = fl.Dataset.from_tensor_slices((rows, CLASSES)).batch(16)
        clean(ds, "FL5", model=sequential(keras.Input((20,)), embedding(False), keras.layers.LSTM(4)))
        clean(ds, "FL5", model=sequential(keras.Input((20,)), embedding(True), keras.layers.LSTM(4)))

    def test_other_layers(self, clean: Look) -> None:
        pooled = keras.layers.Conv1D(4, 3, padding="same"), keras.layers.GlobalMaxPooling1D()
        clean(padded(WORDS), "FL5", model=sequential(keras.Input((None,)), embedding(False), *pooled))

    def test_a_series_that_ends_in_silence(self, clean: Look) -> None:
        series = GENERATOR.normal(size=(96, 20, 3)) * (GENERATOR.random((96, 20, 1)) > 0.4)
        ds = fl.Dataset.from_tensor_slices((series.astype(np.float32), CLASSES)).batch(16)
        clean(ds, "FL5", model=sequential(keras.Input((20, 3)), keras.layers.LSTM(4)))

    def test_a_token_of_0(self, flagged: Look, clean: Look) -> None:
        words = [np.where(GENERATOR.random(len(row)) < 0.2, 0, row) for row in WORDS]
        model = sequential(keras.Input((None,)), embedding(True), keras.layers.LSTM(4))
        finding = flagged(padded(words), "FL510", model=model)
        assert ".map(lambda x, y: (x + 1, y)) in front of .padded_batch" in finding.fix
        assert "Embedding(51, 4, mask_zero=True)" in finding.fix
        clean(padded([row + 1 for row in words]), "FL510", model=sequential(embedding(True, 51), keras.layers.LSTM(4)))


class TestEmbeddingRange:
    def test_too_large(self, flagged: Look, clean: Look) -> None:
        model = sequential(keras.Input((None,)), embedding(True, 49), keras.layers.LSTM(4))
        finding = flagged(padded(WORDS), "FL512", model=model)
        assert "1 to 49" not in finding.fix
        assert "rows for 0 to 48" in finding.message
        assert "Embedding(50, 4)" in finding.fix
        assert finding.where
        clean(padded(WORDS), "FL512", model=sequential(embedding(True, 50), keras.layers.LSTM(4)))

    def test_negative(self, flagged: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((np.arange(96) % 9 - 1, CLASSES)).batch(16)
        model = sequential(keras.Input(()), keras.layers.Embedding(8, 4))
        finding = flagged(ds, "FL512", model=model)
        assert ".map(lambda x, y: (x + 1, y))" in finding.fix
        assert "Embedding(9, 4)" in finding.fix

    def test_one_of_several_inputs(self, flagged: Look, clean: Look) -> None:
        person, row = keras.Input((), name="person"), keras.Input((2,), name="row")
        joined = keras.layers.Concatenate()([keras.layers.Embedding(40, 4)(person), row])
        model = keras.Model([person, row], keras.layers.Dense(3, activation="softmax")(joined))
        model.compile(loss="sparse_categorical_crossentropy")
        people, rows = np.arange(96) % 41, np.ones((96, 2), np.float32)
        ds = fl.Dataset.from_tensor_slices(({"person": people, "row": rows}, CLASSES)).batch(16)
        assert "x['person']" in flagged(ds, "FL512", model=model).message
        ds = fl.Dataset.from_tensor_slices(({"person": people % 40, "row": rows}, CLASSES)).batch(16)
        clean(ds, "FL5", model=model)
