"""Bilinear resampling, and the arithmetic on its result while that is still in the cache.

`bilinear` takes batches `(n, height, width, channels)` in C order and fills an `out` that the caller made. The order of
the float32 operations is TensorFlow's, so that results agree to the last bit. It trusts no index: positions are
computed here from the shapes and clamped to them.

Pixels of three or four bytes, which photos have, take a way of their own: one load of eight bytes fetches a pixel and
its neighbour to the right, and two such pairs are interpolated at once. Bytes allow for it, as the difference of two is
exact in float32 (see `_as_pairs`). All else is interpolated as floats, a pixel at a time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from feedline.kernels.compile import BYTES, CONSTANT_BYTES, FLOAT32, INT64, array, constant, kernel, part, stay_apart
from feedline.kernels.pointwise import compute_on
from feedline.kernels.wire import address_of, copy_bytes

_FLOAT_ROWS, _INT_ROWS = array(FLOAT32, 2), array(INT64, 2)
_CONSTANT_FLOATS = array(FLOAT32, constant=True)

_HALF = np.float32(0.5)

_PAIR = 8
"""How many bytes are loaded for a pixel and its neighbour, whether they are six or eight."""

_LANES = 8
"""How many values are interpolated at once, and written; they are those of two pixels."""


@intrinsic
def _lerp_four(
    typingctx: Any, row: Any, left: Any, right: Any, weight: Any, out: Any, position: Any
) -> Any:  # pragma: no cover - compiled
    """out[position:position+4] = lerp(row[left:left+4], row[right:right+4], weight), in one 4-lane operation.

    Numba does not vectorise across the channels of a pixel by itself; written out, it is three times as fast.
    The caller must have checked that all three windows of four are inside their arrays.
    """
    signature = types.void(row, left, right, weight, out, position)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row_type, _, _, _, out_type, _ = signature.args
        lanes = ir.VectorType(ir.FloatType(), 4)
        source = context.make_array(row_type)(context, builder, arguments[0]).data
        target = context.make_array(out_type)(context, builder, arguments[4]).data
        element = context.get_data_type(row_type.dtype)

        def load(index: Any) -> Any:
            packed = ir.VectorType(element, 4)
            place = builder.bitcast(builder.gep(source, [index]), packed.as_pointer())
            value = builder.load(place, align=1)
            return value if row_type.dtype == types.float32 else builder.uitofp(value, lanes)

        first, second = load(arguments[1]), load(arguments[2])
        spread = builder.insert_element(ir.Constant(lanes, ir.Undefined), arguments[3], ir.Constant(ir.IntType(32), 0))
        spread = builder.shuffle_vector(
            spread, ir.Constant(lanes, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), 4), [0, 0, 0, 0])
        )
        value = builder.fadd(first, builder.fmul(builder.fsub(second, first), spread))
        place = builder.bitcast(builder.gep(target, [arguments[5]]), lanes.as_pointer())
        builder.store(value, place, align=4)
        return context.get_dummy_value()

    return signature, codegen


def _lerp_two_pixels(channels: int) -> Any:
    """Returns an intrinsic that interpolates two pixels of so many bytes.

    out[x * channels:] = lerp(pixel at left[x], its neighbour, share[x * channels:]), and so for x + 1. All pixels and
    shares are there to be read, and eight values to be written; of three channels, the last two are overwritten by
    the pixels that follow.
    """

    @intrinsic
    def lerp(typingctx: Any, row: Any, left: Any, share: Any, x: Any, out: Any) -> Any:  # pragma: no cover - compiled
        signature = types.void(row, left, share, x, out)

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            byte, number, word = ir.IntType(8), ir.IntType(32), ir.IntType(64)
            lanes = ir.VectorType(ir.FloatType(), _LANES)
            row, _, _, x, _ = arguments
            places, shares, target = (
                context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (1, 2, 4)
            )
            loaded = ir.Constant(ir.VectorType(word, 2), ir.Undefined)
            for pixel in range(2):
                place = builder.load(builder.gep(places, [builder.add(x, word(pixel))]))
                pair = builder.load(builder.inttoptr(builder.add(row, place), word.as_pointer()), align=1)
                loaded = builder.insert_element(loaded, pair, number(pixel))
            of_bytes = builder.bitcast(loaded, ir.VectorType(byte, 2 * _PAIR))

            def taken(first: int) -> Any:
                """Returns the values from a byte of each pair on, as floats."""
                wanted = [_PAIR * pixel + first + c for pixel in range(2) for c in range(channels)]
                wanted += [wanted[-1]] * (_LANES - len(wanted))
                order = ir.Constant(ir.VectorType(number, _LANES), wanted)
                none = ir.Constant(of_bytes.type, ir.Undefined)
                return builder.uitofp(builder.shuffle_vector(of_bytes, none, order), lanes)

            first, second = taken(0), taken(channels)
            begin = builder.mul(x, word(channels))
            weight = builder.load(builder.bitcast(builder.gep(shares, [begin]), lanes.as_pointer()), align=4)
            value = builder.fadd(first, builder.fmul(builder.fsub(second, first), weight))
            builder.store(value, builder.bitcast(builder.gep(target, [begin]), lanes.as_pointer()), align=4)
            return context.get_dummy_value()

        return signature, codegen

    return lerp


_lerp_two_of_three, _lerp_two_of_four = _lerp_two_pixels(3), _lerp_two_pixels(4)


@intrinsic
def _prefetch(typingctx: Any, values: Any, position: Any) -> Any:  # pragma: no cover - compiled
    """Has the processor fetch what is at a position of an array, which need not be within it."""
    signature = types.void(values, position)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", (place.type,), kind)
        builder.call(fetch, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return signature, codegen


@part
def _fetch_row(values, begin, count, step):
    """Has the processor fetch a row that is read next: it foresees no reading backwards, nor where a window goes on.

    Whole rows of bytes that are read forwards it does foresee; there, fetching them costs more than it saves.
    """
    stay_apart()
    for at in range(begin, begin + count, step):
        _prefetch(values, at)


@part
def _linear_positions(size, count, lower, upper, weight):
    """Fills the two neighbours of every output position, and how far it lies between them (half-pixel centres)."""
    stay_apart()
    scale = np.float32(size) / np.float32(count)
    for i in range(count):
        position = (np.float32(i) + _HALF) * scale - _HALF
        floor = math.floor(position)
        below, above = np.int64(floor), np.int64(math.ceil(position))
        lower[i] = 0 if below < 0 else (size - 1 if below > size - 1 else below)
        upper[i] = size - 1 if above > size - 1 else (0 if above < 0 else above)
        weight[i] = position - np.float32(floor)


@part
def _lerp_first_pixels(row, left, right, weight, count, channels, out):
    stay_apart()
    for x in range(count):
        share = weight[x]
        for c in range(channels):
            first = np.float32(row[left[x] + c])
            second = np.float32(row[right[x] + c])
            out[x * channels + c] = first + (second - first) * share


@part
def _turn_round(left, right, weight, turned_left, turned_right, turned_weight):
    """Has each pixel look where the one at its place from the other end does: what comes out is flipped."""
    stay_apart()
    last = left.size - 1
    for x in range(left.size):
        turned_left[x] = left[last - x]
        turned_right[x] = right[last - x]
        turned_weight[x] = weight[last - x]


@part
def _of_four(left, right, in_row, channels, count):
    """Returns the first of the pixels that may touch four values each, and how many follow each other."""
    stay_apart()
    first = np.int64(0)
    if channels != 3 and channels != 4:
        return first, first
    while first < count and max(left[first], right[first]) + 4 > in_row:
        first += 1
    after = first
    while after < count and max(left[after], right[after]) + 4 <= in_row and after * channels + 4 <= count * channels:
        after += 1
    return first, after - first


@part
def _lerp_row(row, left, right, weight, count, channels, first_of_four, four_at_once, out):
    """Interpolates one row to the output's width; of its pixels, `four_at_once` may touch four values each."""
    stay_apart()
    if channels == 1:
        for x in range(count):
            first = np.float32(row[left[x]])
            out[x] = first + (np.float32(row[right[x]]) - first) * weight[x]
        return
    if first_of_four > 0:
        _lerp_first_pixels(row, left, right, weight, first_of_four, channels, out)
        left, right, weight = left[first_of_four:], right[first_of_four:], weight[first_of_four:]
        out = out[first_of_four * channels :]
        count -= first_of_four
    for x in range(four_at_once):  # what is written beyond a pixel, its neighbour to the right writes anew
        _lerp_four(row, left[x], right[x], weight[x], out, x * channels)
    for x in range(four_at_once, count):
        share = weight[x]
        for c in range(channels):
            first = np.float32(row[left[x] + c])
            second = np.float32(row[right[x] + c])
            out[x * channels + c] = first + (second - first) * share


