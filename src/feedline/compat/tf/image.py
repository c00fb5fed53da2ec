"""`tf.image` by feedline: the functions of `feedline.image`, given and giving tensors."""

from __future__ import annotations

from typing import Any

from feedline import image
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import on_arrays

__all__ = list(image.__all__)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise missing_name("tf.image", name, __all__)
    found = getattr(image, name)
    covered = found if isinstance(found, type) else on_arrays(found)
    globals()[name] = covered
    return covered


def __dir__() -> list[str]:
    return sorted(__all__)
