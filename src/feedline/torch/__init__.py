"""Feedline for PyTorch: `ds.to_torch()` gives tensors, on the CPU without a copy, on a GPU ahead of time."""

from __future__ import annotations

from feedline.errors import MissingPackageError

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as _error:
    if _error.name != "torch":
        raise
    raise MissingPackageError.of("torch", "to_torch()") from None

from feedline.torch.batches import TorchBatches
from feedline.torch.composites import tensor_of

__all__ = ["TorchBatches", "tensor_of"]
