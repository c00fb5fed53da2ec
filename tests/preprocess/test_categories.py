"""Ordinal, OneHot, MultiHot and Hash against scikit-learn, Keras and TensorFlow; what is not in the vocabulary."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline import errors
from feedline.preprocess import Hash, MultiHot, OneHot, Ordinal

CITIES = np.random.default_rng(3).choice(["Rome", "Oslo", "Bonn", "Köln"], 500, p=[0.1, 0.4, 0.3, 0.2])


def fitted(step: Any, values: Any) -> fl.Preprocess:
    return fl.Preprocess(step).fit(fl.Dataset.from_tensor_slices(values))


class TestVocabulary:
    def test_the_most_frequent_first_and_ties_by_value(self) -> None:
        assert fitted(OneHot(), ["b", "c", "a", "c", "b", "d"]).inputs.vocabulary == (b"b", b"c", b"a", b"d")
        assert fitted(OneHot(), [3, 1, 2, 1, 3]).inputs.vocabulary == (1, 3, 2)
        assert fitted(OneHot(), [True, False, True]).inputs.vocabulary == (True, False)

    def test_sorted_by_value(self) -> None:
        assert fitted(Ordinal(order="value"), ["dog", "cat", "dog"]).inputs.vocabulary == (b"cat", b"dog")

    def test_limits(self) -> None:
        words = ["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["d"]
        assert fitted(OneHot(unseen="ignore", max_size=2), words).inputs.vocabulary == (b"a", b"b")
        assert fitted(OneHot(unseen="ignore", min_count=2), words).inputs.vocabulary == (b"a", b"b", b"c")
        with pytest.raises(errors.EmptyDatasetError, match="9 times"):
            fitted(OneHot(unseen="ignore", min_count=9), words)

    @settings(max_examples=50, deadline=None)
    @given(
        values=st.lists(st.text(max_size=3) | st.just("a"), min_size=1, max_size=50),
        size=st.integers(1, 20),
        most=st.integers(1, 6),
    )
    def test_any_text_and_batches(self, values: list[str], size: int, most: int) -> None:
        encoded = np.array([value.encode() for value in values], object)
        expected = sorted(Counter(encoded.tolist()).items(), key=lambda pair: (-pair[1], pair[0]))[:most]
        ds = fl.Dataset.from_tensor_slices(encoded).batch(size)
        preprocess = fl.Preprocess(Ordinal(unseen="ignore", max_size=most)).fit(ds)
        assert preprocess.inputs.vocabulary == tuple(value for value, _ in expected)
        places = {value: place for place, (value, _) in enumerate(expected)}
        assert preprocess(encoded).tolist() == [places.get(value, -1) for value in encoded]

    @settings(max_examples=50, deadline=None)
    @given(values=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), min_size=1, max_size=30))
    def test_any_integers(self, values: list[int]) -> None:
        array = np.array(values, np.int64)
        preprocess = fitted(Ordinal(order="value"), array)
        assert preprocess(array).tolist() == np.unique(array, return_inverse=True)[1].tolist()

    def test_unsigned_integers_beyond_int64(self) -> None:
        values = np.array([2**64 - 1, 2**63, 2**63 + 1, 5], np.uint64)
        assert fitted(Ordinal(order="value"), values)(values).tolist() == [3, 1, 2, 0]

    def test_integers_of_another_width(self) -> None:
        preprocess = fitted(Ordinal(order="value"), np.array([5, 300, -7]))
        assert preprocess(np.array([5, -7], np.int8)).tolist() == [1, 0]
        assert preprocess(np.array([300], np.uint64)).tolist() == [2]


class TestAgainstOthers:
    def test_one_hot_of_scikit_learn(self) -> None:
        preprocessing = pytest.importorskip("sklearn.preprocessing")
        theirs = preprocessing.OneHotEncoder(sparse_output=False, handle_unknown="ignore", dtype=np.float32)
        ours = fitted(OneHot(order="value", unseen="ignore"), CITIES)
        theirs.fit(CITIES[:, None])
        later = np.array(["Oslo", "Paris", "Köln", "Rome"])
        np.testing.assert_array_equal(ours(later), theirs.transform(later[:, None]))

    def test_ordinal_of_scikit_learn(self) -> None:
        preprocessing = pytest.importorskip("sklearn.preprocessing")
        theirs = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        theirs.fit(CITIES[:, None])
        later = np.array(["Oslo", "Paris", "Köln", "Rome"])
        ours = fitted(Ordinal(order="value", unseen="ignore"), CITIES)
        assert ours(later).tolist() == theirs.transform(later[:, None])[:, 0].tolist()

    def test_multi_label_binarizer_of_scikit_learn(self) -> None:
        preprocessing = pytest.importorskip("sklearn.preprocessing")
        lists = [["b", "a"], ["c"], ["a", "a", "c"], []]
        expected = preprocessing.MultiLabelBinarizer().fit_transform(lists)
        ragged = fl.RaggedTensor.from_rows([np.array(each, object) for each in lists])
        ours = fitted(MultiHot(order="value"), ragged)
        assert ours(ragged).tolist() == expected.tolist()
        assert [ours(each).tolist() for each in lists] == expected.tolist()

    def test_lookup_of_keras(self) -> None:
        keras = pytest.importorskip("keras")
        pytest.importorskip("tensorflow")
        vocabulary = ["Oslo", "Bonn"]
        texts = np.array([["Bonn", "", "Rome"], ["Oslo", "Oslo", ""]])
        layer = keras.layers.StringLookup(vocabulary=vocabulary, mask_token="")
        ours = fitted(Ordinal(vocabulary, unseen="bucket", mask=""), texts)
        assert ours(texts).tolist() == keras.ops.convert_to_numpy(layer(texts)).tolist()
        layer = keras.layers.StringLookup(vocabulary=vocabulary, output_mode="multi_hot")
        hot = fitted(MultiHot(vocabulary, unseen="bucket"), texts[:, ::2])
        assert hot(texts[:, ::2]).tolist() == [[1, 0, 1], [1, 1, 0]]

    def test_hashes_of_tensorflow(self) -> None:
        tf = pytest.importorskip("tensorflow")
        texts = [b"", b"a", *(b"x" * size for size in (3, 8, 17, 40, 64, 65, 200)), "ü".encode()]
        expected = tf.strings.to_hash_bucket_fast(texts, 1_000).numpy().tolist()
        assert fitted(Hash(1_000), np.array(texts, object))(texts).tolist() == expected
        numbers = np.array([0, -5, 123456789012])
        expected = tf.strings.to_hash_bucket_fast(tf.strings.as_string(numbers), 1_000).numpy().tolist()
        assert fitted(Hash(1_000), numbers)(numbers).tolist() == expected


class TestUnseen:
    def test_an_error_says_what_and_what_is_near(self) -> None:
        preprocess = fitted(OneHot(), CITIES)
        with pytest.raises(errors.UnseenCategoryError, match=r"(?s)'Olso' is not.*Did you mean 'Oslo'.*bucket"):
            preprocess("Olso")
        ds = fl.Dataset.from_tensor_slices(np.append(CITIES, "Olso")).map(preprocess)
        with pytest.raises(errors.UnseenCategoryError, match="element 500"):
            list(ds)

    def test_a_bucket(self) -> None:
        assert fitted(Ordinal(unseen="bucket"), ["a", "b"])(["b", "x", "a"]).tolist() == [2, 0, 1]
        assert fitted(OneHot(unseen="bucket"), ["a", "b"])(["b", "x"]).tolist() == [[0, 0, 1], [1, 0, 0]]
        assert fitted(MultiHot(unseen="bucket"), [["a", "b"]])([["x", "a"]]).tolist() == [[1, 1, 0]]

    def test_ignored(self) -> None:
        numbers = fitted(Ordinal(unseen="ignore"), ["a", "b"])(["b", "x"])
        assert numbers.tolist() == [1, -1]
        assert fl.one_hot(numbers, 2).tolist() == [[0, 1], [0, 0]]
        assert fitted(OneHot(unseen="ignore"), ["a", "b"])(["x", "a"]).tolist() == [[0, 0], [1, 0]]
        assert fitted(MultiHot(unseen="ignore"), [["a", "b"]])([["x", "b"]]).tolist() == [[0, 1]]

    def test_a_default(self) -> None:
        step = {"unseen": "default", "default": "b"}
        assert fitted(Ordinal(**step), ["a", "b"])(["x", "a"]).tolist() == [1, 0]
        assert fitted(OneHot(**step), ["a", "b"])(["x", "a"]).tolist() == [[0, 1], [1, 0]]
        with pytest.raises(errors.ArgumentError, match="'b' is not in the vocabulary"):
            fitted(Ordinal(**step), ["a", "c"])

    def test_sizes(self) -> None:
        assert fitted(Ordinal(), ["a", "b"]).inputs.size == 2
        assert fitted(Ordinal(unseen="bucket", mask=""), ["a", "b", ""]).inputs.size == 4
        assert fitted(OneHot(unseen="bucket", mask=""), ["a", "b", ""]).inputs.size == 3
        assert OneHot(["a", "b"]).size == 2
        with pytest.raises(errors.NotFittedError):
            OneHot().size


@pytest.mark.parametrize("step", [Ordinal(), OneHot(), Hash(8)])
def test_floats_are_no_categories(step: Any) -> None:
    with pytest.raises(errors.DtypeError, match="float64") as caught:
        fitted(step, np.array([1.0, np.nan]))
    assert "Discretize" in caught.value.fix


def test_a_vocabulary_of_another_kind() -> None:
    with pytest.raises(errors.DtypeError, match="kind 'integer'"):
        fitted(OneHot(["a", "b"]), np.array([1, 2]))


def test_a_single_category_where_a_list_was_meant() -> None:
    with pytest.raises(errors.ShapeError, match="split"):
        fitted(MultiHot(), ["a|b"])


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "bool"])
def test_dtypes(dtype: str) -> None:
    assert fitted(OneHot(dtype=dtype), ["a", "b"])("b").dtype == dtype
    assert fitted(Ordinal(dtype="int32"), ["a", "b"])("b").dtype == np.int32


def test_axes() -> None:
    values = np.array([[["a"], ["b"]]])
    assert fitted(OneHot(), values)(values).shape == (1, 2, 1, 2)
    assert fitted(MultiHot(), values)(values).shape == (1, 2, 2)