@part
def _as_pairs(left, right, weight, count, channels, in_row, share):
    """Has each pixel look at one of the row and its neighbour to the right, and fills the share of that, by values.

    Where a pixel looks at one alone, that is the left one with no share of the right, or the row's last, with all of
    it: of bytes, both give the very value.
    """
    stay_apart()
    for x in range(count):
        of_right = weight[x]
        if left[x] == right[x]:
            of_right = np.float32(0)
            if left[x] >= channels and left[x] + channels == in_row:
                left[x] -= channels
                of_right = np.float32(1)
        for c in range(channels):
            share[x * channels + c] = of_right
    left[count] = 0  # where their number is odd, one more is looked at
    for i in range(count * channels, share.size):
        share[i] = np.float32(0)


@part
def _lerp_row_of_bytes(row, left, share, count, channels, out):
    """Interpolates one row, which is at an address and has eight bytes behind it, to the output's width."""
    stay_apart()
    if channels == 3:
        for x in range(0, count, 2):
            _lerp_two_of_three(row, left, share, x, out)
    else:
        for x in range(0, count, 2):
            _lerp_two_of_four(row, left, share, x, out)


@part
def _blend(first_row, second_row, weight, target):
    stay_apart()
    for i in range(target.size):
        first = first_row[i]
        target[i] = first + (second_row[i] - first) * weight


