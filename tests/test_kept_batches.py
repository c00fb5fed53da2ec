"""What was given is never changed: neither NumPy's views of a batch nor what a framework keeps of it.

Memory of batches is used again once nobody looks at it (`feedline.buffers`). Each test keeps some of what it gets and
drops the rest, so that memory does come back, and compares what it kept with a copy that was taken at once.
"""

from __future__ import annotations

import pickle
import random
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.buffers import POOL

ROWS, SHAPE, BATCH = 640, (24, 32), 64  # a batch of float32 is 196 KB, which comes from the pool
X = np.arange(ROWS * 24 * 32, dtype=np.float32).reshape(ROWS, *SHAPE)

PIPELINES: dict[str, Callable[[], fl.Dataset]] = {
    "slices": lambda: fl.Dataset.from_tensor_slices(X).batch(BATCH),
    "shuffled": lambda: fl.Dataset.from_tensor_slices(X).shuffle(ROWS, seed=3).batch(BATCH),
    "threads": lambda: fl.Dataset.from_tensor_slices(X).map(_twice, num_parallel_calls=4).batch(BATCH).prefetch(3),
    "autotune": lambda: (
        fl.Dataset.from_tensor_slices(X).map(_twice, num_parallel_calls=fl.AUTOTUNE).batch(BATCH).prefetch(fl.AUTOTUNE)
    ),
    "blocks": lambda: fl.Dataset.from_tensor_slices(X).map(lambda row: row * 2 + 1).batch(BATCH),
    "cached": lambda: fl.Dataset.from_tensor_slices(X).cache().batch(BATCH).prefetch(2),
    "streamed": lambda: fl.Dataset.from_tensor_slices(X).filter(lambda row: True).batch(BATCH).prefetch(2),
    "generator": lambda: fl.Dataset.from_generator(_rows, output_signature=fl.TensorSpec(SHAPE)).batch(BATCH),
    "padded": lambda: fl.Dataset.from_tensor_slices(X).padded_batch(BATCH, drop_remainder=True),
    "rebatched": lambda: fl.Dataset.from_tensor_slices(X).batch(100).rebatch(BATCH),
    "processes": lambda: _in_processes(fl.Dataset.from_tensor_slices(X).map(_twice, num_parallel_calls=2).batch(BATCH)),
    "processes, streamed": lambda: _in_processes(
        fl.Dataset.from_generator(_rows, output_signature=fl.TensorSpec(SHAPE)).map(_twice, num_parallel_calls=2)
    ).batch(BATCH),
    "large elements": lambda: fl.Dataset.from_tensor_slices(X).batch(BATCH).map(lambda batch: batch + 1),
}


def _in_processes(dataset: fl.Dataset) -> fl.Dataset:
    return dataset.with_options(fl.Options(executor="processes"))


def _twice(row: np.ndarray) -> np.ndarray:
    result = np.empty_like(row)
    np.multiply(row, 2, out=result)
    return result


def _rows() -> Iterable[np.ndarray]:
    row = np.empty(SHAPE, np.float32)  # one array, filled again and again
    for values in X:
        row[...] = values
        yield row


VIEWS: dict[str, Callable[[np.ndarray], Any]] = {
    "itself": lambda batch: batch,
    "a row": lambda batch: batch[3],
    "a slice": lambda batch: batch[5:60:7, 2:],
    "transposed": lambda batch: batch.T,
    "other bits": lambda batch: batch.view(np.uint32),
    "reshaped": lambda batch: batch.reshape(-1)[::-1],
    "a memoryview": lambda batch: memoryview(batch[1:]),
    "dlpack": lambda batch: np.from_dlpack(batch),
    "out-of-band pickle": lambda batch: pickle.PickleBuffer(batch),
    "a field of another": lambda batch: np.lib.stride_tricks.sliding_window_view(batch, 2, axis=0),
}


def as_array(view: Any) -> np.ndarray:
    return np.frombuffer(view, np.float32) if isinstance(view, pickle.PickleBuffer) else np.asarray(view)


