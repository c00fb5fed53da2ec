# ruff: noqa: NPY002
"""Sequences of different lengths and their labels, padded."""

import numpy as np

import feedline.compat.tf as tf

sequences = [np.random.rand(np.random.randint(5, 20), 10) for _ in range(10)]
labels = np.random.randint(0, 2, 10)


def as_tensors(sequence, label):
    return tf.convert_to_tensor(sequence, dtype=tf.float32), tf.convert_to_tensor(label, dtype=tf.int32)


def padded(sequence_list, label_list, size):
    pairs = [as_tensors(sequence, label) for sequence, label in zip(sequence_list, label_list, strict=True)]
    dataset = tf.data.Dataset.from_tensor_slices(pairs)
    return dataset.padded_batch(
        size,
        padding_values=(tf.constant(0.0, dtype=tf.float32), tf.constant(0, dtype=tf.int32)),
        padded_shapes=((None, 10), ()),
    )


dataset = padded(sequences, labels, 2)
seen = []
for some_sequences, some_labels in dataset.take(2):
    print(some_sequences.shape, some_labels.shape)
    seen.append((some_sequences, some_labels))
