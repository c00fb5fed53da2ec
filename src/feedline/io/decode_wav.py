"""`decode_wav`."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from feedline.errors import ArgumentError, AudioDecodeError
from feedline.formats.signature import as_contents
from feedline.formats.wav import decode_wav_bytes


class DecodeWav(NamedTuple):
    """What `decode_wav` returns.

    Args:
        audio: float32 (samples, channels), from -1 to below 1.
        sample_rate: int32, samples per second.
    """

    audio: np.ndarray
    sample_rate: np.int32


def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> DecodeWav:
    """Decodes a WAV of 16-bit PCM, as `tf.audio.decode_wav` does.

    The samples are TensorFlow's bit for bit. Unlike TensorFlow it skips every chunk that it does not know, wherever
    that stands, and the zero byte after one of odd length.

    Args:
        contents: the whole file, as `read_file` returns it.
        desired_channels: how many channels; further ones are left out, missing ones are copies of the last. -1 for as
            many as the file has.
        desired_samples: how many samples; further ones are cut off, missing ones are 0. -1 for as many as it has.
        name: not used.

    Returns:
        `audio`, float32 (samples, channels), and `sample_rate`, int32.

    Raises:
        AudioDecodeError: it is not a WAV, is damaged, or holds another kind of samples.
        ArgumentError: a number is below -1.

    Example:
        >>> import io, wave
        >>> file = io.BytesIO()
        >>> with wave.open(file, "wb") as writer:
        ...     writer.setparams((1, 2, 8000, 0, "NONE", ""))
        ...     writer.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
        >>> decode_wav(file.getvalue(), desired_samples=4).audio[:, 0]
        array([ 0. ,  0.5, -1. ,  0. ], dtype=float32)
    """
    wanted_channels = _as_count(desired_channels, "desired_channels")
    wanted_samples = _as_count(desired_samples, "desired_samples")
    audio, rate = decode_wav_bytes(as_contents(contents, "decode_wav", AudioDecodeError))
    samples, channels = audio.shape
    if wanted_channels not in (-1, channels):
        audio = audio[:, np.minimum(np.arange(wanted_channels), channels - 1)]
    if wanted_samples not in (-1, samples):
        kept = min(samples, wanted_samples)
        cut = np.zeros((wanted_samples, audio.shape[1]), np.float32)
        cut[:kept] = audio[:kept]
        audio = cut
    return DecodeWav(audio, np.int32(rate))


def _as_count(value: Any, name: str) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        count = -2
    if isinstance(value, bool) or not -1 <= count < 1 << 31:
        raise ArgumentError(f"{name} is {value!r:.60}.", fix="Give a whole number from 0 on, or -1 for the file's own.")
    return count
