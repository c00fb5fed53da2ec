"""Inflating: deflate's blocks, without the GIL and without a call from Python for each stream.

Format: RFC 1951 (deflate). Symbols are looked up in tables by the bits that come next, with a second table for codes
that are longer; an entry says what the symbol stands for and how many bits it took, extra bits included. The bits come
from a 64-bit buffer that is filled eight bytes at a time. (The layout is that of libdeflate, by Eric Biggers.)

Addresses are checked against the ends of input and output before they are touched, but for `SLACK` bytes behind the
output, which a copy may run over.
"""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import array, part, stay_apart
from feedline.kernels.wire import copy_bytes, load8, load64, store8, store16, store64

SLACK = 320
"""How many bytes of memory there must be behind the output."""

TABLE = array(types.uint32)
"""The type of the memory for tables: uint32 `(TABLE_SIZE,)`."""

_LITERAL_BITS, _DISTANCE_BITS, _CODE_BITS = np.int64(11), np.int64(8), np.int64(7)
# A second table of 2 ** k entries has k + 1 codes or more, so those behind 11 bits have 288 / 5 * 16 entries at most.
_LITERALS, _LITERALS_SIZE = np.int64(0), np.int64(2048 + 922)
_DISTANCES, _DISTANCES_SIZE = _LITERALS_SIZE, np.int64(402)
_CODES, _CODES_SIZE = _DISTANCES + _DISTANCES_SIZE, np.int64(128)
_LENGTHS = _CODES + _CODES_SIZE  # lengths of codes: 288 + 32, and room for a run behind them
_SORTED = _LENGTHS + 480
_COUNTS = _SORTED + 320  # how many codes of each length; and where they begin
TABLE_SIZE = _COUNTS + 48

_LITERAL, _SPECIAL, _LAST, _INVALID = np.uint32(1 << 12), np.uint32(1 << 15), np.uint32(1 << 14), np.uint32(1 << 13)
_NONE = np.uint64(0)
_TAKEN = np.uint32(63)


def _lengths_and_distances() -> tuple[np.ndarray, np.ndarray]:
    """Returns base << 16 | extra bits of each symbol of a length, from 257 on, and of a distance: RFC 1951, 3.2.5."""
    lengths, distances = np.zeros(32, np.uint32), np.zeros(32, np.uint32)
    base = 3
    for symbol in range(28):
        extra = max(0, symbol // 4 - 1)
        lengths[symbol] = base << 16 | extra
        base += 1 << extra
    lengths[28] = 258 << 16
    base = 1
    for symbol in range(30):
        extra = max(0, symbol // 2 - 1)
        distances[symbol] = base << 16 | extra
        base += 1 << extra
    return lengths, distances


_LENGTH_SYMBOLS, _DISTANCE_SYMBOLS = _lengths_and_distances()
_ORDER = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15], np.int64)


@part
def _entry(kind, symbol):  # type: ignore[no-untyped-def]
    """Returns a symbol's entry but for the bits of its code.

    Args:
        kind: 0 for literals and lengths, 1 for distances, 2 for the lengths of codes.
        symbol: the symbol.
    """
    if kind == 2:
        return np.uint32(symbol) << np.uint32(16)
    if kind == 1:
        if symbol >= 30:
            return _SPECIAL | _INVALID
        return _DISTANCE_SYMBOLS[symbol]
    if symbol < 256:
        return _LITERAL | np.uint32(symbol) << np.uint32(16)
    if symbol == 256:
        return _SPECIAL | _LAST
    if symbol >= 286:
        return _SPECIAL | _INVALID
    return _LENGTH_SYMBOLS[symbol - 257]


