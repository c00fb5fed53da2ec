"""FL207: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 3, 300)
IMAGES = GENERATOR.random((300, 12, 12, 3), np.float32)
ROWS = GENERATOR.normal(size=(300, 6)).astype(np.float32)
SOME = np.arange(300) % 20 == 7


def arrays(values: Any, labels: Any = LABELS) -> Any:
    return fl.Dataset.from_tensor_slices((values, labels))


def sequences(lengths: Any) -> Any:
    def rows() -> Iterator[Any]:
        for number, length in enumerate(lengths):
            yield np.full(length, 3, np.int64), LABELS[number]

    return fl.Dataset.from_generator(rows)


def test_sequences_of_no_length(flagged: Look) -> None:
    finding = flagged(sequences(np.where(SOME, 0, 9)).padded_batch(32), "FL207")
    assert finding.message == "5.0% of the elements are empty: they have no values."
    assert any(place.startswith("element 7") for place in finding.where)
    assert finding.fix == "Leave them out: write .filter(lambda x, y: x.size > 0) in front of .padded_batch(32)."


def test_the_fix_mends_it(clean: Look) -> None:
    ds = sequences(np.where(SOME, 0, 9)).filter(lambda x, y: x.size > 0)
    clean(ds.padded_batch(32), "FL207")


def test_ragged_rows(flagged: Look) -> None:
    rows = fl.RaggedTensor.from_row_lengths(np.ones(285 * 4, np.int64), np.where(SOME, 0, 4))
    flagged(arrays(rows).batch(32), "FL207")


def test_texts(flagged: Look, clean: Look) -> None:
    texts = np.array([b"what", b"who", b"where"], object)[LABELS]
    clean(arrays(texts).batch(32), "FL207")
    some = texts.copy()
    some[SOME] = b" "
    assert "empty texts" in flagged(arrays(some).batch(32), "FL207").message


def test_black_pictures(flagged: Look) -> None:
    images = IMAGES.copy()
    images[SOME] = 0
    assert "pictures of one colour" in flagged(arrays(images).batch(32), "FL207").message
    flagged(arrays(images).batch(32).map(lambda x, y: (x * 2 - 1, y)), "FL207")
    assert "all elements are" in flagged(arrays(np.zeros_like(images)).batch(32), "FL207").message


def test_rows_of_zeros(flagged: Look) -> None:
    rows = ROWS.copy()
    rows[::4] = 0
    assert "nothing but zeros" in flagged(arrays(rows).batch(32), "FL207").message


def test_full(clean: Look) -> None:
    clean(arrays(IMAGES).batch(32), "FL207")
    clean(arrays(ROWS).batch(32), "FL207")
    clean(sequences(np.full(300, 5)).padded_batch(32), "FL207")


def test_one_black_picture(clean: Look) -> None:
    images = IMAGES.copy()
    images[5] = 0
    clean(arrays(images).batch(32), "FL207")


def test_masks_without_anything(clean: Look) -> None:
    masks = (IMAGES[..., :1] > 0.5).astype(np.uint8)
    masks[SOME] = 0
    clean(arrays(IMAGES, masks).batch(32), "FL207")
    clean(arrays({"image": IMAGES, "mask": masks}).batch(32), "FL207")


def test_one_of_several_features(clean: Look) -> None:
    def rows() -> Iterator[Any]:
        for number in range(300):
            tags = np.full(number % 3, 2, np.int64)
            yield {"row": ROWS[number], "tags": tags}, LABELS[number]

    clean(fl.Dataset.from_generator(rows).padded_batch(32), "FL207")


def test_sparse_rows_of_zeros(clean: Look) -> None:
    rows = np.where(GENERATOR.random((300, 30)) < 0.02, 1, 0).astype(np.float32)
    clean(arrays(rows).batch(32), "FL207")


def test_scalars_of_zero(clean: Look) -> None:
    clean(arrays(np.where(SOME, 0, ROWS[:, 0])).batch(32), "FL207")


def test_most_of_it_is_lost_in_a_step(flagged: Look) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (60, 8, 8, 3)).astype(np.uint8)
    pictures[:6] = 255
    pictures[:6, 0] = 0
    ds = fl.Dataset.from_tensor_slices((pictures, np.arange(60) % 2)).map(lambda x, y: (x // 255, y))
    finding = flagged(ds.batch(8), "FL207")
    assert finding.message.startswith("90.0% of the elements are pictures of one colour")
    assert finding.fix == "Look at what comes into map(<lambda>) and out of it: most of it is lost there."
