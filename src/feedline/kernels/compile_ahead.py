"""Compiling the kernels that a program will need on all cores, while it goes on to where it needs the first of them.

A program that finds nothing compiled would compile one kernel after the other as it comes to them, on one core. Where
it is known beforehand which large ones it will need, other processes compile them; whoever needs one that is being
compiled waits for it (`kernel_cache.py`).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence

_LEAST_MODULES = 2
"""One alone is compiled as soon by who needs it: a process takes half a second to start."""


def compile_ahead(modules: Sequence[str], processes: int) -> list[str]:
    """Has the kernels of modules compiled by other processes where that saves time. It does not wait for them.

    Args:
        modules: their names within `feedline.kernels`, those that take longest first.
        processes: how many to start at the most.

    Returns:
        The modules that are being compiled.
    """
    if len(modules) < _LEAST_MODULES or processes < 2:
        return []
    from feedline.kernels import kernel_cache

    missing = [module for module in modules if not kernel_cache.holds_some_of(module)]
    folder = kernel_cache.own_folder()
    if len(missing) < _LEAST_MODULES or folder is None or not _can_be_written(folder):
        return []
    kernel_cache.announce_compiling()
    threading.Thread(target=_compile, args=(processes, missing), daemon=True, name="feedline_compile").start()
    return missing


def _compile(processes: int, modules: list[str]) -> None:
    from feedline.kernels.compile_all import compile_all

    # Where no process can be started, or one fails, this process compiles what it needs itself.
    with contextlib.suppress(RuntimeError, OSError, ValueError):
        compile_all(processes, lambda compiled: None, modules=modules)


def _can_be_written(folder: os.PathLike[str]) -> bool:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
