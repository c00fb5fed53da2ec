"""`tf.audio` by feedline."""

from __future__ import annotations

from typing import Any

from feedline import io
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import on_arrays

__all__ = ["decode_wav"]

decode_wav = on_arrays(io.decode_wav)


def __getattr__(name: str) -> Any:
    raise missing_name("tf.audio", name, __all__)
