"""Brightness, contrast, hue and saturation changed by a random amount, one draw a call.

Inside `map` the draw belongs to the element (see `feedline.random`); the `stateless_` functions draw from their seed
alone. The numbers drawn are not those of TensorFlow; their ranges are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError
from feedline.image.adjust import adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation
from feedline.image.as_image import as_number
from feedline.image.seeds import element_stream, stateless_stream, uniform
from feedline.random import Stream


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> np.ndarray:
    """Adds one random number of [-max_delta, max_delta) to every value; see `adjust_brightness`.

    Args:
        image: integers or floats, of any shape.
        max_delta: not negative; 1 is the dtype's full range.
        seed: a seed for this operation.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: `max_delta` is negative.
        DtypeError: the image holds neither integers nor floats.

    Example:
        >>> random_brightness(np.zeros((2, 2, 3), np.uint8), 0.1, seed=1).dtype
        dtype('uint8')
    """
    return adjust_brightness(image, _around_zero(max_delta, element_stream(seed)))


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> np.ndarray:
    """As `random_brightness`, always the same for the same `seed` of two ints.

    Args:
        image: integers or floats, of any shape.
        max_delta: not negative; 1 is the dtype's full range.
        seed: two ints.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: `max_delta` is negative, or `seed` is not two ints.
        DtypeError: the image holds neither integers nor floats.
    """
    return adjust_brightness(image, _around_zero(max_delta, stateless_stream(seed)))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> np.ndarray:
    """Changes the contrast by one random factor of [lower, upper); see `adjust_contrast`.

    Args:
        image: `(..., height, width, channels)`, integers or floats.
        lower: the lowest factor, not negative.
        upper: the bound above, larger than `lower`.
        seed: a seed for this operation.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: the bounds are out of order or negative.
        ShapeError: the image has fewer than three dimensions.
        DtypeError: the image holds neither integers nor floats.

    Example:
        >>> random_contrast(np.zeros((2, 2, 3), np.uint8), 0.8, 1.2, seed=1).max()
        np.uint8(0)
    """
    return adjust_contrast(image, _between(lower, upper, element_stream(seed)))


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> np.ndarray:
    """As `random_contrast`, always the same for the same `seed` of two ints.

    Args:
        image: `(..., height, width, channels)`, integers or floats.
        lower: the lowest factor, not negative.
        upper: the bound above, larger than `lower`.
        seed: two ints.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: the bounds are out of order or negative, or `seed` is not two ints.
        ShapeError: the image has fewer than three dimensions.
        DtypeError: the image holds neither integers nor floats.
    """
    return adjust_contrast(image, _between(lower, upper, stateless_stream(seed)))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> np.ndarray:
    """Changes the saturation by one random factor of [lower, upper); see `adjust_saturation`.

    Args:
        image: `(..., height, width, 3)`, integers or floats.
        lower: the lowest factor, not negative.
        upper: the bound above, larger than `lower`.
        seed: a seed for this operation.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: the bounds are out of order or negative.
        ShapeError: the image has not three channels.
        DtypeError: the image holds neither integers nor floats.

    Example:
        >>> random_saturation(np.zeros((2, 2, 3), np.uint8), 0.8, 1.2, seed=1).max()
        np.uint8(0)
    """
    return adjust_saturation(image, _between(lower, upper, element_stream(seed)))


def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> np.ndarray:
    """As `random_saturation`, always the same for the same `seed` of two ints.

    Args:
        image: `(..., height, width, 3)`, integers or floats.
        lower: the lowest factor, not negative.
        upper: the bound above, larger than `lower`.
        seed: two ints; the default, which is TensorFlow's, is an error there too.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: the bounds are out of order or negative, or `seed` is not two ints.
        ShapeError: the image has not three channels.
        DtypeError: the image holds neither integers nor floats.
    """
    return adjust_saturation(image, _between(lower, upper, stateless_stream(seed)))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> np.ndarray:
    """Turns the hue by one random number of [-max_delta, max_delta); see `adjust_hue`.

    Args:
        image: `(..., height, width, 3)`, integers or floats.
        max_delta: from 0 to 0.5; 1 would be a full turn.
        seed: a seed for this operation.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: `max_delta` is out of range.
        ShapeError: the image has not three channels.
        DtypeError: the image holds neither integers nor floats.

    Example:
        >>> random_hue(np.zeros((2, 2, 3), np.uint8), 0.2, seed=1).max()
        np.uint8(0)
    """
    return adjust_hue(image, _around_zero(max_delta, element_stream(seed), most=0.5))


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> np.ndarray:
    """As `random_hue`, always the same for the same `seed` of two ints.

    Args:
        image: `(..., height, width, 3)`, integers or floats.
        max_delta: from 0 to 0.5; 1 would be a full turn.
        seed: two ints.

    Returns:
        The same shape and dtype.

    Raises:
        ArgumentError: `max_delta` is out of range, or `seed` is not two ints.
        ShapeError: the image has not three channels.
        DtypeError: the image holds neither integers nor floats.
    """
    return adjust_hue(image, _around_zero(max_delta, stateless_stream(seed), most=0.5))


def _around_zero(max_delta: float, draws: Stream, most: float = float("inf")) -> float:
    bound = as_number(max_delta, "max_delta")
    if not 0 <= bound <= most:
        wanted = "not be negative" if most == float("inf") else f"be from 0 to {most}"
        raise ArgumentError(f"max_delta is {bound}; it must {wanted}.", fix="Use for example 0.1.")
    return uniform(draws, -bound, bound)


def _between(lower: float, upper: float, draws: Stream) -> float:
    low, high = as_number(lower, "lower"), as_number(upper, "upper")
    if not 0 <= low < high:
        raise ArgumentError(
            f"lower is {low} and upper is {high}; 0 <= lower < upper is wanted.", fix="Use for example 0.8 and 1.2."
        )
    return uniform(draws, low, high)
