"""Ragged and sparse tensors as PyTorch has them: their arrays apart, and put together as a tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from feedline.errors import DtypeError, ShapeError, StructureError
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.torch.arrays import as_tensor


@dataclass(frozen=True)
class Parts:
    """The tensors that one is made of, which can go to a device one by one.

    Args:
        tensors: dense tensors.
        join: makes the whole of them.
    """

    tensors: list[torch.Tensor]
    join: Callable[[list[torch.Tensor]], torch.Tensor]

    def mapped(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Parts:
        """Returns the parts of what a function makes of each."""
        return Parts([function(tensor) for tensor in self.tensors], self.join)

    def whole(self) -> torch.Tensor:
        """Returns the tensor."""
        return self.join(self.tensors)


def parts_of(component: RaggedTensor | SparseTensor, name: str = "a tensor") -> Parts:
    """Returns the parts of PyTorch's nested tensor (jagged layout), or of its sparse tensor (COO layout).

    Args:
        component: of numbers.
        name: its name for messages.

    Raises:
        StructureError: more than one dimension is ragged.
        ShapeError: a value is outside of a sparse tensor's shape.
        DtypeError: PyTorch has no such dtype.
    """
    if component.dtype == object:
        raise DtypeError(f"{name} is strings, and PyTorch has none.", fix="Map the strings to numbers.")
    if isinstance(component, SparseTensor):
        shape = component.shape
        outside = (component.indices < 0) | (component.indices >= component.dense_shape)
        if outside.any():  # PyTorch would read and write memory that is not the tensor's
            place = component.indices[outside.any(axis=1)][0].tolist()
            raise ShapeError(f"{name} of shape {shape} has a value at {place}.", fix="Give indices within the shape.")
        tensors = [as_tensor(np.ascontiguousarray(component.indices.T)), as_tensor(component.values)]

        def sparse(parts: list[torch.Tensor]) -> torch.Tensor:
            indices, values = parts
            return torch.sparse_coo_tensor(indices, values, shape, check_invariants=False)  # they were checked above

        return Parts(tensors, sparse)
    if isinstance(component.values, RaggedTensor):
        raise StructureError(
            f"{name} has {component.ragged_rank} ragged dimensions, and PyTorch's nested tensors have one.",
            fix="Pad it in map(), with .to_tensor(); or with .to_padded(), which gives a mask too.",
        )
    lengths = component.row_lengths()
    shortest, longest = (int(lengths.min()), int(lengths.max())) if len(lengths) else (0, 0)

    def nested(parts: list[torch.Tensor]) -> torch.Tensor:
        values, offsets = parts
        return torch.nested.nested_tensor_from_jagged(values, offsets, min_seqlen=shortest, max_seqlen=longest)

    return Parts([as_tensor(component.values), as_tensor(component.row_splits)], nested)


def tensor_of(component: RaggedTensor | SparseTensor, device: Any = None) -> torch.Tensor:
    """Returns a ragged or a sparse tensor as PyTorch's own; see `parts_of`.

    Args:
        component: of numbers.
        device: where it is wanted; None for the CPU.
    """
    parts = parts_of(component)
    return parts.whole() if device is None else parts.mapped(lambda tensor: tensor.to(device)).whole()
