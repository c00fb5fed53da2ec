"""Files, bytes and records: the functions of `tf.io`, loaded on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_MODULES = {
    "FixedLenFeature": "features",
    "FixedLenSequenceFeature": "features",
    "RaggedFeature": "features",
    "SparseFeature": "features",
    "TFRecordOptions": "tfrecord_writer",
    "TFRecordWriter": "tfrecord_writer",
    "VarLenFeature": "features",
    "decode_and_crop_jpeg": "decode_jpeg",
    "decode_bmp": "decode_bmp",
    "decode_gif": "decode_gif",
    "decode_image": "decode_image",
    "decode_jpeg": "decode_jpeg",
    "decode_npy": "decode_npy",
    "decode_png": "decode_png",
    "decode_raw": "decode_raw",
    "encode_jpeg": "encode_jpeg",
    "encode_png": "encode_png",
    "extract_jpeg_shape": "decode_jpeg",
    "is_jpeg": "decode_jpeg",
    "matching_files": "matching_files",
    "parse_example": "parse_example",
    "parse_sequence_example": "parse_sequence_example",
    "parse_single_example": "parse_example",
    "parse_single_sequence_example": "parse_sequence_example",
    "parse_tensor": "serialize_tensor",
    "read_file": "read_file",
    "serialize_tensor": "serialize_tensor",
    "write_file": "write_file",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is not None:
        value = getattr(importlib.import_module(f"feedline.io.{module}"), name)
        globals()[name] = value
        return value
    from feedline.errors import nearest_name

    nearest = nearest_name(name, _MODULES)
    raise AttributeError(f"feedline.io has no {name!r}" + (f"; did you mean feedline.io.{nearest}?" if nearest else ""))


def __dir__() -> list[str]:
    return __all__
