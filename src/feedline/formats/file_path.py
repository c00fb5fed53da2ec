"""File names, as users give them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from feedline.errors import DtypeError, ShapeError, with_article
from feedline.formats.stores import local_name


def as_path(filename: Any, function: str) -> str:
    """Returns a file's name as `str`: a path on this machine, also where it was given as `file://`, or one in a store.

    Args:
        filename: `str`, `bytes`, a path object, or a scalar array or tensor of one string.
        function: the public function's name, for messages.

    Raises:
        DtypeError: it is none of these.
        ShapeError: it is an array of several names.
    """
    if isinstance(filename, str | bytes | os.PathLike):
        return local_name(os.fsdecode(filename))
    if not isinstance(filename, np.ndarray) and hasattr(filename, "numpy"):
        filename = filename.numpy()
        if isinstance(filename, bytes):
            return local_name(os.fsdecode(filename))
    if isinstance(filename, np.ndarray):
        if filename.shape == ():
            return as_path(filename.item(), function)
        raise ShapeError(
            f"{function} takes one file name; it was given an array of shape {filename.shape}.",
            fix=f"Call it on each name: ds.map(fl.io.{function}) before the batch.",
        )
    raise DtypeError(
        f"{function} takes a file name; it was given {with_article(type(filename).__name__)}.",
        fix="Pass a str, bytes or pathlib.Path.",
    )
