"""Pickling functions by their code: lambdas, closures, and whatever another process cannot import."""

from __future__ import annotations

import functools
import sys
import threading
import types
from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

modules_by_value: set[str] = set()
"""Modules whose functions are sent by their code, since another process does not find the modules."""

_registering = threading.RLock()
_NO_FILE = "<dynamic-code>"


@contextmanager
def modules_sent_by_value() -> Iterator[None]:
    """Has cloudpickle send the functions of `modules_by_value` by their code meanwhile."""
    if not modules_by_value:
        yield
        return
    import cloudpickle

    with _registering:  # cloudpickle has one list of them, which another thread would take them from too soon
        here = [sys.modules[name] for name in sorted(modules_by_value) if name in sys.modules]
        added = [module for module in here if module.__name__ not in cloudpickle.list_registry_pickle_by_value()]
        for module in added:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in added:
                cloudpickle.unregister_pickle_by_value(module)


def _reduced_cached_function(cached: Any) -> str | tuple[Any, ...]:
    """Sends a function with a cache without what is in it; by its name where another process finds it."""
    module = sys.modules.get(cached.__module__)
    found: Any = module
    for part in cached.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is cached and cached.__module__ != "__main__" and cached.__module__ not in modules_by_value:
        return cached.__qualname__
    parameters = cached.cache_parameters()
    return _cached_function, (cached.__wrapped__, parameters["maxsize"], parameters["typed"])


def _cached_function(function: Any, maxsize: int | None, typed: bool) -> Any:
    return functools.lru_cache(maxsize, typed)(function)


def _reduced_cached_property(cached: Any) -> tuple[Any, ...]:
    """Sends a property of a class that is sent by its code without its lock, which it has up to Python 3.11."""
    return functools.cached_property, (cached.func,), {"attrname": cached.attrname, "__doc__": cached.__doc__}


_REDUCED = {
    functools._lru_cache_wrapper: _reduced_cached_function,
    functools.cached_property: _reduced_cached_property,
}
"""What cloudpickle does not know how to send."""


@cache
def code_pickler() -> Any:
    """Returns cloudpickle's pickler, with an attribute `files`: the names of the files that the code in it is of."""
    import cloudpickle

    known = cloudpickle.Pickler.dispatch_table

    def reduced_code(code: types.CodeType) -> tuple[Any, ...]:
        """Keeps the name of the file, which cloudpickle leaves out: errors tell the lines of the user's code."""
        kind, arguments, *rest = known[types.CodeType](code)
        named = tuple(code.co_filename if argument == _NO_FILE else argument for argument in arguments)
        return (kind, named, *rest)

    class CodePickler(cloudpickle.Pickler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.files: set[str] = set()
            self.dispatch_table = ChainMap({types.CodeType: self._reduced_code, **_REDUCED}, known)
            super().__init__(*args, **kwargs)  # which looks at the table

        def _reduced_code(self, code: types.CodeType) -> tuple[Any, ...]:
            self.files.add(code.co_filename)
            return reduced_code(code)

    return CodePickler
