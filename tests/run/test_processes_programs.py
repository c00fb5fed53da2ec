"""Processes in programs of their own: how these are started, forked, killed, and what they leave behind."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("watched_processes", Path(__file__).parent / "watched_processes.py")
watched_processes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(watched_processes)

are_gone, is_there = watched_processes.are_gone, watched_processes.is_there

SECONDS = 120


def program(folder: Path, text: str, name: str = "program.py") -> Path:
    file = folder / name
    file.write_text(textwrap.dedent(text))
    return file


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=file.parent)


def shared_memory() -> set[str]:
    return set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()


def test_a_program_without_a_main_guard(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        import os
        import feedline as fl
        with open("begun", "a") as log:
            log.write("x")
        def double(number):
            return 2 * number, os.getpid()
        dataset = fl.Dataset.range(50).map(double, 2).with_options(fl.Options(executor="processes"))
        elements = list(dataset)
        assert [int(number) for number, _ in elements] == list(range(0, 100, 2))
        assert os.getpid() not in {int(pid) for _, pid in elements}
        """,
    )
    ended = run(file)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert (tmp_path / "begun").read_text() == "x"


def test_a_module_that_iterates_as_it_is_imported(tmp_path) -> None:
    program(
        tmp_path,
        """
        import os
        import warnings
        warnings.simplefilter("ignore")
        import feedline as fl
        with open("begun", "a") as log:
            log.write("x")
        def double(number):
            return 2 * number
        dataset = fl.Dataset.range(50).map(double, 2).with_options(fl.Options(executor="processes"))
        total = sum(int(number) for number in dataset)
        """,
        "pipeline.py",
    )
    ended = run(program(tmp_path, "import pipeline\nassert pipeline.total == 2450\n"))
    assert ended.returncode == 0, ended.stderr
    assert 1 <= len((tmp_path / "begun").read_text()) <= 3  # here, and in each of the two workers at the most


def test_workers_import_no_framework(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        import sys
        import feedline as fl
        import sklearn
        names = ["keras", "jax", "torch", "tensorflow", "sklearn", "matplotlib", "numba", "cv2", "__mp_main__"]
        def loaded(number):
            return sum(name in sys.modules for name in names)
        dataset = fl.Dataset.range(9).map(loaded, 2).with_options(fl.Options(executor="processes"))
        assert [int(count) for count in dataset] == [0] * 9
        """,
    )
    ended = run(file)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("busy", [False, True])
def test_a_program_that_is_killed_leaves_nothing(tmp_path, busy) -> None:
    file = program(
        tmp_path,
        f"""
        import os, pathlib, time
        import numpy as np
        import feedline as fl
        def element(number):
            pathlib.Path(f"worker.{{os.getpid()}}").touch()
            if {busy} and number > 20:
                time.sleep(1000)
            return np.full(100_000, number)
        dataset = fl.Dataset.range(10_000).map(element, 2).with_options(fl.Options(executor="processes"))
        iterator = iter(dataset)
        kept = [next(iterator) for _ in range(10)]
        pathlib.Path("ready").touch()
        time.sleep(1000)
        """,
    )
    before = shared_memory()
    process = subprocess.Popen([sys.executable, str(file)], cwd=tmp_path)
    try:
        end = time.monotonic() + SECONDS
        while not (tmp_path / "ready").exists() or (busy and len(list(tmp_path.glob("worker.*"))) < 2):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(0.3)
        workers = [int(path.suffix[1:]) for path in tmp_path.glob("worker.*")]
        assert workers
        assert all(map(is_there, workers))
    finally:
        process.kill()
        process.wait()
    assert are_gone(workers, SECONDS)
    assert shared_memory() <= before


def test_a_program_that_ends_in_the_middle_ends_its_workers(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        import os, pathlib
        import feedline as fl
        def element(number):
            pathlib.Path(f"worker.{os.getpid()}").touch()
            return number
        iterator = iter(fl.Dataset.range(10_000).map(element, 2).with_options(fl.Options(executor="processes")))
        for _ in range(10):
            next(iterator)
        """,
    )
    ended = run(file)
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert are_gone([int(path.suffix[1:]) for path in tmp_path.glob("worker.*")], SECONDS)


def test_a_program_that_drops_workers_as_it_ends_does_not_wait_for_ever(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        from feedline.run.processes import WorkerPool

        class Late:
            def __init__(self):
                self.me = self
                self.pool = WorkerPool()
                self.worker = self.pool.take()

            def __del__(self):
                self.pool.close()
                self.pool.abandon([self.worker])

        late = Late()
        """,
    )
    ended = run(file)
    assert ended.returncode == 0, ended.stderr


def test_a_program_that_forks(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        import os, sys
        import feedline as fl
        def element(number):
            return number, os.getpid()
        dataset = fl.Dataset.range(60).map(element, 2).with_options(fl.Options(executor="processes"))
        def numbers():
            return [int(number) for number, _ in dataset]
        assert numbers() == list(range(60))
        child = os.fork()
        if child == 0:
            right = numbers() == list(range(60)) and numbers() == list(range(60))
            sys.stdout.flush()
            os._exit(0 if right else 1)
        assert numbers() == list(range(60))
        assert os.waitpid(child, 0)[1] == 0
        assert numbers() == list(range(60))
        """,
    )
    ended = run(file)
    assert ended.returncode == 0, ended.stderr


