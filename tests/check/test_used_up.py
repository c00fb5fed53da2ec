"""What a look would use up, and what it would not: told by the code of the functions."""

from __future__ import annotations

import collections
import csv
import functools
import io
import itertools
import logging
import pathlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.used_up import used_up_by_calling

NUMBERS = np.arange(100, dtype=np.float32)
LOG = logging.getLogger(__name__)
STATE = {"position": 0}
COUNT = 0


def rows() -> Any:
    return csv.reader(io.StringIO("\n".join(f"{number},{number % 2}" for number in range(100))))


def check_is_not_begun(function: Any, name: str) -> None:
    report = fl.Dataset.from_generator(function, output_signature=fl.TensorSpec((), "float32")).batch(4).check(
        show=False
    )  # fmt: skip
    assert "can be gone through only once" in report.not_seen
    assert name in report.not_seen


class Reader:
    """Goes through rows that it was given once."""

    def __init__(self) -> None:
        self.rows = rows()
        self.position = 0
        self.parts = {"train": [self.rows]}

    def __iter__(self) -> Iterator[float]:
        for first, _ in self.rows:
            yield float(first)

    def next_row(self) -> float:
        self.position += 1
        return float(self.position)

    @property
    def current(self) -> Any:
        return self.rows


class Wrapped:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def __getitem__(self, position: int) -> float:
        return float(next(self.reader.rows)[0])


def test_an_object_that_is_gone_through() -> None:
    reader = Reader()
    check_is_not_begun(lambda: reader, "reader.rows")
    check_is_not_begun(lambda: (value for value in reader), "reader.rows")
    assert next(reader.rows) == ["0", "0"]


def test_iterators_in_dicts_and_objects() -> None:
    reader, state = Reader(), {"rows": rows()}
    wrapped = Wrapped(reader)

    def in_a_dict() -> Iterator[float]:
        for first, _ in state["rows"]:
            yield float(first)

    def deeper() -> Iterator[float]:
        for first, _ in reader.parts["train"][0]:
            yield float(first)

    def by_a_property() -> Iterator[float]:
        for first, _ in reader.current:
            yield float(first)

    def by_a_method_of_an_object_in_an_object() -> Iterator[float]:
        for position in range(10):
            yield wrapped[position]

    def all_of_them() -> Iterator[float]:
        for each in state.values():
            yield from (float(first) for first, _ in each)

    def given(source: Reader) -> Iterator[float]:
        for first, _ in source.rows:
            yield float(first)

    check_is_not_begun(in_a_dict, "state['rows']")
    check_is_not_begun(deeper, "reader.parts['train'][0]")
    check_is_not_begun(by_a_property, "reader.rows")
    check_is_not_begun(by_a_method_of_an_object_in_an_object, "wrapped.reader.rows")
    check_is_not_begun(all_of_them, "state['rows']")
    check_is_not_begun(lambda: given(reader), "rows")
    check_is_not_begun(functools.partial(given, reader), "rows")
    assert next(reader.rows) == next(state["rows"]) == ["0", "0"]


def test_what_counts_on() -> None:
    counts, reader, captured = [0], Reader(), 0

    def in_a_list() -> Iterator[float]:
        while counts[0] < 100:
            counts[0] += 1
            yield float(counts[0])

    def in_a_dict() -> Iterator[float]:
        while STATE["position"] < 100:
            STATE["position"] = STATE["position"] + 1
            yield float(STATE["position"])

    def in_an_object() -> Iterator[float]:
        while reader.position < 100:
            yield reader.next_row()

    def in_a_global() -> Iterator[float]:
        global COUNT
        while COUNT < 100:
            COUNT += 1
            yield float(COUNT)

    def in_a_variable_of_the_function_around() -> Iterator[float]:
        nonlocal captured
        while captured < 100:
            captured += 1
            yield float(captured)

    def by_way_of_a_variable() -> Iterator[float]:
        while True:
            end = min(reader.position + 4, 100)
            yield from NUMBERS[reader.position : end]
            reader.position = end

    def that_wraps_round() -> Iterator[float]:
        for _ in range(50):
            if reader.position >= 100:
                reader.position = 0
            yield NUMBERS[reader.position]
            reader.position += 1

    check_is_not_begun(in_a_list, "counts[0]")
    check_is_not_begun(in_a_dict, "STATE['position']")
    check_is_not_begun(in_an_object, "reader.position")
    check_is_not_begun(in_a_global, "COUNT")
    check_is_not_begun(in_a_variable_of_the_function_around, "captured")
    check_is_not_begun(by_way_of_a_variable, "reader.position")
    check_is_not_begun(that_wraps_round, "reader.position")
    assert counts == [0]
    assert reader.position == STATE["position"] == captured == COUNT == 0


def test_what_is_taken_out_deeper() -> None:
    state: dict[str, Any] = {"waiting": collections.deque(range(50)), "names": list(range(50))}

    def popped() -> Iterator[float]:
        while state["waiting"]:
            yield float(state["waiting"].popleft())

    def deleted() -> Iterator[float]:
        while state["names"]:
            yield float(state["names"][0])
            del state["names"][0]

    check_is_not_begun(popped, "state['waiting']")
    check_is_not_begun(deleted, "state['names']")
    assert len(state["waiting"]) == len(state["names"]) == 50


