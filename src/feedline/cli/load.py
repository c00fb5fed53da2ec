"""Objects that are named on the command line: `module:name` and `path.py:name`."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from feedline.errors import ArgumentError, FeedlineError, MissingFileError, UserFunctionError, nearest_name
from feedline.origin import origin_in_traceback


def load(target: str, what: str, accepts: Callable[[Any], bool]) -> Any:
    """Returns the object of a target; where it is a function, what it returns.

    Args:
        target: `module:name`, or `path.py:name`; a name may have dots. The current folder can be imported from.
        what: what is wanted ("a dataset"), for messages.
        accepts: whether an object is that.

    Raises:
        FeedlineError: it cannot be loaded, or is something else.
    """
    module_name, colon, name = target.rpartition(":")
    if not colon or not module_name or not name:
        raise ArgumentError(
            f"{target!r} does not say where {what} is.",
            fix="Give module:name or path.py:name, such as train.py:dataset.",
        )
    module = _module(module_name)
    value = _named(module, name, module_name, what, accepts)
    if not accepts(value) and callable(value) and not isinstance(value, type):
        value = _called(value, f"{name}()", target)
    if not accepts(value):
        raise ArgumentError(
            f"{target} is {value!r:.80}, not {what}.",
            fix=f"Name {what}, or a function of no arguments that returns it.",
        )
    return value


def _module(name: str) -> ModuleType:
    for folder in ("", os.getcwd()):  # as Python itself has the folder of what it runs
        if folder not in sys.path:
            sys.path.insert(0, folder)
    if not name.endswith(".py") and os.sep not in name:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name and error.name != name.partition(".")[0]:
                raise _raised(error, f"importing {name}") from error
            files = [file[:-3] for file in os.listdir() if file.endswith(".py")]
            near = nearest_name(name, files)
            raise ArgumentError(
                f"there is no module {name!r}.",
                fix=f"Did you mean {near!r}?" if near else f"The current folder is {os.getcwd()}; is it the right one?",
            ) from error
        except Exception as error:
            raise _raised(error, f"importing {name}") from error
    path = os.path.abspath(name)
    if not os.path.isfile(path):
        near = (
            nearest_name(os.path.basename(path), os.listdir(os.path.dirname(path) or "."))
            if os.path.isdir(os.path.dirname(path))
            else None
        )
        raise MissingFileError(
            f"there is no file {name!r}.", fix=f"Did you mean {near!r}?" if near else "Mend the path."
        )
    folder, file = os.path.split(path)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    stem = file.removesuffix(".py")
    known = sys.modules.get(stem)
    if known is not None and getattr(known, "__file__", None) == path:
        return known
    spec = importlib.util.spec_from_file_location(stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[stem]
        raise _raised(error, f"importing {name}") from error
    return module


def _named(module: ModuleType, name: str, module_name: str, what: str, accepts: Callable[[Any], bool]) -> Any:
    value: Any = module
    parts = name.split(".")
    for number, part in enumerate(parts):
        if not hasattr(value, part):
            names = [each for each in vars(value) if not each.startswith("_")] if hasattr(value, "__dict__") else []
            fitting = [each for each in names if accepts(getattr(value, each))]
            if number == len(parts) - 1:
                names = fitting + [each for each in names if _is_own_function(getattr(value, each), module)]
            near = nearest_name(part, names)
            hint = f"Did you mean {near!r}?" if near else ""
            if not near and fitting:
                hint = f"Of {what.split()[-1]}s there are: {', '.join(fitting[:5])}."
            raise ArgumentError(f"{module_name} has no {part!r}.", fix=hint or f"Name {what} that it has.")
        value = getattr(value, part)
    return value


def _is_own_function(value: Any, module: ModuleType) -> bool:
    """Says whether a value is a function of the module's, which may return what is wanted."""
    return inspect.isroutine(value) and getattr(value, "__module__", None) == module.__name__


def _called(function: Callable[..., Any], name: str, target: str) -> Any:
    try:
        needed = [
            each.name
            for each in inspect.signature(function).parameters.values()
            if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        ]
    except (TypeError, ValueError):
        needed = []
    if needed:
        raise ArgumentError(
            f"{target} is a function that needs {', '.join(needed)}.",
            fix="Name a function of no arguments: give the arguments defaults, or write one that calls it.",
        )
    try:
        return function()
    except Exception as error:
        raise _raised(error, name) from error


def _raised(error: Exception, doing: str) -> FeedlineError:
    if isinstance(error, FeedlineError):
        return error
    line = origin_in_traceback(error.__traceback__)
    return UserFunctionError(
        f"{doing} raised {type(error).__name__}: {error}",
        where=[str(line)] if line is not None else (),
        fix="Mend the line above." if line is not None else "Mend what raised it.",
    )
