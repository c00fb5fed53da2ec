"""Healthy programs as careful users write them: nothing is found in them, but for the hints that are named here."""

from __future__ import annotations

import importlib.util
import inspect
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("keras")

FOLDER = pathlib.Path(__file__).with_name("corpus")

HINTS: dict[str, dict[str, str]] = {}
"""By program: the codes of hints that are right, and why."""


def programs() -> list[Callable[[pathlib.Path], Any]]:
    """Returns the programs of all files."""
    found: list[Callable[[pathlib.Path], Any]] = []
    for path in sorted(FOLDER.glob("healthy_*.py")):
        spec = importlib.util.spec_from_file_location(f"corpus_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.HEALTHY
    return found


PROGRAMS = programs()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_nothing_is_found(program: Callable[[pathlib.Path], Any], clock: Any, tmp_path: pathlib.Path) -> None:
    report = program(tmp_path)
    for code, error in report.failures:
        raise AssertionError(f"{code} itself failed") from error
    assert not report.not_seen, "the elements were looked at"
    hints = HINTS.get(program.__name__, {})
    found = [each for each in report.findings if not (each.severity == "hint" and each.code in hints)]
    assert not found, "\n".join(map(str, found))


def test_half_of_them_have_a_model_and_validation_data() -> None:
    sources = [inspect.getsource(program) for program in PROGRAMS]
    assert len(sources) >= 40
    assert sum("model=" in source and "against=" in source for source in sources) >= len(sources) / 2


def test_each_program_says_what_it_is() -> None:
    for program in PROGRAMS:
        assert program.__doc__, program.__name__
    assert len({program.__name__ for program in PROGRAMS}) == len(PROGRAMS)
