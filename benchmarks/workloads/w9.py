"""W9: sequences of different lengths from a generator, padded, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, cycle, islice
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Rule
from benchmarks.workloads import PY_DATASETS

TITLE = "a generator of float32 sequences (5 to 19 steps of 10) and a label, padded batches of 32"
SHORT = "padded sequences"
LIMIT = "the generator, and a copy of each sequence into a zeroed buffer, one thread"
ABSENT = {
    "torch-bulk": "a generator has no rows to index",
    "grain-processes": "Grain divides positions among its processes, and a generator has none",
    **dict.fromkeys(PY_DATASETS, "it is asked for batches by their number, and a generator has none"),
}
COMPARE = Rule()
SHUFFLES = False

SEQUENCES, WIDTH, BATCH = 4992, 10, 32


@cache
def sequences() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.random((rng.integers(5, 20), WIDTH), np.float32) for _ in range(SEQUENCES)]


def generate() -> Iterator[tuple[np.ndarray, int]]:
    for sequence in cycle(sequences()):
        yield sequence, 0


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    signature = (library.TensorSpec((None, WIDTH), library.float32), library.TensorSpec((), library.int32))
    dataset = data.Dataset.from_generator(generate, output_signature=signature)
    return dataset.padded_batch(BATCH, padded_shapes=((None, WIDTH), ())).prefetch(data.AUTOTUNE)


def _torch(workers: int) -> Iterable[Any]:
    """PyTorch's DataLoader over an iterable dataset, padded by `pad_sequence`; workers take turns batch by batch."""
    import torch
    from torch.nn.utils.rnn import pad_sequence
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info

    peers.one_torch_thread()

    class Generated(IterableDataset):
        def __iter__(self) -> Iterator[Any]:
            worker = get_worker_info()
            if worker is None:
                return generate()
            elements = generate()
            batches = iter(lambda: list(islice(elements, BATCH)), [])
            return chain.from_iterable(islice(batches, worker.id, None, worker.num_workers))

    def collate(elements: list[tuple[np.ndarray, int]]) -> Any:
        padded = pad_sequence([torch.from_numpy(sequence) for sequence, _ in elements], batch_first=True)
        return padded, torch.tensor([label for _, label in elements], dtype=torch.int32)

    return DataLoader(Generated(), batch_size=BATCH, num_workers=workers, collate_fn=collate)


def torch_0(shuffle: bool) -> Iterable[Any]:
    return _torch(workers=0)


def torch_2(shuffle: bool) -> Iterable[Any]:
    return _torch(workers=peers.WORKERS)


def pad(elements: list[tuple[np.ndarray, int]]) -> Any:
    """Returns a padded batch, with NumPy; for the peers that have no padding of their own."""
    longest = max(len(sequence) for sequence, _ in elements)
    padded = np.zeros((len(elements), longest, WIDTH), np.float32)
    for row, (sequence, _) in zip(padded, elements, strict=True):
        row[: len(sequence)] = sequence
    return padded, np.array([label for _, label in elements], np.int32)


def grain_threads(shuffle: bool) -> Iterator[Any]:
    """Grain: the sequences as its source, batched by a `batch_fn` that pads (in memory, so no threads)."""
    import grain

    dataset = grain.MapDataset.source(sequences()).repeat().map(lambda sequence: (sequence, 0))
    yield from dataset.batch(BATCH, batch_fn=pad).to_iter_dataset(grain.ReadOptions(0, 0))


def spdl(shuffle: bool) -> Iterable[Any]:
    """SPDL: its source draws a batch of elements, a thread pads them."""
    elements = generate()
    return peers.spdl_batches(iter(lambda: list(islice(elements, BATCH)), []), pad, workers=1)


def limit() -> Iterator[int]:
    elements = generate()
    buffer = np.empty((BATCH, 19, WIDTH), np.float32)
    while True:
        buffer[:] = 0
        for row, (sequence, _) in zip(buffer, elements, strict=False):
            row[: len(sequence)] = sequence
        yield BATCH
