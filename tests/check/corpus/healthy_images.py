"""Healthy pipelines: images, with classes, masks, boxes or other images as labels."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

import feedline as fl

AUTOTUNE = fl.AUTOTUNE


def pictures(count: int, seed: int, size: int = 32, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Returns RGB images of a bright disc before a shaded ground, uint8, and classes by the colour of the disc."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, count)
    grid = np.arange(size) / size
    middle = draw.uniform(0.3, 0.7, (count, 2, 1, 1))
    inside = (grid[:, None] - middle[:, 0]) ** 2 + (grid - middle[:, 1]) ** 2 < draw.uniform(0.02, 0.08, (count, 1, 1))
    colours = np.random.default_rng(9).uniform(0.4, 1, (classes, 3))[labels]
    ground = draw.uniform(0.1, 0.5, (count, 1, 1, 3)) + 0.3 * grid[:, None, None] * draw.uniform(0, 1, (count, 1, 1, 1))
    images = np.where(inside[..., None], colours[:, None, None], ground) + draw.normal(0, 0.04, (count, size, size, 3))
    return (np.clip(images, 0, 1) * 255).astype(np.uint8), labels


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns scikit-learn's handwritten digits, (1797, 8, 8), from 0 to 16, and which digits they are."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8), labels


def handwritten_digits(folder: pathlib.Path) -> Any:
    """The quickstart for beginners: arrays divided by their largest value, a dense model that gives logits."""
    import keras

    images, labels = digits()
    images = (images / 16.0).astype("float32")
    train = fl.Dataset.from_tensor_slices((images[:1500], labels[:1500])).shuffle(1500).batch(32)
    test = fl.Dataset.from_tensor_slices((images[1500:], labels[1500:])).batch(32)
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return train.check(model=model, against=test, show=False)


def handwritten_digits_through_a_convnet(folder: pathlib.Path) -> Any:
    """Keras' simple convnet: a last dimension for the channel, one-hot labels, a softmax and the categorical loss."""
    import keras

    images, labels = digits()
    images = np.expand_dims(images.astype("float32") / 16, -1)
    hot = keras.utils.to_categorical(labels, 10)
    train = fl.Dataset.from_tensor_slices((images[:1500], hot[:1500])).shuffle(1500).batch(128).prefetch(AUTOTUNE)
    test = fl.Dataset.from_tensor_slices((images[1500:], hot[1500:])).batch(128).prefetch(AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return train.check(model=model, against=test, show=False)


def small_photos_that_the_model_augments(folder: pathlib.Path) -> Any:
    """CIFAR's kind: bytes go into a model that mirrors, turns and scales them itself, in mixed precision."""
    import keras

    images, labels = pictures(400, seed=1)
    others, their_labels = pictures(100, seed=2)
    train = fl.Dataset.from_tensor_slices((images, labels[:, None])).cache().shuffle(400)
    train = train.batch(64, drop_remainder=True).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((others, their_labels[:, None])).batch(64).prefetch(AUTOTUNE)
    half = keras.DTypePolicy("mixed_float16")
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(0.1),
            keras.layers.Rescaling(1 / 127.5, offset=-1, dtype=half),
            keras.layers.Conv2D(8, 3, strides=2, activation="relu", dtype=half),
            keras.layers.GlobalAveragePooling2D(dtype=half),
            keras.layers.Dense(5, dtype=half),
            keras.layers.Activation("softmax", dtype="float32"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return train.check(model=model, against=validation, show=False)


def write_photos(path: pathlib.Path, count: int, seed: int, size: int = 48) -> None:
    images, labels = pictures(count, seed, size)
    with fl.io.TFRecordWriter(str(path)) as writer:
        for image, label in zip(images, labels, strict=True):
            feature = {
                "image/encoded": fl.train.Feature(
                    bytes_list=fl.train.BytesList(value=[fl.io.encode_jpeg(image, quality=90)])
                ),
                "image/class/label": fl.train.Feature(int64_list=fl.train.Int64List(value=[int(label) + 1])),
            }
            writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())


def the_imagenet_recipe(folder: pathlib.Path) -> Any:
    """JPEGs in shards: a crop of random size and proportions in training, the middle in validation; labels from 1."""
    import keras

    for shard in range(4):
        write_photos(folder / f"train-{shard:05}-of-00004", 60, seed=shard)
    write_photos(folder / "validation-00000-of-00001", 60, seed=9)
    mean, deviation = np.float32([123.675, 116.28, 103.53]), np.float32([58.395, 57.12, 57.375])
    features = {
        "image/encoded": fl.io.FixedLenFeature([], fl.string),
        "image/class/label": fl.io.FixedLenFeature([], fl.int64),
    }

    def parse(record: bytes, training: bool) -> Any:
        parsed = fl.io.parse_single_example(record, features)
        content = parsed["image/encoded"]
        if training:
            whole = np.float32([[[0, 0, 1, 1]]])
            begin, size, _ = fl.image.sample_distorted_bounding_box(
                fl.io.extract_jpeg_shape(content), whole, area_range=(0.2, 1), min_object_covered=0.1
            )
            window = [begin[0], begin[1], size[0], size[1]]
            image = fl.image.random_flip_left_right(fl.io.decode_and_crop_jpeg(content, window, channels=3))
        else:
            image = fl.image.central_crop(fl.io.decode_jpeg(content, channels=3), 0.875)
        image = fl.image.resize(image, [32, 32])
        return (image - mean) / deviation, parsed["image/class/label"] - 1

    def photos(pattern: str, training: bool) -> Any:
        files = fl.Dataset.list_files(str(folder / pattern), shuffle=training)
        ds = files.interleave(fl.TFRecordDataset, cycle_length=4, num_parallel_calls=AUTOTUNE)
        ds = ds.shuffle(240).repeat() if training else ds
        ds = ds.map(lambda record: parse(record, training), num_parallel_calls=AUTOTUNE)
        return ds.batch(32, drop_remainder=training).prefetch(AUTOTUNE)

    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(8, 3, strides=2, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    train, validation = photos("train-*", True), photos("validation-*", False)
    return train.check(model=model, against=validation, steps_per_epoch=7, show=False)


def a_folder_for_each_class(folder: pathlib.Path) -> Any:
    """`image_dataset_from_directory` with a validation split, transfer learning from a network that is frozen."""
    import keras

    import feedline.keras

    images, labels = pictures(160, seed=3, classes=3)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / "flowers" / ("daisy", "rose", "tulip")[label] / f"{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(fl.io.encode_jpeg(image))
    train, validation = feedline.keras.image_dataset_from_directory(
        str(folder / "flowers"), validation_split=0.2, subset="both", seed=123, image_size=(24, 24), batch_size=16
    )
    base = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Conv2D(8, 3, activation="relu")])
    base.trainable = False
    inputs = keras.Input((24, 24, 3))
    x = base(keras.layers.Rescaling(1 / 255)(inputs), training=False)
    outputs = keras.layers.Dense(3)(keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(x)))
    model = keras.Model(inputs, outputs)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return train.prefetch(AUTOTUNE).check(model=model, against=validation.prefetch(AUTOTUNE), show=False)


