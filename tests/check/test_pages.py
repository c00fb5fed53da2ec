"""Each rule has a page, and the examples of each page do what it says."""

from __future__ import annotations

import linecache
import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest

import feedline
from feedline.check.rule import all_rules

FOLDER = pathlib.Path(feedline.__file__).parents[2] / "docs" / "rules"
HEADINGS = ["Why it hurts", "Fails", "Passes", "To silence it"]
CODES = sorted(all_rules())


def page(code: str) -> str:
    return (FOLDER / f"{code}.md").read_text(encoding="utf-8")


def example(code: str, heading: str, folder: pathlib.Path) -> dict[str, Any]:
    """Runs the example under a heading, in a folder of its own, and returns its variables."""
    section = page(code).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 1, f"{code}: one block under {heading}"
    path = folder / f"{code}_{heading.lower()}.py"
    path.write_text(blocks[0], encoding="utf-8")
    linecache.checkcache(str(path))
    names: dict[str, Any] = {"__name__": path.stem}
    exec(compile(blocks[0], str(path), "exec"), names)
    return names


def arguments(names: dict[str, Any]) -> dict[str, Any]:
    return {name: names[name] for name in ("model", "against", "use") if name in names}


@pytest.mark.parametrize("code", CODES)
def test_the_first_example_is_flagged(
    code: str, flagged: Callable[..., Any], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = example(code, "Fails", tmp_path)
    finding = flagged(names["ds"], code, **arguments(names))
    assert any(f"{code}_fails.py" in place for place in finding.where), "the user's own line is told"


@pytest.mark.parametrize("code", CODES)
def test_the_second_example_is_clean(
    code: str, clean: Callable[..., None], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = example(code, "Passes", tmp_path)
    clean(names["ds"], code, **arguments(names))


@pytest.mark.parametrize("code", CODES)
def test_the_page_has_its_parts(code: str) -> None:
    rule = all_rules()[code]
    text = page(code)
    assert text.startswith(f"# {code}: {rule.name}\n\n**{rule.severity.capitalize()}.** ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert f'ignore = ["{code}"]' in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_list_names_each_rule() -> None:
    listed = re.findall(r"^\| \[(FL\d+)\]\((FL\d+)\.md\) \| (\S+) \| (\w+) \|", page("README"), re.MULTILINE)
    assert listed == [(code, code, rule.name, rule.severity) for code, rule in sorted(all_rules().items())]


def test_there_is_no_page_without_a_rule() -> None:
    assert {path.stem for path in FOLDER.glob("FL*.md")} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_rule_says_what_it_needs(code: str) -> None:
    rule = all_rules()[code]
    assert re.fullmatch(r"FL\d{3}", code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.why.endswith(".")
    assert set(rule.needs) <= {"plan", "specs", "sample", "model", "against"}
