"""Broken programs as users write them, from the seeds and from public questions: each is caught, and told well."""

from __future__ import annotations

import importlib.util
import inspect
import linecache
import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from feedline.check.families.cost import parallel
from feedline.check.rule import all_rules

FOLDER = pathlib.Path(__file__).with_name("corpus")


def tables() -> list[tuple[Callable[..., Any], str, str]]:
    """Returns the rows of all files: a program, the code of the finding, a part of the line that the finding names."""
    rows: list[tuple[Callable[..., Any], str, str]] = []
    for path in sorted(FOLDER.glob("broken_*.py")):
        spec = importlib.util.spec_from_file_location(f"corpus_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows += module.BROKEN
    return rows


BROKEN = tables()

BESIDES = {
    "a_misspelt_feature": {"FL207"},  # all images are the default, of one colour
    "scaled_images_cast_back_to_bytes": {"FL207"},  # all are black
    "a_stateful_model_and_a_smaller_last_batch": {"FL606"},  # whose state is carried along a shuffled series
}
"""What else is true of a program, and may be found."""


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of eight cores, of which some idle."""
    monkeypatch.setattr(parallel, "available_cores", lambda: 8)


@pytest.mark.filterwarnings("ignore:the feature", "ignore:invalid value encountered")
@pytest.mark.parametrize(
    ("program", "code", "line"), BROKEN, ids=[f"{code}-{program.__name__}" for program, code, _ in BROKEN]
)
def test_it_is_caught(program: Callable[..., Any], code: str, line: str, tmp_path: pathlib.Path) -> None:
    report = program(tmp_path)
    for failed, error in report.failures:
        raise AssertionError(f"{failed} itself failed") from error
    found = [finding for finding in report.findings if finding.code == code]
    assert found, f"{code} is not among {report.codes}:\n{report}"
    finding = found[0]

    assert finding.origin is not None
    written, first = inspect.getsourcelines(program)
    assert finding.origin.filename == inspect.getsourcefile(program)
    assert first <= finding.origin.line < first + len(written)
    assert line in linecache.getline(finding.origin.filename, finding.origin.line)

    others = {each for each in report.codes if not each.startswith("FL4")} - {code}  # FL4 depends on the machine
    assert others <= BESIDES.get(program.__name__, set()), f"{report}"

    told = str(report)
    assert f"{code} {finding.severity}: {finding.message}" in told
    assert any(f"{finding.origin.line}: " in place and line in place for place in finding.where), "the line is shown"
    for text in (finding.message, finding.why, finding.fix):
        assert text.endswith((".", "?")), text
        assert len(text) < 500, text
    assert not re.search(r"0x[0-9a-f]{6}|<function|<locals>|object at|Traceback", told), told


def test_each_rule_is_hit() -> None:
    assert {code for _, code, _ in BROKEN} == set(all_rules())


def test_each_program_says_where_it_is_from() -> None:
    for program, _, _ in BROKEN:
        assert program.__doc__, program.__name__
    assert len({program.__name__ for program, _, _ in BROKEN}) == len(BROKEN)
