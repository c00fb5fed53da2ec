import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline import image, random
from feedline.errors import ArgumentError, ShapeError

BATCH = np.arange(2 * 7 * 9 * 3).reshape(2, 7, 9, 3)
ONE = BATCH[0]


def test_examples_of_the_tensorflow_documentation():
    middle = image.central_crop(np.arange(5 * 5 * 3).reshape(5, 5, 3), 0.6)
    assert middle.shape == (3, 3, 3)
    assert middle[0, 0, 0] == 18
    cut = image.resize_with_crop_or_pad(np.arange(75).reshape(5, 5, 3), 3, 3)
    assert cut[..., 0].tolist() == [[18, 21, 24], [33, 36, 39], [48, 51, 54]]
    padded = image.resize_with_crop_or_pad(np.arange(1, 28).reshape(3, 3, 3), 5, 5)
    assert padded[1:4, 1:4, 0].tolist() == [[1, 4, 7], [10, 13, 16], [19, 22, 25]]
    assert padded.sum() == np.arange(1, 28).sum()


def test_crops_are_views():
    for value in (ONE, BATCH):
        for crop in (
            image.central_crop(value, 0.5),
            image.crop_to_bounding_box(value, 1, 2, 3, 4),
            image.resize_with_crop_or_pad(value, 3, 3),
            image.random_crop(value, (*value.shape[:-3], 3, 3, 3)),
        ):
            assert np.shares_memory(crop, value)
    assert image.central_crop(ONE, 1.0).shape == ONE.shape
    assert image.pad_to_bounding_box(ONE, 0, 0, 7, 9).shape == ONE.shape


def test_pad():
    for value in (ONE, BATCH, ONE.astype(bool), BATCH.astype(np.float16)):
        padded = image.pad_to_bounding_box(value, 2, 1, 10, 12)
        assert padded.dtype == value.dtype
        np.testing.assert_array_equal(image.crop_to_bounding_box(padded, 2, 1, 7, 9), value)
        assert np.count_nonzero(padded) == np.count_nonzero(value)


def test_random_crop_reaches_every_place():
    random.set_seed(3)
    line = np.arange(6).reshape(6, 1, 1)
    starts = [int(image.random_crop(line, (4, 1, 1))[0, 0, 0]) for _ in range(200)]
    random.set_seed(None)
    assert set(starts) == {0, 1, 2}
    assert min(starts.count(start) for start in range(3)) > 35
    assert image.random_crop(np.arange(5), (2,)).shape == (2,)
    np.testing.assert_array_equal(image.random_crop(ONE, ONE.shape), ONE)
    assert image.random_crop(ONE, (0, 2, 3)).shape == (0, 2, 3)


def test_stateless_random_crop():
    one = image.stateless_random_crop(ONE, (2, 2, 3), (1, 2))
    np.testing.assert_array_equal(one, image.stateless_random_crop(ONE, (2, 2, 3), (1, 2)))
    firsts = {int(image.stateless_random_crop(ONE, (2, 2, 3), (1, n))[0, 0, 0]) for n in range(60)}
    assert len(firsts) > 20


def test_refusals():
    for fraction in (0.0, -0.5, 1.5, np.nan):
        with pytest.raises(ArgumentError, match="central_fraction"):
            image.central_crop(ONE, fraction)
    for box in ((-1, 0, 2, 2), (0, -1, 2, 2), (0, 0, 0, 2), (0, 0, 2, 0), (0, 0, 8, 2), (6, 0, 2, 2), (0, 8, 2, 2)):
        with pytest.raises(ArgumentError):
            image.crop_to_bounding_box(ONE, *box)
    for box in ((-1, 0, 9, 9), (0, 0, 6, 9), (0, 0, 7, 8), (1, 0, 7, 9), (0, 1, 7, 9), (0.5, 0, 9, 9)):
        with pytest.raises(ArgumentError):
            image.pad_to_bounding_box(ONE, *box)
    for size in ((0, 3), (3, 0), (-1, 3), (2.5, 3)):
        with pytest.raises(ArgumentError):
            image.resize_with_crop_or_pad(ONE, *size)
        with pytest.raises(ArgumentError):
            image.resize_with_pad(ONE, *size)
    with pytest.raises(ArgumentError, match="no pixel"):
        image.resize_with_pad(np.zeros((1, 100, 3)), 10, 10)
    for size in ((2, 2), (8, 2, 3), (2, 2, 4), (1, 2, 2, 3)):
        with pytest.raises(ShapeError, match=r"\(7, 9, 3\)"):
            image.random_crop(ONE, size)
    with pytest.raises(ArgumentError):
        image.random_crop(ONE, (-1, 2, 3))
    for function in (image.central_crop, lambda x, _: image.resize_with_pad(x, 2, 2)):
        with pytest.raises(ShapeError, match=r"\(7, 9\)"):
            function(ONE[..., 0], 0.5)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    tall=st.integers(1, 40),
    wide=st.integers(1, 40),
    fraction=st.floats(0.01, 1.0),
)
def test_equals_tensorflow(height, width, tall, wide, fraction):
    tf = pytest.importorskip("tensorflow")
    value = np.arange(height * width, dtype=np.int32).reshape(height, width, 1)
    np.testing.assert_array_equal(image.central_crop(value, fraction), tf.image.central_crop(value, fraction).numpy())
    np.testing.assert_array_equal(
        image.resize_with_crop_or_pad(value, tall, wide), tf.image.resize_with_crop_or_pad(value, tall, wide).numpy()
    )
    try:
        expected = tf.image.resize_with_pad(value, tall, wide).numpy()
    except tf.errors.InvalidArgumentError:
        with pytest.raises(ArgumentError, match="no pixel"):
            image.resize_with_pad(value, tall, wide)
    else:
        np.testing.assert_array_equal(image.resize_with_pad(value, tall, wide), expected)
