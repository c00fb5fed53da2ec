"""The batches that are methods as well, and the names that are elsewhere."""

import pytest

import feedline as fl
from feedline.errors import ArgumentError


def test_methods_for_apply() -> None:
    ragged = fl.Dataset.from_tensor_slices(fl.RaggedTensor.from_row_lengths([1, 2, 3], [1, 2]))
    (batch,) = ragged.apply(fl.experimental.dense_to_ragged_batch(2, row_splits_dtype="int64"))
    assert batch.to_list() == [[1], [2, 3]]
    (batch,) = fl.Dataset.range(3).apply(fl.experimental.dense_to_sparse_batch(4, []))
    assert batch.dense_shape.tolist() == [3]
    with pytest.raises(ArgumentError, match="batch_size"):
        fl.Dataset.range(3).apply(fl.experimental.dense_to_sparse_batch(0, []))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("scan", "use Dataset.scan"),
        ("Counter", "use Dataset.counter"),
        ("make_csv_datasets", "did you mean feedline.experimental.make_csv_dataset"),
        ("service", "Dataset.shard"),
        ("cardinality", "use Dataset.cardinality"),
    ],
)
def test_names_that_are_elsewhere(name, hint) -> None:
    with pytest.raises(AttributeError, match=hint):
        getattr(fl.experimental, name)
