import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.image import crop_and_resize

IMAGES = np.random.default_rng(5).integers(0, 256, (3, 6, 8, 2), dtype=np.uint8)


def test_the_whole_image_is_itself():
    result = crop_and_resize(IMAGES, [[0, 0, 1, 1]] * 3, [2, 0, 1], (6, 8))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, IMAGES[[2, 0, 1]], atol=1e-3)


def test_beyond_the_image_stands_the_fill():
    result = crop_and_resize(IMAGES, [[2, 2, 3, 3]], [0], (2, 2), extrapolation_value=-5)
    assert (result == -5).all()


def test_refusals():
    box = [[0.0, 0.0, 1.0, 1.0]]
    for indices in ([3], [-1], [0.0], [2**40]):
        with pytest.raises(ArgumentError, match="box_indices"):
            crop_and_resize(IMAGES, box, indices, (2, 2))
    for boxes, indices in ((box[0], [0]), (box, [0, 1]), ([[0, 0, 1]], [0]), (box, 0)):
        with pytest.raises(ShapeError, match="box"):
            crop_and_resize(IMAGES, boxes, indices, (2, 2))
    with pytest.raises(ArgumentError, match="finite"):
        crop_and_resize(IMAGES, [[0, np.nan, 1, 1]], [0], (2, 2))
    with pytest.raises(ArgumentError, match="bicubic"):
        crop_and_resize(IMAGES, box, [0], (2, 2), method="bicubic")
    with pytest.raises(ArgumentError, match="crop_size"):
        crop_and_resize(IMAGES, box, [0], (0, 2))
    with pytest.raises(ShapeError, match="4-D"):
        crop_and_resize(IMAGES[0], box, [0], (2, 2))
    with pytest.raises(DtypeError, match="bool"):
        crop_and_resize(IMAGES > 9, box, [0], (2, 2))
    assert crop_and_resize(IMAGES, np.zeros((0, 4)), np.zeros(0, int), (2, 2)).shape == (0, 2, 2, 2)


_corner = st.floats(-0.5, 1.5, width=32, allow_subnormal=False)  # TensorFlow takes subnormals for 0


@settings(max_examples=60, deadline=None)
@given(
    boxes=st.lists(st.tuples(_corner, _corner, _corner, _corner), min_size=1, max_size=3),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    method=st.sampled_from(["bilinear", "nearest"]),
)
def test_equals_tensorflow(boxes, size, method):
    tf = pytest.importorskip("tensorflow")
    indices = list(range(len(boxes)))
    expected = tf.image.crop_and_resize(IMAGES, boxes, indices, size, method, 1.5).numpy()
    np.testing.assert_array_equal(crop_and_resize(IMAGES, boxes, indices, size, method, 1.5), expected)
