"""What the work of a workload is made of: each part alone, on one core, in CPU microseconds a sample.

    python -m benchmarks.parts                     # a minute
    python -m benchmarks.parts --workloads W6,W7

A limit program does less than its workload asks for: that of W6 reads no file, that of W7 resizes nothing. So the table
also says how much of the limit could be had at the most if nothing but these parts were done. A figure is the median of
several goes through the same samples; parts are feedline's own where a library's would do more than is asked.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

from benchmarks import data, image_folder
from benchmarks.workloads import w2, w3, w4, w6, w7, w9, w10

GOES = 7
Part = tuple[str, Callable[[], Any]]


def cpu(function: Callable[[], Any], samples: int) -> float:
    """Returns the CPU time of a sample, in microseconds: the median of several goes."""
    function()
    spent = []
    for _ in range(GOES):
        begin = time.process_time()
        function()
        spent.append(time.process_time() - begin)
    return statistics.median(spent) / samples * 1e6


def every(function: Callable[[Any], Any], items: Iterable[Any]) -> Callable[[], None]:
    """Returns what calls a function for each of some items."""
    known = list(items)

    def go() -> None:
        for item in known:
            function(item)

    return go


def generator_parts() -> tuple[int, list[Part]]:
    count = 960
    buffers = np.empty((8, w2.BATCH, 32, 32, 3))
    elements = list(islice(w2.generate(), count))

    def copy() -> None:
        for number, (image, _) in enumerate(elements):
            buffers[number // w2.BATCH % 8, number % w2.BATCH] = image

    def alone() -> None:
        for _ in islice(w2.generate(), count):
            pass

    return count, [("the generator", alone), ("a copy of each image into its batch", copy)]


def augmentation_parts() -> tuple[int, list[Part]]:
    from feedline import random
    from feedline.kernels.pointwise import ADD_AMOUNT, LEFT_RIGHT, pointwise

    images, _ = w3.w1.arrays()
    count, size = len(images), images[0].size
    memory, starts = images.reshape(-1), np.arange(count) * size
    out = np.empty((count, size), np.float32)
    amounts = np.random.default_rng(0).normal(size=(1, count)).astype(np.float32)
    flips = (np.arange(count, dtype=np.uint8) % 2) * np.uint8(LEFT_RIGHT)
    none, what = np.empty(0, np.uint8), np.array([ADD_AMOUNT], np.uint8)
    empty, operands = np.empty((0, 2016), np.float32), np.zeros((1, 2016), np.float32)
    numbers, epochs = np.arange(count), np.zeros(count, np.int64)

    def draw() -> None:
        for number in range(2):
            random.first_draws(7, epochs, numbers, drawn=number)

    return count, [
        ("a pass from float64 to float32", lambda: pointwise(
            memory, starts, out, 0, 0, 0, none, none, empty, np.empty((0, count), np.float32), 2016, False)),
        ("more for flips, amounts and finite results", lambda: pointwise(
            memory, starts, out, 32, 32, 3, flips, what, operands, amounts, 2016, True)),
        ("two random numbers", draw),
    ]  # fmt: skip


def png_parts() -> tuple[int, list[Part]]:
    import feedline as fl
    from benchmarks.limits.png import decode

    images, labels = (paths[:320] for paths in w4.paths())
    files = list(map(_read, images))
    pixels = [decode(file) for file in files]
    return len(images), [
        ("decoding, as the limit program does", every(decode, files)),
        ("opening and reading both files", every(_read, [*images, *labels])),
        ("resizing to 128x128 floats", every(lambda image: fl.image.resize(image, (w4.SIDE, w4.SIDE)), pixels)),
    ]


def tensor_parts() -> tuple[int, list[Part]]:
    from benchmarks.limits.scaling import scale
    from feedline.formats.tfrecord import build_index, read_packed

    index = build_index(str(data.RAW_RECORDS))
    units = [np.arange(start, start + w6.BATCH) for start in range(0, 960, w6.BATCH)]
    content = [packed[0][:4816896].copy() for packed in (read_packed(index, unit, verify=False) for unit in units)]
    few, many = (np.empty((number, 4816896), np.float32) for number in (1, 5))

    def passes(batches: np.ndarray) -> None:
        for number, values in enumerate(content):
            scale(values, np.float32(255), batches[number % len(batches)])

    return 960, [
        ("a pass to floats, into one buffer of 19 MB", lambda: passes(few)),
        ("more for five buffers: made, waiting, in use", lambda: passes(many)),
        ("reading the records out of the page cache", every(lambda unit: read_packed(index, unit, False), units)),
        ("more for their checksums", every(lambda unit: read_packed(index, unit, True), units)),
    ]


def jpeg_parts() -> tuple[int, list[Part]]:
    from simplejpeg import decode_jpeg

    import feedline as fl
    from feedline.formats.tfrecord import build_index, read_packed

    files = list(map(_read, data.files("jpg")[:256]))
    pixels = [decode_jpeg(file) for file in files]
    index = build_index(str(data.JPEG_RECORDS))
    out = np.empty((64, w7.SIDE, w7.SIDE, 3), np.float32)

    def resize() -> None:
        for number, image in enumerate(pixels):
            fl.image.resize(image, (w7.SIDE, w7.SIDE), out=out[number % len(out)])

    return len(files), [
        ("decoding, as the limit program does", every(decode_jpeg, files)),
        ("resizing to 224x224 floats", resize),
        ("reading and checking the records", lambda: read_packed(index, np.arange(len(files)))),
    ]


def sequence_parts() -> tuple[int, list[Part]]:
    count = w9.SEQUENCES

    def alone() -> None:
        for _ in islice(w9.generate(), count):
            pass

    def looked_at() -> None:
        for sequence, label in islice(w9.generate(), count):
            if type(sequence) is not np.ndarray or sequence.dtype != np.float32 or type(label) is not int:
                raise TypeError

    def copied() -> None:
        for start in range(0, count, w9.BATCH):
            rows = w9.sequences()[start : start + w9.BATCH]
            padded = np.zeros((len(rows), max(map(len, rows)), w9.WIDTH), np.float32)
            for row, sequence in zip(padded, rows, strict=True):
                row[: len(sequence)] = sequence

    return count, [
        ("the generator", alone),
        ("more for a look at each element", looked_at),
        ("a copy into zeroed batches, by NumPy", copied),
    ]


def recipe_parts() -> tuple[int, list[Part]]:
    from simplejpeg import decode_jpeg

    import feedline as fl
    from feedline.io.decode_jpeg import decode_window_of_jpeg

    paths = image_folder.listing()[0][image_folder.CARDS :][:256]
    files, random = list(map(_read, paths)), np.random.default_rng(0)
    windows = [w10.random_window(random) for _ in files]
    pairs = list(zip(files, windows, strict=True))
    crops = [decode_window_of_jpeg(file, window, 3) for file, window in pairs]
    out = np.empty((64, w10.SIDE, w10.SIDE, 3), np.float32)

    def resize() -> None:
        for number, image in enumerate(crops):
            fl.image.resize(image, (w10.SIDE, w10.SIDE), out=out[number % len(out)])

    def normalise() -> None:
        for image in out:
            np.divide(np.subtract(image, w10.MEANS, out=image), w10.DEVIATIONS, out=image)

    return len(files), [
        ("decoding whole photos, as the limit program does", every(decode_jpeg, files)),
        ("decoding the window alone instead", every(lambda pair: decode_window_of_jpeg(*pair, 3), pairs)),
        ("resizing it to 224x224 floats", resize),
        ("taking off the mean and dividing, by NumPy", lambda: [normalise() for _ in range(len(files) // len(out))]),
        ("opening and reading the file", every(_read, paths)),
    ]


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


WORKLOADS = {
    "W2": generator_parts,
    "W3": augmentation_parts,
    "W4": png_parts,
    "W6": tensor_parts,
    "W7": jpeg_parts,
    "W9": sequence_parts,
    "W10": recipe_parts,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="such as W6,W7")
    chosen = parser.parse_args().workloads.split(",")
    if not data.is_made():
        data.make()
    print("| workload | part | CPU us/sample |\n|---|---|---|")
    for name in chosen:
        samples, parts = WORKLOADS[name]()
        before = 0.0
        for text, function in parts:
            spent = cpu(function, samples)
            before, shown = spent, spent - before if text.startswith("more ") else spent
            print(f"| {name} | {text} | {shown:.2f} |", flush=True)


if __name__ == "__main__":
    main()
