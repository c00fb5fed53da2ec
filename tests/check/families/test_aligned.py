"""FL612: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
COUNT, SIZE = 60, 32
CORNERS = GENERATOR.integers(2, 18, (COUNT, 2))
MASKS = np.zeros((COUNT, SIZE, SIZE, 1), np.uint8)
for mask, (top, left) in zip(MASKS, CORNERS, strict=True):
    mask[top : top + 12, left : left + 9] = 1
    mask[top : top + 4, left : left + 4] = 2
IMAGES = (80 * MASKS + GENERATOR.integers(0, 60, (COUNT, SIZE, SIZE, 3))).astype(np.uint8)
UNIT = IMAGES.astype(np.float32) / 255


@pytest.fixture(autouse=True)
def _always_the_same_draws() -> Iterator[None]:
    """What is told in numbers, such as in how many elements, depends on the draws."""
    fl.random.set_seed(7)
    yield
    fl.random.set_seed(None)


def pairs(images: Any = UNIT, masks: Any = MASKS) -> Any:
    return fl.Dataset.from_tensor_slices((images, masks)).shuffle(COUNT)


def test_the_picture_alone_is_mirrored(flagged: Look) -> None:
    def augment(image: Any, mask: Any) -> Any:
        return fl.image.random_flip_left_right(image), mask

    finding = flagged(pairs().map(augment).batch(8), "FL612")
    assert finding.severity == "error"
    assert finding.message.endswith("gives x mirrored left to right at random, and y as it was.")
    assert "of 12 elements" in finding.seen
    assert "random_flip_left_right" in finding.seen
    assert "put x and y together along the last axis" in finding.fix


def test_each_is_mirrored_by_itself(flagged: Look) -> None:
    def augment(image: Any, mask: Any) -> Any:
        return fl.image.random_flip_left_right(image), fl.image.random_flip_left_right(mask)

    finding = flagged(pairs().map(augment).batch(8), "FL612")
    assert " at random, and y by a draw of its own." in finding.message


@pytest.mark.parametrize("both", [False, True])
def test_whatever_is_drawn(both: bool, flagged: Look, clean: Look) -> None:
    """Pictures that are nearly symmetrical, of which no correlation tells how they were moved."""
    light = np.sin(np.linspace(0, np.pi, SIZE))[None, None, :, None]
    pictures = (150 * light + GENERATOR.integers(0, 12, (COUNT, SIZE, SIZE, 3))).astype(np.uint8)

    def augment(image: Any, mask: Any) -> Any:
        mask = fl.image.random_flip_left_right(mask, seed=2) if both else mask
        return fl.image.random_flip_left_right(fl.cast(image, "float32") / 255, seed=1), mask

    def still(image: Any, mask: Any) -> Any:
        return fl.image.random_brightness(fl.cast(image, "float32") / 255, 0.1), mask

    for seed in range(12):
        fl.random.set_seed(seed)
        flagged(pairs(pictures).map(augment).batch(8), "FL612")
    clean(pairs(pictures).map(still).batch(8), "FL612")


def test_both_together(clean: Look) -> None:
    def augment(image: Any, mask: Any) -> Any:
        both = np.concatenate([image, fl.cast(mask, fl.float32)], axis=-1)
        both = fl.image.random_flip_up_down(fl.image.random_flip_left_right(both))
        return both[..., :3], fl.cast(both[..., 3:], fl.uint8)

    clean(pairs().map(augment).batch(8), "FL612")


@pytest.mark.parametrize("both", [True, False])
def test_by_numpy(both: bool, flagged: Look, clean: Look) -> None:
    def augment(image: Any, mask: Any) -> Any:
        if np.random.rand() < 0.5:  # noqa: NPY002
            image = image[:, ::-1]
            mask = mask[:, ::-1] if both else mask
        turns = np.random.randint(4)  # noqa: NPY002
        image = np.rot90(image, turns)
        return image * np.float32(0.8), np.rot90(mask, turns) if both else mask

    ds = pairs().map(augment).batch(8)
    if both:
        clean(ds, "FL612")
    else:
        flagged(ds, "FL612")


def test_one_seed_for_both(flagged: Look, clean: Look) -> None:
    def augment(index: Any, pair: Any, same: bool) -> Any:
        seed, other = (7, index), (7, index) if same else (8, index)
        image = fl.image.stateless_random_flip_left_right(pair[0], seed)
        return image, fl.image.stateless_random_flip_left_right(pair[1], other)

    def numbered(same: bool) -> Any:
        counter = fl.random.generator
        return pairs().map(lambda x, y: augment(int(counter().integers(1 << 30)), (x, y), same)).batch(8)

    clean(numbered(True), "FL612")
    flagged(numbered(False), "FL612")


def test_colours_alone(clean: Look) -> None:
    def augment(image: Any, mask: Any) -> Any:
        image = fl.image.random_contrast(fl.image.random_brightness(image, 0.2), 0.7, 1.3)
        return np.clip(image + fl.random.normal(image.shape, stddev=0.05), 0, 1), mask

    clean(pairs().map(augment).batch(8), "FL612")


def test_brighter_and_mirrored(flagged: Look) -> None:
    def augment(image: Any, mask: Any) -> Any:
        image = fl.image.random_brightness(fl.image.random_flip_up_down(image), 0.2)
        return np.clip(image, 0, 1), mask

    assert "upside down" in flagged(pairs().map(augment).batch(8), "FL612").message


def test_resized_in_the_same_step(flagged: Look, clean: Look) -> None:
    def augment(image: Any, mask: Any, both: bool) -> Any:
        image, mask = fl.image.resize(image, [16, 16]), fl.image.resize(mask, [16, 16], method="nearest")
        if fl.random.uniform([]) < 0.5:
            image = fl.image.flip_left_right(image)
            mask = fl.image.flip_left_right(mask) if both else mask
        return image, fl.one_hot(mask[..., 0], 3)

    flagged(pairs().map(lambda x, y: augment(x, y, False)).batch(8), "FL612")
    clean(pairs().map(lambda x, y: augment(x, y, True)).batch(8), "FL612")


def test_cut_out_at_two_places(flagged: Look, clean: Look) -> None:
    def apart(image: Any, mask: Any) -> Any:
        return fl.image.random_crop(image, [24, 24, 3]), fl.image.random_crop(mask, [24, 24, 1])

    def together(image: Any, mask: Any) -> Any:
        both = np.concatenate([image, fl.cast(mask, fl.float32)], axis=-1)
        both = fl.image.random_crop(both, [24, 24, 4])
        return fl.image.random_brightness(both[..., :3], 0.1), fl.cast(both[..., 3:], fl.uint8)

    finding = flagged(pairs().map(apart).batch(8), "FL612")
    assert finding.message.endswith("cuts x and y out at different places, each by a draw of its own.")
    clean(pairs().map(together).batch(8), "FL612")


def test_something_else_made_of_the_mask_that_was_cut_out(clean: Look) -> None:
    def together(image: Any, mask: Any, size: int) -> Any:
        both = np.concatenate([image, fl.cast(mask, fl.float32)], axis=-1)
        both = fl.image.random_crop(both, [size, size, 4])
        return both[..., :3], both[..., 3:]

    def outlines(image: Any, mask: Any) -> Any:
        image, mask = together(image, mask, 24)
        return image, fl.cast(np.abs(np.diff(mask, axis=0, prepend=0)) > 0, fl.uint8)

    def enlarged(image: Any, mask: Any) -> Any:
        image, mask = together(image, mask, 20)
        return fl.image.resize(image, [32, 32]), fl.image.resize(mask, [32, 32], method="nearest")

    def rolled(image: Any, mask: Any) -> Any:
        by = int(fl.random.generator().integers(-8, 9))
        return np.roll(image, by, axis=1), np.roll(mask, by, axis=1)

    for augment in (outlines, enlarged, rolled):
        clean(pairs().map(augment).batch(8), "FL612")


def test_batches(flagged: Look, clean: Look) -> None:
    def augment(images: Any, masks: Any, both: bool) -> Any:
        for row in np.flatnonzero(fl.random.uniform([len(images)]) < 0.5):
            images[row] = images[row, :, ::-1]
            masks[row] = masks[row, :, ::-1] if both else masks[row]
        return images, masks

    flagged(pairs().batch(8).map(lambda x, y: augment(x.copy(), y.copy(), False)), "FL612")
    clean(pairs().batch(8).map(lambda x, y: augment(x.copy(), y.copy(), True)), "FL612")


def test_zipped_datasets(flagged: Look, clean: Look) -> None:
    def zipped(seed: Any) -> Any:
        images = fl.Dataset.from_tensor_slices(UNIT)
        masks = fl.Dataset.from_tensor_slices(MASKS)
        images = images.map(lambda image: fl.image.random_flip_left_right(image, seed=seed))
        return fl.Dataset.zip((images, masks)).shuffle(COUNT).batch(8)

    flagged(zipped(None), "FL612")
    plain = fl.Dataset.zip((fl.Dataset.from_tensor_slices(UNIT), fl.Dataset.from_tensor_slices(MASKS)))
    clean(plain.shuffle(COUNT).batch(8), "FL612")


def test_a_picture_beside_the_mask_of_another(clean: Look) -> None:
    def augment(image: Any, mask: Any) -> Any:
        both = fl.image.random_flip_left_right(np.concatenate([image, fl.cast(mask, fl.float32)], axis=-1))
        return both[..., :3], fl.cast(both[..., 3:], fl.uint8)

    plain = fl.Dataset.from_tensor_slices((UNIT, MASKS))
    clean(fl.Dataset.zip((plain.map(augment), plain)).shuffle(COUNT).batch(8), "FL612")


def test_dicts(flagged: Look) -> None:
    def augment(element: Any) -> Any:
        return {**element, "image": fl.image.random_flip_left_right(element["image"])}

    ds = fl.Dataset.from_tensor_slices({"image": UNIT, "segmentation_mask": MASKS}).shuffle(COUNT).map(augment)
    flagged(ds.map(lambda element: (element["image"], element["segmentation_mask"])).batch(8), "FL612")


def test_holes_to_be_filled(clean: Look) -> None:
    def augment(element: Any) -> Any:
        image = fl.image.random_flip_left_right(element["image"])
        return {"image": image * (1 - element["mask"]), "mask": element["mask"]}, image

    ds = fl.Dataset.from_tensor_slices({"image": UNIT, "mask": np.minimum(MASKS, 1)}).shuffle(COUNT)
    clean(ds.map(augment).batch(8), "FL612")


def test_a_picture_to_be_turned_back(clean: Look) -> None:
    def augment(image: Any) -> Any:
        return fl.image.random_flip_left_right(image), image

    clean(fl.Dataset.from_tensor_slices(UNIT).shuffle(COUNT).map(augment).batch(8), "FL612")


def test_symmetrical_masks(clean: Look) -> None:
    masks = np.zeros((COUNT, SIZE, SIZE, 1), np.uint8)
    for number, mask in enumerate(masks):
        border = 3 + number % 8
        mask[border:-border, border:-border] = 1
    clean(pairs(masks=masks).map(lambda image, mask: (fl.image.random_flip_left_right(image), mask)).batch(8), "FL612")
