import numpy as np
import pytest

from feedline.errors import ArgumentError, ShapeError
from feedline.image.extract_patches import extract_patches

ONE = [1, 1, 1, 1]
IMAGES = np.arange(2 * 5 * 6 * 3).reshape(2, 5, 6, 3)


def test_windows_of_one_pixel_are_the_image():
    np.testing.assert_array_equal(extract_patches(IMAGES, ONE, ONE, ONE, "VALID"), IMAGES)


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_every_window_is_that_of_a_slice(padding):
    found = extract_patches(IMAGES, [1, 3, 2, 1], [1, 1, 2, 1], [1, 1, 2, 1], padding)
    wide = IMAGES if padding == "VALID" else np.pad(IMAGES, ((0, 0), (1, 1), (0, 1), (0, 0)))
    for row, column in np.ndindex(found.shape[1:3]):
        window = wide[:, row : row + 3, 2 * column : 2 * column + 3 : 2]
        np.testing.assert_array_equal(found[:, row, column], window.reshape(2, -1))


def test_refusals():
    with pytest.raises(ShapeError, match="does not lie within"):
        extract_patches(IMAGES, [1, 9, 1, 1], ONE, ONE, "VALID")
    for bad in ([2, 1, 1, 1], [1, 0, 1, 1], [1, 1], 3, [1, 1.5, 1, 1]):
        with pytest.raises(ArgumentError):
            extract_patches(IMAGES, bad, ONE, ONE, "SAME")
    with pytest.raises(ArgumentError, match="padding"):
        extract_patches(IMAGES, ONE, ONE, ONE, "same")
    with pytest.raises(ShapeError, match="4-D"):
        extract_patches(IMAGES[0], ONE, ONE, ONE, "SAME")
