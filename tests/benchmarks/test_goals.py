"""Goals, tables and documents of what was measured."""

from __future__ import annotations

import importlib
import json

import pytest


@pytest.fixture
def harness():
    return importlib.import_module("benchmarks.harness")


@pytest.fixture
def goals():
    return importlib.import_module("benchmarks.goals")


@pytest.fixture
def session():
    return importlib.import_module("benchmarks.session")


@pytest.fixture
def measured(harness, session):
    """Two workloads, one of them by one and two workers."""

    def rates(**by_contender):
        return {
            name.replace("_", "-").replace("tf-data", "tf.data"): harness.Outcome("measured", rates=list(values))
            for name, values in by_contender.items()
        }

    return session.Session(
        {"rounds": 3, "seconds": 1.0, "warm": 0.0},
        {"cores": 2, "processor": "P", "system": "S", "python": "3", "load_before": 0.1, "versions": {"numpy": "2"}},
        {
            "W8b": rates(tf_data=(10, 11, 90), torch_2=(70, 80, 90), feedline=(1, 60, 88), limit=(100, 64, 60)),
            "W14/1": rates(tf_data=(10, 10, 10), torch_2=(5, 5, 5), feedline=(20, 20, 20), limit=(20, 20, 20)),
            "W14/2": rates(tf_data=(18, 18, 18), torch_2=(9, 9, 9), feedline=(38, 38, 38), limit=(40, 40, 40)),
        },
    )


def verdicts(goals, name, outcomes):
    return {goal.what: (round(goal.measured, 2), goal.verdict) for goal in goals.of_workload(name, outcomes)}


def test_goals_compare_medians_with_all_three(goals, measured):
    assert verdicts(goals, "W8b", measured.workloads["W8b"]) == {
        "feedline / tf.data": (5.45, "NOT met"),
        "feedline / best peer": (0.75, "NOT met"),
        "feedline / limit": (0.94, "met"),
    }
    assert verdicts(goals, "W14/1", measured.workloads["W14/1"]) == {
        "feedline / best peer": (2.0, "met"),
        "feedline / limit": (1.0, "met"),
    }


def test_bare_decoding_has_a_goal_of_its_own(goals, harness):
    outcomes = {"feedline": harness.Outcome("measured", rates=[88]), "limit": harness.Outcome("measured", rates=[100])}
    assert verdicts(goals, "W7", {**outcomes, "tf.data": harness.Outcome("measured", rates=[50])}) == {
        "feedline / tf.data": (1.76, "met"),
        "feedline / best peer": (1.76, "met"),
        "feedline / limit": (0.88, "NOT met"),
    }


def test_a_failure_meets_no_goal_and_nothing_measured_says_so(goals, harness, measured):
    others = measured.workloads["W8b"]
    failed = {**others, "feedline": harness.Outcome("failed", "it broke")}
    assert {verdict for _, verdict in verdicts(goals, "W8b", failed).values()} == {"NOT met"}
    assert goals.of_workload("W8b", {**others, "feedline": harness.Outcome("measured")}) == []
    alone = goals.of_workload("W8b", {"feedline": others["feedline"]})
    assert [(goal.what, goal.verdict) for goal in alone] == [("feedline / tf.data", "not measured")]


def test_goals_of_time_and_memory_are_bounds_from_above(goals):
    start, one = (importlib.import_module(f"benchmarks.{name}") for name in ("startup", "memory"))
    starts = goals.of_starts([start.Start("W5", "feedline", 0.9), start.Start("W5", "tf.data", 4.0)])
    assert [goal.line() for goal in starts] == ["goal: W5's first batch at most 1.00 s; 0.90 s, met"]
    passes = goals.of_memory([one.Pass("stream 8 GB", "feedline", 401.0), one.Pass("stream 8 GB", "tf.data", 9.0)])
    assert [goal.line() for goal in passes] == ["goal: memory to stream 8 GB at most 400 MiB; 401 MiB, NOT met"]


def test_a_tie_with_the_best_peer_is_not_ahead(goals, harness):
    peer = harness.Outcome("measured", rates=[1000])
    for rate, verdict in ((1004, "NOT met"), (1006, "met"), (900, "NOT met")):
        outcomes = {"feedline": harness.Outcome("measured", rates=[rate]), "spdl": peer}
        assert [goal.verdict for goal in goals.of_workload("W11", outcomes)] == [verdict]


def test_compilation_has_goals_a_table_and_is_kept(goals, session, measured, tmp_path):
    compilation = importlib.import_module("benchmarks.compilation")
    measured.compilations = [compilation.Compilation("feedline warmup", 11.0, 10.5, 12.25, 3)]
    measured.compilations += [compilation.Compilation("W4", 4.0, 3.9, 4.1, 3), compilation.Compilation("W7", why="no")]
    assert [goal.line() for goal in goals.of_compilations(measured.compilations)] == [
        "goal: compilation for feedline warmup at most 5.0 s; 11.0 s, NOT met",
        "goal: compilation for W4 at most 5.0 s; 4.0 s, met",
        "goal: compilation for W7 at most 5.0 s; not measured",
    ]
    text = importlib.import_module("benchmarks.document").markdown(measured)
    assert "| feedline warmup | 11.0 | 10.5-12.2 | 3 |" in text
    assert "- compilation for W7: no" in text
    (tmp_path / "one").write_text(json.dumps(measured.as_json()))
    assert session.read([tmp_path / "one"]).compilations == measured.compilations


def test_scaling_by_workers(measured):
    columns, rows = importlib.import_module("benchmarks.tables").scaling(measured, "W14")
    assert columns == ("contender", "1 worker", "2 workers", "2 against 1")
    assert ("torch", "5", "9", "1.80") in rows
    assert ("feedline", "20", "38", "1.90") in rows


def test_document_has_what_was_measured(measured):
    text = importlib.import_module("benchmarks.document").markdown(measured, "chart.png")
    assert "![" in text
    assert "(chart.png)" in text
    assert "| W8b | 5.45 of 6 | NOT met | 0.75 (torch-2) | NOT met | 93.8% of 85% | met |" in text
    assert "| feedline | 20 | 38 | 1.90 |" in text
    assert "**goal: feedline / best peer more than 1.00; 0.75 (torch-2), NOT met**" in text


def test_chart_is_a_png(measured, tmp_path):
    pytest.importorskip("matplotlib", reason="only the `bench` extra brings it")
    chart = importlib.import_module("benchmarks.chart")
    assert chart.draw(measured, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    measured.workloads.clear()
    assert not chart.draw(measured, tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_sessions_are_read_again_and_put_together(session, measured, tmp_path):
    whole = measured.as_json()
    for name, part in (("one", "W8b"), ("two", "W14/1")):
        described = {**whole, "workloads": {part: whole["workloads"][part]}}
        (tmp_path / name).write_text(json.dumps(described))
    both = session.read([tmp_path / "one", tmp_path / "two"])
    assert both.workloads == {part: measured.workloads[part] for part in ("W8b", "W14/1")}
    (tmp_path / "two").write_text(json.dumps({**whole, "settings": {**whole["settings"], "rounds": 9}}))
    with pytest.raises(ValueError, match="settings"):
        session.read([tmp_path / "one", tmp_path / "two"])