def check(epochs: Iterable[Iterable[Any]], view: Callable[[Any], Any], values: Callable[[Any], np.ndarray]) -> int:
    """Keeps views of two batches of three and returns how many; all must be what they were."""
    kept, number = [], 0
    for epoch in epochs:
        for batch in epoch:
            number += 1
            if number % 3:
                looked_at = view(batch)
                kept.append((looked_at, values(looked_at).copy()))
                del looked_at
            del batch
    for looked_at, copy in kept:
        np.testing.assert_array_equal(values(looked_at), copy)
    return len(kept)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_views_of_numpy(pipeline: str) -> None:
    dataset = PIPELINES[pipeline]()
    for view in VIEWS.values():
        assert check([dataset, dataset], view, as_array) >= 12


def test_memory_does_come_back() -> None:
    dataset = PIPELINES["threads"]()
    before = POOL.nbytes
    addresses = [batch.ctypes.data for _ in range(30) for batch in dataset]
    assert len(set(addresses)) < len(addresses) / 3
    assert POOL.nbytes - before < 40 * X[:BATCH].nbytes


@pytest.mark.parametrize("pipeline", ["threads", "autotune", "shuffled", "cached", "processes"])
def test_consumers_in_threads_that_keep_batches_for_a_while(pipeline: str) -> None:
    dataset = PIPELINES[pipeline]()
    changed: list[str] = []

    def consume(seed: int) -> None:
        choose = random.Random(seed)
        held: list[tuple[Any, np.ndarray]] = []
        for _ in range(6):
            for batch in dataset:
                view = choose.choice(list(VIEWS.values()))(batch)
                del batch
                held.append((view, as_array(view).copy()))
                del view
                if len(held) > 6:
                    looked_at, copy = held.pop(choose.randrange(len(held)))
                    if not np.array_equal(as_array(looked_at), copy):
                        changed.append(f"consumer {seed}")
                    del looked_at

    threads = [threading.Thread(target=consume, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert changed == []


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_tensors_of_pytorch(pipeline: str) -> None:
    pytest.importorskip("torch")
    batches = PIPELINES[pipeline]().to_torch()
    views = [lambda t: t, lambda t: t[1:], lambda t: t.t() if t.ndim == 2 else t.transpose(0, 2), lambda t: t.numpy()]
    for view in views:
        assert check([batches, batches], view, np.asarray) >= 12


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_arrays_of_jax(pipeline: str) -> None:
    jax = pytest.importorskip("jax")
    batches = PIPELINES[pipeline]().to_jax()
    for view in (lambda array: array, np.asarray, np.from_dlpack, jax.jit(lambda array: array.T)):
        assert check([batches, batches], view, np.asarray) >= 12


def test_what_jax_computes_with_while_the_batch_is_dropped() -> None:
    jax = pytest.importorskip("jax")
    dataset = PIPELINES["threads"]()

    @jax.jit
    def total(batch: Any) -> Any:
        for _ in range(20):
            batch = batch + batch[::-1] * 0.5 - batch[::-1] * 0.5
        return batch.sum((1, 2))

    wanted = [np.asarray(total(batch.copy())) for batch in dataset]
    for _ in range(5):
        sums = [total(batch) for batch in dataset.to_jax()]  # none is waited for
        for got, want in zip(sums, wanted, strict=True):
            np.testing.assert_array_equal(np.asarray(got), want)


def test_batches_that_jax_may_overwrite() -> None:
    jax = pytest.importorskip("jax")
    dataset = PIPELINES["cached"]()
    overwrite = jax.jit(lambda batch: batch * 0 - 1, donate_argnums=0)
    for _ in range(3):
        for batch in dataset.to_jax():
            overwrite(batch).block_until_ready()
    np.testing.assert_array_equal(np.concatenate(list(dataset)), X)


@pytest.mark.parametrize("pipeline", sorted(PIPELINES.keys() - {"shuffled"}))
def test_changes_of_a_batch_stay_in_it(pipeline: str) -> None:
    pytest.importorskip("torch")
    dataset, source = PIPELINES[pipeline](), X.copy()
    wanted = [batch.copy() for batch in dataset]
    for _ in range(3):
        for batch, want in zip(dataset.to_torch(), wanted, strict=True):
            np.testing.assert_array_equal(batch.numpy(), want)
            batch.fill_(-7)
    np.testing.assert_array_equal(X, source)