def test_functions_that_fork_or_start_programs(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        import os, signal, subprocess, sys, time
        import feedline as fl
        def element(number):
            if number == 5:
                assert subprocess.run([sys.executable, "-c", "print()"], capture_output=True).returncode == 0
            if number == 7:
                child = os.fork()
                if child == 0:
                    os._exit(3)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
            if number == 20:
                if os.fork() == 0:
                    time.sleep(30)  # it outlives the worker
                    os._exit(0)
                os.kill(os.getpid(), signal.SIGKILL)
            return number
        dataset = fl.Dataset.range(30).map(element, 2).with_options(fl.Options(executor="processes"))
        given = []
        try:
            given.extend(dataset)
        except fl.errors.WorkerDiedError as error:
            assert "element 20" in str(error), error
        assert [int(number) for number in given] == list(range(20))
        """,
    )
    start = time.monotonic()
    with subprocess.Popen([sys.executable, str(file)], cwd=tmp_path, process_group=0) as process:
        assert process.wait(SECONDS) == 0
    assert time.monotonic() - start < 25, "it waited for the process that was forked"


def test_ctrl_c_in_a_terminal_ends_all_at_once(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        import os, pathlib, signal, time
        import feedline as fl
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        def element(number):
            pathlib.Path(f"worker.{os.getpid()}").touch()
            time.sleep(1000)
            return number
        list(fl.Dataset.range(10).map(element, 2).with_options(fl.Options(executor="processes")))
        """,
    )
    process = subprocess.Popen(
        [sys.executable, str(file)], cwd=tmp_path, process_group=0, stderr=subprocess.PIPE, text=True
    )
    try:
        end = time.monotonic() + SECONDS
        while len(list(tmp_path.glob("worker.*"))) < 2:
            assert time.monotonic() < end
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, text = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGINT
    assert text.rstrip().endswith("KeyboardInterrupt")
    assert text.count("Traceback") == 1
    assert are_gone([int(path.suffix[1:]) for path in tmp_path.glob("worker.*")], SECONDS)


RESUMED = """
import json, os, pathlib, sys, time
import numpy as np
import feedline as fl
executor, state_file, wait = sys.argv[1:]
def element(number):
    return number, fl.random.uniform((), seed=4)
source = fl.Dataset.range(45).repeat(2)
dataset = source.map(element, 2).batch(4).with_options(fl.Options(executor=executor))
iterator = iter(dataset)
given = []
if os.path.exists(state_file):
    iterator.load_state_dict(json.loads(pathlib.Path(state_file).read_text()))
for numbers, draws in iterator:
    given.append([numbers.tolist(), draws.tolist()])
    if wait == "wait" and len(given) == 7:
        pathlib.Path("given").write_text(json.dumps(given))
        pathlib.Path(state_file + ".new").write_text(json.dumps(iterator.state_dict()))
        os.rename(state_file + ".new", state_file)
        time.sleep(1000)
print(json.dumps(given))
"""


@pytest.mark.parametrize(("first", "second"), [("processes", "inline"), ("threads", "processes")])
def test_after_a_kill_another_executor_goes_on_where_it_was(tmp_path, first, second) -> None:
    file = program(tmp_path, RESUMED)
    whole = json.loads(run(file, "inline", "none", "-").stdout)
    process = subprocess.Popen([sys.executable, str(file), first, "state", "wait"], cwd=tmp_path)
    try:
        end = time.monotonic() + SECONDS
        while not (tmp_path / "state").exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    given = json.loads((tmp_path / "given").read_text())
    ended = run(file, second, "state", "-")
    assert ended.returncode == 0, ended.stderr
    assert given + json.loads(ended.stdout) == whole


def test_functions_see_the_arguments_of_the_program(tmp_path) -> None:
    file = program(
        tmp_path,
        """
        import sys
        import feedline as fl
        sys.argv[1:] = ["one", "two"]
        dataset = fl.Dataset.range(4).map(lambda number: " ".join(sys.argv[1:]), num_parallel_calls=2)
        print({element for element in dataset.with_options(fl.Options(executor="processes")).as_numpy_iterator()})
        """,
    )
    ended = run(file)
    assert (ended.returncode, ended.stderr, ended.stdout.strip()) == (0, "", "{b'one two'}")
