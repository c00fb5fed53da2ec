"""Kinds of elements: weights, dicts, dtypes, lengths."""

from __future__ import annotations

import keras
import numpy as np
from common import (
    BACKEND,
    CLASSES,
    RNG,
    X,
    Y,
    batches,
    classifier,
    close_to,
    linear,
    no_warning,
    of_unknown_length,
    raises,
)

import feedline as fl
import feedline.keras
from feedline.errors import (
    ArgumentError,
    ShapeError,
    StructureError,
)


def check_sample_weight():
    sample_weight = RNG.uniform(size=100).astype(np.float32)
    ours, theirs = linear(), linear()
    a = ours.fit(batches(X, Y, sample_weight), epochs=2, verbose=0).history["loss"]
    b = theirs.fit(X, Y, sample_weight=sample_weight, batch_size=32, shuffle=False, epochs=2, verbose=0)
    close_to(a, b.history["loss"])


def check_class_weight():
    class_weight = {0: 0.2, 1: 3.0}
    one_hot = np.eye(2, dtype=np.float32)[CLASSES]
    for labels, loss in [
        (CLASSES, "sparse_categorical_crossentropy"),
        (CLASSES[:, None], "sparse_categorical_crossentropy"),
        (one_hot, "categorical_crossentropy"),
    ]:
        ours = classifier(loss).fit(batches(X, labels, size=50), class_weight=class_weight, verbose=0)
        theirs = classifier(loss).fit(X, labels, class_weight=class_weight, batch_size=50, shuffle=False, verbose=0)
        close_to(ours.history["loss"], theirs.history["loss"])
        assert abs(classifier(loss).evaluate(X, labels, verbose=0) - ours.history["loss"][0]) > 1e-3
    model = classifier()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert "accuracy" in model.fit(batches(X, CLASSES), class_weight=class_weight, verbose=0).history
    weight = np.ones(100, np.float32)

    def fit(data, given):
        classifier().fit(data, class_weight=given, verbose=0)

    raises(ArgumentError, lambda: fit(batches(X, CLASSES, weight), class_weight), "sample weights already")
    raises(ArgumentError, lambda: fit(batches(X, CLASSES), [1.0, 2.0]), "class_weight={0:")


def check_dict_inputs_and_two_outputs():
    a, b = keras.Input((3,), name="a"), keras.Input((1,), name="b")
    both = keras.layers.Concatenate()([a, b])
    first = keras.layers.Dense(1, name="first")(both)
    second = keras.layers.Dense(2, name="second")(both)
    data = {"a": X[:, :3], "b": X[:, 3:]}
    labels = {"first": Y, "second": X[:, :2]}
    for inputs in ({"a": a, "b": b}, [a, b]):
        model = keras.Model(inputs, {"first": first, "second": second})
        model.compile("sgd", {"first": "mse", "second": "mae"})
        close_to(
            model.evaluate(batches(data, labels), verbose=0), model.evaluate(data, labels, batch_size=32, verbose=0)
        )
        got, expected = model.predict(batches(data), verbose=0), model.predict(data, batch_size=32, verbose=0)
        close_to(got["first"], expected["first"])
        close_to(got["second"], expected["second"])
    model = keras.Model([a, b], [first, second])
    model.compile("sgd", ["mse", "mae"])
    x, y = (X[:, :3], X[:, 3:]), (Y, X[:, :2])
    close_to(model.evaluate(batches(x, y), verbose=0), model.evaluate(list(x), list(y), batch_size=32, verbose=0))
    raises(StructureError, lambda: model.fit(batches(X, Y), verbose=0), "2 inputs ('a', 'b')")
    wrong = {"a": X[:, :3], "bb": X[:, 3:]}
    raises(StructureError, lambda: model.fit(batches(wrong, y), verbose=0), "'b' is not in x", "'bb'")


def check_dtypes():
    model = linear()
    expected = model.evaluate(X, Y, batch_size=32, verbose=0)
    for x in (X.astype(np.float64), X.astype(">f4"), np.asfortranarray(X), X[::-1][::-1]):
        close_to(model.evaluate(batches(x, Y), verbose=0), expected)
    ints = RNG.integers(0, 200, (100, 4))
    for dtype in ("uint8", "int16", "int32", "int64", "uint32", "float16"):
        x = ints.astype(dtype)
        close_to(model.predict(batches(x), verbose=0), model.predict(x.astype(np.float32), verbose=0), 1e-3)
    truth = CLASSES.astype(bool)
    close_to(model.evaluate(batches(X, truth[:, None]), verbose=0), model.evaluate(X, truth[:, None], verbose=0))
    read_only = X.copy()
    read_only.flags.writeable = False
    with no_warning():
        model.evaluate(fl.Dataset.from_tensors((read_only, Y)), verbose=0)


def check_lengths_that_differ_from_batch_to_batch():
    """A map after padded_batch hides from the spec which lengths differ."""
    rows = [np.full((2 + number // 4, 3), number, np.float32) for number in range(12)]
    spec = (fl.TensorSpec((None, 3), "float32"), fl.TensorSpec((), "float32"))
    data = fl.Dataset.from_generator(lambda: ((row, row[0, 0]) for row in rows), output_signature=spec)
    for mapped in (False, True):
        padded = data.padded_batch(4)
        padded = padded.map(lambda x, y: (x * 2, y)) if mapped else padded
        given = keras.Input((None, 3))
        model = keras.Model(given, keras.layers.Dense(1)(keras.layers.GlobalMaxPooling1D()(given)))
        model.compile("sgd", "mse")
        expected = model.predict(np.stack([row[:1] for row in rows]) * (2 if mapped else 1), verbose=0)
        close_to(model.predict(padded, verbose=0), expected)
        sequential = keras.Sequential([keras.layers.GlobalMaxPooling1D(), keras.layers.Dense(1)])
        assert sequential.predict(padded, verbose=0).shape == (12, 1)
    if BACKEND == "tensorflow":
        late = data.padded_batch(2).map(lambda x, y: (x * 2, y))  # the first two batches have one length
        sequential = keras.Sequential([keras.layers.GlobalMaxPooling1D(), keras.layers.Dense(1)])
        raises(ShapeError, lambda: sequential.predict(late, verbose=0), "(2, 3, 3)", "batch 2", "keras.Input")


def check_steps_per_execution():
    if BACKEND == "torch":
        return
    for data in (batches(X, Y, size=10), of_unknown_length(batches(X, Y, size=10))):
        ours, theirs = linear(), linear()
        for model in (ours, theirs):
            model.compile(keras.optimizers.SGD(0.1), "mse", steps_per_execution=3)
        a = ours.fit(data, epochs=2, verbose=0).history["loss"]
        b = theirs.fit(X, Y, batch_size=10, shuffle=False, epochs=2, verbose=0).history["loss"]
        close_to(a, b)
