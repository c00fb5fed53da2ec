"""Kernels that read batches of serialised `tf.train.Example` and `SequenceExample` messages into columns.

A batch is one uint8 buffer with the offset and length of each record. What is asked for is a *plan*, four arrays:

- `names`: uint8, the names of all features, one after the other;
- `table`: int64 `(2^b,)`, a hash table of feature numbers, -1 where it is empty;
- `wanted`: int64 `(features, COLUMNS)`, one row a feature, its columns numbered below;
- `defaults`: int64, the default values, each feature's from a whole place on.

A kernel returns `(code, record, feature, detail)`; a code other than `FINE` says why and where it stopped.
What is accepted, and which of two equal names counts, is what TensorFlow's `example_proto_fast_parsing.cc` does, except
that bytes which TensorFlow would silently leave out (a length beyond the end, a second list) are `MALFORMED` here.
Places in memory are addresses; `kernels/wire.py` says why, and what a caller checks.
"""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import BOOL, BYTES, CONSTANT_BYTES, INTS, array, kernel, part, stay_apart
from feedline.kernels.feature_lists import (
    FINE,
    FLOAT,
    INT64,
    MALFORMED,
    MALFORMED_FEATURE,
    MISSING,
    OTHER_COUNT,
    OTHER_KIND,
    open_feature,
    read_list,
)
from feedline.kernels.wire import address_of, copy_bytes, load8, load64, read_length, read_varint, skip_field

NAME_START, NAME_LENGTH, NAME_FIRST, NAME_LAST = 0, 1, 2, 3  # where the name is; its first and last eight bytes
KIND, FIXED, COUNT, HAS_DEFAULT, BASE, DEFAULT_BASE, EMPTY_COUNTS = 4, 5, 6, 7, 8, 9, 10
COLUMNS = 11

_PAIRS, _REGIONS = array(types.int64, 2), array(types.int64, 3)
_CONSTANT_INTS = array(types.int64, constant=True)
_PLAN = (BYTES, INTS, _PAIRS)
_RESULTS = (INTS, _PAIRS, _REGIONS)

_REMEMBERED = 64  # how many names of the last record are remembered, by their place in it
_FIRST_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LAST_FACTOR = np.uint64(0xC2B2AE3D27D4EB4F)


@part
def _name_ends(name, length, end):
    """Returns a name's first and last eight bytes; of a shorter name, its bytes and zeros. Memory ends at `end`."""
    if length >= 8:
        return load64(name), load64(name + length - 8)
    if name + 8 <= end:
        word = load64(name) & ((np.uint64(1) << np.uint64(8 * length)) - np.uint64(1))
        return word, word
    word = np.uint64(0)
    for index in range(length):
        word |= np.uint64(load8(name + index)) << np.uint64(8 * index)
    return word, word


@part
def _same_middle(first, second, length):
    """Says whether two names of one length, whose ends are equal, are equal between the ends too."""
    index = 8
    while index < length - 8:
        if load64(first + index) != load64(second + index):
            return False
        index += 8
    return True


@part
def _place(first, last, length, size):
    mixed = (first * _FIRST_FACTOR) ^ ((last + np.uint64(length)) * _LAST_FACTOR)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(size - 1))


@kernel(_PLAN)
def fill_names(names, table, wanted):
    """Completes a plan: each name's ends in `wanted`, and the hash table."""
    base = address_of(names)
    for feature in range(len(wanted)):
        start, length = wanted[feature, NAME_START], wanted[feature, NAME_LENGTH]
        first, last = _name_ends(base + start, length, base + len(names))
        wanted[feature, NAME_FIRST] = np.int64(first)
        wanted[feature, NAME_LAST] = np.int64(last)
        place = _place(first, last, length, len(table))
        while table[place] >= 0:
            place = (place + 1) & (len(table) - 1)
        table[place] = feature


@part
def _find(name, length, first, last, names, table, wanted):
    stay_apart()
    place = _place(first, last, length, len(table))
    while table[place] >= 0:
        feature = table[place]
        if (
            wanted[feature, NAME_LENGTH] == length
            and np.uint64(wanted[feature, NAME_FIRST]) == first
            and np.uint64(wanted[feature, NAME_LAST]) == last
            and _same_middle(name, address_of(names) + wanted[feature, NAME_START], length)
        ):
            return feature
        place = (place + 1) & (len(table) - 1)
    return np.int64(-1)


