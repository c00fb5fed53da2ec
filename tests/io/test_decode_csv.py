import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError, CsvError, DtypeError, ShapeError
from feedline.io.decode_csv import decode_csv


def test_one_line_gives_scalars_and_several_give_arrays():
    number, name, share = decode_csv(b"1,Ada,0.5", [0, "", 0.0])
    assert (number, name, share) == (1, b"Ada", 0.5)
    assert (number.dtype, share.dtype) == (np.int32, np.float32)
    numbers, names = decode_csv(np.array([[b"1,a"], [b"2,"]], object), [np.zeros(0, np.int64), "nobody"])
    assert numbers.dtype == np.int64
    assert numbers.tolist() == [[1], [2]]
    assert names.tolist() == [[b"a"], [b"nobody"]]
    assert [one.shape for one in decode_csv([], [0, ""])] == [(0,), (0,)]


def test_quotes():
    assert decode_csv(b'"a,b","say ""hi""","two\nlines",""', ["", "", "", "none"]) == [
        b"a,b", b'say "hi"', b"two\nlines", b"none",
    ]  # fmt: skip
    assert decode_csv(b'"a",b"', ["", ""], use_quote_delim=False) == [b'"a"', b'b"']


def test_lines_of_a_file(tmp_path):
    (tmp_path / "a.csv").write_text("id,x\n1,0.5\n2,\n")
    dataset = (
        fl.TextLineDataset(str(tmp_path / "a.csv"))
        .skip(1)
        .batch(2)
        .map(lambda lines: tuple(decode_csv(lines, [0, -1.0])))
    )
    [(numbers, values)] = list(dataset)
    assert numbers.tolist() == [1, 2]
    assert values.tolist() == [0.5, -1.0]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"1", "1 fields, where 2"),
        (b"", "0 fields, where 2"),
        (b"1,2,3", "3 fields, where 2"),
        (b"x,2", "field 0, 'x', is not a number that int32"),
        (b"99999999999,2", "not a number that int32"),
        (b",2", "field 0 is empty"),
        (b'"1,2', "never ends"),
        (b'"1"x,2', "neither doubled nor its end"),
        (b'1",2', "does not begin with a quote"),
        (b"1,2\n", "does not begin with a quote"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(line, says):
    defaults = [np.zeros(0, np.int32), 0]
    with pytest.raises(CsvError) as caught:
        decode_csv(line, defaults)
    assert says in caught.value.what
    with pytest.raises(CsvError) as caught:
        decode_csv([b"1,2", line], defaults)
    assert caught.value.where == ["line 1 of the batch"]
    assert caught.value.row == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (([],), ArgumentError), (("int32",), ArgumentError), (([[1, 2]],), ShapeError), (([True],), DtypeError),
        (([0], ",,"), ArgumentError), (([0], 3), ArgumentError), (([0], ",", True, 3), ArgumentError),
        (([0], ",", True, "", [1, 2]), ArgumentError), (([0, 0], ",", True, "", [2, 1]), ArgumentError),
        (([0], ",", True, "", [-1]), ArgumentError), (([0], ",", True, "", 0), ArgumentError),
    ],
)  # fmt: skip
def test_bad_arguments(arguments, error):
    with pytest.raises(error) as caught:
        decode_csv(b"1", *arguments)
    assert caught.value.fix


def test_records_that_are_no_strings():
    with pytest.raises(DtypeError, match="takes bytes"):
        decode_csv(3, [0])
    with pytest.raises(ShapeError, match="differing lengths"):
        decode_csv([[b"1"], [b"1", b"2"]], [0])
