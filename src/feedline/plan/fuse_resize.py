"""Fusing: a bilinear resize, a random flip of its result and the arithmetic around it in one pass over memory.

`resize(image, size) / 255.0` would write the resized image, read it and write it again; for photos that is a good part
of what is not decoding. The kernel does the arithmetic on each row while that is in the cache, in the same order and
with the same rounding, so the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from feedline.image.resize import ARITHMETIC
from feedline.io.decode_jpeg import decode_window_of_jpeg
from feedline.plan.constant_operands import BYTE_SCALE, constant_operand, without_repeats
from feedline.plan.fuse_decode import jpeg_decoders
from feedline.plan.trace import Operation, Slot, Trace, Users, change_dtype, others_draw_between, slots_in

_LARGEST = 1e37
"""Beyond this NumPy might warn of an overflow, which the kernel does not."""


def fuse_resize(made: Trace, rule: Callable[..., Any]) -> Trace:
    """Returns a trace in which resizes of uint8 images also flip their results, and do the arithmetic on them.

    Args:
        made: the trace.
        rule: runs a fused resize; its arguments are the images, the size, the scale, what to do, the operands, and the
            operation that flips the results left to right; None for none.
    """
    import feedline

    users = Users(made)
    makers = {operation.results[0]: operation for operation in made.operations}
    samples = made.samples()
    fused: dict[int, Operation] = {}
    dropped: set[int] = set()

    for operation in made.operations:
        size = _size_of_plain_resize(operation, feedline.image.resize)
        if size is None:
            continue
        source, scale, scaling = operation.args[0], 1.0, None
        maker = makers.get(source.number)
        if maker is not None and maker.function is feedline.image.convert_image_dtype:
            alone = users.only_user(source.number) is operation and type(maker.args[0]) is Slot
            if not alone or maker.samples[0].dtype != np.float32:
                continue
            scaling, scale = maker, BYTE_SCALE
            source = maker.args[0]
        image = samples[source.number]
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.size == 0:
            continue
        codes, operands, flip, last, gone = _what_follows(operation, users, scale, made)
        maker, first = makers.get(source.number), scaling or operation
        decoded = maker is not None and maker.function in jpeg_decoders()
        crops = maker is not None and maker.function is feedline.io.decode_and_crop_jpeg
        if not codes and flip is None and scaling is None and not decoded and not crops:
            continue
        what = np.array(codes, np.uint8)
        _, width, channels = operation.samples[0].shape
        rows = np.array(operands, np.float32).reshape(len(codes), width * channels)
        dropped.update(gone)
        if scaling is not None:
            dropped.add(scaling.results[0])
        if maker is not None and crops and users.only_user(source.number) is first:
            fused[source.number] = replace(maker, function=decode_window_of_jpeg)  # taken from where it lies
        fused[last.results[0]] = replace(
            last,
            function=feedline.image.resize,
            rule=rule,
            args=(source, size, scale, what, rows, flip),
            kwargs={},
            named={},
        )
    if not fused:
        return made
    kept = (fused.get(operation.results[0], operation) for operation in made.operations)
    return replace(made, operations=tuple(one for one in kept if one.results[0] not in dropped))


def _size_of_plain_resize(operation: Operation, resize: Callable[..., Any]) -> Any:
    """Returns the size that an operation resizes to by the bilinear method alone; None where it does something else."""
    if operation.function is not resize or type(operation.args[0]) is not Slot or operation.samples[0].ndim != 3:
        return None
    named = operation.named
    plain = named.get("method", "bilinear") == "bilinear" and not named.get("antialias")
    if not plain or named.get("preserve_aspect_ratio") or slots_in((operation.args[1:], operation.kwargs)):
        return None
    return tuple(operation.samples[0].shape[:2])


def _what_follows(
    resize: Operation, users: Users, scale: float, made: Trace
) -> tuple[list[int], list[np.ndarray], Operation | None, Operation, list[int]]:
    """Returns what follows a resize: codes, operands, a flip, the last operation, and the slots that fall away."""
    import feedline

    codes: list[int] = []
    operands: list[np.ndarray] = []
    gone: list[int] = []
    flip: Operation | None = None
    last = resize
    shape = resize.samples[0].shape
    low, high = 0.0, 255.0 * scale
    while (user := users.only_user(last.results[0])) is not None:
        if user.function in (change_dtype, feedline.cast, feedline.image.convert_image_dtype):
            if user.samples[0].dtype != np.float32:
                break
            gone.append(last.results[0])  # it is float32 already
            last = user
            continue
        if user.function is feedline.image.random_flip_left_right:
            if codes or flip is not None or slots_in((user.args[1:], user.kwargs)) or type(user.args[0]) is not Slot:
                break
            flip = user
            gone.append(last.results[0])
            last = user
            continue
        operand = _operand_of_rows(user, shape)
        if operand is None:
            break
        bounds = [
            float(user.function(np.float64(end), np.float64(value)))
            for end in (low, high)
            for value in (operand.min(), operand.max())
        ]
        if not np.isfinite(bounds).all() or max(map(abs, bounds)) > _LARGEST:
            break
        low, high = min(bounds), max(bounds)
        codes.append(ARITHMETIC.index(user.function))
        operands.append(operand)
        gone.append(last.results[0])
        last = user
    if flip is not None and made.draws_vary and others_draw_between([resize, flip, last], made):
        return [], [], None, resize, []
    return codes, operands, flip, last, gone


def _operand_of_rows(operation: Operation, shape: tuple[int, ...]) -> np.ndarray | None:
    """Returns the constant in an operation on the resized image, for each value of a row; None where there is none."""
    value = constant_operand(operation, shape)
    value = None if value is None else without_repeats(value)
    if value is None or (value.ndim == 3 and value.shape[0] != 1):
        return None
    return np.ascontiguousarray(np.broadcast_to(value, (1, *shape[1:]))).reshape(-1)
