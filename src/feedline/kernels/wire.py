"""The protobuf wire format, byte by byte: what every kernel that reads or writes messages is made of.

A place in a message is an address in memory (an int64), which keeps arrays and their reference counts out of the inner
loops. `load8`, `store64` and their like, and `copy_bytes`, touch memory without a check: whoever calls them has first
compared the address with the end of the message. A length that was read is compared with what is left of the enclosing
message, never added to an address before that.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import intrinsic
from numba.np import arrayobj

from feedline.kernels.compile import CONSTANT_BYTES, INTS, kernel, part, stay_apart

LONGEST_VARINT = 10


@intrinsic
def address_of(typing_context, array):
    """Returns the address of an array's first byte, as an int64."""

    def generate(context, builder, signature, arguments):
        data = arrayobj.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, ir.IntType(64))

    return types.int64(array), generate


@intrinsic
def load8(typing_context, address):
    """Returns the byte at an address, as an int64. The caller has checked the address."""

    def generate(context, builder, signature, arguments):
        byte = builder.load(builder.inttoptr(arguments[0], ir.IntType(8).as_pointer()))
        return builder.zext(byte, ir.IntType(64))

    return types.int64(types.int64), generate


@intrinsic
def load16(typing_context, address):
    """Returns the 2 bytes from an address on, as a uint16. The caller has checked the address."""

    def generate(context, builder, signature, arguments):
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(16).as_pointer()), align=1)

    return types.uint16(types.int64), generate


@intrinsic
def load32(typing_context, address):
    """Returns the 4 bytes from an address on, as a uint32. The caller has checked the address."""

    def generate(context, builder, signature, arguments):
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(32).as_pointer()), align=1)

    return types.uint32(types.int64), generate


@intrinsic
def load64(typing_context, address):
    """Returns the 8 bytes from an address on, as a uint64. The caller has checked the address."""

    def generate(context, builder, signature, arguments):
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()), align=1)

    return types.uint64(types.int64), generate


