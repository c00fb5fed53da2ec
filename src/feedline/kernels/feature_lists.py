"""Kernels that read what a Feature of a `tf.train.Example` holds: a list of strings, floats or integers.

`kernels/example.py` finds the Features; here they are opened, counted and read. A Feature, a FeatureList or a list is
a *region* of the buffer that holds all records: where it starts and where it ends. A kernel that takes regions returns
`(code, region, feature, detail)`; a code other than `FINE` says why and where it stopped.
What is accepted is what `kernels/example.py` says.
"""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import CONSTANT_BYTES, INTS, array, kernel, part, stay_apart
from feedline.kernels.wire import (
    address_of,
    copy_bytes,
    load8,
    read_length,
    read_varint,
    skip_field,
    store64,
    store_bytes_object,
)

BYTES, FLOAT, INT64 = 1, 2, 3  # a kind is the number of its field in the message Feature
FINE, MALFORMED, MISSING, OTHER_KIND, OTHER_COUNT, MALFORMED_FEATURE = 0, 1, 2, 3, 4, 5
SIZE_OF = {BYTES: 16, FLOAT: 4, INT64: 8}  # of a value in memory: a string is its position and its length

_PAIRS = array(types.int64, 2)


@part
def _nothing_lost(at, end, own, highest, other_wire):
    """Says whether what stands after a list is only fields that add nothing, which readers skip.

    Lost would be: a further list under one of the numbers up to `highest` (except an empty one under the list's `own`),
    or a further value, of the wire type `other_wire`.
    """
    stay_apart()
    while at < end:
        before = at
        at, tag = skip_field(at, end)
        if at < 0:
            return False
        number, wire = tag >> 3, tag & 7
        empty = number == own and at - before == 2 and load8(at - 1) == 0
        if number <= highest and (wire == 2 or wire == other_wire) and not (wire == 2 and empty):
            return False
    return True


@part
def open_feature(at, end):
    """Reads the head of a Feature that is not empty.

    Returns:
        its kind (-1 where it is malformed), and where its list starts and ends.
    """
    stay_apart()
    tag = load8(at)
    if tag != 10 and tag != 18 and tag != 26:
        return np.int64(-1), at, end
    length, at = read_length(at + 1, end)
    if at < 0:
        return np.int64(-1), at, end
    list_end = at + length
    if list_end != end and not _nothing_lost(list_end, end, tag >> 3, np.int64(3), np.int64(2)):
        return np.int64(-1), at, end
    return tag >> 3, at, list_end


@part
def _open_packed(at, end, element_wire):
    """Reads the head of a packed run, which starts at a tag; returns where it starts (-1 if malformed) and ends."""
    stay_apart()
    length, at = read_length(at + 1, end)
    if at < 0:
        return np.int64(-1), end
    run_end = at + length
    if run_end != end and not _nothing_lost(run_end, end, np.int64(1), np.int64(1), element_wire):
        return np.int64(-1), end
    return at, run_end


@part
def read_ints(at, end, target, limit):
    """Reads an Int64List into the `limit` int64 places from address `target` on.

    Returns:
        how many numbers the list has, also where that is more than `limit`; -1 where it is malformed.
    """
    stay_apart()
    count = np.int64(0)
    if at == end:
        return count
    tag = load8(at)
    if tag == 10:
        at, end = _open_packed(at, end, np.int64(0))
        if at < 0:
            return np.int64(-1)
    elif tag != 8:
        return np.int64(-1)
    while at < end:
        if tag == 8:
            if load8(at) != 8:
                return np.int64(-1)
            at += 1
        if at < end and load8(at) < 128:
            number = load8(at)
            at += 1
        else:
            wide, at = read_varint(at, end)
            number = np.int64(wide)
            if at < 0:
                return np.int64(-1)
        if count < limit:
            store64(target + 8 * count, number)
        count += 1
    return count


@part
def read_floats(at, end, target, limit):
    """Reads a FloatList into the `limit` float32 places from address `target` on; returns what `read_ints` does."""
    stay_apart()
    if at == end:
        return np.int64(0)
    tag = load8(at)
    if tag == 10:
        at, end = _open_packed(at, end, np.int64(5))
        if at < 0 or (end - at) % 4 != 0:
            return np.int64(-1)
        count = (end - at) // 4
        copy_bytes(target, at, 4 * min(count, limit))
        return count
    if tag != 13 or (end - at) % 5 != 0:
        return np.int64(-1)
    count = (end - at) // 5
    for index in range(count):
        if load8(at + 5 * index) != 13:
            return np.int64(-1)
        if index < limit:
            copy_bytes(target + 4 * index, at + 5 * index + 1, 4)
    return count


@part
def read_spans(at, end, target, limit, base):
    """Reads a BytesList: position (from `base`) and length of each string, into `limit` pairs of int64 at `target`.

    Returns:
        what `read_ints` does.
    """
    stay_apart()
    count = np.int64(0)
    while at < end:
        if load8(at) != 10:
            return np.int64(-1)
        length, at = read_length(at + 1, end)
        if at < 0:
            return np.int64(-1)
        if count < limit:
            store64(target + 16 * count, at - base)
            store64(target + 16 * count + 8, length)
        count += 1
        at += length
    return count


