"""The protobuf wire format for single messages: tags, varints and length-delimited fields, without generated code.

Batches are read by the kernels in `kernels/wire.py` and `kernels/example.py`.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

from feedline.errors import CorruptExampleError

VARINT, FIXED64, DELIMITED, GROUP_START, GROUP_END, FIXED32 = range(6)

_SMALL = [bytes([number]) for number in range(128)]
_HEADS = [[bytes([number << 3 | DELIMITED, size]) for size in range(128)] for number in range(4)]


def varint(number: int) -> bytes:
    """Returns an integer as a varint; a negative one as its 64 bits, which takes ten bytes.

    Example:
        >>> varint(300)
        b'\\xac\\x02'
    """
    if 0 <= number < 128:
        return _SMALL[number]
    number &= 0xFFFFFFFFFFFFFFFF
    groups = bytearray()
    while number >= 128:
        groups.append(number & 127 | 128)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def delimited(number: int, payload: bytes) -> bytes:
    """Returns a length-delimited field (a string or a message) of this number."""
    size = len(payload)
    if size < 128 and number < 4:
        return _HEADS[number][size] + payload
    return varint(number << 3 | DELIMITED) + varint(size) + payload


def read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """Reads a varint: the number (its lower 64 bits) and the position after it.

    Raises:
        CorruptExampleError: the varint runs past the end, or is longer than ten bytes.
    """
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise _corrupt("a number runs past the end", position)
        byte = message[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & 0xFFFFFFFFFFFFFFFF, position
    raise _corrupt("a number is longer than ten bytes", position)


def fields(message: bytes | memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yields the fields of a message: number, wire type, and value.

    The value of a varint is an int; of the others it is the bytes. Groups are skipped.

    Raises:
        CorruptExampleError: the message is not well-formed.

    Example:
        >>> [(number, wire, bytes(value)) for number, wire, value in fields(delimited(1, b"ab"))]
        [(1, 2, b'ab')]
    """
    message = memoryview(message)
    end, position, open_groups = len(message), 0, []
    while position < end:
        tag = message[position]
        position += 1
        if tag >= 128:
            tag, position = read_varint(message, position - 1)
        number, wire = tag >> 3, tag & 7
        if number == 0 or tag > 0xFFFFFFFF:
            raise _corrupt(f"a field has the number {number}", position)
        value: int | memoryview
        if wire in (DELIMITED, FIXED32, FIXED64):
            length = 4 if wire == FIXED32 else 8
            if wire == DELIMITED:
                length = message[position] if position < end else 128
                position += 1
                if length >= 128:
                    length, position = read_varint(message, position - 1)
            if length > end - position:
                raise _corrupt(f"{length} bytes should follow, but {end - position} do", position)
            value = message[position : position + length]
            position += length
        elif wire == VARINT:
            value, position = read_varint(message, position)
        elif wire == GROUP_START:
            open_groups.append(number)
            continue
        elif wire == GROUP_END and open_groups and open_groups[-1] == number:
            open_groups.pop()
            continue
        else:
            raise _corrupt(f"a field has the wire type {wire}", position)
        if not open_groups:
            yield number, wire, value
    if open_groups:
        raise _corrupt("a group has no end", position)


def _corrupt(reason: str, position: int) -> CorruptExampleError:
    return CorruptExampleError(
        f"the bytes are not a well-formed message: {reason} (byte {position}).",
        fix="Give the bytes as SerializeToString returned them.",
    )
