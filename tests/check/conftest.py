"""What tests of rules say: that a pipeline is flagged with a code, or is not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

import pytest

from feedline.check import Finding, Report

# Left to itself Keras would load TensorFlow, which takes eight seconds. Programs that tests start do not inherit it.
chosen = os.environ.get("KERAS_BACKEND")
os.environ.setdefault("KERAS_BACKEND", "jax")
with contextlib.suppress(ImportError):
    import keras  # noqa: F401
if chosen is None:
    del os.environ["KERAS_BACKEND"]


def report_of(ds: Any, **arguments: Any) -> Report:
    """Returns the report of a check in which no rule failed itself."""
    report = ds.check(show=False, **arguments)
    for code, error in report.failures:
        raise AssertionError(f"{code} itself failed") from error
    return report


@pytest.fixture
def flagged() -> Callable[..., Finding]:
    """Returns the first finding of a code in a dataset, which there must be, and which must say all it has to say."""

    def first(ds: Any, code: str, **arguments: Any) -> Finding:
        report = report_of(ds, **arguments)
        found = [finding for finding in report.findings if finding.code == code]
        assert found, f"{code} is not among {report.codes}"
        for finding in found:
            assert finding.message.endswith((".", "?")), finding
            assert finding.why, finding
            assert finding.fix, finding
            assert finding.seen or finding.where, finding
        return found[0]

    return first


@pytest.fixture
def clean() -> Callable[..., None]:
    """Checks that there is no finding of a code or of a family, such as "FL3", in a dataset; none at all by default."""

    def none(ds: Any, code: str = "FL", **arguments: Any) -> None:
        found = [finding for finding in report_of(ds, **arguments).findings if finding.code.startswith(code)]
        assert not found, "\n".join(map(str, found))

    return none
