"""Every name of `feedline.image` beside TensorFlow's, over a grid of dtypes, shapes and arguments.

A name without a grid fails `test_every_public_name_has_a_grid`.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")
sys.path.insert(0, str(Path(__file__).parents[1]))

from grids.compare import DTYPES, NO_KERNEL, Case, as_plain, compare, signature_difference, value_of  # noqa: E402

from feedline import image, io  # noqa: E402

IMAGES = [(1, 1, 3), (1, 7, 3), (5, 3, 3), (4, 5, 1), (3, 4, 4), (2, 4, 5, 3), (1, 2, 4, 5, 3)]
"""Images, a batch of them, and a batch of batches."""
SHAPES = [
    *IMAGES,
    *((0, 4, 5, 3), (0, 4, 3), (4, 4, 0)),  # no image, no row, no channel
    *((4, 5), (3,), ()),
]
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
NO_PIXEL = "an image without a pixel"
"""TensorFlow is of two minds about them: it flips none, but changes the hue of none. Here all functions refuse them."""
BAD_NUMBERS = (0.0, -1.0, 1.5, float("nan"))


def each(*arguments: dict, dtypes=DTYPES, shapes=SHAPES, low: float = -0.1, high: float = 1.1) -> Iterator[Case]:
    """Yields a case for every dtype, shape and set of arguments; all but the first set only for real images."""
    for number, options in enumerate(arguments):
        for dtype, shape in itertools.product(
            dtypes, shapes if number == 0 else [one for one in shapes if one in IMAGES]
        ):
            yield Case((value_of(dtype, shape, low=low, high=high),), options)


def named(names: str, *rows: tuple) -> list[dict]:
    """Returns a dict of arguments for each row of values."""
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def lists(*arguments: dict) -> Iterator[Case]:
    """Yields images given as Python's lists of ints and floats."""
    for options in arguments:
        yield Case(([[[1, 2, 3], [250, 4, 5]]],), options)
        yield Case(([[[0.1, 0.25, 0.75]], [[1.0, 0.0, 0.5]]],), options)


def check(name: str, *cases, **options) -> None:
    compare(getattr(image, name), getattr(tf.image, name), itertools.chain(*cases), **options)


NARROW = tuple(dtype for dtype in DTYPES if dtype not in ("int64", "uint64"))
"""For what makes floats integers again: TensorFlow's clipping overflows for 64 bits."""
FLOATS = ("float16", "bfloat16", "float32", "float64")
WITHIN = {"low": 0.0, "high": 1.0}


def grid_adjust_brightness() -> None:
    deltas = named("delta", (0.2,), (-0.3,), (0,), (5.0,), (np.float32(0.1),), (np.array([0.1, 0.2, 0.3]),))
    check("adjust_brightness", each(*deltas[:5], dtypes=NARROW), each(deltas[5], dtypes=["uint8"], shapes=SHAPES[:3]))
    check("adjust_brightness", each({"delta": -1.2}), lists({"delta": 0.25}))


def grid_adjust_contrast() -> None:
    factors = named("contrast_factor", (0.4,), (1.6,), (0,), (-1.0,))
    check("adjust_contrast", each(*factors, dtypes=NARROW), lists(*factors), stricter=NO_PIXEL, wider=NO_KERNEL)
    check("adjust_contrast", each(factors[0]), stricter=NO_PIXEL, wider=NO_KERNEL)


def grid_adjust_gamma() -> None:
    powers = named("gamma gain", (1, 1), (0.45, 0.9), (0, 1), (2.2, 0.5), (-1, 1), (1.5, np.float32(0.3)))
    check("adjust_gamma", each({}, *powers, dtypes=NARROW, **WITHIN), lists(*powers[:2]), tolerance=1e-5)


def grid_adjust_hue() -> None:
    check("adjust_hue", each(*named("delta", (0.13,), (-0.7,), (1.0,), (0,), (1.5,), (-2.0,))), lists({"delta": 0.3}),
          stricter=NO_PIXEL, wider=NO_KERNEL)  # fmt: skip


