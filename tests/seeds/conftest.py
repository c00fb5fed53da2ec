import contextlib
import os
import pathlib
import runpy

import pytest

# As in tests/keras: the seeds are run on the JAX backend, and programs that tests start do not inherit the choice.
chosen = os.environ.get("KERAS_BACKEND")
os.environ.setdefault("KERAS_BACKEND", "jax")
with contextlib.suppress(ImportError):
    import keras  # noqa: F401
if chosen is None:
    del os.environ["KERAS_BACKEND"]

# Programs that the tests run, no modules of tests.
collect_ignore = ["programs"]

PROGRAMS = pathlib.Path(__file__).with_name("programs")


@pytest.fixture
def run_block(tmp_path, monkeypatch):
    """A function that runs a block of a seed in an empty folder and returns its variables.

    `without` leaves out the lines that begin with a text, and `change` replaces one text by another: the blocks as they
    were printed, or mended.
    """
    monkeypatch.chdir(tmp_path)

    def run(name, *, without=None, change=None):
        source = (PROGRAMS / f"{name}.py").read_text()
        if without is not None:
            lines = source.splitlines(keepends=True)
            source = "".join(line for line in lines if not line.startswith(without))
            assert len(source) < sum(map(len, lines))
        if change is not None:
            assert change[0] in source
            source = source.replace(*change)
        program = tmp_path / f"{name}.py"
        program.write_text(source)
        return runpy.run_path(str(program))

    return run
