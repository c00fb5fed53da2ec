import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("keras")


def run(code: str, **environment: str) -> str:
    import os

    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_keras_missing():
    said = run("""
        import sys
        sys.modules["keras"] = None
        from feedline.errors import MissingPackageError
        try:
            import feedline.keras
        except MissingPackageError as error:
            print(error)
    """)
    assert "feedline.keras needs keras" in said
    assert "pip install keras jax" in said


def test_backend_missing():
    said = run(
        """
        import sys
        sys.modules["tensorflow"] = None
        from feedline.errors import MissingPackageError
        try:
            import feedline.keras
        except MissingPackageError as error:
            print(error)
        """,
        KERAS_BACKEND="tensorflow",
    )
    assert "needs tensorflow" in said
    assert "KERAS_BACKEND" in said


def test_enable_may_be_repeated():
    import keras

    import feedline.keras

    before = [getattr(keras.Model, name) for name in ("fit", "evaluate", "predict")]
    feedline.keras.enable()
    assert [getattr(keras.Model, name) for name in ("fit", "evaluate", "predict")] == before
    assert keras.Sequential.fit is keras.Model.fit
    assert keras.Model.fit.__name__ == "fit"