def grid_adjust_saturation() -> None:
    factors = named("saturation_factor", (0.3,), (0,), (1.0,))
    check("adjust_saturation", each(*factors), lists(*factors), stricter=NO_PIXEL, wider=NO_KERNEL)
    more = named("saturation_factor", (1.7,), (-1.0,), (np.float64(30.0),))
    check("adjust_saturation", each(*more, dtypes=NARROW), stricter=NO_PIXEL, wider=NO_KERNEL)


def grid_adjust_jpeg_quality() -> None:
    rows = itertools.product((40, 100, 0, 101, -1), ("", "INTEGER_ACCURATE"))
    arguments = [*named("jpeg_quality dct_method", *rows), {"jpeg_quality": 5, "dct_method": "ISLOW"}]
    check("adjust_jpeg_quality", each(*arguments), lists({"jpeg_quality": 60}), wider=NO_KERNEL)


def grid_central_crop() -> None:
    fractions = named("central_fraction", (0.6,), (1.0,), (0.1,), (np.float32(0.5),), *((bad,) for bad in BAD_NUMBERS))
    # With the fraction 1 TensorFlow returns whatever it is given.
    check("central_crop", each(*fractions), lists({"central_fraction": 0.5}), stricter=f"{NO_PIXEL}|is wanted")


def grid_convert_image_dtype() -> None:
    saturated = [{"dtype": np.dtype(tf.as_dtype(to).as_numpy_dtype), "saturate": True} for to in DTYPES]
    check("convert_image_dtype", each(*saturated, dtypes=NARROW, **WITHIN), wider=NO_KERNEL)
    # Not saturated, TensorFlow casts what does not fit by one of two rules, as the processor likes.
    plain = [{"dtype": one["dtype"]} for one in saturated]
    small = [one for one in plain if one["dtype"].itemsize < 4]
    for dtype in DTYPES[:-1]:
        some = small if dtype in ("float16", "bfloat16") else plain
        check("convert_image_dtype", each(*some, dtypes=[dtype], low=0.0, high=0.99), wider=NO_KERNEL)
    check("convert_image_dtype", each(*plain, dtypes=[one for one in DTYPES if "float" not in one]), lists(*small))


def grid_crop_and_resize() -> None:
    boxes = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.7, 0.9], [-0.3, 0.5, 1.2, 0.1], [0, 0, 0, 0]], np.float32)
    rows = [(boxes, np.array([0, 1, 1, 0]), size, way) for size in ([3, 4], [1, 1]) for way in ("bilinear", "nearest")]
    rows += [
        (boxes[:1], np.array([place], np.int32), size, way)
        for place, size, way in ((5, [1, 1], "nearest"), (-1, [1, 1], "nearest"), (0, [0, 1], "nearest"),
                                 (0, [1], "nearest"), (0, [2, 2], "bicubic"))
    ]  # fmt: skip
    rows += [(boxes[:, :3], np.array([0, 0, 0, 0], np.int32), [2, 2], "bilinear")]
    rows += [(np.zeros((0, 4), np.float32), np.zeros(0, np.int32), [2, 2], "bilinear")]
    arguments = named("boxes box_indices crop_size method", *rows)
    for one in arguments:
        one["box_indices"] = one["box_indices"].astype(np.int32)
    arguments += [{**arguments[0], "extrapolation_value": 2.5}]
    check("crop_and_resize", each(*arguments), wider=NO_KERNEL)


OFFSETS = "offset_height offset_width target_height target_width"


def grid_crop_to_bounding_box() -> None:
    rows = [(0, 0, 1, 1), (1, 2, 3, 1), (0, 0, 0, 1), (-1, 0, 1, 1), (0, 0, 9, 9), (np.int64(1), 0, np.int32(2), 1)]
    check("crop_to_bounding_box", each(*named(OFFSETS, *rows)), lists(*named(OFFSETS, (0, 0, 1, 1))))


