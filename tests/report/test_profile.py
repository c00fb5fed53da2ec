import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import feedline as fl
from feedline.report.profile import HEADER, Profile, Stage, format_seconds


def double(number):
    return number * 2


def elements(dataset: fl.Dataset) -> dict[str, int]:
    return {stage.name: stage.elements for stage in dataset.report().stages}


def test_every_element_of_every_iteration_is_counted() -> None:
    dataset = fl.Dataset.range(10).map(double).batch(4)
    assert elements(dataset) == {}
    for _ in range(3):
        list(dataset)
    assert elements(dataset) == {"range": 30, "map(double)": 30, "batch(4)": 9}


def test_looking_at_the_spec_counts_nothing_and_takes_nothing_from_the_count() -> None:
    dataset = fl.Dataset.range(10).map(double).cache().map(double).batch(4)
    dataset.element_spec
    assert elements(dataset) == {}
    list(dataset)
    list(dataset)
    assert [stage.elements for stage in dataset.report().stages] == [10, 10, 20, 20, 6]


@pytest.mark.parametrize(
    "step",
    [
        lambda dataset: dataset.window(2),
        lambda dataset: dataset.flat_map(fl.Dataset.range),
        lambda dataset: dataset.scan(np.int64(0), lambda total, number: (total + number, total)),
        lambda dataset: dataset.ragged_batch(2),
        lambda dataset: dataset.batch(2).unbatch(),
        lambda dataset: dataset.group_by_window(lambda number: number % 2, lambda key, window: window.batch(2), 2),
    ],
    ids=["window", "flat_map", "scan", "ragged_batch", "unbatch", "group_by_window"],
)
def test_whatever_asks_for_the_spec_every_element_behind_a_cache_is_counted(step) -> None:
    dataset = step(fl.Dataset.range(6).map(double).cache())
    dataset.element_spec
    list(dataset)
    assert [stage.elements for stage in dataset.report().stages[:3]] == [6, 6, 6]


def test_with_workers_the_count_is_the_same() -> None:
    dataset = fl.Dataset.range(50).map(double, num_parallel_calls=3).batch(10).prefetch(2)
    list(dataset)
    assert elements(dataset) == {"range": 50, "map(double)": 50, "batch(10)": 5}


def test_profile_runs_the_dataset_and_stops_where_it_has_no_end() -> None:
    assert {stage.name for stage in fl.Dataset.range(3).map(double).profile().stages} == {"range", "map(double)"}
    endless = fl.Dataset.range(3).repeat().batch(2)
    counts = [stage.elements for stage in endless.profile(seconds=0.02).stages]
    assert all(count > 0 for count in counts)


def test_a_stage_shared_by_two_branches_stands_there_once() -> None:
    numbers = fl.Dataset.range(5)
    dataset = fl.Dataset.zip(numbers.map(double), numbers)
    list(dataset)
    assert [stage.name for stage in dataset.report().stages].count("range") == 1


def test_work_and_waiting_make_up_the_time() -> None:
    stage = Stage("map(f)", 4, seconds=2.0, busy_seconds=0.5)
    assert stage.waiting_seconds == 1.5
    assert stage.busy_seconds_per_element == 0.125
    assert Stage("map(f)", 0, 1.0, 1.0).busy_seconds_per_element == 0
    assert Stage("map(f)", 1, seconds=1.0, busy_seconds=1.1).waiting_seconds == 0  # two clocks differ


def test_rows_tell_each_stages_share_of_the_work() -> None:
    profile = Profile((Stage("range", 1200, 1.0, 1.0), Stage("map(f)", 1200, 4.0, 3.0)))
    assert profile.busy_seconds == 4
    assert profile.rows() == [
        ("range", "1,200", "1.000 s", "25.0 %", "833.3 us", "0.000 s"),
        ("map(f)", "1,200", "3.000 s", "75.0 %", "2.5 ms", "1.000 s"),
    ]
    assert Profile((Stage("range", 0, 0.0, 0.0),)).rows()[0][3] == "0.0 %"


def test_the_table_has_columns_of_one_width() -> None:
    text = str(Profile((Stage("a name that is long", 1, 1.0, 1.0), Stage("b", 1_000_000, 0.0, 0.0))))
    head, rule, *rows = text.splitlines()
    assert len({len(line) for line in (head, rule, *rows)}) == 1
    assert all(name in head for name in HEADER)
    assert len(rows) == 2
    assert str(Profile(())).splitlines()[0].split() == " ".join(HEADER).split()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.0 us"), (4.2e-6, "4.2 us"), (9.9e-4, "990.0 us"), (0.0123, "12.3 ms"), (1.0, "1.0 s"), (90.0, "90.0 s")],
)
def test_times_are_written_for_people(seconds, text) -> None:
    assert format_seconds(seconds) == text


@given(st.floats(1e-7, 1e4))
def test_a_written_time_is_the_time(seconds) -> None:
    number, unit = format_seconds(seconds).split()
    read = float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
    np.testing.assert_allclose(read, seconds, rtol=0.05, atol=5e-8)
