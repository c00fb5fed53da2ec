"""Resampling kernels: bilinear, nearest, area, weighted spans, and crops that are resized.

Every kernel takes batches `(n, height, width, channels)` in C order and fills an `out` that the caller made. The order
of the float32 operations is TensorFlow's, so that results agree to the last bit. No kernel trusts an index: positions
are computed here from the shapes and clamped to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)


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


@njit(nogil=True, cache=True)
def _linear_positions(size, lower, upper, weight):
    """Fills the two neighbours of every output position, and how far it lies between them (half-pixel centres)."""
    count = lower.size
    scale = np.float32(size) / np.float32(count)
    for i in range(count):
        position = (np.float32(i) + _HALF) * scale - _HALF
        floor = np.floor(position)
        lower[i] = min(max(np.int64(floor), 0), size - 1)
        upper[i] = max(min(np.int64(np.ceil(position)), size - 1), 0)
        weight[i] = position - floor


@njit(nogil=True, cache=True)
def _lerp_row(row, left, right, weight, channels, four_at_once, out):
    """Interpolates one row to the output's width; the first `four_at_once` pixels may touch four values each."""
    for x in range(four_at_once):
        _lerp_four(row, left[x], right[x], weight[x], out, x * channels)
    for x in range(four_at_once, left.size):
        for c in range(channels):
            first = np.float32(row[left[x] + c])
            second = np.float32(row[right[x] + c])
            out[x * channels + c] = first + (second - first) * weight[x]


@njit(nogil=True, cache=True)
def _lerp_gray_row(row, left, right, weight, out):
    for x in range(left.size):
        first = np.float32(row[left[x]])
        out[x] = first + (np.float32(row[right[x]]) - first) * weight[x]


@njit(nogil=True, cache=True)
def bilinear(images, out):
    """Bilinear interpolation with half-pixel centres; `images` is uint8 or float32, `out` float32."""
    count, height, width, channels = images.shape
    out_height, out_width = out.shape[1], out.shape[2]
    if height == 0 or width == 0 or channels == 0 or count != out.shape[0] or channels != out.shape[3]:
        return
    top_rows, bottom_rows = np.empty(out_height, np.int64), np.empty(out_height, np.int64)
    row_weights = np.empty(out_height, np.float32)
    _linear_positions(height, top_rows, bottom_rows, row_weights)
    left, right = np.empty(out_width, np.int64), np.empty(out_width, np.int64)
    weights = np.empty(out_width, np.float32)
    _linear_positions(width, left, right, weights)

    in_row, out_row = width * channels, out_width * channels
    four_at_once = 0
    for x in range(out_width):
        left[x] *= channels
        right[x] *= channels
        if (
            (channels == 3 or channels == 4)
            and four_at_once == x
            and max(left[x], right[x]) + 4 <= in_row
            and x * channels + 4 <= out_row
        ):
            four_at_once = x + 1

    sources = images.reshape(count, height, in_row)
    targets = out.reshape(count, out_height, out_row)
    rows = np.empty((2, out_row), np.float32)
    for n in range(count):
        top_held, bottom_held = -1, -1
        top, bottom = 0, 1
        for y in range(out_height):
            if top_rows[y] != top_held and top_rows[y] == bottom_held:
                top, bottom = bottom, top
                top_held, bottom_held = bottom_held, top_held
            for side in range(2):
                wanted = top_rows[y] if side == 0 else bottom_rows[y]
                if wanted != (top_held if side == 0 else bottom_held):
                    place = rows[top if side == 0 else bottom]
                    if channels == 1:
                        _lerp_gray_row(sources[n, wanted], left, right, weights, place)
                    else:
                        _lerp_row(sources[n, wanted], left, right, weights, channels, four_at_once, place)
                    if side == 0:
                        top_held = wanted
                    else:
                        bottom_held = wanted
            first_row, second_row, target = rows[top], rows[bottom], targets[n, y]
            weight = row_weights[y]
            for i in range(out_row):
                first = first_row[i]
                target[i] = first + (second_row[i] - first) * weight


