"""Numba caches a kernel until its own file changes; `BUILT_ON` makes that file change with what is compiled into it."""

import hashlib
from pathlib import Path

import pytest

from feedline import kernels

FOLDER = Path(kernels.__file__).parent


@pytest.mark.parametrize(("name", "built_on"), [("feature_lists", ["wire"]), ("example", ["wire", "feature_lists"])])
def test_kernels_change_with_the_files_they_are_compiled_from(name, built_on):
    parts = [f"{part} {hashlib.sha256((FOLDER / f'{part}.py').read_bytes()).hexdigest()[:12]}" for part in built_on]
    line = f'BUILT_ON = "{", ".join(parts)}"'
    lines = (FOLDER / f"{name}.py").read_text().splitlines()
    assert line in lines, f"write this line into kernels/{name}.py: {line}"
