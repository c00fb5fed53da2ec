"""`audio_dataset_from_directory`: `keras.utils.audio_dataset_from_directory`, without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError
from feedline.keras.directory import DirectoryDataset, Request, batches, check
from feedline.ragged import RaggedTensor

EXTENSIONS = (".wav",)


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> DirectoryDataset | tuple[DirectoryDataset, DirectoryDataset]:
    """Returns the dataset of the WAV files in class folders.

    Files, labels, splits and samples are those of `keras.utils.audio_dataset_from_directory`; the order within an
    epoch differs where `shuffle` is on.

    Args:
        directory: the folder. With `labels="inferred"` each folder in it is a class; else every file below it counts.
        labels: "inferred", None, or a list of one label for each file in the order of the sorted paths.
        label_mode: "int" for int32 numbers; "categorical" for float32 one-hot rows; "binary" for float32 0 or 1 of
            shape (1,); None for no labels.
        class_names: the class folders to use, in the order of their labels; None for all, sorted.
        batch_size: how many files a batch; None for single files.
        sampling_rate: must be None: feedline does not resample, and Keras does so only with `tensorflow_io`.
        output_sequence_length: how many samples of each file; shorter files are filled up with 0. None: a batch is
            filled up to its longest file.
        ragged: whether batches are `RaggedTensor`s, with each file's own length.
        shuffle: whether the files are shuffled, once as a whole and then each epoch.
        seed: the seed of both; None for one drawn from `np.random`.
        validation_split: the share of the files, the last ones after the first shuffle, that are for validation.
        subset: "training", "validation" or "both"; goes with `validation_split`.
        follow_links: whether folders behind symbolic links are looked into.
        verbose: whether the numbers of files are printed.

    Returns:
        A dataset of float32 (batch, samples, channels), or of those and labels, with `class_names` and `file_paths`;
        a tuple of two for "both".

    Raises:
        ArgumentError: an argument cannot work.
        MissingFileError: there is no such folder.
        NoFilesError: it has no `.wav` files.

    Example:
        >>> import pathlib, tempfile, wave
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for length, name in enumerate(("no", "yes"), 2):
        ...     (folder / name).mkdir()
        ...     with wave.open(str(folder / name / "0.wav"), "wb") as writer:
        ...         writer.setparams((1, 2, 8000, 0, "NONE", ""))
        ...         writer.writeframes(np.full(length, 16384, "<i2").tobytes())
        >>> audio, labels = next(iter(audio_dataset_from_directory(folder, shuffle=False, verbose=False)))
        >>> audio[..., 0], labels
        (array([[0.5, 0.5, 0. ], [0.5, 0.5, 0.5]], dtype=float32), array([0, 1], dtype=int32))
    """
    request = Request(
        "WAV", EXTENSIONS, directory, labels, label_mode, class_names, bool(shuffle), seed, validation_split, subset,
        bool(follow_links), bool(verbose),
    )  # fmt: skip
    check(request, "tf")
    if ragged and output_sequence_length is not None:
        raise ArgumentError(
            "ragged and output_sequence_length are both set.", fix="Choose one: files keep their lengths or get one."
        )
    if sampling_rate is not None:
        raise ArgumentError(
            f"sampling_rate is {sampling_rate!r:.40}: feedline does not resample (for Keras it takes tensorflow_io).",
            fix="Leave it out, and resample in ds.map(...), for example with scipy.signal.resample_poly.",
        )
    length = -1
    if output_sequence_length is not None:
        length = whole_number(output_sequence_length, "output_sequence_length", least=0)
    pads = output_sequence_length is None and not ragged
    built = request.datasets(_loader(length, bool(ragged)), _padded(batch_size) if pads else batches(batch_size))
    return (built[0], built[1]) if isinstance(built, list) else built


def _padded(batch_size: int | None) -> Any:
    if batch_size is None:
        return batches(None)
    size = whole_number(batch_size, "batch_size", least=1)

    def padded(dataset: Dataset) -> Dataset:
        return dataset.padded_batch(size)

    return padded


def _loader(length: int, ragged: bool) -> Any:
    from feedline.io.decode_wav import decode_wav
    from feedline.io.read_file import read_file

    def load_audio(path: bytes) -> Any:
        audio = decode_wav(read_file(path), desired_samples=length).audio
        if not ragged:
            return audio
        # The channels are the ragged dimension: so does Keras, and a batch has two of them.
        samples, channels = audio.shape
        return RaggedTensor(audio.reshape(-1), np.arange(samples + 1, dtype=np.int64) * channels)

    return load_audio