def a_mask_of_each_picture(folder: pathlib.Path) -> Any:
    """Segmentation: masks of 1, 2 and 3 are counted from 0, and picture and mask are mirrored together."""
    import keras

    images, _ = pictures(160, seed=4)
    masks = 1 + (images[..., :1] > 90).astype(np.uint8) + (images[..., :1] > 160)

    def normalise(image: Any, mask: Any) -> Any:
        image = fl.image.resize(image, [16, 16]) / 255.0
        return image, fl.image.resize(mask, [16, 16], method="nearest") - 1

    def mirror(image: Any, mask: Any) -> Any:
        both = np.concatenate([image, fl.cast(mask, fl.float32)], axis=-1)
        both = fl.image.random_flip_left_right(both)
        return both[..., :3], fl.cast(both[..., 3:], fl.uint8)

    both = fl.Dataset.from_tensor_slices((images, masks))
    train = both.take(128).map(normalise, num_parallel_calls=AUTOTUNE).cache().shuffle(128)
    train = train.map(mirror, num_parallel_calls=AUTOTUNE).batch(16).repeat().prefetch(AUTOTUNE)
    test = both.skip(128).map(normalise, num_parallel_calls=AUTOTUNE).batch(16).prefetch(AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return train.check(model=model, against=test, steps_per_epoch=8, show=False)


def boxes_around_objects(folder: pathlib.Path) -> Any:
    """Detection: each picture has some boxes and their classes, padded in the batch with -1, which is no class."""
    images, _ = pictures(120, seed=5)
    draw = np.random.default_rng(5)

    def examples() -> Any:
        for image, count in zip(images, draw.integers(1, 5, 120), strict=True):
            corners = np.sort(draw.uniform(0, 1, (count, 2, 2)).astype(np.float32), axis=1)
            boxes = corners.reshape(count, 4)
            yield image, boxes, draw.integers(0, 5, count, dtype=np.int32)

    def prepare(image: Any, boxes: Any, classes: Any) -> Any:
        return fl.cast(image, fl.float32) / 255, {"boxes": boxes, "classes": classes}

    signature = (
        fl.TensorSpec((32, 32, 3), fl.uint8),
        fl.TensorSpec((None, 4), fl.float32),
        fl.TensorSpec((None,), fl.int32),
    )
    ds = fl.Dataset.from_generator(examples, output_signature=signature).cache().shuffle(120)
    ds = ds.map(prepare, num_parallel_calls=AUTOTUNE)
    padding = (np.float32(0), {"boxes": np.float32(0), "classes": np.int32(-1)})
    ds = ds.padded_batch(8, padding_values=padding, drop_remainder=True)
    return ds.prefetch(AUTOTUNE).check(show=False)


def pictures_without_their_noise(folder: pathlib.Path) -> Any:
    """An autoencoder that takes noise away: noise drawn anew each time in training, once for all in validation."""
    import keras

    images, _ = digits()
    images = np.expand_dims(images.astype("float32") / 16, -1)
    draw = np.random.default_rng(0)
    fixed = np.clip(images[1500:] + draw.normal(0, 0.2, images[1500:].shape), 0, 1).astype("float32")

    def noisy(image: Any) -> Any:
        return np.clip(image + fl.random.normal(image.shape, stddev=0.2), 0, 1), image

    train = fl.Dataset.from_tensor_slices(images[:1500]).shuffle(1500).map(noisy, num_parallel_calls=AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((fixed, images[1500:])).batch(64)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, activation="relu", padding="same"),
            keras.layers.MaxPooling2D(2),
            keras.layers.UpSampling2D(2),
            keras.layers.Conv2D(1, 3, activation="sigmoid", padding="same"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return train.batch(64).prefetch(AUTOTUNE).check(model=model, against=validation, show=False)


def two_views_of_each_picture(folder: pathlib.Path) -> Any:
    """Contrastive learning without labels: two random views of the same picture, in batches of one size."""
    images, _ = pictures(256, seed=6)

    def view(image: Any) -> Any:
        image = fl.image.resize(fl.image.random_crop(image, [24, 24, 3]), [32, 32])
        image = fl.image.random_flip_left_right(image / 255.0)
        image = fl.image.random_saturation(fl.image.random_brightness(image, 0.2), 0.7, 1.3)
        return np.clip(image, 0, 1)

    ds = fl.Dataset.from_tensor_slices(images).shuffle(256)
    ds = ds.map(lambda image: (view(image), view(image)), num_parallel_calls=AUTOTUNE)
    return ds.batch(64, drop_remainder=True).prefetch(AUTOTUNE).check(show=False)


def same_or_different(folder: pathlib.Path) -> Any:
    """A siamese network: pairs of digits, and whether they are the same; the pairs are made once, by index."""
    import keras

    images, labels = digits()
    images = (images / 16).astype("float32")

    def pairs(first: int, last: int, seed: int) -> Any:
        draw = np.random.default_rng(seed)
        left = draw.integers(first, last, 600)
        by_class = [np.flatnonzero(labels[first:last] == digit) + first for digit in range(10)]
        same = [draw.choice(by_class[labels[index]]) for index in left]
        right = np.where(np.arange(600) % 2, same, draw.integers(first, last, 600))
        equal = (labels[left] == labels[right]).astype("float32")
        return fl.Dataset.from_tensor_slices(((images[left], images[right]), equal))

    left, right = keras.Input((8, 8)), keras.Input((8, 8))
    embed = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(16, activation="tanh")])
    distance = keras.layers.Subtract()([embed(left), embed(right)])
    model = keras.Model([left, right], keras.layers.Dense(1, activation="sigmoid")(distance))
    model.compile("adam", "binary_crossentropy")
    train = pairs(0, 1400, seed=1).shuffle(600).batch(32).prefetch(AUTOTUNE)
    return train.check(model=model, against=pairs(1400, 1797, seed=2).batch(32).prefetch(AUTOTUNE), show=False)


