"""`feedline warmup`: compiles ahead of time what programs would compile when they first need it."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer


def warmup(
    shared: Annotated[
        bool, typer.Option("--shared", help="Keep it in the installation, for all its users, as in a container image.")
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many processes to compile in.", show_default="one a core")
    ] = None,
) -> None:
    """Compile everything for this machine ahead of time, so that no program has to do it."""
    from feedline.kernels.compile_all import Compiled, compile_all, folder_for, remove_shared_of_others

    folder = folder_for(shared)
    if folder is None:
        _refuse("nothing may be kept: FEEDLINE_CACHE is empty, or there is no home", "Set FEEDLINE_CACHE to a folder.")
        return
    fix = (
        "Run it as a user who may write there." if shared else "Set FEEDLINE_CACHE to a folder that can be written to."
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _refuse(f"{folder} cannot be made: {error.strerror}", fix)
    if not os.access(folder, os.W_OK):
        _refuse(f"{folder} cannot be written to", fix)
    began = time.perf_counter()
    done: list[Compiled] = []

    def say(module: Compiled) -> None:
        done.append(module)
        what = f"{module.compiled} compiled" if module.compiled else "already there"
        typer.echo(f"  {module.module:<14} {module.kernels:>3} kernels  {what:<14} {module.seconds:5.1f} s")

    try:
        compile_all(processes or _cores(), say, shared=shared)
    except RuntimeError as error:
        _refuse(str(error), "Report it, with what it says above.")
    if shared:
        remove_shared_of_others()
    lost = [module.module for module in done if not module.kept]
    if lost:
        _refuse(f"what was compiled for {', '.join(lost)} could not be kept in {folder}", "Make room on the disk.")
    compiled, kernels = sum(module.compiled for module in done), sum(module.kernels for module in done)
    typer.echo(f"{compiled} of {kernels} kernels compiled in {time.perf_counter() - began:.1f} s. They are in {folder}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _refuse(what: str, fix: str) -> None:
    typer.echo(f"feedline warmup: {what}.\n  fix:   {fix}", err=True)
    raise typer.Exit(1)
