"""The filters' kernel against the specification, written plainly."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.kernels.samples import gray_of_rgb_by_tables, highest, unpack_bits
from feedline.kernels.unfilter import unfilter

_spec = importlib.util.spec_from_file_location("png_writer", Path(__file__).parents[1] / "golden" / "png_writer.py")
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6, 8])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_undoes_every_filter(step, data):
    height, width = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 9))
    rows = np.random.default_rng(data.draw(st.integers(0, 2**32))).integers(0, 256, (height, width * step), np.uint8)
    if data.draw(st.booleans()):
        rows = (rows > 127).astype(np.uint8) * 255  # extremes, where ties and carries are
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    filtered = np.frombuffer(writer.filter_rows(rows, step, kinds), np.uint8)
    out = np.empty_like(rows)
    assert unfilter(filtered, out, step) == -1
    np.testing.assert_array_equal(out, rows)


@pytest.mark.parametrize("step", [1, 3, 4])
def test_rows_of_every_length_leave_what_is_around_them_alone(step):
    rng = np.random.default_rng(step)
    for length in range(step, 90, step):
        rows = rng.choice(np.array([0, 1, 127, 128, 129, 254, 255], np.uint8), (6, length))
        for kinds in ((2,) * 6, (0, 2, 4, 2, 3, 2), (4,) * 6, (1, 3) * 3):
            filtered = np.frombuffer(writer.filter_rows(rows, step, kinds), np.uint8)
            memory = np.full(6 * length + 32, 9, np.uint8)
            out = memory[16:-16].reshape(6, length)
            assert unfilter(filtered, out, step) == -1
            np.testing.assert_array_equal(out, rows)
            assert (memory[:16] == 9).all()
            assert (memory[-16:] == 9).all()


def test_every_two_bytes_are_added():
    first, second = np.divmod(np.arange(1 << 16), 256)
    filtered = np.concatenate([[0], first, [2], second]).astype(np.uint8)
    out = np.empty((2, 1 << 16), np.uint8)
    assert unfilter(filtered, out, 1) == -1
    np.testing.assert_array_equal(out[1], (first + second) & 255)


def test_names_the_first_row_of_an_unknown_filter():
    filtered = np.zeros((4, 4), np.uint8)
    filtered[2, 0] = 5
    assert unfilter(filtered.reshape(-1), np.empty((4, 3), np.uint8), 3) == 2


@pytest.mark.parametrize(
    ("size", "shape", "step"), [(11, (4, 2), 1), (13, (4, 2), 1), (12, (4, 2), 3), (12, (4, 2), 0)]
)
def test_refuses_sizes_that_do_not_agree(size, shape, step):
    out = np.full(shape, 9, np.uint8)
    assert unfilter(np.zeros(size, np.uint8), out, step) == -2
    assert (out == 9).all()


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_unpacks_bits(depth):
    samples = np.random.default_rng(0).integers(0, 1 << depth, (3, 13, 1))
    out = np.empty((3, 13), np.uint8)
    assert unpack_bits(writer.pack_rows(samples, depth), depth, out)
    np.testing.assert_array_equal(out, samples[:, :, 0])


def test_unpacking_refuses_rows_that_are_too_short():
    assert not unpack_bits(np.zeros((2, 1), np.uint8), 4, np.empty((2, 3), np.uint8))
    assert not unpack_bits(np.zeros((1, 9), np.uint8), 4, np.empty((2, 3), np.uint8))


def test_tables_that_are_too_short_are_refused():
    table = np.zeros(255, np.uint8)
    assert not gray_of_rgb_by_tables(np.zeros((1, 3), np.uint8), 1, 1, table, table, table, np.zeros(1, np.uint8))


def test_highest():
    assert highest(np.array([3, 200, 7], np.uint8)) == 200
    assert highest(np.zeros(0, np.uint8)) == 0
