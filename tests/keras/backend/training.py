"""Whole runs: every element once an epoch, the same numbers as with arrays, finite, infinite, unknown length."""

from __future__ import annotations

import sys
import warnings

import keras
import numpy as np
from common import (
    BACKEND,
    LOADED_BY_KERAS,
    X,
    Y,
    batches,
    close_to,
    flat,
    linear,
    no_warning,
    of_unknown_length,
    seeing,
    weights,
)

import feedline as fl
import feedline.keras


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


def check_a_generator_is_started_once_an_epoch_and_once_for_its_spec():
    starts = [0]

    def generate():
        starts[0] += 1
        yield from zip(X, Y, strict=True)

    def same(x, y):
        return x, y

    signature = fl.TensorSpec((4,), "float32"), fl.TensorSpec((1,), "float32")
    signed = fl.Dataset.from_generator(generate, output_signature=signature)
    unsigned = fl.Dataset.from_generator(generate)
    for data, looks in [
        (signed.batch(32), 0),
        (signed.map(same).map(same).batch(32), 1),
        (unsigned.batch(32), 1),
        (unsigned.map(same).batch(32).map(same).prefetch(2), 1),
    ]:
        starts[0] = 0
        linear().fit(data, epochs=2, verbose=0)
        assert starts[0] == 2 + looks, (data, starts)


def check_a_generator_without_signature_builds_a_model():
    expected = linear().fit(X, Y, batch_size=32, shuffle=False, verbose=0).history["loss"]
    data = fl.Dataset.from_generator(lambda: zip(X, Y, strict=True)).batch(32)
    close_to(linear(built=False).fit(data, verbose=0).history["loss"], expected)


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
