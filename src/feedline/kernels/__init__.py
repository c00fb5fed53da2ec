"""Numba kernels: compiled once for a user and cached, they release the GIL and know nothing of the rest of feedline."""

import atexit
import shutil
import tempfile

import numba


def _find_place_for_compiled_code() -> None:
    """Has Numba keep compiled code in a folder of this process where it finds no other.

    That is so in containers: an installation that may not be written to, and no home. Without a folder, Numba raises.
    """
    try:
        numba.njit(cache=True)(_find_place_for_compiled_code)
    except RuntimeError:
        folder = tempfile.mkdtemp(prefix="feedline-")
        numba.config.CACHE_DIR = folder  # type: ignore[attr-defined]  # Numba makes its settings at run time
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


_find_place_for_compiled_code()
