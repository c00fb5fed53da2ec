"""FL306 and FL307: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

IMAGES = np.random.default_rng(0).random((100, 64), np.float32)
LABELS = np.random.default_rng(1).integers(0, 5, 100)


def table(count: int = 100) -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES[:count], LABELS[:count]))


class TestBatchOfOne:
    @pytest.mark.parametrize("method", ["batch", "padded_batch", "ragged_batch"])
    def test_of_any_kind(self, method: str, flagged: Look) -> None:
        assert flagged(getattr(table().shuffle(100), method)(1), "FL306").severity == "warning"

    def test_large_elements(self, flagged: Look) -> None:
        ds = fl.Dataset.range(4).map(lambda number: (np.zeros((256, 256, 64), np.float32), number % 2))
        assert flagged(ds.shuffle(4).batch(1), "FL306").severity == "hint"

    def test_nothing_need_be_read(self, flagged: Look) -> None:
        assert flagged(table().shuffle(100).batch(1), "FL306", sample=0).severity == "warning"
        large = fl.Dataset.from_tensor_slices(np.zeros((2, 1024, 1024), np.float32)).shuffle(2)
        assert flagged(large.batch(1), "FL306", sample=0).severity == "hint"
        numbers = iter(range(100))
        once = fl.Dataset.from_generator(lambda: numbers, output_signature=fl.TensorSpec((), "int64"))
        flagged(once.batch(1), "FL306")

    def test_of_two(self, clean: Look) -> None:
        clean(table().shuffle(100).batch(2), "FL306")

    def test_a_model_that_takes_one(self, clean: Look, flagged: Look) -> None:
        keras = pytest.importorskip("keras")
        series = fl.Dataset.from_tensor_slices(np.random.default_rng(0).normal(size=(40, 9, 2)).astype(np.float32))
        ds = series.map(lambda steps: (steps[:-1], steps[1:])).batch(1)
        for size, look in ((1, clean), (None, flagged)):
            inputs = keras.Input((8, 2), batch_size=size)
            outputs = keras.layers.GRU(2, return_sequences=True, stateful=size == 1)(inputs)
            model = keras.Model(inputs, outputs)
            model.compile(loss="mse")
            look(ds, "FL306", model=model)

    def test_batched_again(self, clean: Look) -> None:
        clean(table().shuffle(100).batch(1).batch(32), "FL306")
        clean(table().batch(1).unbatch().shuffle(100).batch(32), "FL306")

    def test_a_dataset_of_one(self, clean: Look) -> None:
        clean(fl.Dataset.from_tensors((IMAGES, LABELS)).batch(1), "FL306")

    def test_validation_data(self, clean: Look) -> None:
        clean(table().batch(1), "FL306", use="validation")


def fixed(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.reshape(32, 8, 8), y


class TestLastBatchBreaksShape:
    def test_a_map_that_takes_no_fewer(self, flagged: Look) -> None:
        finding = flagged(table().shuffle(100).batch(32).map(fixed).prefetch(1), "FL307")
        assert "map(fixed) raises for the last batch" in finding.message
        assert finding.seen == "the last batch holds 4 elements, the others 32"
        assert finding.severity == "error"

    def test_the_error_is_not_told_beside_it(self, clean: Look) -> None:
        clean(table().shuffle(100).batch(32).map(fixed).prefetch(1), "FL100")

    def test_a_remainder_that_is_dropped(self, clean: Look) -> None:
        clean(table().shuffle(100).batch(32, drop_remainder=True).map(fixed), "FL3")

    def test_no_remainder(self, clean: Look) -> None:
        clean(table(96).shuffle(96).batch(32).map(fixed), "FL3")

    def test_a_map_that_takes_any_number(self, clean: Look) -> None:
        clean(table().shuffle(100).batch(32).map(lambda x, y: (x.reshape(-1, 8, 8), y)), "FL3")

    def test_a_map_that_takes_none(self, clean: Look) -> None:
        def broken(x: np.ndarray, y: np.ndarray) -> Any:
            return x.reshape(31, 8, 8), y

        clean(table().shuffle(100).batch(32).map(broken), "FL307")  # FL100 says it: all batches fail

    def test_repeated_without_end(self, clean: Look) -> None:
        ds = table().shuffle(100).repeat().batch(32).map(fixed)
        clean(ds, "FL307")


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


class TestLastBatchAndModel:
    def model(self, keras: Any, *layers: Any, batch_size: int | None = None) -> Any:
        return keras.Sequential([keras.Input((64,), batch_size=batch_size), *layers, keras.layers.Dense(5)])

    def test_a_fixed_batch_size(self, keras: Any, flagged: Look, clean: Look) -> None:
        model = self.model(keras, batch_size=32)
        assert flagged(table().shuffle(100).batch(32), "FL307", model=model).severity == "error"
        clean(table().shuffle(100).batch(32, drop_remainder=True), "FL307", model=model)
        clean(table(96).shuffle(96).batch(32), "FL307", model=model)
        clean(table().shuffle(100).batch(32), "FL307", model=self.model(keras))

    def test_of_a_stream(self, keras: Any, flagged: Look) -> None:
        def rows() -> Iterator[Any]:
            yield from zip(IMAGES, LABELS, strict=True)

        ds = fl.Dataset.from_generator(rows).batch(32)
        assert flagged(ds, "FL307", model=self.model(keras, batch_size=32)).severity == "warning"

    def test_batch_normalisation_of_one(self, keras: Any, flagged: Look, clean: Look) -> None:
        model = self.model(keras, keras.layers.BatchNormalization())
        assert flagged(table(97).shuffle(97).batch(32), "FL307", model=model).severity == "warning"
        clean(table(98).shuffle(98).batch(32), "FL307", model=model)
        clean(table(97).shuffle(97).batch(32), "FL307", model=self.model(keras, keras.layers.LayerNormalization()))