def grid_pad_to_bounding_box() -> None:
    rows = [(0, 0, 5, 7), (1, 2, 12, 17), (0, 0, 0, 1), (-1, 0, 9, 9), (0, 0, 2, 9), (np.int64(1), 0, np.int32(9), 9)]
    check("pad_to_bounding_box", each(*named(OFFSETS, *rows)), lists(*named(OFFSETS, (1, 1, 4, 4))))


def grid_resize_with_crop_or_pad() -> None:
    rows = named("target_height target_width", (4, 16), (1, 1), (7, 2), (0, 3), (3, -1), (np.int32(5), np.int64(5)))
    check("resize_with_crop_or_pad", each(*rows), lists(rows[0]))


def grid_resize_with_pad() -> None:
    sizes = ((4, 16), (1, 1), (7, 2), (0, 3), (3, -1))
    rows = [(*size, way, soft) for size in sizes for way in ("bilinear", "nearest") for soft in (False, True)]
    arguments = named("target_height target_width method antialias", *rows)
    check("resize_with_pad", each(*arguments[:3]), lists(arguments[0]), wider=NO_KERNEL)
    arguments += named("target_height target_width method antialias", *((9, 6, way, True) for way in METHODS))
    check("resize_with_pad", each(*arguments[2:], dtypes=("uint8", "int64", "float32")), tolerance=1e-5)


def grid_resize() -> None:
    exact = {"tolerance": 0.0, "wider": NO_KERNEL}
    sizes = ([3, 2], [9, 11], (1, 1), np.array([4, 5], np.int32))
    for methods, dtypes in itertools.product((METHODS[:4], METHODS[4:]), (DTYPES, ("uint8", "float32"))):
        some = sizes[1:2] if len(dtypes) > 2 else (sizes[0], *sizes[2:])
        rows = [(size, way, soft) for size in some for way in methods for soft in (False, True)]
        cases = each(*named("size method antialias", *rows), dtypes=dtypes)
        check("resize", cases, tolerance=1e-5 if methods == METHODS[4:] else 0.0, wider=NO_KERNEL)
    check("resize", lists(*named("size", ([3, 4],), ([1, 2],))))
    kept = [{"size": size, "preserve_aspect_ratio": True} for size in ([3, 100], [7, 7], [100, 1])]
    bad = [{"size": size} for size in ([0, 2], [-1, 2], [2], [2, 2, 2], 5, [2.5, 2], [[2, 2]], None)]
    check("resize", each(*kept, *bad, {"size": [2, 2], "method": "cubic"}, {"size": [2, 2], "method": None}), **exact)


def grid_per_image_standardization() -> None:
    check("per_image_standardization", each({}), lists({}), tolerance=1e-5)


def grid_total_variation() -> None:
    assert float(image.total_variation([[[1.0], [3.0]]])) == 2  # TensorFlow takes no lists
    check("total_variation", each({}), stricter=f"{NO_PIXEL}|would wrap round", wider=NO_KERNEL, tolerance=1e-5)


def grid_sobel_edges() -> None:
    # TensorFlow refuses a batch of no images, with a message about paddings.
    check("sobel_edges", each({}), tolerance=1e-5, wider="paddings must be less")


def grid_rot90() -> None:
    turns = named("k", (0,), (1,), (2,), (3,), (-1,), (5,), (np.int32(2),))
    check("rot90", each(*turns), lists(*turns))


PAIRS = [(12, 13, 3), (2, 12, 13, 3), (3, 2, 12, 12, 1), (11, 11, 1), (5, 5, 3), (12, 13), (0, 12, 3)]
PAIRED = ("uint8", "uint16", "bfloat16", "float32", "bool")


def pairs(*options: dict, peaks=(1, 1.0, 255)) -> Iterator[Case]:
    for dtype, shape, peak, more in itertools.product(PAIRED, PAIRS, peaks[: 4 - len(options)] or peaks[-1:], options):
        yield Case((value_of(dtype, shape), value_of(dtype, shape, 1), peak), more)
        yield Case((value_of(dtype, shape), value_of(dtype, shape), peak), more)
    for other in ((12, 12, 3), (12, 13, 1), (2, 12, 13, 3), (3, 12, 13, 3)):
        one = value_of("uint8", (2, 12, 13, 3))
        yield Case((one, value_of("uint8", other), 255), options[0])
        yield Case((one, value_of("float32", one.shape), 255), options[0])


