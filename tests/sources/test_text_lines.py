import contextlib
import gzip
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.sources.text_lines import TextLines

SETTINGS = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


def expected(data: bytes) -> list[bytes]:
    """The lines as TensorFlow 2.21 gives them: see test_text_lines_tensorflow.py."""
    lines = data.replace(b"\r", b"").split(b"\n")
    return lines if lines[-1] else lines[:-1]


@SETTINGS
@given(st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"\x00", b"long" * 9, b"\xff"])), st.integers(1, 40))
def test_lines_whatever_the_buffer(tmp_path, parts, chunk) -> None:
    data = b"".join(parts)
    (tmp_path / "a.txt").write_bytes(data)
    (tmp_path / "a.gz").write_bytes(gzip.compress(data))
    (tmp_path / "a.z").write_bytes(zlib.compress(data))
    assert list(fl.TextLineDataset(tmp_path / "a.txt", None, chunk)) == expected(data)
    assert list(fl.TextLineDataset(tmp_path / "a.gz", "GZIP", chunk)) == expected(data)
    assert list(fl.TextLineDataset(tmp_path / "a.z", "ZLIB", chunk)) == expected(data)


@pytest.fixture
def files(tmp_path):
    names = []
    for number, count in enumerate((3, 1, 0, 5, 2)):
        names.append(tmp_path / f"{number}.txt")
        names[-1].write_bytes(b"".join(b"%d-%d\n" % (number, line) for line in range(count)))
    return names


def test_files_one_after_the_other(files, tmp_path) -> None:
    wanted = [b"0-0", b"0-1", b"0-2", b"1-0", *(b"3-%d" % line for line in range(5)), b"4-0", b"4-1"]
    names = fl.Dataset.from_tensor_slices([str(name) for name in files])
    for given_files in (files, [str(name) for name in files], str(tmp_path / "*.txt"), names):
        assert list(fl.TextLineDataset(given_files)) == wanted
    assert list(fl.TextLineDataset(files, num_parallel_reads=fl.AUTOTUNE)) == wanted
    assert list(fl.TextLineDataset(files, num_parallel_reads=1)) == wanted


def test_it_is_a_dataset_like_others(files) -> None:
    dataset = fl.TextLineDataset(files)
    assert dataset.element_spec == fl.TensorSpec((), "string")
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY
    assert [len(batch) for batch in dataset.batch(4)] == [4, 4, 3]
    batch = next(iter(dataset.batch(2)))
    assert type(batch) is np.ndarray
    assert batch.tolist() == [b"0-0", b"0-1"]
    assert len(list(dataset.repeat(2))) == 22
    assert list(dataset.skip(1).map(lambda line: line + b"!").take(1)) == [b"0-1!"]
    assert "streamed" in dataset.explain()


def test_an_error_in_map_names_file_and_line(files) -> None:
    def function(line):
        if line == b"3-2":
            raise ValueError("no")
        return line

    for _ in range(2):
        with pytest.raises(fl.errors.UserFunctionError, match=r"line 3 of .*3\.txt"):
            list(fl.TextLineDataset(files).map(function))


def test_what_goes_wrong_with_files(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\n")
    with pytest.raises(fl.errors.MissingFileError, match=r"did you mean|Did you mean"):
        fl.TextLineDataset(tmp_path / "b.txt")
    with pytest.raises(fl.errors.NoFilesError):
        fl.TextLineDataset(str(tmp_path / "*.csv"))
    with pytest.raises(fl.errors.ArgumentError, match='"GZIP"'):
        fl.TextLineDataset(path, "gzip")
    with pytest.raises(fl.errors.ArgumentError, match="num_parallel_reads"):
        fl.TextLineDataset(path, num_parallel_reads=0)
    with pytest.raises(fl.errors.ArgumentError, match="buffer_size"):
        fl.TextLineDataset(path, buffer_size=-1)
    with pytest.raises(fl.errors.FileFormatError, match="does not begin like a GZIP"):
        list(fl.TextLineDataset(path, "GZIP"))
    with pytest.raises(fl.errors.ArgumentError, match="infinite"):
        fl.TextLineDataset(fl.Dataset.from_tensor_slices([str(path)]).repeat())
    dataset = fl.TextLineDataset([path])
    path.unlink()
    with pytest.raises(fl.errors.MissingFileError):
        list(dataset)


def test_a_compressed_file_read_as_text_is_told(tmp_path) -> None:
    (tmp_path / "a.txt").write_bytes(gzip.compress(b"one\n"))
    with pytest.raises(fl.errors.FileFormatError, match='compression_type="GZIP"'):
        list(fl.TextLineDataset(tmp_path / "a.txt"))


@pytest.mark.parametrize(("kind", "compress"), [("GZIP", gzip.compress), ("ZLIB", zlib.compress)])
def test_damage_of_compressed_files_is_told_after_the_lines_before(tmp_path, kind, compress) -> None:
    lines = [b"%d" % (number * 7919) for number in range(3000)]
    data = compress(b"\n".join(lines))
    path = tmp_path / "a"
    for cut in (0, 1, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(fl.errors.FileFormatError, match=rf"line {'1' if cut < 2 else '[0-9]+'} of|first bytes"):
            list(fl.TextLineDataset(path, kind))
        got = []
        iterator = iter(fl.TextLineDataset(path, kind))
        with contextlib.suppress(fl.errors.FileFormatError):
            while True:
                got.append(next(iterator))
        assert got == lines[: len(got)]
        assert len(got) > 100 or cut < 1000
    for position in np.random.default_rng(1).integers(0, len(data), 30).tolist():
        damaged = bytearray(data)
        damaged[position] ^= 4
        path.write_bytes(damaged)
        try:
            got = list(fl.TextLineDataset(path, kind))
        except fl.errors.FileFormatError:
            continue
        assert got == lines  # such as the file's name or time in the header


def test_by_turns_the_order_is_that_of_interleave(files) -> None:
    for turns in (2, 3, 4, 9):
        wanted = fl.Dataset.from_tensor_slices([str(name) for name in files]).interleave(
            fl.TextLineDataset, cycle_length=turns, block_length=1
        )
        assert list(fl.TextLineDataset(files, num_parallel_reads=turns)) == list(wanted)


def test_a_stream_gives_no_more_than_asked(files) -> None:
    for turns in (1, 2, 4):
        node = TextLines((), None, tuple(map(str, files)), "", 5, turns)
        stream = node.open(0, None)
        sizes, lines = [], []
        while (block := stream.next(2)) is not None:
            sizes.append(block.length)
            lines += list(block.columns[0])
        assert set(sizes) <= {1, 2}
        assert sorted(lines) == sorted(fl.TextLineDataset(files))
        assert stream.next(2) is None
