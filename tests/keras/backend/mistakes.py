"""Mistakes that must be refused before training."""

from __future__ import annotations

import keras
import numpy as np
from common import (
    BACKEND,
    CLASSES,
    Inline,
    X,
    Y,
    batches,
    close_to,
    linear,
    raises,
    weights,
)

import feedline as fl
import feedline.keras
from feedline.errors import (
    ArgumentError,
    DtypeError,
    InfiniteDatasetError,
    LabelsMissingError,
    ShapeError,
    StructureError,
)


def check_infinite_without_steps_is_refused():
    data = batches(X, Y).repeat()
    model = linear()
    raises(InfiniteDatasetError, lambda: model.fit(data, verbose=0), "steps_per_epoch=100")
    raises(InfiniteDatasetError, lambda: model.evaluate(data, verbose=0), "steps=100")
    raises(InfiniteDatasetError, lambda: model.predict(data, verbose=0), "steps=100")
    before = weights(model)
    raises(
        InfiniteDatasetError,
        lambda: model.fit(X, Y, validation_data=data, verbose=0),
        "fit(validation_data=...)",
        "validation_steps=100",
    )
    for mine, other in zip(weights(model), before, strict=True):
        assert np.array_equal(mine, other)


def check_64_bit_integers_are_not_cut():
    ids = np.array([[1], [2**40]], np.int64)
    model = keras.Sequential([keras.Input((1,), dtype="int64"), keras.layers.Lambda(lambda x: x)])
    if BACKEND == "jax":
        words = "1099511627776", "int32", "jax_enable_x64"
        raises(DtypeError, lambda: model.predict(batches(ids), verbose=0), "x, of dtype int64", "batch(32) at", *words)
        late = batches({"id": ids}, size=1)
        given = {"id": keras.Input((1,), dtype="int64", name="id")}
        named = keras.Model(given, keras.layers.Lambda(lambda x: x)(given["id"]))
        raises(DtypeError, lambda: named.predict(late, verbose=0), "x['id'], of dtype int64", "batch 1", *words)
    else:
        assert np.array_equal(model.predict(batches(ids), verbose=0), ids)


def check_bad_structure():
    model = linear()
    unbatched = fl.Dataset.from_tensor_slices((X, Y))
    raises(ShapeError, lambda: model.fit(unbatched, verbose=0), ".batch(32)")
    raises(ShapeError, lambda: model.predict(fl.Dataset.from_tensor_slices(X), verbose=0), ".batch(32)")
    scalars = fl.Dataset.from_tensor_slices((X, CLASSES))
    raises(ShapeError, lambda: scalars.to_keras(), "y is a single value", ".batch(32)")
    raises(ShapeError, lambda: model.fit(batches(X, Y).batch(2), verbose=0), "batched twice")
    raises(StructureError, lambda: batches(X, Y, Y, Y).to_keras(), "tuple of 4")
    uneven = fl.Dataset.from_tensors((X, Y[:1])).repeat(2)
    raises(ShapeError, lambda: model.fit(uneven, verbose=0), "x has 100", "y has 1")


def check_the_first_batch_tells_what_the_spec_leaves_open():
    numbers = X[:, :1]
    twice = batches(numbers, Y, size=4).batch(2)
    assert twice.element_spec[0].shape == (None, None, 1)
    raises(ShapeError, lambda: linear_of_one().fit(twice, verbose=0), "batched twice", "(2, 4, 1)")
    # Keras itself drops or adds a last length of 1 where that makes the shapes agree.
    expected = linear_of_one().predict(numbers, verbose=0)
    for x in (numbers, numbers[:, 0], numbers[..., None]):
        close_to(linear_of_one().predict(batches(x), verbose=0), expected)


def linear_of_one():
    start = keras.initializers.Constant(0.5)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer=start)])
    model.compile("sgd", "mse")
    return model


