"""What tests of rules say: that a pipeline is flagged with a code, or is not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

import pytest

from feedline.check import Finding, Report, costs

# Left to itself Keras would load TensorFlow, which takes eight seconds. Programs that tests start do not inherit it.
chosen = os.environ.get("KERAS_BACKEND")
os.environ.setdefault("KERAS_BACKEND", "jax")
with contextlib.suppress(ImportError):
    import keras  # noqa: F401
if chosen is None:
    del os.environ["KERAS_BACKEND"]


@pytest.fixture(scope="session", autouse=True)
def kernels(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compiles what reads records and images: on a clean clone that would take all the time that a check has."""
    import numpy as np

    import feedline as fl

    path = str(tmp_path_factory.mktemp("kernels") / "a.tfrecord")
    feature = fl.train.Feature(bytes_list=fl.train.BytesList(value=[fl.io.encode_png(np.zeros((8, 8, 3), np.uint8))]))
    with fl.io.TFRecordWriter(path) as writer:
        for _ in range(20):
            writer.write(fl.train.Example(features=fl.train.Features(feature={"a": feature})).SerializeToString())
    for wanted in (
        fl.io.FixedLenFeature([], fl.string),
        fl.io.VarLenFeature(fl.string),
        fl.io.RaggedFeature(fl.string),
    ):
        features = {"a": wanted}
        list(fl.TFRecordDataset(path).batch(4).map(lambda records, f=features: fl.io.parse_example(records, f)))
        list(fl.TFRecordDataset(path).map(lambda record, f=features: fl.io.parse_single_example(record, f)))
    list(
        fl.TFRecordDataset(path, features={"a": fl.io.FixedLenFeature([], fl.string)}).map(
            lambda x: fl.io.decode_png(x["a"])
        )
    )
    fl.image.resize(fl.io.decode_jpeg(fl.io.encode_jpeg(np.zeros((8, 8, 3), np.uint8))), [4, 4])


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


class Clock:
    """A clock that goes only where a test says so: what is measured is then the same on every machine."""

    def __init__(self) -> None:
        self.now = self.busy = 0.0

    def work(self, seconds: float) -> None:
        """Lets time pass in which a core is at work."""
        self.now += seconds
        self.busy += seconds

    def wait(self, seconds: float) -> None:
        """Lets time pass in which none is."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Returns the clock by which a check measures what steps cost."""
    clock = Clock()
    monkeypatch.setattr(costs, "wall_clock", lambda: clock.now)
    monkeypatch.setattr(costs, "busy_clock", lambda: clock.busy)
    return clock
