"""The constants in arithmetic that is fused: what the kernels take them for."""

from __future__ import annotations

import numpy as np

from feedline.image.resize import ARITHMETIC
from feedline.plan.trace import Operation, Slot

BYTE_SCALE = 1 / 255
"""What uint8 images are multiplied by when they are made floats of 0..1."""

_EITHER_ORDER = (np.add, np.multiply)


def constant_operand(operation: Operation, shape: tuple[int, ...]) -> np.ndarray | None:
    """Returns the constant in arithmetic on a float32 array, as float32; None where there is none, or NumPy might warn.

    Args:
        operation: what may be such arithmetic.
        shape: the shape of the array, which the result must have too.
    """
    if operation.function not in ARITHMETIC or operation.kwargs or len(operation.args) != 2:
        return None
    sample = operation.samples[0]
    if sample.dtype != np.float32 or sample.shape != shape:
        return None
    first, second = operation.args
    if type(first) is not Slot and operation.function in _EITHER_ORDER:
        first, second = second, first
    if type(first) is not Slot or not isinstance(second, int | float | np.generic | np.ndarray):
        return None
    value = np.asarray(second, np.float32 if isinstance(second, int | float) else None)
    if value.dtype.kind not in "biuf" or value.ndim > len(shape):
        return None
    value = value.astype(np.float32)
    if not np.isfinite(value).all() or (operation.function is np.true_divide and (np.abs(value) < 1e-30).any()):
        return None
    return value


def without_repeats(operand: np.ndarray) -> np.ndarray:
    """Returns an operand with a length of 1 wherever it is the same all along: a mean repeated for every pixel."""
    for axis, length in enumerate(operand.shape):
        first = np.take(operand, [0], axis) if length > 1 else operand
        if length > 1 and (operand.view(np.int32) == first.view(np.int32)).all():
            operand = first
    return operand
