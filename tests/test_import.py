import subprocess
import sys

import pytest

HEAVY = ["numba", "cv2", "simplejpeg", "isal", "keras", "jax", "torch", "tensorflow", "pandas", "rich", "typer"]
HEAVY += ["grain", "sklearn", "matplotlib", "ml_dtypes"]


def test_importing_feedline_loads_numpy_and_little_else() -> None:
    program = f"import sys, feedline; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_a_pipeline_of_arrays_needs_no_framework() -> None:
    program = (
        "import sys, numpy, feedline as fl\n"
        "ds = fl.Dataset.from_tensor_slices((numpy.zeros((9, 2)), ['a'] * 9))\n"
        "ds = ds.map(lambda a, b: (a + 1, b), fl.AUTOTUNE)\n"
        "assert len(list(ds.cache().batch(2).repeat(2).prefetch(2))) == 10\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_every_public_name_is_there() -> None:
    import feedline as fl

    for name in fl.__all__:
        if name != "keras":
            assert getattr(fl, name) is not None
    assert set(fl.__all__) <= set(dir(fl))


def test_a_misspelt_name_says_the_nearest() -> None:
    import pytest

    import feedline as fl

    with pytest.raises(AttributeError, match=r"did you mean feedline\.Dataset"):
        fl.Datset


def test_tf_data_by_its_old_place_is_told_where_it_is() -> None:
    import feedline

    with pytest.raises(AttributeError, match=r"feedline\.Dataset"):
        _ = feedline.data
