"""When processes are worth starting, and whether they are kept, on a clock of the test's own."""

from __future__ import annotations

from collections import Counter

import numpy as np

import feedline as fl
from feedline.run.autotune import Tuner

WAYS = ("inline", "threads", "processes")


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Machine:
    """Two cores on which each way needs so many seconds for an element; processes start a second after they are wanted.

    Args:
        seconds: for each way.
        cores: how many cores threads are at work on.
        apart: how long the consumer works on each element.
        lock: the part of the time in which the work holds the interpreter's lock; None where that is never measured.
    """

    def __init__(self, seconds: dict[str, float], cores: float, apart: float = 0.0, lock: float | None = None) -> None:
        self.lock = lock
        self.clock = Clock()
        self.tuner = Tuner(WAYS, 2, self.clock)
        self.seconds, self.cores, self.apart = seconds, cores, apart
        self.wanted: list[float] = []
        self.starting = False

    def run(self, seconds: float) -> Counter:
        """Lets time pass, and returns for how long it was run by which way."""
        spent: Counter = Counter()
        end = self.clock.now + seconds
        while self.clock.now < end:
            way, took = self.tuner.way, self.seconds[self.tuner.way]
            self.clock.now += took + self.apart
            spent[way] += took + self.apart
            self.tuner.note(1, took, self.apart, warm=True, work=took * (2 if way == "processes" else self.cores))
            if self.tuner.wants_probe and self.lock is not None:
                self.tuner.note_lock(self.lock)
            if self.tuner.wants_processes and not self.starting:
                self.starting = True
                self.wanted.append(self.clock.now)
            if self.starting and self.clock.now > self.wanted[-1] + 1:
                self.starting = False
                self.tuner.offer_processes()
        return spent


HELD_UP = {"inline": 5e-3, "threads": 4.9e-3, "processes": 2.6e-3}


def test_processes_are_wanted_where_threads_are_held_up_and_kept_where_they_give_more() -> None:
    machine = Machine(HELD_UP, cores=1.0)
    machine.run(0.9)
    assert not machine.wanted
    spent = machine.run(60.0)
    assert 1.0 <= machine.wanted[0] < 3.0
    assert machine.tuner.way == "processes"
    assert spent["processes"] > 50


def test_where_the_lock_is_held_they_are_wanted_at_once_and_threads_are_not_tried() -> None:
    machine = Machine(HELD_UP, cores=1.0, lock=0.8)
    spent = machine.run(60.0)
    assert machine.wanted[0] < 0.5
    assert machine.tuner.way == "processes"
    assert spent["threads"] == 0
    assert spent["processes"] > 58


def test_units_that_are_longer_than_a_window_are_measured_too() -> None:
    dear = {way: 20 * seconds for way, seconds in HELD_UP.items()}
    machine = Machine(dear, cores=1.0, lock=0.8)
    spent = machine.run(60.0)
    assert machine.tuner.way == "processes"
    assert spent["processes"] > 55
    machine = Machine({"inline": 0.1, "threads": 0.05, "processes": 0.05}, cores=1.9, lock=0.1)
    assert machine.run(60.0)["threads"] > 50


def test_where_the_lock_is_free_threads_are_tried_first() -> None:
    machine = Machine({"inline": 5e-3, "threads": 2.6e-3, "processes": 2.7e-3}, cores=1.9, lock=0.1)
    spent = machine.run(60.0)
    assert not machine.wanted
    assert spent["threads"] > 55


def test_where_processes_are_refused_threads_are_tried_though_the_lock_is_held() -> None:
    machine = Machine(HELD_UP, cores=1.0, lock=0.8)
    machine.run(0.1)
    machine.tuner.refuse_processes()
    assert machine.run(60.0)["threads"] > 0
    assert not machine.tuner.wants_processes


def test_a_busy_consumer_gets_threads_though_the_lock_is_held() -> None:
    machine = Machine(HELD_UP, cores=1.0, apart=5e-3, lock=0.8)
    assert machine.run(1.0)["threads"] > 0.8


def test_elements_that_are_cheap_are_not_probed() -> None:
    machine = Machine({"inline": 2e-4, "threads": 2e-4, "processes": 1e-4}, cores=1.0, lock=0.8)
    machine.run(0.5)
    assert machine.tuner._lock_share is None


def test_they_are_not_kept_where_they_give_little_more_and_asked_for_less_and_less_often() -> None:
    machine = Machine({**HELD_UP, "processes": 4.7e-3}, cores=1.0)
    spent = machine.run(400.0)
    assert machine.tuner.way != "processes"
    assert spent["processes"] < 0.02 * 400
    assert len(machine.wanted) <= 4


def test_they_are_not_wanted_where_all_cores_are_at_work() -> None:
    machine = Machine({**HELD_UP, "threads": 2.6e-3}, cores=1.9)
    machine.run(60.0)
    assert not machine.wanted


def test_they_are_not_wanted_where_nothing_is_at_work() -> None:
    machine = Machine(HELD_UP, cores=0.1)  # it waits for a disk
    machine.run(60.0)
    assert not machine.wanted


def test_they_are_not_wanted_by_a_consumer_that_has_enough() -> None:
    machine = Machine(HELD_UP, cores=1.0, apart=50e-3)
    machine.run(60.0)
    assert not machine.wanted


def test_a_refusal_ends_it() -> None:
    machine = Machine(HELD_UP, cores=1.0)
    machine.run(60.0)
    machine.tuner.refuse_processes()
    assert machine.tuner.way != "processes"
    count = len(machine.wanted)
    assert machine.run(300.0)["processes"] == 0
    assert len(machine.wanted) == count


def holds_the_lock(function, elements) -> bool:
    dataset = fl.Dataset.from_tensor_slices(elements).map(function).batch(16)
    list(dataset)
    (found,) = dataset._timings.block_functions.values()
    return found.holds_the_lock


def test_functions_on_blocks_need_no_processes() -> None:
    images = np.zeros((40, 20, 20, 3), np.uint8)
    pngs = [fl.io.encode_png(image) for image in images]
    jpegs = [fl.io.encode_jpeg(image) for image in images]
    assert not holds_the_lock(lambda image: fl.cast(image, fl.float32) / 255.0, images)
    assert not holds_the_lock(lambda content: fl.io.decode_png(content), pngs)
    assert not holds_the_lock(lambda content: fl.image.resize(fl.io.decode_jpeg(content), [8, 8]), jpegs)
    assert holds_the_lock(lambda image: fl.image.random_contrast(image, 0.5, 1.5), images)
    assert holds_the_lock(lambda image: image if image.any() else image + 1, images)
