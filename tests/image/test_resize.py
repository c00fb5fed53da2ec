import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.image import ResizeMethod, resize

METHODS = [value for name, value in vars(ResizeMethod).items() if name.isupper()]


def test_diagonal_of_the_tensorflow_documentation():
    image = np.eye(5, dtype=np.int32)[np.newaxis, ..., np.newaxis]
    result = resize(image, [3, 5])[0, ..., 0]
    third = np.float32(1 / 3)
    expected = [[2 * third, third, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, third, 2 * third]]
    np.testing.assert_allclose(result, expected, atol=5e-7)
    near = resize(image, [5, 7], method="nearest")[0, ..., 0]
    assert near.dtype == np.int32
    assert near.tolist() == [
        [1, 0, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ]
    assert resize(image, [10, 20], preserve_aspect_ratio=True).shape == (1, 10, 10, 1)
    np.testing.assert_array_equal(resize(image, [5, 10]), resize(image, [5, 10], antialias=True))


def test_there_are_eight_methods():
    assert sorted(METHODS) == sorted(
        ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("antialias", [False, True])
def test_a_flat_image_stays_flat(method, antialias):
    image = np.full((9, 7, 3), 200, np.uint8)
    for size in [(1, 1), (4, 13), (9, 7), (30, 2)]:
        result = resize(image, size, method, antialias=antialias)
        assert result.shape == (*size, 3)
        np.testing.assert_allclose(result, 200, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_flips_and_resizing_commute(method):
    image = np.random.default_rng(1).integers(0, 256, (10, 15, 3), dtype=np.uint8)
    one = resize(image, (7, 10), method)[:, ::-1]
    other = resize(image[:, ::-1], (7, 10), method)
    if method == "nearest":
        # Where a centre falls between two pixels, nearest takes the right one, flipped or not.
        assert np.mean(one != other) < 0.5
    else:
        np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_resized_image_by_image(method):
    images = np.random.default_rng(2).random((3, 6, 5, 2), np.float32)
    together = resize(images, (4, 9), method)
    for one, image in zip(together, images, strict=True):
        np.testing.assert_array_equal(one, resize(image, (4, 9), method))


@pytest.mark.parametrize("method", METHODS)
def test_views_of_any_strides(method):
    base = np.random.default_rng(3).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    for view in (base[::-1, ::-1], base[3:9, 2:20, :3], np.transpose(base, (1, 0, 2)), base[..., 1:2], base[::2, ::3]):
        np.testing.assert_array_equal(resize(view, (5, 8), method), resize(view.copy(), (5, 8), method))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "float16", "float64", "uint32", ">f4", ">i2"])
def test_dtypes_agree_with_float32(method, dtype):
    image = np.random.default_rng(4).integers(0, 100, (6, 7, 3)).astype(dtype)
    result = resize(image, (9, 4), method)
    expected = resize(image.astype(np.float32), (9, 4), method)
    assert result.dtype == (image.dtype if method == "nearest" else np.float32)
    np.testing.assert_array_equal(result, expected.astype(result.dtype))


def test_the_result_goes_into_out():
    image = np.random.default_rng(5).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    batch = np.full((2, 4, 5, 3), -1, np.float32)
    assert resize(image, (4, 5), out=batch[1]).base is batch
    np.testing.assert_array_equal(batch[1], resize(image, (4, 5)))
    assert (batch[0] == -1).all()
    for wrong in (batch[0, :, :4], np.zeros((4, 5, 3)), np.zeros((5, 4, 3), np.float32).transpose(1, 0, 2)):
        with pytest.raises(ArgumentError, match="out has the shape"):
            resize(image, (4, 5), out=wrong)


def test_an_empty_batch():
    assert resize(np.zeros((0, 4, 4, 3), np.uint8), (2, 2)).shape == (0, 2, 2, 3)


def test_a_list_is_float32_like_in_tensorflow():
    assert resize([[[1.0], [3.0]]], (1, 1))[0, 0, 0] == np.float32(2)
    assert resize([[[1], [3]]], (1, 2), "nearest").dtype == np.int32


@pytest.mark.parametrize(
    ("size", "word"),
    [
        *(((0, 3), "from 1"), ((-1, 3), "from 1"), (3, "two ints"), ((3, 3, 3), "two ints"), ((3.0, 4.0), "two ints")),
        *(((2**31, 3), "from 1"), ("ab", "two ints"), (None, "two ints"), ((np.nan, 2), "two ints")),
    ],
)
def test_bad_sizes(size, word):
    with pytest.raises(ArgumentError, match=word) as caught:
        resize(np.zeros((4, 4, 3), np.uint8), size)
    assert caught.value.fix


def test_bad_images():
    with pytest.raises(ShapeError, match=r"\(4, 4\)") as caught:
        resize(np.zeros((4, 4)), (2, 2))
    assert "np.newaxis" in caught.value.fix
    with pytest.raises(ShapeError, match="without a pixel"):
        resize(np.zeros((0, 4, 3)), (2, 2))
    with pytest.raises(DtypeError, match="bytes") as caught:
        resize(np.array(b"\xff\xd8", object), (2, 2))
    assert "decode_image" in caught.value.fix
    with pytest.raises(DtypeError, match="bool"):
        resize(np.zeros((4, 4, 3), bool), (2, 2))
    with pytest.raises(ShapeError, match="differ in shape"):
        resize([np.zeros((4, 4, 3)), np.zeros((5, 4, 3))], (2, 2))
    with pytest.raises(ArgumentError, match="BILINEAR") as caught:
        resize(np.zeros((4, 4, 3)), (2, 2), method="BILINEAR")
    assert "bilinear" in caught.value.fix
    with pytest.raises(ArgumentError, match="no pixel"):
        resize(np.zeros((1, 100, 3)), (10, 10), preserve_aspect_ratio=True)


@settings(max_examples=60, deadline=None)
@given(
    image=hnp.arrays(
        st.sampled_from([np.uint8, np.float32]),
        st.tuples(*[st.integers(1, 12)] * 2, st.integers(1, 5)),
        elements=st.integers(0, 255),
    ),
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    method=st.sampled_from(METHODS),
    antialias=st.booleans(),
)
def test_equals_tensorflow(image, size, method, antialias):
    tf = pytest.importorskip("tensorflow")
    expected = tf.image.resize(image, size, method, antialias=antialias).numpy()
    result = resize(image, size, method, antialias=antialias)
    assert result.dtype == expected.dtype
    if "lanczos" in method:
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * 255)
    else:
        np.testing.assert_array_equal(result, expected)


def test_large_images_equal_tensorflow():
    tf = pytest.importorskip("tensorflow")
    image = np.random.default_rng(6).integers(0, 256, (375, 500, 3), dtype=np.uint8)
    for method, antialias in itertools.product(("bilinear", "nearest", "bicubic", "area"), (False, True)):
        expected = tf.image.resize(image, (224, 224), method, antialias=antialias).numpy()
        np.testing.assert_array_equal(resize(image, (224, 224), method, antialias=antialias), expected)


def test_fitted_sizes_equal_tensorflow():
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(7)
    for height, width, tall, wide in rng.integers(20, 300, (150, 4)).tolist():
        image = np.zeros((height, width, 1), np.uint8)
        expected = tf.image.resize(image, (tall, wide), "nearest", preserve_aspect_ratio=True)
        assert resize(image, (tall, wide), "nearest", True).shape == tuple(expected.shape)
