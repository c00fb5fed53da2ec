"""Every case that tests/golden/make_image.py asked of TensorFlow, asked of feedline."""

import json
from pathlib import Path

import numpy as np
import pytest

from feedline import array_ops, image

_FILE = np.load(Path(__file__).parents[1] / "golden" / "data" / "image" / "golden.npz")
_ARRAYS = {name: _FILE[name] for name in _FILE.files if name != "cases"}
_CASES = json.loads(str(_FILE["cases"]))


@pytest.mark.parametrize("function", sorted({case["function"] for case in _CASES}))
def test_equals_tensorflow(function):
    cases = [case for case in _CASES if case["function"] == function]
    assert cases
    for case in cases:
        length = int(np.prod(case["shape"]))
        expected = _ARRAYS[f"outputs_{case['dtype']}"][case["start"] : case["start"] + length].reshape(case["shape"])
        call = getattr(array_ops if function in ("cast", "one_hot") else image, function)
        given = _ARRAYS[f"input_{case['input']}"]
        before = given.copy()
        result = call(given, **case["arguments"])
        result = np.stack(result) if isinstance(result, tuple) else np.asarray(result)
        assert result.dtype == expected.dtype, case
        assert result.shape == expected.shape, case
        np.testing.assert_array_equal(given, before, err_msg="the input was changed")
        if case["tolerance"] == 0:
            np.testing.assert_array_equal(result, expected, err_msg=str(case))
        else:
            _assert_close(result, expected, case)


def _assert_close(result, expected, case):
    if expected.dtype.kind in "iu":
        limits = np.iinfo(expected.dtype)
        allowed = max(1, case["tolerance"] * (float(limits.max) - float(limits.min)))
    else:
        size = max(1.0, float(np.abs(expected).max()))
        allowed = max(case["tolerance"], 2 * float(np.finfo(expected.dtype).eps)) * size
    worst = np.abs(result.astype(np.float64) - expected.astype(np.float64)).max()
    assert worst <= allowed, (worst, allowed, case)
