"""`decode_csv` beside TensorFlow's, on lines that are nearly right."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")

from feedline.errors import CsvError  # noqa: E402
from feedline.io.decode_csv import decode_csv  # noqa: E402

PIECES = st.sampled_from(
    [
        b",",
        b",",
        b",",
        b'"',
        b'"',
        b'""',
        b"\n",
        b"\r",
        b" ",
        b"1",
        b"2.5",
        b"-3",
        b"a",
        b"NA",
        b";",
        b"\xff",
        b"1e2",
        b"0",
    ]
)
LINES = st.lists(PIECES, max_size=9).map(b"".join)
DEFAULTS = {"int32": 7, "int64": -1, "float32": 0.5, "float64": 1.5, "string": b"none"}
TYPES = {name: tf.as_dtype(name) for name in DEFAULTS}


@given(
    st.one_of(LINES, st.lists(LINES, min_size=1, max_size=3)),
    st.lists(st.tuples(st.sampled_from([*DEFAULTS, "string", "string"]), st.booleans()), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from(["", "NA"]),
    st.sampled_from([",", ",", ";"]),
    st.one_of(st.none(), st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True).map(sorted)),
)
@settings(deadline=None, max_examples=1500)
def test_equals_tensorflow(records, columns, quotes, missing, delimiter, selected):
    if selected is not None:
        columns = (columns * 4)[: len(selected)]
    options = {"use_quote_delim": quotes, "na_value": missing, "field_delim": delimiter, "select_cols": selected}
    theirs = [tf.constant([DEFAULTS[kind]] if given else [], TYPES[kind]) for kind, given in columns]
    ours = [np.array(one.numpy()) for one in theirs]
    try:
        wanted = [one.numpy() for one in tf.io.decode_csv(records, theirs, **options)]
    except (tf.errors.InvalidArgumentError, UnicodeDecodeError):  # the latter while it writes its message
        with pytest.raises(CsvError) as caught:
            decode_csv(records, ours, **options)
        assert caught.value.fix
        return
    got = decode_csv(records, ours, **options)
    assert len(got) == len(wanted)
    for mine, their in zip(got, wanted, strict=True):
        assert np.asarray(mine).dtype == np.asarray(their).dtype
        assert np.shape(mine) == np.shape(their)
        np.testing.assert_array_equal(mine, their)
