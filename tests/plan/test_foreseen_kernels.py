"""Which large kernels functions are seen to need before they are called."""

from __future__ import annotations

import functools

import pytest

import feedline as fl
from feedline.plan.foreseen_kernels import foreseen_kernels


def halved(value):
    return fl.cast(value, fl.float32) / 2


def resized(value):
    return fl.image.resize(halved(value), (3, 3))


class Parsing:
    def __call__(self, record):
        return fl.io.parse_single_example(record, {"a": fl.io.FixedLenFeature([], fl.int64)})["a"]

    def png(self, record):
        return [fl.io.decode_png(each) for each in (record,)]


def within(function):
    return lambda value: function(value)


@pytest.mark.parametrize(
    ("function", "modules"),
    [
        (lambda value: value + 1, []),
        (halved, ["pointwise"]),
        (within(halved), ["pointwise"]),
        (resized, ["bilinear"]),  # whose kernel does the arithmetic, too
        (functools.partial(resized), ["bilinear"]),
        (Parsing(), ["example"]),
        (Parsing().png, ["plain_png", "unfilter"]),
        (fl.io.decode_png, ["plain_png", "unfilter"]),
        (len, []),
    ],
)
def test_names_in_code_tell(function, modules) -> None:
    assert foreseen_kernels([function]) == modules


def test_all_functions_are_looked_at() -> None:
    functions = [Parsing(), Parsing().png, lambda image: resized(image) is None]
    assert foreseen_kernels(functions) == ["plain_png", "example", "bilinear", "unfilter"]


def test_functions_that_refer_to_themselves_end() -> None:
    def again(value):
        return again(value) if value else within(again)

    assert foreseen_kernels([again]) == []