def check_imaginary_parts_are_not_lost():
    waves = (X + 1j).astype(np.complex64)
    for model in (linear(), linear(built=False)):
        for method in (model.fit, model.evaluate):
            raises(DtypeError, lambda method=method: method(batches(waves, Y), verbose=0), "x is complex64", "real")
            raises(DtypeError, lambda method=method: method(batches(X, Y + 1j), verbose=0), "y is complex", "real")
        raises(DtypeError, lambda model=model: model.predict(batches(waves), verbose=0), "x is complex64")
        raises(DtypeError, lambda model=model: model.fit(X, Y, validation_data=batches(waves, Y), verbose=0))
    linear().predict(batches(X, Y + 1j), verbose=0)  # which leaves y aside

    class Magnitude(keras.layers.Layer):
        def call(self, x):
            return keras.ops.cast(keras.ops.absolute(x), "float32")

    model = keras.Sequential([keras.Input((4,), dtype="complex64"), Magnitude(dtype="complex64")])
    close_to(model.predict(batches(waves), verbose=0), np.abs(waves))


def check_labels_missing():
    model = linear()
    raises(LabelsMissingError, lambda: model.fit(batches(X), verbose=0), "(x, y)", "mse")
    raises(LabelsMissingError, lambda: model.evaluate(batches(X), verbose=0), "evaluate()")
    raises(LabelsMissingError, lambda: model.fit(X, Y, validation_data=batches(X), verbose=0))
    record = {"image": X, "label": Y}
    raises(LabelsMissingError, lambda: model.fit(batches(record), verbose=0), "lambda e: (e['image'], e['label'])")

    class OwnLoss(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def call(self, x):
            return self.dense(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return keras.ops.mean((x - y_pred) ** 2)

    model = OwnLoss()
    model.compile("sgd")
    assert np.isfinite(model.fit(batches(X), verbose=0).history["loss"][0])


def check_bad_arguments():
    model, data = linear(), batches(X, Y)
    raises(ArgumentError, lambda: model.fit(data, Y, verbose=0), "beside a dataset")
    raises(ArgumentError, lambda: model.fit(data, batch_size=8, verbose=0), ".batch(8)")
    raises(ArgumentError, lambda: model.fit(data, validation_split=0.2, verbose=0), "ds.take(n)")
    raises(ArgumentError, lambda: model.fit(data, sample_weight=Y, verbose=0), "sample weights")
    raises(ArgumentError, lambda: model.fit(X, Y, validation_data=data, validation_batch_size=3, verbose=0))
    raises(ArgumentError, lambda: model.fit(data.take(0), verbose=0), "without a single batch")
    nothing = data.filter(lambda *parts: False)
    raises(ArgumentError, lambda: model.fit(nothing, verbose=0), "no batch at all")
    raises(ArgumentError, lambda: model.predict(nothing, verbose=0), "no batch at all")


def check_strings_and_ragged():
    words = np.array([b"a", b"bc", b"a", b"d"], object)
    data = batches(words[:, None], np.zeros((4, 1), np.float32), size=2)
    model = linear()
    raises(DtypeError, lambda: model.fit(data, verbose=0), "x is strings")
    rows = [np.arange(1 + i % 3, dtype=np.float32) for i in range(4)]
    ragged = Inline(
        lambda: (fl.RaggedTensor.from_rows(rows[start : start + 2]) for start in (0, 2)),
        fl.RaggedTensorSpec((2, None), "float32"),
        2,
    )
    ragged = feedline.keras.to_keras(ragged)
    if BACKEND == "tensorflow":
        given = keras.Input((1,), dtype="string")
        looked_up = keras.Model(given, keras.layers.StringLookup(vocabulary=["a", "d"])(given))
        assert looked_up.predict(data, verbose=0).ravel().tolist() == [1, 0, 1, 2]
        lookup = keras.Sequential([keras.layers.StringLookup(vocabulary=["a", "d"])])
        raises(DtypeError, lambda: lookup.predict(data, verbose=0), "strings=True")
        assert lookup.predict(feedline.keras.to_keras(data, strings=True), verbose=0).ravel().tolist() == [1, 0, 1, 2]

        import tensorflow as tf

        got = list(ragged.get_tf_dataset())
        assert isinstance(got[0], tf.RaggedTensor), got
        assert [batch.to_list() for batch in got] == [[[0.0], [0.0, 1.0]], [[0.0, 1.0, 2.0], [0.0]]]
    else:
        raises(StructureError, lambda: model.predict(ragged, verbose=0), ".padded_batch")
