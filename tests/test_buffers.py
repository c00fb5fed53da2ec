"""Buffers are used again only when nobody looks at them any more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import feedline as fl
from feedline.buffers import BufferPool

SHAPE, DTYPE = (64, 1024), np.dtype("float32")


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_a_dropped_buffer_is_used_again():
    pool = BufferPool()
    first = pool.empty(SHAPE, DTYPE)
    where = address(first)
    del first
    assert address(pool.empty(SHAPE, DTYPE)) == where
    assert pool.nbytes == 64 * 1024 * 4


@pytest.mark.parametrize(
    "look",
    [
        lambda array: array[3],
        lambda array: array[3, 5:],
        lambda array: array.view(np.int32),
        lambda array: array.T,
        lambda array: memoryview(array),
        lambda array: np.asarray(array)[None],
        lambda array: {"deep": [array[1:]]},
    ],
)
def test_a_buffer_with_any_view_of_it_is_not(look):
    pool = BufferPool()
    first = pool.empty(SHAPE, DTYPE)
    where = address(first)
    view = look(first)
    del first
    assert address(pool.empty(SHAPE, DTYPE)) != where
    del view
    assert where in {address(array) for array in [pool.empty(SHAPE, DTYPE), pool.empty(SHAPE, DTYPE)]}


def test_a_tensor_of_a_framework_counts_as_a_view():
    torch = pytest.importorskip("torch")
    pool = BufferPool()
    first = pool.empty(SHAPE, DTYPE)
    where = address(first)
    tensor = torch.from_numpy(first)
    del first
    assert address(pool.empty(SHAPE, DTYPE)) != where
    del tensor
    assert address(pool.empty(SHAPE, DTYPE)) == where


def test_small_arrays_and_objects_do_not_come_from_the_pool():
    pool = BufferPool()
    pool.empty((4, 4), DTYPE)
    assert pool.empty((100_000,), np.dtype(object))[0] is None
    assert pool.nbytes == 0


def test_idle_memory_is_bounded():
    pool = BufferPool()
    for megabytes in range(1, 60):
        pool.empty((megabytes << 20,), np.dtype("uint8"))
    assert pool.nbytes <= (256 << 20) + (60 << 20)


def test_threads_never_get_the_same_buffer():
    pool, held, lock = BufferPool(), [], threading.Lock()

    def take() -> None:
        for _ in range(50):
            array = pool.empty(SHAPE, DTYPE)
            with lock:
                held.append(array)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({address(array) for array in held}) == len(held) == 200


@pytest.mark.parametrize("calls", [None, 2, fl.AUTOTUNE])
def test_a_kept_batch_never_changes(calls):
    x = np.arange(400 * 32 * 32, dtype=np.float32).reshape(400, 32, 32)
    ds = fl.Dataset.from_tensor_slices(x).map(lambda row: row * 2, num_parallel_calls=calls).batch(64).prefetch(2)
    for _ in range(3):
        kept = []
        for number, batch in enumerate(ds):
            if number % 2 == 0:
                kept.append((number, batch[5:7]))
        for number, rows in kept:
            np.testing.assert_array_equal(rows, x[number * 64 :][5:7] * 2)


@pytest.mark.parametrize("shape", [(64, 1024), (131072 + 1,), (100, 3, 1111)])
def test_memory_begins_where_xla_and_tensorflow_can_use_it(shape):
    pool = BufferPool()
    held = [pool.empty(shape, np.dtype(dtype)) for dtype in ("uint8", "float32", "complex128") for _ in range(3)]
    assert all(address(array) % 64 == 0 and array.shape == shape for array in held if array.nbytes >= 131072)


def test_what_runs_while_an_array_is_looked_for_may_ask_for_one():
    pool, inner = BufferPool(), []

    first = pool.empty(SHAPE, DTYPE)
    looked_for = pool._new_buffer

    def new_buffer(nbytes):  # as where a signal comes here, and its handler reads a dataset
        inner.append(pool.empty(SHAPE, DTYPE))
        return looked_for(nbytes)

    pool._new_buffer = new_buffer
    second = pool.empty(SHAPE, DTYPE)
    assert len({address(array) for array in (first, second, *inner)}) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_has_a_pool_of_its_own():
    program = """
import os, threading, numpy as np
from feedline.buffers import POOL
held = POOL.empty((64, 1024), np.dtype("float32"))
held[...] = 1
locked, go_on = threading.Event(), threading.Event()
def hold():
    with POOL._lock:
        locked.set()
        go_on.wait()
threading.Thread(target=hold, daemon=True).start()
locked.wait()
child = os.fork()
if child == 0:
    got = [POOL.empty((64, 1024), np.dtype("float32")) for _ in range(3)]
    for array in got:
        array[...] = 2
    os._exit(0 if (held == 1).all() and POOL.nbytes == 3 * held.nbytes else 1)
go_on.set()
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60).returncode == 0


def test_less_memory_may_lie_idle_where_somebody_says_so():
    pool = BufferPool()
    held = [pool.empty((4 << 20,), np.dtype("uint8")) for _ in range(10)]
    del held
    assert pool.nbytes == 40 << 20
    pool.limit_idle(8 << 20)
    assert pool.nbytes <= 8 << 20
    held = [pool.empty((4 << 20,), np.dtype("uint8")) for _ in range(10)]
    del held
    pool.empty((2 << 20,), np.dtype("uint8"))
    assert pool.nbytes <= (8 << 20) + (4 << 20)
