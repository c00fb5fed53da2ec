import pytest

import feedline as fl


@pytest.fixture
def files(tmp_path):
    names = []
    for number, count in enumerate((3, 0, 4)):
        names.append(str(tmp_path / f"{number}.bin"))
        with open(names[-1], "wb") as file:
            file.write(b"HH" + b"".join(b"%d-%d" % (number, record) for record in range(count)) + b"F")
    return names


WANTED = [b"0-0", b"0-1", b"0-2", b"2-0", b"2-1", b"2-2", b"2-3"]


def test_any_record_by_its_position(files) -> None:
    dataset = fl.FixedLengthRecordDataset(files, 3, 2, 1)
    assert len(dataset) == 7
    assert list(dataset) == WANTED
    assert [dataset[position] for position in (6, 0, 3, -1)] == [b"2-3", b"0-0", b"2-0", b"2-3"]
    assert sorted(dataset.shuffle(2, seed=3)) == WANTED
    assert list(dataset.shuffle(2, seed=3)) != list(dataset.shuffle(2, seed=4))
    assert dataset.batch(4).as_numpy_iterator().__next__().tolist() == WANTED[:4]
    assert list(dataset.skip(2).take(3).repeat(2)) == WANTED[2:5] * 2
    assert dataset.element_spec == fl.TensorSpec((), "string")


def test_an_error_in_map_names_file_and_record(files) -> None:
    for turns, place in ((None, r"record 1 of .*2\.bin"), (2, r"record 0 of .*2\.bin")):
        dataset = fl.FixedLengthRecordDataset(files, 3, 2, 1, num_parallel_reads=turns)
        records = list(dataset)

        def function(record, wanted=records[4 if turns is None else 2]):
            assert record != wanted
            return record

        with pytest.raises(fl.errors.UserFunctionError, match=place):
            list(dataset.map(function))


def test_sizes_that_do_not_fit(files, tmp_path) -> None:
    with pytest.raises(fl.errors.FileFormatError, match=r"10 bytes without header and footer \(2\): 3 records of 3 "):
        list(fl.FixedLengthRecordDataset(files, 3, 2))
    with pytest.raises(fl.errors.FileFormatError, match=r"has 12 bytes, fewer than the 101"):
        len(fl.FixedLengthRecordDataset(files, 3, 100, 1))
    with pytest.raises(fl.errors.FileFormatError, match="0 records of 9223372036854775807 bytes"):
        len(fl.FixedLengthRecordDataset(files, (1 << 63) - 1))
    for wrong in ({"record_bytes": 0}, {"record_bytes": 2.5}, {"record_bytes": 2, "header_bytes": -1}):
        with pytest.raises(fl.errors.ArgumentError):
            fl.FixedLengthRecordDataset(files, **wrong)
    with pytest.raises(fl.errors.MissingFileError):
        fl.FixedLengthRecordDataset([*files, str(tmp_path / "nothing")], 3)


def test_files_that_change_while_they_are_read(files) -> None:
    dataset = fl.FixedLengthRecordDataset(files, 3, 2, 1)
    assert len(dataset) == 7
    with open(files[2], "r+b") as file:
        file.truncate(6)
    with pytest.raises(fl.errors.CorruptRecordError, match="changed while it was read"):
        list(dataset)


def test_errors_of_wrong_sizes_name_the_stage_and_the_line(tmp_path) -> None:
    path = tmp_path / "cut.bin"
    path.write_bytes(b"x" * 11)
    for records in (
        fl.FixedLengthRecordDataset(path, 4),  # here
        fl.FixedLengthRecordDataset(path, 4, header_bytes=6, footer_bytes=6),  # here
    ):
        for run in (len, list, lambda dataset: list(dataset.batch(2)), lambda dataset: len(dataset.batch(2))):
            with pytest.raises(fl.errors.FileFormatError) as caught:
                run(records)
            text = str(caught.value)
            assert text.count("FixedLengthRecordDataset at") == 1
            assert "# here" in text
            assert str(path) in text
