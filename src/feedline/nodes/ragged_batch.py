"""ragged_batch: elements whose lengths differ become one ragged tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.block import Block, Column
from feedline.nodes.batch import Batch
from feedline.ragged import RaggedTensor
from feedline.spec import RaggedTensorSpec, as_dtype
from feedline.structure import flatten


@dataclass(frozen=True, eq=False)
class RaggedBatch(Batch):
    """Stacks elements; components with a length that is not known become ragged.

    Args:
        row_splits_dtype: int32 or int64.
    """

    row_splits_dtype: Any

    name = "ragged_batch"

    def ragged_dimensions(self) -> list[int]:
        """Returns for each component how many of an element's dimensions are ragged."""
        counts = []
        for spec in flatten(self.parents[0].spec())[0]:
            unknown = [axis for axis, length in enumerate(spec.shape or ()) if length is None]
            counts.append(1 + max(unknown) if unknown and not isinstance(spec, RaggedTensorSpec) else 0)
        return counts

    def spec(self) -> Any:
        specs, treedef = flatten(self.parents[0].spec())
        leading = self.batch_size if self.drop_remainder else None
        result = []
        for spec, ragged in zip(specs, self.ragged_dimensions(), strict=True):
            shape = None if spec.shape is None else (leading, *spec.shape)
            if ragged or isinstance(spec, RaggedTensorSpec):
                rank = ragged or spec.ragged_rank + 1
                result.append(RaggedTensorSpec(shape, spec.dtype, rank, as_dtype(self.row_splits_dtype)))
            else:
                result.append(type(spec)(shape, spec.dtype))
        return treedef.unflatten(result)

    def batch_columns(self, block: Block, ranges: list[tuple[int, int]], numbers: list[int]) -> list[Column]:
        dense = super().batch_columns
        columns: list[Column] = []
        for number, ragged in enumerate(self.ragged_dimensions()):
            column = block.columns[number]
            if ragged == 0:
                columns.extend(dense(Block(block.length, [column], block.treedef), ranges, numbers))
            else:
                columns.append([self._ragged(column[start:stop], ragged) for start, stop in ranges])
        return columns

    def _ragged(self, rows: Any, dimensions: int) -> RaggedTensor:
        splits = as_dtype(self.row_splits_dtype)
        return RaggedTensor.from_rows([to_ragged(row, dimensions - 1, splits) for row in rows], splits)


def to_ragged(array: np.ndarray, dimensions: int, splits_dtype: np.dtype) -> np.ndarray | RaggedTensor:
    """Returns an array as a ragged tensor whose first `dimensions` + 1 dimensions are rows of rows."""
    if dimensions == 0:
        return array
    inner = to_ragged(array.reshape(-1, *array.shape[2:]), dimensions - 1, splits_dtype)
    return RaggedTensor.from_row_lengths(inner, np.full(array.shape[0], array.shape[1]), splits_dtype)