@part
def _build(tables, kind, lengths, count, start, bits):  # type: ignore[no-untyped-def]
    """Builds a table from the lengths of codes; returns whether they are a code."""
    stay_apart()
    counts, places = _COUNTS, _COUNTS + 16
    for length in range(16):
        tables[counts + length] = 0
    for symbol in range(count):
        tables[counts + np.int64(tables[lengths + symbol])] += 1
    room, used, place = 1 << 15, 0, 0
    for length in range(1, 16):
        tables[places + length] = place
        number = np.int64(tables[counts + length])
        place += number
        used += number << (15 - length)
    if used > room:
        return False
    size = 1 << bits
    if used < room:
        # only a single code of one bit, or none at all, may leave something over
        if place > 1 or (place == 1 and tables[counts + 1] != 1) or kind == 2:
            return False
        for index in range(size):
            tables[start + index] = _SPECIAL | _INVALID
    for symbol in range(count):
        length = np.int64(tables[lengths + symbol])
        if length:
            tables[_SORTED + np.int64(tables[places + length])] = symbol
            tables[places + length] += 1
    code, next_free, position, sub_start, sub_bits, sub_code = 0, size, 0, 0, 0, -1
    for length in range(1, 16):
        number = np.int64(tables[counts + length])
        for left in range(number, 0, -1):
            symbol = np.int64(tables[_SORTED + position])
            position += 1
            entry = _entry(kind, symbol)
            extra = entry & np.uint32(255) if (entry & (_LITERAL | _SPECIAL)) == 0 else np.uint32(0)
            if kind == 2:
                extra = np.uint32(0)
            value = entry & ~np.uint32(255)
            if length <= bits:
                value |= (np.uint32(1) if value & _LITERAL else np.uint32(length)) << np.uint32(8)
                value |= np.uint32(length) + extra
                for index in range(start + code, start + size, 1 << length):
                    tables[index] = value
            else:
                low = code & (size - 1)
                if low != sub_code:
                    sub_code = low
                    sub_bits = length - bits
                    # as many bits as the codes that begin alike need
                    space = left
                    while space < (1 << sub_bits):
                        sub_bits += 1
                        space = (space << 1) + np.int64(tables[counts + bits + sub_bits])
                    sub_start = next_free
                    next_free += 1 << sub_bits
                    tables[start + low] = _SPECIAL | np.uint32(sub_start << 16 | sub_bits << 8 | bits)
                rest = length - bits
                value |= (np.uint32(1) if value & _LITERAL else np.uint32(rest)) << np.uint32(8)
                value |= np.uint32(rest) + extra
                for index in range(start + sub_start + (code >> bits), start + sub_start + (1 << sub_bits), 1 << rest):
                    tables[index] = value
            # the next code, in the order of its bits from the last to the first
            if code == (1 << length) - 1:
                return True
            bit = 1 << (length - 1)
            while code & bit:
                bit >>= 1
            code = (code & (bit - 1)) | bit
    return True


@part
def _pair_literals(tables):  # type: ignore[no-untyped-def]
    """Has an entry stand for two literals where the codes of both fit into its bits."""
    stay_apart()
    for index in range((1 << _LITERAL_BITS) - 1, -1, -1):  # from above: what is looked up is not yet a pair
        entry = tables[np.uint64(index)]
        taken = entry & np.uint32(255)
        second = tables[np.uint64(index) >> np.uint64(taken & np.uint32(31))]
        together = taken + (second & np.uint32(255))
        if entry & second & _LITERAL and together <= np.uint32(_LITERAL_BITS):
            value = (entry & np.uint32(0xFF0000)) | (second & np.uint32(0xFF0000)) << np.uint32(8)
            tables[np.uint64(index)] = value | _LITERAL | np.uint32(2 << 8) | together


@part
def _refill_bytes(bits, left, at, end):  # type: ignore[no-untyped-def]
    stay_apart()
    while left < np.uint64(56):
        if at < end:
            bits |= np.uint64(load8(at)) << left
        at += 1
        left += np.uint64(8)
    return bits, left, at


@part
def _refill(bits, left, at, end):  # type: ignore[no-untyped-def]
    """Fills the bit buffer to 56 bits or more; with zeros behind the end, which `at` then lies beyond."""
    if end - at < 8:
        return _refill_bytes(bits, left, at, end)
    bits |= load64(at) << left
    at += np.int64((np.uint64(63) - left) >> np.uint64(3))
    return bits, left | np.uint64(56), at


@part
def _low(bits, count):  # type: ignore[no-untyped-def]
    """Returns the lowest bits of a number."""
    return bits & ((np.uint64(1) << count) - np.uint64(1))


@part
def _with_extra_bits(entry, bits):  # type: ignore[no-untyped-def]
    """Returns the length or the distance that an entry stands for, with the bits that follow its code."""
    extra = _low(bits, np.uint64(entry & _TAKEN)) >> np.uint64((entry >> np.uint32(8)) & np.uint32(15))
    return np.int64(entry >> np.uint32(16)) + np.int64(extra)


