"""with_options: how a dataset is to be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.nodes.base import OrderNode


@dataclass(frozen=True, eq=False)
class WithOptions(OrderNode):
    """Its parent's elements, run as the options say.

    Args:
        options: a `feedline.Options`.
    """

    options: Any

    name = "with_options"
    passes_on = True

    @property
    def threads(self) -> int | None:  # type: ignore[override]
        return self.options.threading.private_threadpool_size or self.options.autotune.cpu_budget or None

    @property
    def executor(self) -> str | None:  # type: ignore[override]
        return self.options.executor

    @property
    def memory_budget(self) -> int | None:  # type: ignore[override]
        return self.options.memory_budget or self.options.autotune.ram_budget or None

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return positions, epochs
