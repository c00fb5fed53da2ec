"""FL106: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

X = np.random.default_rng(0).random((40, 12))
ROW, LABEL = fl.TensorSpec((12,), fl.float32), fl.TensorSpec((), fl.int32)


def given(make: Callable[[int], Any], signature: Any = (ROW, LABEL)) -> Any:
    def rows() -> Iterator[Any]:
        for number in range(40):
            yield make(number)

    return fl.Dataset.from_generator(rows, output_signature=signature).batch(4)


class TestGeneratorSignature:
    def test_a_dtype_that_cannot_hold_it(self, flagged: Look, clean: Look) -> None:
        ds = given(lambda number: (X[number], number / 2 + 0.5))
        finding = flagged(ds, "FL106")
        assert finding.message == "component [1] is the Python float 0.5, which int32 cannot hold."
        assert finding.seen == "16 of the first 16 elements do not fit output_signature"
        assert "output_signature=(fl.TensorSpec((12,), fl.float32), fl.TensorSpec((), fl.float32))" in finding.fix
        clean(ds, "FL100")
        clean(ds, "FL1", ignore="FL106")

    def test_the_signature_of_the_fix(self, clean: Look) -> None:
        signature = (fl.TensorSpec((12,), fl.float32), fl.TensorSpec((), fl.float32))
        clean(given(lambda number: (X[number], number / 2 + 0.5), signature), "FL1")

    def test_another_shape(self, flagged: Look) -> None:
        finding = flagged(given(lambda number: (X[number, :10], number)), "FL106")
        assert "output_signature=(fl.TensorSpec((10,), fl.float32), fl.TensorSpec((), fl.int32))" in finding.fix

    def test_lengths_that_differ(self, flagged: Look) -> None:
        finding = flagged(given(lambda number: (X[number, : 3 + number % 9], number)), "FL106")
        assert "fl.TensorSpec((None,), fl.float32)" in finding.fix

    def test_text(self, flagged: Look) -> None:
        assert "fl.TensorSpec((), fl.string)" in flagged(given(lambda number: (X[number], "a dog")), "FL106").fix

    def test_a_list_where_a_tuple_is_meant(self, flagged: Look) -> None:
        assert "Yield a tuple" in flagged(given(lambda number: [X[number], number]), "FL106").fix

    def test_one_component_less(self, flagged: Look) -> None:
        assert "output_signature says (*, *)" in flagged(given(lambda number: (X[number],)), "FL106").message

    def test_another_key(self, flagged: Look) -> None:
        signature = {"image": ROW, "label": LABEL}
        finding = flagged(given(lambda number: {"imgs": X[number], "label": number}, signature), "FL106")
        assert 'output_signature={"imgs": fl.TensorSpec((12,), fl.float64)' in finding.fix

    def test_only_late(self, flagged: Look) -> None:
        finding = flagged(given(lambda number: (X[number, : 12 if number < 30 else 7], number)), "FL106")
        assert any("element 30 of the generator" in place for place in finding.where)
        assert "put None there" in finding.fix

    def test_output_types(self, flagged: Look) -> None:
        ds = fl.Dataset.from_generator(lambda: iter(X), output_types=fl.int32, output_shapes=(12,)).batch(4)
        assert "output_signature=fl.TensorSpec((12,), fl.float64)" in flagged(ds, "FL106").fix

    def test_without_a_signature(self, flagged: Look) -> None:
        finding = flagged(given(lambda number: (X[number], number if number % 5 < 4 else number + 0.5), None), "FL106")
        assert "do not fit the first one" in finding.seen

    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
    def test_floats_of_another_precision(self, clean: Look, dtype: Any) -> None:
        clean(given(lambda number: (X[number].astype(dtype), np.int64(number))), "FL1")

    def test_lengths_that_are_left_open(self, clean: Look) -> None:
        signature = (fl.TensorSpec((None,), fl.float32), LABEL)
        clean(given(lambda number: (X[number].astype(np.float32), number), signature), "FL1")

    def test_an_error_of_its_own_is_no_signature(self, flagged: Look, clean: Look) -> None:
        ds = given(lambda number: (X[number], {1: 1}[number]))
        flagged(ds, "FL100")
        clean(ds, "FL106")
