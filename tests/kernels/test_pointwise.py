"""The kernel of fused arithmetic against NumPy, for arrays that lie anywhere in memory, near and far."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.kernels.pointwise import ADD, ADD_AMOUNT, DIVIDE, LEFT_RIGHT, MULTIPLY, SUBTRACT, UP_DOWN, pointwise

FUNCTIONS = {ADD: np.add, SUBTRACT: np.subtract, MULTIPLY: np.multiply, DIVIDE: np.true_divide}
NONE = np.empty(0, np.uint8)


def memory_of(dtype: str, size: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 256, size) if dtype == "uint8" else rng.normal(size=size) * 100).astype(dtype)


def with_numpy(memory, starts, shape, flips, what, operands, amounts) -> np.ndarray:
    """Returns what the kernel should give."""
    size = int(np.prod(shape))
    rows = []
    for number, start in enumerate(starts.tolist()):
        image = memory[start : start + size].reshape(shape)
        flip = flips[number] if len(flips) else 0
        image = image[::-1] if flip & UP_DOWN else image
        image = image[:, ::-1] if flip & LEFT_RIGHT else image
        row = image.astype(np.float32).reshape(-1)
        for code, operand, amount in zip(what.tolist(), operands, amounts, strict=True):
            if code == ADD_AMOUNT:
                row = row + amount[number]
            else:
                row = FUNCTIONS[code](row, np.resize(operand, size))
        rows.append(row)
    return np.array(rows, np.float32).reshape(len(starts), size)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_near_far_and_past_the_caches_give_what_numpy_gives(data) -> None:
    dtype = data.draw(st.sampled_from(["uint8", "float32", "float64"]))
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4)))
    size, line = int(np.prod(shape)), shape[1] * shape[2]
    memory = memory_of(dtype, size + data.draw(st.integers(0, 200)), data.draw(st.integers(0, 99)))
    starts = np.array(data.draw(st.lists(st.integers(0, len(memory) - size), max_size=6)), np.int64)
    what = np.array(data.draw(st.lists(st.integers(0, 4), max_size=4)), np.uint8)
    flipped = data.draw(st.booleans())
    flips = np.array([data.draw(st.integers(0, 3)) for _ in starts], np.uint8) if flipped else NONE
    unit = line if flipped and len(starts) else 1
    period = unit * data.draw(st.integers(1, 5))
    most = unit * data.draw(st.integers(1, 9))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    operands = rng.uniform(0.5, 2, (len(what), period)).astype(np.float32)
    amounts = rng.normal(size=(len(what), len(starts))).astype(np.float32)
    expected = with_numpy(memory, starts, shape, flips, what, operands, amounts)
    before = memory.tobytes()
    for far, past_caches in itertools.product((False, True), repeat=2):
        out = np.full((len(starts) + 2, size), 5, np.float32)
        assert pointwise(
            memory,
            starts,
            out[1:-1],
            *(shape if flipped else (0, 0, 0)),
            flips,
            what,
            operands,
            amounts,
            most,
            True,
            far,
            past_caches,
        )
        assert out[1:-1].tobytes() == expected.tobytes()
        assert (out[0] == 5).all()
        assert (out[-1] == 5).all()
    assert memory.tobytes() == before


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("start", [-1, 5, 1 << 40, -(1 << 40), (1 << 63) - 1, -(1 << 63)])
def test_arrays_that_do_not_lie_in_the_memory_are_refused(dtype, far, start) -> None:
    out = np.full((1, 16), 5, np.float32)
    operands, amounts = np.empty((0, 1), np.float32), np.empty((0, 1), np.float32)
    memory = memory_of(dtype, 20, 0)
    arguments = (out, 0, 0, 0, NONE, NONE, operands, amounts, 16, False, far)
    assert not pointwise(memory, np.array([start]), *arguments)
    assert (out == 5).all()
    assert pointwise(memory, np.array([4]), *arguments)
    assert out.tobytes() == memory[None, 4:].astype(np.float32).tobytes()


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_values_that_are_not_finite_are_told(dtype, bad, far) -> None:
    memory = memory_of(dtype, 64, 0)
    memory[37] = bad
    out = np.empty((2, 16), np.float32)
    operands, amounts = np.full((1, 1), 2, np.float32), np.zeros((1, 2), np.float32)
    what = np.array([MULTIPLY], np.uint8)
    for starts, finite in (([0, 38], True), ([0, 30], False), ([37, 0], False), ([22, 48], False), ([21, 48], True)):
        arguments = (memory, np.array(starts), out, 0, 0, 0, NONE, what, operands, amounts, 7)
        assert pointwise(*arguments, True, far) == finite
        assert pointwise(*arguments, False, far)
