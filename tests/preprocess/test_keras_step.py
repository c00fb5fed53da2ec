"""Keras' layers as steps."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline import errors

keras = pytest.importorskip("keras")
pytest.importorskip("jax")
pytest.importorskip("tensorflow")
layers = keras.layers

NUMBERS = np.random.default_rng(5).normal([0, 5, -3], [1, 2, 0.1], (300, 3)).astype(np.float32)
WORDS = np.random.default_rng(6).choice(["a", "b", "c", "d"], 300, p=[0.4, 0.3, 0.2, 0.1])
TEXTS = np.array(["The cat sat.", "A dog sat; the cat ran!", "the end"] * 20)

CASES: list[tuple[Any, Any]] = [
    (layers.Normalization, NUMBERS),
    (lambda: layers.Normalization(axis=None), NUMBERS),
    (layers.Normalization, NUMBERS[:, 1]),
    (lambda: layers.Discretization(num_bins=4), NUMBERS[:, 0]),
    (lambda: layers.Discretization([0.0, 1.0]), NUMBERS[:, 0]),
    (layers.StringLookup, WORDS),
    (lambda: layers.StringLookup(max_tokens=3, output_mode="one_hot"), WORDS),
    (lambda: layers.StringLookup(vocabulary=["c", "a"], num_oov_indices=2), WORDS),
    (layers.IntegerLookup, np.arange(300) % 7),
    (lambda: layers.TextVectorization(output_sequence_length=4), TEXTS),
    (lambda: layers.TextVectorization(output_mode="tf_idf"), TEXTS),
    (lambda: layers.Hashing(9), WORDS),
    (lambda: layers.Rescaling(1 / 3, 1.0), NUMBERS),
    (lambda: layers.CategoryEncoding(7, output_mode="one_hot"), np.arange(300) % 7),
]
IDS = [str(number) for number in range(len(CASES))]


def alone(make: Any, values: np.ndarray) -> np.ndarray:
    """Returns what the layer makes by itself."""
    layer = make()
    given = values[:, None] if values.ndim == 1 and isinstance(layer, layers.Normalization) else values
    adapts = layer.__class__.__name__ not in ("Hashing", "Rescaling", "CategoryEncoding")
    if adapts and getattr(layer, "bin_boundaries", None) is None and not layer.get_config().get("vocabulary"):
        layer.adapt(given)
    return keras.ops.convert_to_numpy(layer(given)).reshape(len(values), -1)


@pytest.mark.parametrize(("make", "values"), CASES, ids=IDS)
def test_the_same_as_by_itself_and_after_a_trip(make: Any, values: np.ndarray, tmp_path: Path) -> None:
    ds = fl.Dataset.from_tensor_slices(values)
    preprocess = fl.Preprocess(make()).fit(ds)
    made = preprocess(values)
    np.testing.assert_allclose(made.reshape(len(values), -1), alone(make, values), rtol=1e-4, atol=1e-5)
    preprocess.save(tmp_path / "a.json")
    again = fl.Preprocess.load(tmp_path / "a.json")
    assert again.fingerprint == preprocess.fingerprint == fl.Preprocess(make()).fit(ds.batch(7)).fingerprint
    for each in (again, pickle.loads(pickle.dumps(preprocess))):
        assert each(values).tobytes() == made.tobytes()
    one = next(iter(ds.map(again)))
    assert one.dtype == made.dtype
    np.testing.assert_allclose(one, made[0], rtol=1e-5)


def test_a_layer_that_was_adapted_is_used_as_it_is() -> None:
    normalization = layers.Normalization()
    normalization.adapt(NUMBERS + 100)
    lookup = layers.StringLookup()
    lookup.adapt(["z", "y", "z"])
    ds = fl.Dataset.from_tensor_slices({"n": NUMBERS, "w": WORDS})
    made = fl.Preprocess({"n": normalization, "w": lookup}).fit(ds)({"n": NUMBERS[:3] + 100, "w": ["z", "y", "a"]})
    np.testing.assert_allclose(made["n"], keras.ops.convert_to_numpy(normalization(NUMBERS[:3] + 100)), rtol=1e-5)
    assert made["w"].tolist() == [1, 2, 0]


def test_the_layer_that_was_given_learns_nothing() -> None:
    lookup = layers.StringLookup()
    fl.Preprocess(lookup).fit(fl.Dataset.from_tensor_slices(WORDS))
    assert lookup.get_vocabulary() == ["[UNK]"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(3),
        lambda: layers.TextVectorization(),
        lambda: layers.TextVectorization(standardize=lambda text: text, output_sequence_length=3),
        lambda: layers.Normalization(axis=1),
    ],
)
def test_what_cannot_be_a_step(make: Any) -> None:
    with pytest.raises(errors.ArgumentError) as caught:
        fl.Preprocess(make())
    assert caught.value.fix


def test_values_that_it_does_not_take() -> None:
    with pytest.raises(errors.DtypeError, match="go together"):
        fl.Preprocess(layers.StringLookup(vocabulary=["a"])).fit(fl.Dataset.range(3))
    with pytest.raises(errors.NotFiniteError):
        fl.Preprocess(layers.Normalization()).fit(fl.Dataset.from_tensor_slices([[np.nan]]))
    single = layers.CategoryEncoding(3, output_mode="multi_hot")
    with pytest.raises(errors.ShapeError, match="one_hot"):
        fl.Preprocess(single).fit(fl.Dataset.range(3))(np.arange(3))