@part
def _entry_any_order(at, end):
    """Reads a map entry whose two fields stand in any order; each may also stand twice instead of the other."""
    stay_apart()
    name, name_length, value, value_length = end, np.int64(0), end, np.int64(0)
    for _ in range(2):
        tag, at = read_varint(at, end)
        if at < 0 or (tag != np.uint64(10) and tag != np.uint64(18)):
            return np.int64(-1), name_length, value, value_length
        length, at = read_length(at, end)
        if at < 0:
            return np.int64(-1), name_length, value, value_length
        if tag == np.uint64(10):
            name, name_length = at, length
        else:
            value, value_length = at, length
        at += length
    if at != end:
        name = np.int64(-1)
    return name, name_length, value, value_length


@part
def _entry(at, end, any_order):
    """Reads a map entry: where its name and its value are, and their lengths; the first is -1 if it is malformed."""
    if end - at >= 4 and load8(at) == 10:
        name_length, name = read_length(at + 1, end)
        if name >= 0:
            after = name + name_length
            if after < end and load8(after) == 18:
                value_length, value = read_length(after + 1, end)
                if value >= 0 and value + value_length == end:
                    return name, name_length, value, value_length
    if any_order:
        return _entry_any_order(at, end)
    return np.int64(-1), np.int64(0), end, np.int64(0)


@part
def _scan(at, end, map_tag, any_order, names, table, wanted, memory, found):
    """Finds the wanted entries of the map that is the message's field `map_tag`; says whether all is well-formed.

    Args:
        any_order: whether an entry may have its value first, which TensorFlow allows only in an Example.
        memory: int64 `(places, 5)`, what the last record had at each place: feature, name address, length, ends.
        found: int64 `(features, 2)`: receives address and length of each value; the address is -1 if there is none.
    """
    stay_apart()
    for feature in range(len(wanted)):
        found[feature, 0] = -1
        found[feature, 1] = 0
    place = 0
    while at < end:
        if load8(at) != map_tag:
            at, _ = skip_field(at, end)
            if at < 0:
                return False
            continue
        length, at = read_length(at + 1, end)
        if at < 0:
            return False
        map_end = at + length
        while at < map_end:
            if load8(at) != 10:
                return False
            length, at = read_length(at + 1, map_end)
            if at < 0:
                return False
            name, name_length, value, value_length = _entry(at, at + length, any_order)
            if name < 0:
                return False
            at += length
            first, last = _name_ends(name, name_length, end)
            if (
                place < len(memory)
                and memory[place, 2] == name_length
                and np.uint64(memory[place, 3]) == first
                and np.uint64(memory[place, 4]) == last
                and _same_middle(name, memory[place, 1], name_length)
            ):
                feature = memory[place, 0]
            else:
                feature = _find(name, name_length, first, last, names, table, wanted)
                if place < len(memory):
                    memory[place, 0] = feature
                    memory[place, 1] = name
                    memory[place, 2] = name_length
                    memory[place, 3] = np.int64(first)
                    memory[place, 4] = np.int64(last)
            place += 1
            if feature >= 0 and (value_length > 0 or wanted[feature, EMPTY_COUNTS] != 0):
                found[feature, 0] = value
                found[feature, 1] = value_length
    return True


@part
def _parse_record(
    start, end, base, record, any_order, names, table, wanted, defaults, memory, found, dense, spans, regions
):
    stay_apart()
    if not _scan(start, end, np.int64(10), any_order, names, table, wanted, memory, found):
        return MALFORMED, record, -1, 0
    for feature in range(len(wanted)):
        at, length = found[feature, 0], found[feature, 1]
        kind, count, place = wanted[feature, KIND], wanted[feature, COUNT], wanted[feature, BASE]
        if length > 0:
            got_kind, at, list_end = open_feature(at, at + length)
            if got_kind != kind:
                return (MALFORMED_FEATURE if got_kind < 0 else OTHER_KIND), record, feature, got_kind
        if wanted[feature, FIXED] == 0:
            regions[place, record, 0] = at - base if length > 0 else 0
            regions[place, record, 1] = list_end - base if length > 0 else 0
            continue
        if kind == INT64:
            target = address_of(dense) + 8 * (place + record * count)
        elif kind == FLOAT:
            target = address_of(dense) + 8 * place + 4 * record * count
        else:
            target = address_of(spans) + 16 * (place + record * count)
        if length > 0:
            got = read_list(kind, at, list_end, target, count, base)
            if got != count:
                return (MALFORMED_FEATURE if got < 0 else OTHER_COUNT), record, feature, got
        elif at >= 0:
            if count != 0:
                return OTHER_COUNT, record, feature, 0
        elif wanted[feature, HAS_DEFAULT] == 0:
            return MISSING, record, feature, 0
        else:
            size = count * (8 if kind == INT64 else 4 if kind == FLOAT else 16)
            copy_bytes(target, address_of(defaults) + 8 * wanted[feature, DEFAULT_BASE], size)
    return FINE, record, 0, 0


