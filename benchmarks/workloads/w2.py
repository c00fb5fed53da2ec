"""W2: a Python generator, an element at a time, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Rule
from benchmarks.workloads import PY_DATASETS

TITLE = "a Python generator of float64 32x32x3 and a label, an element at a time, batch 32"
SHORT = "Python generator"
LIMIT = "the generator alone"
ABSENT = {
    "torch-bulk": "a generator has no rows to index",
    "grain-processes": "Grain divides positions among its processes, and a generator has none",
    **dict.fromkeys(PY_DATASETS, "it is asked for batches by their number, and a generator has none"),
}
COMPARE = Rule()
SHUFFLES = False

BATCH = 32


def generate(seed: int = 0) -> Iterator[tuple[np.ndarray, int]]:
    random = np.random.RandomState(seed)
    while True:
        yield random.rand(32, 32, 3), random.randint(0, 10)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    signature = (library.TensorSpec((32, 32, 3), library.float64), library.TensorSpec((), library.int32))
    dataset = data.Dataset.from_generator(generate, output_signature=signature)
    return dataset.batch(BATCH).prefetch(data.AUTOTUNE)


def _torch(workers: int) -> Iterable[Any]:
    """PyTorch's DataLoader over an iterable dataset; each worker runs a generator with a seed of its own."""
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info

    peers.one_torch_thread()

    class Generated(IterableDataset):
        def __iter__(self) -> Iterator[Any]:
            worker = get_worker_info()
            for image, label in generate(0 if worker is None else worker.id):
                yield image, np.int32(label)

    return DataLoader(Generated(), batch_size=BATCH, num_workers=workers)


def torch_0(shuffle: bool) -> Iterable[Any]:
    return _torch(workers=0)


def torch_2(shuffle: bool) -> Iterable[Any]:
    return _torch(workers=peers.WORKERS)


def grain_threads(shuffle: bool) -> Iterator[Any]:
    """Grain: an IterDataset with an iterator of its own, batched, with a prefetching thread."""
    import grain

    class GeneratedIterator(grain.DatasetIterator):
        def __init__(self) -> None:
            super().__init__()
            self._elements = generate()
            self._count = 0

        def __next__(self) -> Any:
            image, label = next(self._elements)
            self._count += 1
            return image, np.int32(label)

        def get_state(self) -> dict[str, int]:
            return {"count": self._count}

        def set_state(self, state: dict[str, int]) -> None:
            self._count = state["count"]
            self._elements = islice(generate(), self._count, None)

    class Generated(grain.IterDataset):
        def __iter__(self) -> GeneratedIterator:
            return GeneratedIterator()

    yield from grain.experimental.ThreadPrefetchIterDataset(Generated().batch(BATCH), prefetch_buffer_size=4)


def spdl(shuffle: bool) -> Iterable[Any]:
    """SPDL: its source draws a batch of elements, a thread stacks them."""
    elements = generate()

    def batches() -> Iterator[list[Any]]:
        while True:
            yield list(islice(elements, BATCH))

    def make_batch(drawn: list[Any]) -> Any:
        return np.stack([image for image, _ in drawn]), np.array([label for _, label in drawn], np.int32)

    return peers.spdl_batches(batches(), make_batch, workers=1)


def limit() -> Iterator[int]:
    elements = generate()
    while True:
        for _ in islice(elements, BATCH):
            pass
        yield BATCH
