"""WAV files for the tests, whole ones and odd ones."""

from __future__ import annotations

import struct

import numpy as np


def chunk(name: bytes, body: bytes, pad: bool = True) -> bytes:
    """Returns a RIFF chunk."""
    return name + struct.pack("<I", len(body)) + body + (b"\0" if pad and len(body) % 2 else b"")


def fmt(code: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, extra: bytes = b"") -> bytes:
    """Returns a fmt chunk."""
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits) + extra)


def riff(*chunks: bytes) -> bytes:
    """Returns a WAV file of chunks."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav(samples: np.ndarray, rate: int = 8000) -> bytes:
    """Returns a plain WAV of int16 samples, (samples,) or (samples, channels)."""
    samples = np.asarray(samples, "<i2")
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    return riff(fmt(channels=channels, rate=rate), chunk(b"data", samples.tobytes()))


def files() -> dict[str, bytes]:
    """Returns files by name: those that TensorFlow decodes, and those that it refuses."""
    every = np.arange(-(1 << 15), 1 << 15, 37, dtype=np.int16)
    six = np.array([0, 1, -1, 32767, -32768, 256], np.int16)
    data = chunk(b"data", six.tobytes())
    pcm = fmt()
    return {
        "mono": wav(every),
        "stereo": wav(every[:1770].reshape(-1, 2), 44100),
        "three channels": wav(six.reshape(2, 3), 1),
        "no samples": wav(six[:0]),
        "rate 0": wav(six, 0),
        "fmt of 18 bytes": riff(fmt(extra=b"\0\0"), data),
        "JUNK before fmt": riff(chunk(b"JUNK", bytes(10)), pcm, data),
        "LIST before data": riff(pcm, chunk(b"LIST", b"INFOxxxx"), data),
        "LIST after data": riff(pcm, data, chunk(b"LIST", b"INFOxxxx")),
        "last chunk cut short": riff(pcm, data, chunk(b"LIST", b"INFOxxxx")[:-3]),
        "wrong RIFF length": b"RIFF" + bytes(4) + riff(pcm, data)[8:],
        "empty": b"",
        "RIFF alone": b"RIFF",
        "not WAVE": b"RIFF" + bytes(4) + b"AVI " + pcm + data,
        "no fmt": riff(data),
        "no data": riff(pcm),
        "two data": riff(pcm, data, data),
        "data cut short": riff(pcm, data)[:-2],
        "fmt cut short": riff(pcm)[:-6],
        "length of 4 GB": riff(pcm, b"data\xff\xff\xff\xff" + six.tobytes()),
        "8 bits": riff(fmt(bits=8), data),
        "24 bits": riff(fmt(bits=24), data),
        "float": riff(fmt(code=3, bits=32), data),
        "ADPCM": riff(fmt(code=2), data),
        "extensible": riff(fmt(code=0xFFFE, extra=bytes(24)), data),
        "no channels": riff(fmt(channels=0), data),
        "wrong frame length": riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 4, 16)), data),
        "wrong bytes per second": riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 1, 2, 16)), data),
        "a byte after the data": riff(pcm, data) + b"x",
        "half a sample": riff(pcm, chunk(b"data", six.tobytes()[:-1], pad=False)),
    }
