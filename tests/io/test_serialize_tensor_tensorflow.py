"""serialize_tensor and parse_tensor, side by side with TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from feedline.errors import DtypeError, TensorDecodeError
from feedline.formats.tensor_proto import decode_tensor
from feedline.io.serialize_tensor import parse_tensor, serialize_tensor

tf = pytest.importorskip("tensorflow")

DTYPES = ["bool", "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "c16"]


@given(
    numpy_strategies.arrays(
        st.sampled_from(DTYPES), numpy_strategies.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
    )
)
@settings(deadline=None, max_examples=100)
def test_same_bytes_both_ways(values):
    message = tf.io.serialize_tensor(values).numpy()
    assert serialize_tensor(values) == message
    assert serialize_tensor(tf.constant(values)) == message
    found = parse_tensor(message, tf.constant(values).dtype)
    theirs = tf.io.parse_tensor(serialize_tensor(values), values.dtype).numpy()
    assert found.tobytes() == theirs.tobytes()
    assert found.shape == theirs.shape


@given(st.lists(st.binary(max_size=200), max_size=6))
@settings(deadline=None, max_examples=40)
def test_same_strings(values):
    array = np.empty(len(values), object)
    array[:] = values
    message = tf.io.serialize_tensor(tf.constant(array, tf.string)).numpy()
    assert serialize_tensor(array) == message
    assert parse_tensor(message, tf.string).tolist() == values


def test_values_of_other_frameworks():
    expected = serialize_tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
    jax_numpy, torch = pytest.importorskip("jax.numpy"), pytest.importorskip("torch")
    assert serialize_tensor(jax_numpy.arange(6, dtype="float32").reshape(2, 3)) == expected
    assert serialize_tensor(torch.arange(6, dtype=torch.float32).reshape(2, 3)) == expected
    bfloat16 = tf.cast([1, 2], tf.bfloat16)
    assert serialize_tensor(bfloat16) == tf.io.serialize_tensor(bfloat16).numpy()
    assert serialize_tensor(jax_numpy.array([1, 2], "bfloat16")) == tf.io.serialize_tensor(bfloat16).numpy()
    with pytest.raises(DtypeError, match="Cast"):
        serialize_tensor(torch.zeros(2, dtype=torch.bfloat16))


def test_make_tensor_proto():
    for values, shape in [(1.5, (2, 3)), ([1, 2, 3], (3,)), ([b"a", b"b"], (2,)), (True, ()), ([1 + 2j], (4,))]:
        message = tf.make_tensor_proto(values, shape=shape).SerializeToString()
        dtype = tf.make_tensor_proto(values, shape=shape).dtype
        theirs = tf.io.parse_tensor(message, tf.dtypes.as_dtype(dtype)).numpy()
        assert np.array_equal(decode_tensor(message), theirs)


def test_where_feedline_reads_tensorflow_does_and_the_same():
    """Damaged messages: feedline may refuse what TensorFlow takes, never take what TensorFlow refuses."""
    generator = np.random.default_rng(3)
    messages = [
        tf.make_tensor_proto([1, 2, 3], dtype=dtype).SerializeToString() for dtype in ("int32", "float32", "uint16")
    ]
    messages += [serialize_tensor(np.arange(3, dtype=dtype)) for dtype in ("uint8", "int64", "float16")]
    both = 0
    for _ in range(600):
        damaged = bytearray(messages[generator.integers(len(messages))])
        for _ in range(generator.integers(1, 3)):
            damaged[generator.integers(len(damaged))] = generator.integers(256)
        try:
            ours = decode_tensor(bytes(damaged))
        except (TensorDecodeError, DtypeError):
            continue
        dtype = tf.string if isinstance(ours, bytes) or ours.dtype == object else tf.dtypes.as_dtype(ours.dtype)
        theirs = tf.io.parse_tensor(bytes(damaged), dtype).numpy()
        assert np.asarray(ours).shape == np.asarray(theirs).shape
        same = ours == theirs if dtype == tf.string else ours.tobytes() == theirs.tobytes()
        assert np.all(same)
        both += 1
    assert both > 50
