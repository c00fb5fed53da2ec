"""ragged_batch: elements whose lengths differ become one ragged tensor."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedline.nodes.base import Failure, Node
from feedline.nodes.batch import Batch
from feedline.spec import RaggedTensorSpec, TensorSpec
from feedline.structure import batched_spec, flatten, map_structure, merge_specs, spec_of


@dataclass(frozen=True, eq=False)
class RaggedBatch(Batch):
    """Stacks elements; components with a length that is not known become ragged.

    Args:
        row_splits_dtype: int32 or int64.
    """

    row_splits_dtype: np.dtype

    name = "ragged_batch"

    @cached_property
    def _element_spec(self) -> Any:
        return sampled_spec(self.parents[0])

    def spec(self) -> Any:
        return map_structure(self._batched_spec, self._element_spec)

    def _batched_spec(self, spec: Any) -> Any:
        batched = batched_spec(spec, self.batch_size if self.drop_remainder else None)
        unknown = [axis for axis, length in enumerate(spec.shape or ()) if length is None]
        if not unknown or not isinstance(spec, TensorSpec):
            return batched
        return RaggedTensorSpec(batched.shape, spec.dtype, 1 + max(unknown), self.row_splits_dtype)

    @cached_property
    def ragged(self) -> list[tuple[int, np.dtype] | None]:
        return [
            (spec.ragged_rank, spec.row_splits_dtype) if getattr(spec, "ragged_rank", 0) > 0 else None
            for spec in flatten(self.spec())[0]
        ]

    @property
    def fix_of_shapes(self) -> str:
        return (
            f"The first {_SAMPLE} elements are of one shape, so that this component was taken to be dense. "
            "Say in output_signature of from_generator that its length is not known, or use padded_batch."
        )


_SAMPLE = 32
"""How many elements are looked at where a spec is known only by running the pipeline."""


def sampled_spec(node: Node) -> Any:
    """Returns a node's spec; where that is learnt by running it, lengths are None that differ among the first elements.

    The spec of a `map` is that of its first result, which says nothing of the lengths of the others.
    """
    from feedline.run.context import Run

    leaves, treedef = flatten(node.spec())
    if not node.spec_is_free and any(spec.shape for spec in leaves):
        with closing(Run(keeps=False).elements(node, 0)) as elements:
            for element in itertools.islice(elements, _SAMPLE):
                if not isinstance(element, Failure):
                    values = flatten(element)[0]
                    leaves = [merge_specs(spec, spec_of(value)) for spec, value in zip(leaves, values, strict=True)]
    return treedef.unflatten(leaves)