@part
def read_list(kind, at, end, target, limit, base):
    if kind == INT64:
        return read_ints(at, end, target, limit)
    if kind == FLOAT:
        return read_floats(at, end, target, limit)
    return read_spans(at, end, target, limit, base)


@part
def _inside(buffer, region):
    return region[0] >= 0 and region[0] <= region[1] and region[1] <= len(buffer)


@kernel((CONSTANT_BYTES, _PAIRS, INTS, _PAIRS))
def read_rows(buffer, regions, counts, rows):
    """Reads FeatureLists: how many Features each has, and, where `rows` has room for them, where they are.

    Args:
        regions: int64 `(records, 2)`: where each FeatureList starts and ends; an absent one has no rows.
        counts: int64 `(records,)`: receives the numbers of rows.
        rows: int64 `(rows, 2)`: receives where each Feature starts and ends; may be too short for them.
    """
    base, total = address_of(buffer), 0
    for record in range(len(regions)):
        counts[record] = 0
        if not _inside(buffer, regions[record]):
            continue
        at, end = base + regions[record, 0], base + regions[record, 1]
        while at < end:
            if load8(at) != 10:
                return MALFORMED_FEATURE, record, 0, 0
            length, at = read_length(at + 1, end)
            if at < 0:
                return MALFORMED_FEATURE, record, 0, 0
            if total < len(rows):
                rows[total, 0] = at - base
                rows[total, 1] = at - base + length
            at += length
            total += 1
            counts[record] += 1
    return FINE, 0, 0, 0


@kernel((CONSTANT_BYTES, types.int64, _PAIRS))
def open_rows(buffer, kind, rows):
    """Replaces where Features start and end by where their lists do; checks that each is empty or of this kind."""
    base = address_of(buffer)
    for row in range(len(rows)):
        if not _inside(buffer, rows[row]) or rows[row, 0] == rows[row, 1]:
            rows[row, 0] = 0
            rows[row, 1] = 0
            continue
        got_kind, at, end = open_feature(base + rows[row, 0], base + rows[row, 1])
        if got_kind != kind:
            return (MALFORMED_FEATURE if got_kind < 0 else OTHER_KIND), row, 0, got_kind
        rows[row, 0] = at - base
        rows[row, 1] = end - base
    return FINE, 0, 0, 0


@kernel((CONSTANT_BYTES, types.int64, _PAIRS, INTS))
def count_values(buffer, kind, regions, counts):
    """Counts the values of lists.

    Args:
        regions: int64 `(lists, 2)`: where each list starts and ends.
        counts: int64 `(lists,)`: receives the numbers of values.
    """
    base = address_of(buffer)
    for row in range(len(regions)):
        if not _inside(buffer, regions[row]):
            return MALFORMED_FEATURE, row, 0, 0
        at, end = base + regions[row, 0], base + regions[row, 1]
        if kind == INT64 and at < end and load8(at) == 10:
            at, end = _open_packed(at, end, np.int64(0))
            count = np.int64(-1)
            if at >= 0 and (at == end or load8(end - 1) < 128):
                count = np.int64(0)
                for byte in range(at, end):
                    count += load8(byte) < 128
        else:
            count = read_list(kind, at, end, np.int64(0), np.int64(0), base)
        if count < 0:
            return MALFORMED_FEATURE, row, 0, 0
        counts[row] = count
    return FINE, 0, 0, 0


@kernel((CONSTANT_BYTES, types.int64, _PAIRS, INTS, INTS, types.int64, array(types.uint8)))
def read_values(buffer, kind, regions, counts, starts, size, target):
    """Reads lists, each to its own place.

    Args:
        regions, counts: what `count_values` takes and gives.
        starts: int64 `(lists,)`: the place, counted in values, that each list goes to.
        size: bytes of a value in memory (`SIZE_OF`).
        target: uint8, the memory that receives them.
    """
    base, places = address_of(buffer), len(target) // size
    for row in range(len(regions)):
        start, count = starts[row], counts[row]
        if not _inside(buffer, regions[row]) or start < 0 or count < 0 or start > places or count > places - start:
            return MALFORMED_FEATURE, row, 0, 0
        place = address_of(target) + size * start
        at, end = base + regions[row, 0], base + regions[row, 1]
        if read_list(kind, at, end, place, count, base) != count:
            return MALFORMED_FEATURE, row, 0, 0
    return FINE, 0, 0, 0


@kernel((CONSTANT_BYTES, _PAIRS, types.int64), nogil=False)
def make_bytes(buffer, spans, objects):
    """Makes a `bytes` object of each span, in the object array whose memory starts at the address `objects`.

    The array is new and as long as `spans`; where a position is below 0 it is left as it is. This kernel keeps the
    GIL, because it makes Python objects.

    Returns:
        how many it has made before the memory ran out: `len(spans)` where all went well.
    """
    base = address_of(buffer)
    for index in range(len(spans)):
        position, length = spans[index, 0], spans[index, 1]
        if position < 0:
            continue
        if length < 0 or position > len(buffer) or length > len(buffer) - position:
            return index
        if store_bytes_object(objects + 8 * index, base + position, length) != 0:
            return index
    return len(spans)
