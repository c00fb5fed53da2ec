import numpy as np
import pytest

from feedline.errors import DtypeError, ShapeError
from feedline.image import per_image_standardization


def test_the_example_of_the_tensorflow_documentation():
    image = np.arange(1, 13, dtype=np.int32).reshape(2, 2, 3)
    expected = [-1.593255, -1.3035723, -1.0138896, -0.7242068, -0.4345241, -0.14484136]
    np.testing.assert_allclose(per_image_standardization(image).ravel()[:6], expected, rtol=1e-6)


def test_every_image_on_its_own():
    images = np.random.default_rng(1).integers(0, 256, (2, 3, 8, 9, 3), dtype=np.uint8)
    together = per_image_standardization(images)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.mean(axis=(-3, -2, -1)), 0, atol=1e-6)
    np.testing.assert_allclose(together.std(axis=(-3, -2, -1)), 1, atol=1e-6)
    np.testing.assert_array_equal(together[1, 2], per_image_standardization(images[1, 2]))


def test_a_flat_image_is_zero():
    assert (per_image_standardization(np.full((4, 4, 3), 7, np.uint8)) == 0).all()


def test_the_input_is_kept():
    image = np.random.default_rng(2).random((4, 4, 3), np.float32)
    before = image.copy()
    per_image_standardization(image)
    np.testing.assert_array_equal(image, before)


def test_refusals():
    with pytest.raises(ShapeError, match=r"\(4, 4\)"):
        per_image_standardization(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match="without a pixel"):
        per_image_standardization(np.zeros((0, 4, 3)))
    with pytest.raises(DtypeError):
        per_image_standardization(np.full((1, 1, 1), b"a", object))
    with pytest.raises(DtypeError, match="complex64"):
        per_image_standardization(np.zeros((4, 4, 3), "complex64"))
    assert per_image_standardization(np.eye(3, dtype=bool)[..., np.newaxis]).dtype == np.float32


def test_equals_tensorflow():
    tf = pytest.importorskip("tensorflow")
    for shape in ((1, 1, 3), (17, 23, 3), (2, 9, 4, 1), (224, 224, 3)):
        image = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
        expected = tf.image.per_image_standardization(image).numpy()
        np.testing.assert_allclose(per_image_standardization(image), expected, atol=1e-5)
