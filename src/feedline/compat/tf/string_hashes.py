"""The hashes behind `tf.strings.to_hash_bucket` and `to_hash_bucket_strong`.

The formulas are those of the published algorithms: MurmurHash64A by Austin Appleby, and SipHash-2-4 by Jean-Philippe
Aumasson and Daniel J. Bernstein.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_FACTOR = 0xC6A4A7935BD1E995
_SEED = 0xDECAFCAFFE


def murmur64(text: bytes) -> int:
    """Returns MurmurHash64A of a string, with the seed that TensorFlow gives it.

    Example:
        >>> murmur64(b"a") % 10
        8
    """
    value = _SEED ^ len(text) * _FACTOR & _MASK
    whole = len(text) // 8 * 8
    for place in range(0, whole, 8):
        word = int.from_bytes(text[place : place + 8], "little") * _FACTOR & _MASK
        word = (word ^ word >> 47) * _FACTOR & _MASK
        value = (value ^ word) * _FACTOR & _MASK
    if whole < len(text):
        value = (value ^ int.from_bytes(text[whole:], "little")) * _FACTOR & _MASK
    value = (value ^ value >> 47) * _FACTOR & _MASK
    return value ^ value >> 47


def siphash(text: bytes, first_key: int, second_key: int) -> int:
    """Returns SipHash-2-4 of a string.

    Example:
        >>> siphash(b"a", 1, 2) % 10
        6
    """
    one, two = first_key & _MASK, second_key & _MASK
    state = [
        one ^ 0x736F6D6570736575,
        two ^ 0x646F72616E646F6D,
        one ^ 0x6C7967656E657261,
        two ^ 0x7465646279746573,
    ]
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 255])
    for place in range(0, len(padded), 8):
        word = int.from_bytes(padded[place : place + 8], "little")
        state[3] ^= word
        _mix(state, 2)
        state[0] ^= word
    state[2] ^= 255
    _mix(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _mix(state: list[int], times: int) -> None:
    a, b, c, d = state
    for _ in range(times):
        a = (a + b) & _MASK
        c = (c + d) & _MASK
        b = _turned(b, 13) ^ a
        d = _turned(d, 16) ^ c
        a = _turned(a, 32)
        c = (c + b) & _MASK
        a = (a + d) & _MASK
        b = _turned(b, 17) ^ c
        d = _turned(d, 21) ^ a
        c = _turned(c, 32)
    state[:] = a, b, c, d


def _turned(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK
