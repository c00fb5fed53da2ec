"""Masked CRC32C, the checksum of TFRecord files.

CRC32C is the cyclic redundancy check with Castagnoli's polynomial, 0x82F63B78 reflected (RFC 3720, appendix B.4). A
TFRecord stores it masked: rotated right by 15 bits, plus 0xA282EAD8.

Two kernels give the same numbers. `crc32c_hardware` uses the instruction of x86-64 with SSE4.2, on three parts of a
long buffer at once, because the instruction's result arrives three cycles after its input but a new one can start each
cycle (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel 2011). `crc32c_table`
takes eight bytes a step through eight tables (Kounavis and Berry, "A Systematic Approach to Building High Performance
Software-based CRC Generators", ISCC 2005). `crc32c` is the one that suits this machine.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_POLYNOMIAL = np.uint32(0x82F63B78)
_ONES = np.uint32(0xFFFFFFFF)
_MASK_DELTA = np.uint32(0xA282EAD8)
_LONG_BLOCK = 4096
_SHORT_BLOCK = 256


def _target_has_crc_instruction() -> bool:
    """Says whether Numba compiles for a CPU with the instruction; that is what matters, not only what the host has."""
    try:
        from numba.core.registry import cpu_target

        triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    except Exception:  # an unknown Numba: the table is always right
        return False
    return triple.startswith("x86_64") and "+sse4.2" in features.split(",")


HARDWARE = _target_has_crc_instruction()


def _byte_tables() -> np.ndarray:
    tables = np.empty((8, 256), np.uint32)
    value = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        value = (value >> np.uint32(1)) ^ (_POLYNOMIAL * (value & np.uint32(1)))
    tables[0] = value
    for number in range(1, 8):
        tables[number] = (tables[number - 1] >> np.uint32(8)) ^ tables[0][tables[number - 1] & np.uint32(255)]
    return tables


def _append_zeros_tables(tables: np.ndarray, zeros: int) -> np.ndarray:
    """Returns `(4, 256)`: what appending this many zero bytes (a power of two) makes of each byte of a CRC register."""

    def append(steps: np.ndarray, register: np.ndarray) -> np.ndarray:
        result = np.zeros_like(register)
        for byte in range(4):
            result ^= steps[byte][(register >> np.uint32(8 * byte)) & np.uint32(255)]
        return result

    single = np.arange(256, dtype=np.uint32)
    steps = np.stack([tables[0], single, single << np.uint32(8), single << np.uint32(16)])
    while zeros > 1:
        steps = append(steps, steps)
        zeros //= 2
    return steps


_TABLES = _byte_tables()
_APPEND_LONG = _append_zeros_tables(_TABLES, _LONG_BLOCK)
_APPEND_SHORT = _append_zeros_tables(_TABLES, _SHORT_BLOCK)


@intrinsic
def _crc_of_8_bytes(typing_context, register, value):
    def generate(context, builder, signature, arguments):
        word = ir.IntType(64)
        function = builder.module.declare_intrinsic(
            "llvm.x86.sse42.crc32.64.64", fnty=ir.FunctionType(word, [word, word])
        )
        return builder.call(function, arguments)

    return types.uint64(types.uint64, types.uint64), generate


@intrinsic
def _crc_of_1_byte(typing_context, register, value):
    def generate(context, builder, signature, arguments):
        word, byte = ir.IntType(32), ir.IntType(8)
        function = builder.module.declare_intrinsic(
            "llvm.x86.sse42.crc32.32.8", fnty=ir.FunctionType(word, [word, byte])
        )
        return builder.call(function, arguments)

    return types.uint32(types.uint32, types.uint8), generate


@intrinsic
def _load_8_bytes(typing_context, buffer, position):
    """Loads `buffer[position:position + 8]` as one number, of any alignment and without a bounds check."""
    if not (isinstance(buffer, types.Array) and buffer.dtype == types.uint8 and buffer.layout == "C"):
        return None

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.gep(array.data, [arguments[1]])
        loaded = builder.load(builder.bitcast(address, ir.IntType(64).as_pointer()))
        loaded.align = 1
        return loaded

    return types.uint64(buffer, types.int64), generate


@njit(nogil=True, cache=True)
def _append_zeros(steps, register):
    register = np.uint32(register)
    return np.uint64(
        steps[0, register & np.uint32(255)]
        ^ steps[1, (register >> np.uint32(8)) & np.uint32(255)]
        ^ steps[2, (register >> np.uint32(16)) & np.uint32(255)]
        ^ steps[3, register >> np.uint32(24)]
    )


@njit(nogil=True, cache=True)
def _three_parts(buffer, position, part, steps, register):
    first, second, third = register, np.uint64(0), np.uint64(0)
    for at in range(position, position + part, 8):
        first = _crc_of_8_bytes(first, _load_8_bytes(buffer, at))
        second = _crc_of_8_bytes(second, _load_8_bytes(buffer, at + part))
        third = _crc_of_8_bytes(third, _load_8_bytes(buffer, at + 2 * part))
    return _append_zeros(steps, _append_zeros(steps, first) ^ second) ^ third


@njit(nogil=True, cache=True)
def crc32c_hardware(buffer, start, length):
    """Returns the CRC32C of `buffer[start:start + length]`; the caller has checked that it lies within the buffer."""
    register = np.uint64(0xFFFFFFFF)
    position = np.int64(start)
    end = position + np.int64(length)
    while end - position >= 3 * _LONG_BLOCK:
        register = _three_parts(buffer, position, _LONG_BLOCK, _APPEND_LONG, register)
        position += 3 * _LONG_BLOCK
    while end - position >= 3 * _SHORT_BLOCK:
        register = _three_parts(buffer, position, _SHORT_BLOCK, _APPEND_SHORT, register)
        position += 3 * _SHORT_BLOCK
    while end - position >= 8:
        register = _crc_of_8_bytes(register, _load_8_bytes(buffer, position))
        position += 8
    rest = np.uint32(register)
    while position < end:
        rest = _crc_of_1_byte(rest, buffer[position])
        position += 1
    return np.uint32(rest ^ _ONES)


@njit(nogil=True, cache=True)
def crc32c_table(buffer, start, length):
    """Returns the CRC32C of `buffer[start:start + length]`; the caller has checked that it lies within the buffer."""
    register = np.uint32(0xFFFFFFFF)
    at = np.uint64(start)  # unsigned, so that Numba need not ask whether an index counts from the end
    rest = np.int64(length)
    while rest >= 8:
        low = register ^ (
            np.uint32(buffer[at])
            | (np.uint32(buffer[at + np.uint64(1)]) << np.uint32(8))
            | (np.uint32(buffer[at + np.uint64(2)]) << np.uint32(16))
            | (np.uint32(buffer[at + np.uint64(3)]) << np.uint32(24))
        )
        register = (
            _TABLES[7, low & np.uint32(255)]
            ^ _TABLES[6, (low >> np.uint32(8)) & np.uint32(255)]
            ^ _TABLES[5, (low >> np.uint32(16)) & np.uint32(255)]
            ^ _TABLES[4, low >> np.uint32(24)]
            ^ _TABLES[3, buffer[at + np.uint64(4)]]
            ^ _TABLES[2, buffer[at + np.uint64(5)]]
            ^ _TABLES[1, buffer[at + np.uint64(6)]]
            ^ _TABLES[0, buffer[at + np.uint64(7)]]
        )
        at += np.uint64(8)
        rest -= 8
    while rest > 0:
        index = (register ^ np.uint32(buffer[at])) & np.uint32(255)
        register = _TABLES[0, index] ^ (register >> np.uint32(8))
        at += np.uint64(1)
        rest -= 1
    return np.uint32(register ^ _ONES)


# Numba keeps its cache apart by CPU and features, and the choice depends on nothing else: no cached caller mixes both.
crc32c = crc32c_hardware if HARDWARE else crc32c_table


@njit(nogil=True, cache=True)
def masked(crc):
    """Returns a CRC32C as a TFRecord stores it."""
    crc = np.uint32(crc)
    return np.uint32(((crc >> np.uint32(15)) | (crc << np.uint32(17))) + _MASK_DELTA)


@njit(nogil=True, cache=True)
def masked_crc32c_of(buffer, start, length):
    """Returns the masked CRC32C of `buffer[start:start + length]`; the caller has checked that it lies within it."""
    return masked(crc32c(buffer, start, length))


def masked_crc32c(buffer: np.ndarray) -> int:
    """Returns the masked CRC32C of a buffer.

    Args:
        buffer: uint8 `(n,)`, or any bytes-like object.

    Returns:
        An integer below 2**32.

    Example:
        >>> hex(masked_crc32c(np.frombuffer(b"123456789", np.uint8)))
        '0xc78ab0e5'
    """
    array = np.frombuffer(buffer, np.uint8)  # refuses what is not contiguous, so that the kernel may trust it
    return int(masked_crc32c_of(array, 0, array.size))
