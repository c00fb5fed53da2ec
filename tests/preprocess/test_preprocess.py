"""Preprocess: what elements it takes, what it refuses, and that it is the same everywhere it runs."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline import errors
from feedline.preprocess import (
    Clip,
    Discretize,
    Hash,
    Impute,
    Log1p,
    MinMax,
    MultiHot,
    OneHot,
    Ordinal,
    Passthrough,
    Rescale,
    Robust,
    Standardize,
)

GENERATOR = np.random.default_rng(0)
ROWS = 300
COLUMNS = {
    "age": GENERATOR.normal(40, 10, ROWS).astype(np.float32),
    "city": GENERATOR.choice(["Rome", "Oslo", "Bonn"], ROWS, p=[0.5, 0.3, 0.2]),
    "measures": GENERATOR.normal(size=(ROWS, 4)),
    "visits": GENERATOR.integers(0, 9, ROWS),
    "tags": GENERATOR.choice(["a", "b", "c"], (ROWS, 2)),
    "user": np.array([f"user {number}" for number in range(ROWS)]),
}
LABELS = GENERATOR.choice(["cat", "dog"], ROWS)
TABLE = fl.Dataset.from_tensor_slices((COLUMNS, LABELS))


def steps() -> dict[str, Any]:
    return {
        "age": [Impute("mean"), Standardize()],
        "city": OneHot(unseen="ignore"),
        "measures": [Clip(-1, 1), MinMax()],
        "visits": Ordinal(unseen="bucket"),
        "tags": MultiHot(),
        "user": Hash(16),
    }


def fitted(output_mode: str = "dict") -> fl.Preprocess:
    return fl.Preprocess(steps(), labels=Ordinal(order="value"), output_mode=output_mode).fit(TABLE)


def row(number: int) -> dict[str, Any]:
    return {name: values[number] for name, values in COLUMNS.items()}


def same(first: Any, second: Any) -> None:
    """Checks that structures are the same, bit by bit."""
    if isinstance(first, dict):
        assert list(first) == list(second)
        for name in first:
            same(first[name], second[name])
    elif isinstance(first, tuple):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            same(one, other)
    else:
        first, second = np.asarray(first), np.asarray(second)
        assert (first.dtype, first.shape) == (second.dtype, second.shape)
        assert first.tolist() == second.tolist() if first.dtype == object else first.tobytes() == second.tobytes()


class TestElements:
    def test_dicts_with_labels(self) -> None:
        x, y = next(iter(TABLE.map(fitted())))
        assert {name: np.shape(value) for name, value in x.items()} == {
            "age": (), "city": (3,), "measures": (4,), "visits": (), "tags": (3,), "user": (),
        }  # fmt: skip
        assert y == ["cat", "dog"].index(LABELS[0])

    def test_batches_give_the_same_bits_as_elements(self) -> None:
        preprocess = fitted()
        same(next(iter(TABLE.map(preprocess).batch(ROWS))), next(iter(TABLE.batch(ROWS).map(preprocess))))

    def test_and_so_does_serving_without_a_dataset(self) -> None:
        preprocess = fitted("concat")
        batch, _ = next(iter(TABLE.batch(ROWS).map(preprocess)))
        same(preprocess(COLUMNS), batch)
        same(preprocess(row(7)), batch[7])
        plain = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in row(7).items()}
        same(preprocess(plain), batch[7])

    def test_a_pandas_frame(self) -> None:
        pandas = pytest.importorskip("pandas")
        columns = {name: COLUMNS[name] for name in ("age", "city", "visits")}
        frame = pandas.DataFrame(columns)
        preprocess = fl.Preprocess({name: steps()[name] for name in columns})
        preprocess.fit(fl.Dataset.from_tensor_slices(dict(frame)))
        same(preprocess(frame), preprocess(columns))

    def test_arrays_without_columns(self) -> None:
        images = GENERATOR.integers(0, 256, (20, 8, 8, 3)).astype(np.uint8)
        ds = fl.Dataset.from_tensor_slices((images, np.arange(20)))
        preprocess = fl.Preprocess(Standardize()).fit(ds)
        assert preprocess.inputs.mean.shape == (3,)
        made = next(iter(ds.map(preprocess).batch(20)))
        np.testing.assert_allclose(made[0].mean((0, 1, 2)), 0, atol=1e-6)
        np.testing.assert_allclose(made[0].std((0, 1, 2)), 1, atol=1e-6)
        assert made[1].tolist() == list(range(20))

    def test_weights_are_given_on(self) -> None:
        ds = fl.Dataset.from_tensor_slices((np.arange(4.0), np.arange(4), np.array([0.5, 1, 2, 4])))
        _, y, weight = list(ds.map(fl.Preprocess(Standardize()).fit(ds)))[2]
        assert (int(y), float(weight)) == (2, 2.0)

    def test_images_of_several_sizes(self) -> None:
        def images() -> Any:
            for size in (4, 6, 9):
                yield np.full((size, size, 3), size, np.float32)

        ds = fl.Dataset.from_generator(images, output_signature=fl.TensorSpec((None, None, 3), "float32"))
        preprocess = fl.Preprocess(Standardize()).fit(ds)
        values = np.concatenate([np.full(size * size, size) for size in (4, 6, 9)])
        np.testing.assert_allclose(preprocess.inputs.mean, np.full(3, values.mean()))
        assert [image.shape for image in ds.map(preprocess)] == [(4, 4, 3), (6, 6, 3), (9, 9, 3)]

    def test_sequences_of_words(self) -> None:
        texts = [["a", "b", "a"], ["b"], [], ["c", "a"]]
        ragged = fl.RaggedTensor.from_rows([np.array(text, object) for text in texts])
        ds = fl.Dataset.from_tensor_slices(ragged)
        preprocess = fl.Preprocess(Ordinal(unseen="bucket")).fit(ds)
        assert preprocess.inputs.vocabulary == (b"a", b"b", b"c")
        assert [row.tolist() for row in ds.map(preprocess)] == [[1, 2, 1], [2], [], [3, 1]]
        batched = next(iter(ds.ragged_batch(4).map(preprocess)))
        assert batched.to_list() == [[1, 2, 1], [2], [], [3, 1]]
        hot = fl.Preprocess(MultiHot(unseen="ignore")).fit(ds.ragged_batch(2))
        assert next(iter(ds.ragged_batch(4).map(hot))).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 1]]

    def test_padded_batches_with_a_mask(self) -> None:
        ragged = fl.RaggedTensor.from_rows([np.array(text, object) for text in (["a", "b"], ["a"])])
        ds = fl.Dataset.from_tensor_slices(ragged).padded_batch(2)
        assert fl.Preprocess(Ordinal(mask="")).fit(ds)([["a", ""], ["b", "a"]]).tolist() == [[1, 0], [2, 1]]
        assert fl.Preprocess(MultiHot(mask="")).fit(ds)([["a", ""], ["b", "a"]]).tolist() == [[1, 0], [1, 1]]

    def test_the_order_of_a_concatenation_is_that_of_the_steps(self) -> None:
        ds = fl.Dataset.from_tensor_slices({"a": [1.0, 3.0], "b": [10.0, 30.0]})
        made = fl.Preprocess({"b": Passthrough(), "a": Passthrough()}, output_mode="concat").fit(ds)
        assert made({"a": 1.0, "b": 10.0}).tolist() == [10, 1]

    def test_other_columns(self) -> None:
        ds = fl.Dataset.from_tensor_slices({"a": [1.0, 3.0], "b": ["x", "y"]})
        dropped = fl.Preprocess({"a": Standardize()}, remainder="drop").fit(ds)
        assert list(dropped({"a": 1.0, "c": 3})) == ["a"]
        kept = fl.Preprocess({"a": Standardize()}, remainder="passthrough").fit(ds)
        assert kept({"a": 1.0, "b": "x"})["b"] == b"x"


class TestRuns:
    def test_on_blocks(self) -> None:
        ds = TABLE.map(fitted())
        list(ds)
        assert "runs on blocks" in str(ds.explain())

    def test_within_a_function_too(self) -> None:
        preprocess = fitted("concat")
        ds = TABLE.map(lambda x, y: (preprocess(x), y))
        same([x for x, _ in ds][5], preprocess(row(5)))
        assert "runs on blocks" in str(ds.explain())

    def test_in_processes(self) -> None:
        ds = TABLE.map(fitted(), num_parallel_calls=2).batch(64)
        in_processes = ds.with_options(fl.Options(executor="processes"))
        for one, other in zip(ds, in_processes, strict=True):
            same(one, other)

    def test_pickled(self) -> None:
        preprocess = fitted()
        again = pickle.loads(pickle.dumps(preprocess))
        assert again.fingerprint == preprocess.fingerprint
        same(again(row(3)), preprocess(row(3)))

    def test_a_plan_knows_it_by_its_fingerprint(self) -> None:
        ds = fl.Dataset.from_tensor_slices(np.arange(6.0))
        first, second = fl.Preprocess(Standardize()).fit(ds), fl.Preprocess(Standardize()).fit(ds.take(3))
        assert ds.map(first).fingerprint() != ds.map(second).fingerprint()
        assert ds.map(first).fingerprint() == ds.map(fl.Preprocess(Standardize()).fit(ds)).fingerprint()

    def test_fit_counts_no_epoch(self) -> None:
        ds = fl.Dataset.range(20).shuffle(20, seed=1)
        expected = [int(number) for number in fl.Dataset.range(20).shuffle(20, seed=1)]
        fl.Preprocess(Standardize()).fit(ds)
        assert [int(number) for number in ds] == expected

    def test_fit_reads_the_data_once(self) -> None:
        passes = []

        def rows() -> Any:
            passes.append(1)
            yield from ({"a": float(number), "b": number % 3} for number in range(9))

        signature = {"a": fl.TensorSpec((), "float32"), "b": fl.TensorSpec((), "int64")}
        ds = fl.Dataset.from_generator(rows, output_signature=signature)
        fl.Preprocess({"a": [Log1p(), Standardize()], "b": OneHot()}).fit(ds)
        assert len(passes) == 1
        fl.Preprocess({"a": [Impute("mean"), Standardize()], "b": OneHot()}).fit(ds)
        assert len(passes) == 3


class TestRefuses:
    def test_to_be_used_before_fit(self) -> None:
        preprocess = fl.Preprocess(Standardize())
        with pytest.raises(errors.NotFittedError, match="fit"):
            preprocess([1.0])
        with pytest.raises(errors.NotFittedError):
            next(iter(fl.Dataset.range(3).map(preprocess)))
        for use in (lambda: preprocess.fingerprint, lambda: preprocess.save("x.json"), lambda: preprocess.attach(fl)):
            with pytest.raises(errors.NotFittedError):
                use()
        with pytest.raises(errors.NotFittedError):
            preprocess.inputs.mean

    def test_to_be_fit_again(self) -> None:
        with pytest.raises(errors.AlreadyFittedError, match="validation"):
            fitted().fit(TABLE)

    def test_data_without_elements(self) -> None:
        for ds in (TABLE.take(0), TABLE.filter(lambda x, y: False)):
            with pytest.raises(errors.EmptyDatasetError, match="without elements"):
                fl.Preprocess(steps()).fit(ds)

    def test_data_without_end(self) -> None:
        with pytest.raises(errors.InfiniteDatasetError, match="take"):
            fl.Preprocess(steps()).fit(TABLE.repeat())

    def test_what_is_no_dataset(self) -> None:
        with pytest.raises(errors.ArgumentError, match="ndarray"):
            fl.Preprocess(Standardize()).fit(np.zeros(3))  # type: ignore[arg-type]

    def test_a_failed_fit_leaves_nothing(self) -> None:
        preprocess = fl.Preprocess(Standardize())
        with pytest.raises(errors.NotFiniteError):
            preprocess.fit(fl.Dataset.from_tensor_slices([1.0, np.nan]))
        assert not preprocess.fitted
        assert preprocess.fit(fl.Dataset.from_tensor_slices([1.0, 3.0])).inputs.mean == 2

    def test_nan_in_training_and_says_where(self) -> None:
        values = np.arange(100_000.0)
        values[70_001] = np.nan
        for ds in (fl.Dataset.from_tensor_slices({"a": values}), fl.Dataset.from_tensor_slices({"a": values}).batch(9)):
            with pytest.raises(errors.NotFiniteError, match=r"(?s)Standardize of column 'a'.*element 70001") as caught:
                fl.Preprocess({"a": Standardize()}).fit(ds)
            assert "Impute" in caught.value.fix

    def test_nan_and_infinity_later(self) -> None:
        preprocess = fl.Preprocess(Standardize()).fit(fl.Dataset.from_tensor_slices([1.0, 3.0]))
        for value in (np.nan, np.inf, -np.inf):
            with pytest.raises(errors.NotFiniteError):
                preprocess(value)

    def test_columns_that_are_missing_or_unknown(self) -> None:
        with pytest.raises(errors.StructureError, match=r"(?s)'agee' is missing.*Did you mean 'age'"):
            fl.Preprocess({"agee": Standardize()}).fit(TABLE)
        with pytest.raises(errors.StructureError, match=r"no step for column"):
            fl.Preprocess({"age": Standardize()}).fit(TABLE)
        preprocess = fitted()
        with pytest.raises(errors.StructureError, match="'age' is missing"):
            preprocess({"city": "Rome"})
        with pytest.raises(errors.StructureError, match=r"(?s)no step for column 'citty'.*Did you mean 'city'"):
            preprocess({**row(0), "citty": "Rome"})

    def test_a_dict_and_an_array_in_each_others_place(self) -> None:
        with pytest.raises(errors.StructureError, match="not one array"):
            fl.Preprocess(Standardize()).fit(TABLE)
        with pytest.raises(errors.StructureError, match="columns of a dict"):
            fl.Preprocess({"a": Standardize()}).fit(fl.Dataset.range(3))

    def test_tuples_of_columns(self) -> None:
        with pytest.raises(errors.StructureError, match="tuples of 4"):
            fl.Preprocess(Standardize()).fit(fl.Dataset.from_tensor_slices((np.zeros(2),) * 4))

    def test_labels_that_are_not_there(self) -> None:
        with pytest.raises(errors.StructureError, match="steps for labels"):
            fl.Preprocess(Standardize(), labels=Ordinal()).fit(fl.Dataset.range(3))

    @pytest.mark.parametrize(
        ("value", "error"),
        [
            (np.zeros((8, 8, 3), np.float32), errors.DtypeError),  # 0..1 where the training data were 0..255
            (np.zeros((8, 8, 1), np.uint8), errors.ShapeError),
            (np.zeros((8, 8), np.uint8), errors.ShapeError),
            (np.zeros((1, 1, 8, 8, 3), np.uint8), errors.ShapeError),
            (b"text", errors.DtypeError),
            (None, errors.DtypeError),
            ({"a": 1}, errors.DtypeError),
            ([[1, 2], [3]], errors.ShapeError),
            (np.zeros((8, 8, 3), complex), errors.DtypeError),
        ],
    )
    def test_values_of_another_dtype_or_shape(self, value: Any, error: type[Exception]) -> None:
        images = fl.Dataset.from_tensor_slices(np.zeros((4, 8, 8, 3), np.uint8))
        with pytest.raises(error) as caught:
            fl.Preprocess(Standardize()).fit(images)(value)
        assert caught.value.fix  # type: ignore[attr-defined]

    def test_floats_where_integers_were_and_the_other_way_round(self) -> None:
        whole = fl.Preprocess(Standardize()).fit(fl.Dataset.range(5))
        with pytest.raises(errors.DtypeError, match="255"):
            whole(np.zeros(3, np.float32))
        real = fl.Preprocess(Standardize()).fit(fl.Dataset.from_tensor_slices([1.0, 3.0]))
        with pytest.raises(errors.DtypeError):
            real(np.array([1, 2]))
        assert real(3) == 1.0  # as in Python, an integer that a user writes is a number like another
        assert real([1, 3]).tolist() == [-1.0, 1.0]

    def test_batches_and_elements_mixed(self) -> None:
        preprocess = fitted()
        with pytest.raises(errors.ShapeError, match="'age' is a batch, and column 'city' is a single value"):
            preprocess({**row(0), "age": [1.0, 2.0]})
        with pytest.raises(errors.ShapeError, match="'age' is a single value, and column 'city' is a batch"):
            preprocess({**COLUMNS, "age": 1.0})
        with pytest.raises(errors.UnequalLengthsError, match="length"):
            preprocess({**COLUMNS, "age": COLUMNS["age"][:5]})

    def test_what_cannot_be_part_of_a_vector(self) -> None:
        ds = fl.Dataset.from_tensor_slices({"a": np.zeros((3, 2, 2)), "b": ["x", "y", "z"]})
        with pytest.raises(errors.ShapeError, match="more than one dimension"):
            fl.Preprocess({"a": Standardize()}, remainder="drop", output_mode="concat").fit(ds)
        with pytest.raises(errors.DtypeError, match="text"):
            fl.Preprocess({"b": Passthrough()}, remainder="drop", output_mode="concat").fit(ds)

    def test_values_that_are_no_array(self) -> None:
        sparse = fl.SparseTensor(np.array([[0]]), np.array([1.0]), np.array([3]))
        with pytest.raises(errors.DtypeError, match="dense"):
            fl.Preprocess(Standardize()).fit(fl.Dataset.from_tensors(sparse))
        preprocess = fl.Preprocess(Standardize()).fit(fl.Dataset.from_tensor_slices(np.zeros((2, 3))))
        with pytest.raises(errors.DtypeError, match="dense"):
            preprocess(sparse)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: fl.Preprocess({}),
            lambda: fl.Preprocess([]),
            lambda: fl.Preprocess({"a": Standardize}),
            lambda: fl.Preprocess({"a": lambda x: x}),
            lambda: fl.Preprocess({3: Standardize()}),
            lambda: fl.Preprocess({"a": Standardize()}, remainder="keep"),
            lambda: fl.Preprocess({"a": Standardize()}, output_mode="list"),
            lambda: fl.Preprocess(Standardize(), output_mode="concat"),
            lambda: Standardize(axis=1),
            lambda: Standardize(dtype="int32"),
            lambda: MinMax(1, 0),
            lambda: MinMax(0, float("inf")),
            lambda: MinMax(clip=1),
            lambda: Robust(0.9, 0.1),
            lambda: Robust(-1, 0.5),
            lambda: Clip(),
            lambda: Clip(3, 1),
            lambda: Clip("a"),
            lambda: Rescale(True),
            lambda: Impute("average"),
            lambda: Impute("mean", value=1),
            lambda: Impute("constant"),
            lambda: Impute("constant", value=float("nan")),
            lambda: Discretize(),
            lambda: Discretize(1),
            lambda: Discretize(3, boundaries=[1]),
            lambda: Discretize(boundaries=[2, 1]),
            lambda: Hash(0),
            lambda: Hash(8, dtype="string"),
            lambda: OneHot("abc"),
            lambda: OneHot([]),
            lambda: OneHot(["a", "a"]),
            lambda: OneHot(["a", 1]),
            lambda: OneHot([1.5]),
            lambda: OneHot(unseen="raise"),
            lambda: OneHot(unseen="default"),
            lambda: OneHot(default="a"),
            lambda: OneHot(["a"], unseen="default", default="b"),
            lambda: OneHot(["a"], mask="a"),
            lambda: OneHot(["a"], unseen="bucket", max_size=3),
            lambda: OneHot(max_size=3),
            lambda: OneHot(min_count=2),
            lambda: OneHot(unseen="bucket", max_size=0),
            lambda: OneHot(order="count"),
            lambda: OneHot(dtype="string"),
        ],
    )
    def test_arguments_that_cannot_work(self, make: Any) -> None:
        with pytest.raises(errors.ArgumentError) as caught:
            make()
        assert caught.value.fix

    def test_a_name_of_another_library_says_ours(self) -> None:
        with pytest.raises(AttributeError, match="Standardize"):
            fl.preprocess.StandardScaler  # type: ignore[attr-defined]

    def test_a_step_shared_by_two_columns_learns_for_each(self) -> None:
        shared = Standardize()
        ds = fl.Dataset.from_tensor_slices({"a": [1.0, 3.0], "b": [10.0, 30.0]})
        preprocess = fl.Preprocess({"a": shared, "b": shared}).fit(ds)
        assert (preprocess.inputs["a"].mean, preprocess.inputs["b"].mean) == (2, 20)
        assert shared.learnt is None

    def test_errors_of_elements_name_the_column_the_step_and_the_element(self) -> None:
        preprocess = fl.Preprocess({"a": [Clip(0, 9), Standardize()]}).fit(
            fl.Dataset.from_tensor_slices({"a": [1.0, 2.0]})
        )
        bad = fl.Dataset.from_tensor_slices({"a": np.array([1.0] * 20 + [np.nan])})
        with pytest.raises(errors.NotFiniteError, match=r"(?s)Clip of column 'a'.*element 20"):
            list(bad.map(preprocess))
        with pytest.raises(errors.NotFiniteError, match=r"(?s)Clip of column 'a'.*map"):
            list(bad.batch(21).map(preprocess))


def test_large_batches_and_where_they_fail() -> None:
    values = np.random.default_rng(1).normal(size=150_000)
    words = np.array([b"a", b"b", b"c"], object)[np.arange(150_000) % 3]
    ds = fl.Dataset.from_tensor_slices(({"v": values, "w": words}, values))
    steps = {"v": Standardize(), "w": OneHot()}
    preprocess = fl.Preprocess(steps, labels=MinMax(), output_mode="concat").fit(ds)
    x, y = preprocess({"v": values, "w": words}, values)
    for number in (0, 65_535, 65_536, 149_999):
        one, label = preprocess({"v": values[number], "w": words[number]}, values[number])
        same(one, x[number])
        same(label, y[number])
    values[140_000] = np.nan
    with pytest.raises(errors.NotFiniteError) as caught:
        preprocess({"v": values, "w": words})
    assert caught.value.row == 140_000
