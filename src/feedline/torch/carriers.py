"""Elements as PyTorch tensors, on the CPU and on their way to a device."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from feedline.errors import DtypeError
from feedline.lookahead import check_dense, is_text
from feedline.spec import dtype_name
from feedline.structure import Treedef

_SAME_BITS = {"bfloat16": np.int16, "float8_e4m3fn": np.uint8, "float8_e5m2": np.uint8}
"""Dtypes of ml_dtypes that PyTorch has under the same name, and those of NumPy's that they pass as."""


def as_tensor(array: np.ndarray | np.generic) -> torch.Tensor:
    """Returns an array as a tensor on the CPU: the same memory where PyTorch can use it.

    It knows no memory that may not be written to, and no strides below 0: such arrays are copied.

    Args:
        array: numbers, in the machine's byte order.

    Raises:
        DtypeError: PyTorch has no such dtype.

    Example:
        >>> array = np.zeros(3, np.float32)
        >>> tensor = as_tensor(array)
        >>> array[0] = 5
        >>> tensor
        tensor([5., 0., 0.])
    """
    array = np.asarray(array)
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    bits = _SAME_BITS.get(array.dtype.name)
    if bits is not None:
        return torch.from_numpy(array.view(bits)).view(getattr(torch, array.dtype.name))
    try:
        return torch.from_numpy(array)
    except TypeError:
        raise DtypeError(
            f"PyTorch makes no tensor of an array of {dtype_name(array.dtype)}.",
            fix="Cast it in map(), for example with fl.cast(x, fl.float32).",
        ) from None


class CpuCarrier:
    """Gives tensors that share their memory with the arrays; strings stay what they are."""

    def send(self, components: list[Any], treedef: Treedef) -> list[Any]:
        check_dense(components, treedef, "PyTorch")
        return [component if is_text(component) else as_tensor(component) for component in components]

    def receive(self, sent: list[Any]) -> list[Any]:
        return sent

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
        tensors = super().send(components, treedef)
        return [tensor.to(self._device) if isinstance(tensor, torch.Tensor) else tensor for tensor in tensors]


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
        self._device = device
        self._stream = torch.cuda.Stream(device)
        self._thread: ThreadPoolExecutor | None = None

    def send(self, components: list[Any], treedef: Treedef) -> Future[_OnGpu]:  # type: ignore[override]
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="feedline_to_gpu")
        return self._thread.submit(self._copy, super().send(components, treedef))

    def _copy(self, tensors: list[Any]) -> _OnGpu:
        with torch.cuda.stream(self._stream):
            copies = [
                tensor.pin_memory().to(self._device, non_blocking=True) if isinstance(tensor, torch.Tensor) else tensor
                for tensor in tensors
            ]
            tensors.clear()  # the memory goes back to the dataset now, and not when the element is received
            return copies, self._stream.record_event()

    def receive(self, sent: Future[_OnGpu]) -> list[Any]:  # type: ignore[override]
        tensors, copied = sent.result()
        stream = torch.cuda.current_stream(self._device)
        stream.wait_event(copied)
        for tensor in tensors:
            if isinstance(tensor, torch.Tensor):
                # Its memory was taken on the other stream: it may be taken again only once this one is done with it.
                tensor.record_stream(stream)
        return tensors

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(cancel_futures=True)
