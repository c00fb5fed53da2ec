"""Runs block_004_3 and says, as a line of JSON, what became of it and of the processes that it started.

python pool_harness.py block_004_3.py 3
"""

import gc
import json
import multiprocessing
import os
import runpy
import sys
import time

import numpy as np

started = []
original = multiprocessing.process.BaseProcess.start


def noted_start(self):
    original(self)
    started.append(self.pid)


def running(pid):
    """Says whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main() -> None:
    multiprocessing.set_start_method("fork")
    multiprocessing.process.BaseProcess.start = noted_start
    program, sys.argv = sys.argv[1], sys.argv[1:]
    error = None
    shapes = []
    try:
        seen = runpy.run_path(program)["seen"]
        shapes = [[list(images.shape), str(images.dtype), np.asarray(labels).tolist()] for images, labels in seen]
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    gc.collect()  # what a failure holds on to: the traceback, its frames, and in them the pool
    # a worker that is in the generator as the loop is left closes it when it has its element
    patience = time.monotonic() + 60
    while any(map(running, started)) and time.monotonic() < patience:
        time.sleep(0.02)
    left = [pid for pid in started if running(pid)]
    children = len(multiprocessing.active_children())
    print(json.dumps({"error": error, "shapes": shapes, "started": started, "left": left, "children": children}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
    assert os.getpid() not in started
