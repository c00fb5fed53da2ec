"""Images to serialised tensors in a TFRecord file, back out of it, and into `fit`."""

import os

import numpy as np

import feedline.compat.tf as tf

FOLDER = "images"


def pack(folder, target):
    writer = tf.io.TFRecordWriter(target)
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".png")]
    labels = np.load("labels.npy")
    for number, path in enumerate(paths):
        image = tf.io.decode_png(tf.io.read_file(path), channels=3)
        image = tf.image.resize(image, [224, 224])
        packed = tf.io.serialize_tensor(tf.cast(image, tf.uint8)).numpy()
        features = {
            "image_bytes": tf.train.Feature(bytes_list=tf.train.BytesList(value=[packed])),
            "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[labels[number]])),
        }
        writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    writer.close()


pack(FOLDER, "data.tfrecord")


def unpack(record):
    wanted = {
        "image_bytes": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }
    parsed = tf.io.parse_single_example(record, wanted)
    image = tf.io.parse_tensor(parsed["image_bytes"], out_type=tf.uint8)
    label = parsed["label"]
    image = tf.cast(image, tf.float32) / 255.0
    return image, tf.one_hot(label, depth=10)


dataset = tf.data.TFRecordDataset("data.tfrecord")
dataset = dataset.map(unpack)
dataset = dataset.batch(32).prefetch(tf.data.AUTOTUNE)

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Conv2D(32, (3, 3), activation="relu", input_shape=(224, 224, 3)),
        tf.keras.layers.MaxPooling2D((2, 2)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(dataset, epochs=5)
