"""Per-pixel kernels of colour: scaling, table look-up, hue and saturation.

The order of the float32 operations is TensorFlow's. The hexagon of hues: A. R. Smith, "Color gamut transform pairs",
SIGGRAPH 1978.
"""

from __future__ import annotations

import numpy as np

from feedline.kernels.compile import BOOL, BYTES, CONSTANT_BYTES, FLOAT32, FLOATS, array, kernel

_PIXELS, _CONSTANT_PIXELS = array(FLOAT32, 2), array(FLOAT32, 2, constant=True)

_ZERO, _ONE, _TWO, _SIX = np.float32(0), np.float32(1), np.float32(2), np.float32(6)


@kernel((CONSTANT_BYTES, FLOAT32, FLOATS))
def scale_uint8(values, scale, out):
    """out = values * scale, in float32."""
    for i in range(min(values.size, out.size)):
        out[i] = np.float32(values[i]) * scale


@kernel((array(FLOAT32, constant=True), FLOAT32, BOOL, BYTES))
def float_to_uint8(values, scale, saturate, out):
    """out = values * scale, cut off; kept within 0..255, and NaN (without `saturate` also 2**31 and more) is 0."""
    top = np.float32(np.inf) if saturate else np.float32(2147483520)
    for i in range(min(values.size, out.size)):
        value = values[i] * scale
        value = value if value > _ZERO and value <= top else _ZERO
        out[i] = np.uint8(np.int32(value if value < np.float32(255) else np.float32(255)))


@kernel((CONSTANT_BYTES, BYTES, BYTES))
def look_up_uint8(values, table, out):
    """out = table[values], for a table of 256 entries."""
    if table.size != 256:
        return
    for i in range(min(values.size, out.size)):
        out[i] = table[values[i]]


@kernel((_CONSTANT_PIXELS, FLOAT32, _PIXELS))
def turn_hue(pixels, delta, out):
    """Turns the hue of RGB pixels `(n, 3)` by `delta` of a full turn; the largest and smallest channel stay."""
    turn = delta * _SIX
    for i in range(min(pixels.shape[0], out.shape[0])):
        red, green, blue = pixels[i, 0], pixels[i, 1], pixels[i, 2]
        # Six sectors of the colour hexagon; in each, one channel is highest, one lowest, one between.
        if red < green:
            if blue < red:
                sector, high, middle, low = 1, green, red, blue
            elif blue > green:
                sector, high, middle, low = 3, blue, green, red
            else:
                sector, high, middle, low = 2, green, blue, red
        elif blue < green:
            sector, high, middle, low = 0, red, green, blue
        elif blue > red:
            sector, high, middle, low = 4, blue, red, green
        else:
            sector, high, middle, low = 5, red, blue, green
        hue = _ZERO
        if high != low:
            share = (middle - low) / (high - low)
            hue = np.float32(sector) + (share if sector % 2 == 0 else _ONE - share)
        hue += turn
        if hue < _ZERO:
            hue += _SIX
        if hue >= _SIX:
            hue -= _SIX
        sector = np.int64(hue) if hue >= _ZERO and hue < _SIX else 5
        share = hue - np.float32(sector)
        if sector % 2 == 1:
            share = _ONE - share
        middle = low + share * (high - low)
        if sector == 0:
            red, green, blue = high, middle, low
        elif sector == 1:
            red, green, blue = middle, high, low
        elif sector == 2:
            red, green, blue = low, high, middle
        elif sector == 3:
            red, green, blue = low, middle, high
        elif sector == 4:
            red, green, blue = middle, low, high
        else:
            red, green, blue = high, low, middle
        out[i, 0], out[i, 1], out[i, 2] = red, green, blue


@kernel((_CONSTANT_PIXELS, FLOAT32, _PIXELS))
def scale_saturation(pixels, factor, out):
    """Multiplies the saturation of RGB pixels `(n, 3)` by `factor`, kept within 0..1."""
    for i in range(min(pixels.shape[0], out.shape[0])):
        red, green, blue = pixels[i, 0], pixels[i, 1], pixels[i, 2]
        value = max(red, max(green, blue))
        spread = value - min(red, min(green, blue))
        saturation = spread / value if value > _ZERO else _ZERO
        hue = _ZERO
        if spread > _ZERO:
            unit = _ONE / (_SIX * spread)
            if red == value:
                hue = unit * (green - blue)
            elif green == value:
                hue = np.float32(np.float64(unit * (blue - red)) + 2.0 / 6.0)
            else:
                hue = np.float32(np.float64(unit * (red - green)) + 4.0 / 6.0)
            if hue < _ZERO:
                hue += _ONE
        saturation = min(_ONE, max(_ZERO, saturation * factor))
        chroma = saturation * value
        base = value - chroma
        hue *= _SIX
        fold = hue
        if fold <= _ZERO:
            fold += _TWO
        for _ in range(3):
            if fold >= _TWO:
                fold -= _TWO
        between = chroma * (_ONE - abs(fold - _ONE))
        sector = np.int64(hue) if hue >= _ZERO and hue < np.float32(7) else 6
        red, green, blue = base, base, base
        if sector == 0 or sector == 5:
            red += chroma
        elif sector == 1 or sector == 4:
            red += between
        if sector == 1 or sector == 2:
            green += chroma
        elif sector == 0 or sector == 3:
            green += between
        if sector == 3 or sector == 4:
            blue += chroma
        elif sector == 2 or sector == 5:
            blue += between
        out[i, 0], out[i, 1], out[i, 2] = red, green, blue
