"""ignore_errors: elements that cannot be computed are left out, and counted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedline.block import Block
from feedline.errors import FeedlineError
from feedline.nodes.base import Stream
from feedline.nodes.streamed import StreamedNode

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class IgnoreErrors(StreamedNode):
    """Leaves out elements whose computing raises.

    Args:
        log_warning: whether each is told as a warning.
    """

    log_warning: bool

    name = "ignore_errors"
    spec_costs = False

    def learn_spec(self) -> Any:
        try:
            return self.parents[0].spec()
        except FeedlineError:  # what the spec would be learnt from cannot be computed
            return super().learn_spec()

    def open(self, epoch: int, run: Run) -> Stream:
        return _IgnoringStream(run.open(self.parents[0], epoch), self.log_warning)


class _IgnoringStream:
    def __init__(self, parent: Stream, log_warning: bool) -> None:
        self._parent = parent
        self._log_warning = log_warning

    def next(self, limit: int) -> Block | None:
        while True:
            try:
                return self._parent.next(limit)
            except FeedlineError as error:
                if self._log_warning:
                    warnings.warn(f"ignore_errors() left out an element: {error}", RuntimeWarning, stacklevel=2)

    def close(self) -> None:
        self._parent.close()