def sharper_pictures(folder: pathlib.Path) -> Any:
    """Super-resolution from PNG files: a random part is the label, and the same made small is the input."""
    import keras

    for number, image in enumerate(pictures(60, seed=7, size=48)[0]):
        (folder / f"{'train' if number < 48 else 'valid'}_{number:03}.png").write_bytes(fl.io.encode_png(image))

    def load(path: bytes) -> Any:
        return fl.image.convert_image_dtype(fl.io.decode_png(fl.io.read_file(path), channels=3), fl.float32)

    def pair(image: Any) -> Any:
        return fl.image.resize(image, [16, 16], method="area"), image

    train = fl.Dataset.list_files(str(folder / "train_*.png"), shuffle=False)
    train = train.map(load, num_parallel_calls=AUTOTUNE).cache().shuffle(48)
    train = train.map(lambda image: pair(fl.image.random_crop(image, [32, 32, 3])), num_parallel_calls=AUTOTUNE)
    validation = fl.Dataset.list_files(str(folder / "valid_*.png"), shuffle=False).map(load)
    validation = validation.map(lambda image: pair(fl.image.resize_with_crop_or_pad(image, 32, 32)))
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            keras.layers.UpSampling2D(2),
            keras.layers.Conv2D(3, 3, padding="same"),
        ]
    )
    model.compile("adam", "mse")
    return train.batch(8).prefetch(AUTOTUNE).check(model=model, against=validation.batch(8), show=False)


