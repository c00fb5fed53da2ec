"""Maps that read and decode files run on blocks, and give what they give for each file, errors too."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import feedline as fl

RNG = np.random.default_rng(21)


def both(sources, function) -> tuple[list, list, list[str]]:
    """Returns the batches of a map on blocks, those of one for each element, and the operations on blocks."""

    def called_for_each(*values):
        if not values:
            return None
        return function(*values)

    dataset = fl.Dataset.from_tensor_slices(sources).map(function).batch(16)
    blocks = list(dataset)
    single = list(fl.Dataset.from_tensor_slices(sources).map(called_for_each).batch(16))
    (block_function,) = dataset._timings.block_functions.values()
    assert block_function.reason is None
    return blocks, single, [operation.rule.__name__ for operation in block_function._trace.operations]


def same(ours: list, theirs: list) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        for mine, yours in zip(
            *((part,) if isinstance(part, np.ndarray) else part for part in (one, other)), strict=True
        ):
            assert mine.dtype == yours.dtype
            assert mine.shape == yours.shape
            assert mine.tolist() == yours.tolist()


def written(folder: Path, contents: list[bytes]) -> list[str]:
    paths = [folder / f"{number:03d} \u00e9" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return list(map(str, paths))


def npy(folder: Path, arrays: list[np.ndarray]) -> list[str]:
    paths = [str(folder / f"{number:03d}.npy") for number in range(len(arrays))]
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array)
    return paths


def load(path):
    return fl.io.read_file(path)


SIZES = {
    "alike": [50] * 40,
    "of all sizes": [*range(1, 40), 100_000],
    "empty ones": [0, 5] * 20,
    "growing": [2**n for n in range(20)],
}


@pytest.mark.parametrize("sizes", SIZES)
def test_files_of(tmp_path, sizes) -> None:
    paths = written(tmp_path, [RNG.bytes(size) for size in SIZES[sizes]])
    ours, theirs, operations = both(paths, load)
    assert operations == ["read_files"]
    same(ours, theirs)


def test_a_file_that_is_missing_is_told(tmp_path) -> None:
    paths = written(tmp_path, [b"content"] * 40)
    os.remove(paths[21])
    with pytest.raises(fl.errors.MissingFileError) as caught:
        list(fl.Dataset.from_tensor_slices(paths).map(load).batch(16))
    assert paths[21] in str(caught.value)


def test_a_folder_among_the_files_is_told(tmp_path) -> None:
    paths = written(tmp_path, [b"content"] * 40)
    os.remove(paths[21])
    os.mkdir(paths[21])
    with pytest.raises(fl.errors.FileFormatError, match="is a folder"):
        list(fl.Dataset.from_tensor_slices(paths).map(load).batch(16))


def test_no_file_stays_open(tmp_path) -> None:
    paths = written(tmp_path, [b"content"] * 40)
    os.remove(paths[21])
    before = len(os.listdir("/dev/fd"))
    for count in (21, 40):
        try:
            list(fl.Dataset.from_tensor_slices(paths[:count]).map(load).batch(16))
        except fl.errors.MissingFileError as error:
            error.__traceback__ = None
    assert len(os.listdir("/dev/fd")) == before


def encoded(**options) -> list[bytes]:
    images = RNG.integers(0, 256, (40, 9, 11, options.pop("channels", 3)), dtype=np.uint8)
    return [fl.io.encode_png(image, **options) for image in images]


def decode(path):
    return fl.io.decode_png(fl.io.read_file(path))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pngs_of_channels(tmp_path, channels) -> None:
    ours, theirs, operations = both(written(tmp_path, encoded(channels=channels)), decode)
    assert operations == ["read_files", "decode_pngs"]
    same(ours, theirs)


def test_pngs_of_16_bits_to_8(tmp_path) -> None:
    contents = [fl.io.encode_png(RNG.integers(0, 65536, (5, 6, 3), dtype=np.uint16)) for _ in range(40)]
    same(*both(written(tmp_path, contents), decode)[:2])


def test_gray_pngs_as_colours(tmp_path) -> None:
    paths = written(tmp_path, [*encoded(channels=1)[:20], *encoded(channels=4)[:20]])
    same(*both(paths, lambda path: fl.io.decode_png(fl.io.read_file(path), channels=3))[:2])


@pytest.mark.parametrize(
    "function",
    [fl.io.decode_png, fl.io.decode_image, fl.io.read_file, fl.image.random_flip_left_right, np.sqrt, np.squeeze],
)
def test_functions_that_are_given_as_they_are(tmp_path, function) -> None:
    contents = encoded(channels=1)
    if function is fl.io.read_file:
        given = written(tmp_path, contents)
    else:
        given = contents if function.__module__ != "numpy" else RNG.uniform(0, 9, (40, 3, 1))
        given = RNG.normal(size=(40, 5, 6, 3)) if function is fl.image.random_flip_left_right else given
    results = []
    for each in (function, lambda element: function(element) if len(element) else None):
        fl.random.set_seed(3)
        dataset = fl.Dataset.from_tensor_slices(given).map(each).batch(16)
        results.append(list(dataset))
        (block_function,) = dataset._timings.block_functions.values()
        assert (block_function.reason is None) == (each is function)
    fl.random.set_seed(None)
    same(*results)


def test_a_damaged_png_is_told_by_a_function_that_is_given_as_it_is() -> None:
    contents = encoded()
    contents[21] = contents[21][:60]
    messages = []
    for function in (fl.io.decode_png, lambda content: fl.io.decode_png(content) if content else None):
        with pytest.raises(fl.errors.ImageDecodeError, match="cut off") as caught:
            list(fl.Dataset.from_tensor_slices(contents).map(function).batch(16))
        assert any("element 21" in place for place in caught.value.where)
        messages.append(str(caught.value).splitlines()[0])
    assert messages[0] == messages[1]


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """Returns a PNG with one more chunk behind its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + chunk + png[33:]


