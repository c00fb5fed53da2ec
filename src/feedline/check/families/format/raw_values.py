"""Bytes that hold numbers of another dtype, or of another shape, than they are read as."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from feedline.check.calls import Call, Calls, as_bytes
from feedline.check.context import Context
from feedline.check.families.format.contents import contents_of
from feedline.check.families.format.inner import with_inner
from feedline.check.families.format.raised import alike
from feedline.check.families.format.wording import shape_for, written_dtype
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.errors import DtypeError, FeedlineError
from feedline.nodes.map import Map
from feedline.spec import as_dtype

_RESHAPED = re.compile(r"cannot reshape array of size (\d+) into shape \(([\d, ]+)\)")
_FEWEST = 16
_SMALL, _LARGE = 1e-10, 1e10
_DENORMAL = 1e-37
_SMALL_INTEGER, _LARGE_INTEGER = 1_000_000, 1 << 24
_FEWEST_OF_BYTES = 64
_ANY_VALUE, _ALIKE = 25.0, 6.0
"""Standard deviations: of bytes of any value it is 74, of the last bytes of divided pixels a third of that; exponents
of numbers of one kind differ by little.
"""

_NEIGHBOURS = 0.55
_SAME_SIZE = 4.0
_FLOAT_BITS = (0x33000000, 0x4B800000)  # from 3e-8 to 2e7, as the bits of a float32


def values_of_another_dtype(rule: Rule, context: Context) -> Iterator[Finding]:
    """Yields findings about bytes that are read as numbers which they do not hold.

    Args:
        rule: the rule whose findings they are.
        context: the dataset.
    """
    for node, calls in ((node, each.sample.calls(node)) for each in with_inner(context) for node in each.plan.of(Map)):
        lines: dict[str, list[Call]] = {}
        for call in calls.of("decode_raw", "decode_padded_raw", "parse_tensor"):
            lines.setdefault(f"{call.name} {call.origin}", []).append(call)
        for same_line in lines.values():
            find = _tensors if same_line[0].name == "parse_tensor" else _raw
            yield from find(rule, context, node, calls, same_line)


def maps_of_mistaken_bytes(context: Context) -> frozenset[Map]:
    """Returns the maps that read bytes as numbers which they do not hold: what they give means nothing.

    Args:
        context: the dataset.
    """
    return frozenset(
        node
        for node in context.plan.of(Map)
        if (found := context.sample.calls(node).of("decode_raw", "decode_padded_raw")) and _mistaken_dtype(found)
    )


def _tensors(rule: Rule, context: Context, node: Map, calls: Calls, found: list[Call]) -> Iterator[Finding]:
    for call in found:
        error = calls.errors.get(call.element)
        if call.result is not None or not isinstance(error, DtypeError):
            continue
        held = contents_of(as_bytes(call.arguments["serialized"]) or b"")
        if held is None or held.kind != "serialised tensor" or held.dtype is None:
            continue
        written, wanted = written_dtype(held.dtype), written_dtype(as_dtype(call.arguments["out_type"]))
        yield rule.finding(
            f"a tensor was serialised as {written[3:]} and is parsed as {wanted[3:]}.",
            seen=held.told,
            where=_places(call, calls),
            at=node,
            fix=f"Write fl.cast(fl.io.parse_tensor(value, {written}), {wanted}).",
            explains=alike([error], context),
        )
        return


def _raw(rule: Rule, context: Context, node: Map, calls: Calls, found: list[Call]) -> Iterator[Finding]:
    for call in found:
        error = calls.errors.get(call.element)
        wanted = _wanted_shape(call, error)
        if wanted is not None and error is not None:
            told, fix = _of_shape(call, wanted)
            yield rule.finding(
                f"{told}, and the shape {list(wanted)} takes {math.prod(wanted):,}.",
                seen=f"{_length(call):,} bytes, read as {_dtype(call)}",
                where=_places(call, calls),
                at=node,
                fix=fix,
                explains=alike([error], context),
            )
            return
    mistaken = _mistaken_dtype(found)
    if mistaken is not None:
        seen, written = mistaken
        call = found[0]
        yield rule.finding(
            f"bytes of {written} values are read as {_dtype(call)}.",
            seen=f"{seen}, in {len(found)} element{'' if len(found) == 1 else 's'} whose calls were looked at",
            where=_places(call, calls),
            at=node,
            fix=f"Write fl.io.decode_raw(value, fl.{written}), and cast what it gives to {_dtype(call)} if need be.",
        )


def _wanted_shape(call: Call, error: FeedlineError | None) -> tuple[int, ...] | None:
    """Returns the shape that what a call gave could not be brought into."""
    match = _RESHAPED.search(error.what) if error is not None and isinstance(call.result, np.ndarray) else None
    if match is None or int(match[1]) != call.result.size:
        return None
    return tuple(int(length) for length in re.findall(r"\d+", match[2]))


def _of_shape(call: Call, shape: tuple[int, ...]) -> tuple[str, str]:
    """Returns what bytes hold against what a shape takes, and the fix."""
    dtype, length, size = as_dtype(call.arguments["out_type"]), _length(call), math.prod(shape)
    told = f"{length:,} bytes are {length // dtype.itemsize:,} values of {dtype.name}"
    if size and length % size == 0 and length // size in (1, 2, 4, 8):
        name = _of_size(length // size, dtype)
        return told, f"Write fl.io.decode_raw(value, fl.{name}): {size:,} values of {length // size} bytes are there."
    other = shape_for(shape, length // dtype.itemsize)
    if other is None:
        return told, "Reshape it to what was written, and give decode_raw the dtype that was written."
    return told, f"Write {list(other)} in place of {list(shape)}, or give decode_raw the dtype that was written."


def _of_size(itemsize: int, dtype: np.dtype) -> str:
    if itemsize == 1:
        return "uint8"
    if dtype.kind == "f" or (dtype.itemsize == 1 and itemsize > 2):
        return f"float{8 * itemsize}"
    return f"{'u' if dtype.kind == 'u' else ''}int{8 * itemsize}"


def _mistaken_dtype(found: list[Call]) -> tuple[str, str] | None:
    """Returns what was seen, and the dtype that bytes most likely are of, where that is hardly in doubt."""
    results = [call.result for call in found if isinstance(call.result, np.ndarray)]
    if not results or any(result.dtype != results[0].dtype for result in results):
        return None
    values = np.concatenate([result.reshape(-1) for result in results])
    rows = [as_bytes(next(iter(call.arguments.values()))) for call in found]
    if len(values) < _FEWEST or any(row is None or contents_of(row) is not None for row in rows):
        return None
    even = all(result.size % 2 == 0 for result in results)
    if values.dtype == np.float32:
        return _not_float32(values, even) or _pixels(values)
    if values.dtype in (np.int32, np.uint32):
        return _pixels(values) or _not_int32(values, even)
    if values.dtype == np.float64:
        return _not_float64(values)
    if values.dtype in (np.int64, np.uint64):
        return _not_int64(values)
    if values.dtype == np.uint8 and all(result.size % 4 == 0 for result in results):
        return _not_uint8(values)
    return None


def _not_float32(values: np.ndarray, even: bool) -> tuple[str, str] | None:
    there = values[values != 0]
    with np.errstate(invalid="ignore"):
        size = np.abs(there)
        denormal = size < _DENORMAL
        strange = ~((size > _SMALL) & (size < _LARGE))
    if len(there) >= _FEWEST // 2 and denormal.all():
        bits = values.view(np.int32)
        wide = even and not bits[1::2].any()
        return f"as float32 all of them are below 1e-37, such as {there[0]:.3g}", "int64" if wide else "int32"
    if not even or len(there) < _FEWEST or strange.mean() < 0.1:
        return None
    doubles = np.abs(values.view(np.float64))
    sane = (doubles == 0) | ((doubles > _SMALL) & (doubles < _LARGE))
    if not sane.all():
        return None
    first = np.array2string(values.view(np.float64)[:3], precision=4, separator=", ")
    return f"as float32 {strange.mean():.0%} of them are extreme or NaN, as float64 none: {first}", "float64"


def _not_int32(values: np.ndarray, even: bool) -> tuple[str, str] | None:
    bits = values.view(np.uint32)
    there = bits[bits != 0] & np.uint32(0x7FFFFFFF)
    low, high = _FLOAT_BITS
    if len(there) >= _FEWEST // 2 and ((there >= low) & (there <= high)).mean() > 0.98:
        first = np.array2string(values.view(np.float32)[:3], precision=4, separator=", ")
        return f"as integers they are {', '.join(map(str, values[:3].tolist()))}, as float32 {first}", "float32"
    if even and not (values[1::2] != 0).any() and (values[::2] != 0).mean() > 0.5:
        return f"every second value is 0: {', '.join(map(str, values[:6].tolist()))}", "int64"
    return None


def _not_float64(values: np.ndarray) -> tuple[str, str] | None:
    """Tells of float32 that are read by twos: the lower half of a float64 is no float32 that means anything, but 0."""
    halves = values.view(np.float32)
    lower, size = halves[::2], np.abs(halves)
    with np.errstate(invalid="ignore"):
        sane = (size == 0) | ((size > _SMALL) & (size < _LARGE))
    if (lower != 0).sum() < _FEWEST or (lower != 0).mean() < 0.5 or not sane.all() or not _halves_are_alike(halves):
        return None
    first = np.array2string(halves[:4], precision=4, separator=", ")
    return f"each half of all {len(values):,} of them is a sensible float32, {first}", "float32"


def _halves_are_alike(floats: np.ndarray) -> bool:
    """Says whether every second number is of the size of the others: the halves of a float64 are not."""
    upper, lower = (half[half != 0] for half in (floats[1::2], floats[::2]))
    if min(len(np.unique(upper)), len(np.unique(lower))) < _FEWEST // 2:
        return False
    sizes = [float(np.median(np.log2(np.abs(half.astype(np.float64))))) for half in (upper, lower)]
    return abs(sizes[0] - sizes[1]) < _SAME_SIZE


def _not_int64(values: np.ndarray) -> tuple[str, str] | None:
    """Tells of int32 that are read by twos: a large int64 whose halves are both small is none."""
    halves = values.view(np.int32)
    upper = halves[1::2]
    small = np.abs(halves.astype(np.int64)) <= _SMALL_INTEGER
    beyond = (upper != 0) & (upper != -1)
    if beyond.sum() < _FEWEST // 2 or beyond.mean() < 0.5 or not small.all() or len(np.unique(halves[::2])) < 2:
        return None
    told = ", ".join(map(str, values[:3].tolist()))
    return f"as int64 they are {told}, as int32 {', '.join(map(str, halves[:6].tolist()))}", "int32"


def _not_uint8(values: np.ndarray) -> tuple[str, str] | None:
    """Tells of float32 that are read byte by byte: sign and exponent are alike in all, the rest is of any value."""
    parts = values.reshape(-1, 4)
    floats = values.view(np.float32)
    there = floats != 0
    bits = floats.view(np.uint32)[there] & np.uint32(0x7FFFFFFF)
    low, high = _FLOAT_BITS
    if there.sum() < 2 * _FEWEST or there.mean() < 0.5 or ((bits >= low) & (bits <= high)).mean() < 0.98:
        return None
    exponents = (parts[there, 3] & 0x7F).astype(np.float64)
    others = parts[there, :2].astype(np.float64)
    if others.std(axis=0).min() < _ANY_VALUE or not 0 < exponents.std() < _ALIKE:
        return None
    if len(np.unique(parts[there, 0])) < _FEWEST:
        return None
    first = np.array2string(floats[:3], precision=4, separator=", ")
    return (
        f"every fourth byte is nearly the same, and the others are of any value; as float32 they are {first}",
        "float32",
    )


def _pixels(values: np.ndarray) -> tuple[str, str] | None:
    """Tells of pixels that are read by fours: as numbers they mean nothing, as bytes neighbours are alike."""
    pixels = np.frombuffer(values.tobytes(), np.uint8)
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            size = np.abs(values)
            strange = float((~((size > _SMALL) & (size < _LARGE))).mean())
        if strange < 0.1:
            return None
    elif float((np.abs(values.astype(np.int64)) > _LARGE_INTEGER).mean()) < 0.5:
        return None
    if len(pixels) < _FEWEST_OF_BYTES or len(np.unique(pixels)) < _FEWEST:
        return None
    if ((pixels == 0) | (pixels == 255)).mean() > 0.5 or (pixels[1:] == pixels[:-1]).mean() > 0.5:
        return None
    wide = pixels.astype(np.float64)
    spread = max(float(wide.std()), 1.0)
    alike = [float(np.abs(wide[lag:] - wide[:-lag]).mean()) for lag in (1, 3)]
    # Of bytes that have nothing to do with each other it is 1.15 deviations, and more where places of numbers differ.
    by_place = [wide[place::4].mean() for place in range(4)]
    if min(alike) > _NEIGHBOURS * spread or max(by_place) - min(by_place) > 0.5 * spread:
        return None
    told = ", ".join(f"{value:.3g}" for value in values[:3].tolist())
    return f"as {values.dtype} they are {told}, as uint8 {', '.join(map(str, pixels[:6].tolist()))}", "uint8"


def _length(call: Call) -> int:
    return int(call.result.nbytes)


def _dtype(call: Call) -> str:
    return as_dtype(call.arguments["out_type"]).name


def _places(call: Call, calls: Calls) -> list[str]:
    return [*([str(call.origin)] if call.origin is not None else []), calls.into.where(call.element)]
