import importlib.util
import io
import json
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.errors import ArgumentError, AudioDecodeError, DtypeError, FeedlineError

GOLDEN = Path(__file__).parents[1] / "golden"
_spec = importlib.util.spec_from_file_location("wav_writer", GOLDEN / "wav_writer.py")
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)

FILES = writer.files()
DECODED = json.loads((GOLDEN / "data" / "wav" / "decoded.json").read_text())
SIZES = [(-1, -1), (1, -1), (5, -1), (0, 2), (-1, 0), (2, 4), (4, 40)]


@pytest.mark.parametrize("name", FILES)
def test_golden(name):
    assert len(DECODED[name]) == len(SIZES)
    for (channels, samples), expected in zip(SIZES, DECODED[name], strict=True):
        if isinstance(expected, str):
            with pytest.raises(AudioDecodeError):
                fl.io.decode_wav(FILES[name], channels, samples)
            continue
        shape, rate, total, bits = expected
        audio, got_rate = fl.io.decode_wav(FILES[name], channels, samples)
        assert list(audio.shape) == shape
        assert audio.dtype == np.float32
        assert got_rate == rate
        assert isinstance(got_rate, np.int32)
        assert float(audio.astype(np.float64).sum()) == total
        assert audio.reshape(-1)[:50].view(np.uint32).tolist() == bits


def test_both_kinds_are_in_the_golden_file():
    refused = [isinstance(results[0], str) for results in DECODED.values()]
    assert sum(refused) > 10
    assert len(refused) - sum(refused) > 10


def test_what_python_writes():
    samples = np.arange(-6, 6, dtype="<i2").reshape(-1, 2)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((2, 2, 16000, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    decoded = fl.io.decode_wav(file.getvalue())
    np.testing.assert_array_equal(decoded.audio, samples / np.float32(32768))
    assert decoded.sample_rate == 16000


def test_chunks_of_odd_length():
    """TensorFlow loses its way after such a chunk; the format says that a zero byte follows."""
    samples = np.arange(5, dtype=np.int16)
    data = writer.chunk(b"data", samples.tobytes())
    for pad in (True, False):
        odd = writer.chunk(b"LIST", b"INFOx", pad)
        for chunks in ((odd, writer.fmt(), data), (writer.fmt(), odd, data), (writer.fmt(), data, odd)):
            np.testing.assert_array_equal(fl.io.decode_wav(writer.riff(*chunks)).audio[:, 0] * 32768, samples)


def test_messages():
    for name, words in {
        "24 bits": "24 bits",
        "float": "floating point",
        "extensible": "extensible",
        "data cut short": "promises 12 bytes, and 10 are there",
        "empty": "no bytes",
        "no data": "no data chunk",
    }.items():
        with pytest.raises(AudioDecodeError, match=words):
            fl.io.decode_wav(FILES[name])
    with pytest.raises(AudioDecodeError, match="FLAC"):
        fl.io.decode_wav(b"fLaC" + bytes(40))
    with pytest.raises(DtypeError, match="read_file"):
        fl.io.decode_wav("a.wav")


@pytest.mark.parametrize("value", [-2, 1.5, "2", None, True, 1 << 31])
def test_wrong_numbers(value):
    with pytest.raises(ArgumentError, match="desired_channels"):
        fl.io.decode_wav(FILES["mono"], value)
    with pytest.raises(ArgumentError, match="desired_samples"):
        fl.io.decode_wav(FILES["mono"], desired_samples=value)


def test_every_beginning_of_a_file_is_refused():
    whole = FILES["LIST before data"]
    for end in range(len(whole)):
        with pytest.raises(AudioDecodeError):
            fl.io.decode_wav(whole[:end])


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_damaged_files_decode_or_are_refused(name, data):
    contents = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        if contents:
            contents[data.draw(st.integers(0, min(60, len(contents) - 1)))] = data.draw(st.integers(0, 255))
    try:
        audio, rate = fl.io.decode_wav(bytes(contents))
    except FeedlineError:
        return
    assert audio.dtype == np.float32
    assert audio.ndim == 2
    assert audio.nbytes <= 2 * len(contents)
    assert rate >= 0


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=80))
def test_any_bytes(contents):
    for start in (b"", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVE" + writer.fmt()):
        try:
            fl.io.decode_wav(start + contents)
        except AudioDecodeError:
            continue