CHUNKS = {
    b"gAMA": struct.pack(">I", 30_000),
    b"sRGB": b"\0",
    b"sBIT": b"\5\5\5",
    b"tRNS": b"\0\1\0\2\0\3",
    b"tEXt": b"Title\0none",
    b"PLTE": bytes(12),
}


@pytest.mark.parametrize("kind", CHUNKS)
@pytest.mark.parametrize("where", [slice(None), slice(21, 22), slice(30, None)], ids=["all", "one", "the last"])
def test_pngs_with_more_than_pixels_among_others(kind, where) -> None:
    contents = encoded()
    contents[where] = [with_chunk(png, kind, CHUNKS[kind]) for png in contents[where]]
    for function in (lambda content: fl.io.decode_png(content), lambda content: fl.io.decode_png(content, channels=3)):
        ours, theirs, operations = both(contents, function)
        assert operations == ["decode_pngs"]
        same(ours, theirs)


@pytest.mark.parametrize("sizes", [(90, 100, 3), (130, 140, 3), (200, 170, 2), (1, 40, 4), (60, 1, 1)])
def test_short_and_long_pngs(sizes) -> None:
    contents = [fl.io.encode_png(RNG.integers(0, 256, sizes, dtype=np.uint8)) for _ in range(36)]
    same(*both(contents, fl.io.decode_png)[:2])
    contents[30] = fl.io.encode_png(np.zeros(sizes, np.uint8))  # a short one among the long
    same(*both(contents, lambda content: fl.io.decode_png(content))[:2])


def test_another_format_among_pngs(tmp_path) -> None:
    jpeg = fl.io.encode_jpeg(np.full((9, 11, 3), 77, np.uint8))
    same(*both(written(tmp_path, [*encoded()[:30], jpeg, *encoded()[:10]]), decode)[:2])


@pytest.mark.parametrize("damage", [lambda png: png[:60], lambda png: png[:50] + b"\0\0" + png[52:], lambda png: b""])
def test_a_damaged_png_is_told(tmp_path, damage) -> None:
    contents = encoded()
    contents[21] = damage(contents[21])
    with pytest.raises(fl.errors.FeedlineError) as caught:
        list(fl.Dataset.from_tensor_slices(written(tmp_path, contents)).map(decode).batch(16))
    assert any("element 21" in place for place in caught.value.where)


