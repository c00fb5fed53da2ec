"""W13: a shuffle over ten million TFRecords of 100 bytes, in batches of 256."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from benchmarks import peers, short_records
from benchmarks.compare import Rule
from benchmarks.short_records import records

BATCH, SHUFFLE_BUFFER = 256, 100_000

TITLE = (
    f"{short_records.count():,} TFRecords of 100 bytes to uint8, shuffle, batch 256 (tf.data: of {SHUFFLE_BUFFER:,})"
)
SHORT = f"shuffle of {short_records.count() / 1e6:g} M TFRecords"
LIMIT = "random reads from the mapped file and CRC32C by an unguarded Numba loop, on all cores"
ABSENT: dict[str, str] = {}
COMPARE = Rule()
SHUFFLES = True
WARM = 2.0
prepare = short_records.make


def load(position: int) -> peers.Element:
    return (records()[position],)


def load_batch(rows: np.ndarray) -> peers.Element:
    return (records().rows(rows),)


PEERS = peers.OfElements(load, short_records.count(), BATCH, load_batch)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    def process(batch: Any) -> Any:
        return library.io.decode_raw(batch, library.uint8)

    dataset = data.TFRecordDataset(str(short_records.path()))
    if shuffle:
        dataset = dataset.shuffle(SHUFFLE_BUFFER)
    dataset = dataset.repeat().batch(BATCH)
    return dataset.map(process, num_parallel_calls=data.AUTOTUNE).prefetch(data.AUTOTUNE)


def torch_bulk(shuffle: bool) -> Iterable[Any]:
    """PyTorch with automatic batching off: a batch's records are read in one call, two processes at a time."""
    from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

    peers.one_torch_thread()

    class Rows(Dataset):
        def __len__(self) -> int:
            return len(records())

        def __getitem__(self, rows: list[int]) -> np.ndarray:
            return records().rows(np.array(rows))

    dataset = Rows()
    sampler = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
    batches = BatchSampler(sampler, BATCH, drop_last=True)
    return peers.again(
        DataLoader(dataset, batch_size=None, sampler=batches, num_workers=peers.WORKERS, persistent_workers=True)
    )


def limit() -> Iterator[int]:
    from benchmarks.limits.records import shuffled

    return shuffled()
