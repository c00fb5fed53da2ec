"""CRC32C: known values, and both kernels equal to a bit-by-bit reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from feedline.kernels import crc32c
from feedline.kernels.wire import address_of


@njit
def by_table(buffer, start, length):
    return crc32c.crc32c_table(address_of(buffer) + start, length)


@njit
def by_hardware(buffer, start, length):
    return crc32c.crc32c_hardware(address_of(buffer) + start, length)


KERNELS = [by_table]
if crc32c.HARDWARE:
    KERNELS.append(by_hardware)


def reference(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


# RFC 3720, appendix B.4.
KNOWN = {
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(reversed(range(32))): 0x113FDB5C,
    b"123456789": 0xE3069283,
    b"": 0,
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("data", KNOWN, ids=range(len(KNOWN)))
def test_known_values(kernel, data):
    assert kernel(np.frombuffer(data, np.uint8), 0, len(data)) == KNOWN[data]


@pytest.mark.parametrize("kernel", KERNELS)
@given(data=st.binary(max_size=64), before=st.integers(0, 9))
@settings(deadline=None, max_examples=60)
def test_equals_reference_at_any_alignment(kernel, data, before):
    buffer = np.frombuffer(bytes(before) + data + b"behind", np.uint8)
    assert kernel(buffer, before, len(data)) == reference(data)


@pytest.mark.skipif(not crc32c.HARDWARE, reason="this CPU has no CRC32C instruction")
@pytest.mark.parametrize("length", [767, 768, 769, 1543, 12287, 12288, 12289, 13055, 13056, 40000])
def test_three_streams_equal_the_table(length):
    buffer = np.random.default_rng(length).integers(0, 256, length + 8, dtype=np.uint8)
    for start in (0, 1, 7):
        assert by_hardware(buffer, start, length) == by_table(buffer, start, length)


def test_masked_of_bytes_arrays_and_nothing():
    assert crc32c.masked_crc32c(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert crc32c.masked_crc32c(np.zeros(0, np.uint8)) == 0xA282EAD8
    assert crc32c.masked_crc32c(np.arange(9, dtype=np.uint8)) == crc32c.masked_crc32c(bytes(range(9)))


def test_array_with_gaps_is_refused():
    with pytest.raises(ValueError, match="contiguous"):
        crc32c.masked_crc32c(np.arange(20, dtype=np.uint8)[::2])
