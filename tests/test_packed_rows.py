import gc
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.block import Block, concatenate_blocks
from feedline.buffers import POOL
from feedline.packed_rows import PackedRows
from feedline.structure import flatten


def packed(arrays: list[np.ndarray]) -> PackedRows:
    first = arrays[0]
    return PackedRows([array.tobytes() for array in arrays], list(map(len, arrays)), first.shape[1:], first.dtype)


def arrays_of(lengths: list[int], inner: tuple[int, ...] = (3,), dtype: str = "float32") -> list[np.ndarray]:
    numbers = np.random.default_rng(0)
    return [numbers.integers(0, 100, (length, *inner)).astype(dtype) for length in lengths]


def test_they_are_the_arrays_that_they_were_made_of() -> None:
    arrays = arrays_of([2, 0, 5])
    rows = packed(arrays)
    assert len(rows) == 3
    assert rows.nbytes == 7 * 12
    for index, array in enumerate(arrays):
        np.testing.assert_array_equal(rows[index], array)
        assert rows[index].dtype == array.dtype
        assert rows[index].flags.writeable
    assert [row.tolist() for row in rows[1:]] == [row.tolist() for row in arrays[1:]]
    assert [row.tolist() for row in pickle.loads(pickle.dumps(rows))] == [row.tolist() for row in arrays]


def test_in_blocks() -> None:
    treedef = flatten(0)[1]
    arrays = arrays_of([1, 2, 3, 4])
    first, second = Block(2, [packed(arrays[:2])], treedef), Block(2, [packed(arrays[2:])], treedef)
    both = concatenate_blocks([first, second])
    assert isinstance(both.columns[0], PackedRows)
    assert [row.tolist() for row in both.columns[0]] == [row.tolist() for row in arrays]
    assert [row.tolist() for row in both.slice(1, 3).columns[0]] == [row.tolist() for row in arrays[1:3]]
    assert [row.tolist() for row in both.own().rows()] == [row.tolist() for row in arrays]
    assert both.nbytes() == 10 * 12
    listed = Block(1, [[np.ones((1, 3), np.float32)]], treedef)
    assert [len(row) for row in concatenate_blocks([both, listed]).columns[0]] == [1, 2, 3, 4, 1]
    others = Block(1, [packed(arrays_of([2], (4,)))], treedef)
    assert [row.shape for row in concatenate_blocks([both, others]).columns[0]][-2:] == [(4, 3), (2, 4)]


@settings(deadline=None)
@given(
    lengths=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=5),
    inner=st.sampled_from([(), (3,), (2, 2), (0,)]),
    dtype=st.sampled_from(["float32", "uint8", "complex128", "bool", "int64"]),
    fill=st.sampled_from([0, 1, 7]),
    more=st.integers(0, 3),
)
def test_padding(lengths, inner, dtype, fill, more) -> None:
    arrays = arrays_of([length for part in lengths for length in part], inner, dtype)
    stops = np.cumsum([len(part) for part in lengths]).tolist()
    ranges = list(zip([0, *stops[:-1]], stops, strict=True))
    wanted = [max(part) + more for part in lengths]
    value = np.dtype(dtype).type(fill)
    batches = packed(arrays).padded(ranges, wanted, value)
    for batch, (start, stop), length in zip(batches, ranges, wanted, strict=True):
        expected = np.full((stop - start, length, *inner), value)
        for row, array in zip(expected, arrays[start:stop], strict=True):
            row[: len(array)] = array
        np.testing.assert_array_equal(batch, expected, strict=True)
        assert batch.flags.writeable
        assert batch.flags.c_contiguous
        assert batch.flags.aligned


@pytest.mark.parametrize("fill", [-0.0, np.nan, 2.5])
def test_values_whose_bytes_are_not_all_zero(fill) -> None:
    (batch,) = packed(arrays_of([1, 3])).padded([(0, 2)], [3], np.float32(fill))
    assert batch[0, 1:].tobytes() == np.full((2, 3), fill, np.float32).tobytes()


def test_batches_that_share_memory_do_not_touch_each_other_or_ones_kept_from_before() -> None:
    kept = []
    for turn in range(30):
        arrays = [np.full((1 + number % 7, 50), 100 * turn + number, np.int32) for number in range(400)]
        ranges = [(start, start + 20) for start in range(0, 400, 20)]
        batches = packed(arrays).padded(ranges, [7] * 20, np.int32(0))
        kept.append((turn, batches[turn % 20]))
        assert len({batch.ctypes.data for batch in batches}) == 20
        batches[0][...] = -1
        assert (batches[1][:, 0] == 100 * turn + np.arange(20, 40)[:, None]).all()
    for turn, batch in kept[1:20]:
        first = 100 * turn + 20 * (turn % 20)
        assert (batch[:, 0] == np.arange(first, first + 20)[:, None]).all()


def test_memory_is_used_again_once_all_batches_are_gone() -> None:
    arrays = [np.zeros((40, 50), np.int32) for _ in range(40)]

    def pad():
        return packed(arrays).padded([(0, 20), (20, 40)], [40, 40], np.int32(0))

    held = pad()
    before = POOL.nbytes
    for _ in range(20):
        held.clear()
        gc.collect()
        held.extend(pad())
    assert POOL.nbytes == before
