"""Inflating against zlib: what zlib makes comes out whole, and whatever else comes in, nothing is written elsewhere."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from feedline.kernels.compile import constant
from feedline.kernels.inflate import SLACK, TABLE_SIZE, inflate
from feedline.kernels.wire import address_of

GUARD, FILL = 64, 0xA5
STRATEGIES = {
    "default": zlib.Z_DEFAULT_STRATEGY,
    "filtered": zlib.Z_FILTERED,
    "fixed": zlib.Z_FIXED,
    "huffman": zlib.Z_HUFFMAN_ONLY,
    "runs": zlib.Z_RLE,
}
TABLES = np.empty(TABLE_SIZE, np.uint32)


@njit(no_cfunc_wrapper=True, error_model="numpy")
def call_inflate(memory, length, out, first, size, tables):  # type: ignore[no-untyped-def]
    """Returns how many bytes the stream at the beginning of a memory has, or -1."""
    at = address_of(memory)
    after = inflate(at, at + length, address_of(out) + first, size, tables)
    return after - at if after >= 0 else after


def run(stream: bytes, size: int, behind: int = 0xFF) -> tuple[int, bytes]:
    """Returns what inflating gives: the stream's length or -1, and the bytes; checks the memory around these.

    Args:
        stream: the stream.
        size: how many bytes are asked for.
        behind: what lies behind the stream.
    """
    memory = np.frombuffer(stream + bytes([behind]) * 16, np.uint8)
    out = np.full(GUARD + size + SLACK + GUARD, FILL, np.uint8)
    TABLES[:] = 0xFFFFFFFF  # nothing may be taken from tables of before
    length = call_inflate(constant(memory), len(stream), out, GUARD, size, TABLES)
    assert (out[:GUARD] == FILL).all(), "written before the output"
    assert (out[GUARD + size + SLACK :] == FILL).all(), "written beyond the slack"
    return int(length), out[GUARD : GUARD + size].tobytes()


def zlib_result(stream: bytes) -> tuple[int, bytes] | None:
    """Returns how long zlib finds a stream and what it holds; None where it accepts none."""
    inflater = zlib.decompressobj(-15)
    try:
        data = inflater.decompress(stream)
    except zlib.error:
        return None
    return (len(stream) - len(inflater.unused_data), data) if inflater.eof else None


def deflate(data: bytes, level: int = 6, strategy: int = zlib.Z_DEFAULT_STRATEGY, flushes: int = 0) -> bytes:
    """Returns a deflate stream of several blocks."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    step = len(data) // (flushes + 1) + 1
    parts = []
    for number, start in enumerate(range(0, len(data), step)):
        parts += [deflater.compress(data[start : start + step])]
        parts += [deflater.flush((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH)[number % 2])] if flushes else []
    return b"".join([*parts, deflater.flush()])


def check_whole(data: bytes, stream: bytes) -> None:
    assert run(stream, len(data)) == (len(stream), data)
    for size in {len(data) - 1, len(data) + 1, 0, len(data) // 2, 2 * len(data) + 1} - {len(data), -1}:
        assert run(stream, size)[0] == -1


def check_damaged(stream: bytes, size: int) -> None:
    """Checks that a stream gives what zlib finds in it, or is refused, whatever lies behind it."""
    length, data = run(stream, size)
    assert (length, data) == run(stream, size, behind=0) or length == -1 == run(stream, size, behind=0)[0]
    expected = zlib_result(stream)
    if expected is not None and len(expected[1]) == size:
        assert (length, data) == expected
    else:
        assert length == -1


def varied(kind: str, size: int, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.bytes(size)
    if kind == "text":
        return rng.choice(np.frombuffer(b"etaoin shrdlu\n", np.uint8), size, p=np.arange(14, 0, -1) / 105).tobytes()
    if kind == "skewed":  # codes of all lengths, up to 15 bits
        return np.minimum(rng.geometric(0.5, size) + rng.integers(0, 2, size) * 20, 255).astype(np.uint8).tobytes()
    if kind == "photo":
        return np.cumsum(rng.integers(-3, 4, size)).astype(np.uint8).tobytes()
    return bytes([7]) * size


KINDS = ["noise", "text", "skewed", "photo", "one value"]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_zlib_deflates_comes_out_whole(kind, strategy) -> None:
    for level in range(10):
        for size, flushes in ((0, 0), (1, 0), (2, 0), (100, 3), (5000, 0), (70_000 + level, 5)):
            data = varied(kind, size, level)
            check_whole(data, deflate(data, level, STRATEGIES[strategy], flushes))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(1, 90)), max_size=12),
    st.integers(0, 9),
    st.sampled_from(list(STRATEGIES.values())),
    st.integers(0, 4),
)
def test_any_bytes_come_out_whole(parts, level, strategy, flushes) -> None:
    data = b"".join(part * times for part, times in parts)
    check_whole(data, deflate(data, level, strategy, flushes))


