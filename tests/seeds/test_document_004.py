"""Generators of batches: arrays, images by OpenCV, images by a pool of processes."""

import json
import os
import pathlib
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

import feedline as fl

PROGRAMS = pathlib.Path(__file__).with_name("programs")


@pytest.fixture
def images(tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(10):
        pixels = np.full((70 + number, 80, 3), (0, 10 * number, 255), np.uint8)
        cv2.imwrite(str(tmp_path / f"images/{number}.png"), pixels)


def test_batches_of_arrays(run_block):
    found = run_block("block_004_1")
    seen = found["seen"]
    assert [len(labels) for _, labels in seen] == [32] * 31 + [8]
    assert {(images.dtype, labels.dtype) for images, labels in seen} == {(np.dtype("f8"), np.dtype("i4"))}
    rows = {row.tobytes(): label for row, label in zip(found["data"], found["labels"], strict=True)}
    got = [(row.tobytes(), label) for images, labels in seen for row, label in zip(images, labels.numpy(), strict=True)]
    assert dict(got) == rows
    assert [row for row, _ in got] != list(rows)


def test_batches_by_opencv(images, run_block):
    found = run_block("block_004_2")
    assert [len(labels) for _, labels in found["seen"]] == [4, 4, 2]
    greens = []
    for some_images, some_labels in found["seen"]:
        assert some_images.shape[1:] == (64, 64, 3)
        assert (some_images.dtype, some_labels.dtype) == (np.float32, np.int32)
        numbers = np.round(some_images.numpy()[:, 0, 0, 1] * 25.5).astype(int)
        assert (numbers % 3).tolist() == some_labels.numpy().tolist()
        greens += numbers.tolist()
    assert sorted(greens) == list(range(10))


def test_batches_by_opencv_without_the_import_of_numpy(images, run_block):
    with pytest.raises(fl.errors.UserFunctionError, match="NameError: name 'np' is not defined"):
        run_block("block_004_2", without="import numpy as np", change=("np.arange(10) % 3", "list(range(10))"))


def run_pool(tmp_path, program, batches):
    command = [sys.executable, str(PROGRAMS / "pool_harness.py"), str(program), str(batches)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert len(result["started"]) == 2
    for pid in result["started"]:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    return result


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
def test_batches_by_a_pool_leave_no_process_behind(images, tmp_path):
    result = run_pool(tmp_path, PROGRAMS / "block_004_3.py", 99)
    assert result["error"] is None
    assert [(shape, dtype) for shape, dtype, _ in result["shapes"]] == [([2, 64, 64, 3], "float32")] * 5
    assert result["left"] == []
    assert result["children"] == 0


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
@pytest.mark.parametrize("wanted", [1, 3])
def test_a_loop_that_is_left_early_closes_the_generator(images, tmp_path, wanted):
    # A pool that is dropped without being closed may stay: that is Python's. So the generator closes it.
    program = tmp_path / "block_004_3.py"
    source = (PROGRAMS / "block_004_3.py").read_text()
    given = "        yield np.array(images), np.array(some_labels)\n"
    closed = (
        "        try:\n    " + given + "        except GeneratorExit:\n"
        "            pool.close()\n            pool.join()\n            raise\n"
    )
    assert given in source
    program.write_text(source.replace(given, closed))
    result = run_pool(tmp_path, program, wanted)
    assert result["error"] is None
    assert [(shape, dtype) for shape, dtype, _ in result["shapes"]] == [([2, 64, 64, 3], "float32")] * wanted
    assert result["left"] == []
    assert result["children"] == 0


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
def test_a_pool_that_fails_leaves_no_process_behind(images, tmp_path):
    program = tmp_path / "block_004_3.py"
    source = (PROGRAMS / "block_004_3.py").read_text()
    program.write_text(source.replace("import cv2\n", ""))
    result = run_pool(tmp_path, program, 99)
    assert "NameError: name 'cv2' is not defined" in result["error"]
    assert re.search(r"block_004_3.py:\d+: images = pool.map\(read_one", result["error"])
    assert result["left"] == []
    assert result["children"] == 0
