"""Steps that learn nothing, and Discretize, against NumPy and Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline import errors
from feedline.preprocess import Clip, Discretize, Log1p, Passthrough, Rescale

VALUES = np.random.default_rng(2).gamma(2, 50, 500)


def made(step: Any, values: Any) -> np.ndarray:
    return fl.Preprocess(step).fit(fl.Dataset.from_tensor_slices(values))(values)


def test_logarithm() -> None:
    np.testing.assert_array_equal(made(Log1p(dtype="float64"), VALUES), np.log1p(VALUES))
    with pytest.raises(errors.NotFiniteError, match="-1"):
        made(Log1p(), np.array([1.0, -1.0]))


def test_limits() -> None:
    np.testing.assert_array_equal(made(Clip(10, 99), VALUES), np.clip(VALUES, 10, 99))
    np.testing.assert_array_equal(made(Clip(None, 9.5), VALUES), np.minimum(VALUES, 9.5))
    whole = np.array([0, 7, 255], np.uint8)
    assert made(Clip(-5, 300), whole).tolist() == [0, 7, 255]
    assert made(Clip(5, 9), whole).dtype == np.uint8
    with pytest.raises(errors.ArgumentError, match="integer"):
        made(Clip(0.5), whole)
    with pytest.raises(errors.NotFiniteError):
        made(Clip(0), np.array([np.nan]))


def test_factor_as_in_keras() -> None:
    keras = pytest.importorskip("keras")
    images = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    expected = keras.ops.convert_to_numpy(keras.layers.Rescaling(1 / 127.5, -1)(images))
    np.testing.assert_allclose(made(Rescale(1 / 127.5, -1), images), expected, atol=1e-6)


@pytest.mark.parametrize("values", [np.array(["a", "b"]), np.array([True]), np.arange(3), VALUES])
def test_as_it_is(values: np.ndarray) -> None:
    assert (
        made(Passthrough(), values).tolist()
        == fl.Preprocess(Passthrough()).fit(fl.Dataset.from_tensor_slices(values))(values.tolist()).tolist()
    )


class TestDiscretize:
    def test_boundaries_as_in_keras(self) -> None:
        keras = pytest.importorskip("keras")
        boundaries = [20.0, 50.0, 51.5]
        values = np.concatenate([VALUES, boundaries]).astype(np.float32)
        expected = keras.ops.convert_to_numpy(keras.layers.Discretization(boundaries)(values))
        assert made(Discretize(boundaries=boundaries), values).tolist() == expected.tolist()

    def test_bins_of_equally_many(self) -> None:
        assert np.bincount(made(Discretize(10), VALUES)).tolist() == [50] * 10

    def test_fewer_bins_than_asked_for_are_told(self) -> None:
        with pytest.warns(errors.FeedlineWarning, match="only 2 bins"):
            made(Discretize(10), np.array([0.0] * 99 + [1.0]))

    def test_nan(self) -> None:
        with pytest.raises(errors.NotFiniteError):
            made(Discretize(boundaries=[1]), np.array([np.nan]))


@pytest.mark.parametrize("step", [Log1p(), Clip(0), Rescale(2), Discretize(boundaries=[1])])
def test_text_is_refused(step: Any) -> None:
    with pytest.raises(errors.DtypeError, match="not string") as caught:
        made(step, np.array(["1", "2"]))
    assert "OneHot" in caught.value.fix
