"""W3: random flips and brightness on small images, to float32, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Batch, Rule
from benchmarks.workloads import w1

TITLE = "augmentation: random flip and brightness of float64 32x32x3, to float32, batch 32"
SHORT = "flip and brightness"
LIMIT = "one pass from float64 to float32 by an unguarded Numba loop, into one recycled buffer, one thread"
ABSENT = {"torch-bulk": "each image is augmented by itself"}
SHUFFLES = False

ROWS, BATCH, MAX_DELTA = w1.ROWS, w1.BATCH, 0.2


def _verify(batch: Batch) -> str | None:
    """Says what is wrong with a batch that should be the first rows, some flipped, each brightened by a number."""
    images, labels = w1.arrays()
    if not np.array_equal(batch["1"], labels[:BATCH]):
        return "its labels are not those of the first rows"
    flips, deltas = [], []
    for augmented, image in zip(batch["0"], images, strict=False):
        for flipped, candidate in ((False, image), (True, image[:, ::-1])):
            added = augmented - candidate
            if np.ptp(added) < 1e-5:
                flips.append(flipped)
                deltas.append(float(added.mean()))
    if len(flips) != BATCH:
        return f"{BATCH - len(flips)} of its first {BATCH} images are no row, flipped or not, plus a number"
    if len(set(flips)) != 2 or len({round(delta, 6) for delta in deltas}) < BATCH // 2:
        return "it does not draw a flip and a brightness for each image by itself"
    if max(map(abs, deltas)) > MAX_DELTA + 1e-5:
        return f"it changes the brightness by {max(map(abs, deltas)):.3f}, more than {MAX_DELTA}"
    return None


COMPARE = Rule(check=_verify)


def augment(row: int, random: np.random.Generator) -> peers.Element:
    images, labels = w1.arrays()
    image = images[row]
    if random.random() < 0.5:
        image = image[:, ::-1]
    return (image + random.uniform(-MAX_DELTA, MAX_DELTA)).astype(np.float32), labels[row]


def load(row: int) -> peers.Element:
    return augment(row, np.random)  # seeded for each worker by PyTorch


PEERS = peers.OfElements(load, ROWS, BATCH, load_random=augment, in_memory=True)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    def process(image: Any, label: Any) -> Any:
        image = library.image.random_flip_left_right(image)
        image = library.image.random_brightness(image, MAX_DELTA)
        return library.image.convert_image_dtype(image, library.float32), label

    dataset = data.Dataset.from_tensor_slices(w1.arrays()).repeat()
    return dataset.map(process, num_parallel_calls=data.AUTOTUNE).batch(BATCH).prefetch(data.AUTOTUNE)


def limit() -> Iterator[int]:
    from benchmarks.limits.scaling import cast

    images, _ = w1.arrays()
    batch = np.empty((BATCH, 32, 32, 3), np.float32)
    for rows in peers.position_batches(ROWS, BATCH, shuffle=False):
        cast(images[rows[0] : rows[0] + BATCH].reshape(-1), batch.reshape(-1))
        yield BATCH
