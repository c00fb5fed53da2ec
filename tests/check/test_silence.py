"""Rules silenced in pyproject.toml."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError, FileFormatError


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    inner = tmp_path / "project" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    return inner


def check() -> Any:
    ds = fl.Dataset.from_tensor_slices((np.zeros((64, 2), np.float32), np.arange(64) % 2)).shuffle(64).batch(1)
    return ds.check(show=False)


def test_the_nearest_file_counts(folder: pathlib.Path) -> None:
    (folder.parent / "pyproject.toml").write_text('[tool.feedline.check]\nignore = ["FL306"]\n')
    assert "FL306" not in check().codes
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert "FL306" in check().codes


def test_it_adds_to_the_call(folder: pathlib.Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.feedline.check]\nignore = ["FL1"]\n')
    ds = fl.Dataset.range(64).batch(1)
    assert {"FL100", "FL306"} <= set(ds.check(show=False, ignore="FL306").silenced)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ('[tool.feedline.check]\nignore = ["FL999"]', ArgumentError, "FL999"),
        ('[tool.feedline.check]\nignore = "FL306"', FileFormatError, "not a list"),
        ('[tool.feedline.check]\nignored = ["FL306"]', FileFormatError, "no setting 'ignored'"),
        ("[tool.feedline]\ncheck = 3", FileFormatError, "not a table"),
        ("[tool.feedline.check", FileFormatError, "cannot be read"),
    ],
)
def test_mistakes_are_told_with_the_file(folder: pathlib.Path, text: str, kind: type[Exception], said: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    with pytest.raises(kind, match=said) as caught:
        check()
    assert str(folder / "pyproject.toml") in str(caught.value)
