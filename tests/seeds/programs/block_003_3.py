"""Batches of one, for ever, in the order of the file."""

import feedline.compat.tf as tf


def unpack(record):
    wanted = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
    parsed = tf.io.parse_single_example(record, wanted)
    return tf.io.decode_jpeg(parsed["image"]), parsed["label"]


dataset = tf.data.TFRecordDataset("path/to/data.tfrecord").map(unpack)

dataset = dataset.batch(1)
dataset = dataset.repeat()
