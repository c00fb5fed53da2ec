"""The benchmark harness: that it measures, that it refuses less work, and that it never hangs."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest


@pytest.fixture
def compare():
    return importlib.import_module("benchmarks.compare")


@pytest.fixture
def harness():
    return importlib.import_module("benchmarks.harness")


@pytest.fixture
def session():
    return importlib.import_module("benchmarks.session")


def batch(**components):
    return {name: np.asarray(component) for name, component in components.items()}


REFERENCE = {"x": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3), "cat": np.array([b"a", b"bc"])}


def test_same_batch_passes(compare):
    assert compare.difference(REFERENCE, dict(REFERENCE), compare.Rule()) is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"x": REFERENCE["x"].astype(np.float64)}, "float64"),
        ({"x": REFERENCE["x"][:1]}, "(1, 3)"),
        ({"cat": np.array([b"a", b"bd"])}, "component cat"),
        ({"x": REFERENCE["x"] + np.float32(0.01)}, "component x"),
        ({"x": np.full((2, 3), np.nan, np.float32)}, "component x"),
        ({"more": np.zeros(2)}, "more"),
    ],
)
def test_less_or_other_work_is_named(compare, changed, says):
    assert says in compare.difference(REFERENCE, {**REFERENCE, **changed}, compare.Rule(largest=1e-3))


def test_rule_allows_what_it_says(compare):
    near = {**REFERENCE, "x": REFERENCE["x"] + np.float32(0.01)}
    assert compare.difference(REFERENCE, near, compare.Rule(largest=0.02)) is None
    assert "mean" in compare.difference(REFERENCE, near, compare.Rule(largest=0.02, mean=0.001))


def test_components_of_every_structure(compare):
    assert list(compare.components({"b": [1], "a": [2]})) == ["a", "b"]
    assert list(compare.components((np.zeros(2), np.ones(2)))) == ["0", "1"]
    assert compare.components(np.array([b"a", b"bc"], object))["0"].dtype == "S2"
    assert compare.samples(({"x": np.zeros((5, 2))}, np.zeros(5))) == 5
    assert compare.samples(7) == 7


def test_an_unshuffled_batch_is_refused(compare):
    order = batch(x=[1, 2, 3])
    rule = compare.Rule()
    assert "same with shuffling" in compare.not_shuffled(order, batch(x=[1, 2, 3]), rule)
    assert compare.not_shuffled(order, batch(x=[7, 2, 9]), rule) is None
    assert "shuffled batch is" in compare.not_shuffled(order, batch(x=[7, 2]), rule)


def test_random_values_do_not_count_as_shuffled(compare):
    order, rule = batch(image=[0.1, 0.2], label=[1, 2]), compare.Rule(order="label")
    assert "same with shuffling" in compare.not_shuffled(order, batch(image=[0.3, 0.4], label=[1, 2]), rule)
    assert compare.not_shuffled(order, batch(image=[0.3, 0.4], label=[1, 7]), rule) is None


def augmented(flip_every, delta):
    w1 = importlib.import_module("benchmarks.workloads.w1")
    images, labels = w1.arrays()
    made = [
        (image[:, ::-1] if flip_every and row % flip_every == 0 else image) + delta(row)
        for row, image in enumerate(images[: w1.BATCH])
    ]
    return {"0": np.array(made, np.float32), "1": labels[: w1.BATCH]}


@pytest.mark.parametrize(
    ("flip_every", "delta", "says"),
    [
        (2, lambda row: 0.01 * (row % 20), None),
        (0, lambda row: 0.01 * (row % 20), "does not draw"),
        (2, lambda row: 0.1, "does not draw"),
        (2, lambda row: 0.02 * (row % 20), "changes the brightness"),
        (2, lambda row: np.linspace(0, 0.1, 32)[:, None, None], "no row"),
    ],
)
def test_augmentation_is_verified(flip_every, delta, says):
    wrong = importlib.import_module("benchmarks.workloads.w3").COMPARE.check(augmented(flip_every, delta))
    assert (wrong is None) if says is None else (says in wrong)


def test_every_workload_has_every_contender_or_says_why_not():
    workloads = importlib.import_module("benchmarks.workloads")
    parts = [part for name in workloads.NAMES for part in workloads.parts(name)]
    assert "W14/1" in parts
    for name in parts:
        module = workloads.load(name)
        assert all(getattr(module, text) for text in ("TITLE", "SHORT", "LIMIT"))
        for contender in workloads.CONTENDERS.values():
            defined = hasattr(module, contender.function) or hasattr(getattr(module, "PEERS", None), contender.function)
            assert defined or contender.name in module.ABSENT, (name, contender.name)
            assert not (hasattr(module, contender.function) and contender.name in module.ABSENT), (name, contender.name)


def test_measures_in_turns_and_says_what_is_absent_or_missing(harness, session, monkeypatch):
    workloads = importlib.import_module("benchmarks.workloads")
    nowhere = workloads.Contender("spdl", "spdl", "a_package_that_nobody_wrote")
    monkeypatch.setitem(workloads.CONTENDERS, "spdl", nowhere)
    outcomes = harness.measure("W2", ("torch-bulk", "spdl", "limit"), rounds=3, seconds=0.02, warm=0.0)
    assert [outcome.status for outcome in outcomes.values()] == ["absent", "missing", "measured"]
    limit = outcomes["limit"]
    assert len(limit.rates) == 3
    assert limit.rate == sorted(limit.rates)[1] > 0
    measured = session.Session({"rounds": 3, "seconds": 0.02, "warm": 0.0}, session.machine(), {"W2": outcomes})
    assert json.loads(json.dumps(measured.as_json()))["workloads"]["W2"]["limit"]["found"]["rate"] == limit.rate
    assert "spdl: not installed" in importlib.import_module("benchmarks.document").markdown(measured)


def test_a_request_that_takes_too_long_ends_with_a_traceback(harness):
    with harness.Process("W2", "limit") as process, pytest.raises(harness.Failure, match="longer than") as caught:
        process.ask(0.3, do="run", warm=0.0, seconds=60.0)
    assert "most recent call first" in caught.value.traceback


def test_an_error_of_a_contender_is_its_answer(harness):
    with harness.Process("W2", "no such contender") as process, pytest.raises(harness.Failure, match="KeyError"):
        process.ask(30.0, do="run", warm=0.0, seconds=0.1)
