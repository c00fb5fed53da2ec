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
from numba import types
from numba.extending import intrinsic

from feedline.kernels.compile import kernel, part, stay_apart
from feedline.kernels.wire import address_of, load8, load32, load64

_POLYNOMIAL = np.uint32(0x82F63B78)
_ONES = np.uint32(0xFFFFFFFF)
_BYTE = np.uint32(255)
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


def byte_tables(polynomial: np.uint32) -> np.ndarray:
    """Returns `(8, 256)`: what each byte does to a register of a reflected CRC, at each of eight distances."""
    tables = np.empty((8, 256), np.uint32)
    value = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        value = (value >> np.uint32(1)) ^ (polynomial * (value & np.uint32(1)))
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


_TABLES = byte_tables(_POLYNOMIAL)
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


@part
def _append_zeros(steps, register):
    register = np.uint32(register)
    return np.uint64(
        steps[0, register & np.uint32(255)]
        ^ steps[1, (register >> np.uint32(8)) & np.uint32(255)]
        ^ steps[2, (register >> np.uint32(16)) & np.uint32(255)]
        ^ steps[3, register >> np.uint32(24)]
    )


@part
def _three_parts(address, length, steps, register):
    stay_apart()
    first, second, third = register, np.uint64(0), np.uint64(0)
    for at in range(address, address + length, 8):
        first = _crc_of_8_bytes(first, load64(at))
        second = _crc_of_8_bytes(second, load64(at + length))
        third = _crc_of_8_bytes(third, load64(at + 2 * length))
    return _append_zeros(steps, _append_zeros(steps, first) ^ second) ^ third


@part
def crc32c_hardware(address, length):
    """Returns the CRC32C of so many bytes from an address on; the caller has checked both."""
    stay_apart()
    register = np.uint64(0xFFFFFFFF)
    end = address + length
    while end - address >= 3 * _LONG_BLOCK:
        register = _three_parts(address, np.int64(_LONG_BLOCK), _APPEND_LONG, register)
        address += 3 * _LONG_BLOCK
    while end - address >= 3 * _SHORT_BLOCK:
        register = _three_parts(address, np.int64(_SHORT_BLOCK), _APPEND_SHORT, register)
        address += 3 * _SHORT_BLOCK
    while end - address >= 8:
        register = _crc_of_8_bytes(register, load64(address))
        address += 8
    rest = np.uint32(register)
    while address < end:
        rest = _crc_of_1_byte(rest, np.uint8(load8(address)))
        address += 1
    return np.uint32(rest ^ _ONES)


@part
def crc_by_tables(tables, address, length):
    """Returns the CRC, by `byte_tables`, of so many bytes from an address on; the caller has checked both."""
    stay_apart()
    register = np.uint32(0xFFFFFFFF)
    end = address + length
    while end - address >= 8:
        low = register ^ load32(address)
        high = load32(address + 4)
        register = (
            tables[7, low & _BYTE]
            ^ tables[6, (low >> np.uint32(8)) & _BYTE]
            ^ tables[5, (low >> np.uint32(16)) & _BYTE]
            ^ tables[4, low >> np.uint32(24)]
            ^ tables[3, high & _BYTE]
            ^ tables[2, (high >> np.uint32(8)) & _BYTE]
            ^ tables[1, (high >> np.uint32(16)) & _BYTE]
            ^ tables[0, high >> np.uint32(24)]
        )
        address += 8
    while address < end:
        register = tables[0, (register ^ np.uint32(load8(address))) & _BYTE] ^ (register >> np.uint32(8))
        address += 1
    return np.uint32(register ^ _ONES)


@part
def crc32c_table(address, length):
    """Returns the CRC32C of so many bytes from an address on; the caller has checked both."""
    return crc_by_tables(_TABLES, address, length)


# What is kept is kept apart by CPU and features, and the choice depends on nothing else: no kept caller mixes both.
crc32c = crc32c_hardware if HARDWARE else crc32c_table


@part
def masked(crc):
    """Returns a CRC32C as a TFRecord stores it."""
    crc = np.uint32(crc)
    return np.uint32(((crc >> np.uint32(15)) | (crc << np.uint32(17))) + _MASK_DELTA)


@part
def masked_crc32c_of(address, length):
    """Returns the masked CRC32C of so many bytes from an address on; the caller has checked both."""
    return masked(crc32c(address, length))


if HARDWARE:

    @part
    def masked_crc32c_of_8(address):
        """Returns the masked CRC32C of the 8 bytes at an address, which the caller has checked."""
        return masked(np.uint32(_crc_of_8_bytes(np.uint64(0xFFFFFFFF), load64(address))) ^ _ONES)

else:

    @part
    def masked_crc32c_of_8(address):
        """Returns the masked CRC32C of the 8 bytes at an address, which the caller has checked."""
        return masked(crc32c_table(address, np.int64(8)))


@kernel()
def _masked_crc32c_of_array(buffer):
    return masked_crc32c_of(address_of(buffer), buffer.size)


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
    return int(_masked_crc32c_of_array(array))
