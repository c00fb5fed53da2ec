"""How reading and decoding files runs on blocks: many files in one call, and their contents used where they lie."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from feedline.buffers import POOL
from feedline.errors import FeedlineError
from feedline.formats.jpeg import parse_jpeg_header
from feedline.packed_arrays import PackedArrays
from feedline.plan.rules import NotAlikeError, Rows, packing, row_by_row, strings_alone
from feedline.plan.trace import Operation, Slot, slots_in
from feedline.strings import PackedStringRows, PackedStrings, StringBatches

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_MOST_BYTES = 1 << 26
"""Larger blocks of files are read one by one."""


def packed_files(operation: Operation, rows: Rows) -> PackedStrings | None:
    """Returns the contents of files in one buffer; None where one of them is no plain file that can be read."""
    from feedline.kernels.whole_files import AVAILABLE

    if not AVAILABLE or not operation.args or type(operation.args[0]) is not Slot or operation.kwargs:
        return None
    names = rows.values[operation.args[0].number].tolist()
    joined = b"\0".join([*names, b""])
    if joined.count(b"\0") != len(names) or b"://" in joined:
        return None
    lengths = np.fromiter(map(len, names), np.int64, len(names))
    return _read_files(np.frombuffer(joined, np.uint8), np.cumsum(lengths + 1) - lengths - 1, len(operation.samples[0]))


def _read_files(names: np.ndarray, places: np.ndarray, size: int) -> PackedStrings | None:
    """Reads files, of which one has this size."""
    from feedline.kernels.whole_files import read_whole_files

    count = len(places)
    offsets, lengths = np.zeros(count, np.int64), np.zeros(count, np.int64)
    buffer = POOL.some_of(min(_MOST_BYTES, size * count * 5 // 4 + 4096))
    done = 0
    while True:
        done, size = read_whole_files(names, places, _FLAGS, done, buffer, offsets, lengths)
        if done == count:
            return PackedStrings(buffer, offsets, lengths)
        used = int(offsets[done - 1] + lengths[done - 1]) if done else 0
        if size < 0 or used + size >= _MOST_BYTES:
            return None
        larger = POOL.some_of(min(_MOST_BYTES, max(2 * len(buffer), 2 * (used + size))))
        larger[:used] = buffer[:used]
        buffer = larger


@packing(packed_files)
def read_files(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Reads files one by one: where one of them cannot be read, or is in a store."""
    return row_by_row(operation, rows)


_LONG_PNG = 1 << 15
"""ISA-L inflates long files faster than the kernel, which spares short ones a call and a wait for the GIL each."""


