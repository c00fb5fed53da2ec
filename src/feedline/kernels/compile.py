"""How kernels are compiled, and for which types.

Compiling takes Numba some 50 ms for the least function, and seconds for a careless one. What keeps it short:

- A kernel names the types that it is called with (`kernel`); whoever calls it sees to it that they are these.
- What stands in several kernels is a `part` of its own, compiled once. Numba makes a version of it for each constant
  argument, so constants are given as `np.int64(3)`; arrays of which only bytes are wanted are given as an address.
- Nothing is used that Numba itself compiles a function for at each use: slices that are assigned to, `reshape`,
  `np.zeros` and `np.full`. `np.empty` takes one dimension.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from feedline.kernels.kernel_cache import KernelCache

DECLARED: dict[str, list[tuple[Any, tuple[tuple[types.Type, ...], ...]]]] = {}
"""The kernels of each module, with the types that each is called with."""

BOOL, INT64, UINT64, FLOAT32 = types.boolean, types.int64, types.uint64, types.float32

_OPTIONS = {"no_cfunc_wrapper": True, "error_model": "numpy"}


def array(dtype: types.Type, ndim: int = 1, *, constant: bool = False) -> types.Array:
    """Returns the type of arrays in C order.

    Args:
        dtype: Numba's, such as `types.uint8`.
        ndim: how many dimensions they have.
        constant: whether they cannot be written to.
    """
    return types.Array(dtype, ndim, "C", readonly=constant)


BYTES, CONSTANT_BYTES, INTS, FLOATS = (
    array(types.uint8),
    array(types.uint8, constant=True),
    array(INT64),
    array(FLOAT32),
)
BOOLS = array(BOOL)
CONSTANT_INTS = array(INT64, constant=True)


def constant(array: np.ndarray) -> np.ndarray:
    """Returns an array as one that cannot be written to, so that a kernel need be compiled only for such."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


@intrinsic
def stay_apart(typing_context):  # type: ignore[no-untyped-def]
    """Keeps the part in which it stands from being copied into all that call it, to be compiled with each again."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


def kernel(
    *signatures: tuple[types.Type, ...], nogil: bool = True, allocates: bool = False
) -> Callable[[Callable], Any]:
    """Has a function compiled when it is first called.

    Args:
        signatures: the types of the arguments, for each way it is called.
        allocates: whether the kernel makes arrays.
        nogil: whether other threads run meanwhile; not where the kernel makes Python objects.

    Returns:
        A decorator.
    """

    def decorate(function: Callable) -> Any:
        compiled = _compiled(function, nogil=nogil, _nrt=allocates)
        DECLARED.setdefault(function.__module__, []).append((compiled, signatures))
        return compiled

    return decorate


def part(function: Callable) -> Any:
    """Has a function compiled as a part of kernels, which cannot be called from Python."""
    return _compiled(function, no_cpython_wrapper=True, _nrt=False)


def _compiled(function: Callable, **options: bool) -> Any:
    dispatcher = njit(**_OPTIONS, **options)(function)  # type: ignore[call-overload]
    dispatcher._cache = KernelCache(function)
    return dispatcher
