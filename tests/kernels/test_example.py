"""The kernels write nothing outside the arrays that they are given, whatever the records hold."""

import base64
import json
import random
from pathlib import Path

import numpy as np
import pytest

from feedline.formats.example import ExamplePlan, Wanted
from feedline.kernels import example, feature_lists
from feedline.spec import float32, int64, string

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "data" / "example" / "examples.json").read_text())
RECORDS = [base64.b64decode(text) for case in GOLDEN["parsed"] for text in case["records"]]
UNTOUCHED = 0x5A5A5A5A5A5A5A5A
MARGIN = 16


def guarded(*shape):
    """Returns an array within a larger one, and that one."""
    whole = np.full((shape[0] + 2 * MARGIN, *shape[1:]), UNTOUCHED, np.int64)
    return whole[MARGIN : len(whole) - MARGIN], whole


def assert_untouched(*wholes):
    for whole in wholes:
        assert (whole[:MARGIN] == UNTOUCHED).all()
        assert (whole[len(whole) - MARGIN :] == UNTOUCHED).all()


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_written_outside(seed):
    plan = ExamplePlan(
        [
            Wanted("id", int64, 1, np.array([5])),
            Wanted("x", float32, 4, np.zeros(4, np.float32)),
            Wanted("cat", string, 2, np.array([b"a", b"b"], object)),
            Wanted("a", int64, 2, np.zeros(2, np.int64)),
            Wanted("toks", int64),
            Wanted("s", int64),
        ]
    )
    chance = random.Random(seed)
    fine = 0
    columns, numbers, strings = plan.layout(3)
    for turn in range(1500):
        batch = [bytearray(chance.choice(RECORDS)) for _ in range(3)]
        for one in batch * (turn % 2):
            if one:
                one[chance.randrange(len(one))] = chance.choice(
                    [0, 8, 10, 13, 26, 127, 128, 255, chance.randrange(256)]
                )
        buffer = np.frombuffer(b"".join(batch), np.uint8)
        lengths = np.array([len(one) for one in batch])
        offsets = np.cumsum(lengths) - lengths
        offsets.flags.writeable = lengths.flags.writeable = False
        dense, all_dense = guarded(numbers)
        spans, all_spans = guarded(strings, 2)
        regions, all_regions = guarded(2, 3, 2)
        arguments = plan.names, plan.table, columns, plan.defaults, dense, spans, regions
        code, *_ = example.parse(buffer, offsets, lengths, True, *arguments)
        assert_untouched(all_dense, all_spans, all_regions)
        if code:
            continue
        fine += 1
        for region in regions:
            counts, all_counts = guarded(3)
            code, *_ = feature_lists.count_values(buffer, feature_lists.INT64, region, counts)
            assert_untouched(all_counts)
            if code:
                continue
            values, all_values = guarded(int(counts.sum()))
            starts = np.cumsum(counts) - counts
            for wrong in (0, -1, 1, 1 << 60):
                memory = values.view(np.uint8)
                feature_lists.read_values(buffer, feature_lists.INT64, region, counts + wrong, starts, 8, memory)
                feature_lists.read_values(buffer, feature_lists.INT64, region, counts, starts + wrong, 8, memory)
                assert_untouched(all_values)
    assert 300 < fine < 1500


def test_regions_outside_the_buffer_are_not_read():
    buffer = np.frombuffer(b"\x0a\x01\x01", np.uint8)
    counts = np.zeros(1, np.int64)
    for start, end in ((-1, 3), (0, 4), (2, 1), (1 << 62, (1 << 62) + 1), (-(1 << 63), 0)):
        region = np.array([[start, end]])
        assert feature_lists.count_values(buffer, feature_lists.INT64, region, counts)[0]
        objects = np.empty(1, object)
        spans = np.array([[start, end + 3]])
        if start >= 0:
            assert feature_lists.make_bytes(buffer, spans, objects.ctypes.data) == 0
            assert objects[0] is None
