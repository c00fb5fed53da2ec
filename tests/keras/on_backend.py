"""Checks of feedline.keras on one backend, run by test_backends.py in a process of its own.

    KERAS_BACKEND=jax python on_backend.py

Writes one line of JSON for each check: its name, and the traceback where it failed.
"""

# ruff: noqa: E402 (what Keras itself imports is noted before feedline is imported)
from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import threading
import time
import traceback
import warnings
from functools import partial

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

LOADED_BY_KERAS = set(sys.modules)

import feedline as fl
import feedline.keras
from feedline.errors import (
    ArgumentError,
    DtypeError,
    FeedlineError,
    InfiniteDatasetError,
    LabelsMissingError,
    ShapeError,
    StructureError,
)
from feedline.keras import DataWait

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 4)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5], [3.0]], np.float32)).astype(np.float32)
CLASSES = (X[:, 0] > 0).astype(np.int64)

if BACKEND == "torch":
    import torch

    torch.set_num_threads(1)


def batches(*parts, size=32, **kwargs):
    """The dataset of these parts, batched."""
    data = parts if len(parts) > 1 else parts[0]
    return fl.Dataset.from_tensor_slices(data).batch(size, **kwargs)


def of_unknown_length(dataset):
    return dataset.filter(lambda *parts: True)


def linear(seed=1, built=True, **kwargs):
    layers = [keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed), **kwargs)]
    model = keras.Sequential([keras.Input((4,)), *layers] if built else layers)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def weights(model):
    return [np.asarray(w) for w in model.get_weights()]


class Seeing(keras.Sequential):
    """A model that keeps a copy of each x that it is given."""

    rows: list

    def _note(self, data):
        x = data[0] if isinstance(data, tuple | list) else data
        self.rows.append(np.array(keras.ops.convert_to_numpy(x)).reshape(-1).tolist())

    def train_step(self, *args):
        self._note(args[-1])
        return super().train_step(*args)

    def test_step(self, *args):
        self._note(args[-1])
        return super().test_step(*args)


def seeing(built=True):
    layers = [keras.layers.Dense(1)]
    model = Seeing([keras.Input((1,)), *layers] if built else layers)
    object.__setattr__(model, "rows", [])
    model.compile("sgd", "mse", run_eagerly=True, jit_compile=False)
    return model


@contextlib.contextmanager
def no_warning():
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*(ran out of data|not writable)")
        yield


def flat(rows):
    return [number for row in rows for number in row]


def raises(kind, function, *words):
    try:
        function()
    except kind as error:
        message = str(error)
    else:
        raise AssertionError(f"{kind.__name__} was not raised")
    for word in words:
        assert word in message, f"{word!r} is not in:\n{message}"


def close_to(a, b, tolerance=1e-5):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# The checks.


def check_no_foreign_framework_is_imported():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(batches(X, Y), verbose=0)
    loaded = {"jax", "torch", "tensorflow", "grain"} & set(sys.modules) - LOADED_BY_KERAS - {BACKEND}
    assert not loaded, loaded


def check_the_loss_falls():
    history = linear().fit(batches(X, Y).shuffle(4, seed=1), epochs=20, verbose=0).history["loss"]
    assert len(history) == 20
    assert history[-1] < 0.01 * history[0], history


def check_training_equals_training_on_the_arrays():
    ours, theirs = linear(), linear()
    a = ours.fit(batches(X, Y), epochs=3, verbose=0).history["loss"]
    b = theirs.fit(X, Y, batch_size=32, shuffle=False, epochs=3, verbose=0).history["loss"]
    close_to(a, b)
    for mine, other in zip(weights(ours), weights(theirs), strict=True):
        close_to(mine, other)


def check_evaluate_and_predict_equal_those_on_the_arrays():
    model = linear()
    close_to(model.evaluate(batches(X, Y), verbose=0), model.evaluate(X, Y, batch_size=32, verbose=0))
    expected = model.predict(X, batch_size=32, verbose=0)
    close_to(model.predict(batches(X), verbose=0), expected)
    close_to(model.predict(batches(X, Y), verbose=0), expected)
    close_to(model.predict(batches(X).map(lambda x: (x,)), verbose=0), expected)
    assert expected.shape == (100, 1)


def check_to_keras_is_the_same():
    model = linear()
    adapter = batches(X, Y).to_keras()
    expected = model.evaluate(X, Y, batch_size=32, verbose=0)
    close_to(model.evaluate(adapter, verbose=0), expected)
    close_to(model.evaluate(adapter, verbose=0), expected)
    model.fit(adapter, epochs=2, verbose=0, validation_data=adapter)
    assert adapter.num_batches == 4
    assert [wait.steps for wait in adapter.waits[-2:]] == [4, 4]
    assert 0 <= adapter.wait_share() <= 1