ARRAYS = {
    "alike": [np.arange(6, dtype=np.int32).reshape(2, 3) + number for number in range(40)],
    "scalars": [np.float64(number) for number in range(40)],
    "of Fortran's order": [np.asfortranarray(RNG.normal(size=(4, 5))) for _ in range(40)],
    "of another byte order": [np.arange(3, dtype=">i2") for _ in range(40)],
    "with another order among them": [np.array(RNG.normal(size=(4, 5)), order="CF"[n == 30]) for n in range(40)],
    "bools": [np.array([n % 2 == 0, True]) for n in range(40)],
    "empty": [np.zeros((0, 3), np.int8)] * 40,
    "texts": [np.array(["a", "\u00e9"])] * 40,
}


@pytest.mark.parametrize("arrays", ARRAYS)
def test_npys(tmp_path, arrays) -> None:
    paths = npy(tmp_path, ARRAYS[arrays])
    same(*both(paths, lambda path: fl.io.decode_npy(fl.io.read_file(path)))[:2])


def test_sums_of_npys_in_different_orders_are_those_of_single_files(tmp_path) -> None:
    arrays = [np.random.default_rng(number).normal(size=(40, 31)).astype(np.float32) for number in range(96)]
    arrays = [np.asfortranarray(array) if number >= 64 else array for number, array in enumerate(arrays)]

    def add_up(path):
        array = fl.io.decode_npy(fl.io.read_file(path))
        return np.sum(array), np.mean(array * np.float32(2))

    blocks = list(fl.Dataset.from_tensor_slices(npy(tmp_path, arrays)).map(add_up).batch(16))
    for place, function in enumerate((np.sum, lambda array: np.mean(array * np.float32(2)))):
        expected = np.array([function(array) for array in arrays])
        assert np.concatenate([batch[place] for batch in blocks]).tobytes() == expected.tobytes()


def test_an_npy_of_another_shape_is_told_by_batch(tmp_path) -> None:
    paths = npy(tmp_path, [np.zeros(3 + (n == 21)) for n in range(40)])
    with pytest.raises(fl.errors.FeedlineError):
        list(fl.Dataset.from_tensor_slices(paths).map(lambda path: fl.io.decode_npy(fl.io.read_file(path))).batch(16))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "bool", "complex64"])
@pytest.mark.parametrize("little_endian", [True, False])
def test_numbers(tmp_path, dtype, little_endian) -> None:
    paths = written(tmp_path, [b"\x01" + RNG.bytes(47) for _ in range(40)])
    function = eval(f"lambda path: fl.io.decode_raw(fl.io.read_file(path), {dtype!r}, {little_endian})", {"fl": fl})
    ours, theirs, _ = both(paths, function)
    for one, other in zip(ours, theirs, strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_file_that_is_no_numbers_is_told(tmp_path) -> None:
    contents = [b"\x89" + bytes(47)] * 40
    good = written(tmp_path, contents)
    same(*both(good, lambda path: fl.io.decode_raw(fl.io.read_file(path), "uint8"))[:2])
    png = encoded()[0]
    bad = written(tmp_path, [bytes(len(png))] * 21 + [png] * 3 + [bytes(len(png))] * 16)
    with pytest.raises(fl.errors.FileFormatError, match="whole PNG"):
        list(
            fl.Dataset.from_tensor_slices(bad)
            .map(lambda path: fl.io.decode_raw(fl.io.read_file(path), "uint8"))
            .batch(16)
        )


def test_batches_of_records_are_decoded_at_once(tmp_path) -> None:
    path = str(tmp_path / "records")
    records = [b"\x01" + RNG.bytes(99) for _ in range(100)]
    with fl.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)
    batches = list(fl.TFRecordDataset(path).batch(32).map(lambda batch: fl.io.decode_raw(batch, fl.uint8)))
    assert np.concatenate(batches).tobytes() == b"".join(records)
    shuffled = list(
        fl.TFRecordDataset(path).shuffle(100, seed=1).batch(32).map(lambda batch: fl.io.decode_raw(batch, "int16"))
    )
    rows = np.concatenate(shuffled)
    assert rows.dtype == np.int16
    assert sorted(row.tobytes() for row in rows) == sorted(records)
