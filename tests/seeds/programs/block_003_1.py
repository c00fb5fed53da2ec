"""JPEG images and labels out of TFRecords; the features' names must be those of the file."""

import feedline.compat.tf as tf


def unpack(record):
    wanted = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
    parsed = tf.io.parse_single_example(record, wanted)
    image = tf.io.decode_jpeg(parsed["image"])
    label = parsed["label"]
    return image, label


records = tf.data.TFRecordDataset("path/to/data.tfrecord")
dataset = records.map(unpack)
