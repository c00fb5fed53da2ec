"""`decode_raw`."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.errors import ArgumentError, DtypeError, FileFormatError, ShapeError, TensorDecodeError
from feedline.formats.signature import whole_file_format
from feedline.io.decode_jpeg import decode_jpeg
from feedline.io.decode_raw import decode_padded_raw, decode_raw
from feedline.io.encode_jpeg import encode_jpeg
from feedline.io.encode_png import encode_png


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(["float16", "float32", "float64", "int8", "uint32", "int64", "complex64", "complex128"]),
    st.binary(max_size=64),
    st.booleans(),
)
def test_bytes_and_numbers_are_the_same(name, contents, little_endian):
    size = np.dtype(name).itemsize
    contents = contents[: len(contents) // size * size]
    if whole_file_format(contents) is not None:  # drawn once in a while: the beginnings of files stand in the sources
        with pytest.raises(FileFormatError):
            decode_raw(contents, name, little_endian)
        return
    got = decode_raw(contents, name, little_endian)
    assert got.dtype == name
    order = "<" if little_endian else ">"
    assert got.astype(np.dtype(name).newbyteorder(order)).tobytes() == contents or np.isnan(got).any()


def test_little_endian_shares_the_bytes():
    contents = bytes(8)
    assert not decode_raw(contents, "int32").flags.owndata


def test_rows():
    rows = np.array([[b"\1\0", b"\2\0"], [b"\3\0", b"\4\0"]], object)
    got = decode_raw(rows, "int16")
    assert got.shape == (2, 2, 1)
    assert got.reshape(-1).tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(decode_raw(rows.tolist(), "int16"), got)
    assert decode_raw(np.array(rows, "S2"), "int16").tolist() == got.tolist()
    assert decode_raw([], "int16").shape == (0, 0)


def test_fixed_length_cuts_and_fills():
    rows = [b"\1\0\2\0", b"\3\0", b"\4"]
    assert decode_raw(rows, "int16", fixed_length=2).tolist() == [[1], [3], [4]]
    assert decode_padded_raw(rows, 6, "int16").tolist() == [[1, 2, 0], [3, 0, 0], [4, 0, 0]]
    for length in (0, -2, 3):
        with pytest.raises(ArgumentError, match="fixed_length"):
            decode_raw(rows, "int16", fixed_length=length)


def test_booleans_are_any_byte_but_zero():
    assert decode_raw(b"\0\1\2\xff", "bool").tolist() == [False, True, True, True]


def test_big_endian_bfloat16():
    got = decode_raw(b"\x3f\x80\x40\x00", "bfloat16", little_endian=False)
    assert got.astype(np.float32).tolist() == [1.0, 2.0]


def test_lengths_that_do_not_fit():
    with pytest.raises(TensorDecodeError, match="5 bytes are no whole number of int32"):
        decode_raw(b"12345", "int32")
    with pytest.raises(TensorDecodeError, match="row 2 is 4 bytes long, row 0 is 2") as caught:
        decode_raw([b"ab", b"cd", b"efgh"], "uint8")
    assert "row 2" in caught.value.where[0]
    with pytest.raises(TensorDecodeError, match="no whole number"):
        decode_raw([b"ab", b"cde"], "int16")


def whole_files():
    out = io.BytesIO()
    np.save(out, np.arange(10, dtype=np.int32))
    image = np.zeros((4, 4, 3), np.uint8)
    yield "decode_npy", out.getvalue()
    yield "decode_png", encode_png(image)
    yield "decode_jpeg", encode_jpeg(image)
    yield "decode_gif", b"GIF89a" + bytes(18)


@pytest.mark.parametrize(("decoder", "contents"), whole_files())
def test_whole_files_are_not_numbers(decoder, contents):
    contents += bytes(-len(contents) % 4)
    with pytest.raises(FileFormatError, match="whole") as caught:
        decode_raw(contents, "int32")
    assert f"fl.io.{decoder}" in caught.value.fix
    with pytest.raises(FileFormatError, match="whole"):
        decode_raw([b"\1" * len(contents), contents], "int32")
    with pytest.raises(FileFormatError, match="whole"):
        decode_raw(contents, "int32", fixed_length=4)


@pytest.mark.parametrize(("decoder", "contents"), whole_files())
def test_whole_files_are_found_in_batches_of_records(decoder, contents, tmp_path):
    others = [bytes([first, 1]).ljust(len(contents), b"\1") for first in range(256)]
    numbers = written_and_decoded(tmp_path / "numbers.tfrecord", others)
    assert [np.concatenate(list(numbers))[row].tobytes() for row in range(256)] == others
    with pytest.raises(FileFormatError, match="whole") as caught:
        list(written_and_decoded(tmp_path / "files.tfrecord", [*others, contents]))
    assert f"fl.io.{decoder}" in caught.value.fix


def written_and_decoded(path, records):
    with fl.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)
    return fl.TFRecordDataset(path).batch(64).map(lambda batch: fl.io.decode_raw(batch, "uint8"))


def test_records_of_one_byte_are_numbers(tmp_path):
    records = [b"\x89", b"G", b"\xff", b"N"]
    batches = list(written_and_decoded(tmp_path / "bytes.tfrecord", records))
    assert batches[0].tolist() == [[0x89], [ord("G")], [0xFF], [ord("N")]]


@pytest.mark.parametrize("contents", [b"\xff\xd8\xff\xff", b"\xff\xd8\xff\xe0" + bytes(100), b"\x89PNG", b"BM" * 8])
def test_numbers_that_only_begin_like_a_file_are_numbers(contents):
    assert decode_raw(contents, "uint8").size == len(contents)


@pytest.mark.parametrize(
    ("contents", "error", "message"),
    [
        ("a.bin", DtypeError, "read_file"),
        (["a.bin"], DtypeError, "row 0 is a str"),
        (np.zeros(3), DtypeError, "float64 array"),
        (7, DtypeError, "was given an int"),
        ([[b"a"], [b"b", b"c"]], ShapeError, "different lengths"),
    ],
)
def test_what_is_not_bytes(contents, error, message):
    with pytest.raises(error, match=message):
        decode_raw(contents, "uint8")


def test_strings_are_no_numbers():
    with pytest.raises(DtypeError, match="out_type"):
        decode_raw(b"abc", "string")


def test_scalars_that_hold_bytes():
    for contents in (np.bytes_(b"\1\2"), np.array(b"\1\2", object), bytearray(b"\1\2"), memoryview(b"\1\2")):
        assert decode_raw(contents, "uint8").tolist() == [1, 2]
    assert decode_jpeg(np.array(encode_jpeg(np.zeros((2, 2, 1), np.uint8)), object)).shape == (2, 2, 1)


def test_a_batch_of_records_is_decoded_in_map(tmp_path):
    path = str(tmp_path / "numbers.tfrecord")
    rows = np.arange(60, dtype=np.int32).reshape(20, 3)
    with fl.io.TFRecordWriter(path) as writer:
        for row in rows:
            writer.write(row.tobytes())
    dataset = fl.TFRecordDataset(path).batch(8).map(lambda records: fl.io.decode_raw(records, fl.int32))
    assert np.array_equal(np.concatenate(list(dataset)), rows)
