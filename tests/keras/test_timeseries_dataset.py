import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras")

from feedline.errors import ArgumentError, ShapeError
from feedline.keras import timeseries_dataset_from_array


@settings(deadline=None, max_examples=150)
@given(
    st.integers(2, 40), st.integers(1, 8), st.integers(1, 5), st.integers(1, 5), st.integers(0, 10), st.data()
)  # fmt: skip
def test_windows_by_definition(steps, window, stride, rate, start, data):
    """Each window against a plain loop."""
    end = data.draw(st.one_of(st.none(), st.integers(1, steps)))
    values, targets = np.arange(steps) * 1.5, np.arange(steps) * -1
    stop = steps if end is None else end
    expected = []
    for first in range(start, stop, stride):
        rows = [first + rate * index for index in range(window)]
        if rows[-1] < stop:
            expected.append((values[rows].tolist(), int(targets[first])))
    arguments = (window, stride, rate, 3, False, None, start, end)
    try:
        dataset = timeseries_dataset_from_array(values, targets, *arguments)
    except ArgumentError:
        fits = expected and start < steps and stride < steps and rate < steps and (end is None or end < steps)
        assert not fits
        return
    found = [(x.tolist(), int(y)) for xs, ys in dataset for x, y in zip(xs, ys, strict=True)]
    assert found == expected
    assert len(dataset) == -(-len(expected) // 3)


def test_indexed_and_nothing_is_copied():
    data = np.zeros((1000, 10), np.float32)
    dataset = timeseries_dataset_from_array(data, None, 500, batch_size=None)
    node = dataset._node
    while node.parents:
        node = node.parents[0]
    assert np.shares_memory(node.data, data)
    data[700] = 7
    assert dataset[250].sum() == 70
    assert dataset[200].sum() == 0
    assert len(dataset) == 501


def test_a_window_does_not_share_memory_with_the_data():
    data = np.arange(10.0)
    for window in timeseries_dataset_from_array(data, None, 3, batch_size=None):
        window += 100
    assert data.tolist() == list(range(10))


def test_shuffle():
    data = np.arange(100)
    dataset = timeseries_dataset_from_array(data, data, 4, shuffle=True, seed=3, batch_size=10)
    epochs = [np.concatenate([y for _, y in dataset]).tolist() for _ in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(97))
    assert epochs[0] != epochs[1] != list(range(97))
    for x, y in dataset:
        np.testing.assert_array_equal(x[:, 0], y)
    again = timeseries_dataset_from_array(data, data, 4, shuffle=True, seed=3, batch_size=10)
    assert np.concatenate([y for _, y in again]).tolist() == epochs[0]


def test_text():
    dataset = timeseries_dataset_from_array(["a", "b", "c"], None, 2, batch_size=None)
    assert [window.tolist() for window in dataset] == [[b"a", b"b"], [b"b", b"c"]]


def test_spec_and_explain():
    dataset = timeseries_dataset_from_array(np.zeros((9, 2)), np.zeros(9, np.int32), 4)
    x, y = dataset.element_spec
    assert (x.shape, y.shape) == ((None, 4, 2), (None,))
    assert "timeseries_dataset_from_array" in dataset.explain()


WRONG = [
    ({"sequence_length": 0}, "sequence_length"),
    ({"sequence_length": 2.5}, "sequence_length"),
    ({"sequence_stride": 0}, "sequence_stride"),
    ({"sequence_stride": 20}, "sequence_stride"),
    ({"sampling_rate": 0}, "sampling_rate"),
    ({"sampling_rate": 20}, "sampling_rate"),
    ({"start_index": -1}, "start_index"),
    ({"start_index": 20}, "start_index"),
    ({"end_index": 20}, "end_index"),
    ({"end_index": 0}, "end_index"),
    ({"start_index": 9, "end_index": 9}, "end_index"),
    ({"sequence_length": 21}, "needs 21 steps; 20 are"),
    ({"sequence_length": 3, "start_index": 18}, "needs 3 steps; 2 are"),
    ({"batch_size": 0}, "batch_size"),
    ({"format": "grain"}, "format"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=str)
def test_wrong_arguments(arguments, words):
    with pytest.raises(ArgumentError) as caught:
        timeseries_dataset_from_array(np.arange(20), None, **{"sequence_length": 3, **arguments})
    assert words in str(caught.value)


def test_data_without_steps_and_too_few_targets():
    for data in (5, [], np.zeros((0, 3))):
        with pytest.raises(ShapeError, match="data has no steps"):
            timeseries_dataset_from_array(data, None, 3)
    with pytest.raises(ShapeError, match="there are 2 targets"):
        timeseries_dataset_from_array(np.arange(20), np.arange(12), 3, start_index=10)
