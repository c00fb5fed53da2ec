"""FL609 and FL610: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
COLOURS = GENERATOR.choice(["red", "green", "blue", "grey"], 240)
AGES = GENERATOR.normal(40, 10, 240)
TRAIN = fl.Dataset.from_tensor_slices({"colour": COLOURS[:160], "age": AGES[:160]})
VALIDATION = fl.Dataset.from_tensor_slices({"colour": COLOURS[160:], "age": AGES[160:]})


def by_dict(ds: Any, table: dict[Any, int]) -> Any:
    return ds.map(lambda row: np.int64(table.get(row["colour"], 0))).batch(20)


def numbers(*names: str, first: int = 0) -> dict[bytes, int]:
    return {name.encode(): number for number, name in enumerate(names, first)}


class TestVocabularyDiffers:
    def test_dicts_in_another_order(self, flagged: Look) -> None:
        ours, theirs = numbers("red", "green", "blue"), numbers("green", "red", "blue")
        finding = flagged(by_dict(TRAIN, ours), "FL609", against=by_dict(VALIDATION, theirs))
        assert finding.severity == "error"
        assert finding.message == "'red' has the number 0 in the training data and 1 in the validation data."
        assert "2 of 3 categories that both have differ" in finding.seen
        assert any("table, in map" in place for place in finding.where)

    def test_a_category_in_between_moves_the_others(self, flagged: Look) -> None:
        ours, theirs = numbers("blue", "green", "red"), numbers("blue", "grey", "green", "red")
        finding = flagged(by_dict(TRAIN, ours), "FL609", against=by_dict(VALIDATION, theirs))
        assert "'green' has the number 1 in the training data and 2" in finding.message

    def test_further_categories_are_a_warning(self, flagged: Look) -> None:
        ours, theirs = numbers("red", "green"), numbers("red", "green", "blue")
        finding = flagged(by_dict(TRAIN, ours), "FL609", against=by_dict(VALIDATION, theirs))
        assert finding.severity == "warning"
        assert "'blue'" in finding.seen

    def test_the_same_object_and_an_equal_one(self, clean: Look) -> None:
        table = numbers("red", "green", "blue")
        clean(by_dict(TRAIN, table), "FL609", against=by_dict(VALIDATION, table))
        clean(by_dict(TRAIN, table), "FL609", against=by_dict(VALIDATION, dict(reversed(table.items()))))

    def test_a_part_with_the_same_numbers(self, clean: Look) -> None:
        ours, theirs = numbers("red", "green", "blue"), numbers("red", "green")
        clean(by_dict(TRAIN, ours), "FL609", against=by_dict(VALIDATION, theirs))

    def test_settings_are_no_encodings(self, clean: Look) -> None:
        ours, theirs = {"height": 28, "width": 28}, {"height": 32, "width": 28}
        clean(by_dict(TRAIN, ours), "FL609", against=by_dict(VALIDATION, theirs))
        flags, other = {"crop": 0, "flip": 0, "size": 1}, {"crop": 1, "flip": 0, "size": 0}
        clean(by_dict(TRAIN, flags), "FL609", against=by_dict(VALIDATION, other))

    def test_other_categories(self, clean: Look) -> None:
        ours, theirs = numbers("red", "green", "blue"), numbers("cat", "dog", "red")
        clean(by_dict(TRAIN, ours), "FL609", against=by_dict(VALIDATION, theirs))

    def test_two_columns_with_the_same_answers(self, clean: Look) -> None:
        first, second = numbers("no", "yes"), numbers("yes", "no")

        def rows(ds: Any) -> Any:
            return ds.map(lambda row: np.int64(first.get(row["colour"], 0) + second.get(row["colour"], 0))).batch(20)

        clean(rows(TRAIN), "FL609", against=rows(VALIDATION))

    def test_numbers_that_begin_behind_padding(self, flagged: Look) -> None:
        ours, theirs = numbers("red", "green", first=2), numbers("green", "red", first=2)
        flagged(by_dict(TRAIN, ours), "FL609", against=by_dict(VALIDATION, theirs))

    def test_lists_that_are_searched(self, flagged: Look, clean: Look) -> None:
        def searched(ds: Any, names: list[bytes]) -> Any:
            return ds.map(lambda row: np.int64(names.index(row["colour"]))).batch(20)

        ours, theirs = [b"red", b"green", b"blue", b"grey"], [b"grey", b"red", b"green", b"blue"]
        flagged(searched(TRAIN, ours), "FL609", against=searched(VALIDATION, theirs))
        clean(searched(TRAIN, ours), "FL609", against=searched(VALIDATION, list(ours)))

    def test_arrays_of_class_names(self, flagged: Look) -> None:
        def compared(ds: Any, names: np.ndarray) -> Any:
            return ds.map(lambda row: np.argmax(row["colour"] == names)).batch(20)

        ours = np.array([b"red", b"green", b"blue"], object)
        flagged(compared(TRAIN, ours), "FL609", against=compared(VALIDATION, ours[::-1]))

    def test_an_object_with_a_table(self, flagged: Look) -> None:
        class Coder:
            def __init__(self, *names: str) -> None:
                self.table = numbers(*names)

            def number(self, name: bytes) -> np.int64:
                return np.int64(self.table.get(name, 0))

        def coded(ds: Any, coder: Coder) -> Any:
            return ds.map(lambda row: coder.number(row["colour"])).batch(20)

        finding = flagged(
            coded(TRAIN, Coder("red", "green")), "FL609", against=coded(VALIDATION, Coder("green", "red"))
        )
        assert "coder.table" in finding.fix

    def test_files_of_each_dataset(self, clean: Look) -> None:
        def paths(ds: Any, names: list[str]) -> Any:
            return ds.map(lambda row: np.int64(names.index(names[0]))).batch(20)

        clean(
            paths(TRAIN, ["train/1.png", "train/2.png"]), "FL609", against=paths(VALIDATION, ["val/1.png", "val/2.png"])
        )

    @pytest.mark.parametrize("kind", ["LabelEncoder", "OrdinalEncoder", "OneHotEncoder", "MultiLabelBinarizer"])
    def test_encoders_of_scikit_learn(self, kind: str, flagged: Look, clean: Look) -> None:
        preprocessing = pytest.importorskip("sklearn.preprocessing")

        def fitted(*names: str) -> Any:
            values = {
                "LabelEncoder": list(names),
                "MultiLabelBinarizer": [list(names)],
            }.get(kind, [[name] for name in names])
            return getattr(preprocessing, kind)().fit(values)

        def encoded(ds: Any, encoder: Any) -> Any:
            return ds.map(lambda row: (np.int64(0), encoder.transform)[0]).batch(20)

        ours, theirs = fitted("blue", "green", "red"), fitted("blue", "green", "grey", "red")
        finding = flagged(encoded(TRAIN, ours), "FL609", against=encoded(VALIDATION, theirs))
        assert "'red'" in finding.message
        clean(encoded(TRAIN, ours), "FL609", against=encoded(VALIDATION, fitted("blue", "green", "red")))

    def test_lookup_layers_of_keras(self, flagged: Look, clean: Look) -> None:
        keras = pytest.importorskip("keras")
        pytest.importorskip("tensorflow")

        def looked_up(ds: Any, layer: Any) -> Any:
            return ds.map(lambda row: (np.int64(0), layer)[0]).batch(20)

        def lookup(*names: str) -> Any:
            return looked_up(TRAIN, keras.layers.StringLookup(vocabulary=list(names)))

        def texts(*names: str) -> Any:
            return looked_up(TRAIN, keras.layers.TextVectorization(vocabulary=list(names)))

        for make in (lookup, texts):
            flagged(make("red", "green", "blue"), "FL609", against=make("green", "red", "blue"))
            clean(make("red", "green", "blue"), "FL609", against=make("red", "green", "blue"))
        empty = keras.layers.TextVectorization()
        clean(looked_up(TRAIN, empty), "FL609", against=looked_up(VALIDATION, empty))

    def test_folders_of_classes(self, flagged: Look, clean: Look, tmp_path: Path) -> None:
        from feedline.keras import image_dataset_from_directory

        for part, classes in (
            ("train", ["cat", "dog", "owl"]),
            ("val", ["cat", "owl"]),
            ("test", ["cat", "dog", "owl"]),
        ):
            for folder in classes:
                for number in range(3):
                    image = GENERATOR.integers(0, 256, (8, 8, 3)).astype(np.uint8)
                    fl.io.write_file(tmp_path / part / folder / f"{number}.png", fl.io.encode_png(image))

        def images(part: str, **more: Any) -> Any:
            return image_dataset_from_directory(tmp_path / part, image_size=(8, 8), batch_size=3, verbose=False, **more)

        finding = flagged(images("train"), "FL609", against=images("val"))
        assert finding.message == "'owl' has the number 2 in the training data and 1 in the validation data."
        assert finding.fix == "Write class_names=['cat', 'dog', 'owl'] for both."
        clean(images("train"), "FL609", against=images("test"))
        names = ["owl", "dog", "cat"]
        clean(images("train", class_names=names), "FL609", against=images("test", class_names=names))

    def test_without_validation_data(self, clean: Look) -> None:
        clean(by_dict(TRAIN, numbers("red", "green")), "FL609")


def preprocess(ds: Any = TRAIN, **more: Any) -> fl.Preprocess:
    steps = {"age": fl.preprocess.Standardize(), "colour": fl.preprocess.OneHot(unseen="ignore"), **more}
    return fl.Preprocess(steps).fit(ds)


class TestPreprocessFingerprint:
    def test_fit_on_each(self, flagged: Look) -> None:
        ours, theirs = preprocess(), preprocess(VALIDATION)
        finding = flagged(TRAIN.map(ours).batch(20), "FL610", against=VALIDATION.map(theirs).batch(20))
        assert finding.severity == "error"
        assert f"column 'age': mean {AGES[:160].mean():.6g} and {AGES[160:].mean():.6g}" in finding.seen
        assert ours.fingerprint[:8] in finding.seen
        assert "load" in finding.fix

    def test_other_settings_columns_and_labels(self, flagged: Look) -> None:
        def seen(ours: fl.Preprocess, theirs: fl.Preprocess) -> str:
            return flagged(TRAIN.map(ours).batch(20), "FL610", against=VALIDATION.map(theirs).batch(20)).seen

        assert "unseen of OneHot" in seen(preprocess(), preprocess(colour=fl.preprocess.OneHot()))
        assert "Standardize and MinMax" in seen(preprocess(), preprocess(age=fl.preprocess.MinMax()))
        steps = [fl.preprocess.Clip(0, 9), fl.preprocess.Standardize()]
        fewer = fl.preprocess.OneHot(unseen="ignore", max_size=2)
        cut = [
            fl.Preprocess({"age": fewer}).fit(fl.Dataset.from_tensor_slices({"age": ages}))
            for ages in ([1, 2], [3, 2, 3])
        ]
        words = [fl.Dataset.from_tensor_slices({"age": ages}) for ages in ([1, 2] * 20, [3, 2] * 20)]
        told = flagged(words[0].map(cut[0]).batch(20), "FL610", against=words[1].map(cut[1]).batch(20)).seen
        assert "column 'age': vocabulary [0] 1 and 3" in told
        assert "1 steps and 2" in seen(preprocess(), preprocess(age=steps))
        few = fl.Preprocess({"age": fl.preprocess.Standardize()}, remainder="drop").fit(TRAIN)
        assert "only in the first" in seen(preprocess(), few)
        concat = fl.Preprocess(
            {"age": fl.preprocess.Standardize(), "colour": fl.preprocess.OneHot(unseen="ignore")}, output_mode="concat"
        ).fit(TRAIN)
        assert "the order of the columns" in seen(preprocess(), concat)

    def test_within_a_function(self, flagged: Look) -> None:
        ours, theirs = preprocess(), preprocess(VALIDATION)
        finding = flagged(
            TRAIN.map(lambda row: ours(row)).batch(20),
            "FL610",
            against=VALIDATION.map(lambda row: theirs(row)).batch(20),
        )
        assert "column 'colour'" in finding.seen or "column 'age'" in finding.seen

    def test_one_for_both(self, clean: Look) -> None:
        ours = preprocess()
        clean(TRAIN.map(ours).batch(20), "FL610", against=VALIDATION.batch(20).map(ours))

    def test_loaded(self, clean: Look, tmp_path: Path) -> None:
        ours = preprocess()
        ours.save(tmp_path / "a.json")
        loaded = fl.Preprocess.load(tmp_path / "a.json")
        clean(TRAIN.map(ours).batch(20), "FL610", against=VALIDATION.map(loaded).batch(20))

    def test_none_on_the_other(self, flagged: Look) -> None:
        ours = preprocess()
        finding = flagged(TRAIN.map(ours).batch(20), "FL610", against=VALIDATION.batch(20))
        assert "validation data go through no Preprocess" in finding.message
        finding = flagged(TRAIN.batch(20), "FL610", against=VALIDATION.map(ours).batch(20))
        assert "training data go through no Preprocess" in finding.message

    def test_prepared_before(self, clean: Look) -> None:
        ours = preprocess()
        stored = fl.Dataset.from_tensor_slices(next(iter(VALIDATION.map(ours).batch(80))))
        clean(TRAIN.map(ours).batch(20), "FL610", against=stored.batch(20))

    def test_attached_to_the_model(self, flagged: Look, clean: Look) -> None:
        keras = pytest.importorskip("keras")
        inputs = {"age": keras.Input((), name="age"), "colour": keras.Input((4,), name="colour")}
        both = keras.layers.Concatenate()([keras.layers.Reshape((1,))(inputs["age"]), inputs["colour"]])
        model = keras.Model(inputs, keras.layers.Dense(1)(both))
        ours = preprocess()
        clean(TRAIN.map(ours).batch(20), "FL610", model=model)
        ours.attach(model)
        clean(TRAIN.map(ours).batch(20), "FL610", model=model)
        finding = flagged(VALIDATION.map(preprocess(VALIDATION)).batch(20), "FL610", model=model, use="validation")
        assert "attached to the model" in finding.message
        assert flagged(TRAIN.batch(20), "FL610", model=model).severity == "warning"

    def test_two_steps_one_of_which_differs(self, flagged: Look) -> None:
        first, second = (
            preprocess(),
            fl.Preprocess({"age": fl.preprocess.Rescale(2.0)}, remainder="passthrough").fit(TRAIN.map(preprocess())),
        )
        other = fl.Preprocess({"age": fl.preprocess.Rescale(3.0)}, remainder="passthrough").fit(TRAIN.map(first))
        ds, against = TRAIN.map(first).map(second).batch(20), VALIDATION.map(first).map(other).batch(20)
        assert "scale of Rescale" in flagged(ds, "FL610", against=against).seen
