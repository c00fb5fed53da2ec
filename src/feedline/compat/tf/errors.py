"""`tf.errors`: feedline's own error classes under TensorFlow's names.

`InvalidArgumentError` is the base class of all of feedline's errors: TensorFlow says it of wrong shapes, dtypes, values
and records alike, for which feedline has a class each.
"""

from __future__ import annotations

from typing import Any

from feedline.compat.tf.missing import missing_name
from feedline.errors import CardinalityError as FailedPreconditionError
from feedline.errors import DataLossError, FeedlineError
from feedline.errors import FeedlineError as InvalidArgumentError
from feedline.errors import FeedlineError as OpError
from feedline.errors import UserFunctionError as UnknownError

NotFoundError = FileNotFoundError
"""The base of `feedline.errors.MissingFileError` and `NoFilesError`."""

PermissionDeniedError = PermissionError

AlreadyExistsError = FileExistsError
ResourceExhaustedError = MemoryError

__all__ = [
    "AbortedError",
    "AlreadyExistsError",
    "CancelledError",
    "DataLossError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "OpError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
]


class OutOfRangeError(FeedlineError):
    """The dataset whose next element is asked for has ended."""


class AbortedError(FeedlineError):
    """For `except`: feedline raises it nowhere."""


class CancelledError(FeedlineError):
    """For `except`: feedline raises it nowhere."""


class DeadlineExceededError(FeedlineError):
    """For `except`: feedline raises it nowhere."""


class InternalError(FeedlineError):
    """For `except`: feedline raises it nowhere."""


class UnauthenticatedError(FeedlineError):
    """For `except`: feedline raises it nowhere."""


class UnavailableError(FeedlineError):
    """For `except`: feedline raises it nowhere."""


class UnimplementedError(FeedlineError):
    """For `except`: feedline raises it nowhere."""


def __getattr__(name: str) -> Any:
    raise missing_name("tf.errors", name, __all__)
