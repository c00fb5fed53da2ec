"""JPEG images out of TFRecords, reshaped as if all had one size."""

import feedline.compat.tf as tf


def unpack(record):
    wanted = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
    parsed = tf.io.parse_single_example(record, wanted)
    image = tf.io.decode_jpeg(parsed["image"])
    image = tf.reshape(image, [28, 28, 1])
    label = parsed["label"]
    return image, label


dataset = tf.data.TFRecordDataset("path/to/data.tfrecord").map(unpack)
