"""Tensors: arrays with `.numpy()`, which nobody can change."""

import copy
import pickle

import numpy as np
import pytest

import feedline.compat.tf as tf
from feedline.errors import ArgumentError, DtypeError, ShapeError


def test_a_tensor_is_an_array_with_numpy():
    tensor = tf.constant([[1.0, 2.0]])
    assert isinstance(tensor, np.ndarray)
    assert isinstance(tensor, tf.Tensor)
    assert type(tensor.numpy()) is np.ndarray
    assert tensor.shape == (1, 2)
    assert tensor.shape == [1, 2]
    assert tensor.shape.as_list() == [1, 2]
    assert isinstance(tensor.shape, tuple)
    assert tensor.dtype == tf.float32


@pytest.mark.parametrize(
    ("value", "kind"), [(1, np.int32), (0.5, np.float32), (True, np.bool_), ("é", bytes), (b"a", bytes)]
)
def test_scalars_have_numpy_too(value, kind):
    scalar = tf.constant(value)
    assert scalar.shape == ()
    assert type(scalar.numpy()) is kind
    assert scalar.numpy() == (value.encode() if isinstance(value, str) else value)
    assert isinstance(scalar[...], tf.Tensor)


def test_what_is_taken_out_of_a_tensor_is_a_tensor():
    tensor = tf.constant([[1, 2], [3, 4]])
    parts = [tensor[0], tensor[0, 1], tensor[:, 0], tensor[-1][0], *tensor, *tensor[0], tensor[tensor > 1]]
    assert all(type(part) is tf.Tensor for part in parts)
    assert [part.numpy().tolist() for part in parts[:4]] == [[1, 2], 2, [1, 3], 3]
    texts = tf.constant([b"a", b"b"])
    assert texts[1].numpy() == b"b"
    assert [text.numpy() for text in texts] == [b"a", b"b"]


def test_a_tensor_cannot_be_changed():
    tensor = tf.constant([1, 2])
    with pytest.raises(TypeError, match="tensor_scatter_nd_update"):
        tensor[0] = 5
    with pytest.raises(TypeError, match="out="):
        np.add(tensor, 1, out=tensor)
    with pytest.raises(AttributeError):
        tensor.shape = (2, 1)
    assert tensor.numpy().tolist() == [1, 2]


