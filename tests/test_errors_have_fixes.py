"""Every error that a function of io, image, train and formats raises says how to mend it."""

import ast
from pathlib import Path

import pytest

import feedline
from feedline import errors

ROOT = Path(feedline.__file__).parent
FOLDERS = ("io", "image", "train", "formats")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
FILES += [ROOT / name for name in ("array_ops.py", "ragged.py", "sparse.py")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_error_has_a_fix(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in errors.__all__ and node.func.id.endswith("Error"):
            assert any(keyword.arg == "fix" for keyword in node.keywords), f"{path}:{node.lineno}"
