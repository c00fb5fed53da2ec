import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

pytest.importorskip("keras")

from feedline.errors import DtypeError, StructureError
from feedline.keras.convert import class_weights, to_numpy

WEIGHTS = st.dictionaries(st.integers(0, 5), st.floats(0, 10), max_size=6)


@settings(deadline=None, max_examples=60)
@given(
    labels=st.one_of(
        hnp.arrays(st.sampled_from([np.int32, np.int64, np.uint8]), st.integers(1, 9), elements=st.integers(0, 5)),
        hnp.arrays(np.int64, st.tuples(st.integers(1, 9), st.just(1)), elements=st.integers(0, 5)),
        hnp.arrays(np.float32, st.integers(1, 9), elements=st.sampled_from([0.0, 1.0, 2.0, 3.2, 0.6])),
        hnp.arrays(np.float32, st.tuples(st.integers(1, 9), st.just(4)), elements=st.sampled_from([0.0, 1.0])),
    ),
    class_weight=WEIGHTS,
)
def test_class_weights_are_those_of_keras(labels, class_weight):
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    expected = class_weight_to_sample_weights(labels, class_weight)
    got = class_weights(labels, class_weight, "float32")
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_class_weights_of_each_pixel():
    labels = np.array([[[0], [1]], [[1], [2]]])
    np.testing.assert_array_equal(class_weights(labels, {1: 5.0}, "float32"), [[1, 5], [5, 1]])


def test_class_weights_refuse_what_they_cannot_weigh():
    with pytest.raises(StructureError, match="one output"):
        class_weights((np.zeros(2), np.zeros(2)), {0: 1.0}, "float32")
    with pytest.raises(DtypeError, match="string"):
        class_weights(np.array([b"a"], object), {0: 1.0}, "float32")


def test_to_numpy_gives_the_machines_byte_order():
    array = np.array([1.5, -2.0], ">f4")
    assert to_numpy(array).dtype == np.dtype("float32")
    np.testing.assert_array_equal(to_numpy(array), array)
    native = np.arange(3)
    assert to_numpy(native) is native