@pytest.mark.parametrize("strategy", ["default", "fixed"])
def test_matches_of_every_distance_and_length(strategy) -> None:
    rng = np.random.default_rng(1)
    for distance in [*range(1, 40), 63, 64, 255, 256, 257, 4095, 8193, 24577, 32506, 32768 - 262]:
        period = rng.bytes(distance)
        for length in (3, 4, 7, 8, 9, 15, 16, 17, 31, 114, 115, 257, 258, 259, 600):
            data = (period * (length // distance + 2))[: distance + length] + rng.bytes(3)
            stream = deflate(data, 9, STRATEGIES[strategy])
            assert run(stream, len(data)) == (len(stream), data)


def bits(*fields: tuple[int, int] | str) -> bytes:
    """Returns bits as bytes: numbers with how many bits they have, lowest first, and codes as they are written."""
    text = "".join(
        field if isinstance(field, str) else "".join(str(field[0] >> bit & 1) for bit in range(field[1]))
        for field in fields
    )
    text += "0" * (-len(text) % 8)
    return bytes(int(text[at : at + 8][::-1], 2) for at in range(0, len(text), 8))


ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]


def codes_of(lengths: list[int]) -> list[str]:
    """Returns the codes that lengths stand for: RFC 1951, 3.2.2."""
    codes, code = [""] * len(lengths), 0
    for length in range(1, 16):
        for symbol, each in enumerate(lengths):
            if each == length:
                codes[symbol] = f"{code:0{length}b}"
                code += 1
        code <<= 1
    return codes


def block_of(literals: list[int], distances: list[int], *, last: bool = True) -> list[tuple[int, int] | str]:
    """Returns the head of a block with codes of these lengths, each written out."""
    of_lengths = codes_of([5 if symbol < 16 else 0 for symbol in range(16)] + [1, 0, 0])
    written = [5 if symbol < 16 else (1 if symbol == 16 else 0) for symbol in ORDER]
    head = [(int(last), 1), (2, 2), (len(literals) - 257, 5), (len(distances) - 1, 5), (15, 4)]
    return [*head, *((length, 3) for length in written), *(of_lengths[length] for length in literals + distances)]


def literal_lengths(**lengths: int) -> list[int]:
    found = [0] * 286
    for name, length in lengths.items():
        found[int(name[1:])] = length
    return found


LONG_CODES = literal_lengths(**{f"s{n}": min(n + 1, 15) for n in range(14)}, s255=15, s256=15)


@pytest.mark.parametrize(
    ("literals", "distances"),
    [
        (literal_lengths(s65=1, s256=1), [0]),
        (literal_lengths(s256=1), [0]),  # one code of one bit
        (literal_lengths(s256=2), [0]),  # one code of two
        (literal_lengths(s65=1), [0]),  # nothing that ends it
        (literal_lengths(s65=1, s66=1, s256=1), [0]),  # too many codes
        (literal_lengths(s65=2, s256=1), [0]),  # too few
        (literal_lengths(s65=2, s257=2, s256=1), [0]),  # a length without a distance
        (literal_lengths(s65=2, s257=2, s256=1), [1]),
        (literal_lengths(s65=2, s257=2, s256=1), [2]),
        (literal_lengths(s65=2, s257=2, s256=1), [1, 1]),
        (literal_lengths(s65=2, s257=2, s256=1), [1, 2]),
        (literal_lengths(s65=2, s257=2, s256=1), [1] + [0] * 28 + [1]),
        (literal_lengths(s65=2, s257=2, s256=1), [1] + [0] * 29 + [1]),  # distances that there are not
        (literal_lengths(s65=2, s257=2, s256=1), [1, 1] + [0] * 30),
        (literal_lengths(s65=2, s285=2, s256=1), [min(n, 15) for n in range(1, 16)] + [15]),
    ],
)
def test_codes_that_are_none_are_refused_as_by_zlib(literals, distances) -> None:
    codes, of_distances = codes_of(literals), codes_of(distances)
    long = next((code for code in codes[257:] if code), None)
    head = block_of(literals, distances)
    body = [codes[65]] * 5 if codes[65] else []
    streams = [bits(*head, *body, codes[256])]
    streams += [bits(*head, *body, long, code or "0", codes[256]) for code in of_distances[:1] if long]
    streams += [bits(*head, *body, long, "1" * 15, codes[256])] if long else []
    for stream in streams:
        for size in (0, 5, 8, 263):
            check_damaged(stream, size)


def test_codes_of_fifteen_bits() -> None:
    codes = codes_of(LONG_CODES)
    wanted = [*range(14), 255, 13, 0, 255] * 7
    stream = bits(*block_of(LONG_CODES, [0]), *(codes[symbol] for symbol in wanted), codes[256])
    assert zlib_result(stream) == (len(stream), bytes(wanted))
    check_whole(bytes(wanted), stream)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", ["default", "fixed", "huffman"])
def test_streams_that_are_cut_off_are_refused(kind, strategy) -> None:
    data = varied(kind, 700)
    for level in (0, 6):
        stream = deflate(data, level, STRATEGIES[strategy], flushes=1)
        for end in range(len(stream)):
            assert run(stream[:end], len(data))[0] == -1
            assert run(stream[:end], len(data), behind=0)[0] == -1
            check_damaged(stream[:end], end)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", ["default", "fixed"])
def test_flipped_bits_give_what_zlib_finds_or_nothing(kind, strategy) -> None:
    data = varied(kind, 300)
    stream = deflate(data, 6, STRATEGIES[strategy], flushes=kind == "text")
    for bit in range(8 * len(stream)):
        damaged = bytearray(stream)
        damaged[bit // 8] ^= 1 << bit % 8
        expected = zlib_result(bytes(damaged))
        check_damaged(bytes(damaged), len(data))
        if expected is not None:
            check_damaged(bytes(damaged), len(expected[1]))


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 7), st.integers(0, 400))
def test_any_stream_gives_what_zlib_finds_or_nothing(stream, kind, size) -> None:
    stream = bytes([(stream[0] & 0xF8 | kind) if stream else kind]) + stream[1:]
    check_damaged(stream, size)
    expected = zlib_result(stream)
    if expected is not None:
        check_damaged(stream, len(expected[1]))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from(KINDS))
def test_several_bytes_that_are_wrong(seed, wrong, kind) -> None:
    rng = np.random.default_rng(seed)
    data = varied(kind, int(rng.integers(1, 3000)))
    damaged = np.frombuffer(deflate(data, 9, flushes=2), np.uint8).copy()
    damaged[rng.integers(0, min(len(damaged), 60 if wrong % 2 else len(damaged)), wrong)] = rng.integers(0, 256, wrong)
    check_damaged(damaged.tobytes(), len(data))


def test_what_follows_a_stream_is_left_alone() -> None:
    for kind in KINDS:
        data = varied(kind, 500)
        for strategy in STRATEGIES.values():
            stream = deflate(data, 6, strategy)
            for more in (b"\0", b"\xff" * 3, bytes(20)):
                assert run(stream + more, len(data)) == (len(stream), data)
