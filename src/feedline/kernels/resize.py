"""Resampling kernels: nearest, area, weighted spans, and crops that are resized; bilinear is in `bilinear.py`.

Every function takes batches `(n, height, width, channels)` in C order and fills an `out` that the caller made. The
order of the float32 operations is TensorFlow's, so that results agree to the last bit. No kernel trusts an index:
positions are computed here from the shapes and clamped to them. A kernel gets images as rows, of bytes or of floats;
the other is empty.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types

from feedline.kernels.compile import (
    BOOL,
    CONSTANT_BYTES,
    FLOAT32,
    FLOATS,
    INT64,
    INTS,
    array,
    constant,
    kernel,
    part,
    stay_apart,
)
from feedline.kernels.wire import address_of, load16, load32, load64, store16, store32, store64

_BYTE_ROWS, _FLOAT_ROWS, _INT_ROWS = array(types.uint8, 2), array(FLOAT32, 2), array(INT64, 2)
_SOURCE_BYTES, _SOURCE_FLOATS = array(types.uint8, 2, constant=True), array(FLOAT32, 2, constant=True)
_CONSTANT_INTS = array(INT64, constant=True)

_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)

_NO_BYTES, _NO_FLOATS = constant(np.empty((0, 0), np.uint8)), constant(np.empty((0, 0), np.float32))


def _rows(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows of images, `(n * height, width * channels)`, as bytes and as floats."""
    count, height, width, channels = images.shape
    rows = constant(images.reshape(count * height, width * channels))
    return (rows, _NO_FLOATS) if images.dtype == np.uint8 else (_NO_BYTES, rows)


def _fit(images: np.ndarray, out: np.ndarray) -> bool:
    return 0 not in images.shape and 0 not in out.shape and len(images) == len(out) and images.shape[3] == out.shape[3]


@part
def _near(position, scale, size):
    near = np.int64(math.floor((np.float32(position) + _HALF) * scale))
    near = near if near < size - 1 else size - 1
    return near if near > 0 else np.int64(0)


