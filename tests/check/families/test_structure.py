"""FL501 and FL502: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

Look = Callable[..., Any]

ROWS = np.random.default_rng(0).random((96, 8), np.float32)
AGES = np.random.default_rng(1).random((96, 1), np.float32)
CLASSES = np.random.default_rng(2).integers(0, 4, 96)

SPARSE = "sparse_categorical_crossentropy"


def table(elements: Any) -> Any:
    return fl.Dataset.from_tensor_slices(elements).shuffle(96).batch(16)


def single(loss: Any = SPARSE, **arguments: Any) -> Any:
    made = keras.Sequential([keras.Input((8,), **arguments), keras.layers.Dense(4, activation="softmax")])
    made.compile(loss=loss)
    return made


def double(as_dict: bool = False, loss: Any = SPARSE) -> Any:
    row, age = keras.Input((8,), name="row"), keras.Input((1,), name="age")
    output = keras.layers.Dense(4, activation="softmax")(keras.layers.Concatenate()([row, age]))
    made = keras.Model({"row": row, "age": age} if as_dict else [row, age], output)
    made.compile(loss=loss)
    return made


def two_outputs(as_dict: bool = False, loss: Any = None) -> Any:
    inputs = keras.Input((8,))
    kind = keras.layers.Dense(4, activation="softmax", name="kind")(inputs)
    age = keras.layers.Dense(1, name="age")(inputs)
    made = keras.Model(inputs, {"kind": kind, "age": age} if as_dict else [kind, age])
    made.compile(loss={"kind": SPARSE, "age": "mse"} if loss is None else loss)
    return made


class TestElements:
    def test_tuples_of_four(self, flagged: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((ROWS, AGES, AGES, CLASSES)).batch(16)
        finding = flagged(ds, "FL501", model=double())
        assert "tuples of 4" in finding.message
        assert ".map(lambda a, b, c, y: ((a, b, c), y)) in front of .batch(16)" in finding.fix

    def test_labels_are_missing(self, flagged: Look, clean: Look) -> None:
        finding = flagged(table(ROWS), "FL501", model=single())
        assert "no labels" in finding.message
        assert "Dataset.zip((ds, labels))" in finding.fix
        clean(table((ROWS, CLASSES)), "FL5", model=single())

    def test_labels_in_a_dict_with_the_inputs(self, flagged: Look) -> None:
        finding = flagged(table({"row": ROWS, "label": CLASSES}), "FL501", model=single())
        assert ".map(lambda e: (e['row'], e['label'])) in front of .batch(16)" in finding.fix
        finding = flagged(table({"row": ROWS, "age": AGES, "label": CLASSES}), "FL501", model=double())
        assert "({k: e[k] for k in e if k != 'label'}, e['label'])" in finding.fix

    def test_models_that_need_no_labels(self, clean: Look) -> None:
        class Own(keras.Model):
            def compute_loss(self, *args: Any, **arguments: Any) -> Any:
                return 0.0

        inputs = keras.Input((8,))
        own = Own(inputs, keras.layers.Dense(8)(inputs))
        own.compile(loss="mse")
        clean(table(ROWS), "FL5", model=own)
        plain = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8)])
        clean(table(ROWS), "FL5", model=plain)  # not compiled
        plain.compile()
        clean(table(ROWS), "FL5", model=plain)

    def test_an_autoencoder(self, clean: Look) -> None:
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8)])
        model.compile(loss="mse")
        clean(fl.Dataset.from_tensor_slices(ROWS).map(lambda x: (x, x)).batch(16), "FL5", model=model)


class TestInputs:
    def test_two_inputs_side_by_side_with_the_labels(self, flagged: Look, clean: Look) -> None:
        finding = flagged(table((ROWS, AGES, CLASSES)), "FL501", model=double())
        assert "taken for the labels" in finding.message
        clean(table((ROWS, AGES, CLASSES)), "FL505", model=double())  # what the loss makes of AGES is no news then
        assert ".map(lambda a, b, y: ((a, b), y)) in front of .batch(16)" in finding.fix
        clean(table(((ROWS, AGES), CLASSES)), "FL5", model=double())

    def test_one_component_for_two_inputs(self, flagged: Look) -> None:
        assert "2 inputs" in flagged(table((ROWS, CLASSES)), "FL501", model=double()).message

    def test_two_components_for_one_input(self, flagged: Look) -> None:
        finding = flagged(table(((ROWS, AGES), CLASSES)), "FL501", model=single())
        assert "'float32" not in finding.message
        assert "2 components" in finding.message

    def test_a_dict_for_one_input(self, flagged: Look, clean: Look) -> None:
        ds = table(({"row": ROWS}, CLASSES))
        finding = flagged(ds, "FL501", model=single())
        assert ".map(lambda x, y: (x['row'], y)) in front of .batch(16)" in finding.fix
        clean(ds, "FL5", model=single(name="row"))
        clean(table(({"row": ROWS, "more": AGES}, CLASSES)), "FL5", model=single(name="row"))

    @pytest.mark.parametrize("as_dict", [False, True])
    def test_dicts_and_tuples(self, as_dict: bool, clean: Look) -> None:
        clean(table(({"age": AGES, "row": ROWS}, CLASSES)), "FL5", model=double(as_dict))
        clean(table(({"age": AGES, "row": ROWS, "more": AGES}, CLASSES)), "FL5", model=double(as_dict))
        clean(table(((AGES, ROWS) if as_dict else (ROWS, AGES), CLASSES)), "FL5", model=double(as_dict))

    @pytest.mark.parametrize("as_dict", [False, True])
    def test_another_name(self, as_dict: bool, flagged: Look) -> None:
        finding = flagged(table(({"rows": ROWS, "age": AGES}, CLASSES)), "FL502", model=double(as_dict))
        assert "x has no key 'row'" in finding.message
        assert "there is 'rows' for 'row'" in finding.message
        assert "'row': x['rows']" in finding.fix
        assert "'age': x['age']" in finding.fix

    def test_a_name_that_is_missing(self, flagged: Look) -> None:
        finding = flagged(table(({"row": ROWS}, CLASSES)), "FL502", model=double())
        assert "'age'" in finding.message

    def test_a_subclassed_model(self, clean: Look) -> None:
        class Subclassed(keras.Model):
            def call(self, x: Any) -> Any:
                return x["row"]

        model = Subclassed()
        model.compile(loss="mse")
        clean(table(({"row": ROWS, "age": AGES}, ROWS)), "FL5", model=model)


class TestOutputs:
    @pytest.mark.parametrize("as_dict", [False, True])
    def test_labels_by_name_and_place(self, as_dict: bool, clean: Look) -> None:
        model = two_outputs(as_dict)
        clean(table((ROWS, {"kind": CLASSES, "age": AGES})), "FL5", model=model)
        clean(table((ROWS, (AGES, CLASSES) if as_dict else (CLASSES, AGES))), "FL5", model=model)

    @pytest.mark.parametrize("as_dict", [False, True])
    def test_another_name(self, as_dict: bool, flagged: Look) -> None:
        finding = flagged(table((ROWS, {"kinds": CLASSES, "age": AGES})), "FL502", model=two_outputs(as_dict))
        assert "y has no key 'kind'" in finding.message
        assert "'kind': y['kinds']" in finding.fix

    def test_a_name_too_many(self, flagged: Look) -> None:
        ds = table((ROWS, {"kind": CLASSES, "age": AGES, "id": CLASSES}))
        finding = flagged(ds, "FL502", model=two_outputs())
        assert "'id'" in finding.message

    def test_one_label_for_two_outputs(self, flagged: Look, clean: Look) -> None:
        assert "2 outputs" in flagged(table((ROWS, CLASSES)), "FL501", model=two_outputs()).message
        clean(table((ROWS, (CLASSES,))), "FL501", model=two_outputs(loss=[SPARSE, None]))

    def test_labels_that_no_output_takes(self, flagged: Look) -> None:
        finding = flagged(table((ROWS, (CLASSES, AGES))), "FL501", model=single())
        assert "2 labels" in finding.message
        assert "y[0]" in finding.fix

    def test_a_dict_of_one(self, flagged: Look, clean: Look) -> None:
        ds = table((ROWS, {"kind": CLASSES}))
        assert "(x, y['kind'])" in flagged(ds, "FL501", model=single()).fix
        inputs = keras.Input((8,))
        model = keras.Model(inputs, {"kind": keras.layers.Dense(4, activation="softmax")(inputs)})
        model.compile(loss={"kind": SPARSE})
        clean(ds, "FL5", model=model)
