"""Tests leave nothing in the user's cache folder; what is compiled is kept beside pytest's own cache."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ["FEEDLINE_CACHE"] = ""
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "compiled"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compiles everything, once: else each test process would, and tests of what is written to stderr would see it."""
    if not hasattr(session.config, "workerinput"):
        subprocess.run([sys.executable, "-m", "feedline.cli.main", "warmup"], stdout=subprocess.DEVNULL, check=True)
