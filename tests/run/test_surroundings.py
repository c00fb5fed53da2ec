"""Surroundings: folder, environment and arguments of the program hold in processes, as an epoch begins."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import feedline as fl
from feedline.run.surroundings import Surroundings

PROCESSES = fl.Options(executor="processes")


def last_of(dataset: fl.Dataset) -> str:
    return [element.decode() for element in dataset][-1]


def told_by(function: Callable[[], Any]) -> fl.Dataset:
    return fl.Dataset.range(40).map(lambda number: str(function()), 2).with_options(PROCESSES)


def test_each_epoch_has_the_environment_of_its_beginning(monkeypatch, recwarn) -> None:
    dataset = told_by(lambda: os.environ.get("FEEDLINE_TESTED"))
    monkeypatch.delenv("FEEDLINE_TESTED", raising=False)
    assert last_of(dataset) == "None"
    monkeypatch.setenv("FEEDLINE_TESTED", "one")
    assert last_of(dataset) == "one"
    assert last_of(told_by(lambda: os.environ.get("FEEDLINE_TESTED"))) == "one"
    monkeypatch.delenv("FEEDLINE_TESTED")
    assert last_of(dataset) == "None"
    assert not recwarn.list


def test_each_epoch_works_in_the_folder_of_its_beginning(tmp_path, monkeypatch) -> None:
    dataset = told_by(os.getcwd)
    assert last_of(dataset) == str(Path.cwd())
    monkeypatch.chdir(tmp_path)
    assert last_of(dataset) == str(tmp_path)


def test_each_epoch_has_the_arguments_of_its_beginning(monkeypatch) -> None:
    dataset = told_by(lambda: sys.argv[-1])
    for arguments in (["program", "one"], ["program", "two"]):
        monkeypatch.setattr(sys, "argv", arguments)
        assert last_of(dataset) == arguments[-1]


def test_a_folder_that_is_gone_is_no_obstacle(tmp_path, monkeypatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        assert Surroundings.here().folder is None
        assert last_of(told_by(lambda: 3)) == "3"
    finally:
        monkeypatch.undo()


def test_what_a_process_has_set_by_itself_stays(monkeypatch) -> None:
    here = Surroundings.here()
    monkeypatch.setenv("FEEDLINE_TESTED", "here")
    here.adopt(here.environment)
    assert os.environ["FEEDLINE_TESTED"] == "here"