def check_unbuilt_model_sees_each_element_once():
    for unknown in (False, True):
        drawn = []

        def note(x, y, drawn=drawn):
            drawn.append(float(x[0]))
            return x, y

        data = fl.Dataset.from_tensor_slices((X, Y)).map(note).batch(32)
        data = of_unknown_length(data) if unknown else data
        data.element_spec
        drawn.clear()
        linear(built=False).fit(data, epochs=2, verbose=0)
        assert sorted(drawn) == sorted([*map(float, X[:, 0])] * 2), (unknown, len(drawn))


def check_each_epoch_sees_each_element_once():
    numbers = np.arange(1, 11, dtype=np.float32)[:, None]
    for unknown in (False, True):
        for built in (True, False):
            data = batches(numbers, numbers, size=4)
            data = of_unknown_length(data) if unknown else data
            model = seeing(built)
            with no_warning():
                model.fit(data, epochs=3, verbose=0)
            assert [len(row) for row in model.rows] == [4, 4, 2] * 3, model.rows
            assert flat(model.rows) == numbers[:, 0].tolist() * 3, model.rows


def check_epochs_of_different_lengths():
    numbers = np.arange(1, 11, dtype=np.float32)[:, None]
    epoch = [0]

    def generate():
        epoch[0] += 1
        for number in numbers[: 2 * epoch[0]]:
            yield number, number

    spec = fl.TensorSpec((1,), "float32")
    data = fl.Dataset.from_generator(generate, output_signature=(spec, spec)).batch(1)
    data.element_spec
    epoch[0] = 0
    model = seeing()
    model.fit(data, epochs=3, verbose=0)
    assert flat(model.rows) == [1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6], model.rows


def check_infinite_with_steps_goes_on_where_it_stopped():
    numbers = np.arange(1, 6, dtype=np.float32)[:, None]
    data = batches(numbers, numbers, size=1).repeat()
    for built in (True, False):
        model = seeing(built)
        model.fit(data, epochs=3, steps_per_epoch=3, verbose=0)
        assert flat(model.rows) == [1, 2, 3, 4, 5, 1, 2, 3, 4], model.rows
    model.rows.clear()
    model.evaluate(data, steps=2, verbose=0)
    assert flat(model.rows) == [1, 2]
    assert model.predict(data, steps=7, verbose=0).shape == (7, 1)


def check_finite_with_too_few_batches_warns():
    numbers = np.arange(1, 6, dtype=np.float32)[:, None]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seeing().fit(batches(numbers, numbers, size=1), epochs=1, steps_per_epoch=9, verbose=0)
    assert any("ran out of data" in str(warning.message) for warning in caught)


def check_infinite_unbuilt_model_loses_no_batch():
    drawn = []

    def note(x, y):
        drawn.append(float(x[0]))
        return x, y

    data = fl.Dataset.from_tensor_slices((X, Y)).map(note).batch(10).repeat()
    data.element_spec
    drawn.clear()
    linear(built=False).fit(data, epochs=2, steps_per_epoch=5, verbose=0)
    assert sorted(drawn[:100]) == sorted(map(float, X[:, 0]))


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
        "validation_steps=100",
    )
    for mine, other in zip(weights(model), before, strict=True):
        assert np.array_equal(mine, other)


def check_one_batch_dataset_starts_anew_each_epoch():
    epochs = [0]

    def generate():
        epochs[0] += 1
        yield np.full((1,), epochs[0], np.float32), np.zeros((1,), np.float32)

    spec = fl.TensorSpec((1,), "float32")
    data = fl.Dataset.from_generator(generate, output_signature=(spec, spec)).batch(4)
    for given in (data, data.take(1)):
        for built in (True, False):
            given.element_spec
            epochs[0] = 0
            model = seeing(built)
            model.fit(given, epochs=3, verbose=0)
            assert flat(model.rows) == [1, 2, 3], (built, model.rows)


def check_validation_data():
    model = linear()
    history = model.fit(
        batches(X[:70], Y[:70]), validation_data=batches(X[70:], Y[70:], size=7), epochs=2, verbose=0
    ).history
    close_to(history["val_loss"][-1], model.evaluate(X[70:], Y[70:], verbose=0))
    history = model.fit(X[:70], Y[:70], validation_data=batches(X[70:], Y[70:], size=7), verbose=0).history
    close_to(history["val_loss"][-1], model.evaluate(X[70:], Y[70:], verbose=0))
    endless = batches(X[70:], Y[70:], size=10).repeat()
    history = model.fit(batches(X, Y), validation_data=endless, validation_steps=3, epochs=2, verbose=0).history
    close_to(history["val_loss"][-1], model.evaluate(X[70:], Y[70:], verbose=0))


