"""`split_dataset`: `keras.utils.split_dataset`, on any backend."""

from __future__ import annotations

import random as python_random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.block import BlockBuilder
from feedline.dataset import Dataset
from feedline.dataset.base import BaseDataset, whole_number
from feedline.errors import ArgumentError, InfiniteDatasetError, with_article
from feedline.nodes.base import AUTOTUNE, INFINITE_CARDINALITY, Node, OrderNode
from feedline.nodes.batch import GroupNode
from feedline.origin import user_origin
from feedline.sources.arrays import Slices
from feedline.structure import flatten

BACKENDS = (None, "tensorflow", "jax", "torch")


@dataclass(frozen=True, eq=False)
class Part(OrderNode):
    """Some of the elements of the first epoch, the same in every epoch: so that the two parts of a split never mix.

    Args:
        first: the number of its first element in the order.
        length: how many elements it has.
        order: the positions of all elements of both parts, in their order; None for the dataset's own.
    """

    first: int
    length: int
    order: np.ndarray | None

    name = "split_dataset"

    def cardinality(self) -> int:
        return self.length

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        located = positions + self.first
        return (located if self.order is None else self.order[located]), np.zeros_like(epochs)


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """Splits a dataset in two, such as for training and validation.

    The parts are those that `keras.utils.split_dataset` makes on TensorFlow, for the same seed too. An indexed
    feedline dataset is split by positions and nothing of it is held in memory; whatever else is given is read as a
    whole, once. A batched dataset is split by its elements and batched again. What is random before the split, a
    shuffle or augmentation, stays as it falls in the first epoch: else the parts would mix.

    Args:
        dataset: a feedline dataset, an array, a tuple or list of arrays, a `tf.data.Dataset` or a PyTorch dataset.
        left_size: how many elements, or which share of them, the first part has; None for all that the second leaves.
        right_size: the same of the second part.
        shuffle: whether the elements are shuffled before the split.
        seed: the seed of that shuffle.
        preferred_backend: not used; the parts are feedline datasets on every backend.

    Returns:
        The two parts.

    Raises:
        ArgumentError: the sizes cannot work, or there is nothing to split.
        InfiniteDatasetError: the dataset has no end.

    Example:
        >>> left, right = split_dataset(np.arange(10), left_size=0.7)
        >>> [int(number) for number in right], len(left)
        ([7, 8, 9], 7)
    """
    if preferred_backend not in BACKENDS:
        raise ArgumentError(f"preferred_backend is {preferred_backend!r}.", fix="Leave it out.")
    if left_size is None and right_size is None:
        raise ArgumentError("neither left_size nor right_size is given.", fix="Give for example left_size=0.8.")
    node, batch = _elements(dataset)
    total = node.cardinality()
    if total == 0:
        raise ArgumentError("the dataset is empty.", fix="Give at least two elements.")
    left, right = _sizes(left_size, right_size, total)
    order = None
    if shuffle:
        positions = list(range(total))
        python_random.Random(None if seed is None else whole_number(seed, "seed")).shuffle(positions)
        order = np.array(positions, np.int64)
    parts = []
    for first, length in ((0, left), (total - right, right)):
        part = Dataset(Part((node,), user_origin(), first, length, order))
        if batch is not None:
            part = part.batch(batch)
        parts.append(part.prefetch(AUTOTUNE))
    return parts[0], parts[1]


def _sizes(left: Any, right: Any, total: int) -> tuple[int, int]:
    """Returns how many elements each part has."""
    counts: list[int | None] = []
    for name, size in (("left_size", left), ("right_size", right)):
        if isinstance(size, float | np.floating):
            if not 0 < size < 1:
                raise ArgumentError(f"{name} is {size}.", fix="Give a share between 0 and 1, or a whole number.")
            counts.append(round(size * total))
        elif size is not None:
            count = whole_number(size, name)
            if not 0 < count < total:
                raise ArgumentError(f"{name} is {count}, of {total} elements.", fix=f"Give 1 to {total - 1}.")
            counts.append(count)
        else:
            counts.append(None)
    shares = [size for size in (left, right) if isinstance(size, float | np.floating)]
    if sum(shares) > 1:
        raise ArgumentError(f"left_size {left} and right_size {right} are more than 1 together.", fix="Give less.")
    first, second = counts
    if first is None:
        assert second is not None
        first = total - second
    elif second is None:
        second = total - first
    if first + second > total:
        raise ArgumentError(
            f"the parts would have {first} and {second} elements, of {total}.", fix="Give smaller sizes."
        )
    if first == 0 or second == 0:
        raise ArgumentError(
            f"of {total} elements the parts would have {first} and {second}: one is empty.",
            fix="Give other sizes, or more elements.",
        )
    return first, second


def _elements(dataset: Any) -> tuple[Node, int | None]:
    """Returns an indexed node of the single elements, and the size of the batches that they came in."""
    if isinstance(dataset, BaseDataset):
        node, batch = _without_batch(dataset._node)
        if node.cardinality() == INFINITE_CARDINALITY:
            raise InfiniteDatasetError("an infinite dataset has no parts.", fix="Use take(n), or leave out repeat().")
        return (node if node.indexed else _read(Dataset(node))), batch
    if isinstance(dataset, np.ndarray):
        return Dataset.from_tensor_slices(dataset)._node, None
    if isinstance(dataset, list | tuple):
        _check_arrays(dataset)
        return Dataset.from_tensor_slices(tuple(dataset))._node, None
    if hasattr(dataset, "as_numpy_iterator"):
        batch = getattr(dataset, "_batch_size", None)
        if batch is not None:
            dataset = dataset.unbatch()
            batch = int(batch)
        if int(dataset.cardinality()) == INFINITE_CARDINALITY:
            raise InfiniteDatasetError("an infinite dataset has no parts.", fix="Use take(n), or leave out repeat().")
        return _read(dataset.as_numpy_iterator()), batch
    if any(kind.__module__.startswith("torch.utils.data") for kind in type(dataset).__mro__):
        indexed = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
        return _read((dataset[index] for index in range(len(dataset))) if indexed else dataset), None
    raise ArgumentError(
        f"dataset is {with_article(type(dataset).__name__)}.",
        fix="Give a feedline dataset, an array, a tuple of arrays, a tf.data.Dataset or a PyTorch dataset.",
    )


def _without_batch(node: Node) -> tuple[Node, int | None]:
    bare = node
    while bare.passes_on:
        bare = bare.parents[0]
    if isinstance(bare, GroupNode) and bare.name == "batch":
        return bare.parents[0], bare.batch_size
    return node, None


def _check_arrays(arrays: list | tuple) -> None:
    for index, array in enumerate(arrays):
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            raise ArgumentError(
                f"item {index} of the {type(arrays).__name__} is {with_article(type(array).__name__)}, "
                "not an array of rows.",
                fix="Give a tuple of arrays of one length.",
            )


def _read(elements: Iterable[Any]) -> Node:
    """Returns the source of elements that are now read into memory."""
    found = list(elements)
    if not found:
        raise ArgumentError("the dataset is empty.", fix="Give at least two elements.")
    treedef = flatten(found[0])[1]
    builder = BlockBuilder(len(found), "the dataset")
    for element in found:
        builder.append_result([element], treedef)
    block = builder.block()
    return Slices((), user_origin(), tuple(block.columns), block.treedef, block.length)
