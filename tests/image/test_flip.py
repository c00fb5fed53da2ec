import numpy as np
import pytest

from feedline import image, random
from feedline.errors import ArgumentError, ShapeError

ONE = np.arange(24).reshape(2, 4, 3)
BATCH = np.arange(72).reshape(3, 2, 4, 3)


@pytest.mark.parametrize("value", [ONE, BATCH, ONE.astype(bool), BATCH.astype(np.float16)])
def test_flips_are_views(value):
    for flip, axis in ((image.flip_left_right, -2), (image.flip_up_down, -3)):
        flipped = flip(value)
        np.testing.assert_array_equal(flipped, np.flip(value, axis))
        assert np.shares_memory(flipped, value)
        np.testing.assert_array_equal(flip(flipped), value)
    assert image.transpose(value).shape == (*value.shape[:-3], 4, 2, 3)
    np.testing.assert_array_equal(image.transpose(image.transpose(value)), value)


def test_rot90_is_counter_clockwise():
    square = np.arange(4).reshape(2, 2, 1)
    assert image.rot90(square)[..., 0].tolist() == [[1, 3], [0, 2]]
    for k in range(-5, 6):
        np.testing.assert_array_equal(image.rot90(BATCH, k), np.rot90(BATCH, k, axes=(1, 2)))
    with pytest.raises(ArgumentError, match=r"1\.5"):
        image.rot90(square, 1.5)


@pytest.mark.parametrize("flip", [image.random_flip_left_right, image.random_flip_up_down])
def test_random_flips_are_fair_and_each_image_has_its_own(flip):
    axis = -2 if "left" in flip.__name__ else -3
    many = np.broadcast_to(ONE, (400, *ONE.shape))
    random.set_seed(5)
    result = flip(many)
    turned = np.array([np.array_equal(one, np.flip(ONE, axis)) for one in result])
    kept = np.array([np.array_equal(one, ONE) for one in result])
    assert (turned ^ kept).all()
    assert 150 < turned.sum() < 250
    singles = [np.array_equal(flip(ONE), ONE) for _ in range(400)]
    assert 150 < sum(singles) < 250
    random.set_seed(None)


def test_the_same_element_is_flipped_the_same_way():
    results = []
    for _ in range(2):
        rows = []
        outer = random.outer_element()
        for position in range(40):
            random.enter_element(7, 0, position)
            rows.append(image.random_flip_left_right(ONE)[0, 0, 0])
        random.leave_element(outer)
        results.append(rows)
    assert results[0] == results[1]
    assert len(set(results[0])) == 2


@pytest.mark.parametrize("flip", [image.stateless_random_flip_left_right, image.stateless_random_flip_up_down])
def test_stateless_flips(flip):
    for seed in ((1, 2), np.array([3, 4], np.int32)):
        np.testing.assert_array_equal(flip(ONE, seed), flip(ONE, seed))
        np.testing.assert_array_equal(flip(BATCH, seed), flip(BATCH, seed))
    assert len({flip(ONE, (1, index))[0, 0, 0] for index in range(30)}) == 2
    for seed in (1, (1, 2, 3), (1.0, 2.0), "ab", None):
        with pytest.raises(ArgumentError, match="two ints"):
            flip(ONE, seed)


def test_seeds_are_ints():
    for seed in ("a", 1.5, (1, 2)):
        with pytest.raises(ArgumentError, match="seed"):
            image.random_flip_left_right(ONE, seed=seed)


def test_infinity_survives_a_random_flip():
    # TensorFlow multiplies by 0 and 1 here, and turns infinity into NaN.
    assert np.isinf(image.random_flip_left_right(np.full((4, 1, 1, 1), np.inf, np.float32))).all()


@pytest.mark.parametrize("shape", [(3, 3), (3,), (1, 1, 3, 3, 3), (0, 3, 3), (3, 3, 0)])
def test_wrong_shapes(shape):
    for function in (image.flip_left_right, image.flip_up_down, image.transpose, image.rot90):
        with pytest.raises(ShapeError) as caught:
            function(np.zeros(shape))
        assert str(shape) in str(caught.value)
    with pytest.raises(ShapeError):
        image.random_flip_left_right(np.zeros(shape))
