"""What the tests of data sets share."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest


@contextlib.contextmanager
def _at_most(megabytes: int) -> Iterator[None]:
    import resource

    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = now + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit if before[0] < 0 else min(limit, before[0]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="session")
def at_most() -> Callable[[int], AbstractContextManager]:
    """A context in which this process gets no more than so many megabytes: what asks for more gets a MemoryError."""
    if sys.platform != "linux":
        pytest.skip("only Linux holds a process to the memory that it is allowed")
    return _at_most
