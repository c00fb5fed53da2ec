"""An iteration goes on from its state with the very bytes that would have come."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import feedline as fl

TEXT = [b"%d" % (number * 7919) * (number % 5) for number in range(60)]


def noisy(number):
    return fl.image.random_brightness(np.full((2, 2, 1), number, np.float32), 0.5), number


def records(tmp_path) -> str:
    path = tmp_path / "a.tfrecord"
    with fl.io.TFRecordWriter(str(path)) as writer:
        for text in TEXT:
            writer.write(text)
    return str(path)


def count_up():
    yield from range(60)


BASES = {
    "indexed": lambda path: fl.Dataset.range(60),
    "records": lambda path: fl.TFRecordDataset(path),
    "filter": lambda path: fl.Dataset.range(90).filter(lambda number: number % 3 > 0),
    "generator": lambda path: fl.Dataset.from_generator(count_up, output_signature=fl.TensorSpec((), "int64")),
    "interleave": lambda path: fl.Dataset.range(6).interleave(
        lambda number: fl.Dataset.range(10).map(lambda other: other + number), cycle_length=3
    ),
    "interleave side by side": lambda path: fl.Dataset.range(6).interleave(
        lambda number: fl.Dataset.range(10).shuffle(10).map(lambda other: (other, noisy(number))[0]),
        cycle_length=3,
        num_parallel_calls=2,
    ),
    "zip": lambda path: fl.Dataset.zip((fl.Dataset.range(60), fl.TFRecordDataset(path))),
}
STEPS = {
    "nothing": lambda ds, calls: ds,
    "shuffle": lambda ds, calls: ds.shuffle(13).repeat(2),
    "seeded": lambda ds, calls: ds.shuffle(60, seed=3, reshuffle_each_iteration=False).batch(7, drop_remainder=True),
    "map": lambda ds, calls: ds.enumerate().map(lambda n, _: noisy(n), num_parallel_calls=calls).batch(4).prefetch(3),
    "window": lambda ds, calls: ds.enumerate().map(lambda n, _: n).window(3, shift=2).flat_map(lambda w: w.batch(3)),
    "cache": lambda ds, calls: ds.cache().repeat().batch(5).take(20),
    "unbatch": lambda ds, calls: ds.batch(8).unbatch().shuffle(9).batch(2),
    "padded": lambda ds, calls: ds.enumerate().map(lambda n, _: np.arange(n % 4), calls).padded_batch(3),
}


def flat(element) -> list:
    return [np.asarray(part).tolist() for part in (element if isinstance(element, tuple) else (element,))]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("base", BASES)
def test_it_goes_on_with_what_would_have_come(tmp_path, base: str, step: str) -> None:
    path = records(tmp_path)
    dataset = STEPS[step](BASES[base](path), 2)
    list(itertools.islice(iter(dataset), 30))  # the state is one of the second epoch
    iterator = iter(dataset)
    states, elements = [json.dumps(iterator.state_dict())], []
    for element in iterator:
        elements.append(flat(element))
        states.append(json.dumps(iterator.state_dict()))
    assert max(map(len, states)) < 2000
    for given in {0, 1, 2, len(elements) // 2, len(elements) - 1, len(elements)}:
        for calls in (None, 3):
            again = STEPS[step](BASES[base](path), calls)
            resumed = iter(again)
            resumed.load_state_dict(json.loads(states[given]))
            assert json.dumps(resumed.state_dict()) == states[given]
            assert [flat(element) for element in resumed] == elements[given:]


def test_the_next_epoch_is_the_one_after() -> None:
    def build():
        return fl.Dataset.range(50).shuffle(50, seed=5)

    one = build()
    epochs = [[int(number) for number in one] for _ in range(4)]
    assert len({tuple(epoch) for epoch in epochs}) == 4
    other = build()
    iterator = iter(other)
    next(iterator)
    third = build()
    for _ in range(3):
        state = iter(third).state_dict()
    iterator.load_state_dict(state)
    assert [int(number) for number in iterator] == epochs[2]
    assert [int(number) for number in other] == epochs[3]


def test_it_goes_on_where_it_was_loaded_several_times() -> None:
    iterator = iter(fl.Dataset.range(20).shuffle(20, seed=1))
    first = [int(next(iterator)) for _ in range(5)]
    state = iterator.state_dict()
    rest = [int(number) for number in iterator]
    iterator.load_state_dict(state)
    assert [int(number) for number in iterator] == rest
    iterator.load_state_dict(state)
    assert int(next(iterator)) == rest[0]
    assert sorted(first + rest) == list(range(20))


def test_batches_that_were_given_are_not_computed_again() -> None:
    calls = []

    def note(number):
        calls.append(int(number))
        return number

    dataset = fl.Dataset.range(1000).map(note).batch(10)
    iterator = iter(dataset)
    for _ in range(50):
        next(iterator)
    state = iterator.state_dict()
    calls.clear()
    resumed = iter(dataset)
    resumed.load_state_dict(state)
    assert next(resumed).tolist() == list(range(500, 510))
    assert min(calls) == 500


def double(number):
    return number * 2


def triple(number):
    return number * 3


@pytest.mark.parametrize(
    ("there", "here", "text"),
    [
        (lambda ds: ds.batch(2), lambda ds: ds.batch(3), r"step 2 is batch\(3\) here and batch\(2\) there"),
        (lambda ds: ds.map(double), lambda ds: ds.map(triple), r"step 2 is map\(triple\) here and map\(double\) there"),
        (lambda ds: ds.map(lambda n: n + 1), lambda ds: ds.map(lambda n: n + 2), "step 2, map.*another function"),
        (lambda ds: ds.take(5), lambda ds: ds, r"take\(5\)?.* is only there"),
        (lambda ds: ds, lambda ds: ds.take(5).batch(2), "is only here"),
        (lambda ds: ds.batch(2), lambda ds: ds.batch(2, drop_remainder=True), "another drop_remainder"),
        (
            lambda ds: ds.shuffle(9, seed=1),
            lambda ds: ds.shuffle(9, seed=1, reshuffle_each_iteration=False),
            "another reshuffle_each_iteration",
        ),
        (
            lambda ds: fl.Dataset.sample_from_datasets([ds, ds], [0.5, 0.5], seed=1),
            lambda ds: fl.Dataset.sample_from_datasets([ds, ds], [0.1, 0.9], seed=1),
            "another weights",
        ),
    ],
)
def test_the_state_of_another_pipeline_is_refused(there, here, text) -> None:
    state = iter(there(fl.Dataset.range(10))).state_dict()
    iterator = iter(here(fl.Dataset.range(10)))
    next(iterator)
    before = iterator.state_dict()
    with pytest.raises(fl.errors.StateError, match=text):
        iterator.load_state_dict(state)
    assert iterator.state_dict() == before
    assert len(list(iterator)) == len(list(here(fl.Dataset.range(10)))) - 1


_SEEDED = {
    "shuffle": lambda seed: fl.Dataset.range(20).shuffle(20, seed=seed),
    "list_files": lambda seed: fl.Dataset.list_files(__file__, seed=seed).repeat(20),
    "random": lambda seed: fl.Dataset.random(seed=seed).take(20),
    "sample": lambda seed: fl.Dataset.sample_from_datasets(
        [fl.Dataset.range(9), fl.Dataset.range(9)], seed=seed, rerandomize_each_iteration=True
    ),
    "resample": lambda seed: fl.Dataset.range(60).rejection_resample(
        lambda n: n % 2, [0.5, 0.5], [0.5, 0.5], seed=seed
    ),
    "nested": lambda seed: fl.Dataset.range(20).concatenate(fl.Dataset.range(9).shuffle(9, seed=seed)).batch(2),
}


@pytest.mark.parametrize("name", _SEEDED)
def test_another_seed_that_was_given_is_another_pipeline(name) -> None:
    make = _SEEDED[name]
    for there, here in ((1, 2), (None, 2)):
        iterator = iter(make(there))
        next(iterator)
        state = json.loads(json.dumps(iterator.state_dict()))
        other = iter(make(here))
        with pytest.raises(fl.errors.StateError, match="has seed=2 here and seed="):
            other.load_state_dict(state)


@pytest.mark.parametrize("name", _SEEDED)
@pytest.mark.parametrize("given", [(1, 1), (None, None), (1, np.int64(1)), (1, None)])
def test_the_same_seed_and_one_that_nobody_gave_here_are_the_states(name, given) -> None:
    there, here = (_SEEDED[name](seed) for seed in given)
    iterator = iter(there)
    next(iterator)
    state = iterator.state_dict()
    assert all(seed is None or type(seed) is int for seed in state["seeds"])
    other = iter(here)
    other.load_state_dict(state)
    assert repr(list(other)) == repr(list(iterator))
    again = iter(here)
    again.load_state_dict(state)  # once more: what it took from the first is no seed that was given


def test_other_data_is_another_pipeline() -> None:
    state = iter(fl.Dataset.from_tensor_slices(np.arange(9))).state_dict()
    iterator = iter(fl.Dataset.from_tensor_slices(np.arange(9) + 1))
    with pytest.raises(fl.errors.StateError, match="other data"):
        iterator.load_state_dict(state)


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        [],
        "text",
        {"version": 1},
        {"version": 99, "epoch": 0, "given": 0, "steps": [], "seeds": []},
        {"version": 1, "epoch": 0, "given": 0, "steps": [1], "seeds": []},
        {"version": 1, "epoch": 0, "given": "many", "steps": [], "seeds": []},
    ],
)
def test_what_is_no_state_is_refused(state) -> None:
    iterator = iter(fl.Dataset.range(10))
    with pytest.raises(fl.errors.StateError, match=r"no state|version"):
        iterator.load_state_dict(state)
    good = iterator.state_dict()
    for change in ({"given": -1}, {"epoch": -1}, {"seeds": []}):
        with pytest.raises(fl.errors.StateError, match="changed"):
            iterator.load_state_dict({**good, **change})
    assert len(list(iterator)) == 10


PROGRAM = """
    import json, os, signal, sys
    import feedline as fl

    def small(number):
        return number % 7 > 0

    def noise(number):
        return number, fl.random.uniform(())

    def build(calls):
        return (fl.Dataset.range(2000).shuffle(2000).filter(small).shuffle(50)
                .map(noise, num_parallel_calls=calls).batch(3).prefetch(4))

    path, calls, stop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    iterator = iter(build(calls))
    if os.path.exists(path):
        iterator.load_state_dict(json.load(open(path)))
    for number, (values, draws) in enumerate(iterator, 1):
        print(values.tolist(), draws.tolist(), flush=True)
        if number == stop:
            with open(path, "w") as file:
                json.dump(iterator.state_dict(), file)
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_is_gone_on_from(tmp_path) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))

    def go_on(calls: int, stop: int) -> list[str]:
        done = subprocess.run(
            [sys.executable, str(program), str(tmp_path / "state.json"), str(calls), str(stop)],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ},
        )
        assert done.returncode == (0 if stop == 0 else -signal.SIGKILL), done.stderr
        return done.stdout.splitlines()

    first = go_on(1, 100)
    state = (tmp_path / "state.json").read_text()
    whole = go_on(3, 0)
    (tmp_path / "state.json").write_text(state)
    second = go_on(2, 60)
    third = go_on(1, 0)
    assert second + third == whole
    assert not set(first) & set(whole)
    assert len(first) + len(whole) == -(-sum(number % 7 > 0 for number in range(2000)) // 3)


def rest_and_next_epoch(dataset, iterator) -> tuple[list[int], list[int]]:
    return [int(number) for number in iterator], [int(number) for number in dataset]


@pytest.mark.parametrize("reshuffle", [True, False])
def test_epochs_after_it_have_the_seeds_of_the_state(reshuffle) -> None:
    def build():
        return fl.Dataset.range(10).shuffle(10, reshuffle_each_iteration=reshuffle)

    dataset = build()
    iterator = iter(dataset)
    for _ in range(3):
        next(iterator)
    state = iterator.state_dict()
    expected = rest_and_next_epoch(dataset, iterator)
    fl.random.set_seed(None)
    again = build()
    resumed = iter(again)
    resumed.load_state_dict(state)
    assert rest_and_next_epoch(again, resumed) == expected


def test_a_state_beyond_the_end_is_refused() -> None:
    iterator = iter(fl.Dataset.range(9))
    state = iterator.state_dict()
    next(iterator)
    for given in (10, 10**9):
        with pytest.raises(fl.errors.StateError, match="longer epoch"):
            iterator.load_state_dict({**state, "given": given})
    assert int(next(iterator)) == 1  # it stays where it is
    iterator.load_state_dict({**state, "given": 9})
    assert list(iterator) == []


@pytest.mark.parametrize("batch", [None, 4])
def test_a_stream_that_has_become_shorter_is_told(batch, tmp_path) -> None:
    path = tmp_path / "length"
    path.write_text("22")

    def build():
        dataset = fl.Dataset.from_generator(
            lambda: iter(range(int(path.read_text()))), output_signature=fl.TensorSpec((), fl.int64)
        )
        return dataset if batch is None else dataset.batch(batch)

    iterator = iter(build())
    for _ in range(6 if batch else 22):
        next(iterator)
    state = iterator.state_dict()
    again = iter(build())
    again.load_state_dict(state)  # behind its last element, which is a part of a batch
    assert list(again) == []
    path.write_text("11")
    shorter = iter(build())
    with pytest.raises(fl.errors.StateError, match="longer epoch"):
        shorter.load_state_dict(state)


@pytest.mark.parametrize(
    "change", [{"seeds": [None, None]}, {"seeds": [5, None]}, {"given": float("inf")}, {"epoch": float("nan")}]
)
def test_a_damaged_state_is_refused_and_the_iterator_stays(change) -> None:
    iterator = iter(fl.Dataset.range(9).shuffle(9, seed=1))
    state = iterator.state_dict()
    first = int(next(iterator))
    with pytest.raises(fl.errors.StateError):
        iterator.load_state_dict({**state, **change})
    assert sorted([first, *(int(number) for number in iterator)]) == list(range(9))


def test_files_that_have_other_records_now_are_another_pipeline(tmp_path) -> None:
    path = str(tmp_path / "a.tfrecord")

    def write(count) -> None:
        with fl.io.TFRecordWriter(path) as writer:
            for number in range(count):
                writer.write(b"%d" % number)

    write(20)
    iterator = iter(fl.TFRecordDataset(path).shuffle(20, seed=1).batch(2))
    next(iterator)
    state = iterator.state_dict()
    write(25)
    with pytest.raises(fl.errors.StateError, match="other data"):
        iter(fl.TFRecordDataset(path).shuffle(20, seed=1).batch(2)).load_state_dict(state)
