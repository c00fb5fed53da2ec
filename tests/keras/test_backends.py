"""Runs every check of backend/ on each Keras backend, one process for each backend."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras")

FOLDER = Path(__file__).with_name("backend")
CHECKS = {
    node.name
    for file in FOLDER.glob("*.py")
    for node in ast.parse(file.read_text()).body
    if getattr(node, "name", "").startswith("check_")
}


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_on_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, str(FOLDER / "run.py")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"check"')]
    failures = [f"{line['check']}:\n{line['failure']}" for line in lines if line["failure"]]
    assert not failures, "\n\n".join(failures)
    assert {line["check"] for line in lines} == CHECKS, run.stderr
    assert run.returncode == 0, run.stderr
    assert len(CHECKS) >= 25