@part
def _read_codes(tables, bits, left, at, end):  # type: ignore[no-untyped-def]
    """Reads the lengths of a block's own codes and builds their tables; `at` is -1 where they are no codes."""
    stay_apart()
    literals = np.int64(_low(bits, np.uint64(5))) + 257
    distances = np.int64(_low(bits >> np.uint64(5), np.uint64(5))) + 1
    codes = np.int64(_low(bits >> np.uint64(10), np.uint64(4))) + 4
    bits >>= np.uint64(14)
    left -= np.uint64(14)
    for number in range(19):
        if number % 8 == 0:
            bits, left, at = _refill(bits, left, at, end)
        if number < codes:
            tables[_LENGTHS + _ORDER[number]] = np.uint32(_low(bits, np.uint64(3)))
            bits >>= np.uint64(3)
            left -= np.uint64(3)
        else:
            tables[_LENGTHS + _ORDER[number]] = np.uint32(0)
    if literals > 286 or distances > 30 or not _build(tables, np.int64(2), _LENGTHS, np.int64(19), _CODES, _CODE_BITS):
        return bits, left, np.int64(-1)
    number, total = 0, literals + distances
    while number < total:
        bits, left, at = _refill(bits, left, at, end)
        entry = tables[_CODES + np.int64(_low(bits, np.uint64(_CODE_BITS)))]
        bits >>= np.uint64(entry & np.uint32(255))
        left -= np.uint64(entry & np.uint32(255))
        symbol = np.int64(entry >> np.uint32(16))
        if symbol < 16:
            tables[_LENGTHS + number] = np.uint32(symbol)
            number += 1
            continue
        value = np.uint32(0)
        if symbol == 16:
            if number == 0:
                return bits, left, np.int64(-1)
            value = tables[_LENGTHS + number - 1]
            extra, times = 2, 3
        elif symbol == 17:
            extra, times = 3, 3
        else:
            extra, times = 7, 11
        times += np.int64(_low(bits, np.uint64(extra)))
        bits >>= np.uint64(extra)
        left -= np.uint64(extra)
        if times > total - number:
            return bits, left, np.int64(-1)
        for place in range(number, number + times):
            tables[_LENGTHS + place] = value
        number += times
    if tables[_LENGTHS + 256] == 0:
        return bits, left, np.int64(-1)
    built = _build(tables, np.int64(1), _LENGTHS + literals, distances, _DISTANCES, _DISTANCE_BITS)
    if not built or not _build(tables, np.int64(0), _LENGTHS, literals, _LITERALS, _LITERAL_BITS):
        return bits, left, np.int64(-1)
    _pair_literals(tables)
    return bits, left, at


@part
def _fixed_codes(tables):  # type: ignore[no-untyped-def]
    """Builds the tables of the format's own codes."""
    stay_apart()
    for symbol in range(288):
        tables[_LENGTHS + symbol] = 8 if symbol < 144 else (9 if symbol < 256 else (7 if symbol < 280 else 8))
    for symbol in range(288, 320):
        tables[_LENGTHS + symbol] = 5
    _build(tables, np.int64(0), _LENGTHS, np.int64(288), _LITERALS, _LITERAL_BITS)
    _build(tables, np.int64(1), _LENGTHS + np.int64(288), np.int64(32), _DISTANCES, _DISTANCE_BITS)


@part
def _copy_match(out, distance, length):  # type: ignore[no-untyped-def]
    """Copies what stands so far before; it may run over by up to 15 bytes."""
    stay_apart()
    source, target, stop = out - distance, out, out + length
    if distance >= 8:
        store64(target, np.int64(load64(source)))
        store64(target + 8, np.int64(load64(source + 8)))
        target += 16
        source += 16
        while target < stop:
            store64(target, np.int64(load64(source)))
            target += 8
            source += 8
    elif distance == 1:
        word = np.int64(np.uint64(load8(source)) * np.uint64(0x0101010101010101))
        while target < stop:
            store64(target, word)
            target += 8
    else:
        while target < stop:
            store8(target, load8(source))
            target += 1
            source += 1


