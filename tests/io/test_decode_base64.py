import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import DtypeError, FileFormatError
from feedline.io.decode_base64 import decode_base64, encode_base64


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=50), st.booleans())
def test_there_and_back(value, pad):
    text = encode_base64(value, pad)
    assert not pad or len(text) % 4 == 0
    assert decode_base64(text) == value


def test_arrays():
    texts = encode_base64([[b"a"], [b"\xff\xfe"]])
    assert texts.tolist() == [[b"YQ"], [b"__4"]]
    assert decode_base64(texts).tolist() == [[b"a"], [b"\xff\xfe"]]
    assert encode_base64(np.array([], object)).shape == (0,)


@pytest.mark.parametrize("text", [b"+/+/", b"Y", b"YQ=", b"YQ===", b"Y Q", b"YQ\n", "\u00e9", b"YQ==YQ=="])
def test_other_text_is_refused(text):
    with pytest.raises(FileFormatError) as caught:
        decode_base64(text)
    assert caught.value.fix


def test_other_values_are_refused():
    with pytest.raises(DtypeError):
        decode_base64(3)