@kernel((_SOURCE_BYTES, _BYTE_ROWS, INT64, INT64, INT64, INT64, INT64, INTS))
def _nearest(sources, targets, height, out_height, width, out_width, pixel, columns):
    scale = np.float32(width) / np.float32(out_width)
    for x in range(out_width):
        columns[x] = _near(x, scale, width) * pixel
    scale = np.float32(height) / np.float32(out_height)
    for line in range(targets.shape[0]):
        y = line % out_height
        row = sources[line // out_height * height + _near(y, scale, height)]
        target = targets[line]
        source, place = address_of(row), address_of(target)
        if pixel == 1:
            for x in range(out_width):
                target[x] = row[columns[x]]
        elif pixel == 3:
            for x in range(out_width):
                start = columns[x]
                target[x * 3] = row[start]
                target[x * 3 + 1] = row[start + 1]
                target[x * 3 + 2] = row[start + 2]
        elif pixel == 4:
            for x in range(out_width):
                store32(place + 4 * x, load32(source + columns[x]))
        elif pixel == 2:
            for x in range(out_width):
                store16(place + 2 * x, load16(source + columns[x]))
        elif pixel == 6:
            for x in range(out_width):
                store32(place + 6 * x, load32(source + columns[x]))
                store16(place + 6 * x + 4, load16(source + columns[x] + 4))
        elif pixel == 8:
            for x in range(out_width):
                store64(place + 8 * x, np.int64(load64(source + columns[x])))
        elif pixel == 12:
            for x in range(out_width):
                store64(place + 12 * x, np.int64(load64(source + columns[x])))
                store32(place + 12 * x + 8, load32(source + columns[x] + 8))
        elif pixel % 8 == 0:
            for x in range(out_width):
                for at in range(0, pixel, 8):
                    store64(place + pixel * x + at, np.int64(load64(source + columns[x] + at)))
        else:
            for x in range(out_width):
                for at in range(pixel):
                    target[pixel * x + at] = row[columns[x] + at]


def nearest(images: np.ndarray, out: np.ndarray) -> None:
    """Nearest neighbour with half-pixel centres; both arrays are of one dtype."""
    if not _fit(images, out) or images.dtype != out.dtype:
        return
    (_, height, width, channels), (out_height, out_width) = images.shape, out.shape[1:3]
    pixel = channels * images.itemsize
    _nearest(
        constant(images.reshape(-1, width * channels).view(np.uint8)),
        out.reshape(-1, out_width * channels).view(np.uint8),
        *(height, out_height, width, out_width, pixel, np.empty(out_width, np.int64)),
    )


@part
def _add_row(row, weight, held):
    stay_apart()
    for i in range(row.size):
        held[i] += weight * np.float32(row[i])


@kernel(
    (
        *(_SOURCE_BYTES, _SOURCE_FLOATS, INT64, INT64, INT64, _FLOAT_ROWS, INT64, INT64),
        *(_CONSTANT_INTS, _SOURCE_FLOATS) * 2,
        FLOATS,
    )
)
def _spans(
    bytes_, floats, height, width, channels, out, out_height, out_width,
    row_starts, row_weights, column_starts, column_weights, held,
):  # fmt: skip
    for line in range(out.shape[0]):
        image = line // out_height
        y = line - image * out_height
        start = row_starts[y]
        start = 0 if start < 0 else (height - 1 if start > height - 1 else start)
        for i in range(held.size):
            held[i] = _ZERO
        for j in range(row_weights.shape[1]):
            weight = row_weights[y, j]
            if start + j < height and weight != _ZERO:
                if bytes_.size > 0:
                    _add_row(bytes_[image * height + start + j], weight, held)
                else:
                    _add_row(floats[image * height + start + j], weight, held)
        target = out[line]
        for x in range(out_width):
            first = column_starts[x]
            first = 0 if first < 0 else (width - 1 if first > width - 1 else first)
            length = column_weights.shape[1]
            length = width - first if length > width - first else length
            weights = column_weights[x]
            if channels == 3:
                red, green, blue = _ZERO, _ZERO, _ZERO
                for j in range(length):
                    weight = weights[j]
                    place = (first + j) * 3
                    red += weight * held[place]
                    green += weight * held[place + 1]
                    blue += weight * held[place + 2]
                target[x * 3], target[x * 3 + 1], target[x * 3 + 2] = red, green, blue
            else:
                for c in range(channels):
                    total = _ZERO
                    for j in range(length):
                        total += weights[j] * held[(first + j) * channels + c]
                    target[x * channels + c] = total


def spans(
    images: np.ndarray,
    row_starts: np.ndarray,
    row_weights: np.ndarray,
    column_starts: np.ndarray,
    column_weights: np.ndarray,
    out: np.ndarray,
) -> None:
    """Weighted sums of spans of rows, then of spans of columns.

    Output row y is the sum over j of `row_weights[y, j] * input[row_starts[y] + j]`; what a span has beyond the edge is
    left out. `images` is uint8 or float32, `out` float32.
    """
    (_, height, width, channels), (out_height, out_width) = images.shape, out.shape[1:3]
    if not _fit(images, out) or len(row_starts) != out_height or len(row_weights) != out_height:
        return
    if len(column_starts) != out_width or len(column_weights) != out_width:
        return
    _spans(
        *(*_rows(images), height, width, channels, out.reshape(-1, out_width * channels), out_height, out_width),
        *map(constant, (row_starts, row_weights, column_starts, column_weights)),
        np.empty(width * channels, np.float32),
    )


@part
def _area_share(index, begin, end, scale):
    """How much of the input pixel `index` lies in [begin, end), an interval of length `scale`."""
    place, after = np.float32(index), np.float32(index + 1)
    if place < begin:
        return scale if after > end else after - begin
    return end - place if after > end else _ONE


@part
def _add_area_row(row, places, shares, share, channels, count, out):
    """Adds one input row, summed over the columns of every output pixel and times `share`, to an output row."""
    stay_apart()
    starts, lasts, first_shares, last_shares = places[0], places[1], shares[0], shares[1]
    if channels == 3:
        for x in range(count):
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
                place = last * 3 if last * 3 < row.size - 3 else row.size - 3
                red += np.float32(row[place]) * weight
                green += np.float32(row[place + 1]) * weight
                blue += np.float32(row[place + 2]) * weight
            out[x * 3] += red * share
            out[x * 3 + 1] += green * share
            out[x * 3 + 2] += blue * share
        return
    for x in range(count):
        last = lasts[x] * channels if lasts[x] * channels < row.size - channels else row.size - channels
        for c in range(channels):
            total = np.float32(row[starts[x] * channels + c]) * first_shares[x]
            for j in range(starts[x] + 1, lasts[x]):
                total += np.float32(row[j * channels + c])
            if lasts[x] > starts[x]:
                total += np.float32(row[last + c]) * last_shares[x]
            out[x * channels + c] += total * share


@kernel((_SOURCE_BYTES, _SOURCE_FLOATS, INT64, INT64, INT64, _FLOAT_ROWS, INT64, INT64, _INT_ROWS, _FLOAT_ROWS))
def _area(bytes_, floats, height, width, channels, out, out_height, out_width, places, shares):
    row_scale = np.float32(height) / np.float32(out_height)
    column_scale = np.float32(width) / np.float32(out_width)
    normalise = np.float32(1.0 / np.float64(row_scale * column_scale))
    for x in range(out_width):
        begin, end = np.float32(x) * column_scale, np.float32(x + 1) * column_scale
        first, last = np.int64(math.floor(begin)), np.int64(math.ceil(end)) - 1
        shares[0, x] = _area_share(first, begin, end, column_scale)
        shares[1, x] = _area_share(last, begin, end, column_scale)
        # Rounding can put the last column one beyond the edge, where its share is next to nothing.
        places[0, x] = first if first < width - 1 else width - 1
        places[1, x] = last if last < width else width
    for line in range(out.shape[0]):
        image = line // out_height
        y = line - image * out_height
        target = out[line]
        for i in range(target.size):
            target[i] = _ZERO
        begin, end = np.float32(y) * row_scale, np.float32(y + 1) * row_scale
        for i in range(np.int64(math.floor(begin)), np.int64(math.ceil(end))):
            share = _area_share(i, begin, end, row_scale)
            source = image * height + (i if i < height - 1 else height - 1)
            if bytes_.size > 0:
                _add_area_row(bytes_[source], places, shares, share, channels, out_width, target)
            else:
                _add_area_row(floats[source], places, shares, share, channels, out_width, target)
        for i in range(target.size):
            target[i] *= normalise


def area(images: np.ndarray, out: np.ndarray) -> None:
    """The mean of the input pixels that an output pixel covers, by the share covered; uint8 or float32 in."""
    if not _fit(images, out):
        return
    (_, height, width, channels), (out_height, out_width) = images.shape, out.shape[1:3]
    _area(
        *(*_rows(images), height, width, channels, out.reshape(-1, out_width * channels), out_height, out_width),
        *(np.empty((2, out_width), np.int64), np.empty((2, out_width), np.float32)),
    )


@part
def _crop_position(index, size, count, begin, end):
    if count > 1:
        scale = (end - begin) * np.float32(size - 1) / np.float32(count - 1)
        return begin * np.float32(size - 1) + np.float32(index) * scale
    return np.float32(0.5 * np.float64(begin + end) * np.float64(size - 1))


@part
def _crop_row(values, image, height, width, channels, row, begin, end, by_nearest, fill, count, target):
    """Fills one output row of a crop; `row` is where it lies in the input, `begin` and `end` are the box's columns."""
    stay_apart()
    row_inside = row >= _ZERO and row <= np.float32(height - 1)
    # Half a pixel is rounded up, where positions are not negative.
    shift = 0.5 if by_nearest else 0.0
    top, bottom = np.int64(0), np.int64(0)
    if row_inside:
        top, bottom = np.int64(math.floor(np.float64(row) + shift)), np.int64(math.ceil(row))
        top = top if top < height - 1 else height - 1
        bottom = bottom if bottom < height - 1 else height - 1
    down = row - np.float32(top)
    above, below = (image * height + top) * width, (image * height + bottom) * width
    for x in range(count):
        column = _crop_position(x, width, count, begin, end)
        place = x * channels
        if not (row_inside and column >= _ZERO and column <= np.float32(width - 1)):
            for c in range(channels):
                target[place + c] = fill
            continue
        left, right = np.int64(math.floor(np.float64(column) + shift)), np.int64(math.ceil(column))
        left = left if left < width - 1 else width - 1
        right = right if right < width - 1 else width - 1
        along = column - np.float32(left)
        if by_nearest:
            for c in range(channels):
                target[place + c] = np.float32(values[(above + left) * channels + c])
            continue
        for c in range(channels):
            first = np.float32(values[(above + left) * channels + c])
            upper = first + (np.float32(values[(above + right) * channels + c]) - first) * along
            first = np.float32(values[(below + left) * channels + c])
            lower = first + (np.float32(values[(below + right) * channels + c]) - first) * along
            target[place + c] = upper + (lower - upper) * down


@kernel(
    (
        *(CONSTANT_BYTES, array(FLOAT32, constant=True), INT64, INT64, INT64, INT64, _SOURCE_FLOATS, _CONSTANT_INTS),
        *(BOOL, FLOAT32, _FLOAT_ROWS, INT64, INT64),
    )
)
def _crop_and_resize(
    bytes_, floats, count, height, width, channels, boxes, box_indices, by_nearest, fill, out, out_height, out_width
):
    for line in range(out.shape[0]):
        b = line // out_height
        n = box_indices[b]
        if n < 0 or n >= count:
            continue
        row = _crop_position(line - b * out_height, height, out_height, boxes[b, 0], boxes[b, 2])
        begin, end, target = boxes[b, 1], boxes[b, 3], out[line]
        if bytes_.size > 0:
            _crop_row(bytes_, n, height, width, channels, row, begin, end, by_nearest, fill, out_width, target)
        else:
            _crop_row(floats, n, height, width, channels, row, begin, end, by_nearest, fill, out_width, target)


def crop_and_resize(
    images: np.ndarray, boxes: np.ndarray, box_indices: np.ndarray, by_nearest: bool, fill: np.float32, out: np.ndarray
) -> None:
    """Cuts boxes (y1, x1, y2, x2; 0..1 of the image) out of images and resizes each; `fill` stands outside.

    `images` is uint8 or float32, the others float32 but for `box_indices`, int64.
    """
    (count, height, width, channels), (number, out_height, out_width) = images.shape, out.shape[:3]
    if 0 in images.shape or 0 in out.shape or channels != out.shape[3] or boxes.shape != (number, 4):
        return
    bytes_, floats = _rows(images)
    _crop_and_resize(
        *(bytes_.reshape(-1), floats.reshape(-1), count, height, width, channels),
        *(
            constant(boxes),
            constant(box_indices),
            by_nearest,
            fill,
            out.reshape(-1, out_width * channels),
            out_height,
            out_width,
        ),
    )
