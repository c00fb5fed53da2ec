"""Fusing: the decoding of a JPEG and the resize of its pixels, photo after photo.

Photos are of many sizes, so their pixels make no block. Between the two, each would go through all that a block of one
row takes; here it goes from the one straight to the other, and what comes out are the rows of a block again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from feedline.io.decode_jpeg import decode_window_of_jpeg
from feedline.plan.trace import Operation, Slot, Trace, Users


def jpeg_decoders() -> tuple[Callable[..., Any], ...]:
    """Returns the functions that decode JPEGs, one at a time."""
    import feedline

    return feedline.io.decode_jpeg, feedline.io.decode_image, decode_window_of_jpeg


def fuse_decode(
    made: Trace, is_call_by_row: Callable[[Operation], bool], fused_resize: Callable[..., Any], rule: Callable[..., Any]
) -> Trace:
    """Returns a trace in which JPEGs are decoded by the operation that resizes them.

    Args:
        made: the trace, its resizes fused.
        is_call_by_row: says whether an operation calls its function for each row.
        fused_resize: what runs a fused resize.
        rule: runs both; the function is the decoder, and the arguments are its arguments, its named ones, those of the
            fused resize but for the images, and the shape that each image must have, None for any.
    """
    decoders = jpeg_decoders()
    users = Users(made)
    samples = made.samples()
    makers = {operation.results[0]: operation for operation in made.operations}
    fused: dict[int, Operation] = {}
    dropped: set[int] = set()
    for operation in made.operations:
        if operation.rule is not fused_resize:
            continue
        source, *resize = operation.args
        maker = makers.get(source.number)
        if maker is None or maker.function not in decoders or not is_call_by_row(maker):
            continue
        if users.only_user(source.number) is not operation or not any(type(each) is Slot for each in maker.args):
            continue
        shape = None if made.of_any_shape else np.shape(samples[source.number])
        args = (maker.args, maker.kwargs, *resize, shape)
        fused[operation.results[0]] = replace(operation, function=maker.function, rule=rule, args=args)
        dropped.add(source.number)
    if not fused:
        return made
    kept = (fused.get(operation.results[0], operation) for operation in made.operations)
    return replace(made, operations=tuple(one for one in kept if one.results[0] not in dropped))
