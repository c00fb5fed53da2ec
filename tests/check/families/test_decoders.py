"""FL105: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import gzip
import io
import math
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

IMAGE = np.random.default_rng(0).integers(0, 255, (16, 16, 3)).astype(np.uint8)
LABEL = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], np.int32)


@pytest.fixture
def labels(tmp_path: pathlib.Path) -> list[str]:
    paths = [str(tmp_path / f"label_{number:03}.npy") for number in range(6)]
    for path in paths:
        np.save(path, LABEL)
    return paths


@pytest.fixture
def images(tmp_path: pathlib.Path) -> list[str]:
    paths = [str(tmp_path / f"image_{number:03}.png") for number in range(6)]
    for path in paths:
        pathlib.Path(path).write_bytes(fl.io.encode_png(IMAGE))
    return paths


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


class TestNpyFiles:
    def test_read_with_decode_raw(self, flagged: Look, images: list[str], labels: list[str]) -> None:
        def load(image: bytes, label: bytes) -> Any:
            content = fl.io.read_file(label)
            return fl.io.decode_png(fl.io.read_file(image)), fl.io.decode_raw(content, fl.int32)

        finding = flagged(fl.Dataset.from_tensor_slices((images, labels)).map(load).batch(2), "FL105")
        assert finding.message == "decode_raw is given an .npy file of int32 values of shape (10,)."
        assert "the first 32 numbers that decode_raw gives are its header, 1297436307" in finding.seen
        assert finding.fix.startswith("Write fl.io.decode_npy(contents)")
        assert any("return fl.io.decode_png" in place for place in finding.where), "the line that calls"
        assert labels[0] in finding.where

    def test_the_error_is_not_told_twice(self, clean: Look, labels: list[str]) -> None:
        ds = fl.Dataset.from_tensor_slices(labels).map(lambda path: fl.io.decode_raw(fl.io.read_file(path), fl.int32))
        clean(ds.batch(2), "FL100")

    def test_silenced_with_its_error(self, clean: Look, labels: list[str]) -> None:
        ds = fl.Dataset.from_tensor_slices(labels).map(lambda path: fl.io.decode_raw(fl.io.read_file(path), fl.int32))
        clean(ds.batch(2), "FL1", ignore="FL105")

    def test_read_right(self, clean: Look, images: list[str], labels: list[str]) -> None:
        def load(image: bytes, label: bytes) -> Any:
            return fl.io.decode_png(fl.io.read_file(image)), fl.io.decode_npy(fl.io.read_file(label))

        clean(fl.Dataset.from_tensor_slices((images, labels)).map(load).batch(2), "FL1")

    def test_in_a_batch_of_contents(self, flagged: Look, labels: list[str]) -> None:
        ds = fl.Dataset.from_tensor_slices(labels).map(fl.io.read_file).batch(2)
        flagged(ds.map(lambda contents: fl.io.decode_raw(contents, fl.int32)), "FL105")

    def test_another_dtype_behind_the_header(self, flagged: Look, clean: Look, labels: list[str]) -> None:
        def read(dtype: Any) -> Any:
            paths = fl.Dataset.from_tensor_slices(labels)
            return paths.map(lambda path: fl.io.decode_raw(fl.io.read_file(path)[128:], dtype)).batch(2)

        finding = flagged(read(fl.int64), "FL105")
        assert finding.message == "an .npy file of int32 values is read as int64."
        clean(read(fl.int32), "FL1")

    def test_a_header_of_another_length(self, flagged: Look, labels: list[str]) -> None:
        ds = fl.Dataset.from_tensor_slices(labels)
        ds = ds.map(lambda path: fl.io.decode_raw(fl.io.read_file(path)[80:], fl.int32)).batch(2)
        assert "80 bytes of an .npy file are skipped, but its header takes 128" in flagged(ds, "FL105").message

    def test_read_by_numpy(self, flagged: Look, labels: list[str]) -> None:
        ds = fl.Dataset.from_tensor_slices(labels).map(lambda path: np.fromfile(path.decode(), np.int32)).batch(2)
        finding = flagged(ds, "FL105")
        assert finding.message == (
            "the element begins with the header of an .npy file of int32 values of shape (10,), read as numbers."
        )

    @pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
    def test_read_by_a_generator(self, flagged: Look, labels: list[str], dtype: str) -> None:
        def rows() -> Iterator[Any]:
            for path in labels:
                yield np.fromfile(path, dtype), 1

        flagged(fl.Dataset.from_generator(rows).batch(2), "FL105")

    def test_read_by_numpy_and_cast(self, flagged: Look, labels: list[str]) -> None:
        def load(path: bytes) -> Any:
            return fl.cast(np.frombuffer(fl.io.read_file(path), np.int32), fl.float32)

        flagged(fl.Dataset.from_tensor_slices(labels).map(load).batch(2), "FL105")

    def test_raw_numbers_that_are_raw_numbers(self, clean: Look, tmp_path: pathlib.Path) -> None:
        paths = [tmp_path / f"{number}.bin" for number in range(4)]
        for path in paths:
            path.write_bytes(LABEL.tobytes())
        ds = fl.Dataset.from_tensor_slices(list(map(str, paths)))
        clean(ds.map(lambda path: fl.io.decode_raw(fl.io.read_file(path), fl.int32)).batch(2), "FL1")

    @pytest.mark.parametrize("scale", [(255, 0), (127.5, 1)])
    def test_a_header_that_is_scaled_at_once(
        self, scale: tuple[float, float], flagged: Look, clean: Look, tmp_path: pathlib.Path
    ) -> None:
        images = np.random.default_rng(0).integers(0, 256, (20, 16, 16)).astype(np.uint8)
        for number, image in enumerate(images):
            np.save(tmp_path / f"{number:02}.npy", image)
        paths = sorted(map(str, tmp_path.glob("*.npy")))

        def with_header(path: bytes, label: Any) -> Any:
            values = np.fromfile(path, np.uint8)[:256].reshape(16, 16, 1)
            return (values / scale[0] - scale[1]).astype("f4"), label

        def without(path: bytes, label: Any) -> Any:
            values = np.fromfile(path, np.uint8)[128:].reshape(16, 16, 1)
            return (values / scale[0] - scale[1]).astype("f4"), label

        ds = fl.Dataset.from_tensor_slices((paths, np.arange(20) % 2)).shuffle(20)
        finding = flagged(ds.map(with_header).batch(4), "FL105")
        assert "x begins with the header of an .npy file of uint8 values of shape (16, 16)" in finding.message
        clean(ds.map(without).batch(4), "FL105")

    def test_numbers_that_begin_like_a_header(self, clean: Look) -> None:
        table = np.array([[147, 78, 85, 77], [1, 2, 3, 4], [137, 80, 78, 71]] * 8, np.uint8)
        clean(fl.Dataset.from_tensor_slices(table).batch(2), "FL105")


class TestImages:
    def test_a_decoder_given_an_npy_file(self, flagged: Look, labels: list[str]) -> None:
        ds = fl.Dataset.from_tensor_slices(labels).map(lambda path: fl.io.decode_png(fl.io.read_file(path))).batch(2)
        assert "in place of fl.io.decode_png" in flagged(ds, "FL105").fix

    def test_a_png_read_as_numbers(self, flagged: Look, images: list[str]) -> None:
        ds = fl.Dataset.from_tensor_slices(images)
        ds = ds.map(lambda path: fl.io.decode_raw(fl.io.read_file(path), fl.uint8)).batch(2)
        assert flagged(ds, "FL105").fix == "Write fl.io.decode_png(contents), in place of fl.io.decode_raw."

    def test_a_name_in_place_of_contents(self, flagged: Look, images: list[str]) -> None:
        finding = flagged(fl.Dataset.from_tensor_slices(images).map(fl.io.decode_png).batch(2), "FL105")
        assert "fl.io.read_file(...)" in finding.fix

    def test_one_of_them_is_a_web_page(self, flagged: Look, images: list[str], tmp_path: pathlib.Path) -> None:
        page = tmp_path / "image_006.png"
        page.write_bytes(b"<!DOCTYPE html><html><body>404</body></html>")
        ds = fl.Dataset.from_tensor_slices([*images, str(page)]).map(
            lambda path: fl.io.decode_png(fl.io.read_file(path))
        )
        finding = flagged(ds.batch(2), "FL105")
        assert finding.message == "decode_png is given an HTML page."
        assert any("image_006.png" in place for place in finding.where)

    def test_one_of_them_was_not_fetched(self, flagged: Look, images: list[str]) -> None:
        pathlib.Path(images[3]).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n")
        ds = fl.Dataset.from_tensor_slices(images).map(lambda path: fl.io.decode_image(fl.io.read_file(path)))
        assert "git lfs pull" in flagged(ds.batch(2), "FL105").fix

    def test_a_jpeg_named_png(self, clean: Look, images: list[str]) -> None:
        pathlib.Path(images[2]).write_bytes(fl.io.encode_jpeg(IMAGE))
        ds = fl.Dataset.from_tensor_slices(images).map(lambda path: fl.io.decode_png(fl.io.read_file(path), channels=3))
        clean(ds.batch(2), "FL1")

    def test_a_damaged_png_is_an_error_of_its_own(self, flagged: Look, clean: Look, images: list[str]) -> None:
        pathlib.Path(images[2]).write_bytes(fl.io.encode_png(IMAGE)[:200])
        ds = fl.Dataset.from_tensor_slices(images).map(lambda path: fl.io.decode_png(fl.io.read_file(path))).batch(2)
        flagged(ds, "FL100")
        clean(ds, "FL105")


class TestTensors:
    def test_a_serialised_tensor_read_as_raw(self, flagged: Look, clean: Look) -> None:
        stored = [fl.io.serialize_tensor(np.full((3, 4), number / 7)) for number in range(6)]
        ds = fl.Dataset.from_tensor_slices(stored)
        finding = flagged(ds.map(lambda each: fl.io.decode_raw(each, fl.float64)[:12]).batch(2), "FL105")
        assert 'fl.io.parse_tensor(contents, "float64")' in finding.fix
        clean(ds.map(lambda each: fl.io.parse_tensor(each, fl.float64)).batch(2), "FL1")

    def test_an_npy_file_in_a_feature_parsed_as_a_tensor(self, flagged: Look) -> None:
        ds = fl.Dataset.from_tensor_slices([npy(LABEL)] * 6).map(lambda each: fl.io.parse_tensor(each, fl.int32))
        assert "decode_npy" in flagged(ds.batch(2), "FL105").fix


class TestSources:
    def test_a_compressed_file_of_lines(self, flagged: Look, clean: Look, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "reviews.txt.gz"
        path.write_bytes(gzip.compress(b"a good one\nand a bad one\n" * 50))
        finding = flagged(fl.TextLineDataset(str(path)).batch(4), "FL105")
        assert finding.fix == 'Write TextLineDataset(..., compression_type="GZIP").'
        clean(fl.TextLineDataset(str(path), compression_type="GZIP").batch(4), "FL1")

    def test_a_compressed_file_of_records(self, flagged: Look, clean: Look, tmp_path: pathlib.Path) -> None:
        path = str(tmp_path / "train.tfrecord.gz")
        with fl.io.TFRecordWriter(path, options="GZIP") as writer:
            for _ in range(10):
                writer.write(b"0123456789")
        flagged(fl.TFRecordDataset(path).batch(4), "FL105")
        clean(fl.TFRecordDataset(path).batch(4), "FL100")
        clean(fl.TFRecordDataset(path, compression_type="GZIP").batch(4), "FL1")

    def test_images_read_as_records(self, flagged: Look, images: list[str]) -> None:
        assert "list_files" in flagged(fl.TFRecordDataset(images).batch(2), "FL105").fix

    def test_the_header_of_an_npy_file_as_a_record(self, flagged: Look, clean: Look, tmp_path: pathlib.Path) -> None:
        path = str(tmp_path / "x.npy")
        np.save(path, np.ones((30, 128), np.uint8))

        def rows(header: int) -> Any:
            records = fl.FixedLengthRecordDataset(path, 128, header_bytes=header)
            return records.map(lambda record: fl.io.decode_raw(record, fl.uint8)).batch(4)

        assert "np.load" in flagged(rows(0), "FL105").fix
        clean(rows(128), "FL1")

    @pytest.mark.parametrize("shape", [(60,), (60, 28, 28)])
    def test_the_header_of_an_idx_file(
        self, flagged: Look, clean: Look, tmp_path: pathlib.Path, shape: tuple[int, ...]
    ) -> None:
        path, header, record = tmp_path / "train-idx-ubyte", 4 + 4 * len(shape), math.prod(shape[1:])
        sizes = b"".join(size.to_bytes(4, "big") for size in shape)
        path.write_bytes(bytes([0, 0, 8, len(shape)]) + sizes + bytes(math.prod(shape)))
        finding = flagged(fl.FixedLengthRecordDataset(str(path), record).batch(4), "FL105")
        assert f"record_bytes={record}, header_bytes={header}" in finding.fix
        clean(fl.FixedLengthRecordDataset(str(path), record, header_bytes=header).batch(4), "FL1")

    def test_in_a_dataset_for_each_file(self, flagged: Look, clean: Look, tmp_path: pathlib.Path) -> None:
        for number in range(3):
            (tmp_path / f"{number}.txt.gz").write_bytes(gzip.compress(b"a good one\nand a bad one\n" * 9))

        def lines(compression: str) -> Any:
            files = fl.Dataset.list_files(str(tmp_path / "*.gz"))
            return files.flat_map(lambda file: fl.TextLineDataset(file, compression_type=compression)).batch(4)

        flagged(lines(""), "FL105")
        clean(lines("GZIP"), "FL1")

    def test_lines_of_a_web_page_may_be_meant(self, clean: Look, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "page.html"
        path.write_text("<html>\n<p>a</p>\n<p>b</p>\n</html>\n")
        clean(fl.TextLineDataset(str(path)).batch(2), "FL1")
