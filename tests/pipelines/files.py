"""Files that random pipelines read, written when they are first asked for."""

from __future__ import annotations

import functools
import gzip
import os
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from pipelines.libraries import new_folder

import feedline as fl

_COMPRESS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "GZIP": gzip.compress, "ZLIB": zlib.compress}

TEXTS = [b"one\ntwo\nthree", b"", b"a\r\n\r\nbb\n", b"x" * 40 + b"\n\n", b"7\n-1\n0"]

TABLES = [
    b"n,text,x\n1,a,0.5\n2,,\n,c,-3\n",
    b'n,text,x\n10,"a, b",1e3\n-4,"say ""x""",0\n',
    b"n,text,x\n",
    b"n,text,x\n5,e,2.5\n6,f,NA\n7,g,4",
]


def text_files(compression: str, *numbers: int) -> list[str]:
    """Returns the names of files of lines."""
    return [_written("text", compression, TEXTS[number]) for number in numbers]


def csv_files(compression: str, *numbers: int) -> list[str]:
    """Returns the names of files of records, the first of which names the columns `n`, `text` and `x`."""
    return [_written("csv", compression, TABLES[number]) for number in numbers]


def byte_files(compression: str, *sizes: int) -> list[str]:
    """Returns the names of files of so many bytes."""
    return [_written("bytes", compression, bytes(number % 251 for number in range(size))) for size in sizes]


def fixed_files(record: int, header: int, footer: int, compression: str, *counts: int) -> list[str]:
    """Returns the names of files of so many records of one length, between a header and a footer."""
    return byte_files(compression, *(header + count * record + footer for count in counts))


@functools.cache
def record_file(compression: str, count: int) -> str:
    """Returns the name of a TFRecord file of Examples, in which words and values are some, or none."""
    path = os.path.join(_folder(), f"{count}{compression}.tfrecord")
    with fl.io.TFRecordWriter(path, compression) as writer:
        for number in range(count):
            values = np.arange(number % 3, dtype=np.float32) - 0.5
            feature = {
                "number": fl.train.Feature(int64_list=fl.train.Int64List(value=[number, -number])),
                "words": fl.train.Feature(bytes_list=fl.train.BytesList(value=[b"w" * n for n in range(number % 4)])),
                "values": fl.train.Feature(float_list=fl.train.FloatList(value=values)),
            }
            if number % 3:
                feature["more"] = fl.train.Feature(int64_list=fl.train.Int64List(value=[number]))
            example = fl.train.Example(features=fl.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return path


def record_files(compression: str, *counts: int) -> list[str]:
    """Returns the names of TFRecord files of so many Examples."""
    return [record_file(compression, count) for count in counts]


@functools.cache
def cut_file(count: int) -> str:
    """Returns the name of a TFRecord file whose last record is cut short."""
    path = record_file("", count) + ".cut"
    with open(record_file("", count), "rb") as whole, open(path, "wb") as file:
        file.write(whole.read()[:-5])
    return path


@functools.cache
def listed_folder() -> str:
    """Returns the name of a folder with text files, in folders of its own too."""
    folder = new_folder()
    for number, name in enumerate(["b.txt", "a.txt", "c.log", ".hidden.txt", "in/d.txt", "in/e.txt"]):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(TEXTS[number % len(TEXTS)])
    return folder


def parsed(lib: Any, record: Any) -> Any:
    """Returns the features of an Example: dense, sparse and ragged ones."""
    return lib.io.parse_single_example(
        record,
        {
            "number": lib.io.FixedLenFeature([2], lib.int64),
            "more": lib.io.FixedLenFeature([], lib.int64, default_value=-7),
            "words": lib.io.VarLenFeature(lib.string),
            "values": lib.io.RaggedFeature(lib.float32),
        },
    )


def numbers_of(lib: Any, record: Any) -> Any:
    """Returns a number and a sequence out of an Example."""
    features = {
        "number": lib.io.FixedLenFeature([2], lib.int64),
        "values": lib.io.FixedLenSequenceFeature([], lib.float32, allow_missing=True),
    }
    found = lib.io.parse_single_example(record, features)
    return found["values"], found["number"]


@functools.cache
def _folder() -> str:
    folder = new_folder()
    os.makedirs(folder)
    return folder


@functools.cache
def _written(kind: str, compression: str, content: bytes) -> str:
    path = os.path.join(_folder(), f"{kind}{compression}{_written.cache_info().misses}")
    with open(path, "wb") as file:
        file.write(_COMPRESS[compression](content))
    return path
