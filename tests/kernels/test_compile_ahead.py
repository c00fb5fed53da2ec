"""Kernels that are compiled by other processes ahead of their use: programs whose cache folder is empty."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from feedline.kernels.compile_ahead import compile_ahead
from feedline.run.concurrency import available_cores

# What a program with two large kernels gives, and which kernels it has compiled itself, parts of kernels left out.
PROGRAM = """
import hashlib, json, sys
import numpy as np
from numba.core import event

compiled = []


class Listener(event.Listener):
    def on_start(self, told):
        name = told.data["dispatcher"].py_func.__name__
        compiled.append(name)

    def on_end(self, told):
        pass


event.register("numba:compile", Listener())
import feedline as fl

sys.executable = sys.argv[1]
wanted = {"pixels": fl.io.FixedLenFeature([2, 2, 3], fl.float32)}
pixels = fl.train.Feature(float_list=fl.train.FloatList(value=np.arange(12)))
record = fl.train.Example(features=fl.train.Features(feature={"pixels": pixels})).SerializeToString()


def read(record):
    pixels = fl.io.parse_single_example(record, wanted)["pixels"]
    return fl.image.resize(pixels, (5, 7))


dataset = fl.Dataset.from_tensor_slices([record] * 64).map(read).batch(16)
digest = hashlib.sha256(b"".join(batch.tobytes() for batch in dataset)).hexdigest()
print(json.dumps({"digest": digest, "compiled": compiled}))
"""


def run(folder: Path, executable: str) -> tuple[dict, str]:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, executable],
        env={**environment, "FEEDLINE_CACHE": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), done.stderr


@pytest.mark.skipif(available_cores() < 2, reason="with one core, nothing is compiled ahead")
def test_a_program_waits_for_large_kernels_instead_of_compiling_them(tmp_path: Path) -> None:
    ahead, said = run(tmp_path / "ahead", sys.executable)
    assert not {"parse", "_bilinear"} & set(ahead["compiled"])
    assert said.startswith("feedline: compiling for this machine")
    assert said.count("\n") == 1
    alone, said_alone = run(tmp_path / "alone", str(tmp_path / "no_python"))
    assert {"parse", "_bilinear"} <= set(alone["compiled"])
    assert said_alone == said
    assert ahead["digest"] == alone["digest"]
    again, said = run(tmp_path / "ahead", sys.executable)
    assert again["digest"] == ahead["digest"]
    assert not {"parse", "_bilinear"} & set(again["compiled"])
    assert said == ""


def test_what_saves_no_time_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    assert compile_ahead(["example", "bilinear"], 2) == []  # both are there
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    assert compile_ahead(["example"], 2) == []
    assert compile_ahead(["example", "bilinear"], 1) == []
    (tmp_path / "feedline").write_text("in the way of the folder")
    assert compile_ahead(["example", "bilinear"], 2) == []
