"""`tf.image` by feedline: the functions of `feedline.image`, and those of `feedline.io` for images."""

from __future__ import annotations

from typing import Any

from feedline import image, io
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import on_arrays

_FROM_IO = {
    "decode_and_crop_jpeg", "decode_bmp", "decode_gif", "decode_image", "decode_jpeg", "decode_png", "encode_jpeg",
    "encode_png", "extract_jpeg_shape", "is_jpeg",
}  # fmt: skip

__all__ = [*image.__all__, *sorted(_FROM_IO)]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise missing_name("tf.image", name, __all__)
    found = getattr(io if name in _FROM_IO else image, name)
    covered = found if isinstance(found, type) else on_arrays(found)
    globals()[name] = covered
    return covered


def __dir__() -> list[str]:
    return sorted(__all__)
