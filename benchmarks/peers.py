"""How each peer turns a function of one element into batches, as its own documentation advises.

Every function here is endless: it goes on with the next epoch, shuffled anew. Two workers are used throughout, the
number of cores of the machine that the targets were set on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

Element = tuple[Any, ...]
WORKERS = 2
SEED = 1


@dataclass(frozen=True)
class OfElements:
    """The peers' pipelines over a function of one element.

    Args:
        load: takes a position and returns its element, a tuple of arrays.
        length: the number of elements.
        batch_size: elements in a batch; a last part of an epoch that does not fill a batch is dropped.
        load_batch: takes an array of positions and returns their batch, where that is better than `load` on each.
        load_random: takes a position and a `numpy.random.Generator`; Grain and PyDataset use it in place of `load`.
        in_memory: whether `load` reads memory only.
        workers: how many threads or processes.
    """

    load: Callable[[int], Element]
    length: int
    batch_size: int
    load_batch: Callable[[np.ndarray], Any] | None = None
    load_random: Callable[[int, np.random.Generator], Element] | None = None
    in_memory: bool = False
    workers: int = WORKERS

    def torch_0(self, shuffle: bool) -> Iterator[Any]:
        return again(self.torch_loader(shuffle, workers=0))

    def torch_2(self, shuffle: bool) -> Iterator[Any]:
        return again(self.torch_loader(shuffle, workers=self.workers))

    def grain_threads(self, shuffle: bool) -> Iterator[Any]:
        yield from self.grain_dataset(shuffle, processes=False)

    def grain_processes(self, shuffle: bool) -> Iterator[Any]:
        yield from self.grain_dataset(shuffle, processes=True)

    def spdl(self, shuffle: bool) -> Iterator[Any]:
        """SPDL with the positions of a batch as its source; a thread makes a whole batch."""
        return spdl_batches(position_batches(self.length, self.batch_size, shuffle), self.batch_of, self.workers)

    def py_dataset_threads(self, shuffle: bool) -> Iterator[Any]:
        return keras_batches(self.py_dataset(shuffle, processes=False))

    def py_dataset_processes(self, shuffle: bool) -> Iterator[Any]:
        return keras_batches(self.py_dataset(shuffle, processes=True))

    def batch_of(self, rows: np.ndarray) -> Any:
        """Returns the batch of some positions, made at once where that is possible."""
        if self.load_batch is not None:
            return self.load_batch(rows)
        return stack([self.load(row) for row in rows])

    def torch_loader(self, shuffle: bool, workers: int) -> Any:
        """Returns PyTorch's DataLoader over a map-style dataset; workers live on from epoch to epoch."""
        from torch.utils.data import DataLoader, Dataset

        one_torch_thread()
        load, length = self.load, self.length

        class Positions(Dataset):
            def __len__(self) -> int:
                return length

            def __getitem__(self, position: int) -> Element:
                return load(position)

        return DataLoader(
            Positions(),
            batch_size=self.batch_size,
            shuffle=shuffle,
            num_workers=workers,
            persistent_workers=workers > 0,
            drop_last=True,
        )

    def grain_dataset(self, shuffle: bool, processes: bool) -> Any:
        """Returns an endless `grain.IterDataset`.

        Threads: those that read; Grain advises none where the data is in memory already. Processes: each makes batches.
        """
        import grain
        from absl import flags

        positions = grain.MapDataset.range(self.length)
        if shuffle:
            positions = positions.shuffle(seed=SEED)
        positions = positions.repeat()
        if self.load_random is not None:
            batches = positions.random_map(self.load_random, seed=SEED).batch(self.batch_size)
        else:
            batches = positions.map(self.load).batch(self.batch_size)
        if not processes:
            reading = (0, 0) if self.in_memory else (self.workers, 16 * self.workers)
            return batches.to_iter_dataset(grain.ReadOptions(*reading))
        if not flags.FLAGS.is_parsed():  # Grain asks for its flags, which `absl.app.run` would have parsed
            flags.FLAGS(["benchmarks"])
        options = grain.MultiprocessingOptions(self.workers, per_worker_buffer_size=4)
        return batches.to_iter_dataset(grain.ReadOptions(1, 8)).mp_prefetch(options)

    def py_dataset(self, shuffle: bool, processes: bool) -> Any:
        """Returns an endless `keras.utils.PyDataset`, which is asked for whole batches by their number.

        Data in memory is read without workers, as is the default.
        """
        import keras

        length, batch_size, load_random, batch_of = self.length, self.batch_size, self.load_random, self.batch_of

        @lru_cache(maxsize=2)  # batches of two epochs are in the making where one ends
        def order(epoch: int) -> np.ndarray:
            return np.random.default_rng((SEED, epoch)).permutation(length) if shuffle else np.arange(length)

        class Batches(keras.utils.PyDataset):
            num_batches = None

            def __getitem__(self, number: int) -> Any:
                epoch, place = divmod(number, length // batch_size)
                rows = order(epoch)[place * batch_size : (place + 1) * batch_size]
                if load_random is None:
                    return batch_of(rows)
                random = np.random.default_rng((SEED, number))  # forked workers would share the state of np.random
                return stack([load_random(row, random) for row in rows])

        return Batches(workers=1 if self.in_memory and not processes else self.workers, use_multiprocessing=processes)


def again(loader: Any) -> Iterator[Any]:
    """Yields the batches of a loader epoch by epoch, without end."""
    while True:
        yield from loader


def keras_batches(dataset: Any) -> Iterator[Any]:
    """Yields the batches of a `PyDataset` as `model.fit` gets them: by itself it would use no workers."""
    from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

    adapter = PyDatasetAdapter(dataset)
    adapter.on_epoch_begin()
    try:
        yield from adapter.get_numpy_iterator()
    finally:
        adapter.on_epoch_end()


def position_batches(length: int, batch_size: int, shuffle: bool) -> Iterator[np.ndarray]:
    """Yields the positions of each batch, without end; only full batches."""
    rng = np.random.default_rng(SEED)
    while True:
        order = rng.permutation(length) if shuffle else np.arange(length)
        for start in range(0, length - batch_size + 1, batch_size):
            yield order[start : start + batch_size]


def stack(elements: Sequence[Element]) -> Element:
    """Returns a batch: each component stacked."""
    return tuple(np.stack(component) for component in zip(*elements, strict=True))


def torch_rows(arrays: Sequence[np.ndarray], batch_size: int, shuffle: bool) -> Iterator[Any]:
    """PyTorch with automatic batching off: the sampler yields the rows of a batch, one indexing call fetches them."""
    import torch
    from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset

    one_torch_thread()
    dataset = TensorDataset(*(torch.from_numpy(array) for array in arrays))
    sampler = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
    return again(DataLoader(dataset, batch_size=None, sampler=BatchSampler(sampler, batch_size, drop_last=True)))


def one_torch_thread() -> None:
    """Makes PyTorch stack and index on one thread: where cores are shared, its OpenMP threads cost it up to sixfold."""
    import torch

    torch.set_num_threads(1)


def spdl_batches(
    source: Iterator[Any], make_batch: Callable[[Any], Any], workers: int, executor: Executor | None = None
) -> Iterator[Any]:
    """Runs an SPDL pipeline of one stage, in the order of its source.

    Args:
        source: yields what `make_batch` takes.
        make_batch: returns a batch.
        workers: how many batches are made at one time.
        executor: where they are made, if not in threads: processes, which SPDL advises for what holds the GIL.
    """
    from spdl.pipeline import PipelineBuilder

    pipeline = (
        PipelineBuilder()
        .add_source(source)
        .pipe(make_batch, concurrency=workers, executor=executor, output_order="input")
        .add_sink(3)
        .build(num_threads=workers)
    )
    with pipeline.auto_stop():
        yield from pipeline.get_iterator(timeout=60)


@cache
def opencv() -> Any:
    """Returns OpenCV with its own threads off: the loader's workers are the parallelism."""
    import cv2

    cv2.setNumThreads(1)
    return cv2


def read_image(path: str, height: int, width: int) -> np.ndarray:
    """Returns an image file as float32 RGB of [0, 1], resized bilinearly in float32 as tf.image does.

    Args:
        path: a PNG or JPEG file.
        height: of the result, in pixels.
        width: of the result, in pixels.
    """
    cv2 = opencv()
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB)
    return cv2.resize(pixels.astype(np.float32), (width, height)) * np.float32(1 / 255)
