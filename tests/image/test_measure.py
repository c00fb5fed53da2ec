import numpy as np
import pytest

from feedline import image
from feedline.errors import ArgumentError, DtypeError, ShapeError

RNG = np.random.default_rng(6)
ONE = RNG.integers(0, 256, (2, 20, 24, 3), dtype=np.uint8)
OTHER = np.clip(ONE + RNG.integers(-20, 20, ONE.shape), 0, 255).astype(np.uint8)


def test_gradients_and_edges_of_a_ramp():
    ramp = np.broadcast_to(np.arange(6, dtype=np.float32)[None, None, :, None], (1, 5, 6, 1))
    down, along = image.image_gradients(ramp)
    assert (down == 0).all()
    assert (along[:, :, :-1] == 1).all()
    assert (along[:, :, -1] == 0).all()
    edges = image.sobel_edges(ramp)
    assert (edges[..., 0] == 0).all()
    assert (edges[:, :, 1:-1, :, 1] == 8).all()
    assert image.total_variation(ramp).tolist() == [25]


def test_equal_images():
    assert np.isinf(image.psnr(ONE, ONE, 255)).all()
    np.testing.assert_allclose(image.ssim(ONE, ONE, 255), 1, rtol=1e-6)
    assert image.ssim(ONE, OTHER, 255, return_index_map=True).shape == (2, 10, 14)


def test_psnr_takes_each_image_in_the_range_of_its_own_dtype():
    assert image.psnr(ONE, image.convert_image_dtype(ONE, "uint16"), 255).min() > 45
    np.testing.assert_allclose(image.psnr(ONE, OTHER / np.float32(255), 255), image.psnr(ONE, OTHER, 255), rtol=1e-5)


def test_integers_wrap_round_without_a_warning(recwarn):
    image.total_variation(np.array([[[100], [-100]], [[100], [-100]]], np.int8))
    assert not recwarn.list


def test_refusals():
    with pytest.raises(DtypeError, match="wrap"):
        image.total_variation(ONE)
    with pytest.raises(ShapeError):
        image.image_gradients(ONE[0])
    with pytest.raises(ShapeError, match="2x2"):
        image.sobel_edges(np.zeros((1, 1, 5, 1), np.float32))
    with pytest.raises(DtypeError):
        image.sobel_edges(ONE)
    for function in (image.psnr, image.ssim):
        with pytest.raises(ShapeError, match="shapes"):
            function(ONE, OTHER[:, :12], 255)
        with pytest.raises(ShapeError, match="shapes"):
            function(ONE, np.concatenate([OTHER, OTHER[:1]]), 255)
        with pytest.raises(ArgumentError, match="which uint8 cannot hold"):
            function(ONE, OTHER, 256)
        with pytest.raises(DtypeError, match="bool"):
            function(ONE, OTHER > 3, 255)
    with pytest.raises(DtypeError, match="float32"):
        image.ssim(ONE, OTHER.astype(np.float32), 255)
    with pytest.raises(ShapeError, match="window"):
        image.ssim(ONE[:, :8], OTHER[:, :8], 255)
    with pytest.raises(ArgumentError, match="filter_sigma"):
        image.ssim(ONE, OTHER, 255, filter_sigma=0)


def test_equals_tensorflow():
    tf = pytest.importorskip("tensorflow")
    floats = ONE.astype(np.float32) / 255
    np.testing.assert_allclose(image.total_variation(floats), tf.image.total_variation(tf.constant(floats)), rtol=1e-6)
    np.testing.assert_allclose(image.sobel_edges(floats), tf.image.sobel_edges(tf.constant(floats)), atol=4e-6)
    for ours, theirs in zip(image.image_gradients(ONE), tf.image.image_gradients(tf.constant(ONE)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for one, other, peak in ((ONE, OTHER, 255), (floats, OTHER.astype(np.float32) / 255, 1.0)):
        expected = tf.image.psnr(tf.constant(one), tf.constant(other), peak)
        np.testing.assert_allclose(image.psnr(one, other, peak), expected, rtol=1e-5)
        for size, sigma in ((11, 1.5), (4, 0.8)):
            expected = tf.image.ssim(one, other, peak, size, sigma)
            np.testing.assert_allclose(image.ssim(one, other, peak, size, sigma), expected, atol=1e-5)
