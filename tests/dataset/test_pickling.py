"""Datasets go to other processes: by pickle where their functions do, by cloudpickle otherwise."""

import copy
import dataclasses
import operator
import pickle
import subprocess
import sys
from collections import namedtuple
from typing import Any

import cloudpickle
import numpy as np
import pytest

import feedline as fl

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass
class Record:
    image: Any
    label: Any


def doubled(number):
    return number * 2


DATASETS = {
    "map": fl.Dataset.range(4).map(doubled),
    "lambda": fl.Dataset.range(4).map(lambda number: number * 2 + 1),
    "structure": fl.Dataset.from_tensor_slices(([1, 2], {"b": ["x", "y"], "a": np.zeros((2, 3))})),
    "namedtuple": fl.Dataset.from_tensor_slices(Pair([1, 2], [3, 4])),
    "dataclass": fl.Dataset.from_tensor_slices(Record([1, 2], [3, 4])),
    "one dataclass": fl.Dataset.from_tensors(Record([1, 2], "a")),
    "zip of a dataclass": fl.Dataset.zip(Record(fl.Dataset.range(2), fl.Dataset.range(2))),
    "none": fl.Dataset.from_tensor_slices((np.arange(2), None)),
    "generator": fl.Dataset.from_generator(lambda: iter(range(3)), output_signature=fl.TensorSpec((), "int32")),
    "order": fl.Dataset.range(30).shuffle(9, seed=1).skip(2).shard(2, 1).repeat(2).take(20),
    "random": fl.Dataset.range(3).map(lambda number: fl.random.uniform(()), num_parallel_calls=2),
    "stream": fl.Dataset.range(9).filter(lambda n: n % 2 == 1).shuffle(3, seed=1).batch(2).prefetch(2),
    "cache": fl.Dataset.range(4).cache(),
    "scan": fl.Dataset.range(3).scan(Pair(np.int64(0), np.int64(1)), lambda state, n: (state, n + state.b)),
    "interleave": fl.Dataset.range(3).interleave(lambda n: fl.Dataset.range(n), cycle_length=2),
    "group": fl.Dataset.range(6).group_by_window(lambda n: n % 2, lambda key, window: window.batch(2), 2),
    "sample": fl.Dataset.sample_from_datasets([fl.Dataset.range(3), fl.Dataset.range(5, 8)], [0.5, 0.5], seed=3),
    "static method": fl.Dataset.range(3).batch(3).flat_map(fl.Dataset.from_tensor_slices),
    "ragged": fl.Dataset.from_tensor_slices(fl.RaggedTensor(np.arange(3), [0, 1, 3])).padded_batch(2),
}


@pytest.mark.parametrize("name", DATASETS)
def test_what_another_process_gets(name) -> None:
    dataset = DATASETS[name]
    program = "import sys, pickle; ds = pickle.load(sys.stdin.buffer); print(ds, list(ds), [*ds] and ds.element_spec)"
    expected = f"{dataset} {list(cloudpickle.loads(cloudpickle.dumps(dataset)))} {dataset.element_spec}"
    module = sys.modules.get(__name__)
    registered = module is not None and not __name__.startswith("feedline")
    if registered:
        cloudpickle.register_pickle_by_value(module)
    try:
        pickled = cloudpickle.dumps(dataset)
    finally:
        if registered:
            cloudpickle.unregister_pickle_by_value(module)
    made = subprocess.run([sys.executable, "-c", program], input=pickled, capture_output=True, check=False)
    assert made.stdout.decode().strip() == expected, made.stderr.decode()


def test_plain_pickle_and_copies() -> None:
    dataset = fl.Dataset.range(40).shuffle(40, seed=1).map(operator.neg).batch(3)
    first_epoch = [batch.tolist() for batch in dataset]
    list(dataset)
    for again in (pickle.loads(pickle.dumps(dataset)), copy.deepcopy(dataset), copy.copy(dataset)):
        assert type(again) is type(dataset)
        assert [batch.tolist() for batch in again] == first_epoch  # its first iteration is its first epoch
        assert [batch.tolist() for batch in again] != first_epoch
        assert sum(stage.elements for stage in again.report().stages) > 0


def test_datasets_with_a_constructor_of_their_own(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    lines = fl.TextLineDataset(str(tmp_path / "a.txt"))
    again = pickle.loads(pickle.dumps(lines))
    assert type(again) is fl.TextLineDataset
    assert list(again) == [b"one", b"two"]


def test_what_is_running_is_not_pickled() -> None:
    dataset = fl.Dataset.range(100).map(doubled, num_parallel_calls=2).cache().prefetch(2)
    iterator = iter(dataset)
    next(iterator)
    again = pickle.loads(cloudpickle.dumps(dataset))
    assert [int(n) for n in again] == list(range(0, 200, 2))
    iterator.close()


def test_methods_are_known_as_those_of_dataset() -> None:
    assert fl.Dataset.batch.__qualname__ == "Dataset.batch"
    assert pickle.loads(pickle.dumps(fl.Dataset.range)) is fl.Dataset.range
    with pytest.raises(TypeError, match=r"^Dataset\.range\(\)"):
        fl.Dataset.range(3, wrong=1)
