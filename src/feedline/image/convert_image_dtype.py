"""`convert_image_dtype`: another dtype, with the values scaled to its range."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.array_ops import cast
from feedline.errors import DtypeError
from feedline.image.as_image import as_numbers, is_floating, needs_numbers
from feedline.spec import as_dtype, dtype_name


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> np.ndarray:
    """Converts an image to another dtype and scales its values to that dtype's range.

    Floats stand for 0..1, integers for 0..MAX of their dtype. Integer to float divides by MAX; float to integer
    multiplies by MAX + 0.5 and cuts off; integer to integer divides or multiplies by a power of two.

    Args:
        image: an array of integers or floats, of any shape.
        dtype: an integer or float dtype.
        saturate: clips to the new dtype's range before the cast. Without it values beyond the range wrap round, or
            become what `feedline.cast` says. (TensorFlow's own clipping overflows for 64-bit integers; this does not.)
        name: ignored; here because `tf.image.convert_image_dtype` has it.

    Returns:
        The converted image, of the same shape; the same array where it has that dtype already.

    Raises:
        DtypeError: the image or `dtype` is neither integer nor float.

    Example:
        >>> image = np.array([[[0, 127, 255]]], np.uint8)
        >>> convert_image_dtype(image, "float32")
        array([[[0.        , 0.49803925, 1.        ]]], dtype=float32)
        >>> convert_image_dtype(np.array([[[0.5, 1.2]]], np.float32), "uint8", saturate=True)
        array([[[127, 255]]], dtype=uint8)
    """
    array = as_numbers(image)
    target = as_dtype(dtype)
    if not is_floating(target) and target.kind not in "iu":
        raise DtypeError(
            f"convert_image_dtype makes integers or floats, not {dtype_name(target)}.",
            fix='Use a dtype such as "float32" or "uint8".',
        )
    needs_numbers(array, "convert_image_dtype")
    if array.dtype == target:
        return array
    with np.errstate(all="ignore"):
        if is_floating(array.dtype):
            if is_floating(target):
                return cast(array, target)
            if array.dtype == np.float32 and target == np.uint8:
                from feedline.kernels.color import float_to_uint8
                from feedline.kernels.compile import constant

                whole = np.empty(array.shape, np.uint8)
                values = constant(np.ascontiguousarray(array).reshape(-1))
                float_to_uint8(values, np.float32(255.5), bool(saturate), whole.reshape(-1))
                return whole
            scaled = array * array.dtype.type(np.iinfo(target).max + 0.5)
            return saturate_cast(scaled, target) if saturate else cast(scaled, target)
        if is_floating(target):
            if array.dtype == np.uint8 and target == np.float32:
                from feedline.kernels.color import scale_uint8
                from feedline.kernels.compile import constant

                scaled = np.empty(array.shape, np.float32)
                values = constant(np.ascontiguousarray(array).reshape(-1))
                scale_uint8(values, np.float32(1 / 255), scaled.reshape(-1))
                return scaled
            scaled = array.astype(target)
            scaled *= target.type(1.0 / np.iinfo(array.dtype).max)
            return scaled
        return _between_integers(array, target, saturate)


def _between_integers(array: np.ndarray, target: np.dtype, saturate: bool) -> np.ndarray:
    largest, target_largest = int(np.iinfo(array.dtype).max), int(np.iinfo(target).max)
    convert = saturate_cast if saturate else cast
    if largest > target_largest:
        return convert(array // array.dtype.type((largest + 1) // (target_largest + 1)), target)
    return convert(array, target) * target.type((target_largest + 1) // (largest + 1))


def saturate_cast(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Casts to an integer dtype, with what lies beyond its range set to the nearest value in it; NaN as `cast`."""
    lowest, highest = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    own = array.dtype
    if own.kind in "iu":
        limits = np.iinfo(own)
        return np.clip(array, max(lowest, int(limits.min)), min(highest, int(limits.max))).astype(dtype)
    low, high = (_bound_within(bound, own) for bound in (lowest, highest))
    return cast(np.clip(array, low, high), dtype)


def _bound_within(bound: int, dtype: np.dtype) -> np.generic:
    """Returns the float nearest to an integer that is no further from 0 than it is."""
    largest = 65504.0 if dtype.itemsize == 2 and dtype.kind == "f" else 3.3e38
    value = dtype.type(np.clip(float(bound), -largest, largest))
    if abs(int(value)) > abs(bound):
        value = np.nextafter(value, dtype.type(0))
    return value
