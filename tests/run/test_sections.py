"""What of a plan goes to processes, and what stays."""

from __future__ import annotations

import numpy as np

import feedline as fl
from feedline.run.sections import sections_of


def same(*element):
    return element


def cut(dataset: fl.Dataset, staying: tuple[str, ...] = ()) -> list[tuple[list[str], str | None]]:
    """Returns the names of the nodes of each section, and of the one below."""
    sections = sections_of(dataset.node, lambda node: node.name in staying)
    return [
        (sorted(node.name for node in section.all_nodes()), section.below.name if section.below else None)
        for section in sections
    ]


def test_what_is_free_goes_from_its_source_on() -> None:
    dataset = fl.Dataset.range(9).shuffle(9).map(same, 2).batch(3).prefetch(1)
    assert cut(dataset) == [(["batch", "map", "range", "shuffle"], None)]


def test_what_stays_gives_blocks() -> None:
    dataset = fl.Dataset.range(9).shuffle(9).map(same, 2).batch(3)
    assert cut(dataset, staying=("range",)) == [(["batch", "map"], "shuffle")]


def test_an_ordered_function_parts_a_plan() -> None:
    dataset = fl.Dataset.range(9).map(same, 2).map(same).map(same, 2).batch(2)
    assert cut(dataset) == [(["batch", "map"], "map"), (["map", "range"], None)]


def test_caches_stay() -> None:
    dataset = fl.Dataset.range(9).map(same, 2).cache().shuffle(3).map(same, 2)
    assert cut(dataset) == [(["map"], "shuffle"), (["map", "range"], None)]


def test_streams_stay() -> None:
    dataset = fl.Dataset.range(9).filter(lambda n: True).batch(2).map(same, 2).map(same).map(same, 2)
    assert cut(dataset) == [(["batch", "map"], "filter"), (["map"], "map")]


def test_where_no_function_may_run_in_parallel_nothing_goes() -> None:
    assert cut(fl.Dataset.range(9).map(same).batch(3).prefetch(2)) == []
    assert cut(fl.Dataset.from_tensor_slices(np.zeros(9)).batch(3)) == []


def test_parts_of_several_datasets() -> None:
    mapped = fl.Dataset.range(9).map(same, 2)
    assert cut(fl.Dataset.zip(mapped, fl.Dataset.range(3).map(same))) == [(["map", "range"], None)]
    assert cut(fl.Dataset.zip(mapped, mapped)) == [(["map", "range", "zip"], None)]


def test_the_least_number_of_calls_bounds_a_section() -> None:
    sections = sections_of(fl.Dataset.range(9).map(same, 4).map(same, 2).map(same, fl.AUTOTUNE).node, lambda _: False)
    assert [section.calls for section in sections] == [2]
    sections = sections_of(fl.Dataset.range(9).map(same, fl.AUTOTUNE).node, lambda _: False)
    assert [section.calls for section in sections] == [None]
