"""Files, bytes and records: the functions of `tf.io`."""

from __future__ import annotations

from typing import Any

from feedline.errors import no_such_name
from feedline.io.decode_base64 import decode_base64, encode_base64
from feedline.io.decode_bmp import decode_bmp
from feedline.io.decode_compressed import decode_compressed
from feedline.io.decode_csv import decode_csv
from feedline.io.decode_gif import decode_gif
from feedline.io.decode_image import decode_image
from feedline.io.decode_jpeg import decode_and_crop_jpeg, decode_jpeg, extract_jpeg_shape, is_jpeg
from feedline.io.decode_npy import decode_npy
from feedline.io.decode_png import decode_png
from feedline.io.decode_raw import decode_padded_raw, decode_raw
from feedline.io.decode_wav import decode_wav
from feedline.io.decode_webp import decode_webp
from feedline.io.encode_jpeg import encode_jpeg
from feedline.io.encode_png import encode_png
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, RaggedFeature, SparseFeature, VarLenFeature
from feedline.io.matching_files import matching_files
from feedline.io.open_npz import open_npz
from feedline.io.parse_example import parse_example, parse_single_example
from feedline.io.parse_sequence_example import parse_sequence_example, parse_single_sequence_example
from feedline.io.read_file import read_file
from feedline.io.serialize_tensor import parse_tensor, serialize_tensor
from feedline.io.tfrecord_writer import TFRecordOptions, TFRecordWriter
from feedline.io.write_file import write_file

__all__ = [
    "FixedLenFeature",
    "FixedLenSequenceFeature",
    "RaggedFeature",
    "SparseFeature",
    "TFRecordOptions",
    "TFRecordWriter",
    "VarLenFeature",
    "decode_and_crop_jpeg",
    "decode_base64",
    "decode_bmp",
    "decode_compressed",
    "decode_csv",
    "decode_gif",
    "decode_image",
    "decode_jpeg",
    "decode_npy",
    "decode_padded_raw",
    "decode_png",
    "decode_raw",
    "decode_wav",
    "decode_webp",
    "encode_base64",
    "encode_jpeg",
    "encode_png",
    "extract_jpeg_shape",
    "is_jpeg",
    "matching_files",
    "open_npz",
    "parse_example",
    "parse_sequence_example",
    "parse_single_example",
    "parse_single_sequence_example",
    "parse_tensor",
    "read_file",
    "serialize_tensor",
    "write_file",
]

INSTEAD = {
    "decode_json_example": "build the tf.train.Example from what json.loads gives",
    "decode_jxl": "convert the files to PNG or JPEG",
    "decode_proto": "use the message's own Python class in a function given to map",
    "deserialize_many_sparse": "write the values as a feature of a tf.train.Example, and read it as VarLenFeature",
    "encode_proto": "use the message's own Python class in a function given to map",
    "gfile": "use pathlib and glob, or feedline.compat.tf, which has tf.io.gfile for files of this machine",
    "match_filenames_once": "use matching_files, or Dataset.list_files",
    "read_npy": "use decode_npy(read_file(name))",
    "serialize_many_sparse": "write the values as a feature of a tf.train.Example, and read it as VarLenFeature",
    "serialize_sparse": "write the values as a feature of a tf.train.Example, and read it as VarLenFeature",
    "write_graph": "there are no graphs here: functions run as they are called",
}


def __getattr__(name: str) -> Any:
    raise no_such_name("feedline.io", name, __all__, INSTEAD)
