"""The decoders against what TensorFlow decoded (tests/golden/make_decoders.py)."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from feedline.errors import FeedlineError
from feedline.io.decode_bmp import decode_bmp
from feedline.io.decode_gif import decode_gif
from feedline.io.decode_image import decode_image
from feedline.io.decode_jpeg import decode_and_crop_jpeg, decode_jpeg, extract_jpeg_shape
from feedline.io.decode_png import decode_png
from feedline.io.decode_raw import decode_raw

FUNCTIONS = {
    function.__name__: function
    for function in (
        decode_and_crop_jpeg,
        decode_bmp,
        decode_gif,
        decode_image,
        decode_jpeg,
        decode_png,
        decode_raw,
        extract_jpeg_shape,
    )
}
ARCHIVE = np.load(Path(__file__).parents[1] / "golden" / "data" / "decoders" / "decoders.npz")
BLOB, INDEX = ARCHIVE["blob"].tobytes(), json.loads(ARCHIVE["index"].tobytes())
GROUPS: dict[str, list[dict]] = {}
for _case in INDEX:
    GROUPS.setdefault(_case["name"], []).append(_case)


def part(place):
    return BLOB[place[0] : place[0] + place[1]]


@pytest.mark.parametrize("name", GROUPS)
def test_decodes_as_tensorflow(name):
    for case in GROUPS[name]:
        function, contents, arguments = FUNCTIONS[case["function"]], part(case["input"]), case["arguments"]
        if "output" not in case:
            with pytest.raises(FeedlineError):
                function(contents, **arguments)
            continue
        dtype = ml_dtypes.bfloat16 if case["dtype"] == "bfloat16" else case["dtype"]
        wanted = np.frombuffer(part(case["output"]), dtype).reshape(case["shape"])
        got = function(contents, **arguments)
        assert got.dtype == wanted.dtype, case
        np.testing.assert_array_equal(got, wanted, err_msg=str(case))


def test_every_function_has_cases_that_decode_and_cases_that_do_not():
    decoded = {case["function"] for case in INDEX if "output" in case}
    refused = {case["function"] for case in INDEX if "output" not in case}
    assert decoded == set(FUNCTIONS)
    assert refused >= {"decode_bmp", "decode_image", "decode_jpeg", "decode_raw", "decode_and_crop_jpeg"}
    assert len(INDEX) > 700
