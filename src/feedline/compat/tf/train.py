"""`tf.train` by feedline: the messages that hold data."""

from __future__ import annotations

from typing import Any

from feedline import train
from feedline.compat.tf.missing import missing_name
from feedline.train import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)

__all__ = [
    "BytesList",
    "Example",
    "Feature",
    "FeatureList",
    "FeatureLists",
    "Features",
    "FloatList",
    "Int64List",
    "SequenceExample",
]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.train", name, train.__all__)