def grid_psnr() -> None:
    check("psnr", pairs({}), stricter=NO_PIXEL, tolerance=1e-5)


def grid_ssim() -> None:
    more = [{}, {"filter_size": 3}, {"filter_size": 5, "return_index_map": True}, {"filter_sigma": 0.7, "k1": 0.1}]
    check("ssim", pairs(*more, {"filter_size": 12}, {"filter_size": 4, "k2": 0.2}), stricter=NO_PIXEL, tolerance=1e-5)


def drawn(name: str, nothing: list[dict], some: list[dict], **options) -> None:
    """Holds what is not random of a random function: where nothing is left to draw, the value; else dtype and shape."""
    seeds = [{"seed": (1, 2)}, {"seed": np.array([3, 4])}] if name.startswith("stateless") else [{}, {"seed": 5}]
    if nothing:
        cases = each(*(one | seed for one, seed in itertools.product(nothing, seeds[:1])), dtypes=NARROW)
        check(name, cases, tolerance=1e-5, **options)
    outer = {"plain": lambda value: (as_plain(value).dtype.name, as_plain(value).shape)}
    check(name, each(*(one | seed for one, seed in itertools.product(some, seeds))), **options, **outer)
    if name.startswith("stateless"):
        bad = [{"seed": (1, 2, 3)}, {"seed": 1}, {"seed": [1.5, 2.5]}]
        cases = each(*(some[0] | one for one in [*seeds, *bad]), dtypes=["uint8"], shapes=SHAPES[:3])
        check(name, cases, **options, **outer)


def grid_random_brightness(prefix: str = "") -> None:
    drawn(prefix + "random_brightness", [{"max_delta": 0.0}], named("max_delta", (0.3,), (1,), (-0.1,)))


def ranges(name: str, nothing: list[dict]) -> None:
    rows = [(0.5, 1.5), (0.0, 1.0), (0, 2), (1.0, 1.0), (2.0, 1.0), (-1.0, 1.0)]
    drawn(name, nothing, named("lower upper", *rows), stricter=NO_PIXEL, wider=NO_KERNEL)


ALMOST_ONE = {"lower": 1.0, "upper": float(np.nextafter(np.float32(1), np.float32(2)))}


def grid_random_contrast(prefix: str = "") -> None:
    ranges(prefix + "random_contrast", [ALMOST_ONE])


def grid_random_saturation(prefix: str = "") -> None:
    ranges(prefix + "random_saturation", [ALMOST_ONE])


def grid_random_hue(prefix: str = "") -> None:
    drawn(prefix + "random_hue", [{"max_delta": 0.0}], named("max_delta", (0.3,), (0.5,), (-0.1,), (0.6,)),
          stricter=NO_PIXEL, wider=NO_KERNEL)  # fmt: skip


def grid_random_flip_left_right(prefix: str = "") -> None:
    name = prefix + "random_flip_left_right"
    wider = "dtype bool"  # TensorFlow adds up the images that it flips and those that it does not
    drawn(name, [], [{}], wider=wider) if not prefix else drawn(name, [], [{"seed": (7, 8)}], wider=wider)
    seen_both_ways(name, lambda value: value[:, ::-1])


def grid_random_flip_up_down(prefix: str = "") -> None:
    name = prefix + "random_flip_up_down"
    drawn(name, [], [{}] if not prefix else [{"seed": (7, 8)}], wider="dtype bool")
    seen_both_ways(name, lambda value: value[::-1])


def seen_both_ways(name: str, turn: Callable[[np.ndarray], np.ndarray]) -> None:
    value = value_of("float32", (5, 4, 3))
    given = {value.tobytes(), np.ascontiguousarray(turn(value)).tobytes()}
    for library in (image, tf.image):
        seeds = ((1, number) for number in range(40)) if name.startswith("stateless") else range(40)
        assert {np.asarray(getattr(library, name)(value, seed=seed)).tobytes() for seed in seeds} == given


