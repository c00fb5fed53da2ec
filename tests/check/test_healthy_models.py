"""Pipelines with a Keras model that learns from them as it should: no rule may find anything about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

layers = keras.layers

GENERATOR = np.random.default_rng(0)
CLASSES = GENERATOR.integers(0, 4, 240)
FEATURES = GENERATOR.normal(size=(240, 12)).astype(np.float32) + CLASSES[:, None]
IMAGES = np.clip(GENERATOR.normal(120, 40, (120, 16, 16, 3)) + 10 * CLASSES[:120, None, None, None], 0, 255).astype(
    np.uint8
)
WORDS = [GENERATOR.integers(1, 500, length) for length in GENERATOR.integers(5, 30, 240)]
WEIGHTS = GENERATOR.uniform(0.5, 2, 240).astype(np.float32)

SPARSE = "sparse_categorical_crossentropy"


def table(*parts: Any) -> Any:
    return fl.Dataset.from_tensor_slices(parts).shuffle(240).batch(16).prefetch(2)


def sequential(loss: Any, *made_of: Any) -> Any:
    model = keras.Sequential(made_of)
    model.compile(optimizer="adam", loss=loss)
    return model


def words_and_classes() -> Any:
    def rows() -> Iterator[Any]:
        yield from zip(WORDS, CLASSES, strict=True)

    return fl.Dataset.from_generator(rows).shuffle(240).padded_batch(16).prefetch(2)


def classifier() -> Any:
    model = sequential(SPARSE, keras.Input((12,)), layers.Dense(8, "relu"), layers.Dense(4, "softmax"))
    return table(FEATURES, CLASSES), model


def classifier_of_logits() -> Any:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return table(FEATURES, CLASSES.astype(np.float32)), sequential(loss, keras.Input((12,)), layers.Dense(4))


def smoothed_labels() -> Any:
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    hot = np.eye(4, dtype=np.float32)[CLASSES]
    return table(FEATURES, hot), sequential(loss, keras.Input((12,)), layers.Dense(4, "softmax"))


def images_that_the_model_scales() -> Any:
    made_of = layers.Rescaling(1 / 255), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()
    model = sequential(
        SPARSE, keras.Input((16, 16, 3)), *made_of, layers.GlobalAveragePooling2D(), layers.Dense(4, "softmax")
    )
    return table(IMAGES, CLASSES[:120]), model


def images_into_a_model_that_is_not_built() -> Any:
    made_of = layers.Rescaling(1 / 127.5, offset=-1), layers.Conv2D(4, 3, activation="relu"), layers.Flatten()
    return table(IMAGES, CLASSES[:120]), sequential(SPARSE, *made_of, layers.Dense(4, "softmax"))


def two_classes() -> Any:
    model = sequential("binary_crossentropy", keras.Input((12,)), layers.Dense(1, "sigmoid"))
    return table(FEATURES, CLASSES % 2), model


def two_classes_as_logits() -> Any:
    loss = keras.losses.BinaryFocalCrossentropy(from_logits=True)
    return table(FEATURES, (CLASSES % 2)[:, None]), sequential(loss, keras.Input((12,)), layers.Dense(1))


def several_labels() -> Any:
    labels = (GENERATOR.random((240, 5)) < 0.4).astype(np.float32)
    return table(FEATURES, labels), sequential(
        "binary_crossentropy", keras.Input((12,)), layers.Dense(5, "sigmoid")
    )  # fmt: skip


def one_number() -> Any:
    return table(FEATURES, FEATURES.sum(axis=1)), sequential("mse", keras.Input((12,)), layers.Dense(1))


def several_numbers() -> Any:
    return table(FEATURES, FEATURES[:, :3] * 2), sequential(
        keras.losses.Huber(), keras.Input((12,)), layers.Dense(3)
    )  # fmt: skip


def pixels_of_classes() -> Any:
    masks = (IMAGES[..., 0] > 120).astype(np.uint8) + (IMAGES[..., 1] > 140)
    made_of = layers.Rescaling(1 / 255), layers.Conv2D(4, 3, padding="same", activation="relu")
    last = layers.Conv2D(3, 1, activation="softmax")
    return table(IMAGES, masks), sequential(SPARSE, keras.Input((16, 16, 3)), *made_of, last)


def pixels_in_and_out() -> Any:
    masks = (IMAGES[..., :1] > 120).astype(np.uint8)
    last = layers.Conv2D(1, 1, activation="sigmoid")
    return table(IMAGES, masks), sequential(
        "binary_crossentropy", keras.Input((None, None, 3)), layers.Rescaling(1 / 255), last
    )  # fmt: skip


def an_autoencoder() -> Any:
    def scaled(image: Any) -> Any:
        image = fl.cast(image, fl.float32) / 255
        return image, image

    ds = fl.Dataset.from_tensor_slices(IMAGES).map(scaled, num_parallel_calls=fl.AUTOTUNE).shuffle(120).batch(16)
    made_of = layers.Conv2D(4, 3, padding="same", activation="relu"), layers.Conv2D(3, 3, padding="same")
    return ds.prefetch(2), sequential("mse", keras.Input((16, 16, 3)), *made_of)


def texts() -> Any:
    made_of = layers.Embedding(500, 8, mask_zero=True), layers.Bidirectional(layers.LSTM(4))
    return words_and_classes(), sequential(SPARSE, keras.Input((None,)), *made_of, layers.Dense(4, "softmax"))


def texts_that_are_pooled() -> Any:
    made_of = layers.Embedding(500, 8), layers.GlobalAveragePooling1D()
    return words_and_classes(), sequential(SPARSE, *made_of, layers.Dense(4, "softmax"))


def a_label_for_each_step() -> Any:
    series = GENERATOR.normal(size=(240, 9, 3)).astype(np.float32)
    labels = (series[..., 0] > 0).astype(np.int64)
    weights = np.ones((240, 9), np.float32)
    weights[::2, 6:] = 0
    made_of = layers.LSTM(4, return_sequences=True), layers.TimeDistributed(layers.Dense(2, "softmax"))
    return table(series, labels, weights), sequential(SPARSE, keras.Input((9, 3)), *made_of)


def the_next_word() -> Any:
    sentences = GENERATOR.integers(1, 50, (240, 12))
    ds = fl.Dataset.from_tensor_slices(sentences).map(lambda words: (words[:-1], words[1:])).shuffle(240).batch(16)
    made_of = layers.Embedding(50, 8), layers.GRU(8, return_sequences=True), layers.Dense(50)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return ds.prefetch(2), sequential(loss, keras.Input((None,)), *made_of)


def two_inputs_by_name() -> Any:
    row, group = keras.Input((12,), name="row"), keras.Input((1,), name="group", dtype="int64")
    known = layers.Flatten()(layers.Embedding(4, 3)(group))
    model = keras.Model({"row": row, "group": group}, layers.Dense(1)(layers.Concatenate()([row, known])))
    model.compile(loss="mae")
    inputs = {"group": CLASSES[:, None], "row": FEATURES}
    return table(inputs, FEATURES.mean(axis=1)), model


def two_outputs_by_name() -> Any:
    inputs = keras.Input((12,))
    shared = layers.Dense(8, "relu")(inputs)
    outputs = {"kind": layers.Dense(4, "softmax", name="first")(shared), "size": layers.Dense(1)(shared)}
    model = keras.Model(inputs, outputs)
    model.compile(loss={"kind": SPARSE, "size": "mse"}, loss_weights={"kind": 1.0, "size": 0.1})
    return table(FEATURES, {"kind": CLASSES, "size": FEATURES.sum(axis=1)}), model


def two_outputs_in_order() -> Any:
    inputs = keras.Input((12,))
    outputs = [layers.Dense(4, "softmax", name="kind")(inputs), layers.Dense(1, name="size")(inputs)]
    model = keras.Model(inputs, outputs)
    model.compile(loss=[SPARSE, keras.losses.MeanSquaredError()])
    return table(FEATURES, (CLASSES, FEATURES.sum(axis=1)), (WEIGHTS, WEIGHTS)), model


def weighted() -> Any:
    model = sequential(SPARSE, keras.Input((12,)), layers.Dense(4, "softmax"))
    return table(FEATURES, CLASSES, WEIGHTS), model


def a_model_of_ones_own() -> Any:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.last = layers.Dense(4)

        def call(self, x: Any) -> Any:
            return self.last(x)

    model = Own()
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return table(FEATURES, CLASSES), model


def a_loss_of_ones_own() -> Any:
    def of_pairs(y: Any, p: Any) -> Any:
        return keras.ops.mean(p * keras.ops.cast(y[:, None], p.dtype), axis=-1)

    return table(FEATURES, CLASSES), sequential(of_pairs, keras.Input((12,)), layers.Dense(3))


def a_pretrained_model_within() -> Any:
    inner = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
    inner.trainable = False
    inputs = keras.Input((16, 16, 3))
    scaled = layers.Rescaling(1 / 255)(inputs)
    model = keras.Model(inputs, layers.Dense(4, activation="softmax", dtype="float32")(inner(scaled)))
    model.compile(loss=SPARSE)
    return table(IMAGES, CLASSES[:120]), model


def numbers_in_a_mixture_of_dtypes() -> Any:
    model = sequential(SPARSE, keras.Input((12,)), layers.Dense(4), layers.Activation("softmax", dtype="float32"))
    return table(FEATURES.astype(np.float16), CLASSES.astype(np.uint8)), model


HEALTHY: list[Callable[[], Any]] = [
    classifier,
    classifier_of_logits,
    smoothed_labels,
    images_that_the_model_scales,
    images_into_a_model_that_is_not_built,
    two_classes,
    two_classes_as_logits,
    several_labels,
    one_number,
    several_numbers,
    pixels_of_classes,
    pixels_in_and_out,
    an_autoencoder,
    texts,
    texts_that_are_pooled,
    a_label_for_each_step,
    the_next_word,
    two_inputs_by_name,
    two_outputs_by_name,
    two_outputs_in_order,
    weighted,
    a_model_of_ones_own,
    a_loss_of_ones_own,
    a_pretrained_model_within,
    numbers_in_a_mixture_of_dtypes,
]


@pytest.mark.parametrize("made", HEALTHY, ids=lambda made: made.__name__)
def test_nothing_is_found(made: Callable[[], Any], clean: Callable[..., None]) -> None:
    ds, model = made()
    clean(ds, model=model)


@pytest.mark.parametrize("made", HEALTHY, ids=lambda made: made.__name__)
def test_keras_trains_them(made: Callable[[], Any]) -> None:
    import feedline.keras  # noqa: F401  so that fit takes datasets

    ds, model = made()
    history = model.fit(ds.take(2), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
