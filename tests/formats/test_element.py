import contextlib
import struct

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import feedline as fl
from feedline.formats.element import (
    decode_columns,
    decode_element,
    encode_columns,
    encode_element,
    encode_header,
)
from feedline.strings import PackedStrings

SETTINGS = settings(deadline=None, max_examples=100)
DTYPES = [
    "bool",
    "int8",
    "uint16",
    "int32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


def same(a, b) -> bool:
    if isinstance(a, fl.RaggedTensor):
        return isinstance(b, fl.RaggedTensor) and same(a.row_splits, b.row_splits) and same(a.values, b.values)
    if isinstance(a, fl.SparseTensor):
        return all(same(getattr(a, name), getattr(b, name)) for name in ("indices", "values", "dense_shape"))
    if isinstance(a, bytes):
        return a == b and type(b) is bytes
    if a.dtype == object:
        return b.dtype == object and a.shape == b.shape and a.tolist() == b.tolist()
    return a.dtype == b.dtype and a.shape == b.shape and type(a) is type(b) and a.tobytes() == b.tobytes()


@st.composite
def texts(draw, shape=None):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=3)) if shape is None else shape
    array = np.empty(shape, object)
    array.reshape(-1)[:] = draw(st.lists(st.binary(max_size=5), min_size=array.size, max_size=array.size))
    return array


def arrays(shape=None):
    shape = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3) if shape is None else shape
    numbers = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, shape))
    small = st.sampled_from(["bfloat16", "float8_e4m3fn", "int4"]).flatmap(
        lambda name: hnp.arrays("int8", shape, elements=st.integers(-7, 7)).map(
            lambda a: a.astype(getattr(ml_dtypes, name))
        )
    )
    return st.one_of(numbers, small)


@st.composite
def ragged(draw):
    rows = draw(st.lists(st.integers(0, 3), max_size=3))
    inner = np.cumsum([0, *rows])
    values = draw(st.one_of(texts((int(inner[-1]),)), hnp.arrays("float32", (int(inner[-1]), 2))))
    tensor = fl.RaggedTensor(values, inner)
    if draw(st.booleans()):
        tensor = fl.RaggedTensor(tensor, np.array([0, len(rows)], np.int32))
    return tensor


@st.composite
def sparse(draw):
    count, rank = draw(st.integers(0, 3)), draw(st.integers(1, 3))
    indices = draw(hnp.arrays("int64", (count, rank), elements=st.integers(0, 9)))
    return fl.SparseTensor(indices, draw(st.one_of(texts((count,)), hnp.arrays("int16", count))), np.full(rank, 10))


COMPONENT = st.one_of(
    st.binary(max_size=9), arrays().map(lambda a: a if a.shape else a[()]), texts(), ragged(), sparse()
)


@SETTINGS
@given(st.lists(COMPONENT, max_size=4))
def test_any_element_comes_back(components) -> None:
    back = decode_element(encode_element(components))
    assert len(back) == len(components)
    assert all(same(a, b) for a, b in zip(components, back, strict=True))


@SETTINGS
@given(st.data())
def test_many_at_once_are_the_same_bytes_as_one_by_one(data) -> None:
    count = data.draw(st.integers(1, 4))
    shape = st.tuples(st.just(count), st.integers(0, 3))
    columns = data.draw(
        st.lists(st.one_of(arrays(shape), arrays(st.just((count,))), shape.flatmap(texts), texts((count,))))
    )
    rows = [[column[row] for column in columns] for row in range(count)]
    packed = [
        PackedStrings(np.frombuffer(b"".join(column), np.uint8), *offsets(column))
        if column.dtype == object and column.ndim == 1
        else column
        for column in columns
    ]
    for given_columns in (columns, packed, [list(column) for column in columns]):
        payloads, lengths = encode_columns(count, given_columns)
        assert payloads.tobytes() == b"".join(map(encode_element, rows))
        ends = np.cumsum(lengths)
        back = decode_columns(payloads, ends - lengths, lengths)
        for column, got in zip(columns, back, strict=True):
            assert all(same(column[row], got[row]) for row in range(count))
        order = np.arange(count)[::-1].copy()
        back = decode_columns(payloads, (ends - lengths)[order], lengths[order])
        for column, got in zip(columns, back, strict=True):
            assert all(same(column[row], got[count - 1 - row]) for row in range(count))


def offsets(column):
    lengths = np.array([len(text) for text in column], np.int64)
    return np.cumsum(lengths) - lengths, lengths