def check_sample_weight():
    sample_weight = RNG.uniform(size=100).astype(np.float32)
    ours, theirs = linear(), linear()
    a = ours.fit(batches(X, Y, sample_weight), epochs=2, verbose=0).history["loss"]
    b = theirs.fit(X, Y, sample_weight=sample_weight, batch_size=32, shuffle=False, epochs=2, verbose=0)
    close_to(a, b.history["loss"])


def classifier(loss="sparse_categorical_crossentropy"):
    start = keras.initializers.GlorotUniform(1)
    layer = keras.layers.Dense(2, activation="softmax", kernel_initializer=start)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)
    return model


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


def check_64_bit_integers_are_not_cut():
    ids = np.array([[1], [2**40]], np.int64)
    model = keras.Sequential([keras.Input((1,), dtype="int64"), keras.layers.Lambda(lambda x: x)])
    if BACKEND == "jax":
        raises(DtypeError, lambda: model.predict(batches(ids), verbose=0), "1099511627776", "int32")
    else:
        assert np.array_equal(model.predict(batches(ids), verbose=0), ids)


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


def check_batches_in_flight_are_not_overwritten():
    """JAX and PyTorch read a batch's memory where it lies, later than Python handed it over."""
    rows = np.repeat(np.arange(320, dtype=np.float32)[:, None], 1024, axis=1)
    given = keras.Input((1024,))
    slow = given
    for _ in range(3):
        slow = keras.layers.Dense(1024, kernel_initializer="identity", use_bias=False)(slow)
    model = keras.Model(given, keras.layers.Lambda(lambda x: keras.ops.mean(x, axis=1))(slow))
    for data in (batches(rows, size=16), batches(rows, size=16).map(lambda x: x * 1, num_parallel_calls=2).prefetch(2)):
        close_to(model.predict(data, verbose=0), np.arange(320))


def check_an_error_in_the_pipeline_arrives_whole():
    def broken(x, y):
        if x[0] == X[70, 0]:
            raise KeyError("the seventy-first")
        return x, y

    data = fl.Dataset.from_tensor_slices((X, Y)).map(broken).batch(10)
    with no_warning():
        for model in (linear(built=True), linear(built=False)):
            for call in (
                lambda model: model.fit(data, epochs=2, verbose=0),
                lambda model: model.predict(data, verbose=0),
                lambda model: model.evaluate(data.repeat(), steps=20, verbose=0),
                lambda model: model.evaluate(data.skip(7), verbose=0),
                lambda model: model.fit(X, Y, validation_data=data, verbose=0),
            ):
                raises(FeedlineError, partial(call, model), "seventy-first")
            assert np.isfinite(model.predict(X, verbose=0)).all(), "the weights are lost"
    quiet()


def check_a_failure_of_the_data_leaves_the_model_its_weights():
    spec = (fl.TensorSpec((None, 4), "float32"), fl.TensorSpec((None, 1), "float32"))

    def failing(epoch, batch):
        epochs = [0]

        def generate():
            for number in range(5):
                if epochs[0] == epoch and number == batch:
                    raise KeyError("broken")
                yield X[:10], Y[:10]
            epochs[0] += 1

        return feedline.keras.to_keras(Inline(generate, spec, -2))

    good = feedline.keras.to_keras(Inline(lambda: ((X[:10], Y[:10]) for _ in range(5)), spec, -2))
    model = linear()
    model.fit(X, Y, verbose=0)
    for calls in ("evaluate", "predict"):
        for batch in (0, 1, 2):
            before = weights(model)
            raises(KeyError, partial(getattr(model, calls), failing(0, batch), verbose=0))
            assert all(map(np.array_equal, weights(model), before))
    for epoch in (0, 1):
        for batch in (0, 1, 2):
            fit = partial(model.fit, epochs=3, verbose=0)
            raises(KeyError, partial(fit, failing(epoch, batch)))
            assert np.isfinite(model.predict(X, verbose=0)).all()
            raises(KeyError, partial(fit, failing(epoch, batch), validation_data=good))
            assert np.isfinite(model.predict(X, verbose=0)).all()
            raises(KeyError, partial(fit, good, validation_data=failing(epoch, batch)))
            assert np.isfinite(model.predict(X, verbose=0)).all()
    before = weights(model)
    uneven = feedline.keras.to_keras(Inline(lambda: iter_of([(X[:10], Y[:9])]), spec, -2))
    raises(ShapeError, lambda: model.fit(uneven, verbose=0), "x has 10, y has 9", "batch 0")
    assert all(map(np.array_equal, weights(model), before))
    assert model.fit(good, epochs=40, verbose=0).history["loss"][-1] < 1e-2


