"""Windows of JPEGs are decoded alone, and are the windows of the whole image bit for bit."""

from __future__ import annotations

import threading

import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import feedline as fl
from feedline.formats import turbojpeg

HEIGHT, WIDTH = 93, 131
_FACTORS = {"444": 0x111111, "422": 0x211111, "420": 0x221111, "440": 0x121111, "411": 0x411111}

needs_library = pytest.mark.skipif(not turbojpeg.available(), reason="there is no TurboJPEG library of version 3")


def photo(factors: str, progressive: bool = False, gray: bool = False) -> bytes:
    rng = np.random.default_rng(5)
    pixels = cv2.resize(rng.integers(0, 256, (12, 16, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _FACTORS[factors], cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    return cv2.imencode(".jpg", pixels[:, :, 0] if gray else pixels, options)[1].tobytes()


PHOTOS = {
    **{name: photo(name) for name in _FACTORS},
    "progressive": photo("420", progressive=True),
    "gray": photo("444", gray=True),
}


def windows() -> st.SearchStrategy[tuple[int, int, int, int]]:
    def span(length: int) -> st.SearchStrategy[tuple[int, int]]:
        return st.tuples(st.integers(0, length - 1), st.integers(1, length)).map(
            lambda pair: (pair[0], min(pair[1], length - pair[0]))
        )

    return st.tuples(span(HEIGHT), span(WIDTH)).map(lambda pair: (pair[0][0], pair[1][0], pair[0][1], pair[1][1]))


@needs_library
@pytest.mark.parametrize("name", PHOTOS)
@settings(max_examples=40, deadline=None)
@given(window=windows(), fast_dct=st.booleans(), channels=st.sampled_from([1, 3]))
def test_a_window_is_that_of_the_whole(name, window, fast_dct, channels) -> None:
    top, left, height, width = window
    options = {"dct_method": "INTEGER_FAST" if fast_dct else "INTEGER_ACCURATE"}
    whole = fl.io.decode_jpeg(PHOTOS[name], channels=channels, **options)
    image = np.full((HEIGHT, WIDTH, channels), 7, np.uint8)
    assert turbojpeg.decode_window(PHOTOS[name], image, window, fast_dct=fast_dct, strict=True)
    expected = whole[top : top + height, left : left + width]
    np.testing.assert_array_equal(image[top : top + height, left : left + width], expected)
    np.testing.assert_array_equal(
        fl.io.decode_and_crop_jpeg(PHOTOS[name], window, channels=channels, **options), expected
    )
    rest = image.copy()
    rest[top : top + height] = 7
    assert (rest == 7).all()  # other rows are not touched


@needs_library
@pytest.mark.parametrize("name", PHOTOS)
@settings(max_examples=40, deadline=None)
@given(window=windows(), channels=st.sampled_from([1, 3]))
def test_a_window_whose_colour_is_repeated_is_that_of_the_whole(name, window, channels) -> None:
    """Such windows make the library take rows of before, or end the program; so they are cut from the whole image."""
    top, left, height, width = window
    whole = fl.io.decode_jpeg(PHOTOS[name], channels=channels, fancy_upscaling=False)
    np.testing.assert_array_equal(
        fl.io.decode_and_crop_jpeg(PHOTOS[name], window, channels=channels, fancy_upscaling=False),
        whole[top : top + height, left : left + width],
    )


def decoded(contents: bytes, window: tuple[int, int, int, int], shape: tuple[int, ...] = (HEIGHT, WIDTH, 3)) -> bool:
    image = np.zeros(shape, np.uint8)
    return turbojpeg.decode_window(contents, image, window, fast_dct=True, strict=True)


@needs_library
def test_what_cannot_be_decoded_so_is_left_to_others() -> None:
    assert decoded(PHOTOS["420"], (0, 0, 9, 9))
    assert not decoded(b"no JPEG", (0, 0, 9, 9))
    assert not decoded(PHOTOS["420"][:400], (40, 0, 53, 9))
    assert not decoded(PHOTOS["420"][:-300], (60, 0, 33, 9))
    assert decoded(PHOTOS["420"], (0, 0, 9, 9))  # what failed before is forgotten
    assert not decoded(PHOTOS["420"], (0, 0, HEIGHT + 1, 9))
    assert not decoded(PHOTOS["420"], (-1, 0, 9, 9))
    assert not decoded(PHOTOS["420"], (0, 0, 0, 9))
    assert not decoded(PHOTOS["420"], (0, 0, 9, 9), (HEIGHT, WIDTH + 1, 3))
    assert not decoded(PHOTOS["420"], (0, 0, 9, 9), (HEIGHT, WIDTH, 4))
    assert decoded(PHOTOS["420"], (0, 0, 9, 9))


def test_without_the_library_whole_images_are_decoded(monkeypatch) -> None:
    expected = fl.io.decode_jpeg(PHOTOS["420"])[10:60, 20:90]
    monkeypatch.setattr(turbojpeg, "_library", lambda: None)
    assert not decoded(PHOTOS["420"], (10, 20, 50, 70))
    np.testing.assert_array_equal(fl.io.decode_and_crop_jpeg(PHOTOS["420"], [10, 20, 50, 70]), expected)


def test_a_library_that_is_too_old_is_not_used(monkeypatch) -> None:
    monkeypatch.setattr(turbojpeg, "_library_path", lambda: None)  # the program itself, which has no such functions
    assert turbojpeg._library.__wrapped__() is None
    monkeypatch.setattr(turbojpeg, "_library_path", lambda: "no-such-library.so.0")
    assert turbojpeg._library.__wrapped__() is None


@needs_library
def test_threads_decode_side_by_side() -> None:
    whole = {name: fl.io.decode_jpeg(contents, channels=3) for name, contents in PHOTOS.items()}
    wrong: list[str] = []

    def decode(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(60):
            name = str(rng.choice(list(PHOTOS)))
            top, left = int(rng.integers(0, HEIGHT - 20)), int(rng.integers(0, WIDTH - 20))
            crop = fl.io.decode_and_crop_jpeg(PHOTOS[name], [top, left, 20, 20], channels=3)
            if not np.array_equal(crop, whole[name][top : top + 20, left : left + 20]):
                wrong.append(name)

    threads = [threading.Thread(target=decode, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