@part
def _scale(row, scale, scaled):
    stay_apart()
    for i in range(row.size):
        scaled[i] = np.float32(row[i]) * scale


@kernel(
    (
        *(
            CONSTANT_BYTES,
            _CONSTANT_FLOATS,
            INT64,
            INT64,
            INT64,
            INT64,
            _FLOAT_ROWS,
            INT64,
            INT64,
            FLOAT32,
            BYTES,
            BYTES,
        ),
        *(_FLOAT_ROWS, _INT_ROWS, _FLOAT_ROWS, _FLOAT_ROWS, _FLOAT_ROWS, BYTES, _CONSTANT_FLOATS),
    )
)
def _bilinear(
    bytes_, floats, pitch, height, width, channels, out, out_height, out_width, scale, flips, what, operands,
    places, weights, shares, rows, last_row, scaled,
):  # fmt: skip
    _linear_positions(height, out_height, places[0], places[1], weights[0])
    _linear_positions(width, out_width, places[2], places[3], weights[1])
    left, right, along = places[2], places[3], weights[1]
    in_row = width * channels
    for x in range(out_width):
        left[x] *= channels
        right[x] *= channels
    first, fours = _of_four(left, right, in_row, channels, out_width)
    straight_first, straight_fours = first, fours
    if flips.size > 0:
        _turn_round(left[:out_width], right[:out_width], along[:out_width], places[4], places[5], weights[2])
    turned_first, turned_fours = _of_four(places[4], places[5], in_row, channels, out_width if flips.size > 0 else 0)
    of_bytes = bytes_.size > 0
    of_pairs = of_bytes and scale == 1 and (channels == 3 or channels == 4)
    share = shares[0]
    if of_pairs:
        _as_pairs(left, right, along, out_width, channels, in_row, share)
        if flips.size > 0:
            _as_pairs(places[4], places[5], weights[2], out_width, channels, in_row, shares[1])
    foreseen = of_pairs and pitch == in_row and flips.size == 0
    image = -1
    top_held = bottom_held = np.int64(-1)
    top, bottom = 0, 1
    for line in range(out.shape[0]):
        if line // out_height != image:
            image = line // out_height
            top_held = bottom_held = -1
            if flips.size > 0 and flips[image] != 0:
                left, right, along, share = places[4], places[5], weights[2], shares[1]
                first, fours = turned_first, turned_fours
            else:
                left, right, along, share = places[2], places[3], weights[1], shares[0]
                first, fours = straight_first, straight_fours
        y = line - image * out_height
        if places[0, y] != top_held and places[0, y] == bottom_held:
            top, bottom = bottom, top
            top_held, bottom_held = bottom_held, top_held
        if y + 1 < out_height and not foreseen:
            begin = (image * height + places[1, y + 1]) * pitch
            if of_bytes:
                _fetch_row(bytes_, begin, in_row, 64)
            else:
                _fetch_row(floats, begin, in_row, 16)
        for side in range(2):
            wanted = places[side, y]
            if wanted == (top_held if side == 0 else bottom_held):
                continue
            held = rows[top if side == 0 else bottom]
            begin = (image * height + wanted) * pitch
            end = begin + in_row
            if of_pairs:
                row = address_of(bytes_) + begin
                if bytes_.size - end < _PAIR:
                    copy_bytes(address_of(last_row), row, in_row)
                    row = address_of(last_row)
                _lerp_row_of_bytes(row, left, share, out_width, channels, held)
            elif of_bytes or scale != 1:
                if of_bytes:
                    _scale(bytes_[begin:end], scale, rows[2])
                else:
                    _scale(floats[begin:end], scale, rows[2])
                _lerp_row(scaled, left, right, along, out_width, channels, first, fours, held)
            else:
                _lerp_row(floats[begin:end], left, right, along, out_width, channels, first, fours, held)
            if side == 0:
                top_held = wanted
            else:
                bottom_held = wanted
        target = out[line]
        _blend(rows[top], rows[bottom], weights[0, y], target)
        compute_on(target, 0, what, operands, 0, operands, 0)


