"""unique: each element once, the first of those that are equal."""

import numpy as np
import pytest

import feedline as fl

CASES = {
    "int32": (lambda lib: lib.Dataset.from_tensor_slices([1, 37, 2, 37, 2, 1]).unique(), [1, 37, 2]),
    "int64": (lambda lib: lib.Dataset.range(9).map(lambda n: n % 4).unique(), [0, 1, 2, 3]),
    "text": (
        lambda lib: lib.Dataset.from_tensor_slices(["a", "b", "a", "", "b\x00", ""]).unique(),
        [b"a", b"b", b"", b"b\x00"],
    ),
    "rows": (
        lambda lib: lib.Dataset.from_tensor_slices([[1, 2], [2, 1], [1, 2], [1, 1]]).unique(),
        [[1, 2], [2, 1], [1, 1]],
    ),
    "rows of text": (
        lambda lib: lib.Dataset.from_tensor_slices([["a", "b"], ["ab", ""], ["a", "b"]]).unique(),
        [[b"a", b"b"], [b"ab", b""]],
    ),
    "of nothing": (lambda lib: lib.Dataset.range(0).unique(), []),
    "of what has no end": (lambda lib: lib.Dataset.range(3).repeat().unique().take(3), [0, 1, 2]),
    "batches of different sizes": (
        lambda lib: lib.Dataset.from_tensor_slices([0, 0, 0, 0, 0]).batch(2).unique(),
        [[0, 0], [0]],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda: fl.Dataset.from_tensor_slices(([1], [2])), fl.errors.StructureError, "2 components"),
        (lambda: fl.Dataset.from_tensor_slices([1.5]), fl.errors.DtypeError, "not float32"),
        (lambda: fl.Dataset.from_tensor_slices(np.zeros(2, np.uint8)), fl.errors.DtypeError, "not uint8"),
        (lambda: fl.Dataset.from_tensors(fl.RaggedTensor(np.arange(3), [0, 1, 3])), fl.errors.StructureError, "ragged"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_elements_that_cannot_be_compared(build, error, text, known) -> None:
    """Told as the pipeline is built, where that is known then."""
    dataset = build() if known else build().map(lambda *parts: parts if len(parts) > 1 else parts[0])
    with pytest.raises(error, match=text):
        dataset.unique() if known else list(dataset.unique())


def test_all_is_forgotten_after_an_epoch() -> None:
    dataset = fl.Dataset.from_tensor_slices([1, 2, 1]).unique()
    assert [int(n) for n in dataset.repeat(2)] == [1, 2, 1, 2]
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY


def test_an_element_that_cannot_be_computed() -> None:
    numbers = fl.Dataset.from_tensor_slices(["3", "x", "3", "4"]).map(lambda text: np.int64(int(text)))
    assert [int(n) for n in numbers.unique().ignore_errors()] == [3, 4]
