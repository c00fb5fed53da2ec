"""A name of `feedline.io` beside the same name of `tf.io`."""

from __future__ import annotations

import itertools

import tensorflow as tf
from grids.compare import compare

from feedline import io


def check(name: str, *cases, **options) -> None:
    theirs = options.pop("theirs", None) or getattr(tf.io, name)
    compare(options.pop("ours", getattr(io, name)), theirs, itertools.chain(*cases), **options)


def named(names: str, *rows: tuple) -> list[dict]:
    return [dict(zip(names.split(), row, strict=True)) for row in rows]