_NO_BYTES, _NO_FLOATS = constant(np.empty(0, np.uint8)), constant(np.empty(0, np.float32))
_NONE_FLIPPED = np.empty(0, np.uint8)


def bilinear(
    images: np.ndarray,
    out: np.ndarray,
    scale: np.float32,
    what: np.ndarray,
    operands: np.ndarray,
    flips: np.ndarray = _NONE_FLIPPED,
) -> None:
    """Bilinear interpolation with half-pixel centres, a flip of some of the images, and arithmetic on the result.

    Args:
        images: uint8 or float32; C-contiguous, or a window of one image that is.
        out: float32.
        scale: float32: what each value of the images is multiplied by before; 1 for nothing.
        what: uint8 `(k,)`: ADD, SUBTRACT, MULTIPLY or DIVIDE of `pointwise`, in the order in which they are done.
        operands: float32 `(k, out_width * channels)`: what is added to the values of each row, and so on.
        flips: uint8 `(n,)`: not 0 for the images that are flipped left to right; empty where none is.
    """
    count, height, width, channels = images.shape
    out_height, out_width = out.shape[1:3]
    if 0 in images.shape or 0 in out.shape or count != out.shape[0] or channels != out.shape[3]:
        return
    if flips.size not in (0, count) or operands.shape[0] != what.size:
        return
    if what.size and operands.shape[1] != out_width * channels:
        return
    values, pitch = _in_memory(images)
    is_bytes = images.dtype == np.uint8
    held = np.empty((3, max(width, out_width) * channels + _LANES), np.float32)
    _bilinear(
        *((values, _NO_FLOATS) if is_bytes else (_NO_BYTES, values)),
        *(pitch, height, width, channels, out.reshape(count * out_height, out_width * channels), out_height, out_width),
        *(scale, flips, what, operands),
        np.empty((6, max(out_height, out_width) + 1), np.int64),
        np.empty((3, max(out_height, out_width)), np.float32),
        np.empty((2, out_width * channels + _LANES), np.float32),
        held,
        np.empty(width * channels + _PAIR, np.uint8),
        constant(held[2]),  # where rows are before they are interpolated; of the type that the images' rows have
    )


def _in_memory(images: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns the values of images as they lie in memory, and how many there are from row to row."""
    count, height, width, channels = images.shape
    if images.flags.c_contiguous:
        return constant(images.reshape(-1)), width * channels
    pitch, odd = divmod(images.strides[1], images.itemsize)
    together = images.strides[2:] == (channels * images.itemsize, images.itemsize)
    if count != 1 or odd or pitch < width * channels or not together:
        return constant(np.ascontiguousarray(images).reshape(-1)), width * channels
    values = (height - 1) * pitch + width * channels
    return np.lib.stride_tricks.as_strided(images, (values,), (images.itemsize,), writeable=False), pitch
