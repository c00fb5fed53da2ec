"""Every name of `feedline.io` beside TensorFlow's, over a grid of files, dtypes, shapes and arguments.

A name without a grid fails `test_every_public_name_has_a_grid`.
"""

from __future__ import annotations

import base64
import gzip
import io as python_io
import itertools
import os
import sys
import wave
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")
Image = pytest.importorskip("PIL.Image")
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from grids import example_features  # noqa: E402
from grids.compare import DTYPES, NO_KERNEL, Case, as_plain, signature_difference, value_of  # noqa: E402
from grids.io_names import check, named  # noqa: E402
from jpeg_writer import write_flat_jpeg  # noqa: E402
from png_writer import CHANNELS, DEPTHS, write_png  # noqa: E402

from feedline import io  # noqa: E402

RNG = np.random.default_rng(7)
ELSEWHERE = {
    "decode_npy": np.load,
    "decode_padded_raw": tf.raw_ops.DecodePaddedRaw,
    "decode_wav": tf.audio.decode_wav,
}
"""What `tf.io` does not have."""


def saved(image, kind: str, **options) -> bytes:
    out = python_io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(height: int, width: int, mode: str = "RGB"):
    smooth = np.add.outer(np.arange(height) * 9, np.arange(width) * 5)[..., None] + np.array([0, 60, 120])
    return Image.fromarray((smooth % 256).astype(np.uint8)).convert(mode)


def pngs() -> Iterator[bytes]:
    """Yields PNGs of every colour type and depth, of one pixel and of odd sizes, with transparency and interlaced."""
    for colour, depths in DEPTHS.items():
        for depth, (height, width), interlace in itertools.product(depths, ((1, 1), (3, 5), (9, 2)), (0, 1)):
            samples = RNG.integers(0, 2**depth, (height, width, CHANNELS[colour]))
            palette = RNG.bytes(3 << depth) if colour == 3 else None
            yield write_png(samples, depth, colour, interlace=interlace, palette=palette)
            if colour == 3:
                yield write_png(samples, depth, colour, palette=palette, transparency=bytes([0, 128]))


def jpegs() -> Iterator[bytes]:
    """Yields JPEGs: grey, colour, CMYK and YCCK, progressive, of one pixel and of odd sizes."""
    for height, width in ((1, 1), (17, 9), (8, 16), (3, 31)):
        for mode in ("RGB", "L", "CMYK"):
            yield saved(picture(height, width, mode), "JPEG", quality=88)
        yield saved(picture(height, width), "JPEG", quality=30, subsampling=0)
        yield saved(picture(height, width), "JPEG", progressive=True, optimize=True)
    yield write_flat_jpeg(20, 18, [(2, 2), (1, 1), (1, 1), (2, 2)], RNG, adobe=2)
    yield write_flat_jpeg(20, 18, [(1, 1)], RNG)


def gifs() -> Iterator[bytes]:
    """Yields GIFs of one frame and of several, that cover all or a part."""
    yield saved(picture(1, 1), "GIF")
    yield saved(picture(7, 5), "GIF", interlace=1)
    frames = [picture(12, 9).rotate(90 * turn).convert("P") for turn in range(4)]
    for disposal in (0, 1, 2):
        yield saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=disposal, loop=0)
    clear = [frame.convert("RGBA") for frame in frames]
    for number, frame in enumerate(clear):
        frame.paste((0, 0, 0, 0), (number, 1, number + 4, 6))
    yield saved(clear[0], "GIF", save_all=True, append_images=clear[1:])


def bmps() -> Iterator[bytes]:
    """Yields BMPs of 8, 24 and 32 bits, of one pixel and of widths whose rows are filled up."""
    for (height, width), mode in itertools.product(((1, 1), (3, 5), (4, 8), (2, 3)), ("RGB", "L", "RGBA")):
        yield saved(picture(height, width, mode), "BMP")


def webps() -> Iterator[bytes]:
    for (height, width), mode in itertools.product(((1, 1), (9, 5)), ("RGB", "RGBA")):
        yield saved(picture(height, width, mode), "WEBP", lossless=True)


