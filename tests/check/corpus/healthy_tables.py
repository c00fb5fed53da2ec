"""Healthy pipelines: tables of numbers and categories, from arrays, CSV files and databases."""

from __future__ import annotations

import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

AUTOTUNE = fl.AUTOTUNE


def houses(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns columns of very different scale (income, age, rooms, people, latitude, longitude) and prices."""
    draw = np.random.default_rng(seed)
    rooms, age, people = draw.gamma(9, 0.6, count), draw.integers(1, 53, count), draw.lognormal(7, 0.7, count)
    income, latitude, longitude = (
        draw.lognormal(10.4, 0.4, count),
        draw.uniform(32, 42, count),
        draw.uniform(-124, -114, count),
    )
    table = np.stack([income, age, rooms, people, latitude, longitude], axis=1).astype(np.float32)
    price = 4e4 + 4.5 * income + 900 * age + draw.normal(0, 2e4, count)
    return table, price.astype(np.float32)


def columns_of_different_scale(folder: pathlib.Path) -> Any:
    """Regression: a Normalization layer, adapted to the training data, brings the columns to one scale."""
    import keras

    table, prices = houses(600, seed=1)
    train = fl.Dataset.from_tensor_slices((table[:480], prices[:480] / 1e5)).shuffle(480).batch(32).prefetch(AUTOTUNE)
    test = fl.Dataset.from_tensor_slices((table[480:], prices[480:] / 1e5)).batch(32).prefetch(AUTOTUNE)
    normalise = keras.layers.Normalization(axis=-1)
    normalise.adapt(table[:480])
    model = keras.Sequential(
        [
            keras.Input((6,)),
            normalise,
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mean_absolute_error")
    return train.check(model=model, against=test, show=False)


def measurements_of_patients(folder: pathlib.Path) -> Any:
    """Cross-validation over shards of one table, each standardised by the training part's mean and deviation."""
    import keras
    from sklearn.datasets import load_breast_cancer

    table, labels = load_breast_cancer(return_X_y=True)
    model = keras.Sequential([keras.Input((30,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    reports = []
    for fold in range(5):
        whole = fl.Dataset.from_tensor_slices((table.astype("float32"), labels))
        parts = [whole.shard(5, index) for index in range(5)]
        rest = [part for index, part in enumerate(parts) if index != fold]
        train = rest[0].concatenate(rest[1]).concatenate(rest[2]).concatenate(rest[3])
        columns = np.stack([row for row, _ in train])
        mean, deviation = columns.mean(axis=0), columns.std(axis=0)

        def standardise(row: Any, label: Any, mean: Any = mean, deviation: Any = deviation) -> Any:
            return (row - mean) / deviation, label

        train = train.shuffle(569).map(standardise).batch(32).prefetch(AUTOTUNE)
        held_out = parts[fold].map(standardise).batch(32).prefetch(AUTOTUNE)
        reports.append(train.check(model=model, against=held_out, show=False))
    return next((report for report in reports if report.findings or report.failures), reports[0])


def a_hundred_and_fifty_flowers(folder: pathlib.Path) -> Any:
    """A very small table, sorted by class as it comes: shuffled once by index before it is split."""
    import keras
    from sklearn.datasets import load_iris

    table, species = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(150)
    table, species = table[order].astype("float32"), species[order]
    train = fl.Dataset.from_tensor_slices((table[:120], species[:120])).shuffle(120).batch(16)
    test = fl.Dataset.from_tensor_slices((table[120:], species[120:])).batch(16)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return train.check(model=model, against=test, show=False)


def people(count: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Returns columns of numbers and categories, and whether somebody stays: "stays" or "leaves"."""
    draw = np.random.default_rng(seed)
    age, income = draw.uniform(18, 90, count), draw.lognormal(10, 1, count)
    city = draw.choice(["Oslo", "Rome", "Bonn", "Lima"], count, p=[0.5, 0.3, 0.15, 0.05])
    stays = (age - 54) / 20 + np.log(income) - 10 + (city == "Oslo") + draw.normal(0, 0.3, count) > 0.5
    age[draw.random(count) < 0.05] = np.nan
    return {"age": age, "income": income, "city": city}, np.where(stays, "stays", "leaves")


def one_preprocess_for_both(folder: pathlib.Path) -> Any:
    """Missing ages, enormous incomes and cities: a `Preprocess` of the training data, saved, loaded for validation."""
    import keras

    steps = fl.preprocess
    train = fl.Dataset.from_tensor_slices(people(800, seed=1))
    preprocess = fl.Preprocess(
        {
            "age": [steps.Impute("median"), steps.Standardize()],
            "income": [steps.Log1p(), steps.Standardize()],
            "city": steps.OneHot(unseen="ignore"),
        },
        labels=steps.Ordinal(order="value"),
        output_mode="concat",
    ).fit(train)
    preprocess.save(folder / "preprocess.json")
    loaded = fl.Preprocess.load(folder / "preprocess.json")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    preprocess.attach(model)
    validation = fl.Dataset.from_tensor_slices(people(200, seed=2)).map(loaded).batch(64)
    train = train.shuffle(800).map(preprocess, num_parallel_calls=AUTOTUNE).batch(64).prefetch(AUTOTUNE)
    return train.check(model=model, against=validation, show=False)


def categories_that_the_model_encodes(folder: pathlib.Path) -> Any:
    """Keras' structured data: a dict of columns, numbers normalised and categories looked up by layers of the model."""
    import keras

    def columns(count: int, seed: int) -> Any:
        draw = np.random.default_rng(seed)
        features = {
            "age": draw.integers(29, 78, (count, 1)).astype("float32"),
            "cholesterol": draw.normal(246, 52, (count, 1)).astype("float32"),
            "pain": draw.integers(0, 5, (count, 1)),
            "vessels": draw.choice([0, 1, 2, 3], (count, 1), p=[0.6, 0.2, 0.13, 0.07]),
        }
        disease = (features["age"][:, 0] / 50 + features["pain"][:, 0] / 2 + draw.normal(0, 1, count) > 2.4).astype(
            "int64"
        )
        return features, disease

    features, disease = columns(400, seed=1)
    inputs, encoded = {}, []
    for name in ("age", "cholesterol"):
        inputs[name] = keras.Input((1,), name=name)
        layer = keras.layers.Normalization()
        layer.adapt(features[name])
        encoded.append(layer(inputs[name]))
    for name, count in (("pain", 5), ("vessels", 4)):
        inputs[name] = keras.Input((1,), name=name, dtype="int64")
        encoded.append(keras.layers.CategoryEncoding(count, output_mode="one_hot")(inputs[name]))
    x = keras.layers.Dense(16, activation="relu")(keras.layers.Concatenate()(encoded))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(keras.layers.Dropout(0.5)(x)))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    train = fl.Dataset.from_tensor_slices((features, disease)).shuffle(400).batch(32).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices(columns(100, seed=2)).batch(32).prefetch(AUTOTUNE)
    return train.check(model=model, against=validation, show=False)


def passengers_from_a_csv_file(folder: pathlib.Path) -> Any:
    """A CSV file with a header: `make_csv_dataset` shuffles and batches it, and a map packs the numbers."""
    import keras

    draw = np.random.default_rng(3)
    for name, count in (("train", 500), ("eval", 150)):
        lines = ["survived,sex,age,fare,class"]
        for _ in range(count):
            sex, grade, age = draw.choice(["male", "female"]), draw.integers(1, 4), draw.integers(1, 70)
            survived = int(draw.random() < (0.7 if sex == "female" else 0.3))
            lines.append(f"{survived},{sex},{age}.0,{draw.gamma(2, 40 / grade):.2f},{grade}")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")

    def pack(columns: Any, survived: Any) -> Any:
        female = fl.cast(columns["sex"] == b"female", fl.float32)
        numbers = [columns["age"] / 40, np.log1p(columns["fare"]), fl.cast(columns["class"], fl.float32) - 2, female]
        return np.stack(numbers, axis=-1).astype(np.float32), survived

    def passengers(name: str, training: bool) -> Any:
        path = str(folder / f"{name}.csv")
        ds = fl.experimental.make_csv_dataset(
            path, batch_size=32, label_name="survived", num_epochs=1, shuffle=training, shuffle_buffer_size=500
        )
        return ds.map(pack, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    return passengers("train", True).check(model=model, against=passengers("eval", False), show=False)


def payments(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns standardised columns, and which three in a hundred are frauds."""
    draw = np.random.default_rng(seed)
    frauds = (draw.random(count) < 0.03).astype("int64")
    return (draw.normal(size=(count, 12)) + frauds[:, None]).astype("float32"), frauds


def fraud_detector() -> Any:
    import keras

    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), weighted_metrics=["auc"])
    return model


def frauds_drawn_as_often_as_others(folder: pathlib.Path) -> Any:
    """Few frauds by nature: two endless datasets, drawn from equally often; validation is as things are."""
    table, frauds = payments(3000, seed=1)
    others, their_frauds = payments(800, seed=2)
    positive = fl.Dataset.from_tensor_slices((table[frauds == 1], frauds[frauds == 1])).shuffle(3000).repeat()
    negative = fl.Dataset.from_tensor_slices((table[frauds == 0], frauds[frauds == 0])).shuffle(3000).repeat()
    train = fl.Dataset.sample_from_datasets([positive, negative], weights=[0.5, 0.5]).batch(64).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((others, their_frauds)).batch(64).prefetch(AUTOTUNE)
    return train.check(model=fraud_detector(), against=validation, steps_per_epoch=90, show=False)


def frauds_weighed_by_their_rarity(folder: pathlib.Path) -> Any:
    """Few frauds by nature: each row has the weight of its class, in training only."""
    table, frauds = payments(3000, seed=1)
    others, their_frauds = payments(800, seed=2)
    weight = len(frauds) / (2 * np.bincount(frauds))
    rows = (table, frauds, weight[frauds].astype("float32"))
    train = fl.Dataset.from_tensor_slices(rows).shuffle(3000).batch(256).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((others, their_frauds)).batch(256).prefetch(AUTOTUNE)
    return train.check(model=fraud_detector(), against=validation, show=False)


def classes_resampled_by_rejection(folder: pathlib.Path) -> Any:
    """Few frauds by nature: `rejection_resample` leaves most of the others out."""
    table, frauds = payments(3000, seed=3)
    ds = fl.Dataset.from_tensor_slices((table, frauds)).shuffle(3000).repeat()
    ds = ds.rejection_resample(lambda row, fraud: fraud, target_dist=[0.5, 0.5], initial_dist=[0.97, 0.03])
    ds = ds.map(lambda _, element: element).batch(32).prefetch(AUTOTUNE)
    return ds.check(model=fraud_detector(), steps_per_epoch=90, show=False)


def several_topics_each(folder: pathlib.Path) -> Any:
    """Multi-label: words counted in papers, each with some of twelve topics; one sigmoid a topic."""
    import keras

    draw = np.random.default_rng(5)
    topics = (draw.random((600, 12)) < np.linspace(0.4, 0.06, 12)).astype("float32")
    counts = draw.poisson(0.05 + topics @ draw.gamma(0.3, 0.3, (12, 80))).astype("float32")
    train = fl.Dataset.from_tensor_slices((counts[:500], topics[:500])).shuffle(500).batch(32).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((counts[500:], topics[500:])).batch(32).prefetch(AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((80,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(12, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["binary_accuracy"])
    return train.check(model=model, against=validation, show=False)


def customers_letters(folder: pathlib.Path) -> Any:
    """The functional guide's tickets: a title, a body and tags go in, an urgency and a department come out."""
    import keras

    draw = np.random.default_rng(6)
    department = draw.integers(0, 4, 400)
    tags = (draw.random((400, 12)) < 0.2).astype("float32")
    inputs = {"title": draw.integers(1, 200, (400, 10)), "body": draw.integers(1, 200, (400, 40)), "tags": tags}
    targets = {
        "urgency": (tags[:, :1] + draw.uniform(0, 0.2, (400, 1)) > 0.6).astype("float32"),
        "department": department,
    }
    title, body, marks = (
        keras.Input((None,), name="title"),
        keras.Input((None,), name="body"),
        keras.Input((12,), name="tags"),
    )
    words = keras.layers.Embedding(200, 16)
    x = keras.layers.Concatenate()([keras.layers.LSTM(8)(words(title)), keras.layers.LSTM(8)(words(body)), marks])
    outputs = [keras.layers.Dense(1, name="urgency")(x), keras.layers.Dense(4, name="department")(x)]
    model = keras.Model([title, body, marks], outputs)
    model.compile(
        "adam",
        loss={
            "urgency": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"urgency": 1.0, "department": 0.2},
    )
    letters = fl.Dataset.from_tensor_slices((inputs, targets))
    train = letters.take(320).shuffle(320).batch(32).prefetch(AUTOTUNE)
    return train.check(model=model, against=letters.skip(320).batch(32).prefetch(AUTOTUNE), show=False)


def rows_out_of_a_database(folder: pathlib.Path) -> Any:
    """A generator that asks a database anew in each epoch; validation asks for the other rows."""
    import keras

    table, prices = houses(900, seed=7)
    path = str(folder / "houses.db")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE houses (id INTEGER, age REAL, rooms REAL, price REAL)")
        rows = [
            (number, row[1], row[2], price)
            for number, (row, price) in enumerate(zip(table.tolist(), prices.tolist(), strict=True))
        ]
        connection.executemany("INSERT INTO houses VALUES (?, ?, ?, ?)", rows)

    def asked(condition: str) -> Any:
        def rows() -> Iterator[Any]:
            connection = sqlite3.connect(path)
            try:
                query = f"SELECT age, rooms, price FROM houses WHERE {condition}"
                for age, rooms, price in connection.execute(query):
                    yield np.array([age / 50, rooms / 10], np.float32), np.float32(price / 1e5)
            finally:
                connection.close()

        signature = (fl.TensorSpec((2,), fl.float32), fl.TensorSpec((), fl.float32))
        return fl.Dataset.from_generator(rows, output_signature=signature)

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
    model.compile("adam", "huber")
    train = asked("id % 5 > 0").shuffle(720).batch(32).prefetch(AUTOTUNE)
    return train.check(model=model, against=asked("id % 5 = 0").batch(32), show=False)


def who_likes_which_film(folder: pathlib.Path) -> Any:
    """Recommendation: numbers of users and films into two embeddings, ratings from half a star to five as labels."""
    import keras

    draw = np.random.default_rng(8)
    pairs = np.stack([draw.integers(0, 60, 1500), draw.integers(0, 90, 1500)], axis=1)
    stars = np.clip(
        np.round(2 * (2.5 + draw.normal(0, 1, 60)[pairs[:, 0]] + draw.normal(0, 1, 90)[pairs[:, 1]])) / 2, 0.5, 5
    )
    ratings = ((stars - 0.5) / 4.5).astype("float32")
    inputs = keras.Input((2,), dtype="int64")
    user = keras.layers.Embedding(60, 8)(inputs[:, 0])
    film = keras.layers.Embedding(90, 8)(inputs[:, 1])
    model = keras.Model(inputs, keras.layers.Activation("sigmoid")(keras.layers.Dot(axes=1)([user, film])))
    model.compile("adam", "binary_crossentropy")
    train = fl.Dataset.from_tensor_slices((pairs[:1350], ratings[:1350])).shuffle(1350).batch(64).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((pairs[1350:], ratings[1350:])).batch(64).prefetch(AUTOTUNE)
    return train.check(model=model, against=validation, show=False)


def half_as_many_bits(folder: pathlib.Path) -> Any:
    """Counts are predicted from standardised float16 columns, by a Poisson loss, an exponential at the end."""
    import keras

    draw = np.random.default_rng(9)
    table = draw.normal(size=(700, 10)).astype("float16")
    counts = draw.poisson(np.exp(table[:, 0].astype(float) / 2 + 1)).astype("float32")
    train = fl.Dataset.from_tensor_slices((table[:600], counts[:600])).shuffle(600).batch(50).prefetch(AUTOTUNE)
    validation = fl.Dataset.from_tensor_slices((table[600:], counts[600:])).batch(50).prefetch(AUTOTUNE)
    model = keras.Sequential([keras.Input((10,), dtype="float16"), keras.layers.Dense(1, activation="exponential")])
    model.compile("adam", "poisson")
    return train.check(model=model, against=validation, show=False)


HEALTHY = [
    columns_of_different_scale,
    measurements_of_patients,
    a_hundred_and_fifty_flowers,
    one_preprocess_for_both,
    categories_that_the_model_encodes,
    passengers_from_a_csv_file,
    frauds_drawn_as_often_as_others,
    frauds_weighed_by_their_rarity,
    classes_resampled_by_rejection,
    several_topics_each,
    customers_letters,
    rows_out_of_a_database,
    who_likes_which_film,
    half_as_many_bits,
]