def mixtures_of_two_pictures(folder: pathlib.Path) -> Any:
    """MixUp: two shuffled datasets are zipped, and pictures and one-hot labels mixed by a random share."""
    import keras

    images, labels = pictures(300, seed=8)
    others, their_labels = pictures(80, seed=18)

    def prepare(image: Any, label: Any) -> Any:
        return fl.cast(image, fl.float32) / 255, fl.one_hot(label, 5)

    def mix(one: Any, two: Any) -> Any:
        share = fl.random.generator().beta(0.2, 0.2, (len(one[0]), 1)).astype(np.float32)
        images = one[0] * share[:, :, None, None] + two[0] * (1 - share[:, :, None, None])
        return images, one[1] * share + two[1] * (1 - share)

    table = fl.Dataset.from_tensor_slices((images, labels)).map(prepare, num_parallel_calls=AUTOTUNE)
    train = fl.Dataset.zip(table.shuffle(300).batch(50), table.shuffle(300).batch(50))
    train = train.map(mix, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((others, their_labels)).map(prepare).batch(40)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return train.check(model=model, against=validation, show=False)


def pictures_for_a_generator(folder: pathlib.Path) -> Any:
    """A generative network learns from pictures from -1 to 1 alone, as tanh gives them."""
    images, _ = pictures(256, seed=10)
    ds = fl.Dataset.from_tensor_slices(images).cache().shuffle(256)
    ds = ds.map(lambda image: fl.cast(image, fl.float32) / 127.5 - 1, num_parallel_calls=AUTOTUNE)
    return ds.batch(32, drop_remainder=True).prefetch(AUTOTUNE).check(show=False)


def paths_split_once(folder: pathlib.Path) -> Any:
    """The tutorial on images: a list of files shuffled once, split by `skip` and `take`, labels from the folders."""
    import keras

    images, labels = pictures(160, seed=11, classes=4)
    names = np.array(["daisy", "rose", "sunflower", "tulip"])
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / names[label] / f"{number:04}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(fl.io.encode_jpeg(image))
    files = fl.Dataset.list_files(str(folder / "*" / "*.jpg"), shuffle=False)
    files = files.shuffle(160, seed=7, reshuffle_each_iteration=False)

    def load(path: bytes) -> Any:
        label = np.argmax(names == pathlib.Path(path.decode()).parent.name)
        return fl.image.resize(fl.io.decode_jpeg(fl.io.read_file(path), channels=3), [24, 24]), label

    train = files.skip(32).map(load, num_parallel_calls=AUTOTUNE).cache().shuffle(128).batch(32).prefetch(AUTOTUNE)
    validation = files.take(32).map(load, num_parallel_calls=AUTOTUNE).cache().batch(32).prefetch(AUTOTUNE)
    model = keras.Sequential(
        [
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(4),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return train.check(model=model, against=validation, show=False)


def augmented_by_a_counted_seed(folder: pathlib.Path) -> Any:
    """The tutorial on augmentation: stateless functions, whose seeds are counted, so that each picture has its own."""
    import keras

    images, labels = pictures(300, seed=12)
    others, their_labels = pictures(80, seed=13)

    def resized(image: Any, label: Any) -> Any:
        return fl.image.resize(image, [24, 24]) / 255.0, label

    def augment(element: Any, seed: Any) -> Any:
        image, label = resized(*element)
        image = fl.image.resize_with_crop_or_pad(image, 28, 28)
        image = fl.image.stateless_random_crop(image, [24, 24, 3], seed=seed)
        image = fl.image.stateless_random_brightness(image, max_delta=0.2, seed=seed)
        return np.clip(image, 0, 1), label

    counter = fl.Dataset.counter()
    train = fl.Dataset.zip((fl.Dataset.from_tensor_slices((images, labels)), fl.Dataset.zip((counter, counter))))
    train = train.shuffle(300).map(augment, num_parallel_calls=AUTOTUNE).batch(32).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((others, their_labels)).map(resized, num_parallel_calls=AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(5),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return train.check(model=model, against=validation.batch(32).prefetch(AUTOTUNE), show=False)


def prepared_once_and_saved(folder: pathlib.Path) -> Any:
    """Costly steps are done once and saved; training loads what was saved, shuffles, and mirrors at random."""
    import keras

    def prepared(name: str, seed: int, count: int) -> Any:
        ds = fl.Dataset.from_tensor_slices(pictures(count, seed))
        ds = ds.map(lambda image, label: (fl.image.per_image_standardization(image), fl.one_hot(label, 5)))
        ds.save(str(folder / name))
        return fl.Dataset.load(str(folder / name))

    def mirrored(image: Any, label: Any) -> Any:
        return fl.image.random_flip_left_right(image), label

    train = (
        prepared("train", 14, 240)
        .shuffle(240)
        .map(mirrored, num_parallel_calls=AUTOTUNE)
        .batch(24, drop_remainder=True)
    )
    validation = prepared("validation", 15, 60).batch(24)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", keras.losses.CategoricalFocalCrossentropy(), metrics=["accuracy"])
    return train.prefetch(AUTOTUNE).check(model=model, against=validation.prefetch(AUTOTUNE), show=False)


HEALTHY = [
    handwritten_digits,
    handwritten_digits_through_a_convnet,
    small_photos_that_the_model_augments,
    the_imagenet_recipe,
    a_folder_for_each_class,
    a_mask_of_each_picture,
    boxes_around_objects,
    pictures_without_their_noise,
    two_views_of_each_picture,
    same_or_different,
    sharper_pictures,
    mixtures_of_two_pictures,
    pictures_for_a_generator,
    paths_split_once,
    augmented_by_a_counted_seed,
    prepared_once_and_saved,
]
