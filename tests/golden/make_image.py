"""Writes tests/golden/data/image/golden.npz: what TensorFlow's tf.image, tf.cast and tf.one_hot answer.

Run with TensorFlow installed: python tests/golden/make_image.py
The file holds `cases`, a JSON list of {function, input, arguments, tolerance, dtype, shape, start}, the inputs by
name, and all outputs of one dtype as one flat array.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

OUT = Path(__file__).parent / "data" / "image" / "golden.npz"
RESIZABLE = ("uint8", "int8", "uint16", "int16", "int32", "int64", "float16", "float32", "float64")
ALL = (*RESIZABLE, "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
# Exact: TensorFlow rounds the same way on every machine, and so does feedline.
EXACT = 0.0
CLOSE = 1e-5


def make_inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20)
    shapes = {"one": (1, 1, 3), "line": (1, 7, 1), "odd": (11, 13, 3), "batch": (2, 6, 5, 4), "rgb": (2, 5, 4, 3)}
    inputs = {}
    for name, shape in shapes.items():
        for dtype in ALL:
            if dtype in FLOATS:
                values = rng.random(shape) * 1.2 - 0.1
            else:
                limits = np.iinfo(dtype)
                values = rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
            inputs[f"{name}_{dtype}"] = values.astype(dtype)
    for dtype in FLOATS:
        inputs[f"unit_{dtype}"] = rng.random((8, 8, 3)).astype(dtype)
    corners = [
        0.0,
        -0.0,
        0.5,
        -0.5,
        1.9,
        -1.9,
        127.5,
        128.5,
        -128.5,
        255.9,
        256.0,
        300.0,
        -300.0,
        32767.5,
        65535.0,
        7e4,
    ]
    inputs["floats"] = np.tile(np.array([*corners, 2e9, 3e9, -3e9, 1e19, np.inf, -np.inf, np.nan, 1.0], np.float32), 8)
    inputs["whole"] = np.array([0, 1, -1, 127, 128, 255, 256, -129, 65536, 2**31, -(2**31) - 1, 2**62], np.int64)
    inputs["labels"] = np.array([[0, 1, 2], [-1, 3, 2**33]], np.int64)
    return inputs


def make_cases() -> list[tuple[str, str, dict, float]]:
    cases: list[tuple[str, str, dict, float]] = []
    for method in METHODS:
        for dtype in RESIZABLE:
            tolerance = CLOSE if "lanczos" in method else EXACT
            for antialias in (False, True):
                options = {"method": method, "antialias": antialias}
                cases.append(("resize", f"odd_{dtype}", {"size": [5, 17], **options}, tolerance))
                if dtype in ("uint8", "float32"):
                    for name, size in (("one", [3, 2]), ("line", [4, 3]), ("batch", [6, 5]), ("batch", [1, 1])):
                        cases.append(("resize", f"{name}_{dtype}", {"size": size, **options}, tolerance))
    for name, size in (("odd", [7, 100]), ("line", [9, 30]), ("batch", [10, 10])):
        cases.append(("resize", f"{name}_uint8", {"size": size, "preserve_aspect_ratio": True}, EXACT))
    for source in ALL:
        for target in ALL:
            # Unsaturated, TensorFlow casts the last few values of an array by another rule than the rest.
            name = f"unit_{source}" if source in FLOATS else f"odd_{source}"
            cases.append(("convert_image_dtype", name, {"dtype": target}, EXACT))
    for source in (*FLOATS, "int8", "int16", "int32"):
        for target in ("uint8", "int8", "uint16", "int16", "int32"):
            cases.append(("convert_image_dtype", f"odd_{source}", {"dtype": target, "saturate": True}, EXACT))
    for dtype in ALL:
        wide = dtype in ("int64", "uint64")  # TensorFlow's clipping overflows there
        for name in ("odd", "rgb"):
            image = f"{name}_{dtype}"
            cases.append(("adjust_brightness", image, {"delta": -1.2 if wide else 0.2}, EXACT))
            cases.append(("adjust_brightness", image, {"delta": -0.3}, EXACT))
            cases.append(("rgb_to_grayscale", image, {}, CLOSE if dtype not in ("uint8", "int8") else EXACT))
            cases.append(("per_image_standardization", image, {}, CLOSE))
            if dtype != "float16":  # TensorFlow has these for float16 on GPUs only
                cases.append(("adjust_contrast", image, {"contrast_factor": 0.4 if wide else 1.6}, EXACT))
                cases.append(("adjust_hue", image, {"delta": 0.13}, EXACT))
                cases.append(("adjust_hue", image, {"delta": -0.7}, EXACT))
                cases.append(("adjust_saturation", image, {"saturation_factor": 0.3}, EXACT))
                if not wide:
                    cases.append(("adjust_saturation", image, {"saturation_factor": 1.7}, EXACT))
            for k in (1, 2, 3, -1):
                cases.append(("rot90", image, {"k": k}, EXACT))
            for function in ("flip_left_right", "flip_up_down", "transpose"):
                cases.append((function, image, {}, EXACT))
            cases.append(("central_crop", image, {"central_fraction": 0.6}, EXACT))
            cases.append(("resize_with_crop_or_pad", image, {"target_height": 4, "target_width": 16}, EXACT))
            box = {"offset_height": 1, "offset_width": 2, "target_height": 12, "target_width": 17}
            cases.append(("pad_to_bounding_box", image, box, EXACT))
            box = {"offset_height": 1, "offset_width": 2, "target_height": 3, "target_width": 1}
            cases.append(("crop_to_bounding_box", image, box, EXACT))
        if dtype in ("uint8", "uint16", *FLOATS):
            powers = EXACT if dtype == "uint8" else CLOSE
            name = f"unit_{dtype}" if dtype in FLOATS else f"odd_{dtype}"
            cases.append(("adjust_gamma", name, {"gamma": 0.45, "gain": 0.9}, powers))
        if dtype in RESIZABLE:
            image = f"odd_{dtype}"
            cases.append(("adjust_jpeg_quality", image, {"jpeg_quality": 40}, EXACT))
            cases.append(("resize_with_pad", image, {"target_height": 9, "target_width": 20}, EXACT))
            boxes = [[0, 0, 1, 1], [0.2, 0.1, 0.7, 0.9], [-0.3, 0.5, 1.2, 0.1]]
            for method in ("bilinear", "nearest"):
                options = {"box_indices": [0, 1, 1], "crop_size": [3, 4], "method": method, "extrapolation_value": 2.0}
                cases.append(("crop_and_resize", f"batch_{dtype}", {"boxes": boxes, **options}, EXACT))
            cases.append(("image_gradients", f"batch_{dtype}", {}, EXACT))
    for dtype in FLOATS:
        for function in ("rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb"):
            cases.append((function, f"rgb_{dtype}", {}, CLOSE))
        for function in ("total_variation", "sobel_edges"):
            cases.append((function, f"rgb_{dtype}", {}, CLOSE))
    for dtype in ("line_uint8", "line_float32"):
        cases.append(("grayscale_to_rgb", dtype, {}, EXACT))
    for target in ("uint8", "int8", "uint16", "int16", "int32", "uint32", "int64", "uint64", "float16", "bool"):
        cases.append(("cast", "floats", {"dtype": target}, EXACT))
        cases.append(("cast", "whole", {"dtype": target}, EXACT))
    for options in ({}, {"axis": 0}, {"axis": 1, "on_value": 5, "off_value": -1}, {"dtype": "uint8"}):
        cases.append(("one_hot", "labels", {"depth": 3, **options}, EXACT))
    return cases


def main() -> None:
    inputs = make_inputs()
    outputs: dict[str, list[np.ndarray]] = {}
    lengths: dict[str, int] = {}
    records = []
    for function, name, arguments, tolerance in make_cases():
        call = getattr(tf if function in ("cast", "one_hot") else tf.image, function)
        result = call(tf.constant(inputs[name]), **arguments)
        result = (np.stack(result) if isinstance(result, tuple) else result.numpy()).copy()
        dtype = result.dtype.name
        record = {"function": function, "input": name, "arguments": arguments, "tolerance": tolerance}
        records.append({**record, "dtype": dtype, "shape": result.shape, "start": lengths.get(dtype, 0)})
        outputs.setdefault(dtype, []).append(result.ravel())
        lengths[dtype] = lengths.get(dtype, 0) + result.size
    flat = {f"outputs_{dtype}": np.concatenate(parts) for dtype, parts in outputs.items()}
    used = {record["input"] for record in records}
    kept = {f"input_{name}": array for name, array in inputs.items() if name in used}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(OUT, cases=np.array(json.dumps(records)), **kept, **flat)
    print(len(records), "cases,", OUT.stat().st_size, "bytes, TensorFlow", tf.__version__)


if __name__ == "__main__":
    main()
