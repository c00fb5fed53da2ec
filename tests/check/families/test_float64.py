"""FL406: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

LABELS = np.arange(100) % 4
ROWS = np.random.default_rng(0).random((100, 64))
BYTES = np.random.default_rng(0).integers(0, 256, (100, 64)).astype(np.uint8)


def divided(row: np.ndarray, label: Any) -> Any:
    return row / 255, label


def cast_and_divided(row: np.ndarray, label: Any) -> Any:
    return fl.cast(row, fl.float32) / 255, label


class TestFloat64:
    def test_an_array(self, flagged: Look) -> None:
        finding = flagged(fl.Dataset.from_tensor_slices((ROWS, LABELS)).shuffle(100).batch(10), "FL406")
        assert finding.message == "x is float64."
        assert finding.seen.startswith("x: 512 bytes of float64 in each element, 256 bytes as float32; 50.0 KB in each")
        assert finding.fix == 'Give from_tensor_slices the array as float32: x.astype("float32").'
        assert "from_tensor_slices" in finding.where[-1]

    def test_by_the_specs(self, flagged: Look, clean: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((ROWS, LABELS)).shuffle(100).batch(10)
        assert flagged(ds, "FL406", sample=0).seen.endswith("256 bytes as float32, by the specs")
        clean(fl.Dataset.from_tensor_slices((ROWS.astype(np.float32), LABELS)).batch(10), "FL406", sample=0)
        clean(fl.Dataset.from_tensor_slices((ROWS[:, :3], LABELS)).batch(10), "FL406", sample=0)
        rows = iter(zip(ROWS, LABELS, strict=True))
        signature = (fl.TensorSpec((64,), "float64"), fl.TensorSpec((), "int64"))
        once = fl.Dataset.from_generator(lambda: rows, output_signature=signature)
        assert "yield float32" in flagged(once.batch(10), "FL406").fix
        assert len(list(rows)) == 100

    def test_float32(self, clean: Look) -> None:
        rows = ROWS.astype(np.float32)
        clean(fl.Dataset.from_tensor_slices((rows, LABELS)).shuffle(100).batch(10), "FL406")

    def test_bytes_that_are_divided(self, flagged: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((BYTES, LABELS)).map(divided).shuffle(100).batch(10)
        finding = flagged(ds, "FL406")
        assert finding.fix == "Have divided() return float32: write fl.cast(x, fl.float32) / 255 in place of x / 255."
        assert "map(divided)" in finding.where[-1]

    def test_bytes_that_are_cast_before(self, clean: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((BYTES, LABELS)).map(cast_and_divided).shuffle(100).batch(10)
        clean(ds, "FL406")

    def test_cast_behind_the_batches(self, clean: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((ROWS, LABELS)).batch(10)
        clean(ds.map(lambda x, y: (fl.cast(x, fl.float32), y)), "FL406")

    def test_a_key_of_a_dict(self, flagged: Look) -> None:
        ds = fl.Dataset.from_tensor_slices(({"row": ROWS, "id": LABELS}, LABELS)).batch(10)
        finding = flagged(ds, "FL406")
        assert finding.message == "x['row'] is float64."
        assert 'row.astype("float32")' in finding.fix

    def test_a_generator(self, flagged: Look) -> None:
        def rows() -> Iterator[Any]:
            yield from ROWS

        signature = fl.TensorSpec((64,), "float64")
        finding = flagged(fl.Dataset.from_generator(rows, output_signature=signature).batch(10), "FL406")
        assert "yield float32" in finding.fix

    def test_a_ragged_component(self, flagged: Look) -> None:
        ds = fl.Dataset.range(40).map(lambda number: np.zeros(100 + number)).ragged_batch(4)
        flagged(ds, "FL406")

    def test_small_rows_cost_nothing(self, clean: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((ROWS[:, :13], LABELS)).batch(10)
        clean(ds, "FL406")

    def test_targets_and_weights_of_one_number(self, clean: Look) -> None:
        rows = ROWS.astype(np.float32)
        ds = fl.Dataset.from_tensor_slices((rows, ROWS[:, 0], ROWS[:, 1])).batch(10)
        clean(ds, "FL406")

    def test_a_model_that_takes_it(self, clean: Look, flagged: Look) -> None:
        keras = pytest.importorskip("keras")
        inputs = keras.Input((64,), dtype="float64")
        model = keras.Model(inputs, keras.layers.Dense(4, dtype="float64")(inputs))
        other = keras.Sequential([keras.Input((64,)), keras.layers.Dense(4)])
        ds = fl.Dataset.from_tensor_slices((ROWS, LABELS)).batch(10)
        clean(ds, "FL406", model=model)
        flagged(ds, "FL406", model=other)
