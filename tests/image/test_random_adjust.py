import numpy as np
import pytest

from feedline import image, random
from feedline.errors import ArgumentError

PHOTO = np.random.default_rng(3).random((6, 5, 3), np.float32)
CALLS = {
    "brightness": (lambda *seed: image.random_brightness(PHOTO, 0.3, *seed), (0.3,)),
    "contrast": (lambda *seed: image.random_contrast(PHOTO, 0.5, 1.5, *seed), (0.5, 1.5)),
    "saturation": (lambda *seed: image.random_saturation(PHOTO, 0.5, 1.5, *seed), (0.5, 1.5)),
    "hue": (lambda *seed: image.random_hue(PHOTO, 0.3, *seed), (0.3,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_draws_belong_to_the_element(name):
    call, _ = CALLS[name]

    def run(positions):
        results = {}
        outer = random.outer_element()
        for position in positions:
            random.enter_element(11, 2, position)
            results[position] = call()
        random.leave_element(outer)
        return results

    first, second = run(range(6)), run(reversed(range(6)))
    for position in range(6):
        np.testing.assert_array_equal(first[position], second[position])
    assert len({result.tobytes() for result in first.values()}) == 6


@pytest.mark.parametrize("name", CALLS)
def test_stateless_draws_belong_to_the_seed(name):
    _, bounds = CALLS[name]
    call = getattr(image, f"stateless_random_{name}")
    np.testing.assert_array_equal(call(PHOTO, *bounds, (1, 2)), call(PHOTO, *bounds, seed=np.array([1, 2])))
    assert len({call(PHOTO, *bounds, (1, number)).tobytes() for number in range(8)}) == 8
    with pytest.raises(ArgumentError, match="two ints"):
        call(PHOTO, *bounds, 5)


def test_brightness_covers_its_range_evenly():
    zero = np.zeros((1, 1, 1), np.float32)
    deltas = np.array([image.stateless_random_brightness(zero, 0.25, (4, n))[0, 0, 0] for n in range(2000)])
    assert deltas.min() >= -0.25
    assert deltas.max() < 0.25
    share, _ = np.histogram(deltas, 4, (-0.25, 0.25))
    assert share.min() > 400


def test_one_draw_for_all_images_of_a_batch():
    result = image.random_brightness(np.zeros((5, 2, 2, 1), np.float32), 0.5, seed=3)
    assert len(np.unique(result)) == 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float64"])
def test_dtypes_are_kept(dtype):
    photo = image.convert_image_dtype(PHOTO, dtype)
    for name in CALLS:
        _, bounds = CALLS[name]
        assert getattr(image, f"random_{name}")(photo, *bounds).dtype == photo.dtype


def test_nothing_to_draw_changes_nothing():
    np.testing.assert_array_equal(image.random_brightness(PHOTO, 0.0), PHOTO)
    np.testing.assert_allclose(image.random_hue(PHOTO, 0), PHOTO, atol=1e-6)


def test_bad_ranges():
    for call in (
        lambda: image.random_brightness(PHOTO, -0.1),
        lambda: image.stateless_random_brightness(PHOTO, -0.1, (1, 2)),
        lambda: image.random_hue(PHOTO, -0.1),
        lambda: image.random_hue(PHOTO, 0.6),
        lambda: image.random_contrast(PHOTO, 1.5, 0.5),
        lambda: image.random_contrast(PHOTO, 1.0, 1.0),
        lambda: image.random_saturation(PHOTO, -1.0, 1.0),
        lambda: image.random_brightness(PHOTO, np.nan),
        lambda: image.random_brightness(PHOTO, "much"),
    ):
        with pytest.raises(ArgumentError) as caught:
            call()
        assert caught.value.fix
