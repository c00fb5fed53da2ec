"""Where processes may be chosen at all."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from feedline.run import executors


@pytest.fixture(autouse=True)
def two_cores(monkeypatch) -> None:
    monkeypatch.setattr(executors, "available_cores", lambda: 2)


def test_processes_are_a_choice_where_threads_share_a_lock(monkeypatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    assert executors.why_no_processes() is None


def test_a_python_without_the_lock_uses_threads_for_everything(monkeypatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert executors.why_no_processes() == "this Python has no lock that threads would have to share"
    assert executors.why_no_processes(asked=True) is None  # who asks for them gets them


def test_one_core_needs_no_processes(monkeypatch) -> None:
    monkeypatch.setattr(executors, "available_cores", lambda: 1)
    assert executors.why_no_processes() == "there is only one core"


def test_what_numpy_is_told_of_errors_would_not_hold_in_processes() -> None:
    with np.errstate(all="raise"):
        assert "np.errstate" in (executors.why_no_processes() or "")
