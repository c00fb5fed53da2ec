"""The methods of arrays run on blocks as the functions of their names do, and give the bytes of single elements."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl
from feedline.plan import vectorise

METHODS = {
    "sum": lambda row: (row.sum(), row.sum(axis=0), row.sum(-1, keepdims=True)),
    "mean": lambda row: (row.mean(), row.mean(axis=1), row.mean(dtype=np.float64)),
    "spread": lambda row: (row.std(), row.var(axis=0)),
    "product": lambda row: (row / 8).prod(),
    "ends": lambda row: (row.min(), row.max(axis=1), row.argmin(), row.argmax(axis=0)),
    "truth": lambda row: ((row > 0).any(), (row > 0).all(axis=0)),
    "round": lambda row: (row.round(), row.round(1), row.round(decimals=2), np.round(row, 1)),
    "transposed": lambda row: (row.T, row.transpose(), row.transpose(1, 0), row.transpose((1, 0)), row.swapaxes(0, -1)),
    "sums of transposed": lambda row: (row.T.sum(), row.T.mean(axis=0), np.sum(np.transpose(row, (1, 0)), axis=1)),
    "flat": lambda row: (row.flatten(), row.T.ravel(), row[None].squeeze(0), row.size * row),
    "clip": lambda row: (row.clip(0, 1), row.clip(0), row.clip(max=0.5), row.clip(min=-1, max=None)),
    "powers": lambda row: (row**2, row**2.0, (row * row) ** 3, row[0, 0] ** 2, row[0, 0] ** 3, 2**row),
    "copies": lambda row: (row.copy() + 1, row.astype(np.float64, copy=False)),
    "put together": lambda row: (row - row.mean()) / (row.std() + 1),
    "by its largest": lambda row: row / row.max(),
}
INTEGERS = {
    "shifts": lambda row: (row << 1, row >> 2, 3 << row, row[0, 0] << 1),
    "sum": lambda row: (row.sum(), row.mean(), row.max(axis=0)),
    "round": lambda row: (row.round(), row.round(-1)),
    "powers": lambda row: (row**2, row**3, row[0, 0] ** 2),
}
CASES = [
    *((f"{dtype} {name}", function, dtype) for dtype in ("float32", "float64") for name, function in METHODS.items()),
    *((f"{dtype} {name}", function, dtype) for dtype in ("uint8", "int64") for name, function in INTEGERS.items()),
]


def _rows(dtype: str) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(300, 5, 7)) * 2
    return (abs(rows) if dtype in ("uint8", "int64") else rows).astype(dtype)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("function", "dtype"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_bytes_of_single_elements(function, dtype: str, order, monkeypatch) -> None:
    dataset = fl.Dataset.from_tensor_slices(np.asarray(_rows(dtype), order=order)).map(function).batch(50)
    if order == "C":
        assert "; runs on blocks" in dataset.explain()
    on_blocks = list(dataset)
    if order == "C":
        assert "; runs on blocks\n" in dataset.explain()
    monkeypatch.setattr(vectorise, "LEAST_ROWS", 1 << 40)
    for ours, theirs in zip(on_blocks, list(dataset), strict=True):
        for one, other in _pairs(ours, theirs):
            assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def _pairs(ours, theirs) -> list[tuple[np.ndarray, np.ndarray]]:
    if not isinstance(ours, tuple):
        return [(ours, theirs)]
    return list(zip(ours, theirs, strict=True))


def test_arrays_of_other_shapes_are_added_up_one_by_one(tmp_path, monkeypatch) -> None:
    paths = []
    for number in range(60):
        paths.append(str(tmp_path / f"{number}.png"))
        size = (8, 6, 3) if number < 30 else (5 + number % 3, 9, 3)
        pixels = np.random.default_rng(number).integers(0, 256, size).astype(np.uint8)
        fl.io.write_file(paths[-1], fl.io.encode_png(pixels))
    dataset = fl.Dataset.from_tensor_slices(paths)
    dataset = dataset.map(lambda path: (fl.io.decode_png(fl.io.read_file(path), channels=3) / 255.0).mean()).batch(10)
    on_blocks = [batch.tobytes() for batch in dataset]
    assert "; runs on blocks\n" in dataset.explain()
    monkeypatch.setattr(vectorise, "LEAST_ROWS", 1 << 40)
    assert on_blocks == [batch.tobytes() for batch in dataset]


def _filled(row):
    row.fill(0)
    return row


def _rounded_in_place(row):
    np.round(row, 0, row)
    return row


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_filled, "it changes a value in place with .fill()"),
        (_rounded_in_place, "it changes a value in place"),
        (lambda row: row.item(0), "it takes a value out of an array with .item()"),
        (lambda row: row.flatten("F"), "it calls .flatten() with arguments that are not known to work on blocks"),
        (lambda row: row[0, 0].mean(), "it uses .mean of a number (np.mean(value) may do)"),
        (lambda row: row.sum, "it returns a function"),
    ],
)
def test_other_methods_are_not_proven(function, reason: str) -> None:
    said = fl.Dataset.from_tensor_slices(_rows("float32")).map(function).explain()
    assert f"; runs element by element: {reason}" in said
