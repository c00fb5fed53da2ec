"""CsvDataset against TensorFlow's, over texts made at random."""

import gzip
import math
import pathlib
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.sources.csv import Csv, CsvColumn

tf = pytest.importorskip("tensorflow")

QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
DTYPES = {name: getattr(tf, name) for name in ("int32", "int64", "float32", "float64", "string")}


def same(a, b) -> bool:
    if isinstance(a, bytes):
        return a == b
    return a.dtype == b.dtype and (a.tobytes() == b.tobytes() or (math.isnan(a) and math.isnan(b)))


def theirs(path, columns, **options):
    """Returns TensorFlow's records, with None for each that is an error."""
    records = []
    iterator = iter(tf.data.experimental.CsvDataset(str(path), columns, **options))
    for _ in range(2000):
        try:
            records.append(tuple(value.numpy() for value in next(iterator)))
        except StopIteration:
            return records
        except tf.errors.InvalidArgumentError:
            records.append(None)
    raise AssertionError("TensorFlow's iterator has no end")


def ours(dataset):
    """Returns feedline's records, with None for each that is an error."""
    records = []
    stream = dataset.node.open(0, None)
    while True:
        try:
            block = stream.next(3)
        except fl.errors.CsvError:
            records.append(None)
            continue
        if block is None:
            return records
        block = block.plain()
        records += [block.row(row) for row in range(block.length)]


def check(path, columns, their_columns, chunk, **options):
    dataset = fl.CsvDataset(path, columns, buffer_size=chunk, **options)
    mine, wanted = ours(dataset), theirs(path, their_columns, buffer_size=chunk, **options)
    assert len(mine) == len(wanted), (mine, wanted)
    for a, b in zip(mine, wanted, strict=True):
        assert (a is None) == (b is None), (mine, wanted)
        assert a is None or all(same(x, y) for x, y in zip(a, b, strict=True)), (a, b)


@st.composite
def defaults(draw, count):
    ours_, theirs_ = [], []
    for _ in range(count):
        name = draw(st.sampled_from(list(DTYPES)))
        if draw(st.booleans()):
            ours_.append(fl.string if name == "string" else name)
            theirs_.append(DTYPES[name])
        else:
            value = draw(st.sampled_from([b"", b"none"])) if name == "string" else draw(st.integers(-9, 9))
            ours_.append(value if name == "string" else np.dtype(name).type(value))
            theirs_.append(tf.constant([value], DTYPES[name]))
    return ours_, theirs_


FIELD = st.one_of(
    st.text('ab,"\n\r1. ', max_size=4),
    st.integers(-(2**33), 2**33).map(str),
    st.floats().map(str),
    st.text('ab,"\n\r', max_size=5).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.sampled_from(["", "NA", '"NA"', '""', " 7 ", "1e3"]),
)


@QUICK
@given(st.data())
def test_random_text(tmp_path: pathlib.Path, data) -> None:
    count = data.draw(st.integers(1, 3))
    columns, their_columns = data.draw(defaults(count))
    rows = data.draw(st.lists(st.lists(FIELD, min_size=max(1, count - 1), max_size=count + 1), max_size=5))
    ends = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = ends.join(",".join(row) for row in rows) + data.draw(st.sampled_from(["", ends]))
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    options = {
        "header": data.draw(st.booleans()),
        "use_quote_delim": data.draw(st.booleans()),
        "na_value": data.draw(st.sampled_from(["", "NA", "a"])),
        "field_delim": data.draw(st.sampled_from([",", "a", "1"])),
    }
    check(path, columns, their_columns, data.draw(st.sampled_from([1, 2, 7, 4096])), **options)


@QUICK
@given(st.data())
def test_columns_and_quotes_that_are_right(tmp_path: pathlib.Path, data) -> None:
    width = data.draw(st.integers(1, 5))
    chosen = data.draw(st.lists(st.integers(0, width), max_size=width, unique=True).map(sorted))
    kind = data.draw(st.sampled_from(["select_cols", "exclude_cols"]))
    count = len(chosen) if kind == "select_cols" and chosen else width - len([c for c in chosen if c < width])
    if count == 0:
        return
    columns, their_columns = data.draw(defaults(count))
    rows = data.draw(st.lists(st.lists(FIELD, min_size=width, max_size=width), max_size=6))
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(",".join(row) for row in rows).encode())
    check(path, columns, their_columns, data.draw(st.sampled_from([3, 4096])), **({kind: chosen} if chosen else {}))


RIGHT = {
    "int32": st.integers(-(2**31), 2**31 - 1).map(str),
    "int64": st.integers(-(2**63), 2**63 - 1).map(str),
    "float32": st.floats(width=32).map(str),
    "float64": st.floats().map(lambda number: f" {number!r} "),
    "string": st.text("abc 1", min_size=1, max_size=5),
}


