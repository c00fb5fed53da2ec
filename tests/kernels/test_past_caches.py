"""Copying past the caches against an ordinary copy, from and to any address."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from feedline.kernels.past_caches import copy_past_caches, finish_writing
from feedline.kernels.wire import address_of


@njit
def copy(target, start, source, first, count):
    copy_past_caches(address_of(target) + start, address_of(source) + first, count)
    finish_writing()


@settings(deadline=None)
@given(st.integers(0, 70), st.integers(0, 70), st.integers(0, 300))
def test_what_is_copied_is_what_was_there_and_nothing_else_changes(start, first, count) -> None:
    source = np.random.default_rng(count).integers(0, 256, 400, np.uint8)
    target = np.full(400, 7, np.uint8)
    expected = target.copy()
    expected[start : start + count] = source[first : first + count]
    copy(target, start, source, first, count)
    assert target.tobytes() == expected.tobytes()