@pytest.mark.parametrize("symbol", ["+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "&=", "|=", "^="])
def test_augmented_assignment_makes_a_new_tensor(symbol):
    original = tf.constant([[3, 4], [5, 6]])
    names = {"tensor": original, "other": tf.constant([[2, 2], [2, 2]])}
    exec(f"tensor {symbol} other", names)
    assert names["tensor"] is not original
    assert original.numpy().tolist() == [[3, 4], [5, 6]]
    assert type(names["tensor"]) is tf.Tensor


def test_numpy_functions_give_plain_arrays():
    tensor = tf.constant([1.0, 4.0])
    results = [
        np.sqrt(tensor), np.add(tensor, tensor), np.stack([tensor, tensor]), np.mean(tensor, keepdims=True),
        np.concatenate([tensor, [1.0]]), np.where(tensor > 1, tensor, 0), np.asarray(tensor), np.array(tensor),
        np.expand_dims(tensor, 0), np.einsum("i,i->i", tensor, tensor), np.array([tensor, tensor]),
    ]  # fmt: skip
    assert {type(result) for result in results} == {np.ndarray}
    assert np.array_equal(np.stack([tensor, tensor]), [[1, 4], [1, 4]])


def test_numpy_scalars_on_the_left_follow_the_tensor():
    tensor = tf.constant([1.5])
    for value in (np.float64(2) * tensor, np.float32(2) * tensor, np.int64(2) * tf.constant([1]), np.pi - tensor):
        assert type(value) is tf.Tensor
        assert value.dtype.itemsize == 4
    assert (np.float64(2) > tensor).numpy().tolist() == [True]


def test_dtypes_must_agree():
    with pytest.raises(DtypeError, match="int32 and float32") as caught:
        tf.constant([1]) + tf.constant([1.0])
    assert "tf.cast" in caught.value.fix
    with pytest.raises(DtypeError, match=r"Python float 0.5, which is no int32"):
        tf.constant([1]) * 0.5
    with pytest.raises(DtypeError, match="to_number"):
        tf.constant(["1"]) == tf.constant([1])  # noqa: B015


def test_shapes_must_go_together():
    with pytest.raises(ShapeError, match=r"\(2,\) and \(3,\)"):
        tf.constant([1, 2]) + [1, 2, 3]  # noqa: RUF005
    assert (tf.constant([1, 2]) == [1, 2, 3]).numpy() == np.False_
    assert (tf.constant([1, 2]) != [1, 2, 3]).numpy() == np.True_


def test_division_by_zero():
    with pytest.raises(ArgumentError, match="divided by zero"):
        tf.constant([1, 2]) // tf.constant([1, 0])
    with np.errstate(all="raise"):
        assert (tf.constant(1.0) / 0.0).numpy() == np.inf


def test_comparison_with_none():
    assert (tf.constant(1) == None) is False  # noqa: E711
    assert (tf.constant(1) != None) is True  # noqa: E711


def test_a_tensor_is_no_key():
    with pytest.raises(TypeError, match="unhashable"):
        {tf.constant(1): 2}
    with pytest.raises(TypeError, match="key"):
        tf.constant(1).ref()


def test_text_of_tensors():
    assert str(tf.constant([1, 2])) == "tf.Tensor([1 2], shape=(2,), dtype=int32)"
    assert repr(tf.constant("a")) == "<tf.Tensor: shape=(), dtype=string, numpy=b'a'>"
    assert f"{tf.constant(1.25):.1f} {tf.constant('a')}" == "1.2 b'a'"


@pytest.mark.parametrize("value", [[1.5, 2.5], 3, "a", ["a", "b"], [[True]]])
def test_copies_and_pickles(value):
    tensor = tf.constant(value)
    for twin in (copy.copy(tensor), copy.deepcopy(tensor), pickle.loads(pickle.dumps(tensor))):
        assert type(twin) is tf.Tensor
        assert twin.dtype == tensor.dtype
        np.testing.assert_array_equal(twin.numpy(), tensor.numpy())
    shape = pickle.loads(pickle.dumps(tensor.shape))
    assert type(shape) is tf.TensorShape
    assert shape == tensor.shape


def test_a_tensor_is_not_made_by_its_class():
    with pytest.raises(TypeError, match=r"tf\.constant"):
        tf.Tensor((2,))


def test_set_shape_checks():
    image = tf.zeros([4, 5, 3])
    image.set_shape([None, None, 3])
    with pytest.raises(ShapeError, match=r"\(4, 5, 3\)(.|\n)*\(None, None, 1\)"):
        image.set_shape([None, None, 1])


def test_a_shape_adds_up():
    shape = tf.zeros([2, 3]).shape
    assert type(shape[1:]) is tf.TensorShape
    assert shape + [4] == [2, 3, 4]  # noqa: RUF005
    assert (1,) + shape == (1, 2, 3)  # noqa: RUF005
    assert [*shape, 5] == [2, 3, 5]
    assert hash(shape) == hash((2, 3))
    assert str(shape) == "(2, 3)"
    assert repr(shape) == "TensorShape([2, 3])"


def test_none_is_no_tensor():
    with pytest.raises(ArgumentError, match="None"):
        tf.constant(None)
    with pytest.raises(DtypeError):
        tf.constant([None])


@pytest.mark.parametrize("values", [[[1, 2], [3]], [tf.constant([1]), tf.constant([1, 2])], [np.zeros(2), np.zeros(3)]])
def test_lists_of_unequal_shapes_say_so(values):
    with pytest.raises(ShapeError, match="2 values") as caught:
        tf.convert_to_tensor(values)
    assert "tf.ragged" in caught.value.fix


def test_frameworks_tensors_are_taken():
    torch = pytest.importorskip("torch")
    jnp = pytest.importorskip("jax.numpy")
    assert (tf.constant([1.0]) + torch.tensor([2.0])).numpy().tolist() == [3.0]
    assert tf.reduce_sum(jnp.array([1.0, 2.0])).numpy() == 3.0
    assert np.asarray(jnp.asarray(tf.constant([1.0, 2.0]))).tolist() == [1.0, 2.0]
    assert torch.as_tensor(tf.constant([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_sparse_and_ragged_have_tensors_inside():
    ragged = tf.ragged.constant([[1, 2], [3]])
    assert type(ragged.values) is type(ragged.row_splits) is type(ragged[0]) is tf.Tensor
    assert type(ragged.numpy()) is np.ndarray
    assert [row.numpy().tolist() for row in ragged] == [[1, 2], [3]]
    sparse = tf.SparseTensor([[0, 1]], [5], [2, 2])
    assert type(sparse.values) is type(sparse.indices) is tf.Tensor
    assert sparse.shape.as_list() == [2, 2]
    with pytest.raises(DtypeError, match=r"(?s)ragged tensor.*to_tensor"):
        tf.sort(ragged)
    with pytest.raises(DtypeError, match=r"(?s)sparse tensor.*to_dense"):
        tf.reduce_sum(sparse)
    with pytest.raises(ShapeError, match="differ in length"):
        ragged + tf.ragged.constant([[1], [2, 3]])
