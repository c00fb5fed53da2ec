"""Batches of arrays and of a generator, and augmentation."""

import re

import numpy as np
import pytest

import feedline as fl


def test_arrays_in_batches(run_block, capsys):
    found = run_block("block_001_1")
    printed = capsys.readouterr().out.split("\n")
    assert printed == ["(32, 32, 32, 3)"] * 31 + ["(8, 32, 32, 3)", ""]
    np.testing.assert_array_equal(np.concatenate([images for images, _ in found["seen"]]), found["images"])
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in found["seen"]]), found["classes"])


def test_a_generator_in_batches(run_block):
    seen = run_block("block_001_2")["seen"]
    assert [images.shape.as_list() for images, _ in seen] == [[32, 32, 32, 3]] * 31 + [[8, 32, 32, 3]]
    assert {(images.dtype, labels.dtype) for images, labels in seen} == {(np.dtype("f8"), np.dtype("i4"))}
    numbers = np.concatenate([labels for _, labels in seen])
    assert set(numbers.tolist()) == set(range(10))


def test_a_generator_that_uses_a_name_that_was_never_imported(run_block):
    with pytest.raises(fl.errors.UserFunctionError, match="NameError: name 'np' is not defined") as caught:
        run_block("block_001_2", without="import numpy as np")
    assert isinstance(caught.value.__cause__, NameError)
    assert re.search(r"block_001_2.py:\d+: image = np.random.rand\(32, 32, 3\)", str(caught.value))


def test_augmentation(run_block):
    found = run_block("block_001_3")
    seen, images = found["seen"], found["images"]
    assert sum(len(labels) for _, labels in seen) == 1000
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in seen]), found["classes"])
    flipped = 0
    for number, image in enumerate(np.concatenate([images for images, _ in seen])):
        assert image.dtype == np.float32
        straight, mirrored = (np.ptp(image - way) for way in (images[number], images[number][:, ::-1]))
        assert min(straight, mirrored) < 1e-6  # but for one number that is added to all
        flipped += mirrored < straight
        assert abs(image.mean() - images[number].mean()) <= 0.2
    assert 400 < flipped < 600
