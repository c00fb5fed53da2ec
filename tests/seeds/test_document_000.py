"""Loading data for a Keras model: a generator, TFRecords, arrays."""

import re

import cv2
import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="the seeds are run on the JAX backend")


@pytest.fixture
def images(tmp_path):
    """PNG images of different sizes, dark to light, and their class numbers."""
    (tmp_path / "images").mkdir()
    for number in range(4):
        pixels = np.full((60 + number, 70, 3), 60 * number, np.uint8)
        cv2.imwrite(str(tmp_path / f"images/{number}.png"), pixels)
    np.save(tmp_path / "labels.npy", np.arange(4))


def test_images_without_labels_are_no_input_for_a_loss(images, run_block):
    with pytest.raises(fl.errors.LabelsMissingError) as caught:
        run_block("block_000_1")
    message = str(caught.value)
    assert "needs labels for the loss 'categorical_crossentropy'" in message
    assert "the dataset's elements are x alone" in message
    assert "(x, y)" in caught.value.fix
    assert re.search(r"prefetch\(AUTOTUNE\) at block_000_1.py:\d+: dataset = dataset.prefetch", message)
    assert re.search(r"fit\(\) at block_000_1.py:\d+: history = model.fit", message)


def test_the_images_of_the_generator_are_what_they_should_be(images, run_block):
    found = run_block("block_000_1", change=("history = model.fit(", "arguments = dict(x="))
    for batch in found["dataset"].take(2):
        assert batch.shape == (4, 224, 224, 3)
        assert batch.dtype == np.float32
        np.testing.assert_allclose(np.sort(batch.numpy()[:, 0, 0, 0]), np.arange(4) * 60 / 255, rtol=1e-6)


def test_tfrecords_of_serialised_tensors_train(images, run_block):
    keras.utils.set_random_seed(1)
    found = run_block("block_000_2")
    losses = found["history"].history["loss"]
    assert len(losses) == 5
    assert np.isfinite(losses).all()
    assert min(losses[1:]) < losses[0]
    (batch,) = found["dataset"]
    assert batch[0].shape == (4, 224, 224, 3)
    assert sorted(batch[1].numpy().argmax(1).tolist()) == [0, 1, 2, 3]
    assert batch[1].numpy().sum() == 4
    brightness = np.sort(np.round(batch[0].numpy().mean((1, 2, 3)) * 255))
    np.testing.assert_array_equal(brightness, np.arange(4) * 60)


def test_arrays_train(run_block):
    keras.utils.set_random_seed(2)
    found = run_block("block_000_3")
    losses = found["history"].history["loss"]
    assert len(losses) == 5
    assert np.isfinite(losses).all()
    assert min(losses[1:]) < losses[0]
    assert [len(labels) for _, labels in found["dataset"]] == [32, 32, 32, 4]
    assert found["model"].predict(found["dataset"], verbose=0).shape == (100, 5)
