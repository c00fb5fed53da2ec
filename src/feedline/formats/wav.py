"""WAV files: 16-bit PCM, what `tf.audio.decode_wav` reads.

Format: RIFF/WAVE (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", 1991): chunks of
a four-letter name, a length and as many bytes; a chunk of odd length is followed by a zero byte. Samples are scaled by
1 / 32768, as TensorFlow does.
"""

from __future__ import annotations

import struct

import numpy as np

from feedline.errors import AudioDecodeError

_SCALE = np.float32(1 / (1 << 15))
_LONGEST = (1 << 31) - 1
_CONVERT = "Convert it, for example: ffmpeg -i in.wav -c:a pcm_s16le out.wav"
_AGAIN = "The file is damaged or was cut short: write or copy it again."
_NAMES = {2: "ADPCM", 3: "floating point", 6: "A-law", 7: "mu-law", 85: "MP3", 0xFFFE: "the extensible format"}
_SIGNATURES = {b"fLaC": "a FLAC file", b"OggS": "an Ogg file", b"ID3": "an MP3 file", b"FORM": "an AIFF file"}


def decode_wav_bytes(contents: bytes | memoryview) -> tuple[np.ndarray, int]:
    """Returns a WAV's samples, and its sampling rate in samples per second.

    Args:
        contents: the whole file.

    Returns:
        float32 (samples, channels) from -1 to below 1, and the rate.

    Raises:
        AudioDecodeError: it is not a WAV, is damaged, or is of another kind than 16-bit PCM.

    Example:
        >>> import io, wave
        >>> file = io.BytesIO()
        >>> with wave.open(file, "wb") as writer:
        ...     writer.setparams((1, 2, 8000, 0, "NONE", ""))
        ...     writer.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
        >>> samples, rate = decode_wav_bytes(file.getvalue())
        >>> samples[:, 0], rate
        (array([ 0. ,  0.5, -1. ], dtype=float32), 8000)
    """
    contents = memoryview(contents).cast("B")
    if bytes(contents[:4]) != b"RIFF" or bytes(contents[8:12]) != b"WAVE":
        raise AudioDecodeError(
            f"the contents are not a WAV: {_described(contents)}.",
            where=["byte 0 of the WAV"],
            fix="Only WAV is decoded. For another audio format: ffmpeg -i in -c:a pcm_s16le out.wav",
        )
    channels = rate = 0
    found: tuple[int, int] | None = None
    offset = 12
    while offset < len(contents):
        if len(contents) - offset < 8:
            raise _defect(f"{len(contents) - offset} bytes follow the last chunk", offset)
        name = bytes(contents[offset : offset + 4])
        (length,) = struct.unpack_from("<I", contents, offset + 4)
        start = offset + 8
        if length > _LONGEST:
            raise _defect(
                f"the chunk {_shown(name)} is said to be {length} bytes long",
                offset + 4,
                "A program that could not go back wrote its length: write the file to disk, not to a pipe.",
            )
        if name == b"fmt " and not channels:
            channels, rate = _format(contents, start, length)
        elif name == b"data":
            if found is not None:
                raise _defect("there is a second data chunk", offset)
            if not channels:
                raise _defect("the samples come before the fmt chunk that describes them", offset)
            found = (start, _whole_frames(contents, start, length, channels))
        offset = start + length
        # The zero byte after an odd chunk; some writers leave it out.
        if length % 2 and offset < len(contents) and contents[offset] == 0:
            offset += 1
    if found is None:
        raise _defect("there is no data chunk" if channels else "there is no fmt chunk", len(contents))
    start, length = found
    samples = np.frombuffer(contents[start : start + length], "<i2").reshape(-1, channels)
    return np.multiply(samples, _SCALE, dtype=np.float32), rate


def _format(contents: memoryview, start: int, length: int) -> tuple[int, int]:
    """Returns the number of channels and the sampling rate that a fmt chunk gives."""
    if len(contents) - start < min(length, 16):
        raise _defect("the file ends within its fmt chunk", len(contents))
    if length < 16:
        raise _defect(f"the fmt chunk is {length} bytes long, and at least 16 are needed", start - 4)
    code, channels, rate, bytes_per_second, frame_bytes, bits = struct.unpack_from("<HHIIHH", contents, start)
    if code != 1:
        kind = f"{_NAMES[code]} (format {code})" if code in _NAMES else f"of format {code}"
        raise _defect(f"the samples are {kind}, not PCM (format 1)", start, _CONVERT)
    if length not in (16, 18):
        raise _defect(f"the fmt chunk is {length} bytes long, and PCM's has 16 or 18", start - 4, _CONVERT)
    if channels < 1:
        raise _defect("there are 0 channels", start + 2)
    if bits != 16:
        raise _defect(f"the samples have {bits} bits, and only 16 are decoded", start + 14, _CONVERT)
    if frame_bytes != 2 * channels:
        raise _defect(f"a frame of {channels} channels is said to be {frame_bytes} bytes long", start + 12)
    if rate > _LONGEST or bytes_per_second != frame_bytes * rate:
        raise _defect(f"{rate} samples a second do not make {bytes_per_second} bytes a second", start + 4)
    return channels, rate


def _whole_frames(contents: memoryview, start: int, length: int, channels: int) -> int:
    """Returns the length of the data chunk, which must be there and hold whole frames."""
    if length > len(contents) - start:
        raise _defect(f"the data chunk promises {length} bytes, and {len(contents) - start} are there", start - 4)
    if length % (2 * channels):
        raise _defect(f"the data chunk's {length} bytes are not whole frames of {2 * channels} bytes", start - 4)
    return length


def _defect(what: str, offset: int, fix: str = _AGAIN) -> AudioDecodeError:
    return AudioDecodeError(f"the WAV does not decode: {what}.", where=[f"byte {offset} of the WAV"], fix=fix)


def _shown(name: bytes) -> str:
    return repr(name.decode("latin-1"))


def _described(contents: memoryview) -> str:
    if not contents:
        return "there is not a single byte"
    start = bytes(contents[:4])
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            return f"they are {kind}"
    return f"they begin with {start!r}"
