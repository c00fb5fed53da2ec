"""Compiling all kernels ahead of time.

A process that is given names of modules compiles their kernels, one module after the other: `python -m
feedline.kernels.compile_all`. It reads the names from stdin, a line each, and answers each with a line of JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MODULES = (
    "example", "feature_lists", "resize", "csv_numbers", "pointwise", "bilinear", "unfilter", "csv_fields", "color",
    "plain_png", "tfrecord", "samples", "wire", "lzw", "permute", "pieces", "pread", "whole_files",
    "crc32c",
)  # fmt: skip
"""The modules with kernels, those that take longest first."""


@dataclass
class Compiled:
    """What was done for a module.

    Args:
        module: its name within `feedline.kernels`.
        kernels: how many kernels it has, each counted for each way it is called.
        compiled: how many of them were compiled; the others were there.
        seconds: how long that took.
        kept: whether all of them can be found by the next program.
    """

    module: str
    kernels: int
    compiled: int
    seconds: float
    kept: bool


def compile_module(module: str) -> Compiled:
    """Compiles the kernels of a module, or finds them compiled."""
    from feedline.kernels import kernel_cache
    from feedline.kernels.compile import DECLARED

    began = time.perf_counter()
    importlib.import_module(f"feedline.kernels.{module}")
    kernels = compiled = 0
    kept = True
    with kernel_cache.compiling_is_expected():
        for dispatcher, signatures in DECLARED.get(f"feedline.kernels.{module}", []):
            for types in signatures:
                kernels += 1
                before = sum(dispatcher.stats.cache_misses.values())
                dispatcher.compile(types)
                if sum(dispatcher.stats.cache_misses.values()) > before:
                    compiled += 1
                    kept = kept and dispatcher._cache.has(types, dispatcher.targetctx.codegen())
    return Compiled(module, kernels, compiled, time.perf_counter() - began, kept)


def compile_all(
    processes: int, say: Callable[[Compiled], None], *, modules: Sequence[str] = MODULES, shared: bool = False
) -> None:
    """Compiles the kernels of all modules, or of some.

    Args:
        processes: how many processes share the work.
        say: is told of each module when it is done.
        modules: their names, those that take longest first.
        shared: whether to keep them in the installation, for all its users.

    Raises:
        RuntimeError: a process failed; the error says what it wrote.
    """
    waiting = list(modules)
    failures: list[str] = []
    lock = threading.Lock()

    def take() -> str | None:
        with lock:
            return waiting.pop(0) if waiting and not failures else None

    def work() -> None:
        command = [sys.executable, "-m", "feedline.kernels.compile_all", *(["--shared"] if shared else [])]
        try:
            worker = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        except OSError as error:
            failures.append(f"no process can be started: {error}")
            return
        with worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            assert worker.stderr is not None
            while (module := take()) is not None:
                try:
                    worker.stdin.write(f"{module}\n")
                    worker.stdin.flush()
                    line = worker.stdout.readline()
                except OSError:
                    line = ""
                if not line:
                    failures.append(worker.stderr.read().strip() or f"compiling {module} failed")
                    return
                with lock:
                    say(Compiled(**json.loads(line)))
            worker.stdin.close()

    threads = [threading.Thread(target=work) for _ in range(max(1, min(processes, len(modules))))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures[0])


def remove_shared_of_others() -> None:
    """Removes what other versions have compiled for all users of this installation."""
    from feedline.kernels.kernel_cache import SHARED, source_digest

    for folder in SHARED.iterdir() if SHARED.exists() else ():
        if folder.name != source_digest():
            shutil.rmtree(folder, ignore_errors=True)


def _work() -> None:
    from feedline.kernels import kernel_cache

    gc.disable()  # Numba makes millions of objects that live on, which the collector would look at again and again
    if "--shared" in sys.argv:
        kernel_cache.keep_in(kernel_cache.SHARED / kernel_cache.source_digest())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what others print is no answer
    for line in sys.stdin:
        answers.write(json.dumps(asdict(compile_module(line.strip()))) + "\n")
        answers.flush()


def folder_for(shared: bool) -> Path | None:
    """Returns where `compile_all` keeps what it compiles; None where nothing may be kept."""
    from feedline.kernels import kernel_cache

    return kernel_cache.SHARED / kernel_cache.source_digest() if shared else kernel_cache.own_folder()


if __name__ == "__main__":
    _work()
