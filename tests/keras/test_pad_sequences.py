import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras")

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.keras import pad_sequences


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=6), min_size=1, max_size=6),
    st.one_of(st.none(), st.integers(0, 8)),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
def test_by_definition(sequences, maxlen, padding, truncating):
    padded = pad_sequences(sequences, maxlen, padding=padding, truncating=truncating, value=-9)
    length = max(map(len, sequences)) if maxlen is None else maxlen
    assert padded.shape == (len(sequences), length)
    assert padded.dtype == np.int32
    for row, sequence in zip(padded.tolist(), sequences, strict=True):
        kept = sequence[max(0, len(sequence) - length) :] if truncating == "pre" else sequence[:length]
        fill = [-9] * (length - len(kept))
        assert row == (fill + kept if padding == "pre" else kept + fill)


def test_numbers_that_do_not_fit_are_refused():
    for sequences, word in (
        ([[1, 2], [0.5]], "sequence 1 holds 0.5"),
        ([[float("nan")]], "holds nan"),
        ([[1 << 40]], "holds 1099511627776"),
        ([np.array([300])], None),
    ):
        dtype = "int32" if word else "uint8"
        with pytest.raises(DtypeError, match=word or "holds 300, which uint8 cannot"):
            pad_sequences(sequences, dtype=dtype)
    with pytest.raises(DtypeError, match=r"value holds 0\.5"):
        pad_sequences([[1]], value=0.5)
    with pytest.raises(DtypeError, match="dtype=object"):
        pad_sequences([["a"]], value="x")
    with pytest.raises(DtypeError):
        pad_sequences([["a"]])
    for values, dtype in (([1e6], "float16"), ([1 + 2j], "float32"), (["abcd"], "S3"), (["abcd"], "U3"), ([2], bool)):
        with pytest.raises(DtypeError, match="sequence 0 holds"):
            pad_sequences([values], dtype=dtype, value="" if isinstance(values[0], str) else 0)
    assert pad_sequences([["abc"], []], dtype="S3", value="").tolist() == [[b"abc"], [b""]]
    assert pad_sequences([[np.inf, 0.1]], dtype="float16").tolist() == [[np.inf, float(np.float16(0.1))]]
    assert pad_sequences([[1.0, 2.0]]).tolist() == [[1, 2]]


def test_shapes():
    assert pad_sequences([np.zeros((2, 3)), np.ones((1, 3))], dtype="float32").shape == (2, 2, 3)
    with pytest.raises(ShapeError, match="sequence 1"):
        pad_sequences([np.zeros((2, 3)), np.ones((1, 4))])
    with pytest.raises(DtypeError, match="sequence 0"):
        pad_sequences([[[1, 2], [3]]])
    assert pad_sequences([], maxlen=3).shape == (0, 3)
    assert pad_sequences([[], []]).shape == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"padding": "left"}, "padding"),
        ({"truncating": None}, "truncating"),
        ({"maxlen": -1}, "maxlen"),
        ({"sequences": []}, "maxlen"),
        ({"sequences": 3}, "not a list"),
        ({"sequences": [[1], 2]}, "sequence 1"),
    ],
    ids=str,
)
def test_wrong_arguments(arguments, words):
    with pytest.raises(ArgumentError) as caught:
        pad_sequences(**{"sequences": [[1]], **arguments})
    assert words in str(caught.value)


def test_a_dtype_that_there_is_not():
    with pytest.raises(DtypeError, match="'int33' is not a dtype"):
        pad_sequences([[1]], dtype="int33")