def decode_pngs(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Decodes plain PNGs straight into the block; others one by one."""
    strings, sample = strings_alone(operation, rows), operation.samples[0]
    channels = operation.named.get("channels", 0)
    if strings is None or sample.dtype != np.uint8 or sample.ndim != 3 or channels not in (0, sample.shape[2]):
        return row_by_row(operation, rows)
    images = rows.room_for(operation, (rows.count, *sample.shape), sample.dtype)
    short = len(strings) and sample.shape[2] <= 4 and int(strings.packed_lengths.max()) < _LONG_PNG
    if not (_decode_short if short else _decode_long)(strings, images):
        return row_by_row(operation, rows)
    return (images,)


def _decode_short(strings: PackedStrings, images: np.ndarray) -> bool:
    """Decodes plain PNGs in one call; says whether all of them are such."""
    from feedline.kernels.compile import constant
    from feedline.kernels.plain_png import SLACK, TABLE_SIZE, decode_plain_pngs

    count, height, width, channels = images.shape
    longest = int(strings.packed_lengths.max())
    room = np.empty(height * (1 + width * channels) + SLACK + longest, np.uint8)
    offsets, lengths = strings.packed_offsets, strings.packed_lengths
    tables, buffer = np.empty(TABLE_SIZE, np.uint32), constant(strings.packed_buffer)
    return bool(decode_plain_pngs(buffer, offsets, lengths, images, room, tables) == count)


def _decode_long(strings: PackedStrings, images: np.ndarray) -> bool:
    """Decodes plain PNGs one after the other; says whether all of them are such."""
    from feedline.formats.png import read_plain_samples

    memory = strings.packed_buffer.data
    spans = zip(strings.packed_offsets.tolist(), strings.packed_lengths.tolist(), strict=True)
    for image, (offset, length) in zip(images, spans, strict=True):
        try:
            plain = read_plain_samples(memory[offset : offset + length], image)
        except FeedlineError:  # it may be another format; if not, the function itself says where it is
            plain = False
        if not plain:
            return False
    return True


_JPEG_HEADER = 1 << 11
"""Behind so many bytes a JPEG's pixels have begun, unless it has a preview or the like."""


def jpeg_shapes(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Reads the sizes of JPEGs from their first bytes; from whole files where these are not enough."""
    strings = strings_alone(operation, rows)
    if strings is None or len(strings) < 2:
        return row_by_row(operation, rows)
    shapes = np.empty((rows.count, 3), operation.samples[0].dtype)
    memory = strings.packed_buffer.data
    ends = strings.packed_offsets + np.minimum(strings.packed_lengths, _JPEG_HEADER)
    spans = zip(strings.packed_offsets.tolist(), ends.tolist(), strict=True)
    try:
        for shape, (start, end) in zip(shapes, spans, strict=True):
            header = parse_jpeg_header(memory[start:end])
            shape[:] = header.height, header.width, header.components
    except FeedlineError:
        return row_by_row(operation, rows)
    return (shapes,)


def packed_npys(operation: Operation, rows: Rows) -> PackedArrays | None:
    """Returns the arrays in `.npy` files where they lie; None where they do not have one header."""
    from feedline.formats.npy import parse_npy_header

    strings, sample = strings_alone(operation, rows), operation.samples[0]
    if strings is None or sample.dtype == object:
        return None
    offsets, lengths = strings.packed_offsets, strings.packed_lengths
    first = strings[0]
    try:
        dtype, fortran, shape, start = parse_npy_header(first)
    except FeedlineError:
        return None
    alike = dtype == sample.dtype and dtype.isnative and shape == sample.shape and not (fortran and len(shape) > 1)
    if not alike or (lengths != start + sample.nbytes).any():
        return None
    headers = PackedArrays(strings.packed_buffer, offsets, (start,), np.dtype(np.uint8)).array()
    if (headers != headers[0]).any():
        return None
    return PackedArrays(strings.packed_buffer, offsets + start, shape, dtype)


@packing(packed_npys)
def decode_npys(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Decodes `.npy` files one by one: those that are not alike.

    Raises:
        NotAlikeError: they lie in memory in another order than that of the element that was traced.
    """
    sample = operation.samples[0]

    def decode(*args: Any, **kwargs: Any) -> Any:
        array = operation.function(*args, **kwargs)
        if isinstance(array, np.ndarray) and array.flags.c_contiguous != sample.flags.c_contiguous:
            raise NotAlikeError
        return array

    return row_by_row(operation, rows, decode)


def packed_raws(operation: Operation, rows: Rows) -> PackedArrays | None:
    """Returns the numbers in strings where they lie; None where these differ in length, or are files of some format."""
    from feedline.io.decode_raw import packed_numbers

    strings, sample = strings_alone(operation, rows), operation.samples[0]
    named = operation.named
    if strings is None or not named.get("little_endian", True) or named.get("fixed_length") is not None:
        return None
    packed = packed_numbers(strings, sample.dtype)
    return packed if packed is not None and packed.shape[1:] == sample.shape else None


@packing(packed_raws)
def decode_raws(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Copies the numbers in batches of strings; decodes those of strings that are not alike one by one."""
    from feedline.io.decode_raw import packed_numbers

    argument, sample, named = operation.args[0], operation.samples[0], operation.named
    batches = rows.values[argument.number] if type(argument) is Slot else None
    batches = batches.rows() if isinstance(batches, StringBatches) else batches
    plain = named.get("little_endian", True) and named.get("fixed_length") is None
    if isinstance(batches, PackedStringRows) and plain and not slots_in((operation.args[1:], operation.kwargs)):
        packed = packed_numbers(batches.strings, sample.dtype)
        if packed is not None and packed.shape[1:] == sample.shape[1:]:
            room = rows.room_for(operation, (len(batches), *sample.shape), sample.dtype)
            packed.copy_to(room.reshape(packed.shape))
            return (room,)
    return row_by_row(operation, rows)