@intrinsic
def store8(typing_context, address, number):
    """Writes the lowest byte of an integer to an address. The caller has checked the address."""
    if not isinstance(number, types.Integer):
        return None

    def generate(context, builder, signature, arguments):
        byte = arguments[1]
        if signature.args[1].bitwidth > 8:
            byte = builder.trunc(byte, ir.IntType(8))
        builder.store(byte, builder.inttoptr(arguments[0], ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64, number), generate


@intrinsic
def store16(typing_context, address, number):
    """Writes a uint16 to an address. The caller has checked the address."""

    def generate(context, builder, signature, arguments):
        builder.store(arguments[1], builder.inttoptr(arguments[0], ir.IntType(16).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint16), generate


@intrinsic
def store32(typing_context, address, number):
    """Writes a uint32 to an address. The caller has checked the address."""

    def generate(context, builder, signature, arguments):
        builder.store(arguments[1], builder.inttoptr(arguments[0], ir.IntType(32).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint32), generate


@intrinsic
def store64(typing_context, address, number):
    """Writes an int64 to an address. The caller has checked the address."""

    def generate(context, builder, signature, arguments):
        builder.store(arguments[1], builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def copy_bytes(typing_context, target, source, count):
    """Copies bytes from one address to another. The caller has checked both."""

    def generate(context, builder, signature, arguments):
        pointer = ir.IntType(8).as_pointer()
        target, source = builder.inttoptr(arguments[0], pointer), builder.inttoptr(arguments[1], pointer)
        cgutils.raw_memcpy(builder, target, source, arguments[2], ir.Constant(ir.IntType(64), 1))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def store_bytes_object(typing_context, place, source, count):
    """Makes a `bytes` object of the bytes from address `source` on and puts it in a place of an object array's memory.

    Needs the GIL. The caller has checked both addresses.

    Returns 0, or -1 where there is no memory left.
    """

    def generate(context, builder, signature, arguments):
        api = context.get_python_api(builder)
        place, source, count = arguments
        made = api.bytes_from_string_and_size(builder.inttoptr(source, ir.IntType(8).as_pointer()), count)
        slot = builder.inttoptr(place, api.pyobj.as_pointer())
        failed = cgutils.is_null(builder, made)
        with cgutils.if_likely(builder, builder.not_(failed)):
            before = builder.load(slot)
            builder.store(made, slot)
            api.decref(before)
        with builder.if_then(failed, likely=False):
            api.err_clear()
        return builder.select(failed, ir.Constant(ir.IntType(64), -1), ir.Constant(ir.IntType(64), 0))

    return types.int64(types.int64, types.int64, types.int64), generate


@part
def read_varint(at, end):
    """Reads a varint that must lie before `end`.

    Returns:
        the number (uint64; bits beyond the 64th are dropped, as protobuf does) and the address after it, which is -1
        where the varint runs past the end or is longer than ten bytes.
    """
    number = np.uint64(0)
    last = min(end, at + LONGEST_VARINT)
    shift = np.uint64(0)
    while at < last:
        byte = load8(at)
        at += 1
        number |= np.uint64(byte & 127) << shift
        if byte < 128:
            return number, at
        shift += np.uint64(7)
    return number, np.int64(-1)


@part
def _read_long_length(at, end):
    stay_apart()
    number, at = read_varint(at, end)
    if at < 0 or number > np.uint64(end - at):
        return np.int64(-1), np.int64(-1)
    return np.int64(number), at


@part
def read_length(at, end):
    """Reads the length of what follows, and checks that this much is there before `end`.

    Returns:
        the length and the address after it; both are -1 where the length is malformed or more than what is left.
    """
    if at >= end:
        return np.int64(-1), np.int64(-1)
    byte = load8(at)
    if byte >= 128:
        return _read_long_length(at, end)
    at += 1
    if byte > end - at:
        return np.int64(-1), np.int64(-1)
    return byte, at


@part
def skip_field(at, end):
    """Skips one field of any number: its tag and its value.

    Returns:
        the address after it and the tag; the address is -1 where the field is malformed, has the number 0 (which no
        field has) or is a group (which proto3 no longer has, and TensorFlow does not read).
    """
    stay_apart()
    tag, at = read_varint(at, end)
    if at < 0 or tag > np.uint64(0xFFFFFFFF) or tag < np.uint64(8):
        return np.int64(-1), np.int64(0)
    wire = np.int64(tag) & 7
    if wire == 0:
        _, at = read_varint(at, end)
    elif wire == 1:
        at = at + 8 if end - at >= 8 else np.int64(-1)
    elif wire == 2:
        length, at = read_length(at, end)
        at = at + length if at >= 0 else np.int64(-1)
    elif wire == 5:
        at = at + 4 if end - at >= 4 else np.int64(-1)
    else:
        at = np.int64(-1)
    return at, np.int64(tag)


@kernel((INTS,), allocates=True)
def encode_varints(numbers):
    """Returns int64 numbers as packed varints, a uint8 array; a negative number takes ten bytes."""
    size = 0
    for index in range(len(numbers)):
        rest = np.uint64(numbers[index])
        size += 1
        while rest >= np.uint64(128):
            rest >>= np.uint64(7)
            size += 1
    packed = np.empty(size, np.uint8)
    at = 0
    for index in range(len(numbers)):
        rest = np.uint64(numbers[index])
        while rest >= np.uint64(128):
            packed[at] = np.uint8((rest & np.uint64(127)) | np.uint64(128))
            rest >>= np.uint64(7)
            at += 1
        packed[at] = np.uint8(rest)
        at += 1
    return packed


@kernel((CONSTANT_BYTES,), allocates=True)
def decode_varints(packed):
    """Returns the int64 numbers of packed varints (uint8), and how many bytes of them are well-formed."""
    count = 0
    for index in range(len(packed)):
        count += packed[index] < 128
    numbers = np.empty(count, np.int64)
    at, end, count = address_of(packed), address_of(packed) + len(packed), 0
    while at < end:
        number, after = read_varint(at, end)
        if after < 0:
            return numbers[:count], at - address_of(packed)
        numbers[count] = np.int64(number)
        count += 1
        at = after
    return numbers, len(packed)
