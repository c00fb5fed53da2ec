"""`tf.io` by feedline: the functions of `feedline.io`, given and giving tensors."""

from __future__ import annotations

from typing import Any

from feedline import io
from feedline.compat.tf import gfile
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import on_arrays

__all__ = [*io.__all__, "gfile"]


def __getattr__(name: str) -> Any:
    if name not in io.__all__:
        raise missing_name("tf.io", name, __all__)
    found = getattr(io, name)
    covered = found if isinstance(found, type) else on_arrays(found)
    globals()[name] = covered
    return covered


def __dir__() -> list[str]:
    return sorted(__all__)
