"""Tests leave nothing in the user's cache folder; what is compiled is kept beside pytest's own cache."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["FEEDLINE_CACHE"] = ""
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "compiled"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compiles everything, once: else each test process would, and tests of what is written to stderr would see it."""
    if not hasattr(session.config, "workerinput"):
        subprocess.run([sys.executable, "-m", "feedline.cli.main", "warmup"], stdout=subprocess.DEVNULL, check=True)


@pytest.fixture(autouse=True)
def kernels_are_compiled_as_declared(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails where a kernel is compiled for types that `feedline warmup` knows nothing of: a user would wait for it.

    Tests that call kernels themselves may call them with others.
    """
    yield
    compiling = sys.modules.get("feedline.kernels.compile")
    if compiling is None:
        return
    undeclared = {
        (module, kernel.py_func.__name__, types)
        for module, kernels in compiling.DECLARED.items()
        for kernel, signatures in kernels
        for types in kernel.signatures
        if signatures and types not in signatures
    }
    found = undeclared - _found
    _found.update(found)
    used = (str(getattr(value, "__module__", value)) for value in vars(request.module).values())
    calls_kernels = any("feedline.kernels" in module for module in used)
    assert calls_kernels or not found


_found: set[tuple] = set()