def iter_of(values):
    yield from values


def quiet():
    """Waits until no worker of a pipeline is left; fails where one stays."""
    gc.collect()
    for thread in threading.enumerate():
        if "feedline" in thread.name.lower():
            thread.join(timeout=20)
            assert not thread.is_alive(), thread.name


class StopAt(keras.callbacks.Callback):
    def __init__(self, step, error=None):
        super().__init__()
        self.step, self.error = step, error

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.step:
            if self.error:
                raise self.error
            self.model.stop_training = True


def busy(dataset):
    return dataset.map(lambda x, y: (x + 0, y), num_parallel_calls=2).prefetch(2)


def check_early_stop_leaves_no_thread():
    data = busy(fl.Dataset.from_tensor_slices((X, Y))).batch(10).prefetch(2)
    model = linear()
    model.fit(data, epochs=50, verbose=0, callbacks=[keras.callbacks.EarlyStopping("loss", min_delta=100, patience=1)])
    quiet()
    model.fit(data, epochs=5, verbose=0, callbacks=[StopAt(1)])
    quiet()
    model.fit(data.repeat(), epochs=5, steps_per_epoch=7, verbose=0, callbacks=[StopAt(3)])
    quiet()
    for error in (KeyboardInterrupt(), ValueError("mine")):
        try:
            model.fit(data.repeat(), epochs=5, steps_per_epoch=7, verbose=0, callbacks=[StopAt(3, error)])
        except type(error) as caught:
            held = caught  # its traceback keeps every frame alive
            quiet()
            del held
        else:
            raise AssertionError("the error did not arrive")


class Clock:
    """A clock that only the test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Inline:
    """The least that a dataset must be: no threads, so that the clock moves only where the test says so."""

    def __init__(self, generate, spec, length):
        self.generate, self.element_spec, self.length = generate, spec, length

    def __iter__(self):
        return self.generate()

    def cardinality(self):
        return self.length


class SlowStep(keras.callbacks.Callback):
    """Makes each training step three seconds longer."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def on_train_batch_end(self, batch, logs=None):
        self.clock.now += 3


def check_data_wait():
    clock = Clock()
    feedline.keras.adapter.perf_counter = feedline.keras.wait.perf_counter = clock

    def slowly():
        for i in range(10):
            clock.now += 1
            yield X[i : i + 1], Y[i : i + 1]

    spec = (fl.TensorSpec((1, 4), "float32"), fl.TensorSpec((1, 1), "float32"))
    adapter = feedline.keras.to_keras(Inline(slowly, spec, 10))
    try:
        for built in (True, False):
            wait = DataWait()
            history = linear(built=built).fit(adapter, epochs=2, verbose=0, callbacks=[SlowStep(clock), wait]).history
            assert wait.epochs[-2:] == [feedline.keras.EpochWait(10.0, 40.0, 10, exact=True)] * 2, wait.epochs
            assert history["data_wait"] == [0.25, 0.25]
        assert adapter.wait_share() == 0.25
        fast = DataWait()
        data = feedline.keras.to_keras(Inline(lambda: ((X[i : i + 1], Y[i : i + 1]) for i in range(4)), spec, -2))
        history = linear().fit(data, epochs=2, verbose=0, callbacks=[fast], validation_data=adapter).history
        assert history["data_wait"] == [0.0, 0.0], "validation counts as waiting"
        assert len(adapter.waits) == 4
        arrays = DataWait()
        assert "data_wait" not in linear().fit(X, Y, verbose=0, callbacks=[arrays]).history
    finally:
        feedline.keras.adapter.perf_counter = feedline.keras.wait.perf_counter = time.perf_counter


def main() -> None:
    checks = [(name, value) for name, value in globals().items() if name.startswith("check_")]
    wanted = sys.argv[1:]
    for name, function in checks:
        if wanted and not any(word in name for word in wanted):
            continue
        start = time.monotonic()
        try:
            function()
            failure = None
        except BaseException:
            failure = traceback.format_exc()
        print(json.dumps({"check": name, "failure": failure, "seconds": time.monotonic() - start}), flush=True)


if __name__ == "__main__":
    main()
