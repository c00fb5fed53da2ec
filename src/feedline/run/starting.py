"""Starting processes for a plan that is running by other means meanwhile."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from feedline.errors import FeedlineError
from feedline.run.prepare import NotForProcessesError, state_digest
from feedline.run.remote import Remote

_LIBRARIES = ("cv2", "simplejpeg", "isal.isal_zlib", "numba")
"""What feedline's functions load when they are first called."""


class ProcessesStarting:
    """Starts processes in a thread of its own.

    Args:
        make: makes what they are used through.

    Attributes:
        remote: that, once the processes are ready.
        refusal: why they are not to be used.
    """

    def __init__(self, make: Callable[[], Remote]) -> None:
        self._make = make
        self.remote: Remote | None = None
        self.refusal: str | None = None
        self._given_up = False
        self._lock = threading.Lock()
        threading.Thread(target=self._start, daemon=True, name="feedline_starting").start()

    def _start(self) -> None:
        remote: Remote | None = None
        try:
            remote = self._make()
            before = state_digest(remote.prepared.sections)
            remote.open()
            remote.warm_up(modules_in_use())
            # Until here the functions have been called many times in this process.
            if state_digest(remote.prepared.sections) != before:
                raise NotForProcessesError("a function changes what it refers to, which other processes would not see")
        except (NotForProcessesError, FeedlineError) as error:
            self._refuse(remote, getattr(error, "what", str(error)))
        except Exception as error:
            self._refuse(remote, f"{type(error).__name__}: {error}")
        else:
            with self._lock:
                if not self._given_up:
                    self.remote = remote
                    return
            remote.close()

    def _refuse(self, remote: Remote | None, reason: str) -> None:
        if remote is not None:
            remote.close()
        self.refusal = reason

    def take(self) -> Remote | None:
        """Returns what was started, once it is ready; it is the caller's from then on."""
        with self._lock:
            remote, self.remote = self.remote, None
            return remote

    def give_up(self) -> None:
        """Lets go of the processes, now or as soon as they are there."""
        with self._lock:
            self._given_up = True
            remote, self.remote = self.remote, None
        if remote is not None:
            remote.close()


def modules_in_use() -> list[str]:
    """Returns the modules that feedline's functions have loaded in this process, and would load in another."""
    own = [name for name in sys.modules if name.startswith(("feedline.kernels.", "feedline.io.", "feedline.image.",
                                                            "feedline.formats."))]  # fmt: skip
    return own + [name for name in _LIBRARIES if name in sys.modules]
