"""The same plan has the same fingerprint in every process; a plan that gives other elements has another."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pytest

import feedline as fl
from feedline.plan.fingerprint import fingerprint_of, steps_of, with_seeds

SCALE = 3
FILLED: list[int] = []


def scaled(number):
    FILLED.append(1)
    return number * SCALE


def by(factor, number):
    return number * factor


def of(dataset: fl.Dataset) -> str:
    return fingerprint_of(steps_of(dataset.node))


def closure(factor):
    return lambda number: number * factor


def test_the_same_plan_built_twice_is_the_same() -> None:
    def build():
        dataset = fl.Dataset.from_tensor_slices({"a": np.arange(5), "b": ["x", "y", "z", "u", "v"]})
        return dataset.map(lambda row: scaled(row["a"])).shuffle(3).repeat(2).padded_batch(2)

    assert of(build()) == of(build())


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: ds.map(scaled, num_parallel_calls=4),
        lambda ds: ds.map(scaled, num_parallel_calls=fl.AUTOTUNE, deterministic=True),
        lambda ds: ds.map(scaled).prefetch(9),
        lambda ds: ds.map(scaled).with_options(fl.Options(deterministic=True)),
    ],
)
def test_how_it_is_run_is_no_part_of_it(change) -> None:
    assert of(change(fl.Dataset.range(5))) == of(fl.Dataset.range(5).map(scaled))


def test_what_a_function_fills_is_no_part_of_it() -> None:
    before = of(fl.Dataset.range(5).map(scaled))
    FILLED.append(2)
    assert of(fl.Dataset.range(5).map(scaled)) == before


def test_everything_that_changes_elements_changes_it(monkeypatch) -> None:
    base = fl.Dataset.range(5)
    plans = [
        base,
        fl.Dataset.range(6),
        fl.Dataset.range(0, 10, 2),
        base.batch(2),
        base.batch(2, drop_remainder=True),
        base.padded_batch(2),
        base.map(scaled),
        base.map(lambda number: number + 1),
        base.map(lambda number: number + 2),
        base.map(lambda number: number - 1),
        base.map(closure(2)),
        base.map(closure(3)),
        base.map(functools.partial(by, 2)),
        base.map(functools.partial(by, 3)),
        base.map(lambda number, factor=2: number * factor),
        base.map(lambda number, factor=3: number * factor),
        base.filter(lambda number: number > 1),
        base.filter(lambda number: number > 2),
        base.concatenate(base),
        fl.Dataset.zip((base, base)),
        fl.Dataset.from_tensor_slices(np.arange(5)),
        fl.Dataset.from_tensor_slices(np.arange(5, dtype=np.int32)),
        fl.Dataset.from_tensor_slices(np.arange(5) + 1),
        fl.Dataset.from_tensor_slices([b"a", b"b"]),
        fl.Dataset.from_tensor_slices([b"a", b"c"]),
        fl.Dataset.from_tensors(np.arange(5)),
    ]
    found = [of(dataset) for dataset in plans]
    assert len(set(found)) == len(found)
    monkeypatch.setitem(globals(), "SCALE", 4)
    assert of(base.map(scaled)) not in found


def test_a_node_that_is_used_twice_is_one_step() -> None:
    base = fl.Dataset.range(5).map(scaled)
    both = fl.Dataset.zip((base, base))
    assert [step.label for step in steps_of(both.node)] == ["range", "map(scaled)", "zip"]


def test_seeds_are_apart_and_can_be_given_back() -> None:
    def build():
        return fl.Dataset.range(100).shuffle(100).map(lambda n: (n, fl.random.uniform(()))).batch(3).prefetch(1)

    one, other = build(), build()
    assert of(one) == of(other)
    seeds = [step.seed for step in steps_of(one.node)]
    changed = with_seeds(other.node, seeds)
    assert [step.seed for step in steps_of(changed)] == seeds
    assert with_seeds(one.node, seeds) is one.node
    assert other.node is not changed


def test_another_process_finds_the_same() -> None:
    program = (
        "import feedline as fl, numpy as np\n"
        "from feedline.plan.fingerprint import fingerprint_of, steps_of\n"
        "ds = fl.Dataset.from_tensor_slices(np.arange(9.0)).map(lambda n: (n, {'a', 'b', 'c'} and n)).batch(2)\n"
        "print(fingerprint_of(steps_of(ds.node)))\n"
    )
    found = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(found) == 1


def test_functions_of_numpy_are_told_apart() -> None:
    def plan(function):
        return fl.Dataset.range(3).map(lambda number: function(number))

    assert len({of(plan(function)) for function in (np.sin, np.cos, np.sum, np.max)}) == 4
    assert of(plan(np.sin)) == of(plan(np.sin))
