"""Runs every check of on_backend.py on each Keras backend, one process for each backend."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras")

SCRIPT = Path(__file__).with_name("on_backend.py")
CHECKS = [node.name for node in ast.parse(SCRIPT.read_text()).body if getattr(node, "name", "").startswith("check_")]


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_on_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    run = subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=900)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"check"')]
    failures = [f"{line['check']}:\n{line['failure']}" for line in lines if line["failure"]]
    assert not failures, "\n\n".join(failures)
    assert [line["check"] for line in lines] == CHECKS, run.stderr
    assert run.returncode == 0, run.stderr
    assert len(CHECKS) >= 25
