"""FL107: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

NUMBERS = range(30)
IMAGES = [f"images/image_{number:03}.png" for number in NUMBERS]
LABELS = [f"labels/label_{number:03}.npy" for number in NUMBERS]
VALUES = np.random.default_rng(0).random((30, 6), np.float32)


def pairs(first: list[str], second: list[str]) -> Any:
    return fl.Dataset.from_tensor_slices((first, second)).batch(4)


@pytest.fixture
def folders(tmp_path: pathlib.Path) -> pathlib.Path:
    for path in (*IMAGES, *LABELS):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    return tmp_path


class TestPairsDoNotMatch:
    def test_one_missing_in_each(self, flagged: Look) -> None:
        finding = flagged(pairs(IMAGES[:29], LABELS[:17] + LABELS[18:]), "FL107")
        assert finding.message == "'image_017.png' is paired with 'label_018.npy'."
        assert "12 of 29 pairs do not match by their names, from element 17 on" in finding.seen
        assert "without a partner: 'image_017.png', 'label_029.npy'" in finding.seen
        assert finding.severity == "error"

    def test_counted_from_0_and_from_1(self, flagged: Look) -> None:
        finding = flagged(pairs(IMAGES[:-1], LABELS[1:]), "FL107")
        assert "counted from 0" in finding.fix

    def test_sorted_as_text_and_as_numbers(self, flagged: Look) -> None:
        images = [f"image_{number}.png" for number in NUMBERS]
        labels = sorted(f"label_{number}.npy" for number in NUMBERS)
        finding = flagged(pairs(images, labels), "FL107")
        assert finding.message == "'image_2.png' is paired with 'label_10.npy'."
        assert "Sort both lists by the same key" in finding.fix

    def test_in_no_order(self, flagged: Look) -> None:
        order = np.random.default_rng(1).permutation(30)
        flagged(pairs(IMAGES, [LABELS[place] for place in order]), "FL107")

    def test_names_of_words(self, flagged: Look, clean: Look) -> None:
        names = ["anna", "berta", "carla", "doris", "emma", "frieda"]
        images = [f"faces/{name}.jpg" for name in names]
        texts = [f"texts/{name}.txt" for name in names]
        clean(pairs(images, texts), "FL1")
        flagged(pairs(images, texts[1:] + texts[:1]), "FL107")

    def test_in_folders_by_case(self, flagged: Look, clean: Look) -> None:
        images = [f"scans/case_{number}/image.png" for number in NUMBERS]
        masks = [f"scans/case_{number}/mask.png" for number in NUMBERS]
        clean(pairs(images, masks), "FL1")
        flagged(pairs(images, masks[::-1]), "FL107")

    def test_with_zeros_in_front_and_without(self, clean: Look) -> None:
        clean(pairs(IMAGES, [f"labels/{number}_gt.npy" for number in NUMBERS]), "FL1")

    def test_names_with_more_to_them(self, flagged: Look, clean: Look) -> None:
        images = [f"city/{town}_{number:06}_left8bit.png" for town in ("ulm", "bonn") for number in NUMBERS]
        masks = [path.replace("left8bit", "gtFine_labelIds") for path in images]
        clean(pairs(images, masks), "FL1")
        flagged(pairs(images, masks[30:] + masks[:30]), "FL107")

    def test_pairs_of_images_alike(self, clean: Look) -> None:
        order = np.random.default_rng(1).permutation(30)
        clean(pairs(IMAGES, [IMAGES[place] for place in order]), "FL107")

    def test_frames_that_follow_each_other(self, clean: Look) -> None:
        clean(pairs(IMAGES[:-1], IMAGES[1:]), "FL107")

    def test_names_that_tell_nothing(self, clean: Look) -> None:
        order = np.random.default_rng(1).permutation(1000)
        images = [f"images/{number:x}.png" for number in order[:30]]
        clean(pairs(images, [f"labels/{number:x}.npy" for number in order[30:60]]), "FL107")

    def test_a_text_beside_each_name(self, clean: Look) -> None:
        clean(pairs(IMAGES, [f"a picture, the number {number}." for number in NUMBERS]), "FL107")

    def test_listed_and_shuffled_apart(self, flagged: Look, clean: Look, folders: pathlib.Path) -> None:
        def listed(**arguments: Any) -> Any:
            images = fl.Dataset.list_files(f"{folders}/images/*.png", **arguments).map(fl.io.read_file)
            labels = fl.Dataset.list_files(f"{folders}/labels/*.npy", **arguments).map(fl.io.read_file)
            return fl.Dataset.zip(images, labels).batch(4)

        assert "shuffle=False" in flagged(listed(), "FL107").fix
        clean(listed(shuffle=False), "FL107")
        clean(listed(seed=3), "FL107")

    def test_shuffled_behind_the_zip(self, clean: Look, folders: pathlib.Path) -> None:
        images = fl.Dataset.list_files(f"{folders}/images/*.png", shuffle=False)
        labels = fl.Dataset.list_files(f"{folders}/labels/*.npy", shuffle=False)
        clean(fl.Dataset.zip(images, labels).shuffle(30).batch(4), "FL107")

    def test_nothing_need_be_read(self, flagged: Look) -> None:
        flagged(pairs(IMAGES[:-1], LABELS[1:]), "FL107", sample=0)


@pytest.fixture
def arrays(tmp_path: pathlib.Path) -> pathlib.Path:
    for number in range(41):
        np.save(tmp_path / f"image_{number:03}.npy", np.full(4, number, np.float32))
        np.save(tmp_path / f"label_{number:03}.npy", np.int32(number % 3))
    return tmp_path


class TestNamesThatAreComputed:
    def test_one_apart(self, flagged: Look, arrays: pathlib.Path) -> None:
        def load(number: np.int64) -> Any:
            image = fl.io.read_file(f"{arrays}/image_{number + 1:03}.npy")
            label = fl.io.read_file(f"{arrays}/label_{number + 2:03}.npy")
            return fl.io.decode_npy(image), fl.io.decode_npy(label)

        finding = flagged(fl.Dataset.range(38).map(load).batch(8), "FL107")
        assert finding.message == "'image_001.npy' is paired with 'label_002.npy'."
        assert finding.severity == "warning"
        assert "38 of 38 pairs that map(load) was seen to read do not match: the numbers are 1 apart" in finding.seen
        flagged(fl.Dataset.range(38).shuffle(38).map(load).batch(8), "FL107")

    def test_in_folders_of_their_own(self, flagged: Look, arrays: pathlib.Path) -> None:
        for folder in ("images", "masks"):
            (arrays / folder).mkdir()
            for number in range(41):
                np.save(arrays / folder / f"cat_{number}.npy", np.full(4, number, np.float32))

        def load(number: np.int64) -> Any:
            return np.load(arrays / f"images/cat_{number}.npy"), np.load(arrays / f"masks/cat_{number + 1}.npy")

        finding = flagged(fl.Dataset.range(40).map(load).batch(8), "FL107")
        assert finding.message == "'cat_0.npy' is paired with 'cat_1.npy'."

    def test_by_numpy(self, flagged: Look, clean: Look, arrays: pathlib.Path) -> None:
        def load(number: np.int64, apart: int = 1) -> Any:
            return np.load(f"{arrays}/image_{number + apart:03}.npy"), np.load(arrays / f"label_{number:03}.npy")

        flagged(fl.Dataset.range(39).map(lambda number: load(number)).batch(8), "FL107")
        clean(fl.Dataset.range(39).map(lambda number: load(number, 0)).batch(8), "FL107")

    def test_a_generator_over_lists_of_two_orders(self, flagged: Look, clean: Look, arrays: pathlib.Path) -> None:
        images = [str(arrays / f"image_{number:03}.npy") for number in range(41)]
        labels = [str(arrays / f"label_{number:03}.npy") for number in sorted(range(41), key=str)]

        def rows(labels: list[str] = labels) -> Any:
            for image, label in zip(images, labels, strict=True):
                yield np.load(image), np.load(label)

        finding = flagged(fl.Dataset.from_generator(rows).batch(8), "FL107")
        assert finding.message == "'image_002.npy' is paired with 'label_010.npy'."
        assert finding.severity == "error"
        clean(fl.Dataset.from_generator(lambda: rows(sorted(labels))).batch(8), "FL107")

    def test_frames_and_names_of_other_things(self, clean: Look, arrays: pathlib.Path) -> None:
        for number in range(41):
            np.save(arrays / f"rain_{number}.npy", np.ones(4, np.float32))
            np.save(arrays / f"harvest_{number}.npy", np.int32(number % 3))

        def both(first: str, second: str) -> Any:
            return fl.Dataset.range(38).map(
                lambda number: (np.load(arrays / first.format(number)), np.load(arrays / second.format(number + 1)))
            ).batch(8)  # fmt: skip

        clean(both("image_{:03}.npy", "image_{:03}.npy"), "FL107")
        clean(both("rain_{}.npy", "harvest_{}.npy"), "FL107")
