"""Errors that were raised in another process, with the original and its traceback."""

from __future__ import annotations

import pickle
import traceback
from typing import Any

from feedline.errors import FeedlineError


class WorkerTraceback(Exception):
    """Where, in another process, an error was raised: the text of its traceback."""

    def __str__(self) -> str:
        return f"in a worker process:\n\n{self.args[0]}"


def packed_error(error: BaseException) -> bytes:
    """Returns an error as bytes. What cannot be pickled is replaced by an error of the same text."""
    cause = error.__cause__
    text = "".join(traceback.format_exception(cause if cause is not None else error)).rstrip()
    return pickle.dumps((_portable(error), None if cause is None else _portable(cause), text))


def unpacked_error(packed: bytes) -> BaseException:
    """Returns an error that another process has packed: its original, and that one's traceback, are chained to it."""
    error, cause, text = pickle.loads(packed)
    error = _loaded(error)
    innermost = error
    if cause is not None:
        error.__cause__ = innermost = _loaded(cause)
    innermost.__cause__ = WorkerTraceback(text)
    return error


def _portable(error: BaseException) -> Any:
    """Returns an error's bytes, and what to make of it where they cannot be read."""
    import cloudpickle

    text = str(error)
    try:
        packed = cloudpickle.dumps(error)
        if str(pickle.loads(packed)) != text:  # an error whose arguments are not its __init__'s
            packed = None
    except Exception:
        packed = None
    kind = type(error)
    base = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    told = text if kind is base else f"{kind.__qualname__}: {text}" if text else kind.__qualname__
    return packed, None if isinstance(error, FeedlineError) else base, told


def _loaded(portable: Any) -> BaseException:
    packed, base, text = portable
    if packed is not None:
        try:
            return pickle.loads(packed)
        except Exception:
            pass
    if base is None:
        return FeedlineError(text)
    try:
        error = base(text)
        return error if str(error) == text else RuntimeError(text)
    except Exception:  # such as UnicodeDecodeError, which takes more than a text
        return RuntimeError(text)
