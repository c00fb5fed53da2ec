"""What surrounds a program and is none of its data: where modules are looked for, arguments, folder, environment."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass

_ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "OPENCV_FOR_THREADS_NUM", "NUMBA_NUM_THREADS",
)  # fmt: skip
"""What keeps libraries within a worker from starting threads: there is a worker for each core."""


@dataclass(frozen=True)
class Surroundings:
    """What surrounds a program at one moment, for workers to have the same.

    Args:
        path: where modules are looked for.
        argv: the program's arguments.
        folder: the folder that it works in; None where that is gone.
        environment: the variables of its environment, and those that keep libraries from starting threads.
    """

    path: list[str]
    argv: list[str]
    folder: str | None
    environment: dict[str, str]

    @classmethod
    def here(cls) -> Surroundings:
        """Returns those of this process."""
        folder: str | None = None
        with contextlib.suppress(OSError):
            folder = os.path.abspath(os.curdir)
        path = [each for each in sys.path if isinstance(each, str)]
        argv = [argument for argument in sys.argv if isinstance(argument, str)]
        return cls(path, argv, folder, {**dict.fromkeys(_ONE_THREAD, "1"), **os.environ})

    def adopt(self, before: dict[str, str]) -> None:
        """Has this process have the same.

        Args:
            before: the environment that it was told of before: what it has set since by itself stays.
        """
        sys.path[:], sys.argv[:] = self.path, self.argv
        if self.folder is not None:
            with contextlib.suppress(OSError):  # it may not go there
                os.chdir(self.folder)
        for name in before.keys() - self.environment.keys():
            os.environ.pop(name, None)
        for name, value in self.environment.items():
            if before.get(name) != value:
                os.environ[name] = value
