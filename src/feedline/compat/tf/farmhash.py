"""The 64-bit fingerprint of a string that `tf.strings.to_hash_bucket_fast` counts on: FarmHash's, by Geoff Pike.

The formulas are those of the published algorithm (github.com/google/farmhash, `Fingerprint64`).
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def fingerprint64(text: bytes) -> int:
    """Returns the fingerprint of a string, 64 bits.

    Example:
        >>> fingerprint64(b"") == 0x9AE16A3B2F90404F
        True
    """
    length = len(text)
    if length <= 16:
        return _up_to_16(text, length)
    if length <= 32:
        return _up_to_32(text, length)
    if length <= 64:
        return _up_to_64(text, length)
    return _longer(text, length)


def _word(text: bytes, place: int) -> int:
    return int.from_bytes(text[place : place + 8], "little")


def _half_word(text: bytes, place: int) -> int:
    return int.from_bytes(text[place : place + 4], "little")


def _turn(value: int, bits: int) -> int:
    value &= _MASK
    return (value >> bits | value << (64 - bits)) & _MASK


def _shift_mix(value: int) -> int:
    value &= _MASK
    return value ^ (value >> 47)


def _mix_pair(first: int, second: int, factor: int) -> int:
    mixed = _shift_mix((first ^ second) * factor)
    return _shift_mix((second ^ mixed) * factor) * factor & _MASK


def _up_to_16(text: bytes, length: int) -> int:
    factor = _K2 + 2 * length
    if length >= 8:
        first, last = _word(text, 0) + _K2 & _MASK, _word(text, length - 8)
        left = _turn(last, 37) * factor + first & _MASK
        right = (_turn(first, 25) + last) * factor & _MASK
        return _mix_pair(left, right, factor)
    if length >= 4:
        return _mix_pair(length + (_half_word(text, 0) << 3), _half_word(text, length - 4), factor)
    if length:
        low = text[0] + (text[length >> 1] << 8)
        high = length + (text[length - 1] << 2)
        return _shift_mix(low * _K2 ^ high * _K0) * _K2 & _MASK
    return _K2


def _ends(text: bytes, length: int, outer: int, factor: int) -> tuple[int, int, int]:
    """Returns two words made of the first and last 16 bytes, and the first product on the way."""
    a = _word(text, 0) * outer & _MASK
    b = _word(text, 8)
    c = _word(text, length - 8) * factor & _MASK
    d = _word(text, length - 16) * _K2 & _MASK
    return _turn(a + b, 43) + _turn(c, 30) + d & _MASK, a + _turn(b + _K2, 18) + c & _MASK, a


def _up_to_32(text: bytes, length: int) -> int:
    factor = _K2 + 2 * length
    left, right, _ = _ends(text, length, _K1, factor)
    return _mix_pair(left, right, factor)


def _up_to_64(text: bytes, length: int) -> int:
    factor = _K2 + 2 * length
    y, right, a = _ends(text, length, _K2, factor)
    z = _mix_pair(y, right, factor)
    e = _word(text, 16) * factor & _MASK
    f = _word(text, 24)
    g = (y + _word(text, length - 32)) * factor & _MASK
    h = (z + _word(text, length - 24)) * factor & _MASK
    return _mix_pair(_turn(e + f, 43) + _turn(g, 30) + h & _MASK, e + _turn(f + a, 18) + g & _MASK, factor)


def _weak(text: bytes, place: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_word(text, place + step) for step in (0, 8, 16, 24))
    a = a + w & _MASK
    b = _turn(b + a + z, 21)
    c = a
    a = a + x + y & _MASK
    b = b + _turn(a, 44) & _MASK
    return a + z & _MASK, b + c & _MASK


def _longer(text: bytes, length: int) -> int:
    x = 81
    y = 81 * _K1 + 113 & _MASK
    z = _shift_mix(y * _K2 + 113) * _K2 & _MASK
    v = w = (0, 0)
    x = x * _K2 + _word(text, 0) & _MASK
    end = (length - 1) // 64 * 64
    for place in range(0, end, 64):
        x = _turn(x + y + v[0] + _word(text, place + 8), 37) * _K1 & _MASK
        y = _turn(y + v[1] + _word(text, place + 48), 42) * _K1 & _MASK
        x ^= w[1]
        y = y + v[0] + _word(text, place + 40) & _MASK
        z = _turn(z + w[0], 33) * _K1 & _MASK
        v = _weak(text, place, v[1] * _K1, x + w[0])
        w = _weak(text, place + 32, z + w[1], y + _word(text, place + 16))
        z, x = x, z
    factor = _K1 + ((z & 0xFF) << 1) & _MASK
    last = end + ((length - 1) & 63) - 63
    w0 = w[0] + ((length - 1) & 63) & _MASK
    v0 = v[0] + w0 & _MASK
    w0 = w0 + v0 & _MASK
    x = _turn(x + y + v0 + _word(text, last + 8), 37) * factor & _MASK
    y = _turn(y + v[1] + _word(text, last + 48), 42) * factor & _MASK
    x ^= w[1] * 9 & _MASK
    y = y + v0 * 9 + _word(text, last + 40) & _MASK
    z = _turn(z + w0, 33) * factor & _MASK
    v = _weak(text, last, v[1] * factor, x + w0)
    w = _weak(text, last + 32, z + w[1], y + _word(text, last + 16))
    z, x = x, z
    left = _mix_pair(v[0], w[0], factor) + _shift_mix(y) * _K0 + z & _MASK
    return _mix_pair(left, _mix_pair(v[1], w[1], factor) + x & _MASK, factor)
