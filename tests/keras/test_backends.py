"""Runs every check of on_backend.py on each Keras backend, one process for each backend."""

import ast
import functools
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


@functools.cache
def results(backend: str) -> dict:
    environment = {**os.environ, "KERAS_BACKEND": backend}
    run = subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=600)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"check"')]
    assert lines, run.stderr
    assert run.returncode == 0, run.stderr
    return {line["check"]: line["failure"] for line in lines}


@pytest.mark.parametrize(
    "backend",
    [
        # xdist keeps the tests of a group in one worker, so that each backend runs once.
        pytest.param(backend, marks=pytest.mark.xdist_group(f"keras-{backend}"))
        for backend in ("jax", "torch", "tensorflow")
    ],
)
@pytest.mark.parametrize("check", CHECKS)
def test_on(backend, check):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    failure = results(backend)[check]
    assert failure is None, failure


def test_there_are_checks():
    assert len(CHECKS) >= 25