def test_elements_of_different_shapes() -> None:
    rows = [[np.zeros(2), b"a"], [np.zeros((3, 1)), b""], [np.zeros(0), np.array([b"x"], object)]]
    payloads, lengths = encode_columns(3, [list(column) for column in zip(*rows, strict=True)])
    columns = decode_columns(payloads, np.cumsum(lengths) - lengths, lengths)
    assert all(same(rows[row][number], columns[number][row]) for row in range(3) for number in range(2))


def test_what_comes_back_can_be_written_to_and_is_aligned() -> None:
    payloads, lengths = encode_columns(3, [np.zeros((3, 5), np.float64), np.zeros(3, np.int8)])
    for column in decode_columns(payloads, np.cumsum(lengths) - lengths, lengths):
        assert column.flags.writeable
        assert column.flags.aligned
        column[...] = 1
    assert not payloads[payloads.size - 1]
    (array,) = decode_element(encode_element([np.zeros((2, 2), np.complex128)]))
    array[:] = 1


def test_the_bytes_of_version_1() -> None:
    components = [np.array([1, 2], np.int16), b"ab", fl.RaggedTensor(np.array([b"c"], object), np.array([0, 1]))]
    header = bytes.fromhex(
        "01000300 44000000"  # version, components, length of the header
        "0001 0501 696e743136 0200000000000000"  # dense: int16, (2,)
        "0001 0600 737472696e67"  # dense: string, ()
        "0102 0501 696e743634 0200000000000000 0601 737472696e67 0100000000000000"  # ragged: int64 (2,), string (1,)
    )
    numbers = struct.pack("<2h4Q", 1, 2, 2, 0, 1, 1)
    assert encode_element(components) == header + numbers + b"abc"


def test_what_cannot_be_stored() -> None:
    with pytest.raises(fl.errors.DtypeError, match="dataset"):
        encode_element([fl.Dataset.range(3)])
    column = np.empty(1, object)
    column[0] = fl.Dataset.range(3)
    for columns in ([column], [list(column)]):
        with pytest.raises(fl.errors.DtypeError, match="dataset"):
            encode_columns(1, columns)
    with pytest.raises(fl.errors.DtypeError, match="datetime64"):
        encode_columns(1, [np.zeros(1, "datetime64[s]")])


EXAMPLES = [
    [np.arange(6, dtype=np.float32).reshape(2, 3), b"text", np.array([b"a", b""], object)],
    [fl.RaggedTensor(np.arange(3), np.array([0, 1, 3])), fl.SparseTensor([[0, 1]], np.array([5]), [2, 2])],
    [],
]


@pytest.mark.parametrize("components", EXAMPLES, ids=range(len(EXAMPLES)))
def test_damaged_bytes_are_read_or_told(components) -> None:
    data = encode_element(components)
    kinds = fl.errors.FileFormatError
    for length in range(len(data)):
        with pytest.raises(kinds):
            decode_element(data[:length])
    with pytest.raises(kinds):
        decode_element(data + b"x")
    good = np.frombuffer(data * 2, np.uint8)
    spans = np.array([0, len(data)]), np.array([len(data)] * 2)
    assert len(decode_columns(good, *spans)) == len(components)
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            for attempt in (
                lambda changed=changed: decode_element(changed),
                lambda changed=changed: decode_columns(np.frombuffer(bytes(changed) * 2, np.uint8), *spans),
                lambda changed=changed: decode_columns(np.frombuffer(data + bytes(changed), np.uint8), *spans),
            ):
                with contextlib.suppress(kinds):
                    attempt()


@SETTINGS
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_told(data) -> None:
    for start in (b"", struct.pack("<BBHI", 1, 0, 1, 8 + len(data) // 2)):
        with contextlib.suppress(fl.errors.FileFormatError):
            decode_element(start + data)


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [(np.dtype("int8"), (1 << 62, 4)), (np.dtype("int64"), (0, 1 << 63)), (np.dtype("int8"), (1,) * 65)],
)
def test_absurd_shapes_are_told(dtype, shape) -> None:
    header = encode_header([(0, [(dtype, shape)])])
    for data in (header, header + bytes(64)):
        with pytest.raises(fl.errors.FileFormatError):
            decode_element(data)
        with pytest.raises(fl.errors.FileFormatError):
            decode_columns(np.frombuffer(data, np.uint8), np.array([0]), np.array([len(data)]))


def test_the_error_says_which_element_it_was() -> None:
    good = encode_element([b"a"])
    data = np.frombuffer(good * 2 + good[:-1] + b"", np.uint8)
    lengths = np.array([len(good), len(good), len(good) - 1])
    with pytest.raises(fl.errors.FileFormatError) as caught:
        decode_columns(data, np.cumsum(lengths) - lengths, lengths)
    assert caught.value.row == 2
