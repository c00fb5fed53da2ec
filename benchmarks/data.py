"""Makes the files that the workloads read, once, into `benchmarks/data/`.

The photos are cut from scikit-learn's two sample images, so their JPEG and PNG files compress as real ones do.
The same numbers come out on every run; the bytes of the images depend on the version of OpenCV.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"
JPEG_RECORDS = DATA / "jpeg.tfrecord"
RAW_RECORDS = DATA / "raw224.tfrecord"
TABLE_RECORDS = DATA / "tab.tfrecord"

PHOTOS = 2000
LARGE_PNGS = 1000
RAW_TENSORS = 1000
TABLE_ROWS = 200_000
JPEG_HEIGHT, JPEG_WIDTH, JPEG_QUALITY = 375, 500, 90
CLASSES = 10

_STAMP = "made.json"
_CONTENT = {
    "version": 1,
    "photos": PHOTOS,
    "large_pngs": LARGE_PNGS,
    "raw_tensors": RAW_TENSORS,
    "table_rows": TABLE_ROWS,
}


def files(folder: str) -> list[str]:
    """Returns the paths of a folder of the data, sorted.

    Args:
        folder: `jpg` (500x375), `png` (256x256), `png64` (64x64) or `npy` (10 int32 each).
    """
    return sorted(str(path) for path in (DATA / folder).iterdir())


def labels() -> np.ndarray:
    """Returns the class of each photo, int64 of shape (PHOTOS,)."""
    return np.load(DATA / "labels.npy")


def is_made() -> bool:
    """Says whether the data is there, whole and of this version."""
    stamp = DATA / _STAMP
    return stamp.exists() and json.loads(stamp.read_text()) == _CONTENT


def make() -> None:
    """Makes the data beside its place, then moves it there, so that half-made data is never used."""
    partial = DATA.with_name("data.partial")
    for stale in (partial, DATA):
        if stale.exists():
            shutil.rmtree(stale)
    for folder in ("jpg", "png", "png64", "npy"):
        (partial / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    writer = record_library()
    classes = _write_photos(partial, rng)
    _write_records(writer, partial / JPEG_RECORDS.name, _jpeg_examples(partial, classes))
    _write_records(writer, partial / RAW_RECORDS.name, _raw_examples(writer, partial, classes))
    _write_records(writer, partial / TABLE_RECORDS.name, _table_examples(rng))
    (partial / _STAMP).write_text(json.dumps(_CONTENT))
    partial.rename(DATA)


def record_library() -> Any:
    """Returns TensorFlow, or feedline where there is none: the names used here are the same in both."""
    try:
        import tensorflow
    except ImportError:
        import feedline

        return feedline
    return tensorflow


def _write_photos(folder: Path, rng: np.random.Generator) -> list[int]:
    import cv2
    from sklearn.datasets import load_sample_images

    photos = load_sample_images().images
    classes = []
    for number in range(PHOTOS):
        photo = photos[number % len(photos)]
        top = rng.integers(0, photo.shape[0] - JPEG_HEIGHT)
        left = rng.integers(0, photo.shape[1] - JPEG_WIDTH)
        cut = photo[top : top + JPEG_HEIGHT, left : left + JPEG_WIDTH]
        if rng.random() < 0.5:
            cut = cut[:, ::-1]
        cut = np.ascontiguousarray(cut[..., ::-1])  # OpenCV writes blue first
        _write_image(folder / "jpg" / f"{number:05}.jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if number < LARGE_PNGS:
            _write_image(folder / "png" / f"{number:05}.png", cv2.resize(cut, (256, 256)))
        _write_image(folder / "png64" / f"{number:05}.png", cv2.resize(cut, (64, 64)))
        np.save(folder / "npy" / f"{number:05}.npy", rng.integers(0, 2, (10,), dtype=np.int32))
        classes.append(int(rng.integers(0, CLASSES)))
    np.save(folder / "labels.npy", np.array(classes, np.int64))
    return classes


def _write_image(path: Path, pixels: np.ndarray, options: Iterable[int] = ()) -> None:
    import cv2

    written, encoded = cv2.imencode(path.suffix, pixels, list(options))
    if not written:
        raise OSError(f"OpenCV could not encode {path}")
    path.write_bytes(encoded.tobytes())


def _jpeg_examples(folder: Path, classes: list[int]) -> Iterator[dict[str, Any]]:
    for number, label in enumerate(classes):
        yield {"image": (folder / "jpg" / f"{number:05}.jpg").read_bytes(), "label": label}


def _raw_examples(library: Any, folder: Path, classes: list[int]) -> Iterator[dict[str, Any]]:
    import cv2

    for number in range(RAW_TENSORS):
        photo = cv2.imread(str(folder / "jpg" / f"{number:05}.jpg"))[..., ::-1]
        tensor = library.io.serialize_tensor(cv2.resize(np.ascontiguousarray(photo), (224, 224)))
        serialised = tensor.numpy() if hasattr(tensor, "numpy") else bytes(tensor)
        yield {"image_bytes": serialised, "label": classes[number]}


def _table_examples(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    for row in range(TABLE_ROWS):
        yield {
            "id": row,
            "label": int(rng.integers(0, 5)),
            "x": rng.random(20).astype(np.float32),
            "cat": b"cat%d" % (row % 17),
            "toks": rng.integers(0, 30_000, rng.integers(5, 20)),
        }


def _write_records(library: Any, path: Path, examples: Iterable[dict[str, Any]]) -> None:
    train = library.train

    def feature(value: Any) -> Any:
        if isinstance(value, bytes):
            return train.Feature(bytes_list=train.BytesList(value=[value]))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return train.Feature(float_list=train.FloatList(value=value.tolist()))
        return train.Feature(int64_list=train.Int64List(value=np.atleast_1d(value).tolist()))

    with library.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            features = train.Features(feature={name: feature(value) for name, value in example.items()})
            writer.write(train.Example(features=features).SerializeToString())
