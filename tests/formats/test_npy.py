"""`.npy` files."""

import contextlib
import io
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feedline.errors import DtypeError, TensorDecodeError
from feedline.io.decode_npy import decode_npy


def saved(array, version=None):
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(out, np.asanyarray(array), version)
    return out.getvalue()


GOOD = saved(np.arange(6, dtype=np.int32).reshape(2, 3))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_gives_back_what_numpy_saved(data):
    kinds = st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?"),
        hnp.complex_number_dtypes(endianness="?"),
        hnp.datetime64_dtypes(),
    )
    array = data.draw(hnp.arrays(data.draw(kinds), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
    if data.draw(st.booleans()):
        array = np.asfortranarray(array)
    version = data.draw(st.sampled_from([(1, 0), (2, 0), (3, 0)]))
    got = decode_npy(saved(array, version))
    assert got.shape == array.shape
    assert got.dtype == array.dtype.newbyteorder("=")
    assert got.dtype.isnative
    assert not got.flags.writeable
    np.testing.assert_array_equal(got, array)


def test_shares_the_bytes():
    got = decode_npy(GOOD)
    assert not got.flags.owndata
    np.testing.assert_array_equal(got, [[0, 1, 2], [3, 4, 5]])


def test_strings_become_bytes():
    for array in (np.array(["ä", "bc", ""]), np.array([b"\xc3\xa4", b"bc", b""])):
        got = decode_npy(saved(array))
        assert got.dtype == object
        assert got.tolist() == ["ä".encode(), b"bc", b""]


def test_objects_are_never_unpickled():
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    contents = out.getvalue() + pickle.dumps(np.array([Bomb()], object))
    with pytest.raises(TensorDecodeError, match="pickled Python objects") as caught:
        decode_npy(contents)
    assert "np.save" in caught.value.fix


def header(text, version=b"\1\0"):
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version == b"\1\0" else 4, "little") + text


DEFECTS = {
    "magic": (b"\x92NUMPY" + GOOD[6:], "not an .npy file"),
    "version": (b"\x93NUMPY\4\0" + GOOD[8:], "version is 4.0"),
    "cut": (GOOD[:-1], "24 bytes, but 23 follow the header: the .npy file is cut off"),
    "long": (GOOD + b"x", "too long"),
    "header length": (b"\x93NUMPY\1\0\xff\x10", "ends after 10"),
    "huge header": (b"\x93NUMPY\2\0\xff\xff\xff\xff", "at most 10,000"),
    "not a literal": (header(b"__import__('os').system('true')"), "not a dictionary"),
    "deep": (header(b"(" * 9000), "not a dictionary"),
    "keys": (header(b"{'descr': '<i4', 'shape': ()}"), "descr, fortran_order and shape"),
    "shape": (header(b"{'descr': '<i4', 'fortran_order': False, 'shape': (-1,)}"), "shape in the .npy header"),
    "bool shape": (header(b"{'descr': '<i4', 'fortran_order': False, 'shape': (True,)}"), "shape in the .npy header"),
    "order": (header(b"{'descr': '<i4', 'fortran_order': 1, 'shape': ()}"), "fortran_order in the .npy header"),
    "dtype": (header(b"{'descr': 'zz', 'fortran_order': False, 'shape': ()}"), "dtype in the .npy header"),
    "size": (header(b"{'descr': '<i8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}"), "cut off"),
    "empty but huge": (
        header(b"{'descr': '<i8', 'fortran_order': False, 'shape': (0, 9" + b"9" * 40 + b")}"),
        "no array",
    ),
    "no width": (header(b"{'descr': '|S0', 'fortran_order': False, 'shape': (9" + b"9" * 12 + b",)}"), "takes 0 bytes"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_are_named(name):
    contents, message = DEFECTS[name]
    with pytest.raises(TensorDecodeError, match=message):
        decode_npy(contents)


def test_cut_off_anywhere_it_raises():
    for length in range(len(GOOD)):
        with pytest.raises(TensorDecodeError):
            decode_npy(GOOD[:length])


@settings(deadline=None, max_examples=300)
@given(at=st.integers(0, 127), value=st.integers(0, 255))
def test_damage_to_the_header_never_crashes(at, value):
    damaged = bytearray(GOOD)
    damaged[at] = value
    with contextlib.suppress(TensorDecodeError):
        array = decode_npy(bytes(damaged))
        assert array.dtype == object or array.nbytes == 24  # text of 4 bytes is as long as a number


def test_a_name_is_not_contents():
    with pytest.raises(DtypeError, match="read_file"):
        decode_npy("labels.npy")


@pytest.mark.parametrize("unit", [0x110000, 0xFFFFFFFF, 0xD800])
def test_text_that_is_not_unicode(unit) -> None:
    file = io.BytesIO()
    np.save(file, np.array(["ab"]))
    with pytest.raises(TensorDecodeError, match="not Unicode"):
        decode_npy(file.getvalue()[:-4] + unit.to_bytes(4, "little"))
