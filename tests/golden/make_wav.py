"""Writes tests/golden/data/wav with TensorFlow: python tests/golden/make_wav.py"""

from __future__ import annotations

import json
from pathlib import Path

import tensorflow as tf
from wav_writer import files

FOLDER = Path(__file__).parent / "data" / "wav"
SIZES = [(-1, -1), (1, -1), (5, -1), (0, 2), (-1, 0), (2, 4), (4, 40)]


def main() -> None:
    """Writes, for each file and each size asked for, what TensorFlow decodes: shape, rate, and the samples' bits."""
    results = {}
    for name, contents in files().items():
        results[name] = []
        for channels, samples in SIZES:
            try:
                audio, rate = tf.audio.decode_wav(contents, channels, samples)
            except tf.errors.InvalidArgumentError as error:
                results[name].append("refused: " + str(error).split("}} ")[-1].split(" [Op")[0])
                continue
            whole = audio.numpy()
            bits = whole.reshape(-1)[:50].view("uint32").tolist()
            results[name].append([list(whole.shape), int(rate), float(whole.astype("float64").sum()), bits])
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "decoded.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
