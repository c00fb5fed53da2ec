"""Resampling kernels: nearest, area, weighted spans, and crops that are resized; bilinear is in `bilinear.py`.

Every kernel takes batches `(n, height, width, channels)` in C order and fills an `out` that the caller made. The order
of the float32 operations is TensorFlow's, so that results agree to the last bit. No kernel trusts an index: positions
are computed here from the shapes and clamped to them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)


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
