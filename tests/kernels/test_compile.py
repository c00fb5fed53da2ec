"""Kernels are compiled for the types that they declare, whatever is given: warmup compiles for no others."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl
from feedline.kernels.compile import DECLARED


def undeclared() -> set[tuple]:
    return {
        (module, kernel.py_func.__name__, types)
        for module, kernels in DECLARED.items()
        for kernel, signatures in kernels
        for types in kernel.signatures
        if types not in signatures
    }


def images(dtype: type) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 256, (20, 40, 40, 3), np.uint8)
    images = values if dtype is np.uint8 else values.astype(np.float32) / 255
    images.flags.writeable = False
    return images


def constant(values: list, dtype: type) -> np.ndarray:
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


OPERATIONS = {
    **{
        f"resize by {method}, antialias={antialias}": lambda image, method=method, antialias=antialias: fl.image.resize(
            image, (20, 30), method, antialias=antialias
        )
        for method in ("nearest", "bilinear", "area", "bicubic", "lanczos3")
        for antialias in (False, True)
    },
    "to float32": lambda image: fl.image.convert_image_dtype(image, fl.float32),
    "to uint8": lambda image: fl.image.convert_image_dtype(image, fl.uint8, saturate=True),
    "hue": lambda image: fl.image.adjust_hue(image, 0.1),
    "saturation": lambda image: fl.image.adjust_saturation(image, 0.3),
    "brightness": lambda image: fl.image.adjust_brightness(image, 0.1),
    "contrast": lambda image: fl.image.adjust_contrast(image, 0.5),
    "crops": lambda image: fl.image.crop_and_resize(
        image[None] if image.ndim == 3 else image,
        constant([[0, 0, 1, 0.5]], np.float32),
        constant([0], np.int64),
        (9, 9),
    ),
    "flip behind a resize": lambda image: fl.image.random_flip_left_right(fl.image.resize(image, (20, 20))) / 255.0,
    "arithmetic": lambda image: fl.cast(image, fl.float32) / 255.0 - 0.5,
}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("name", OPERATIONS)
def test_images_that_cannot_be_written_to(name, dtype) -> None:
    before = undeclared()
    given = images(dtype)
    OPERATIONS[name](given[0])
    if name != "flip behind a resize":
        OPERATIONS[name](given)
    dataset = fl.Dataset.from_tensor_slices(given).map(OPERATIONS[name])
    assert len(list(dataset.batch(5))) == 4
    assert len(list(dataset.shuffle(20, seed=1).batch(5))) == 4
    assert undeclared() == before
