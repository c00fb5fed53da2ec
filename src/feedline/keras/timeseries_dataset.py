"""`timeseries_dataset_from_array`: `keras.utils.timeseries_dataset_from_array`, with no window in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, take_column
from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, ShapeError
from feedline.nodes.base import AUTOTUNE, Node
from feedline.origin import user_origin
from feedline.spec import TensorSpec
from feedline.structure import Treedef, as_component, flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Windows(Node):
    """Windows over the rows of an array: element i begins at row `i * stride`. None is made before it is read.

    Args:
        data: the rows.
        targets: a row for each start of a window; or None.
        first: the number of the first row in the user's array.
        length: how many windows.
        window: how many rows a window has.
        stride: how many rows lie between the starts of two windows.
        rate: how many rows lie between two rows of a window.
        treedef: the structure of an element.
    """

    data: np.ndarray
    targets: np.ndarray | None
    first: int
    length: int
    window: int
    stride: int
    rate: int
    treedef: Treedef

    name = "timeseries_dataset_from_array"

    def cardinality(self) -> int:
        return self.length

    def spec(self) -> Any:
        specs = [TensorSpec((self.window, *self.data.shape[1:]), self.data.dtype)]
        if self.targets is not None:
            specs.append(TensorSpec(self.targets.shape[1:], self.targets.dtype))
        return self.treedef.unflatten(specs)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        starts = positions * self.stride
        rows = (starts[:, None] + np.arange(self.window) * self.rate).reshape(-1)
        windows = take_column(self.data, rows).reshape(len(positions), self.window, *self.data.shape[1:])
        columns = [windows]
        if self.targets is not None:
            columns.append(take_column(self.targets, starts))
        return Block(len(positions), columns, self.treedef)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        start = self.first + position * self.stride
        return f"the window of rows {start} to {start + (self.window - 1) * self.rate} of the data"


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Returns the dataset of windows that slide over a series.

    The windows are those of `keras.utils.timeseries_dataset_from_array`; with `shuffle` they come in another order,
    over all of them, each epoch. The windows are never in memory as a whole, whatever their overlap.

    Args:
        data: the series, (steps, ...).
        targets: `targets[i]` belongs to the window that begins at `data[i]`; or None.
        sequence_length: how many steps a window has.
        sequence_stride: how many steps after a window the next one begins.
        sampling_rate: how many steps lie between two steps of a window.
        batch_size: how many windows a batch; None for single windows.
        shuffle: whether the windows come in a random order.
        seed: the seed of that order.
        start_index: the first step to be used; None for 0.
        end_index: the step before which to stop; None for the end.
        format: "tf", the only one; `keras.utils` has it.

    Returns:
        A dataset of (batch, sequence_length, ...), or of those and targets, indexed.

    Raises:
        ArgumentError: an argument cannot work, or not a single window fits.
        ShapeError: `data` or `targets` has no steps, or there are too few targets.

    Example:
        >>> data = np.arange(8)
        >>> ds = timeseries_dataset_from_array(data[:-3], data[3:], sequence_length=3, batch_size=2)
        >>> for windows, targets in ds:
        ...     print(windows.tolist(), targets)
        [[0, 1, 2], [1, 2, 3]] [3 4]
        [[2, 3, 4]] [5]
    """
    if format != "tf":
        raise ArgumentError(f"format is {format!r}: a feedline dataset is returned in any case.", fix="Leave it out.")
    series = _steps(data, "data")
    steps = len(series)
    start = 0 if start_index is None else whole_number(start_index, "start_index", least=0)
    end = steps if end_index is None else whole_number(end_index, "end_index", least=1)
    window = whole_number(sequence_length, "sequence_length", least=1)
    stride = whole_number(sequence_stride, "sequence_stride", least=1)
    rate = whole_number(sampling_rate, "sampling_rate", least=1)
    # As Keras has it; the whole of the data is meant by None.
    for name, value in (("start_index", start), ("sequence_stride", stride), ("sampling_rate", rate)):
        if value >= steps:
            raise ArgumentError(f"{name} is {value}, and the data has {steps} steps.", fix=f"Give less than {steps}.")
    if end_index is not None and not start < end < steps:
        raise ArgumentError(
            f"end_index is {end}, with start_index {start} and {steps} steps of data.",
            fix=f"Give {start + 1} to {steps - 1}, or None for the end.",
        )
    starts = end - start - (window - 1) * rate
    wanted = None if targets is None else _steps(targets, "targets")
    if wanted is not None:
        starts = min(starts, len(wanted))
        wanted = wanted[start:end]
    if starts <= 0:
        raise ArgumentError(
            f"a window of {window} steps, {rate} apart, needs {(window - 1) * rate + 1} steps; "
            f"{end - start} are between start_index and end_index.",
            fix="Make sequence_length or sampling_rate smaller, or give more data.",
        )
    length = -(-starts // stride)
    if wanted is not None and (length - 1) * stride >= len(wanted):
        raise ShapeError(
            f"there are {len(wanted)} targets from start_index on, and the last window begins at "
            f"step {(length - 1) * stride}.",
            fix="Give one target for each start of a window: targets[i] belongs to the window from data[i] on.",
        )
    treedef = flatten(0 if wanted is None else (0, 0))[1]
    node = Windows((), user_origin(), series[start:end], wanted, start, length, window, stride, rate, treedef)
    dataset = Dataset(node)
    if shuffle:
        dataset = dataset.shuffle(length, seed=seed)
    if batch_size is not None:
        dataset = dataset.batch(whole_number(batch_size, "batch_size", least=1))
    return dataset.prefetch(AUTOTUNE)


def _steps(values: Any, name: str) -> np.ndarray:
    array = as_component(values)
    if not isinstance(array, np.ndarray) or array.ndim == 0 or len(array) == 0:
        raise ShapeError(f"{name} has no steps.", fix="Give an array whose first dimension is time.")
    return array
