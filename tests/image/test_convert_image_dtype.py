import numpy as np
import pytest

from feedline.errors import DtypeError
from feedline.image import convert_image_dtype

INTEGERS = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"]
FLOATS = ["float16", "float32", "float64"]


def test_examples_of_the_tensorflow_documentation():
    a = np.array([[[1], [2]], [[3], [4]]])
    np.testing.assert_allclose(
        convert_image_dtype(a.astype("int8"), "float32").ravel(), [0.00787402, 0.01574803, 0.02362205, 0.03149606], 1e-6
    )
    np.testing.assert_allclose(convert_image_dtype(a.astype("int32"), "float32").ravel(), a.ravel() / (2**31 - 1), 1e-6)
    b = convert_image_dtype(np.array([[[0.12], [0.34]], [[0.56], [0.78]]], np.float32), "int8")
    np.testing.assert_allclose(
        convert_image_dtype(b, "float32").ravel(), [0.11811024, 0.33858266, 0.5590551, 0.77952754], 1e-6
    )
    c = np.array([1, 2, 127, 127], np.int8)
    assert convert_image_dtype(c, "int16").tolist() == [256, 512, 32512, 32512]
    assert convert_image_dtype(convert_image_dtype(c, "int16"), "int8").tolist() == c.tolist()
    d = convert_image_dtype(np.array([1000, 2000, 3000, 4000], np.int16), "uint8")
    assert convert_image_dtype(d, "int16").tolist() == [896, 1920, 2944, 3968]


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_the_same_dtype_is_the_same_array(dtype):
    image = np.ones((2, 2, 3), dtype)
    assert convert_image_dtype(image, dtype) is image


@pytest.mark.parametrize("narrow", ["uint8", "int8", "uint16"])
@pytest.mark.parametrize("wide", ["uint16", "int32", "uint32", "uint64", "float32", "float64"])
def test_there_and_back_changes_nothing(narrow, wide):
    limits = np.iinfo(narrow)
    image = np.arange(max(limits.min, 0), int(limits.max) + 1).astype(narrow)
    np.testing.assert_array_equal(convert_image_dtype(convert_image_dtype(image, wide), narrow), image)


def test_saturation():
    image = np.array([-0.5, 0.0, 1.0, 7.0, np.inf, -np.inf, np.nan], np.float32)
    assert convert_image_dtype(image, "uint8", saturate=True).tolist() == [0, 0, 255, 255, 255, 0, 0]
    assert convert_image_dtype(np.array([-5, 300], np.int16), "uint8", saturate=True).tolist() == [0, 2]
    # TensorFlow overflows here and answers 0 or the lowest value.
    assert convert_image_dtype(np.array([2.0]), "int64", saturate=True)[0] > 2**62
    assert convert_image_dtype(np.array([2**62]), "uint64", saturate=True)[0] == 2**63


def test_large_and_small_uint8_agree():
    image = np.arange(256, dtype=np.uint8)
    whole = convert_image_dtype(np.tile(image, 50).reshape(160, 80, 1), "float32")
    np.testing.assert_array_equal(whole.ravel()[:256], image.astype(np.float32) * np.float32(1 / 255))
    np.testing.assert_array_equal(convert_image_dtype(whole[::-1], "uint8")[::-1].ravel()[:256], image)


def test_refusals():
    with pytest.raises(DtypeError, match="bool"):
        convert_image_dtype(np.zeros((2, 2, 3), bool), "float32")
    with pytest.raises(DtypeError, match="bool"):
        convert_image_dtype(np.zeros((2, 2, 3)), "bool")
    with pytest.raises(DtypeError, match="bytes"):
        convert_image_dtype(b"\xff\xd8", "float32")
    with pytest.raises(DtypeError, match="complex64"):
        convert_image_dtype(np.zeros((2, 2, 3), "complex64"), "float32")


@pytest.mark.parametrize("source", INTEGERS + FLOATS)
@pytest.mark.parametrize("target", INTEGERS + FLOATS)
def test_equals_tensorflow(source, target):
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(3)
    if source in FLOATS:
        image = (rng.random((16, 16, 3)) * 0.99).astype(source)
    else:
        limits = np.iinfo(source)
        image = rng.integers(limits.min, limits.max, (16, 16, 3), dtype=source, endpoint=True)
        image[0, 0] = [limits.min, limits.max, 0]
    expected = tf.image.convert_image_dtype(tf.constant(image), target).numpy()
    result = convert_image_dtype(image, target)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)
