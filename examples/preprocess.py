"""Preprocessing of a table that is learnt once: in training, in validation, and in a program that serves the model."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import random
import tempfile
from pathlib import Path

import keras
import numpy as np

import feedline as fl
import feedline.keras
from feedline.preprocess import Clip, Impute, Log1p, OneHot, Ordinal, Standardize

CITIES = ["Oslo", "Rome", "Bonn", "Lima"]


def customers(count: int, seed: int) -> dict[str, np.ndarray]:
    """Returns a table with the faults of real ones: missing ages and a few enormous incomes."""
    draw = np.random.default_rng(seed)
    ages = draw.uniform(18, 90, count)
    incomes = draw.lognormal(10, 1, count)
    cities = draw.integers(0, len(CITIES), count)
    score = (ages - 54) / 20 + np.log(incomes) - 10 + np.array([1.5, -1.5, 0, 0])[cities]
    ages[draw.random(count) < 0.05] = np.nan
    answers = np.where(score + draw.normal(0, 0.3, count) > 0, "stays", "leaves")
    return {"age": ages, "income": incomes, "city": np.array(CITIES)[cities], "answer": answers}


def dataset(table: dict[str, np.ndarray]) -> fl.Dataset:
    """Returns the rows of a table as (columns, answer)."""
    inputs = {name: table[name] for name in ("age", "income", "city")}
    return fl.Dataset.from_tensor_slices((inputs, table["answer"]))


def train(folder: Path) -> None:
    """Fits the preprocessing and the model on the training data, and saves both."""
    training, validation = dataset(customers(4_000, seed=1)), dataset(customers(500, seed=2))
    preprocess = fl.Preprocess(
        {
            "age": [Impute("median"), Standardize()],
            "income": [Clip(0, 1e7), Log1p(), Standardize()],
            "city": OneHot(unseen="ignore"),
        },
        labels=Ordinal(order="value"),
        output_mode="concat",
    ).fit(training)
    print(f"the cities by their number of rows: {[city.decode() for city in preprocess.inputs['city'].vocabulary]}")

    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    preprocess.attach(model)
    batches = training.shuffle(4_000).batch(64).map(preprocess).prefetch(2)
    held_out = validation.batch(64).map(preprocess).prefetch(2)
    report = batches.check(model=model, against=held_out, show=False)
    assert report.ok, report
    model.fit(batches.to_keras(), validation_data=held_out.to_keras(), epochs=4, verbose=2)
    model.save(folder / "model.keras")
    preprocess.save(folder / "preprocess.json")


def a_mistake(folder: Path) -> None:
    """Fits it on the validation data anew, which the check tells."""
    saved = fl.Preprocess.load(folder / "preprocess.json")
    validation = dataset(customers(500, seed=2))
    anew = fl.Preprocess(saved.inputs, labels=saved.labels, output_mode="concat").fit(validation)
    training = dataset(customers(4_000, seed=1)).shuffle(4_000).batch(64).map(saved)
    found = training.check(against=validation.batch(64).map(anew), show=False).findings
    finding = next(each for each in found if each.code == "FL610")
    print(f"{finding.code}: {finding.message} {finding.seen}")


def serve(folder: Path) -> float:
    """Answers for single customers and for many, without a dataset; returns the accuracy on new ones."""
    model = keras.saving.load_model(folder / "model.keras")
    preprocess = fl.Preprocess.load(folder / "preprocess.json")
    names = [name.decode() for name in preprocess.labels.vocabulary]
    one = preprocess({"age": 61.0, "income": 52_000.0, "city": "Oslo"})
    share = float(keras.ops.convert_to_numpy(model(one[None]))[0, 0])
    print(f"a customer of 61 in Oslo {names[int(share > 0.5)]} ({share:.0%} {names[1]})")
    new = customers(2_000, seed=3)
    vectors, answers = preprocess({name: new[name] for name in ("age", "income", "city")}, new["answer"])
    said = model.predict(vectors, batch_size=500, verbose=0)[:, 0] > 0.5
    return float((said == answers).mean())


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    with tempfile.TemporaryDirectory() as name:
        train(Path(name))
        a_mistake(Path(name))
        accuracy = serve(Path(name))
    print(f"served: {accuracy:.1%} of new customers are told right")
    assert accuracy > 0.85


if __name__ == "__main__":
    main()
