import numpy as np
import pytest

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.image.draw_bounding_boxes import draw_bounding_boxes

BLANK = np.zeros((1, 4, 5, 3), np.float32)
WHOLE = np.array([[[0, 0, 1, 1]]], np.float32)


def test_an_outline_is_drawn_on_a_copy():
    drawn = draw_bounding_boxes(BLANK, WHOLE, [[1.0, 0.5, 0.25]])
    assert not BLANK.any()
    assert not drawn[0, 1:-1, 1:-1].any()
    assert (drawn[0, 0] == [1, 0.5, 0.25]).all()
    assert (drawn[0, :, -1] == [1, 0.5, 0.25]).all()


def test_colours_are_taken_by_turns():
    boxes = np.array([[[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1]]], np.float32)
    drawn = draw_bounding_boxes(BLANK, boxes, np.eye(3)[:2])
    assert drawn[0, 0, 0].tolist() == [1, 0, 0]
    assert drawn[0, 3, 4].tolist() == [0, 1, 0]
    assert drawn[0, 0, 4].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    "box", [[0.9, 0, 0.1, 1], [0, 0.9, 1, 0.1], [1.5, 0, 2, 1], [-2, 0, -1, 1], [0, 3e38, 1, 3e38]]
)
def test_boxes_outside_and_turned_round_are_not_drawn(box):
    assert not draw_bounding_boxes(BLANK, np.array([[box]], np.float32), None).any()


def test_refusals():
    with pytest.raises(DtypeError, match="works on floats"):
        draw_bounding_boxes(BLANK.astype(np.uint8), WHOLE, None)
    for boxes, colors in ((WHOLE[0], None), (WHOLE[..., :3], None), (np.repeat(WHOLE, 2, 0), None), (WHOLE, [[1.0]])):
        with pytest.raises(ShapeError):
            draw_bounding_boxes(BLANK, boxes, colors)
    with pytest.raises(ShapeError, match="2 channels"):
        draw_bounding_boxes(BLANK[..., :2], WHOLE, None)
    with pytest.raises(ArgumentError, match="finite"):
        draw_bounding_boxes(BLANK, WHOLE * np.nan, None)
