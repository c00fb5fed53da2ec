"""The two libraries, with the few array functions that the pipelines' functions need."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from typing import Any

import numpy as np

import feedline as fl

_ROOT = tempfile.mkdtemp(prefix="feedline-pipelines-")
_NUMBERS = itertools.count()
atexit.register(shutil.rmtree, _ROOT, True)


def new_folder() -> str:
    """Returns the name of a folder that is not there yet; all of them are removed in the end."""
    return f"{_ROOT}/{next(_NUMBERS)}"


def tensorflow() -> Any:
    """Returns what a pipeline needs of TensorFlow."""
    import tensorflow as tf

    class Tf:
        name = "tf"
        Dataset = tf.data.Dataset
        AUTOTUNE = tf.data.AUTOTUNE
        TensorSpec = tf.TensorSpec
        RaggedTensorSpec = tf.RaggedTensorSpec
        SparseTensorSpec = tf.SparseTensorSpec
        TextLineDataset = tf.data.TextLineDataset
        FixedLengthRecordDataset = tf.data.FixedLengthRecordDataset
        TFRecordDataset = tf.data.TFRecordDataset
        CsvDataset = tf.data.experimental.CsvDataset
        io = tf.io
        int64, float32 = tf.int64, tf.float32
        Options = tf.data.Options
        string = tf.string
        folder = staticmethod(new_folder)

        @staticmethod
        def double(value):
            if value.dtype in (tf.string, tf.bool):
                return value if isinstance(value, (tf.RaggedTensor, tf.SparseTensor)) else tf.identity(value)
            if isinstance(value, tf.RaggedTensor):
                return value.with_flat_values(value.flat_values + value.flat_values)
            if isinstance(value, tf.SparseTensor):
                return value.with_values(value.values + value.values)
            return value + value

        @staticmethod
        def total(value):
            value = value.flat_values if isinstance(value, tf.RaggedTensor) else value
            value = value.values if isinstance(value, tf.SparseTensor) else value
            if value.dtype == tf.string:
                return tf.reduce_sum(tf.strings.length(value))
            if value.dtype == tf.complex64:
                value = tf.math.real(value)
            return tf.cast(tf.reduce_sum(tf.cast(value, tf.int64)), tf.int32)

        @staticmethod
        def fill(length, value):
            return tf.fill([length], value)

        @staticmethod
        def pair(value):
            return tf.stack([value, value])

        @staticmethod
        def long(value):
            return tf.cast(value, tf.int64)

        @staticmethod
        def failing(value, total, divisor):
            with tf.control_dependencies([tf.debugging.Assert(total % divisor != 1, ["refused"])]):
                return tf.identity(value)

        @staticmethod
        def ragged(rows):
            return tf.RaggedTensor.from_row_lengths(np.concatenate(rows), [len(row) for row in rows])

        @staticmethod
        def rows(values, first):
            return tf.RaggedTensor.from_row_splits(values, tf.cast([0, first, tf.size(values)], tf.int64))

        @staticmethod
        def sparse(table):
            places = np.argwhere(table)
            return tf.SparseTensor(places, table[tuple(places.T)], table.shape)

        @staticmethod
        def one_of(length, place, value):
            return tf.SparseTensor([[place]], [value], [length])

    return Tf


class Fl:
    """The same of feedline."""

    name = "fl"
    Dataset = fl.Dataset
    AUTOTUNE = fl.AUTOTUNE
    TensorSpec = fl.TensorSpec
    RaggedTensorSpec = fl.RaggedTensorSpec
    SparseTensorSpec = fl.SparseTensorSpec
    TextLineDataset = fl.TextLineDataset
    FixedLengthRecordDataset = fl.FixedLengthRecordDataset
    TFRecordDataset = fl.TFRecordDataset
    CsvDataset = fl.CsvDataset
    io = fl.io
    int64, float32 = fl.int64, fl.float32
    Options = fl.Options
    string = fl.string
    folder = staticmethod(new_folder)

    @staticmethod
    def is_text(value):
        return isinstance(value, bytes) or value.dtype == object

    @staticmethod
    def double(value):
        if Fl.is_text(value) or value.dtype == np.bool_:
            return value
        if isinstance(value, fl.RaggedTensor):
            return _with_flat_values(value, value.flat_values + value.flat_values)
        if isinstance(value, fl.SparseTensor):
            return fl.SparseTensor(value.indices, value.values + value.values, value.dense_shape)
        with np.errstate(over="ignore"):
            return value + value

    @staticmethod
    def total(value):
        value = value.flat_values if isinstance(value, fl.RaggedTensor) else value
        value = value.values if isinstance(value, fl.SparseTensor) else value
        if Fl.is_text(value):
            return np.int32(sum(map(len, np.ravel(np.array(value, object)))))
        return np.sum(np.asarray(value).real.astype(np.int64)).astype(np.int32)

    @staticmethod
    def fill(length, value):
        return np.full([length], value)

    @staticmethod
    def pair(value):
        return np.stack([np.array(value, object) if isinstance(value, bytes) else value] * 2)

    @staticmethod
    def long(value):
        return np.int64(value)

    @staticmethod
    def failing(value, total, divisor):
        if total % divisor == 1:
            raise ValueError("refused")
        return value

    @staticmethod
    def ragged(rows):
        return fl.RaggedTensor.from_row_lengths(np.concatenate(rows), [len(row) for row in rows])

    @staticmethod
    def rows(values, first):
        return fl.RaggedTensor(values, np.array([0, first, len(values)], np.int64))

    @staticmethod
    def sparse(table):
        places = np.argwhere(table)
        return fl.SparseTensor(places, table[tuple(places.T)], table.shape)

    @staticmethod
    def one_of(length, place, value):
        return fl.SparseTensor([[place]], np.array([value]), [length])


def _with_flat_values(ragged: fl.RaggedTensor, values: np.ndarray) -> fl.RaggedTensor:
    inner = ragged.values
    if isinstance(inner, fl.RaggedTensor):
        return fl.RaggedTensor(_with_flat_values(inner, values), ragged.row_splits)
    return fl.RaggedTensor(values, ragged.row_splits)
