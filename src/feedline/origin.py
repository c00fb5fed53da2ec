"""Origin: the line of the user's code that a node was written on."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
import traceback
from dataclasses import dataclass
from types import FrameType, TracebackType

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARIES = (sysconfig.get_path("stdlib") + os.sep, f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_OUTSIDE = (_PACKAGE + "cli" + os.sep,)


def _is_feedline(filename: str) -> bool:
    return filename.startswith(_PACKAGE) and not filename.startswith(_OUTSIDE)


def is_feedline_frame(frame: FrameType) -> bool:
    """Says whether a frame runs code of feedline's."""
    filename = frame.f_code.co_filename
    # The __init__ of a dataclass is code without a file.
    generated = filename == "<string>" and str(frame.f_globals.get("__name__")).startswith("feedline.")
    return generated or _is_feedline(filename)


@dataclass(frozen=True, slots=True)
class Origin:
    """A place in the user's code."""

    filename: str
    line: int

    def __str__(self) -> str:
        text = linecache.getline(self.filename, self.line).strip()
        name = os.path.relpath(self.filename) if os.path.isabs(self.filename) else self.filename
        if name.startswith(".." + os.sep):
            name = self.filename
        return f"{name}:{self.line}" + (f": {text}" if text else "")


def user_origin() -> Origin:
    """Returns the line outside feedline that is being executed."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_feedline_frame(frame):
        frame = frame.f_back
    if frame is None:
        return Origin("?", 0)
    return Origin(frame.f_code.co_filename, frame.f_lineno)


def frames_to_user() -> int:
    """Returns the `stacklevel` with which a warning of the caller is told at the line outside feedline."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and is_feedline_frame(frame):
        frame, level = frame.f_back, level + 1
    return level


def user_line() -> Origin | None:
    """Returns the line outside feedline and its command that is being executed; None where that is a library's."""
    origin = user_origin()
    if origin.line == 0 or origin.filename.startswith(_PACKAGE) or is_library(origin.filename):
        return None
    return origin


def origin_in_traceback(trace: TracebackType | None) -> Origin | None:
    """Returns the innermost line outside feedline, Python and installed packages in a traceback, if there is one."""
    found = None
    for frame, line in traceback.walk_tb(trace):
        filename = frame.f_code.co_filename
        if not is_feedline_frame(frame) and not is_library(filename):
            found = Origin(filename, line)
    return found


def is_library(filename: str) -> bool:
    """Says whether a file is Python's own, or of an installed package."""
    return filename.startswith("<frozen") or any(library in filename for library in _LIBRARIES)
