"""`tf.io` by feedline: the functions of `feedline.io`, given and giving tensors."""

from __future__ import annotations

from typing import Any

from feedline import io
from feedline.compat.tf import gfile
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import on_arrays

_NOT_HERE = {"decode_padded_raw", "decode_wav", "open_npz"}
"""What TensorFlow has in another module, under another name alone, or not at all and which gives no tensors."""

__all__ = [*(name for name in io.__all__ if name not in _NOT_HERE), "gfile"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise missing_name("tf.io", name, __all__)
    found = getattr(io, name)
    covered = found if isinstance(found, type) else on_arrays(found)
    globals()[name] = covered
    return covered


def __dir__() -> list[str]:
    return sorted(__all__)