@njit(nogil=True, cache=True)
def nearest(images, out):
    """Nearest neighbour with half-pixel centres; both arrays hold unsigned integers of one size."""
    count, height, width, channels = images.shape
    out_height, out_width = out.shape[1], out.shape[2]
    if height == 0 or width == 0 or count != out.shape[0] or channels != out.shape[3]:
        return
    column = np.empty(out_width, np.int64)
    scale = np.float32(width) / np.float32(out_width)
    for x in range(out_width):
        column[x] = max(min(np.int64(np.floor((np.float32(x) + _HALF) * scale)), width - 1), 0) * channels
    scale = np.float32(height) / np.float32(out_height)
    sources = images.reshape(count, height, width * channels)
    targets = out.reshape(count, out_height, out_width * channels)
    for n in range(count):
        for y in range(out_height):
            row = sources[n, max(min(np.int64(np.floor((np.float32(y) + _HALF) * scale)), height - 1), 0)]
            target = targets[n, y]
            if channels == 3:
                for x in range(out_width):
                    start = column[x]
                    target[x * 3] = row[start]
                    target[x * 3 + 1] = row[start + 1]
                    target[x * 3 + 2] = row[start + 2]
            else:
                for x in range(out_width):
                    for c in range(channels):
                        target[x * channels + c] = row[column[x] + c]


@njit(nogil=True, cache=True)
def spans(images, row_starts, row_weights, column_starts, column_weights, out):
    """Weighted sums of spans of rows, then of spans of columns.

    Output row y is the sum over j of `row_weights[y, j] * input[row_starts[y] + j]`; what a span has beyond the edge is
    left out. `images` is uint8 or float32.
    """
    count, height, width, channels = images.shape
    out_height, out_width = out.shape[1], out.shape[2]
    if height == 0 or width == 0 or count != out.shape[0] or channels != out.shape[3]:
        return
    if row_starts.size != out_height or row_weights.shape[0] != out_height:
        return
    if column_starts.size != out_width or column_weights.shape[0] != out_width:
        return
    in_row = width * channels
    sources = images.reshape(count, height, in_row)
    held = np.empty(in_row, np.float32)
    for n in range(count):
        for y in range(out_height):
            start = min(max(row_starts[y], 0), height - 1)
            length = min(row_weights.shape[1], height - start)
            held[:] = _ZERO
            for j in range(length):
                weight = row_weights[y, j]
                if weight != _ZERO:
                    row = sources[n, start + j]
                    for i in range(in_row):
                        held[i] += weight * np.float32(row[i])
            for x in range(out_width):
                first = min(max(column_starts[x], 0), width - 1)
                length = min(column_weights.shape[1], width - first)
                if channels == 3:
                    red, green, blue = _ZERO, _ZERO, _ZERO
                    for j in range(length):
                        weight = column_weights[x, j]
                        place = (first + j) * 3
                        red += weight * held[place]
                        green += weight * held[place + 1]
                        blue += weight * held[place + 2]
                    out[n, y, x, 0], out[n, y, x, 1], out[n, y, x, 2] = red, green, blue
                else:
                    for c in range(channels):
                        total = _ZERO
                        for j in range(length):
                            total += column_weights[x, j] * held[(first + j) * channels + c]
                        out[n, y, x, c] = total


@njit(nogil=True, cache=True)
def _area_share(index, begin, end, scale):
    """How much of the input pixel `index` lies in [begin, end), an interval of length `scale`."""
    place, after = np.float32(index), np.float32(index + 1)
    if place < begin:
        return scale if after > end else after - begin
    return end - place if after > end else _ONE


@njit(nogil=True, cache=True)
def _add_area_row(row, starts, lasts, first_shares, last_shares, share, channels, out):
    """Adds one input row, summed over the columns of every output pixel and times `share`, to an output row."""
    if channels == 3:
        for x in range(starts.size):
            weight, last = first_shares[x], lasts[x]
            place = starts[x] * 3
            red = np.float32(row[place]) * weight
            green = np.float32(row[place + 1]) * weight
            blue = np.float32(row[place + 2]) * weight
            for j in range(starts[x] + 1, last):
                red += np.float32(row[j * 3])
                green += np.float32(row[j * 3 + 1])
                blue += np.float32(row[j * 3 + 2])
            if last > starts[x]:
                weight = last_shares[x]
                place = min(last * 3, row.size - 3)
                red += np.float32(row[place]) * weight
                green += np.float32(row[place + 1]) * weight
                blue += np.float32(row[place + 2]) * weight
            out[x * 3] += red * share
            out[x * 3 + 1] += green * share
            out[x * 3 + 2] += blue * share
        return
    for x in range(starts.size):
        for c in range(channels):
            total = np.float32(row[starts[x] * channels + c]) * first_shares[x]
            for j in range(starts[x] + 1, lasts[x]):
                total += np.float32(row[j * channels + c])
            if lasts[x] > starts[x]:
                total += np.float32(row[min(lasts[x] * channels, row.size - channels) + c]) * last_shares[x]
            out[x * channels + c] += total * share


