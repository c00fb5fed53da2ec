import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.errors import AudioDecodeError

tf = pytest.importorskip("tensorflow")
_spec = importlib.util.spec_from_file_location("wav_writer", Path(__file__).parents[1] / "golden" / "wav_writer.py")
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)
FILES = writer.files()


def test_every_sample():
    """All 65,536 values that a sample can have."""
    contents = writer.wav(np.arange(-(1 << 15), 1 << 15).astype(np.int16))
    ours, theirs = fl.io.decode_wav(contents).audio, tf.audio.decode_wav(contents).audio.numpy()
    np.testing.assert_array_equal(ours.view(np.uint32), theirs.view(np.uint32))


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 30), st.integers(1, 5), st.integers(-1, 7), st.integers(-1, 40), st.integers(0, 48000))
def test_sizes(samples, channels, wanted_channels, wanted_samples, rate):
    contents = writer.wav(np.random.default_rng(1).integers(-999, 999, (samples, channels), np.int16), rate)
    ours = fl.io.decode_wav(contents, wanted_channels, wanted_samples)
    theirs = tf.audio.decode_wav(contents, wanted_channels, wanted_samples)
    np.testing.assert_array_equal(ours.audio, theirs.audio.numpy())
    assert ours.audio.shape == theirs.audio.shape
    assert ours.sample_rate == theirs.sample_rate.numpy()


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(["three channels", "LIST before data", "fmt of 18 bytes", "LIST after data", "JUNK before fmt"]),
    st.data(),
)
def test_what_tensorflow_takes_of_damaged_files(name, data):
    """Where TensorFlow decodes, so does feedline, to the same; but it refuses what cannot be meant."""
    contents = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 2))):
        contents[data.draw(st.integers(0, min(70, len(contents) - 1)))] = data.draw(st.integers(0, 255))
    try:
        theirs, rate = tf.audio.decode_wav(bytes(contents))
    except (tf.errors.InvalidArgumentError, UnicodeDecodeError):  # the latter: its message quotes the bytes
        return
    try:
        ours = fl.io.decode_wav(bytes(contents))
    except AudioDecodeError as error:
        assert rate < 0 or "whole frames" in str(error) or "promises" in str(error)  # noqa: PT017
        return
    np.testing.assert_array_equal(ours.audio, theirs.numpy())
    assert ours.sample_rate == rate
