"""unique: each element once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import DtypeError, FeedlineError, StructureError
from feedline.nodes.base import Failure
from feedline.nodes.streamed import StreamedNode
from feedline.spec import TensorSpec, dtype_name, string
from feedline.structure import component_dtype, flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Unique(StreamedNode):
    """The first of all equal elements; it remembers every element it has given."""

    name = "unique"
    spec_costs = False

    def check_parents(self) -> None:
        if self.spec_is_free:
            leaves, _ = flatten(self.spec())
            _check_component([leaf.dtype if isinstance(leaf, TensorSpec) else None for leaf in leaves])

    def spec(self) -> Any:
        return self.parents[0].spec()

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        seen: set[Any] = set()
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for element in parent:
                try:
                    key = None if isinstance(element, Failure) else _key(element)
                except FeedlineError as error:
                    element, key = Failure(error), None
                if isinstance(element, Failure):
                    yield element
                elif key not in seen:
                    seen.add(key)
                    yield element


def _key(element: Any) -> Any:
    """Returns what equal elements have in common, and no others."""
    leaves, _ = flatten(element)
    _check_component(
        [component_dtype(leaf) if isinstance(leaf, np.ndarray | np.generic | bytes) else None for leaf in leaves]
    )
    value = leaves[0]
    if isinstance(value, bytes):
        return value
    if value.dtype == object:
        return tuple(value.reshape(-1).tolist()), value.shape
    return value.tobytes(), value.shape


def _check_component(dtypes: list[np.dtype | None]) -> None:
    """Checks the dtypes of the components, None for one that is no array."""
    if len(dtypes) != 1 or dtypes[0] is None:
        raise StructureError(
            f"unique() needs elements of one array, not of {len(dtypes)} components."
            if len(dtypes) != 1
            else "unique() needs elements of one array, not a ragged or sparse one.",
            fix="Choose the component in map first.",
        )
    if dtypes[0] not in _DTYPES:
        raise DtypeError(
            f"unique() compares int32, int64 and strings, not {dtype_name(dtypes[0])}.",
            fix='Cast the element in map first, for example with fl.cast(value, "int64").',
        )


_DTYPES = (np.dtype(np.int32), np.dtype(np.int64), string)
