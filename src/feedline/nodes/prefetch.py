"""prefetch: elements are made ready while the consumer works on those before them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedline.nodes.base import OrderNode


@dataclass(frozen=True, eq=False)
class Prefetch(OrderNode):
    """Asks the running of its parent to work ahead.

    Args:
        buffer_size: by how many elements; AUTOTUNE for as many as memory and workers make sensible.
    """

    buffer_size: int

    name = "prefetch"
    passes_on = True

    @property
    def lookahead(self) -> int:  # type: ignore[override]
        return self.buffer_size

    def label(self) -> str:
        return f"prefetch({'AUTOTUNE' if self.buffer_size < 0 else self.buffer_size})"

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return positions, epochs
