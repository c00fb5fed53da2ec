"""Samples in files of their own, and sequences of different lengths."""

import re

import numpy as np
import pytest

import feedline as fl

MENDED = ("tf.io.decode_raw(label, tf.int32)", "tf.io.decode_npy(label)")


def test_npy_labels_by_decode_raw_in_a_dataset(run_block):
    pytest.importorskip("keras")
    with pytest.raises(fl.errors.FileFormatError, match="decode_npy") as caught:
        run_block("block_002_1")
    message = str(caught.value)
    assert "npy file: its header would become numbers" in message
    assert re.search(r"block_002_1.py:\d+: return tf.io.decode_raw\(label, tf.int32\)", message)
    assert re.search(r"map\(read_both\) at block_002_1.py:\d+", message)
    assert re.search(r"element \d+, which is 'data/images/image_\d+.png'", message)


def test_npy_labels_by_decode_npy_in_a_dataset(run_block, capsys):
    pytest.importorskip("keras")
    found = run_block("block_002_1", change=MENDED)
    assert capsys.readouterr().out == "images (2, 128, 128, 3)\nlabels (2, 10)\n" * 2
    wanted = sorted(np.load(path).tolist() for path in found["label_paths"])
    batches = list(found["dataset"])
    assert sorted(label for _, labels in batches for label in labels.numpy().tolist()) == wanted
    for images, labels in batches:
        assert images.dtype == np.float32
        assert labels.dtype == np.int32
        assert 0 <= images.numpy().min() < images.numpy().max() <= 1


@pytest.fixture
def files(tmp_path):
    (tmp_path / "data/images").mkdir(parents=True)
    (tmp_path / "data/labels").mkdir()
    for number in range(10):
        pixels = np.random.default_rng(number).integers(0, 255, (64, 64, 3), np.uint8)
        (tmp_path / f"data/images/image_{number:03}.png").write_bytes(fl.io.encode_png(pixels))
        np.save(tmp_path / f"data/labels/label_{number:03}.npy", np.full(10, number, np.int32))


def test_npy_labels_by_decode_raw_in_a_generator(files, run_block):
    with pytest.raises(fl.errors.FileFormatError, match="decode_npy"):
        run_block("block_002_2")


def test_npy_labels_by_decode_npy_in_a_generator(files, run_block, capsys):
    found = run_block("block_002_2", change=MENDED)
    assert capsys.readouterr().out == "images (2, 128, 128, 3)\nlabels (2, 10)\n" * 2
    assert type(found["images"]) is np.ndarray
    for image, label in zip(found["images"], found["labels"], strict=True):
        wanted = found["read_image"](f"data/images/image_{label[0]:03}.png")
        np.testing.assert_array_equal(image, wanted)


def test_pairs_of_sequences_and_labels_are_padded(run_block, capsys):
    found = run_block("block_002_3")
    sequences, labels = found["sequences"], found["labels"]
    lines = capsys.readouterr().out.splitlines()
    for number, (padded, numbers) in enumerate(found["seen"]):
        rows = sequences[2 * number : 2 * number + 2]
        longest = max(map(len, rows))
        assert lines[number] == f"(2, {longest}, 10) (2,)"
        assert padded.dtype == np.float32
        assert numbers.numpy().tolist() == labels[2 * number : 2 * number + 2].tolist()
        for row, sequence in zip(padded.numpy(), rows, strict=True):
            np.testing.assert_array_equal(row[: len(sequence)], sequence.astype(np.float32))
            assert not row[len(sequence) :].any()
    assert len(list(found["dataset"])) == 5
