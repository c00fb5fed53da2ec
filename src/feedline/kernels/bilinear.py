"""Bilinear resampling, and the arithmetic on its result while that is still in the cache.

`bilinear` takes batches `(n, height, width, channels)` in C order and fills an `out` that the caller made. The order of
the float32 operations is TensorFlow's, so that results agree to the last bit. It trusts no index: positions are
computed here from the shapes and clamped to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

ADD, SUBTRACT, MULTIPLY, DIVIDE = range(4)
"""What `bilinear` can do to each value of its result."""

_HALF = np.float32(0.5)


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
def _interpolate(row, left, right, weight, channels, four_at_once, out):
    if channels == 1:
        _lerp_gray_row(row, left, right, weight, out)
    else:
        _lerp_row(row, left, right, weight, channels, four_at_once, out)


@njit(nogil=True, cache=True, error_model="numpy")  # without it, each division looks for a zero
def _compute_on(row, what, operands):
    """Does to each value of a row what is asked for, one operation after the other."""
    for k in range(what.size):
        operand = operands[k]
        if what[k] == ADD:
            for i in range(row.size):
                row[i] = row[i] + operand[i]
        elif what[k] == SUBTRACT:
            for i in range(row.size):
                row[i] = row[i] - operand[i]
        elif what[k] == MULTIPLY:
            for i in range(row.size):
                row[i] = row[i] * operand[i]
        else:
            for i in range(row.size):
                row[i] = row[i] / operand[i]


@njit(nogil=True, cache=True)
def bilinear(images, out, scale, what, operands):
    """Bilinear interpolation with half-pixel centres, and arithmetic on the result.

    Args:
        images: uint8 or float32.
        out: float32.
        scale: float32: what each value of the images is multiplied by before; 1 for nothing.
        what: uint8 `(k,)`: ADD, SUBTRACT, MULTIPLY or DIVIDE, in the order in which they are done.
        operands: float32 `(k, out_width * channels)`: what is added to the values of each row, and so on.
    """
    count, height, width, channels = images.shape
    out_height, out_width = out.shape[1], out.shape[2]
    if height == 0 or width == 0 or channels == 0 or count != out.shape[0] or channels != out.shape[3]:
        return
    if operands.shape[0] != what.size or (what.size and operands.shape[1] != out_width * channels):
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
    scaled = np.empty(in_row if scale != 1 else 0, np.float32)
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
                    if scale != 1:
                        for i in range(in_row):
                            scaled[i] = np.float32(sources[n, wanted, i]) * scale
                        _interpolate(scaled, left, right, weights, channels, four_at_once, place)
                    else:
                        _interpolate(sources[n, wanted], left, right, weights, channels, four_at_once, place)
                    if side == 0:
                        top_held = wanted
                    else:
                        bottom_held = wanted
            first_row, second_row, target = rows[top], rows[bottom], targets[n, y]
            weight = row_weights[y]
            for i in range(out_row):
                first = first_row[i]
                target[i] = first + (second_row[i] - first) * weight
            _compute_on(target, what, operands)