@kernel((CONSTANT_BYTES, _CONSTANT_INTS, _CONSTANT_INTS, BOOL, *_PLAN, INTS, *_RESULTS), allocates=True)
def parse(buffer, offsets, lengths, any_order, names, table, wanted, defaults, dense, spans, regions):
    """Parses a batch of Examples.

    Args:
        buffer, offsets, lengths: the batch; each record is checked to lie within the buffer.
        any_order: whether a map entry may have its value first; TensorFlow allows it in an Example, but not in a
            SequenceExample.
        names, table, wanted, defaults: the plan.
        dense: int64, receives the fixed numbers of each feature from its `BASE` on; float32 two to a place.
        spans: int64 `(n, 2)`, receives position and length of the fixed strings; -1 and its number for a default.
        regions: int64 `(features, records, 2)`: where each list of the features without a fixed length starts and ends.
    """
    memory = np.empty((_REMEMBERED, 5), np.int64)
    memory[:, 2] = -1
    found = np.empty((len(wanted), 2), np.int64)
    base = address_of(buffer)
    for record in range(len(offsets)):
        start, length = offsets[record], lengths[record]
        if start < 0 or length < 0 or start > len(buffer) or length > len(buffer) - start:
            return MALFORMED, record, -1, 0
        at = base + start
        result = _parse_record(
            at,
            at + length,
            base,
            record,
            any_order,
            names,
            table,
            wanted,
            defaults,
            memory,
            found,
            dense,
            spans,
            regions,
        )
        if result[0] != FINE:
            return result
    return FINE, 0, 0, 0


@kernel((CONSTANT_BYTES, *_PLAN, INTS, *_RESULTS), allocates=True)
def parse_one(buffer, names, table, wanted, defaults, dense, spans, regions):
    """Parses one Example, the whole buffer; the arguments are those of `parse`."""
    memory = np.empty(0, np.int64).reshape(0, 5)
    found = np.empty((len(wanted), 2), np.int64)
    base = address_of(buffer)
    return _parse_record(
        base,
        base + len(buffer),
        base,
        np.int64(0),
        base != 0,
        names,
        table,
        wanted,
        defaults,
        memory,
        found,
        dense,
        spans,
        regions,
    )


@kernel((CONSTANT_BYTES, _CONSTANT_INTS, _CONSTANT_INTS, types.int64, *_PLAN, _REGIONS), allocates=True)
def locate(buffer, offsets, lengths, map_tag, names, table, wanted, regions):
    """Finds the entries of a map in a batch of messages.

    Args:
        map_tag: the tag of the field that holds the map.
        regions: int64 `(features, records, 2)`: receives where each value starts and ends; -1 where it is absent.
    """
    memory = np.empty((_REMEMBERED, 5), np.int64)
    memory[:, 2] = -1
    found = np.empty((len(wanted), 2), np.int64)
    base = address_of(buffer)
    for record in range(len(offsets)):
        start, length = offsets[record], lengths[record]
        if start < 0 or length < 0 or start > len(buffer) or length > len(buffer) - start:
            return MALFORMED, record, -1, 0
        at = base + start
        if not _scan(at, at + length, map_tag, base == 0, names, table, wanted, memory, found):
            return MALFORMED, record, -1, 0
        for feature in range(len(wanted)):
            if found[feature, 0] >= 0:
                regions[feature, record, 0] = found[feature, 0] - base
                regions[feature, record, 1] = found[feature, 0] - base + found[feature, 1]
            else:
                regions[feature, record, 0] = -1
                regions[feature, record, 1] = -1
    return FINE, 0, 0, 0
