"""Standardize, MinMax and Robust against scikit-learn, and the statistics whatever the batches are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline import errors
from feedline.preprocess import Impute, MinMax, Robust, Standardize
from feedline.preprocess.moments import Moments
from feedline.preprocess.quantiles import Quantiles

GENERATOR = np.random.default_rng(1)
TABLE = GENERATOR.normal([0, 1e6, -3, 5], [1, 0.5, 1e-3, 0], (2_000, 4))


def made(step: Any, values: Any) -> np.ndarray:
    """Returns what a step makes of the values that it was fit on."""
    return fl.Preprocess(step).fit(fl.Dataset.from_tensor_slices(values))(values)


@pytest.mark.parametrize("kind", ["StandardScaler", "MinMaxScaler", "RobustScaler"])
def test_as_in_scikit_learn(kind: str) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    ours = {"StandardScaler": Standardize, "MinMaxScaler": MinMax, "RobustScaler": Robust}[kind]
    expected = getattr(preprocessing, kind)().fit_transform(TABLE)
    np.testing.assert_allclose(made(ours(dtype="float64"), TABLE), expected, rtol=1e-6, atol=1e-7)


def test_too_large_for_float64() -> None:
    for step in (Standardize(), MinMax()):
        with pytest.raises(errors.NotFiniteError, match="too large"):
            made(step, np.array([-1.7e308, 1.7e308]))


def test_a_range_of_ones_own_and_clipping() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    later = np.array([[-9.0], [0.0], [99.0]])
    values = np.array([[1.0], [5.0], [11.0]])
    for clip in (False, True):
        theirs = preprocessing.MinMaxScaler((-1, 3), clip=clip).fit(values)
        ours = fl.Preprocess(MinMax(-1, 3, clip=clip)).fit(fl.Dataset.from_tensor_slices(values))
        np.testing.assert_allclose(ours(later), theirs.transform(later), rtol=1e-6)


def test_as_in_keras() -> None:
    keras = pytest.importorskip("keras")
    images = GENERATOR.integers(0, 256, (50, 6, 6, 3)).astype(np.uint8)
    for axis in (-1, None):
        layer = keras.layers.Normalization(axis=axis)
        layer.adapt(images.astype(np.float32))
        expected = keras.ops.convert_to_numpy(layer(images.astype(np.float32)))
        np.testing.assert_allclose(made(Standardize(axis=axis), images), expected, rtol=1e-3, atol=1e-4)


def test_large_mean_and_small_spread() -> None:
    values = 1e9 + GENERATOR.normal(0, 1e-3, 200_000)
    step = fl.Preprocess(Standardize()).fit(fl.Dataset.from_tensor_slices(values)).inputs
    np.testing.assert_allclose(step.std, np.std(values), rtol=1e-7)
    np.testing.assert_allclose(step.mean - 1e9, np.mean(values - 1e9), atol=1e-7)


def test_what_is_constant_is_only_shifted() -> None:
    for value in (0.1, 1e30, 0.0):
        assert made(Standardize(), np.full(70_000, value)).tolist() == [0] * 70_000
    assert made(MinMax(), np.full(3, 7.0)).tolist() == [0] * 3
    assert made(Robust(), np.array([1.0] * 5 + [9.0])).tolist() == [0] * 5 + [8]


@pytest.mark.parametrize("step", [Standardize, MinMax, Robust])
def test_bools_and_integers(step: Any) -> None:
    assert made(step(), np.array([True, False, True])).dtype == np.float32
    np.testing.assert_array_equal(made(step(), np.array([1, 2, 9], np.uint8)), made(step(), np.array([1.0, 2.0, 9.0])))


@pytest.mark.parametrize("step", [Standardize(), MinMax(), Robust()])
@pytest.mark.parametrize("values", [np.arange(300_000.0) % 1013, GENERATOR.normal(size=(5_000, 30))])
def test_the_same_bits_for_any_batch_size(step: Any, values: np.ndarray) -> None:
    ds = fl.Dataset.from_tensor_slices(values)
    prints = {fl.Preprocess(step).fit(each).fingerprint for each in (ds, ds.batch(1), ds.batch(7), ds.batch(100_000))}
    assert len(prints) == 1


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=3),
)
def test_any_values_and_batches(values: list[float], sizes: list[int]) -> None:
    array = np.array(values, np.float32)
    ds = fl.Dataset.from_tensor_slices(array)
    first = fl.Preprocess(Standardize(dtype="float64")).fit(ds)
    assert {fl.Preprocess(Standardize(dtype="float64")).fit(ds.batch(size)).fingerprint for size in sizes} == {
        first.fingerprint
    }
    wide = array.astype(np.float64)
    np.testing.assert_allclose(first.inputs.mean, wide.mean(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(first.inputs.std, wide.std(), rtol=1e-6, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=80), cuts=st.lists(st.integers(0, 80), max_size=4))
def test_moments_of_any_parts(values: list[float], cuts: list[int]) -> None:
    array = np.array(values)[:, None]
    moments = Moments(1)
    for part in np.split(array, sorted(min(cut, len(array)) for cut in cuts)):
        moments.add(part)
    np.testing.assert_allclose(moments.mean, array.mean(0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moments.std(), array.std(0), rtol=1e-6, atol=1e-7)
    assert (moments.minimum[0], moments.maximum[0]) == (min(values), max(values))


class TestQuantiles:
    def test_exact_while_they_fit(self) -> None:
        values = GENERATOR.normal(size=(999, 2))
        quantiles = Quantiles(2)
        for part in np.split(values, [10, 11, 400]):
            quantiles.add(part)
        np.testing.assert_allclose(quantiles.at([0.1, 0.5, 0.9]), np.quantile(values, [0.1, 0.5, 0.9], axis=0))

    @pytest.mark.parametrize("order", ["random", "rising", "falling"])
    def test_near_beyond(self, order: str) -> None:
        values = {"random": GENERATOR.permutation(100_000), "rising": np.arange(100_000)}.get(order)
        values = np.arange(100_000)[::-1] if values is None else values
        quantiles = Quantiles(1, kept=2_000)
        quantiles.add(values.astype(float)[:, None])
        shares = np.linspace(0, 1, 21)
        found = np.concatenate(quantiles.at(list(shares)))
        assert np.abs(found / 99_999 - shares).max() < 0.01

    @settings(max_examples=30, deadline=None)
    @given(cuts=st.lists(st.integers(0, 500), max_size=5))
    def test_parts_make_no_difference(self, cuts: list[int]) -> None:
        values = np.random.default_rng(3).normal(size=(500, 1))
        whole, parts = Quantiles(1, kept=64), Quantiles(1, kept=64)
        whole.add(values)
        for part in np.split(values, sorted(cuts)):
            parts.add(part)
        assert whole.at([0.3, 0.5])[1] == parts.at([0.3, 0.5])[1]


class TestLengthsThatDiffer:
    ROWS = fl.RaggedTensor.from_rows([np.array([1.0, 2.0]), np.array([6.0]), np.array([])])

    def test_one_statistic_of_all_values(self) -> None:
        ds = fl.Dataset.from_tensor_slices(self.ROWS)
        preprocess = fl.Preprocess(Standardize(axis=None)).fit(ds)
        assert preprocess.inputs.mean == 3
        assert preprocess(self.ROWS).row_lengths().tolist() == [2, 1, 0]

    def test_none_for_each_component(self) -> None:
        with pytest.raises(errors.ShapeError, match=r"axis=None"):
            fl.Preprocess(Standardize()).fit(fl.Dataset.from_tensor_slices(self.ROWS))


class TestImpute:
    @pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
    def test_as_in_scikit_learn(self, strategy: str) -> None:
        impute = pytest.importorskip("sklearn.impute")
        values = np.array([1.0, np.nan, 2.0, 2.0, 7.0, np.nan])
        expected = impute.SimpleImputer(strategy=strategy).fit_transform(values[:, None])[:, 0]
        assert made(Impute(strategy), values).tolist() == expected.tolist()

    def test_a_constant_and_text(self) -> None:
        assert made(Impute("constant", value=0), np.array([np.nan, 3.0])).tolist() == [0, 3]
        assert made(Impute("constant", value="?"), np.array(["", "a"])).tolist() == [b"?", b"a"]
        assert made(Impute("most_frequent"), np.array(["", "a", "b", "b"])).tolist() == [b"b", b"a", b"b", b"b"]
        assert made(Impute("mean", missing=-1), np.array([-1, 4, 6])).tolist() == [5, 4, 6]

    def test_the_array_that_was_given_stays_as_it_is(self) -> None:
        values = np.array([np.nan, 3.0])
        made(Impute("mean"), values)
        assert np.isnan(values[0])

    @pytest.mark.parametrize(
        ("step", "values", "error"),
        [
            (Impute("mean"), np.array([np.nan, np.nan]), errors.EmptyDatasetError),
            (Impute("mean"), np.array([1, 2]), errors.DtypeError),
            (Impute("mean"), np.array(["a", ""]), errors.DtypeError),
            (Impute("mean", missing="x"), np.array([1.0]), errors.DtypeError),
            (Impute("constant", value=0), np.array(["a", ""]), errors.DtypeError),
        ],
    )
    def test_what_cannot_work(self, step: Any, values: Any, error: type[Exception]) -> None:
        with pytest.raises(error) as caught:
            made(step, values)
        assert caught.value.fix  # type: ignore[attr-defined]

    def test_the_next_step_learns_from_what_was_filled_in(self) -> None:
        ds = fl.Dataset.from_tensor_slices(np.array([1.0, np.nan, 3.0]))
        steps = fl.Preprocess([Impute("constant", value=8), Standardize()]).fit(ds).inputs
        assert steps[1].mean == 4