@part
def inflate(at, end, out, size, tables):  # type: ignore[no-untyped-def]
    """Inflates a deflate stream.

    Args:
        at, end: the addresses of the stream and of what follows it.
        out: the address of memory for `size` bytes and `SLACK` more.
        size: how many bytes the stream must give.
        tables: uint32 `(TABLE_SIZE,)`, overwritten.

    Returns:
        The address of what follows the stream; -1 where it is no such stream, or gives another number of bytes.
    """
    stay_apart()
    start, stop = out, out + size
    bits, left = _NONE, _NONE
    last = False
    while not last:
        bits, left, at = _refill(bits, left, at, end)
        last = (bits & np.uint64(1)) != _NONE
        kind = np.int64(_low(bits >> np.uint64(1), np.uint64(2)))
        bits >>= np.uint64(3)
        left -= np.uint64(3)
        if kind == 0:
            # back to the byte in which the header ended
            at -= np.int64(left >> np.uint64(3))
            bits, left = _NONE, _NONE
            if end - at < 4:
                return np.int64(-1)
            length = load8(at) | load8(at + 1) << 8
            if length != (load8(at + 2) | load8(at + 3) << 8) ^ 0xFFFF or length > end - at - 4 or length > stop - out:
                return np.int64(-1)
            copy_bytes(out, at + 4, length)
            at += 4 + length
            out += length
            continue
        if kind == 3:
            return np.int64(-1)
        if kind == 1:
            _fixed_codes(tables)
        else:
            bits, left, at = _read_codes(tables, bits, left, at, end)
            if at < 0:
                return np.int64(-1)
        while True:
            bits, left, at = _refill(bits, left, at, end)
            entry = tables[np.uint64(_LITERALS) + _low(bits, np.uint64(_LITERAL_BITS))]
            # three literals fit into 56 bits, with a length behind them
            if entry & _LITERAL:
                if out >= stop:
                    return np.int64(-1)
                bits >>= np.uint64(entry & _TAKEN)
                left -= np.uint64(entry & _TAKEN)
                store16(out, np.uint16(entry >> np.uint32(16)))
                out += np.int64((entry >> np.uint32(8)) & np.uint32(3))
                entry = tables[np.uint64(_LITERALS) + _low(bits, np.uint64(_LITERAL_BITS))]
                if entry & _LITERAL:
                    bits >>= np.uint64(entry & _TAKEN)
                    left -= np.uint64(entry & _TAKEN)
                    store16(out, np.uint16(entry >> np.uint32(16)))
                    out += np.int64((entry >> np.uint32(8)) & np.uint32(3))
                    entry = tables[np.uint64(_LITERALS) + _low(bits, np.uint64(_LITERAL_BITS))]
                    if entry & _LITERAL:
                        bits >>= np.uint64(entry & _TAKEN)
                        left -= np.uint64(entry & _TAKEN)
                        store16(out, np.uint16(entry >> np.uint32(16)))
                        out += np.int64((entry >> np.uint32(8)) & np.uint32(3))
                        if at > end + 8:
                            return np.int64(-1)
                        continue
            if entry & _SPECIAL:
                if entry & _LAST:
                    bits >>= np.uint64(entry & _TAKEN)
                    left -= np.uint64(entry & _TAKEN)
                    break
                if entry & _INVALID:
                    return np.int64(-1)
                bits >>= np.uint64(entry & _TAKEN)
                left -= np.uint64(entry & _TAKEN)
                place = np.uint64(entry >> np.uint32(16)) + _low(bits, np.uint64(entry >> np.uint32(8)) & np.uint64(15))
                entry = tables[np.uint64(_LITERALS) + place]
                if entry & _SPECIAL:
                    if entry & _LAST:
                        bits >>= np.uint64(entry & _TAKEN)
                        left -= np.uint64(entry & _TAKEN)
                        break
                    return np.int64(-1)
                if entry & _LITERAL:
                    if out >= stop:
                        return np.int64(-1)
                    bits >>= np.uint64(entry & _TAKEN)
                    left -= np.uint64(entry & _TAKEN)
                    store16(out, np.uint16(entry >> np.uint32(16)))
                    out += np.int64((entry >> np.uint32(8)) & np.uint32(3))
                    continue
            taken = entry & _TAKEN
            length = _with_extra_bits(entry, bits)
            bits >>= np.uint64(taken)
            left -= np.uint64(taken)
            bits, left, at = _refill(bits, left, at, end)
            entry = tables[np.uint64(_DISTANCES) + _low(bits, np.uint64(_DISTANCE_BITS))]
            if entry & _SPECIAL:
                if entry & _INVALID:
                    return np.int64(-1)
                bits >>= np.uint64(entry & _TAKEN)
                left -= np.uint64(entry & _TAKEN)
                place = np.uint64(entry >> np.uint32(16)) + _low(bits, np.uint64(entry >> np.uint32(8)) & np.uint64(15))
                entry = tables[np.uint64(_DISTANCES) + place]
                if entry & _SPECIAL:
                    return np.int64(-1)
            taken = entry & _TAKEN
            distance = _with_extra_bits(entry, bits)
            bits >>= np.uint64(taken)
            left -= np.uint64(taken)
            if distance > out - start or length > stop - out or at > end + 8:
                return np.int64(-1)
            _copy_match(out, distance, length)
            out += length
    at -= np.int64(left >> np.uint64(3))
    if out != stop or at > end:
        return np.int64(-1)
    return at
