"""Images made ready by OpenCV in worker processes, for work that holds Python's lock. No process is left behind."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import multiprocessing
import random
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

import feedline as fl

# Keras is imported in main(): each worker imports this file, and has no use for it.

WORKERS = 2
SIZE = 24
SIGNATURE = (fl.TensorSpec((SIZE, SIZE, 1), fl.float32), fl.TensorSpec((), fl.int32))


def write_pictures(folder: Path, count: int) -> list[tuple[str, int]]:
    """Writes pictures of few (0) or many (1) lines, and returns their paths and labels."""
    draw = np.random.default_rng(0)
    found = []
    for number in range(count):
        label = number % 2
        picture = draw.integers(0, 50, (96, 96, 3), np.uint8)
        for _ in range(draw.integers(2, 4) if label == 0 else draw.integers(7, 10)):
            start, end = draw.integers(0, 96, (2, 2)).tolist()
            cv2.line(picture, start, end, draw.integers(150, 256, 3).tolist(), 2)
        path = str(folder / f"{number:04}.png")
        cv2.imwrite(path, picture)
        found.append((path, label))
    return found


def prepare(path: str) -> np.ndarray:
    """Returns the edges in a picture, float32 (SIZE, SIZE, 1) of 0 to 1. Runs in a worker."""
    grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    if grey is None:  # OpenCV says nothing where it cannot read a file
        raise ValueError(f"OpenCV cannot read {path}")
    edges = cv2.Canny(cv2.GaussianBlur(grey, (3, 3), 0), 60, 120)
    return cv2.resize(edges, (SIZE, SIZE), interpolation=cv2.INTER_AREA)[..., None].astype(np.float32) / 255


def prepared(pool: Executor, files: list[tuple[str, int]]) -> Iterator[tuple[np.ndarray, int]]:
    """Yields pictures in the order of the files, at most 32 of them ahead of the consumer."""
    waiting: deque = deque()
    for path, label in files:
        waiting.append((pool.submit(prepare, path), label))
        if len(waiting) == 32:
            future, ready = waiting.popleft()
            yield future.result(), ready
    for future, ready in waiting:
        yield future.result(), ready


def main() -> None:
    import keras

    random.seed(1)  # Keras draws the seeds of its layers from here
    # "spawn": a process with threads, which JAX and feedline have, must not be forked.
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        files = write_pictures(Path(folder), 800)

        def dataset(part: list[tuple[str, int]]) -> fl.Dataset:
            return fl.Dataset.from_generator(lambda: prepared(pool, part), output_signature=SIGNATURE)

        training = dataset(files[:600]).cache().shuffle(600).batch(32).prefetch(fl.AUTOTUNE)
        test = dataset(files[600:]).batch(100)
        start = time.perf_counter()
        batches = sum(1 for _ in training)
        print(f"{batches} batches by {WORKERS} processes in {time.perf_counter() - start:.1f} s, their start included")

        model = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 1)),
                keras.layers.Conv2D(8, 3, activation="relu"),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
        model.fit(training.to_keras(), epochs=10, verbose=2)
        accuracy = model.evaluate(test.to_keras(), verbose=0, return_dict=True)["accuracy"]
    left = multiprocessing.active_children()
    print(f"few lines or many: {accuracy:.1%} of 200 other pictures; processes left behind: {len(left)}")
    assert accuracy > 0.85
    assert not left


if __name__ == "__main__":
    main()
