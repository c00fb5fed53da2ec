"""TorchBatches: a dataset whose elements are PyTorch tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import IterableDataset, get_worker_info

from feedline.errors import ArgumentError
from feedline.lookahead import Carrier, LookAhead
from feedline.torch.carriers import CpuCarrier, CudaCarrier, DeviceCarrier

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class TorchBatches(IterableDataset):
    """The elements of a dataset as PyTorch tensors; each `iter()` is the next epoch.

    It is a `torch.utils.data.IterableDataset`, and needs no `DataLoader`: batches, order and parallel work are the
    dataset's. A `DataLoader(batches, batch_size=None)` passes the elements on as they are.

    Args:
        dataset: the dataset.
        device: where the tensors are wanted; None for PyTorch's default device.
        lookahead: how many elements are sent to a device before they are asked for. On the CPU nothing is sent.

    Raises:
        ArgumentError: there is no such device.

    Example:
        >>> import feedline as fl
        >>> batches = TorchBatches(fl.Dataset.range(5).batch(2))
        >>> len(batches), [batch.tolist() for batch in batches]
        (3, [[0, 1], [2, 3], [4]])
    """

    def __init__(self, dataset: Dataset, device: Any = None, lookahead: int = 2) -> None:
        self.dataset = dataset
        self.device = _usable_device(device)
        self.lookahead = lookahead

    def __iter__(self) -> LookAhead:
        if get_worker_info() is not None:
            raise ArgumentError(
                "a DataLoader with workers would give every element once for each of them.",
                fix="Leave num_workers at 0: the dataset works in parallel by itself (num_parallel_calls, prefetch).",
            )
        carrier: Carrier
        if self.device.type == "cpu":
            carrier = CpuCarrier()
        elif self.device.type == "cuda":
            carrier = CudaCarrier(self.device)
        else:
            carrier = DeviceCarrier(self.device)
        return LookAhead(iter(self.dataset), carrier, 0 if self.device.type == "cpu" else self.lookahead)

    def __len__(self) -> int:
        """Returns the number of elements.

        Raises:
            InfiniteDatasetError: there is no end.
            UnknownCardinalityError: the number is known only by reading all of it.
        """
        return len(self.dataset)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"{self.dataset!r}.to_torch(device={str(self.device)!r})"


def _usable_device(device: Any) -> torch.device:
    try:
        chosen = torch.get_default_device() if device is None else torch.device(device)
        torch.empty(0, device=chosen)  # a name alone does not say that there is one
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        there = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        said = str(error).partition("\n")[0]
        raise ArgumentError(
            f"to_torch() cannot use the device {device!r}: {said}", fix=f"Give one that is there: {', '.join(there)}."
        ) from None
    return chosen
