"""Elements as PyTorch tensors, on the CPU and on their way to a device."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch

from feedline.lookahead import check_no_datasets, is_text
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.structure import Treedef, component_names
from feedline.torch.arrays import as_tensor
from feedline.torch.composites import Parts, parts_of


class CpuCarrier:
    """Gives tensors that share their memory with the arrays; strings stay what they are.

    Ragged tensors become nested ones, and sparse tensors PyTorch's.
    """

    def send(self, components: list[Any], treedef: Treedef) -> list[Any]:
        check_no_datasets(components, treedef, "PyTorch")
        return [_tensors(component, number, treedef) for number, component in enumerate(components)]

    def receive(self, sent: list[Any]) -> list[Any]:
        return [part.whole() if isinstance(part, Parts) else part for part in sent]

    def close(self) -> None:
        pass


class DeviceCarrier(CpuCarrier):
    """Copies tensors to a device of any kind, and waits for it: not every kind holds on to memory it copies from.

    Args:
        device: the device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def send(self, components: list[Any], treedef: Treedef) -> list[Any]:
        return _mapped(lambda tensor: tensor.to(self._device), super().send(components, treedef))


_OnGpu = tuple[list[Any], torch.cuda.Event]


class CudaCarrier(CpuCarrier):
    """Copies tensors to a GPU on a stream of its own, so that copies and computation go on side by side.

    A GPU reads by itself only from page-locked memory. Page-locked memory is PyTorch's, which knows when a copy out of
    it has ended; feedline's own buffers are free for the next batch as soon as they have been copied there. That copy
    is a thread's, so that the program does not wait for it.

    Args:
        device: the GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)
        self._device = self._stream.device  # with its number: which GPU "cuda" means may be another one later
        self._thread: ThreadPoolExecutor | None = None

    def send(self, components: list[Any], treedef: Treedef) -> Future[_OnGpu]:  # type: ignore[override]
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="feedline_to_gpu")
        return self._thread.submit(self._copy, super().send(components, treedef))

    def _copy(self, tensors: list[Any]) -> _OnGpu:
        with torch.cuda.stream(self._stream):
            copies = _mapped(lambda tensor: tensor.pin_memory().to(self._device, non_blocking=True), tensors)
            tensors.clear()  # the memory goes back to the dataset now, and not when the element is received
            return copies, self._stream.record_event()

    def receive(self, sent: Future[_OnGpu]) -> list[Any]:  # type: ignore[override]
        tensors, copied = sent.result()
        stream = torch.cuda.current_stream(self._device)
        stream.wait_event(copied)

        def used_here(tensor: torch.Tensor) -> torch.Tensor:
            # Its memory was taken on the other stream: it may be taken again only once this one is done with it.
            tensor.record_stream(stream)
            return tensor

        return super().receive(_mapped(used_here, tensors))

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(cancel_futures=True)


def _tensors(component: Any, number: int, treedef: Treedef) -> Any:
    """Returns a component as a tensor, or as the parts of one; what is strings as it is."""
    if is_text(component):
        return component
    if isinstance(component, RaggedTensor | SparseTensor):
        return parts_of(component, component_names(treedef)[number])
    return as_tensor(component)


def _mapped(function: Callable[[torch.Tensor], torch.Tensor], components: list[Any]) -> list[Any]:
    """Returns the components with a function applied to each tensor that they are, or are made of."""
    kinds = {torch.Tensor: function, Parts: lambda parts: parts.mapped(function)}
    return [kinds[type(component)](component) if type(component) in kinds else component for component in components]