def grid_random_crop(prefix: str = "") -> None:
    sizes = ((1, 1, 3), [2, 2, 3], np.array([1, 7, 3], np.int32), (2, 2, 2, 1), (1,), (), (9, 9, 9), (0, 1, 3))
    drawn(prefix + "random_crop", [], [{"size": size} for size in sizes])
    for shape in SHAPES[:7]:
        seed = {"seed": (1, 2)} if prefix else {}
        check(prefix + "random_crop", each({"size": shape, **seed}, shapes=[shape]))


def grid_random_jpeg_quality(prefix: str = "") -> None:
    name = "min_jpeg_quality max_jpeg_quality"
    one = named(name, (40, 41), (99, 100))
    drawn(prefix + "random_jpeg_quality", one, named(name, (0, 100), (50, 50), (60, 50), (-1, 5), (5, 101)),
          wider=NO_KERNEL)  # fmt: skip


def grid_sample_distorted_bounding_box(prefix: str = "") -> None:
    name = prefix + "sample_distorted_bounding_box"
    seed = {"seed": (1, 2)} if prefix else {"seed": 3}
    box = np.array([[[0.25, 0.25, 0.75, 0.75]]], np.float32)
    none = np.zeros((1, 0, 4), np.float32)
    sizes = [np.array([40, 60, 3], dtype) for dtype in ("uint8", "int8", "int16", "int32", "int64", "float32")]
    cases = [Case((size, box), seed) for size in sizes]
    cases += [Case((sizes[3], none), {**seed, "use_image_if_no_bounding_boxes": use}) for use in (True, False)]
    odd = [np.array([40, 60]), np.array([[40, 60, 3]]), np.array([0, 0, 3]), np.array([-4, 6, 3])]
    cases += [Case((size.astype(np.int32), box), seed) for size in odd]
    cases += [Case((sizes[3], other), seed) for other in (box[0], box[..., :3], box * 2, -box)]
    more = [
        *({"min_object_covered": covered} for covered in (0.0, 0.9, -0.1)),
        *({"aspect_ratio_range": span} for span in ((0.5, 2.0), [1.0, 1.0], (0.0, 1.0), (1.0,), (-1.0, 1.0))),
        *({"area_range": span} for span in ((0.2, 0.4), (0.0, 1.0), (0.5, 1.5), (0.5,))),
        *({"max_attempts": attempts} for attempts in (1, 200, 0, -1)),
    ]
    cases += [Case((sizes[3], box), seed | one) for one in more]

    def shapes(value):
        return [(str(np.asarray(one).dtype), tuple(one.shape)) for one in value]

    check(name, cases, plain=shapes, wider="")
    whole = {**seed, "min_object_covered": 1.0, "area_range": (1.0, 1.0), "aspect_ratio_range": (1.5, 1.5)}
    check(name, [Case((size, box), whole) for size in sizes])


def grid_extract_patches() -> None:
    one, two = [1, 1, 1, 1], [1, 2, 2, 1]
    rows = [(one, one, one, "VALID"), (two, two, one, "SAME"), ([1, 3, 2, 1], [1, 1, 2, 1], one, "VALID")]
    rows += [([1, 2, 3, 1], (1, 3, 1, 1), [1, 2, 1, 1], way) for way in ("SAME", "VALID")]
    rows += [([1, 9, 9, 1], two, one, "SAME"), (two, two, one, "valid"), (two, two, one, None)]
    rows += [(bad, two, one, "SAME") for bad in ([1, 0, 2, 1], [2, 2, 2, 1], [1, 2, 2, 3], [2, 2], 3)]
    rows += [(two, [1, 0, 2, 1], one, "SAME"), (two, two, [1, 0, 1, 1], "SAME"), ([1, -2, 2, 1], two, one, "SAME")]
    arguments = named("sizes strides rates padding", *rows)
    check("extract_patches", each(*arguments), stricter=f"{NO_PIXEL}|works on integers or floats", wider=NO_KERNEL)


