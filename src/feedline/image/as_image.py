"""What every function of `feedline.image` does first: its input becomes an array that it can work on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedline.array_ops import as_array
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import dtype_name

_DECODE_FIX = "Decode the image first, with feedline.io.decode_image, decode_jpeg or decode_png."


def as_numbers(value: Any, name: str = "image") -> np.ndarray:
    """Returns an array of numbers; Python's become float32, int32 or bool, as in TensorFlow.

    Raises:
        DtypeError: the value is a string or bytes.
        ShapeError: the value is a list of arrays whose shapes differ.
    """
    array = as_array(value, name)
    if array.dtype.kind in "SUO":
        held = type(array.flat[0]).__name__ if array.size else "strings"
        raise DtypeError(f"{name} holds {held}, not numbers.", fix=_DECODE_FIX)
    return array


def as_image(value: Any, name: str = "image", ranks: Sequence[int] | None = (3, 4)) -> np.ndarray:
    """Returns an array that holds at least one pixel.

    Args:
        value: anything that NumPy can make an array of.
        name: the argument's name, for messages.
        ranks: the allowed numbers of dimensions; None for three and more.

    Raises:
        DtypeError: the value holds strings or bytes.
        ShapeError: the number of dimensions is another, or one of the last three lengths is 0.
    """
    array = as_numbers(value, name)
    if (array.ndim not in ranks) if ranks else (array.ndim < 3):
        wanted = " or ".join(f"{rank}-D" for rank in ranks) if ranks else "3-D or more"
        raise ShapeError(
            f"{name} has the shape {array.shape}; {wanted} is wanted: (height, width, channels), or a batch of these.",
            fix=_rank_fix(array.ndim),
        )
    if 0 in array.shape[-3:]:
        raise ShapeError(
            f"{name} has the shape {array.shape}: an image without a pixel.",
            fix="Leave empty images out, for example with Dataset.filter.",
        )
    return array


def _rank_fix(rank: int) -> str:
    if rank == 2:
        return (
            "Add the channels with image[..., np.newaxis]; an image decoded by feedline.io.decode_image has the "
            "shape (height, width, channels)."
        )
    return "An image decoded by feedline.io.decode_image has the shape (height, width, channels)."


def is_floating(dtype: np.dtype) -> bool:
    """Says whether a dtype is of floating point, bfloat16 included."""
    return dtype.kind == "f" or dtype.name == "bfloat16"


def needs_numbers(array: np.ndarray, operation: str, *, floating: bool = False) -> None:
    """Raises unless an array holds integers or floats (with `floating`: floats).

    Raises:
        DtypeError: it does not.
    """
    if is_floating(array.dtype) or (array.dtype.kind in "iu" and not floating):
        return
    wanted = "floats" if floating else "integers or floats"
    raise DtypeError(
        f"{operation} works on {wanted}, and the image is {dtype_name(array.dtype)}.",
        fix='Convert it with feedline.image.convert_image_dtype(image, "float32").'
        if array.dtype.kind in "iu"
        else 'Convert it with feedline.cast(image, "float32").',
    )


def needs_channels(array: np.ndarray, wanted: int, operation: str) -> None:
    """Raises unless the last dimension has `wanted` channels.

    Raises:
        ShapeError: it has not.
    """
    if array.ndim == 0 or array.shape[-1] != wanted:
        fix = (
            "Turn a grey image into RGB with feedline.image.grayscale_to_rgb."
            if array.ndim and array.shape[-1] == 1
            else f"Pick the channels with image[..., :{wanted}], or decode with channels={wanted}."
        )
        raise ShapeError(f"{operation} wants {wanted} channel(s), and the image has the shape {array.shape}.", fix=fix)


def as_count(value: Any, name: str, least: int = 0) -> int:
    """Returns a whole number of at least `least`.

    Raises:
        ArgumentError: the value is no whole number, or is too small.
    """
    array = np.asarray(value)
    if array.ndim != 0 or array.dtype.kind not in "iu":
        raise ArgumentError(f"{name} is {value!r}; a whole number is wanted.", fix=f"Give {name} as an int.")
    if array < least:
        raise ArgumentError(f"{name} is {int(array)}; at least {least} is wanted.", fix=f"Give a larger {name}.")
    return int(array)


def as_number(value: Any, name: str) -> float:
    """Returns a number.

    Raises:
        ArgumentError: the value is none, or is an array of several.
    """
    array = np.asarray(value)
    if array.ndim != 0 or array.dtype.kind not in "iuf":
        raise ArgumentError(f"{name} is {value!r}; one number is wanted.", fix=f"Give {name} as a float.")
    return float(array)