@QUICK
@given(st.data())
def test_records_that_are_right(tmp_path: pathlib.Path, data) -> None:
    names = data.draw(st.lists(st.sampled_from(list(DTYPES)), min_size=1, max_size=4))
    columns, their_columns = [], []
    for name in names:
        value = b"none" if name == "string" else np.dtype(name).type(7)
        columns.append(value)
        their_columns.append(tf.constant([value], DTYPES[name]))

    def field(name):
        text = data.draw(st.one_of(RIGHT[name], RIGHT[name], st.sampled_from(["", "NA"])))
        quoted = data.draw(st.booleans())
        return f'"{text}"' if quoted else text

    rows = [[field(name) for name in names] for _ in range(data.draw(st.integers(1, 6)))]
    ends = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    path = tmp_path / "a.csv"
    path.write_bytes((ends.join(",".join(row) for row in rows) + ends).encode())
    dataset = fl.CsvDataset(path, columns, na_value="NA", buffer_size=data.draw(st.sampled_from([1, 9, None])))
    wanted = theirs(path, their_columns, na_value="NA")
    assert None not in wanted
    assert all(same(x, y) for a, b in zip(dataset, wanted, strict=True) for x, y in zip(a, b, strict=True))


NUMBER = st.one_of(
    st.text("0123456789.eE+-xXpPaAfFinty()_ \t", max_size=7),
    st.floats().map(repr),
    st.floats(width=32).map(lambda number: f"{number:.9g}"),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.from_regex(r"[+-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[+-]?0[xX][0-9a-f]{0,20}\.?[0-9a-f]{0,20}([pP][+-]?[0-9]{1,3})?", fullmatch=True),
    st.integers(-(2**70), 2**70).map(str),
)


@settings(QUICK, max_examples=40)
@given(st.sampled_from(["int32", "int64", "float32", "float64"]), st.lists(NUMBER, min_size=1, max_size=60))
def test_numbers(tmp_path: pathlib.Path, dtype, texts) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(text or " " for text in texts).encode())
    check(path, [dtype], [DTYPES[dtype]], 4096, field_delim=";")


def test_numbers_between_two_float32(tmp_path: pathlib.Path) -> None:
    generator = np.random.default_rng(5)
    texts = []
    for bits in generator.integers(0, 0x7F800000, 300).astype(np.uint32):
        low = np.frombuffer(bits.tobytes(), np.float32)[0]
        middle = (float(low) + float(np.nextafter(low, np.float32(np.inf)))) / 2
        if math.isfinite(middle) and middle:
            from decimal import Decimal

            exact = format(Decimal(middle), "f" if 1e-20 < middle < 1e20 else "e")
            _, digits, power = Decimal(middle).as_tuple()
            number = int("".join(map(str, digits)))
            texts += [exact, f"{number * 10 + 1}e{power - 1}", f"{number * 10 - 1}e{power - 1}"]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(texts))
    for dtype in ("float32", "float64"):
        wanted = [record[0] for record in theirs_all(path, dtype)]
        got = [record[0] for record in fl.CsvDataset(path, [dtype])]
        assert len(got) == len(texts)
        assert np.array_equal(np.array(got), np.array(wanted))


def theirs_all(path, dtype):
    return list(tf.data.experimental.CsvDataset(str(path), [DTYPES[dtype]]).as_numpy_iterator())


def test_many_numbers_of_all_lengths(tmp_path: pathlib.Path) -> None:
    generator = np.random.default_rng(3)
    values = generator.integers(0, 2**64, 4000, np.uint64).view(np.float64)
    values = np.concatenate([values, generator.standard_normal(4000), generator.random(4000) * 1e9])
    digits = generator.integers(1, 22, len(values)).tolist()
    texts = [f"{value:.{count}g}" for value, count in zip(values.tolist(), digits, strict=True)]
    texts += [f"{whole}e{power}" for whole in generator.integers(1, 2**63, 60).tolist() for power in range(-30, 31)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(texts))
    for dtype in ("float32", "float64"):
        wanted = np.array([record[0] for record in theirs_all(path, dtype)])
        got = np.array([record[0] for record in fl.CsvDataset(path, [dtype])])
        assert got.dtype == wanted.dtype
        assert np.array_equal(got, wanted, equal_nan=True)


@pytest.mark.parametrize(("compression", "compress"), [("GZIP", gzip.compress), ("ZLIB", zlib.compress)])
def test_compressed(tmp_path: pathlib.Path, compression, compress) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(compress(b"".join(b'%d,"text ""%d"""\r\n' % (n, n) for n in range(500))))
    check(path, ["int32", fl.string], [tf.int32, tf.string], 100, compression_type=compression)


def test_errors_left_out_are_those_that_tensorflow_leaves_out(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'1,2\n\nx,3\n4,5,6\n7,8\n"9"9",1\n1"0,1\n11,12\n13,"14')
    wanted = tf.data.experimental.CsvDataset(str(path), [tf.int32, tf.int32]).ignore_errors()
    wanted = [tuple(int(value) for value in record) for record in wanted.as_numpy_iterator()]
    columns = (CsvColumn(np.dtype("int32")), CsvColumn(np.dtype("int32")))
    dataset = fl.Dataset._of(Csv((), None, (str(path),), columns, skip_errors=True))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = [tuple(int(value) for value in record) for record in dataset]
    assert got == wanted == [(1, 2), (7, 8), (11, 12)]
    assert len(caught) == 1
    assert "6 records that cannot be read" in str(caught[0].message)
    assert "line 2 of" in str(caught[0].message)
    ignoring = fl.CsvDataset(path, ["int32", "int32"]).ignore_errors()
    assert [tuple(int(value) for value in record) for record in ignoring] == wanted
