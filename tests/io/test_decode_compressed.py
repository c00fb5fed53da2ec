import gzip
import zlib

import pytest

from feedline.errors import ArgumentError, FileFormatError
from feedline.io.decode_compressed import decode_compressed

TEXT = b"some text " * 100


def test_what_was_compressed():
    assert decode_compressed(zlib.compress(TEXT), "ZLIB") == TEXT
    assert decode_compressed(gzip.compress(TEXT), "GZIP") == TEXT
    assert decode_compressed(gzip.compress(TEXT) + gzip.compress(b"more"), "GZIP") == TEXT + b"more"
    assert decode_compressed(TEXT) == TEXT
    assert decode_compressed([zlib.compress(b"a"), zlib.compress(b"")], "ZLIB").tolist() == [b"a", b""]


@pytest.mark.parametrize("kept", [0, 1, 10, 25, -1, -4, -5])
def test_what_is_cut_off_is_told(kept):
    for contents, kind in ((zlib.compress(TEXT), "ZLIB"), (gzip.compress(TEXT), "GZIP")):
        with pytest.raises(FileFormatError, match="ends before it is complete"):
            decode_compressed(contents[:kept], kind)


def test_other_contents_are_told():
    for contents, kind in ((TEXT, "ZLIB"), (zlib.compress(TEXT), "GZIP"), (zlib.compress(TEXT) + b"rest", "ZLIB")):
        with pytest.raises(FileFormatError, match="are not"):
            decode_compressed(contents, kind)
    with pytest.raises(ArgumentError, match="compression_type"):
        decode_compressed(TEXT, "LZ4")
