"""JPEG, GIF, BMP and raw numbers against TensorFlow, on real photographs and drawn inputs."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedline.errors import FeedlineError
from feedline.formats.signature import whole_file_format
from feedline.io.decode_image import decode_image
from feedline.io.decode_jpeg import decode_and_crop_jpeg, decode_jpeg
from feedline.io.decode_png import decode_png
from feedline.io.decode_raw import decode_raw
from feedline.io.decode_webp import decode_webp
from feedline.io.encode_jpeg import encode_jpeg
from feedline.io.encode_png import encode_png
from feedline.io.matching_files import matching_files
from feedline.io.write_file import write_file

tf = pytest.importorskip("tensorflow")
datasets = pytest.importorskip("sklearn.datasets")

_spec = importlib.util.spec_from_file_location("jpeg_writer", Path(__file__).parents[1] / "golden" / "jpeg_writer.py")
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)


@pytest.fixture(scope="module")
def photos():
    return datasets.load_sample_images().images


@pytest.fixture(scope="module")
def photo_files():
    folder = Path(datasets.__file__).parent / "images"
    return [(folder / name).read_bytes() for name in ("china.jpg", "flower.jpg")]


def test_real_photographs(photo_files):
    for contents in photo_files:
        for options in (
            {},
            {"channels": 1},
            {"ratio": 2},
            {"dct_method": "INTEGER_ACCURATE"},
            {"fancy_upscaling": False},
        ):
            np.testing.assert_array_equal(decode_jpeg(contents, **options), tf.io.decode_jpeg(contents, **options))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_jpegs(photos, data):
    top, left = data.draw(st.integers(0, 300)), data.draw(st.integers(0, 500))
    height, width = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    image = np.ascontiguousarray(photos[data.draw(st.integers(0, 1))][top : top + height, left : left + width])
    sampling = data.draw(st.sampled_from(["444", "422", "420", "440", "411"]))
    contents = simplejpeg.encode_jpeg(image, data.draw(st.integers(1, 100)), "RGB", sampling)
    if data.draw(st.booleans()):
        contents = encode_jpeg(image, progressive=True, optimize_size=True, quality=data.draw(st.integers(1, 100)))
    options = {
        "channels": data.draw(st.sampled_from([0, 1, 3])),
        "ratio": data.draw(st.sampled_from([1, 1, 2, 4, 8])),
        "fancy_upscaling": data.draw(st.booleans()),
        "dct_method": data.draw(st.sampled_from(["", "INTEGER_FAST", "INTEGER_ACCURATE"])),
    }
    np.testing.assert_array_equal(decode_jpeg(contents, **options), tf.io.decode_jpeg(contents, **options).numpy())


@pytest.mark.parametrize("factors", [[(4, 2), (1, 1), (1, 1)], [(2, 4), (1, 1), (1, 1)], [(1, 1), (2, 2), (2, 2)]])
def test_rare_sampling_factors_are_equal_with_the_accurate_transform_and_near_by_default(factors):
    contents = writer.write_flat_jpeg(37, 29, factors, np.random.default_rng(0))
    accurate = {"dct_method": "INTEGER_ACCURATE"}
    np.testing.assert_array_equal(decode_jpeg(contents, **accurate), tf.io.decode_jpeg(contents, **accurate).numpy())
    assert np.abs(decode_jpeg(contents).astype(int) - tf.io.decode_jpeg(contents).numpy()).max() <= 3


def test_crops_differ_at_most_in_the_last_column(photos):
    rng = np.random.default_rng(3)
    contents = simplejpeg.encode_jpeg(np.ascontiguousarray(photos[0][:90, :120]), 90, "RGB", "420")
    for _ in range(30):
        top, left = int(rng.integers(0, 80)), int(rng.integers(0, 110))
        window = [top, left, int(rng.integers(1, 91 - top)), int(rng.integers(1, 121 - left))]
        got = decode_and_crop_jpeg(contents, window)
        wanted = tf.io.decode_and_crop_jpeg(contents, window).numpy()
        assert got.shape == wanted.shape
        np.testing.assert_array_equal(got[:, :-1], wanted[:, :-1])
        assert np.abs(got[:, -1].astype(int) - wanted[:, -1]).max() <= 20


def test_real_photographs_as_png(photos):
    for image in photos:
        contents = tf.io.encode_png(image).numpy()
        for channels in (0, 1, 3, 4):
            np.testing.assert_array_equal(decode_png(contents, channels), tf.io.decode_png(contents, channels).numpy())
        np.testing.assert_array_equal(tf.io.decode_png(encode_png(image)).numpy(), image)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"chroma_downsampling": False}, {"quality": 30}])
def test_encoded_jpegs_are_as_good_as_tensorflows(photos, options):
    image = np.ascontiguousarray(photos[0][:101, :203])
    ours, theirs = (
        tf.io.decode_jpeg(coded).numpy().astype(int)
        for coded in (encode_jpeg(image, **options), tf.io.encode_jpeg(image, **options).numpy())
    )
    assert np.abs(ours - image).mean() <= np.abs(theirs - image).mean() * 1.05 + 0.05
    np.testing.assert_array_equal(decode_jpeg(encode_jpeg(image, **options)), ours)


@pytest.mark.parametrize("quality", [30, 90, 101])
def test_webp(photos, quality):
    cv2 = pytest.importorskip("cv2")
    image = photos[1][100:160, 200:271]
    with_alpha = np.dstack([image, image[:, :, 0]])
    for picture in (image, with_alpha):
        contents = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
        np.testing.assert_array_equal(decode_webp(contents), tf.io.decode_webp(contents).numpy())
        for expand in (True, False):
            wanted = tf.io.decode_image(contents, expand_animations=expand).numpy()
            np.testing.assert_array_equal(decode_image(contents, expand_animations=expand), wanted)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_raw_numbers(data):
    names = ["float16", "float32", "float64", "int32", "uint16", "uint8", "int16", "int8", "int64", "complex64", "bool"]
    options = {"out_type": data.draw(st.sampled_from(names)), "little_endian": data.draw(st.booleans())}
    # TensorFlow has no padded float16, complex or bool.
    if options["out_type"] not in ("float16", "complex64", "bool") and data.draw(st.booleans()):
        options["fixed_length"] = data.draw(st.integers(-1, 24))
    rows = data.draw(st.lists(st.binary(max_size=24), min_size=1, max_size=3))
    if data.draw(st.booleans()):
        rows = [row.ljust(24, b"\1") for row in rows]
    assume(not any(whole_file_format(row) for row in rows))
    contents = rows[0] if data.draw(st.booleans()) else rows
    try:
        wanted = tf.io.decode_raw(contents, tf.as_dtype(options["out_type"]), *list(options.values())[1:]).numpy()
    except tf.errors.InvalidArgumentError:
        with pytest.raises(FeedlineError):
            decode_raw(contents, **options)
        return
    got = decode_raw(contents, **options)
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(got, wanted)


def test_matching_files(tmp_path):
    for name in ("b/2.png", "a/1.png", "a/.hidden.png", "a/10.PNG", "a/2.jpg", "c d/3.png", "a/[x].png"):
        write_file(tmp_path / name, b"")
    for pattern in (
        "*/*.png",
        "a/*",
        "?/1.png",
        "a/[12].*",
        "**/*.png",
        "none*",
        "a/1.png",
        "*",
        "c d/*.png",
        "a/[!1].*",
    ):
        wanted = tf.io.matching_files(f"{tmp_path}/{pattern}").numpy()
        assert matching_files(f"{tmp_path}/{pattern}").tolist() == wanted.tolist(), pattern
    several = [f"{tmp_path}/b/*", f"{tmp_path}/a/*.png"]
    assert matching_files(several).tolist() == tf.io.matching_files(several).numpy().tolist()
