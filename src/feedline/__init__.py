"""feedline: `tf.data` without TensorFlow.

The public names are `tf.data`'s, `tf.io`'s and `tf.image`'s. Importing this package loads NumPy and little else;
frameworks, Numba and codecs load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from feedline import errors, random
from feedline.dataset import Dataset
from feedline.nodes.base import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY
from feedline.options import Options
from feedline.ragged import RaggedTensor
from feedline.readers import CsvDataset, FixedLengthRecordDataset, TextLineDataset, TFRecordDataset
from feedline.sparse import SparseTensor
from feedline.spec import (
    RaggedTensorSpec,
    SparseTensorSpec,
    TensorSpec,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from feedline.spec import (
    bool_ as bool,
)

if TYPE_CHECKING:
    from feedline import datasets, experimental, image, io, keras, preprocess, train
    from feedline.array_ops import cast, one_hot
    from feedline.preprocess import Preprocess

__version__ = "0.1.0"

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "CsvDataset",
    "Dataset",
    "FixedLengthRecordDataset",
    "Options",
    "Preprocess",
    "RaggedTensor",
    "RaggedTensorSpec",
    "SparseTensor",
    "SparseTensorSpec",
    "TFRecordDataset",
    "TensorSpec",
    "TextLineDataset",
    "bool",
    "cast",
    "complex64",
    "complex128",
    "datasets",
    "double",
    "errors",
    "experimental",
    "float16",
    "float32",
    "float64",
    "half",
    "image",
    "int8",
    "int16",
    "int32",
    "int64",
    "io",
    "keras",
    "one_hot",
    "preprocess",
    "random",
    "string",
    "train",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

_LAZY_MODULES = ("datasets", "experimental", "image", "io", "keras", "preprocess", "train")
_LAZY_NAMES = {
    "Preprocess": "feedline.preprocess",
    "cast": "feedline.array_ops",
    "one_hot": "feedline.array_ops",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY_MODULES:
        return importlib.import_module(f"feedline.{name}")
    if name in _LAZY_NAMES:
        # Kept, so that it is looked for once: a user's function may ask for it with every element.
        return globals().setdefault(name, getattr(importlib.import_module(_LAZY_NAMES[name]), name))
    if name == "data":
        raise AttributeError("feedline has no 'data': what is in tf.data is here itself, as in feedline.Dataset")
    nearest = errors.nearest_name(name, __all__)
    hint = f"; did you mean feedline.{nearest}?" if nearest else ""
    raise AttributeError(f"feedline has no {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
