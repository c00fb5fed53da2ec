"""Datasets of the records of files, under the names that `tf.data` has for them."""

from feedline.readers.csv import CsvDataset
from feedline.readers.fixed_length_records import FixedLengthRecordDataset
from feedline.readers.text_lines import TextLineDataset
from feedline.readers.tfrecord import TFRecordDataset

__all__ = ["CsvDataset", "FixedLengthRecordDataset", "TFRecordDataset", "TextLineDataset"]
