"""`tf.autograph` by feedline: decorators that have nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedline.compat.tf.missing import missing_name

__all__ = ["experimental"]


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Returns the function that it decorates, as it is."""
    return (lambda decorated: decorated) if func is None else func


class experimental:
    """`tf.autograph.experimental`."""

    do_not_convert = staticmethod(do_not_convert)


def __getattr__(name: str) -> Any:
    raise missing_name("tf.autograph", name, __all__)
