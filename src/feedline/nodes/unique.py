"""unique: each element once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import StructureError
from feedline.nodes.streamed import StreamedNode
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Unique(StreamedNode):
    """The first of all equal elements; it remembers every element it has given."""

    name = "unique"

    def spec(self) -> Any:
        return self.parents[0].spec()

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        seen: set[Any] = set()
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for element in parent:
                key = self._key(element)
                if key not in seen:
                    seen.add(key)
                    yield element

    @staticmethod
    def _key(element: Any) -> Any:
        leaves, _ = flatten(element)
        if len(leaves) != 1 or not isinstance(leaves[0], np.ndarray | np.generic | bytes):
            raise StructureError(
                f"unique() needs elements of one array, not of {len(leaves)} components.",
                fix="Choose the component in map first.",
            )
        value = leaves[0]
        if isinstance(value, bytes):
            return value
        if value.dtype == object:
            return tuple(value.reshape(-1).tolist()), value.shape
        return value.tobytes(), value.shape
