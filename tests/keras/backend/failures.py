"""Failures in the midst of a run, early stops, and how long the model waited."""

from __future__ import annotations

import time
from functools import partial

import keras
import numpy as np
from common import (
    Clock,
    Inline,
    SlowStep,
    StopAt,
    X,
    Y,
    batches,
    busy,
    close_to,
    iter_of,
    linear,
    no_warning,
    quiet,
    raises,
    weights,
)

import feedline as fl
import feedline.keras
from feedline.errors import (
    FeedlineError,
    ShapeError,
)
from feedline.keras import DataWait


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