NOT_IMAGES = [b"", b"hello, this is text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"]
ALL = [*pngs(), *jpegs(), *gifs(), *bmps(), *webps()]
SOME = [*list(pngs())[4::17], *list(jpegs())[5:9], *list(gifs())[1:3], *list(bmps())[3:6], *list(webps())[2:]]


def files(contents, *options: dict) -> Iterator[Case]:
    for content, arguments in itertools.product(contents, options):
        yield Case((content,), arguments)


def check_decoder(name: str, own: Iterator[bytes], *options: dict, **more) -> None:
    """Holds for files of the decoder's own format, of others, and of none; and for those cut off."""
    own = list(own)
    # TensorFlow gives a WebP four dimensions where the function's name says another format, and the other way round;
    # here such files are refused, with the name of the function that takes them.
    check(name, files(own, {}, *options), stricter=more.pop("stricter", ""))
    check(name, files(SOME, {}, *options[:3]), files(NOT_IMAGES, {}), stricter="WebP|decode_webp")
    cut = [content[: len(content) * part // 8] for content in own[:: max(1, len(own) // 6)] for part in (1, 4, 7)]
    # TensorFlow fills up what is cut off without a word; here that is an error.
    check(name, files([own[0], *cut], {}), stricter=".")


CHANNELS_ASKED = [{"channels": channels} for channels in (0, 1, 3, 4)]
NO_CHANNELS = [{"channels": channels} for channels in (2, 5, -1)]
U8, U16, F32 = np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32)


def grid_decode_png() -> None:
    types = [{**one, "dtype": dtype} for one in CHANNELS_ASKED for dtype in (U8, U16)]
    check_decoder("decode_png", pngs(), *types, *NO_CHANNELS, {"dtype": F32})


def grid_decode_jpeg() -> None:
    more = [{"ratio": ratio} for ratio in (2, 4, 8, 3, 0)]
    more += [{"fancy_upscaling": False}, {"dct_method": "INTEGER_ACCURATE"}, {"dct_method": "ISLOW"}]
    more += [{"channels": 1, "ratio": 2}, {"channels": 3, "ratio": 8}, {"acceptable_fraction": 1.0}]
    check_decoder("decode_jpeg", jpegs(), *CHANNELS_ASKED, *NO_CHANNELS, *more)


def grid_decode_and_crop_jpeg() -> None:
    windows = ([0, 0, 1, 1], [0, 0, 17, 9], [2, 3, 5, 4], [0, 0, 0, 1], [-1, 0, 2, 2], [10, 0, 20, 2], [0, 0, 1])
    cases = [
        Case((content, np.array(window, np.int32)), options)
        for content, window in itertools.product(list(jpegs())[5:10] + NOT_IMAGES[1:4], windows)
        for options in ({}, {"channels": 1}, {"dct_method": "INTEGER_ACCURATE"})
    ]

    def but_last_column(value):
        return as_plain(value)[:, :-1]

    # The last column of a window may differ: TensorFlow's library does not look beyond it to interpolate colour.
    check("decode_and_crop_jpeg", cases, plain=but_last_column)
    check("decode_and_crop_jpeg", [Case((next(jpegs()), [0, 0, 1, 1], channels)) for channels in (0, 1, 2, 3, 4)])


def grid_decode_bmp() -> None:
    check_decoder("decode_bmp", bmps(), *CHANNELS_ASKED, *NO_CHANNELS)


def grid_decode_gif() -> None:
    check_decoder("decode_gif", gifs())


def grid_decode_webp() -> None:
    check_decoder("decode_webp", webps(), *CHANNELS_ASKED, *NO_CHANNELS, {"dtype": U8}, {"dtype": U16})


def grid_decode_image() -> None:
    dtypes = [{"dtype": np.dtype(tf.as_dtype(name).as_numpy_dtype)} for name in DTYPES]
    check("decode_image", files(ALL, {}, *CHANNELS_ASKED, {"channels": None}, {"expand_animations": False}))
    check("decode_image", files(SOME, *NO_CHANNELS, *dtypes, {"dtype": U16, "expand_animations": False}))
    check("decode_image", files([ALL[0], *NOT_IMAGES], {}))


def grid_extract_jpeg_shape() -> None:
    types = [{"output_type": np.dtype(name)} for name in ("int32", "int64", "float32", "uint8")]
    check("extract_jpeg_shape", files([*jpegs(), *NOT_IMAGES, *SOME], {}, *types))


def grid_is_jpeg() -> None:
    starts = [content[:16] for content in SOME] + NOT_IMAGES
    check("is_jpeg", files(starts, {}), [Case((starts,)), Case(([starts, starts],)), Case((b"\xff\xd8",))])


SIZES = ((1, 1), (17, 9), (2, 30), (8, 8))


def pictures(channels, dtypes=("uint8",)) -> Iterator[np.ndarray]:
    for (height, width), count, dtype in itertools.product(SIZES, channels, dtypes):
        smooth = np.add.outer(np.arange(height) * 3, np.arange(width) * 2)[..., None] + np.arange(count) * 40
        yield (smooth * (257 if dtype == "uint16" else 1)).astype(dtype)


BAD_PICTURES = [value_of("float32", (3, 3, 3)), value_of("uint8", (3, 3)), value_of("uint8", (3, 3, 5)),
                value_of("uint8", (0, 3, 3)), value_of("int32", (3, 3, 3)), value_of("uint8", (3, 3, 0))]  # fmt: skip


def grid_encode_png() -> None:
    """What is written need not be the same bytes, but must decode to the same pixels, in both libraries."""

    def pixels(value):
        found = as_plain(value)
        several = np.asarray(found, object).reshape(-1)
        return tuple(as_plain(io.decode_png(one, dtype=dtype)) for one in several for dtype in ("uint8", "uint16"))

    images = list(pictures((1, 2, 3, 4), ("uint8", "uint16")))
    batches = [value_of("uint8", (2, 3, 4, 3)), value_of("uint16", (2, 2, 3, 4, 1)), value_of("uint8", (0, 3, 4, 3))]
    cases = [Case((image,), options) for image in images for options in ({}, {"compression": 0}, {"compression": 9})]
    cases += [Case((image,)) for image in [*batches, *BAD_PICTURES]]
    cases += [Case((images[0],), {"compression": level}) for level in (-2, 10)]
    check("encode_png", cases, plain=pixels)


def grid_encode_jpeg() -> None:
    def decoded(value):
        return tf.io.decode_jpeg(value).numpy()

    options = [{}, {"quality": 60}, {"quality": 101}, {"quality": -1}, {"progressive": True}, {"optimize_size": True}]
    options += [{"format": "grayscale"}, {"format": "rgb"}, {"format": "cmyk"}, {"chroma_downsampling": False}]
    options += [{"density_unit": "cm", "x_density": 100, "y_density": 70}, {"density_unit": "m"}, {"x_density": 0}]
    cases = [Case((image,), one) for image in pictures((1, 3)) for one in options]
    check("encode_jpeg", cases, files(BAD_PICTURES, {}), plain=decoded, tolerance=0.03)


def grid_decode_raw() -> None:
    raw = [b"", b"\1", bytes(range(48)), b"abc", bytes(range(200, 248))]
    batches = [raw[2:5:2], [[raw[2]], [raw[4]]], [b"ab", b"abc"], []]
    for name in [*(one for one in DTYPES if one not in ("uint32", "uint64")), "complex64", "complex128"]:
        dtype = np.dtype(tf.as_dtype(name).as_numpy_dtype)
        cases = [
            Case((value, dtype), options) for value in raw + batches[:3] for options in ({}, {"little_endian": False})
        ]
        check("decode_raw", cases, wider=f"{NO_KERNEL}|allowed")
    sizes = [{"fixed_length": size} for size in (4, 8, 64, 3, 0, -4)]
    for name in ("uint8", "int16", "int32", "float32", "float64", "int64", "uint16"):
        cases = [Case((value, np.dtype(name)), one) for value in (*raw, *batches[:3]) for one in sizes]
        check("decode_raw", cases, wider=NO_KERNEL)


def grid_decode_padded_raw() -> None:
    def theirs(input_bytes, fixed_length, out_type, little_endian=True):
        return tf.io.decode_raw(input_bytes, out_type, little_endian, fixed_length)

    cases = [Case((value, size, np.dtype(name), little)) for value in (b"abcd", [b"ab", b"abcdefgh"])
             for size in (4, 8, 3) for name in ("uint8", "int16", "float32") for little in (True, False)]  # fmt: skip
    check("decode_padded_raw", cases, theirs=theirs)


def grid_decode_npy() -> None:
    for array in (value_of(name, shape) for name in DTYPES for shape in ((), (0,), (3, 4)) if name != "bfloat16"):
        file = python_io.BytesIO()
        np.save(file, array)
        assert as_plain(io.decode_npy(file.getvalue())).dtype == array.dtype
        np.testing.assert_array_equal(io.decode_npy(file.getvalue()), array)


def grid_open_npz(folder: Path) -> None:
    arrays = {f"{name}_{len(shape)}": value_of(name, shape) for name in DTYPES for shape in ((), (0,), (3, 4))
              if name != "bfloat16"}  # fmt: skip
    for save in (np.savez, np.savez_compressed):
        save(folder / "a.npz", **arrays)
        opened = io.open_npz(folder / "a.npz")
        assert list(opened) == list(arrays)
        for name, array in arrays.items():
            assert as_plain(opened[name]).dtype == array.dtype
            np.testing.assert_array_equal(opened[name], array)


def grid_decode_wav() -> None:
    waves = []
    for channels, frames in itertools.product((1, 2), (0, 1, 5)):
        file = python_io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setparams((channels, 2, 8000, 0, "NONE", ""))
            writer.writeframes(RNG.integers(-(2**15), 2**15, channels * frames, dtype="<i2").tobytes())
        waves.append(file.getvalue())
    rows = [{}, *named("desired_channels desired_samples", (1, -1), (3, 2), (-1, 9), (2, 0), (-2, -1), (-1, -5))]
    check("decode_wav", files([*waves, b"", b"RIFF"], *rows), theirs=tf.audio.decode_wav, stricter="desired_channels")


def grid_decode_base64() -> None:
    texts = [b"", b"YQ", b"YQ==", b"YWI", b"YWI=", b"YWJj", b"-_-_", b"+/+/", b"Y", b"YQ=", b"YWJj====", b"=", b"Y Q=",
             b"YR", b"YWJ", b"YQ==YQ==", b"YWJj\n", b"Y\xff"]  # fmt: skip
    check("decode_base64", [Case((text,)) for text in texts], [Case(([b"YQ", b"YWI"],)), Case(([[b"YQ"], [b""]],))])


def grid_encode_base64() -> None:
    values = [RNG.bytes(size) for size in (0, 1, 2, 3, 4, 57, 1000)]
    check("encode_base64", files([*values, values, [values, values]], {}, {"pad": True}, {"pad": False}))
    assert all(io.decode_base64(io.encode_base64(value)) == value for value in values)
    assert io.encode_base64(values[5], pad=True) == base64.urlsafe_b64encode(values[5])


def grid_decode_compressed() -> None:
    text = b"some text " * 50
    values = [zlib.compress(text), gzip.compress(text), text, b"", zlib.compress(b""), gzip.compress(b"")]
    types = [{"compression_type": kind} for kind in ("", "ZLIB", "GZIP", "LZ4", "gzip")]
    # TensorFlow gives an empty string for no bytes.
    check("decode_compressed", files(values, {}, *types), stricter="ends before it is complete")
    check("decode_compressed", [Case(([values[0], values[0]], "ZLIB")), Case(([[values[1]]], "GZIP"))])
    cut = [Case((values[kind][:-size], name)) for kind, name in ((0, "ZLIB"), (1, "GZIP")) for size in (1, 4, 9, 20)]
    check("decode_compressed", cut, [Case((values[0], "ZLIB"))], stricter="ends before it is complete")


LINES = [
    b"1,2", b"1,2,3", b",", b"1,", b",2", b"", b"1", b" 7 , 8 ", b"+5,-6", b"1.5,2", b"1e3,0x10", b"NA,2", b"a,b",
    b'"1","2"',
    b'"a,b",c', b'"a""b",c', b'"a"b,c', b'"a,b', b'a"b,c', b"a\nb,c", b'"a\nb",c', b"\n1,2", b"1,2\n", b"1,\n2",
    b"\r\n",
    b'"",""', b'"",', b',"', b'"""",x', b'x,""""', b'"a"', b'"a",', b'""",x', b'x,"', b"nan,inf", b"-0,-0.0", b"1;2",
    b"99999999999,1", b"\xff\xfe,\x00", b'x,"y"\n', b"1,2,", b'1,2,"', b'"', b"3.4028236e38,1e-50", b" ,1",
]  # fmt: skip
DEFAULTS = [
    [0, 0], [0.0, 0.0], ["", ""], [["x"], ["y"]], [[], []], [np.zeros(0, np.int64), np.zeros((), np.float64)],
    [np.array([], object), "z"], [[1.5], [2]], [np.array(7, np.int64), np.array([8], np.int32)],
]  # fmt: skip


def _typed(defaults):
    return [
        tf.constant([], tf.string) if isinstance(one, np.ndarray) and one.dtype == object else one for one in defaults
    ]


def grid_decode_csv() -> None:
    def theirs(records, record_defaults, **options):
        return tf.io.decode_csv(records, _typed(record_defaults), **options)

    options = [{}, {"use_quote_delim": False}, {"na_value": "NA"}, {"field_delim": ";"}, {"select_cols": [0, 2]}]
    cases = [Case((line, default), one) for line in LINES for default in DEFAULTS for one in options]
    check("decode_csv", cases, theirs=theirs)
    batches = [[b"1,2", b"3,4"], [[b"1,2"], [b",4"]], [b"1,2", b"3"], [b"1,2", b"x,4"], [b'"1",2']]
    cases = [Case((lines, default)) for lines in batches for default in DEFAULTS[:3]]
    bad = [{"field_delim": ""}, {"field_delim": "ab"}, {"select_cols": [1, 0]}, {"select_cols": [-1, 0]},
           {"select_cols": [0]}, {"select_cols": [1, 2]}, {"select_cols": [0, 9]}]  # fmt: skip
    cases += [Case((b"1,2,3", [0, 0]), one) for one in bad]
    cases += [Case((b"1,2", default)) for default in ([], [0], [[1, 2], 0], [np.uint8(1), 0], [True, 0], [[[1]], [0]])]
    check("decode_csv", cases, theirs=theirs)


def grid_read_file(folder: Path) -> None:
    (folder / "a b.bin").write_bytes(bytes(range(256)))
    (folder / "empty").write_bytes(b"")
    names = ["a b.bin", "empty", "none", "", "a b.bin/x"]
    paths = [str(folder / name) for name in names] + [str(folder / "a b.bin").encode()]
    check("read_file", [Case((path,)) for path in [*paths, [paths[0]], 3, None]])


def grid_write_file(folder: Path) -> None:
    def written(library):
        def write(name, contents):
            place = folder / library.__name__ / name
            library.write_file(str(place), contents)
            return place.read_bytes()

        return write

    contents = [b"", bytes(range(256)), "text", "\u00e9"]
    cases = [Case((name, one)) for name in ("x", "deep/er/y", "x") for one in contents]
    cases += [Case(("x", one)) for one in (3, [b"a"], None)]
    check("write_file", cases, ours=written(io), theirs=written(tf.io))


def grid_matching_files(folder: Path) -> None:
    for name in ("a/1.png", "a/10.PNG", "a/.hidden.png", "b/2.png", "b c/3.png", "a/[x].png", "a/deep/4.png"):
        io.write_file(folder / name, b"")
    patterns = ["*/*.png", "a/*", "?/1.png", "a/[12].*", "**/*.png", "none*", "a/1.png", "*", "b c/*", "a/[!1].*", ""]
    patterns = [f"{folder}/{pattern}" for pattern in patterns]
    check("matching_files", [Case((one,)) for one in [*patterns, patterns[:3], [], "/no/such/*"]])


TENSORS = [value_of(name, shape) for name in DTYPES for shape in ((), (0, 3), (2, 3), (1,))]
TENSORS += [np.array([1 + 2j], np.complex64), np.array([[b"a", b""], [b"\xff\0", b"x" * 300]], object)]
PYTHON_VALUES = [3, 1.5, True, "text", b"bytes", [1, 2], [[1.0], [2.5]], [], ["a", "b"], 1 << 40, [True, False], 1j]


def grid_serialize_tensor() -> None:
    check("serialize_tensor", [Case((value,), {"name": "x"}) for value in TENSORS],
          [Case((value,)) for value in [*PYTHON_VALUES, None, [[1], [1, 2]], object()]])  # fmt: skip


def grid_parse_tensor() -> None:
    kept = [(tf.io.serialize_tensor(value).numpy(), value.dtype) for value in TENSORS]
    check("parse_tensor", [Case((data, dtype), {"name": "x"}) for data, dtype in kept])
    cases = [Case((data, np.dtype(other))) for data, _ in kept[::5] for other in ("uint8", "float32", "int64", object)]
    cases += [Case((data, U8)) for data in (b"junk", kept[0][0][:-1], [kept[0][0]], 3)]
    check("parse_tensor", cases, [Case((data, data_type)) for data, data_type in kept[:1]])


def grid_TFRecordOptions() -> None:
    names = ["compression_type", "compression_level", "flush_mode", "window_bits", "mem_level", "compression_strategy"]
    rows = [("GZIP", 9, None, None, None, None), ("ZLIB", 1, None, 12, 3, None), ("", None, None, None, None, None)]
    for row in rows:
        options = dict(zip(names, row, strict=True))
        ours, theirs = io.TFRecordOptions(**options), tf.io.TFRecordOptions(**options)
        for name in names:
            assert getattr(ours, name) == getattr(theirs, name)
    check("TFRecordOptions", [Case((kind,)) for kind in ("GZIP", "ZLIB", "", None)], plain=lambda _: None)
    for kind in ("LZ4", "gzip", 3):
        with pytest.raises(Exception, match="ompression"):
            io.TFRecordOptions(kind)


def grid_TFRecordWriter(folder: Path) -> None:
    records = [b"", b"one", bytes(range(256)) * 5]
    for options in (None, "", "GZIP", "ZLIB", "options"):
        for library, other in ((io, tf.io), (tf.io, io)):
            chosen = library.TFRecordOptions("GZIP", compression_level=9) if options == "options" else options
            path = str(folder / f"{library.__name__}.tfrecord")
            with library.TFRecordWriter(path, chosen) as writer:
                for one in records:
                    writer.write(one)
                writer.flush()
            kind = "GZIP" if options == "options" else options or ""
            dataset = tf.data.TFRecordDataset(path, kind)
            assert [one.numpy() for one in dataset] == records, (options, other)


GRIDS: dict[str, Callable[..., None]] = {
    name.removeprefix("grid_"): grid
    for name, grid in {**vars(example_features), **globals()}.items()
    if name.startswith("grid_")
}


def test_every_public_name_has_a_grid():
    assert sorted(GRIDS) == sorted(io.__all__)


@pytest.mark.parametrize("name", sorted(io.__all__))
@pytest.mark.filterwarnings("ignore::feedline.errors.FeedlineWarning")
def test_equals_tensorflow(name, tmp_path):
    needs_folder = "folder" in GRIDS[name].__annotations__
    GRIDS[name](tmp_path) if needs_folder else GRIDS[name]()


@pytest.mark.parametrize("name", sorted(set(io.__all__) - {"decode_npy", "decode_padded_raw", "open_npz"}))
def test_arguments_are_those_of_tensorflow(name):
    theirs = ELSEWHERE.get(name) or getattr(tf.io, name)
    assert signature_difference(getattr(io, name), theirs) == ""


def test_every_name_of_tensorflow_is_here_or_says_what_to_use():
    for name in dir(tf.io):
        if name.startswith("_") or name in io.__all__:
            continue
        with pytest.raises(AttributeError, match=rf"feedline.io has no '{name}'.+(did you mean|Instead)"):
            getattr(io, name)