@njit(nogil=True, cache=True)
def area(images, out):
    """The mean of the input pixels that an output pixel covers, by the share covered; uint8 or float32 in."""
    count, height, width, channels = images.shape
    out_height, out_width = out.shape[1], out.shape[2]
    if height == 0 or width == 0 or count != out.shape[0] or channels != out.shape[3]:
        return
    row_scale = np.float32(height) / np.float32(out_height)
    column_scale = np.float32(width) / np.float32(out_width)
    normalise = np.float32(1.0 / np.float64(row_scale * column_scale))
    starts, lasts = np.empty(out_width, np.int64), np.empty(out_width, np.int64)
    first_shares, last_shares = np.empty(out_width, np.float32), np.empty(out_width, np.float32)
    for x in range(out_width):
        begin, end = np.float32(x) * column_scale, np.float32(x + 1) * column_scale
        first, last = np.int64(np.floor(begin)), np.int64(np.ceil(end)) - 1
        first_shares[x] = _area_share(first, begin, end, column_scale)
        last_shares[x] = _area_share(last, begin, end, column_scale)
        # Rounding can put the last column one beyond the edge, where its share is next to nothing.
        starts[x], lasts[x] = min(max(first, 0), width - 1), min(last, width)
    sources = images.reshape(count, height, width * channels)
    targets = out.reshape(count, out_height, out_width * channels)
    for n in range(count):
        for y in range(out_height):
            target = targets[n, y]
            target[:] = _ZERO
            begin, end = np.float32(y) * row_scale, np.float32(y + 1) * row_scale
            for i in range(np.int64(np.floor(begin)), np.int64(np.ceil(end))):
                share = _area_share(i, begin, end, row_scale)
                row = sources[n, min(max(i, 0), height - 1)]
                _add_area_row(row, starts, lasts, first_shares, last_shares, share, channels, target)
            for i in range(target.size):
                target[i] *= normalise


@njit(nogil=True, cache=True)
def _crop_position(index, size, count, begin, end):
    if count > 1:
        scale = (end - begin) * np.float32(size - 1) / np.float32(count - 1)
        return begin * np.float32(size - 1) + np.float32(index) * scale
    return np.float32(0.5 * np.float64(begin + end) * np.float64(size - 1))


@njit(nogil=True, cache=True)
def _round_half_away(value):
    return np.int64(np.floor(np.float64(value) + 0.5))


@njit(nogil=True, cache=True)
def crop_and_resize(images, boxes, box_indices, by_nearest, fill, out):
    """Cuts boxes (y1, x1, y2, x2; 0..1 of the image) out of images and resizes each; `fill` stands outside."""
    count, height, width, channels = images.shape
    number, out_height, out_width = out.shape[0], out.shape[1], out.shape[2]
    if height == 0 or width == 0 or channels != out.shape[3] or boxes.shape[0] != number or boxes.shape[1] != 4:
        return
    for b in range(number):
        n = box_indices[b]
        if n < 0 or n >= count:
            continue
        for y in range(out_height):
            row = _crop_position(y, height, out_height, boxes[b, 0], boxes[b, 2])
            row_inside = row >= _ZERO and row <= np.float32(height - 1)
            for x in range(out_width):
                column = _crop_position(x, width, out_width, boxes[b, 1], boxes[b, 3])
                if not (row_inside and column >= _ZERO and column <= np.float32(width - 1)):
                    for c in range(channels):
                        out[b, y, x, c] = fill
                elif by_nearest:
                    near_row = min(_round_half_away(row), height - 1)
                    near_column = min(_round_half_away(column), width - 1)
                    for c in range(channels):
                        out[b, y, x, c] = np.float32(images[n, near_row, near_column, c])
                else:
                    top, left = np.int64(np.floor(row)), np.int64(np.floor(column))
                    bottom, right = min(np.int64(np.ceil(row)), height - 1), min(np.int64(np.ceil(column)), width - 1)
                    down, along = row - np.float32(top), column - np.float32(left)
                    for c in range(channels):
                        first = np.float32(images[n, top, left, c])
                        upper = first + (np.float32(images[n, top, right, c]) - first) * along
                        first = np.float32(images[n, bottom, left, c])
                        lower = first + (np.float32(images[n, bottom, right, c]) - first) * along
                        out[b, y, x, c] = upper + (lower - upper) * down
