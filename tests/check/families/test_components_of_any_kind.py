"""FL2: the rules about values take components of every kind, and fail for none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import feedline as fl

COUNT = 60
GENERATOR = np.random.default_rng(0)
KINDS: dict[str, Any] = {
    "ragged": fl.RaggedTensor.from_row_lengths(GENERATOR.normal(size=COUNT * 3), np.full(COUNT, 3)),
    "ragged without values": fl.RaggedTensor.from_row_lengths(np.zeros(0, np.float32), np.zeros(COUNT, np.int64)),
    "sparse": fl.SparseTensor(
        indices=np.array([[row, row % 5] for row in range(COUNT)]), values=np.ones(COUNT), dense_shape=(COUNT, 5)
    ),
    "texts": np.array([b"a", b"bb"], object)[np.arange(COUNT) % 2],
    "rows of texts": np.array([[b"a", b"bb"]] * COUNT, object),
    "bools": np.arange(COUNT) % 2 == 0,
    "complex": GENERATOR.normal(size=(COUNT, 4)).astype(np.complex64),
    "no values": np.zeros((COUNT, 0), np.float32),
    "only NaN": np.full((COUNT, 3), np.nan),
    "large": GENERATOR.integers(-5, 10**12, COUNT),
    "pictures": GENERATOR.random((COUNT, 12, 12, 3)).astype(np.float16),
}


@pytest.mark.parametrize("label", ["ragged", "sparse", "texts", "no values", "only NaN", "large"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_no_rule_fails(kind: str, label: str) -> None:
    ds = fl.Dataset.from_tensor_slices((KINDS[kind], KINDS[label]))
    for each in (ds, ds.batch(16), ds.window(5)):
        report = each.check(show=False, against=ds.take(20), ignore=["FL1", "FL3", "FL4", "FL5", "FL6"])
        assert report.failures == []