def test_a_map_that_draws_from_one_in_a_dict() -> None:
    state = {"labels": iter(range(100))}
    report = fl.Dataset.range(100).map(lambda number: (number, next(state["labels"]))).batch(4).check(show=False)
    assert "state['labels']" in report.not_seen
    assert next(state["labels"]) == 0


class Files:
    """Reads files anew for each pass."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths
        self.opened: Any = None
        self.kept: dict[str, Any] = {}
        self.position = 0
        self.log = pathlib.Path(paths[0] + ".log").open("w")  # noqa: SIM115

    def __iter__(self) -> Iterator[float]:
        for path in self.paths:
            self.opened = open(path)  # noqa: SIM115
            for line in self.opened:
                yield float(line)
            self.opened.close()

    def __len__(self) -> int:
        return len(self.paths)

    def lazily(self) -> Iterator[float]:
        if self.opened is None:
            self.opened = [float(line) for path in self.paths for line in open(path)]  # noqa: SIM115
        yield from self.opened

    def remembered(self) -> Iterator[float]:
        for path in self.paths:
            if path not in self.kept:
                self.kept[path] = pathlib.Path(path).read_text()
            yield float(self.kept[path].split()[0])

    def from_the_start(self) -> Iterator[float]:
        self.position = 0
        while self.position < len(self.paths):
            yield float(self.position)
            self.position += 1

    def begun_by_a_method(self) -> Iterator[float]:
        self.reset()
        while self.position < len(self.paths):
            yield self.following()

    def reset(self) -> None:
        self.position = 0

    def following(self) -> float:
        self.position += 1
        return float(self.position)


def counted_within() -> Iterator[float]:
    count, counts = 0, [0]

    def more() -> None:
        nonlocal count
        count += 1

    while count < 10:
        more()
        counts[0] += 1
        yield float(counts[0])


def of_an_array() -> Iterator[Any]:
    order = np.random.default_rng(0).permutation(len(NUMBERS))
    LOG.debug("a pass over %d numbers", len(order))
    for number in order:
        yield NUMBERS[number]


def of_an_iterator_of_its_own() -> Iterator[float]:
    for first, _ in rows():
        yield float(first)
    yield from map(float, itertools.islice(itertools.count(), 10))


@pytest.fixture
def files(tmp_path: pathlib.Path) -> Files:
    for name in "abc":
        (tmp_path / name).write_text("1\n2\n")
    return Files([str(tmp_path / name) for name in "abc"])


def healthy(files: Files) -> list[Callable[..., Any]]:
    paths, buffer, names = list(files.paths), np.zeros(4, np.float32), {"files": files.paths, "scale": 2}
    seen: list[str] = []

    def shuffled() -> Iterator[float]:
        random.shuffle(paths)
        for path in paths:
            seen.append(path)
            yield float(len(path))

    def by_the_block() -> Iterator[Any]:
        for start in range(0, 96, 4):
            for place in range(4):
                buffer[place] = NUMBERS[start + place]
                buffer[place] /= 2
            yield buffer.sum()

    statistics = {"rows": 0, "sum": 0.0}

    def counted() -> Iterator[Any]:
        for number in NUMBERS:
            statistics["rows"] += 1
            statistics["sum"] = statistics["sum"] + float(number)
            yield number

    def configured(scale: int = 3) -> Iterator[float]:
        for path in names["files"]:  # type: ignore[attr-defined]
            with open(path) as file:
                reader = csv.reader(file)
                yield float(next(reader)[0]) * names.get("scale", 1) * scale  # type: ignore[operator]

    return [
        of_an_array, counted_within, of_an_iterator_of_its_own, files.lazily, files.remembered, files.from_the_start,
        files.begun_by_a_method, lambda: files, lambda: Reader(), lambda: (value * 2 for value in NUMBERS), shuffled,
        by_the_block, configured, lambda: iter(NUMBERS), lambda: zip(NUMBERS, strict=True),
        functools.partial(configured, 4), counted,
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(17))
def test_what_begins_anew(files: Files, number: int) -> None:
    function = healthy(files)[number]
    for _ in range(2):
        report = fl.Dataset.from_generator(function).batch(2).check(show=False)
        assert report.not_seen == ""
    files.log.close()


def test_names() -> None:
    state = {"rows": iter([1, 2]), "next": 0}

    def counting() -> Iterator[Any]:
        for row in state["rows"]:  # type: ignore[attr-defined]
            state["next"] += 1  # type: ignore[operator]
            yield row, state["next"]

    found = used_up_by_calling(counting).values()
    assert [(each.name, each.changed) for each in found] == [("state['rows']", False), ("state['next']", True)]


def test_files_that_are_written(tmp_path: pathlib.Path) -> None:
    with (tmp_path / "a.log").open("w") as log:

        def logged() -> Iterator[Any]:
            log.write("begun")
            yield 1.0

        assert fl.Dataset.from_generator(logged).check(show=False).not_seen == ""


def test_objects_like_no_other() -> None:
    class Odd:
        __slots__ = ("rows",)

        def __getattribute__(self, name: str) -> Any:
            if name.startswith("__"):
                return object.__getattribute__(self, name)
            raise RuntimeError(name)

    odd = Odd()

    def given() -> Iterator[Any]:
        yield float(len([odd.rows]) if odd is None else 1)

    assert fl.Dataset.from_generator(given).check(show=False).not_seen == ""
