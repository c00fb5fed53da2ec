"""Arrays that stay where they lie: what they become, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedline.packed_arrays import PackedArrays

DTYPES = ["uint8", "int16", "float32", "float64", "complex64"]


@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 40), max_size=6), st.sampled_from([(), (3,), (2, 2), (0, 3)]))
def test_each_array_is_what_lies_there(dtype, starts, shape) -> None:
    memory = np.random.default_rng(1).integers(0, 120, 128, dtype=np.uint8)
    arrays = PackedArrays(memory, np.array(starts, np.int64), shape, np.dtype(dtype))
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    expected = [memory[start : start + size].tobytes() for start in starts]
    assert [arrays[row].tobytes() for row in range(len(arrays))] == expected
    whole = arrays.array()
    assert whole.shape == arrays.shape == (len(starts), *shape)
    assert whole.dtype == arrays.dtype
    assert whole.tobytes() == b"".join(expected)
    assert np.asarray(arrays[1:3]).tobytes() == b"".join(expected[1:3])


def test_what_it_gives_cannot_be_written_to() -> None:
    arrays = PackedArrays(np.arange(8, dtype=np.uint8), np.array([0, 4]), (4,), np.dtype("uint8"))
    with pytest.raises(ValueError, match="read-only"):
        arrays[0][0] = 1


@pytest.mark.parametrize("start", [-1, 5, 2**62])
def test_what_lies_outside_is_refused(start) -> None:
    with pytest.raises(ValueError, match="within the buffer"):
        PackedArrays(np.arange(8, dtype=np.uint8), np.array([0, start]), (4,), np.dtype("uint8"))
