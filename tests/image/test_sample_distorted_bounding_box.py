import numpy as np
import pytest

from feedline.errors import ArgumentError, ShapeError
from feedline.image import sample_distorted_bounding_box, stateless_sample_distorted_bounding_box

BOX = np.array([[[0.4, 0.4, 0.6, 0.6]]], np.float32)


def test_crops_keep_to_every_bound():
    tops = set()
    for number in range(300):
        begin, size, boxes = stateless_sample_distorted_bounding_box(
            (50, 80, 3), BOX, (1, number), 0.5, aspect_ratio_range=(0.5, 2.0), area_range=(0.1, 0.8)
        )
        (top, left, zero), (tall, wide, rest) = begin.tolist(), size.tolist()
        assert (zero, rest) == (0, -1)
        assert 0 <= top <= top + tall <= 50
        assert 0 <= left <= left + wide <= 80
        common = max(0, min(top + tall, 30) - max(top, 20)) * max(0, min(left + wide, 48) - max(left, 32))
        assert common >= 0.5 * 10 * 16
        if (tall, wide) != (50, 80):  # the whole image: no attempt was good
            assert 0.1 * 4000 <= tall * wide <= 0.8 * 4000
            assert 0.5 - 0.1 <= wide / tall <= 2.0 + 0.1
        corners = [top / 50, left / 80, (top + tall) / 50, (left + wide) / 80]
        np.testing.assert_allclose(boxes[0, 0], corners, rtol=1e-6)
        tops.add(top)
    assert len(tops) > 10


def test_results_have_tensorflows_dtypes_and_shapes():
    tf = pytest.importorskip("tensorflow")
    for size in (np.array([9, 8, 3], np.int64), np.array([9, 8, 3], np.int32), [9, 8, 3]):
        ours = sample_distorted_bounding_box(size, BOX)
        for one, other in zip(ours, tf.image.sample_distorted_bounding_box(size, BOX), strict=True):
            assert one.dtype == other.numpy().dtype
            assert one.shape == other.numpy().shape


def test_an_impossible_wish_gives_the_whole_image():
    begin, size, boxes = sample_distorted_bounding_box((10, 10, 3), BOX, 1, 2.0)
    assert begin.tolist() == [0, 0, 0]
    assert size.tolist() == [10, 10, -1]
    assert boxes.tolist() == [[[0, 0, 1, 1]]]


def test_the_seed_decides():
    calls = [sample_distorted_bounding_box((50, 80, 3), BOX, seed=3) for _ in range(20)]
    assert len({call.begin.tobytes() + call.size.tobytes() for call in calls}) > 5
    one, other = (stateless_sample_distorted_bounding_box((50, 80, 3), BOX, (3, 4)) for _ in range(2))
    assert one.begin.tolist() == other.begin.tolist()


def test_refusals():
    none = np.zeros((1, 0, 4), np.float32)
    with pytest.raises(ArgumentError, match="no box"):
        sample_distorted_bounding_box((9, 9, 3), none)
    whole = sample_distorted_bounding_box((9, 9, 3), none, use_image_if_no_bounding_boxes=True, area_range=(1.0, 1.0))
    assert whole.size.tolist() == [9, 9, -1]
    for size in ((9, 9), 9, (9.0, 9.0, 3.0), (-1, 9, 3)):
        with pytest.raises(ShapeError, match="image_size"):
            sample_distorted_bounding_box(size, BOX)
    for boxes in (BOX[0], BOX[..., :3]):
        with pytest.raises(ShapeError, match="bounding_boxes"):
            sample_distorted_bounding_box((9, 9, 3), boxes)
    for boxes in (BOX * 2, BOX - 1, BOX * np.nan):
        with pytest.raises(ArgumentError, match=r"0\.\.1"):
            sample_distorted_bounding_box((9, 9, 3), boxes)
    for options in (
        {"area_range": (0.5, 1.5)},
        {"area_range": (0.0, 1.0)},
        {"aspect_ratio_range": (1.0,)},
        {"aspect_ratio_range": (-1.0, 1.0)},
        {"max_attempts": 0},
        {"min_object_covered": -0.1},
    ):
        with pytest.raises(ArgumentError):
            sample_distorted_bounding_box((9, 9, 3), BOX, **options)


def test_sizes_of_unsigned_integers():
    box = np.array([[[0.25, 0.25, 0.75, 0.75]]], np.float32)
    begin, size, _ = sample_distorted_bounding_box(np.array([40, 60, 3], np.uint8), box, seed=3)
    assert begin.dtype == size.dtype == np.uint8
    assert size[2] == 255  # -1 wraps round
