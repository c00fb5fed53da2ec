"""How the parsing of records runs on blocks: all records at once, and their strings and tensors used where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.packed_arrays import PackedArrays
from feedline.plan.rules import NotAlikeError, Rows, check_only_first, packing, row_by_row, strings_alone
from feedline.plan.trace import Operation
from feedline.strings import PackedStringRows, PackedStrings, StringBatches, as_plain_array

_HEADER_BYTES = 144
"""At least as many as a serialised tensor has in front of its content."""


def parse_single(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    from feedline.io.parse_example import parse_example, parse_strings, parser_of

    check_only_first(operation)
    parser = parser_of(operation.named["features"])
    if not parser.dense:
        raise NotAlikeError  # a batch is padded to its longest record, a record alone is not
    strings = rows.of(operation.args[0])
    if isinstance(strings, PackedStrings) and strings.whole is None:
        parsed = parse_strings(strings, parser)
    else:
        parsed = parse_example(strings, operation.named["features"])
    return tuple(parsed[name] for name in sorted(parsed))


def parse_batches(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    from feedline.io.parse_example import columns_of, parser_of

    check_only_first(operation)
    batches = rows.of(operation.args[0])
    columns = None
    if isinstance(batches, StringBatches):
        columns = columns_of(parser_of(operation.named["features"]), batches.whole, packed=True)
    if columns is None:
        raise NotAlikeError
    start, stop = batches.first, batches.first + batches.count * batches.size
    return tuple(_in_rows(columns[name], start, stop, batches.size) for name in sorted(columns))


def _in_rows(column: Any, start: int, stop: int, size: int) -> Any:
    if isinstance(column, PackedStrings):
        return PackedStringRows(column.part(start, stop), size)
    return column[start:stop].reshape(-1, size, *column.shape[1:])


def parse_lines(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Parses all lines of a block in one call."""
    check_only_first(operation)
    lines = as_plain_array(rows.of(operation.args[0]))
    return tuple(operation.function(lines, *operation.args[1:], **operation.kwargs))


def packed_tensors(operation: Operation, rows: Rows) -> PackedArrays | None:
    """Returns the tensors in serialised ones, without a copy; None where they are not alike."""
    from feedline.formats.tensor_proto import content_place
    from feedline.kernels.pieces import first_unlike

    strings, sample = strings_alone(operation, rows), operation.samples[0]
    if strings is None or not len(strings) or sample.dtype == np.bool_:
        return None
    buffer, offsets, lengths = strings.packed_buffer, strings.packed_offsets, strings.packed_lengths
    length = int(lengths[0])
    place = content_place(buffer[offsets[0] : offsets[0] + min(length, _HEADER_BYTES)].tobytes(), length)
    if place is None or place[:2] != (sample.dtype, sample.shape):
        return None
    _, _, start = place
    if (lengths != length).any() or first_unlike(buffer, offsets, lengths, start) != -1:
        return None  # what stands before the content differs: another dtype or shape, or another way to write them
    return PackedArrays(buffer, offsets + start, sample.shape, sample.dtype)


@packing(packed_tensors)
def parse_tensors(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Parses tensors one by one: those that are not alike."""
    return row_by_row(operation, rows)
