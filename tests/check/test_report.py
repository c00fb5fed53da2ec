"""How reports read: as text, on a terminal, in a notebook."""

from __future__ import annotations

import io
import sys
import types
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check import Finding, Report


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def table() -> Any:
    return fl.Dataset.from_tensor_slices(
        (np.random.default_rng(1).normal(size=(64, 2)).astype(np.float32), np.repeat([0, 1], 32))
    )


def report() -> Report:
    return table().batch(1).check(show=False)


def test_it_prints_itself(capsys: pytest.CaptureFixture[str]) -> None:
    made = table().batch(1).check()
    assert capsys.readouterr().out == f"{made}\n"


def test_nothing_is_printed_where_none_is_to_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    table().batch(1).check(show=False)
    assert terminal.getvalue() == ""
    table().batch(1).check()
    assert "elements looked at" in terminal.getvalue()


def test_the_text_says_all() -> None:
    text = str(report())
    lines = text.splitlines()
    assert lines[0] == "feedline check: from_tensor_slices -> batch(1)"
    assert lines[1].startswith("2 warnings; looked at all 64 elements; ")
    assert "FL301 warning: the elements come sorted by their labels, and nothing shuffles them." in lines
    assert any(line.startswith("  where: batch(1) at ") and "test_report.py" in line for line in lines)
    assert any(line.startswith("  fix:   Write .shuffle(64)") for line in lines)


def test_the_representation_is_short() -> None:
    assert repr(report()).startswith("<Report: 2 warnings; looked at all 64 elements")
    assert "\n" not in repr(report())


def test_on_a_terminal() -> None:
    terminal = Terminal()
    report().show(terminal)
    printed = terminal.getvalue()
    assert "FL306 warning" in printed
    assert "every batch holds one element." in printed


def test_text_that_looks_like_markup_is_printed_as_it_is() -> None:
    terminal = Terminal()
    finding = Finding("FL306", "x", "hint", "a [bold]name[/bold] like x['[red]'].", fix="Write [1, 2].")
    Report([finding], "map(<lambda>) [all]").show(terminal)
    assert "a [bold]name[/bold] like x['[red]']." in terminal.getvalue()
    assert "map(<lambda>) [all]" in terminal.getvalue()


def test_html_is_escaped() -> None:
    made = table().map(lambda x, y: (x, y)).batch(1).check(show=False)
    page = made.html()
    assert "map(&lt;lambda&gt;)" in page
    assert "<lambda>" not in page
    assert "FL306 warning" in page
    assert made._repr_html_() == page


def test_in_a_notebook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class ZMQInteractiveShell:
        execution_count = 4

    shown: list[Any] = []
    ipython, display = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    ipython.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]
    display.display = shown.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    made = table().batch(1).check()
    assert shown == [made]
    assert capsys.readouterr().out == ""
    assert "FL306" not in made._repr_html_()  # the cell's own result: it has been shown in this cell
    monkeypatch.setattr(ZMQInteractiveShell, "execution_count", 5)
    assert "FL306" in made._repr_html_()


def test_what_it_holds() -> None:
    made = report()
    assert made.ok
    assert made.codes == ("FL301", "FL306")
    assert len(made) == len(list(made)) == len(made.warnings) == 2
    assert made.errors == made.hints == []
    assert "FL100" in made.rules


def test_the_worst_comes_first() -> None:
    ds = table().shuffle(64)
    made = ds.skip(8).repeat().batch(1).check(show=False, against=ds.take(8).batch(1))
    severities = [finding.severity for finding in made.findings]
    assert severities == sorted(severities, key=["error", "warning", "hint"].index)
    assert severities[0] == "error"
    assert not made.ok


def test_a_rule_that_fails_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from feedline.check.families.order.batches import BatchOfOne

    def broken(self: Any, context: Any) -> Any:
        raise ZeroDivisionError("by 0")

    monkeypatch.setattr(BatchOfOne, "check", broken)
    made = report()
    assert made.codes == ("FL301",)
    assert [code for code, _ in made.failures] == ["FL306"]
    assert "the rule FL306 itself failed, which says nothing of the dataset: ZeroDivisionError: by 0" in str(made)
