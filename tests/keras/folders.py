"""Class folders for the tests of the dataset helpers."""

from __future__ import annotations

import pathlib
import struct

import numpy as np

import feedline as fl


def write_images(folder: pathlib.Path, classes: tuple[str, ...] = ("cat", "dog", "eel"), each: int = 4) -> pathlib.Path:
    """Writes PNG and JPEG images of different sizes, all of one class in its folder, some one folder deeper."""
    random = np.random.default_rng(0)
    for number, name in enumerate(classes):
        deeper = folder / name / "more"
        deeper.mkdir(parents=True)
        for index in range(each + number):
            height, width = random.integers(5, 40, 2)
            image = random.integers(0, 256, (height, width, 3), np.uint8)
            where = deeper if index % 3 == 2 else folder / name
            if index % 2:
                (where / f"{index}.JPG").write_bytes(fl.io.encode_jpeg(image))
            else:
                (where / f"{index}.png").write_bytes(fl.io.encode_png(image[..., : 1 + 2 * (index % 4 == 0)]))
    return folder


def write_texts(folder: pathlib.Path, classes: tuple[str, ...] = ("bad", "good"), each: int = 5) -> pathlib.Path:
    """Writes texts; the first of each class is empty, and some are not ASCII."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(each):
            (folder / name / f"{index}.txt").write_text(f"{name} é{number} " * index, encoding="utf-8")
    return folder


def wav(samples: np.ndarray, rate: int = 8000, *, before: bytes = b"", after: bytes = b"", extra: bytes = b"") -> bytes:
    """Returns a WAV of int16 samples (samples, channels), with other chunks before and after the data."""
    samples = np.asarray(samples, "<i2").reshape(len(samples), -1)
    channels = samples.shape[1]
    header = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 * channels, 2 * channels, 16) + extra
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(header)) + header + before
    body += b"data" + struct.pack("<I", samples.nbytes) + samples.tobytes() + after
    return b"RIFF" + struct.pack("<I", len(body)) + body


def write_audio(folder: pathlib.Path, classes: tuple[str, ...] = ("no", "yes"), each: int = 4) -> pathlib.Path:
    """Writes WAV files of different lengths, with two channels."""
    random = np.random.default_rng(1)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for index in range(each):
            samples = random.integers(-(1 << 15), 1 << 15, (3 + 2 * index, 2))
            (folder / name / f"{index}.wav").write_bytes(wav(samples))
    return folder
