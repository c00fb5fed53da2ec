"""Ragged and sparse elements."""

from __future__ import annotations

import warnings

import keras
import numpy as np
from common import BACKEND, RNG, close_to, raises

import feedline as fl
import feedline.keras
from feedline.errors import ArgumentError, DtypeError, FeedlineWarning, ShapeError, StructureError
from feedline.keras import Pad

JIT = BACKEND == "jax"  # elsewhere the compilation takes longer than it saves
LENGTHS = [3, 8, 1, 5, 2, 2, 7, 4] * 3 + [2, 1, 4, 3, 3, 1, 2, 4] * 2
TOKENS = [RNG.integers(1, 19, length).astype(np.int32) for length in LENGTHS]
TAGS = [(row % 3).astype(np.int32) for row in TOKENS]
LARGE = np.array([[float(row[-1] >= 10)] for row in TOKENS], np.float32)
TRUE = np.array([[number < length for number in range(8)] for length in LENGTHS])


def in_full(rows):
    """The rows as one array, filled up to eight steps by hand."""
    table = np.zeros((len(rows), 8, *rows[0].shape[1:]), rows[0].dtype)
    for target, row in zip(table, rows, strict=True):
        target[: len(row)] = row
    return table


def ragged(*parts, size=8):
    """The dataset of these parts in batches, ragged where they are lists of rows."""
    columns = parts if len(parts) > 1 else parts[0]
    return fl.Dataset.from_tensor_slices(columns).ragged_batch(size)


def classifier(mask_zero=True, **compiled):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Embedding(20, 8, mask_zero=mask_zero), keras.layers.LSTM(8), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    model.compile(keras.optimizers.Adam(0.03), "mse", jit_compile=JIT, **compiled)
    return model


def tagger(mask_zero=False, outputs=3, loss=None, **compiled):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Embedding(20, 8, mask_zero=mask_zero), keras.layers.Dense(outputs)]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=JIT, **compiled)
    return model


def tagger_as(model, **compiled):
    """A model of the same weights that masks nothing."""
    other = tagger(**compiled)
    other.set_weights(model.get_weights())
    return other


def check_ragged_inputs_are_filled_up_where_it_is_asked_for():
    data = ragged(TOKENS, LARGE)
    expected = classifier().fit(in_full(TOKENS), LARGE, batch_size=8, shuffle=False, epochs=12, verbose=0)
    for pad in ("pad", Pad(multiple_of=8)):
        model = classifier()
        losses = model.fit(data.to_keras(ragged=pad), epochs=12, verbose=0).history["loss"]
        close_to(losses, expected.history["loss"], 1e-3)
        assert losses[-1] < 0.3 * losses[0], losses
    alone = ragged(TOKENS).to_keras(ragged="pad")
    close_to(model.predict(alone, verbose=0), model.predict(in_full(TOKENS), verbose=0), 1e-4)
    history = model.fit(in_full(TOKENS), LARGE, validation_data=data.to_keras(ragged="pad"), verbose=0).history
    close_to(history["val_loss"][0], model.evaluate(in_full(TOKENS), LARGE, verbose=0), 1e-4)
    if BACKEND != "tensorflow":
        raises(StructureError, lambda: model.fit(data, verbose=0), "x is a ragged tensor", 'to_keras(ragged="pad")')


def check_labels_that_are_filled_up_weigh_nothing():
    data = ragged(TOKENS, TAGS).to_keras(ragged=Pad(multiple_of=8))
    arrays = {"x": in_full(TOKENS), "y": in_full(TAGS), "sample_weight": TRUE.astype(np.float32)}
    for mask_zero in (False, True):
        ours, theirs = (tagger(mask_zero, weighted_metrics=["accuracy"]) for _ in range(2))
        got = ours.fit(data, epochs=2, verbose=0).history
        expected = theirs.fit(**arrays, batch_size=8, shuffle=False, epochs=2, verbose=0).history
        close_to(got["loss"], expected["loss"], 1e-4)
        close_to(got["accuracy"], expected["accuracy"], 1e-4)
    right = theirs.predict(in_full(TOKENS), verbose=0).argmax(-1) == in_full(TAGS)
    close_to(tagger_as(theirs, weighted_metrics=["accuracy"]).evaluate(data, verbose=0)[1], right[TRUE].mean(), 1e-4)
    # whatever the inputs are filled up with, a model learns the same from what is there
    real = ragged(TOKENS, [row + 0.5 for row in TAGS])
    models = [tagger(outputs=1, loss="mae") for _ in range(2)]
    for value, model in zip((0, 19), models, strict=True):
        model.fit(real.to_keras(ragged=Pad(value, 8)), verbose=0)
    (embedding, *rest), (other_embedding, *other_rest) = (model.get_weights() for model in models)
    for mine, other in [(embedding[1:19], other_embedding[1:19]), *zip(rest, other_rest, strict=True)]:
        close_to(mine, other)


