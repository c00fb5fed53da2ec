"""Writes tests/golden/data/keras_files with Keras on TensorFlow: python tests/golden/make_keras_files.py"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras

FOLDER = Path(__file__).parent / "data" / "keras_files"
CLASSES = {"b": 7, "a c": 4, "Z": 9}
SEEDS = [0, 1, 42, 999_999, (1 << 32) - 1]
SPLITS = [0.1, 0.3, 0.5]


def main() -> None:
    """Writes the files of the validation part, in order, with their labels, for each seed and split."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name, count in CLASSES.items():
            (Path(folder) / name).mkdir()
            for index in range(count):
                (Path(folder) / name / f"{index}.txt").write_text(f"{name}/{index}.txt")
        for seed in SEEDS:
            for split in SPLITS:
                _, dataset = keras.utils.text_dataset_from_directory(
                    folder, seed=seed, validation_split=split, subset="both", batch_size=None
                )
                found = [[text.numpy().decode(), int(label)] for text, label in dataset]
                results.append({"seed": seed, "validation_split": split, "validation": found})
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "splits.json").write_text(json.dumps({"classes": CLASSES, "splits": results}))


if __name__ == "__main__":
    main()
