"""`resize`: images of another height and width, by all methods of `tf.image.resize`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from feedline.buffers import POOL
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.image.as_image import as_image, is_floating
from feedline.image.spans import FILTERS, cubic_spans, filter_spans
from feedline.spec import dtype_name


class ResizeMethod:
    """The names of the methods of `resize`."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


METHODS = (*FILTERS, "nearest", "area")


def resize(
    images: Any,
    size: Any,
    method: str = ResizeMethod.BILINEAR,
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
    *,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Resizes an image, or a batch of images, with half-pixel centres.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integers or floats.
        size: two ints, the new height and width.
        method: a value of `ResizeMethod`.
        preserve_aspect_ratio: fits the image into `size` without distortion; one side may then come out shorter.
        antialias: widens the filter when the image shrinks; without effect on "nearest" and "area".
        name: ignored; here because `tf.image.resize` has it.
        out: an array in C order to write the result into.

    Returns:
        float32 of the same rank; "nearest" keeps the dtype.

    Raises:
        ShapeError: `images` is not 3-D or 4-D, or an image has no pixel.
        DtypeError: `images` holds strings or booleans.
        ArgumentError: `size` is not two positive ints, or there is no such method.

    The formulas are those of TensorFlow's ResizeBilinear, ResizeNearestNeighbor, ResizeBicubic, ResizeArea and
    ScaleAndTranslate ops; see `feedline/image/spans.py` for the filters' sources.

    Example:
        >>> image = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
        >>> resize(image, (2, 4))[..., 0]
        array([[0.  , 0.25, 0.75, 1.  ],
               [2.  , 2.25, 2.75, 3.  ]], dtype=float32)
        >>> resize(image, (2, 4), method="nearest")[..., 0]
        array([[0, 0, 1, 1],
               [2, 2, 3, 3]], dtype=uint8)
    """
    images = as_image(images, "images")
    if images.dtype.kind not in "iu" and not is_floating(images.dtype):
        raise DtypeError(
            f"resize works on integers or floats, and the images are {dtype_name(images.dtype)}.",
            fix='Convert them with feedline.cast(images, "float32").',
        )
    if method not in METHODS:
        raise ArgumentError(f"{method!r} is no resize method.", fix=f"Use one of {', '.join(METHODS)}.")
    height, width = as_size(size)
    if preserve_aspect_ratio:
        height, width = _fitted_size(images.shape[-3], images.shape[-2], height, width)
    shape = (*images.shape[:-3], height, width, images.shape[-1])
    dtype = images.dtype if method == "nearest" else np.dtype(np.float32)
    if out is None:
        out = POOL.empty(shape, np.dtype(dtype))
    elif not isinstance(out, np.ndarray):
        raise ArgumentError(f"out is {out!r}; an array is wanted.", fix="Make it with np.empty(shape, dtype).")
    elif out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous or not out.flags.writeable:
        raise ArgumentError(
            f"out has the shape {out.shape} and dtype {out.dtype}; {shape} and {dtype} in C order is wanted.",
            fix="Make it with np.empty(shape, dtype).",
        )
    if out.size:
        batch = images if images.ndim == 4 else images[np.newaxis]
        _resize_batch(batch, method, bool(antialias), out if out.ndim == 4 else out[np.newaxis])
    return out


ARITHMETIC = (np.add, np.subtract, np.multiply, np.true_divide)
"""What `resize_and_compute` can do, in the order of the numbers that `feedline.kernels.pointwise` has for it."""


def resize_and_compute(
    images: np.ndarray,
    size: Any,
    scale: float,
    what: np.ndarray,
    operands: np.ndarray,
    *,
    out: np.ndarray,
    flips: np.ndarray | None = None,
) -> np.ndarray:
    """Resizes images by the bilinear method, flips some, and does arithmetic on the result while it is in the cache.

    Args:
        images: uint8 `(batch, height, width, channels)`.
        size: two ints, the new height and width.
        scale: what each value is multiplied by, as float32, before.
        what: which arithmetic: uint8 `(k,)`, places in `ARITHMETIC`.
        operands: float32 `(k, new width * channels)`.
        out: float32 `(batch, new height, new width, channels)` in C order, to write the result into.
        flips: bool `(batch,)`: which images are flipped left to right, before the arithmetic; None for none.

    Raises:
        ShapeError: the arrays do not fit together.
    """
    from feedline.kernels.bilinear import bilinear

    if images.dtype != np.uint8 or images.ndim != 4 or 0 in images.shape:
        raise ShapeError(f"the images are {images.dtype} {images.shape}.", fix="Give a batch of uint8 images.")
    if out.shape != (len(images), *as_size(size), images.shape[3]) or not out.flags.c_contiguous:
        raise ShapeError(f"out has the shape {out.shape}.", fix="Give one for the new size.")
    if operands.shape != (len(what), out.shape[2] * out.shape[3]):
        raise ShapeError(f"the operands have the shape {operands.shape}.", fix="Give one for each value of a row.")
    if out.shape[1:3] == images.shape[1:3]:  # nothing is between two pixels
        np.multiply(images, np.float32(scale), out=out)
        if flips is not None:
            out[flips] = out[flips, :, ::-1]
        for code, operand in zip(what.tolist(), operands, strict=True):
            ARITHMETIC[code](out, operand.reshape(out.shape[2:]), out=out)
        return out
    turned = np.empty(0, np.uint8) if flips is None else flips.astype(np.uint8)
    bilinear(images, out, np.float32(scale), what, operands, turned)
    return out


@functools.lru_cache(maxsize=64)
def no_arithmetic(values: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns what tells the bilinear kernel to leave its results as they are, for rows of so many values."""
    return np.empty(0, np.uint8), np.empty((0, values), np.float32)


def as_size(size: Any, name: str = "size") -> tuple[int, int]:
    """Returns a height and width.

    Raises:
        ArgumentError: they are not two positive ints.
    """
    try:
        height, width = size
        lengths = (_as_length(height), _as_length(width))
    except (TypeError, ValueError):
        raise ArgumentError(
            f"{name} is {size!r}; two ints are wanted, the height and the width.", fix="Give for example (224, 224)."
        ) from None
    if min(lengths) <= 0 or max(lengths) >= 2**31:
        raise ArgumentError(
            f"{name} is {lengths}; a height and a width from 1 to {2**31 - 1} are wanted.",
            fix="Give for example (224, 224).",
        )
    return lengths


def _as_length(value: Any) -> int:
    length = int(value)
    if length != value or isinstance(value, float):
        raise ValueError(value)
    return length


def _fitted_size(height: int, width: int, max_height: int, max_width: int) -> tuple[int, int]:
    single = np.float32
    scale = min(single(max_height) / single(height), single(max_width) / single(width))
    fitted = int(np.rint(scale * single(height))), int(np.rint(scale * single(width)))
    if 0 in fitted:
        raise ArgumentError(
            f"an image of {height}x{width} fitted into {max_height}x{max_width} would be {fitted[0]}x{fitted[1]}: "
            "one side has no pixel.",
            fix="Give a larger size, or preserve_aspect_ratio=False.",
        )
    return fitted


def _resize_batch(images: np.ndarray, method: str, antialias: bool, out: np.ndarray) -> None:
    from feedline.kernels import resize as kernels
    from feedline.kernels.bilinear import bilinear

    if method == "nearest":
        bits = np.dtype(f"u{images.dtype.itemsize}")
        kernels.nearest(np.ascontiguousarray(images).view(bits), out.view(bits))
        return
    _, height, width, _ = images.shape
    out_height, out_width = out.shape[1:3]
    if method == "bilinear" and (height, width) == (out_height, out_width):
        out[...] = images
        return
    if images.dtype != np.uint8:
        images = images.astype(np.float32, copy=False)
    if method == "bilinear" and not antialias:
        bilinear(images, out, np.float32(1), *no_arithmetic(out_width * out.shape[3]))
        return
    images = np.ascontiguousarray(images)
    if method == "area":
        kernels.area(images, out)
    else:
        if method == "bicubic" and not antialias:
            rows, columns = cubic_spans(height, out_height), cubic_spans(width, out_width)
        else:
            rows = filter_spans(method, height, out_height, antialias)
            columns = filter_spans(method, width, out_width, antialias)
        kernels.spans(images, *rows, *columns, out)