def check_sample_weights_of_ragged_labels():
    per_row = RNG.uniform(size=40).astype(np.float32)
    per_step = [RNG.uniform(size=length).astype(np.float32) for length in LENGTHS]
    for weights, expected in ((per_row, TRUE * per_row[:, None]), (per_step, in_full(per_step))):
        data = ragged(TOKENS, TAGS, weights).to_keras(ragged=Pad(multiple_of=8))
        want = tagger().fit(
            in_full(TOKENS), in_full(TAGS), sample_weight=expected, batch_size=8, shuffle=False, verbose=0
        )
        close_to(tagger().fit(data, verbose=0).history["loss"], want.history["loss"], 1e-4)
    other_lengths = [np.ones(length + 1, np.float32) for length in LENGTHS]
    uneven = ragged(TOKENS, TAGS, other_lengths).to_keras(ragged="pad")
    raises(ShapeError, lambda: tagger().fit(uneven, verbose=0), "other lengths than y")


def check_ragged_mistakes():
    data = ragged(TOKENS, TAGS)
    raises(ArgumentError, lambda: data.to_keras(ragged="cut"), "'cut'", "Pad(")
    raises(ArgumentError, lambda: data.to_keras(sparse=True), "sparse is True")
    raises(DtypeError, lambda: data.to_keras(ragged=Pad(0.5)), "x is to be filled up with 0.5", "int32")
    padded = data.to_keras(ragged="pad")
    raises(ArgumentError, lambda: tagger().fit(padded, class_weight={0: 1.0}, verbose=0), "labels are ragged")
    given = keras.Input((None,))
    flat = keras.Model(given, keras.layers.Lambda(lambda x: x * 2.0)(given))
    flat.compile("sgd", "mse")
    raises(StructureError, lambda: flat.fit(padded, verbose=0), "(None, None)", "last dimension")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tagger(metrics=["accuracy"]).evaluate(padded, verbose=0)
        tagger(weighted_metrics=["accuracy"]).evaluate(padded, verbose=0)
    told = [warning for warning in caught if warning.category is FeedlineWarning]
    assert len(told) == 1, told
    assert "weighted_metrics" in str(told[0].message)
    assert told[0].filename == __file__


def check_a_mask_as_an_input_of_its_own():
    values = [RNG.normal(size=(length, 2)).astype(np.float32) for length in LENGTHS]
    steps, mask = keras.Input((None, 2)), keras.Input((None,), dtype="bool")
    model = keras.Model([steps, mask], keras.layers.GlobalAveragePooling1D()(steps, mask=mask))
    model.compile("sgd", "mse")
    data = ragged(values, LARGE).map(lambda x, y: (x.to_padded(), y))
    expected = np.stack([row.mean(0) for row in values])
    close_to(model.predict(data.map(lambda x, y: (x,)), verbose=0), expected, 1e-4)
    close_to(model.evaluate(data, verbose=0), ((expected - LARGE) ** 2).mean(), 1e-4)


def check_a_dict_with_ragged_and_dense_inputs():
    tokens, number = keras.Input((None,), dtype="int32", name="tokens"), keras.Input((1,), name="number")
    pooled = keras.layers.GlobalMaxPooling1D()(keras.layers.Embedding(20, 4)(tokens))
    model = keras.Model([tokens, number], keras.layers.Dense(1)(keras.layers.Concatenate()([pooled, number])))
    model.compile("sgd", "mse")
    data = ragged({"tokens": TOKENS, "number": LARGE}, LARGE).to_keras(ragged=Pad(multiple_of=8))
    close_to(
        model.evaluate(data, verbose=0), model.evaluate({"tokens": in_full(TOKENS), "number": LARGE}, LARGE, verbose=0)
    )
    (x, _), *_ = data.get_numpy_iterator()
    assert x["tokens"].shape == (8, 8)


def check_sparse_inputs():
    dense = (RNG.normal(size=(40, 30)) * (RNG.random((40, 30)) < 0.15)).astype(np.float32)
    dense[8:16] = 0  # a batch without values
    spec = fl.SparseTensorSpec((30,), "float32"), fl.TensorSpec((1,), "float32")
    rows = [fl.SparseTensor(np.argwhere(row), row[row != 0], row.shape) for row in dense]
    data = fl.Dataset.from_generator(lambda: zip(rows, LARGE, strict=True), output_signature=spec).batch(8)

    def build(sparse=False):
        given = keras.Input((30,), sparse=sparse)
        model = keras.Model(given, keras.layers.Dense(1, kernel_initializer="ones")(given))
        model.compile(keras.optimizers.SGD(0.05), "mse")
        return model

    expected = build().fit(dense, LARGE, batch_size=8, shuffle=False, epochs=2, verbose=0).history["loss"]
    close_to(build().fit(data.to_keras(sparse="dense"), epochs=2, verbose=0).history["loss"], expected)
    if BACKEND == "torch":
        raises(StructureError, lambda: build().fit(data, verbose=0), "x is a sparse tensor", 'to_keras(sparse="dense")')
        return
    for sparse in (False, True):
        close_to(build(sparse).fit(data, epochs=2, verbose=0).history["loss"], expected, 1e-4)
    if BACKEND == "jax":
        sparse_labels = data.map(lambda x, y: (y, x))
        raises(StructureError, lambda: build().fit(sparse_labels, verbose=0), "y is a sparse tensor", "labels")
        sizes = {batch.nse for batch, _ in data.to_keras().get_jax_iterator()}
        assert sizes <= {16, 32, 64}, sizes