def grid_draw_bounding_boxes() -> None:
    rng = np.random.default_rng(4)
    boxes = np.concatenate([rng.random((2, 12, 4)) * 1.6 - 0.3, [[[0, 0, 1, 1], [0.3, 0.6, 0.3, 0.6]]] * 2], axis=1)
    boxes = boxes.astype(np.float32)
    colors = [None, rng.random((2, 4)), rng.random((1, 3)), rng.random((3, 1)), np.zeros((0, 3)), np.ones(3)]
    cases = [
        Case((value_of(dtype, shape), boxes[: shape[0]], None if color is None else color.astype(np.float32)))
        for dtype in DTYPES
        for shape in ((2, 7, 9, 3), (2, 4, 5, 4), (1, 9, 8, 1), (2, 1, 1, 3), (2, 4, 5, 2), (0, 4, 5, 3), (2, 0, 3, 3))
        for color in colors
    ]
    image = value_of("float32", (2, 7, 9, 3))
    cases += [Case((image, bad, None)) for bad in (boxes[:1], boxes[0], boxes[..., :3], boxes[:, :0])]
    cases += [Case((image[0], boxes, None))]
    check("draw_bounding_boxes", cases, stricter=NO_PIXEL, wider=NO_KERNEL)


def grid_ResizeMethod() -> None:
    names = [name for name in dir(tf.image.ResizeMethod) if not name.startswith("_")]
    assert names == [name for name in dir(image.ResizeMethod) if not name.startswith("_")]
    assert all(getattr(image.ResizeMethod, name) == getattr(tf.image.ResizeMethod, name) for name in names)


GRIDS: dict[str, Callable[[], None]] = {
    name.removeprefix("grid_"): grid for name, grid in globals().copy().items() if name.startswith("grid_")
}
for _name in [name for name in GRIDS if f"stateless_{name}" in image.__all__]:
    GRIDS[f"stateless_{_name}"] = partial(GRIDS[_name], "stateless_")
for _name in ("flip_left_right", "flip_up_down", "transpose", "grayscale_to_rgb", "image_gradients"):
    GRIDS[_name] = partial(lambda name: check(name, each({}), lists({}), wider=NO_KERNEL), _name)
for _name in ("rgb_to_grayscale", "rgb_to_hsv", "rgb_to_yiq", "rgb_to_yuv", "hsv_to_rgb", "yiq_to_rgb", "yuv_to_rgb"):
    # A list of Python's ints is taken by TensorFlow as floats where an op takes no other; here as int32, as elsewhere.
    _options = {"tolerance": 1e-5, "stricter": "works on floats, and the image is int32"}
    GRIDS[_name] = partial(lambda name, options: check(name, each({}), lists({}), **options), _name, _options)
for _name in set(image.__all__) & set(io.__all__):
    GRIDS[_name] = partial(lambda name: _same_function(name), _name)


def _same_function(name: str) -> None:
    """An alias: its grid is in tests/io."""
    assert getattr(image, name) is getattr(io, name)
    assert hasattr(tf.image, name)


def test_every_public_name_has_a_grid():
    assert sorted(GRIDS) == sorted(image.__all__)


@pytest.mark.parametrize("name", sorted(image.__all__))
def test_equals_tensorflow(name):
    GRIDS[name]()


@pytest.mark.parametrize("name", sorted(set(image.__all__) - {"ResizeMethod"}))
def test_arguments_are_those_of_tensorflow(name):
    assert signature_difference(getattr(image, name), getattr(tf.image, name)) == ""


def test_every_name_of_tensorflow_is_here_or_says_what_to_use():
    for name in dir(tf.image):
        if name.startswith("_") or name in image.__all__:
            continue
        with pytest.raises(AttributeError, match=rf"feedline.image has no '{name}'.+(did you mean|Instead)"):
            getattr(image, name)
