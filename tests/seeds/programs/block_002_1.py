# ruff: noqa: NPY002
"""An image and an .npy label in a file each; the label is read by `decode_raw`."""

import os

import numpy as np

import feedline.compat.tf as tf

if not os.path.exists("data/images"):
    os.makedirs("data/images")
    os.makedirs("data/labels")
    for number in range(10):
        made_image = np.random.randint(0, 255, (64, 64, 3), dtype=np.uint8)
        made_label = np.random.randint(0, 2, (10,), dtype=np.int32)
        tf.keras.utils.save_img(f"data/images/image_{number:03}.png", made_image)
        np.save(f"data/labels/label_{number:03}.npy", made_label)

image_paths = [f"data/images/image_{number:03}.png" for number in range(10)]
label_paths = [f"data/labels/label_{number:03}.npy" for number in range(10)]


def read_image(path):
    image = tf.io.read_file(path)
    image = tf.io.decode_png(image, channels=3)
    image = tf.image.convert_image_dtype(image, dtype=tf.float32)
    return tf.image.resize(image, [128, 128])


def read_label(path):
    label = tf.io.read_file(path)
    return tf.io.decode_raw(label, tf.int32)


def read_both(image_path, label_path):
    return read_image(image_path), read_label(label_path)


dataset = tf.data.Dataset.from_tensor_slices((image_paths, label_paths))
dataset = dataset.map(read_both, num_parallel_calls=tf.data.AUTOTUNE)
dataset = dataset.shuffle(buffer_size=5)
dataset = dataset.batch(batch_size=2)
dataset = dataset.prefetch(buffer_size=tf.data.AUTOTUNE)

for images, labels in dataset.take(2):
    print("images", images.shape)
    print("labels", labels.shape)
