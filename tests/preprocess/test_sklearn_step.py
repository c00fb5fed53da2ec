"""scikit-learn's transformers as steps."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline import errors
from feedline.preprocess import OneHot

preprocessing = pytest.importorskip("sklearn.preprocessing")
decomposition = pytest.importorskip("sklearn.decomposition")

VALUES = np.random.default_rng(4).normal([0, 5, -3], [1, 2, 0.1], (400, 3))
MAKERS: list[Any] = [
    preprocessing.StandardScaler,
    lambda: preprocessing.StandardScaler(with_std=False),
    lambda: preprocessing.MinMaxScaler((-1, 1), clip=True),
    preprocessing.MaxAbsScaler,
    lambda: decomposition.IncrementalPCA(2),
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_as_by_itself_and_after_a_trip(make: Any, tmp_path: Path) -> None:
    ds = fl.Dataset.from_tensor_slices({"v": VALUES})
    preprocess = fl.Preprocess({"v": make()}).fit(ds)
    expected = make().partial_fit(VALUES).transform(VALUES).astype(np.float32)
    np.testing.assert_array_equal(preprocess({"v": VALUES})["v"], expected)
    preprocess.save(tmp_path / "a.json")
    again = fl.Preprocess.load(tmp_path / "a.json")
    assert again.fingerprint == preprocess.fingerprint
    for each in (again, pickle.loads(pickle.dumps(preprocess))):
        assert each({"v": VALUES})["v"].tobytes() == preprocess({"v": VALUES})["v"].tobytes()
    assert type(again.inputs["v"].transformer) is type(make())
    assert b"pickle" not in (tmp_path / "a.json").read_bytes()


@pytest.mark.parametrize("make", MAKERS[:4])
def test_any_batch_size(make: Any) -> None:
    ds = fl.Dataset.from_tensor_slices(VALUES)
    assert len({fl.Preprocess(make()).fit(each).fingerprint for each in (ds, ds.batch(9), ds.batch(400))}) == 1
    made = np.stack(list(ds.map(fl.Preprocess(make()).fit(ds))))
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, fl.Preprocess(make()).fit(ds)(VALUES))


def test_numbers_stay_numbers_and_steps_follow() -> None:
    ds = fl.Dataset.from_tensor_slices({"a": np.arange(5.0), "b": ["x", "y", "x", "y", "z"]})
    steps = {"a": [fl.preprocess.Clip(0, 3), preprocessing.StandardScaler()], "b": OneHot()}
    made = fl.Preprocess(steps, output_mode="concat").fit(ds)({"a": 2.0, "b": "x"})
    assert made.shape == (4,)


def test_the_transformer_that_was_given_learns_nothing() -> None:
    scaler = preprocessing.StandardScaler()
    fl.Preprocess(scaler).fit(fl.Dataset.from_tensor_slices(VALUES))
    assert not hasattr(scaler, "mean_")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (preprocessing.OneHotEncoder, "OneHot"),
        (preprocessing.OrdinalEncoder, "Ordinal"),
        (preprocessing.RobustScaler, "Robust"),
        (preprocessing.PowerTransformer, "StandardScaler"),
        (lambda: preprocessing.StandardScaler().fit(VALUES), "new one"),
    ],
)
def test_what_cannot_be_a_step(make: Any, says: str) -> None:
    with pytest.raises(errors.ArgumentError) as caught:
        fl.Preprocess({"v": make()})
    assert says in caught.value.fix


def test_values_that_it_does_not_take() -> None:
    def fit(values: Any) -> None:
        fl.Preprocess(preprocessing.StandardScaler()).fit(fl.Dataset.from_tensor_slices(values))

    with pytest.raises(errors.NotFiniteError, match="element 1"):
        fit(np.array([[1.0], [np.nan]]))
    with pytest.raises(errors.ShapeError, match="Standardize"):
        fit(np.zeros((3, 2, 2)))
    with pytest.raises(errors.DtypeError):
        fit(np.array(["a", "b"]))
    with pytest.raises(errors.ShapeError, match="one length"):
        fit(fl.RaggedTensor.from_rows([np.zeros(2), np.zeros(1)]))
