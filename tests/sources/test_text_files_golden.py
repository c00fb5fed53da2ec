"""Text lines and CSV against what TensorFlow read (tests/golden/make_text_files.py)."""

import json
import pathlib

import numpy as np
import pytest

import feedline as fl

CASES = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "data" / "text_files" / "cases.json").read_text())


def as_text(value) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value.item().hex() if value.dtype.kind == "f" else str(value)


def records(dataset) -> list:
    found = []
    stream = dataset.node.open(0, None)
    while True:
        try:
            block = stream.next(2)
        except fl.errors.CsvError:
            found.append(None)
            continue
        if block is None:
            return found
        block = block.plain()
        found += [[as_text(value) for value in block.row(row)] for row in range(block.length)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "text"


def test_lines(path) -> None:
    for case in CASES["lines"]:
        path.write_bytes(case["text"].encode())
        assert [line.decode() for line in fl.TextLineDataset(path)] == case["lines"], case
    assert len(CASES["lines"]) == 60


def test_records(path) -> None:
    errors = good = 0
    for case in CASES["records"]:
        path.write_bytes(case["text"].encode())
        columns = [
            dtype if required else b"none" if dtype == "string" else np.dtype(dtype).type(7)
            for dtype, required in zip(case["dtypes"], case["required"], strict=True)
        ]
        for size in (1, None):
            assert records(fl.CsvDataset(path, columns, buffer_size=size, **case["options"])) == case["records"], case
        errors += sum(record is None for record in case["records"])
        good += sum(record is not None for record in case["records"])
    assert errors > 100
    assert good > 50


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
def test_numbers(path, dtype) -> None:
    for case in CASES["numbers"]:
        path.write_text(case["text"])
        assert records(fl.CsvDataset(path, [dtype])) == case["read"][dtype], case
    assert sum(case["read"][dtype] != [None] for case in CASES["numbers"]) > 5
