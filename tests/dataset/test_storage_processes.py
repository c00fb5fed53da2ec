"""Stored datasets and other processes: killed in the middle, at the same time, forked, out of disk space."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

import feedline as fl

Dataset = fl.Dataset

STOPS = """
import sys, feedline as fl
def stop(number):
    if number == 5000:
        print("stopped", flush=True)
        sys.stdin.readline()
    return number
dataset = fl.Dataset.range(6000).map(stop)
path = sys.argv[1]
"""
SAVES = STOPS + "dataset.save(path)\n"
CACHES = STOPS + "assert len(list(dataset.cache(path))) == 6000\n"
STREAMS = STOPS + "assert len(list(dataset.filter(lambda n: True).cache(path))) == 6000\n"


def start(program: str, path: pathlib.Path) -> subprocess.Popen:
    """Starts a program and waits until it is in the middle of its writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "stopped\n"
    return process


def entries(path: pathlib.Path) -> list[str]:
    return sorted(re.sub("-[0-9a-f]+", "", name) for name in os.listdir(path))


def test_a_save_that_is_killed(tmp_path) -> None:
    path = tmp_path / "d"
    process = start(SAVES, path)
    assert entries(path) == ["run", "run.lock"]
    process.kill()
    process.communicate()
    assert entries(path) == ["run", "run.lock"]
    with pytest.raises(fl.errors.MissingFileError, match="begun there and has not finished"):
        Dataset.load(path)
    Dataset.range(3).save(path)
    assert entries(path) == ["feedline.json", "run"]
    assert len(Dataset.load(path)) == 3

    process = start(SAVES, path)
    process.kill()
    process.communicate()
    assert [int(number) for number in Dataset.load(path)] == [0, 1, 2]
    assert entries(path) == ["feedline.json", "run", "run", "run.lock"]
    Dataset.range(4).save(path)
    assert entries(path) == ["feedline.json", "run"]


def test_two_processes_save_to_one_place(tmp_path) -> None:
    path = tmp_path / "d"
    process = start(SAVES, path)
    Dataset.range(3).save(path)
    assert len(Dataset.load(path)) == 3
    assert entries(path) == ["feedline.json", "run", "run", "run.lock"]  # that of the other is not taken for a leftover
    process.communicate("go on\n")
    assert process.returncode == 0
    assert [int(number) for number in Dataset.load(path)] == list(range(6000))
    assert entries(path) == ["feedline.json", "run"]


@pytest.mark.parametrize("program", [CACHES, STREAMS], ids=["indexed", "streamed"])
def test_a_cache_whose_process_is_killed_or_slower(tmp_path, program) -> None:
    path = tmp_path / "c"
    process = start(program, path)
    process.kill()
    process.communicate()
    process = start(program, path)
    dataset = Dataset.range(6000).cache(path)
    assert [int(number) for number in dataset] == list(range(6000))
    assert (path / "feedline.json").exists()
    before = (path / "feedline.json").read_bytes()
    process.communicate("go on\n")
    assert process.returncode == 0
    assert (path / "feedline.json").read_bytes() == before
    assert entries(path) == ["feedline.json", "run"]
    assert [int(number) for number in dataset] == list(range(6000))


FULL = """
import os, resource, sys, feedline as fl, numpy as np
path = sys.argv[1]
fl.Dataset.range(10).save(path + "/old")
dataset = fl.Dataset.from_tensor_slices(np.random.default_rng(0).integers(0, 255, (3000, 1000), np.uint8))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
for attempt in (
    lambda: dataset.save(path + "/old"),
    lambda: dataset.save(path + "/new", "GZIP"),
    lambda: list(dataset.cache(path + "/cache")),
    lambda: list(dataset.filter(lambda row: True).snapshot(path + "/snapshot")),
):
    try:
        attempt()
    except fl.errors.WriteError as error:
        assert "Free space" in str(error), error
    else:
        raise AssertionError("it was written")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert os.listdir(path) == ["old"], os.listdir(path)
assert len(list(fl.Dataset.load(path + "/old"))) == 10
cached = dataset.cache(path + "/cache")
assert len(list(cached)) == len(list(cached)) == 3000
"""

FORKS = """
import os, sys, feedline as fl
path = sys.argv[1]
cached = fl.Dataset.range(3000).cache(path + "/indexed")
streamed = fl.Dataset.range(3000).filter(lambda n: True).cache(path + "/streamed")
iterators = iter(cached), iter(streamed)
for _ in range(1500):
    for iterator in iterators:
        next(iterator)
child = os.fork()
if child == 0:
    for iterator in iterators:
        for _ in range(700):
            next(iterator)
    for iterator in iterators:
        iterator.close()
    assert len(list(cached)) == 3000
    sys.exit(0)  # with everything that is done as a process ends
assert os.waitpid(child, 0)[1] == 0
for iterator in iterators:
    assert [int(n) for n in iterator] == list(range(1500, 3000))
for name in ("indexed", "streamed"):
    assert [int(n) for n in fl.Dataset.load(path + "/" + name)] == list(range(3000)), name
"""


@pytest.mark.parametrize("program", [FULL, FORKS], ids=["a full disk", "a forked process"])
def test_programs(tmp_path, program) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(tmp_path)], check=True, timeout=300)


def test_a_program_that_ends_without_finishing_leaves_nothing(tmp_path) -> None:
    program = STOPS.replace("number == 5000", "False") + "iterator = iter(dataset.cache(path))\nnext(iterator)\n"
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "c")], check=True, timeout=300)
    assert not (tmp_path / "c").exists()
