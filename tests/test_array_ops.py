import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feedline.array_ops import cast, one_hot
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor

NUMBERS = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def test_cast_cuts_off_and_keeps_to_the_range():
    floats = np.array([1.9, -1.9, 300.0, -300.0, np.nan, np.inf, -np.inf, 3e9], np.float32)
    assert cast(floats, "uint8").tolist() == [1, 0, 255, 0, 0, 0, 0, 0]
    assert cast(floats, "int8").tolist() == [1, -1, 127, -128, -128, -128, -128, -128]
    lowest = -(2**31)
    assert cast(floats, "int32").tolist() == [1, -1, 300, -300, lowest, lowest, lowest, lowest]
    assert cast(floats, "uint32").tolist() == [1, 2**32 - 1, 300, 2**32 - 300, 2**31, 2**31, 2**31, 3 * 10**9]
    assert cast(np.array([1e19, -1.0, 2e19]), "uint64").tolist() == [10**19, 2**64 - 1, 2**63]


def test_cast_of_integers_wraps_and_of_anything_to_bool_asks_for_zero():
    assert cast(np.array([-1, 256, 2**40 + 3]), "uint8").tolist() == [255, 0, 3]
    assert cast([0.0, -0.0, 0.5, np.nan], "bool").tolist() == [False, False, True, True]
    assert cast([True, False], "float16").tolist() == [1, 0]


def test_cast_of_scalars_lists_and_other_tensors():
    assert cast(3, "float32") == np.float32(3)
    assert cast([1.5, 2.5], "int32").tolist() == [1, 2]
    same = np.zeros(3)
    assert cast(same, "float64") is same
    ragged = RaggedTensor(np.array([1.5, 2.5, 3.5]), np.array([0, 1, 3]))
    assert cast(ragged, "int32").to_list() == [[1], [2, 3]]
    nested = RaggedTensor(ragged, np.array([0, 2]))
    assert cast(nested, "int64").to_list() == [[[1], [2, 3]]]
    sparse = SparseTensor(np.array([[0]]), np.array([1.5]), np.array([2]))
    assert cast(sparse, "int32").values.dtype == np.int32


def test_cast_of_machine_learning_dtypes():
    pytest.importorskip("ml_dtypes")
    small = cast(np.array([1.0, 2.5, 300.7], np.float32), "bfloat16")
    assert small.dtype.name == "bfloat16"
    assert cast(small, "uint8").tolist() == [1, 2, 255]


@pytest.mark.parametrize("x", [b"12", "12", ["1", "2"], np.array([b"1"], object), np.array(["1"])])
def test_cast_refuses_strings(x):
    with pytest.raises(DtypeError, match="string") as caught:
        cast(x, "int32")
    assert caught.value.fix
    with pytest.raises(DtypeError):
        cast(1.5, "string")


def test_cast_refuses_what_is_no_dtype():
    for dtype in ("nope", None, 3):
        with pytest.raises(DtypeError, match="dtype"):
            cast([1], dtype)


def test_cast_keeps_strings():
    words = np.array([b"a"], object)
    assert cast(words, "string") is words


@settings(max_examples=60, deadline=None)
@given(
    source=st.sampled_from(NUMBERS),
    target=st.sampled_from([*NUMBERS, "bool"]),
    seed=st.integers(0, 2**32),
    data=st.data(),
)
def test_cast_equals_tensorflow_wherever_the_value_fits(source, target, seed, data):
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(seed)
    if source.startswith("float"):
        limit = min(6e4, float(np.iinfo(target).max)) if "int" in target else 6e4
        low = 0 if target.startswith("uint") else -limit
        values = (low + (limit - low) * rng.random(50)).astype(source)
    else:
        limits = np.iinfo(source)
        values = rng.integers(limits.min, limits.max, 50, dtype=source, endpoint=True)
    expected = tf.cast(tf.constant(values), target).numpy()
    result = cast(values, target)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


def test_one_hot():
    assert one_hot(1, 3).tolist() == [0, 1, 0]
    assert one_hot(np.uint16(1), 3).dtype == np.float32
    assert one_hot([[0], [2]], 3, dtype="uint8").tolist() == [[[1, 0, 0]], [[0, 0, 1]]]
    assert one_hot([0, 2, -1, 3, 2**40], 3).sum(axis=1).tolist() == [1, 1, 0, 0, 0]
    assert one_hot(np.array([2**63], np.uint64), 3).tolist() == [[0, 0, 0]]
    assert one_hot(-1, 3).tolist() == [0, 0, 0]
    assert one_hot([], 3).shape == (0, 3)
    assert one_hot([0, 1], 0).shape == (2, 0)
    assert one_hot([0, 1], 2, on_value=5).tolist() == [[5, 0], [0, 5]]
    assert one_hot([0, 1], 2, on_value="yes", off_value=b"no").tolist() == [[b"yes", b"no"], [b"no", b"yes"]]
    assert one_hot([0], 2, True, False).dtype == bool
    assert one_hot([0], 2, on_value=5, dtype="float32").dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (([1.0], 3), DtypeError),
        (([True], 3), DtypeError),
        ((["cat"], 3), DtypeError),
        (([0], -1), ArgumentError),
        (([0], 2.0), ArgumentError),
        (([0], [2]), ArgumentError),
        (([0], 2, 1, 0.0), DtypeError),
        (([0], 2, 1.5, None, None, "int32"), DtypeError),
        (([0], 2, [1, 2]), ArgumentError),
        (([0], 2, None, None, 2), ArgumentError),
        (([0], 2, None, None, -2), ArgumentError),
        (([0], 2, None, None, None, "string"), DtypeError),
        (([0], 2, "yes"), DtypeError),
        (([[0], [1, 2]], 2), ShapeError),
    ],
)
def test_one_hot_refusals(arguments, error):
    with pytest.raises(error) as caught:
        one_hot(*arguments)
    assert caught.value.fix


@settings(max_examples=60, deadline=None)
@given(
    indices=hnp.arrays(
        st.sampled_from([np.int32, np.int64, np.int8]),
        hnp.array_shapes(min_dims=0, max_dims=3),
        elements=st.integers(-3, 8),
    ),
    depth=st.integers(0, 6),
    data=st.data(),
)
def test_one_hot_equals_tensorflow(indices, depth, data):
    tf = pytest.importorskip("tensorflow")
    axis = data.draw(st.sampled_from([None, -1, *range(indices.ndim + 1)]))
    expected = tf.one_hot(indices, depth, 2.5, -1.0, axis).numpy()
    result = one_hot(indices, depth, 2.5, -1.0, axis)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)
    assert result.flags.c_contiguous
