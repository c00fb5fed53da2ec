"""Datasets made of several others: sample_from_datasets, choose_from_datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from feedline.dataset.base import BaseDataset, seed_or_drawn, true_or_false
from feedline.errors import ArgumentError, ArgumentTypeError
from feedline.origin import user_origin

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class MixingMethods(BaseDataset):
    """Datasets made of several others."""

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Any],
        weights: Any = None,
        seed: int | None = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """Returns elements of several datasets, each drawn at random from one of them.

        Args:
            datasets: the datasets, of one structure and dtypes.
            weights: how often each is drawn, a number each; None for all alike; or a dataset of such weights, one
                for each draw.
            seed: the seed; with one, every epoch draws alike.
            stop_on_empty_dataset: whether to end with the first dataset that has no more elements, so that the
                proportions are kept; otherwise that dataset is left out from there on.
            rerandomize_each_iteration: whether each epoch draws anew; None means yes, unless a seed is given.

        Raises:
            ArgumentError: there are no datasets, or the weights are no weights.
            StructureError: the datasets differ in structure.
            DtypeError: they differ in dtypes.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.sample_from_datasets([Dataset.range(3), Dataset.range(10, 13)], seed=1)
            >>> sorted(int(number) for number in ds)
            [0, 1, 2, 10, 11, 12]
        """
        from feedline.nodes.sample import Sample, as_weights

        nodes = _nodes_of(datasets, "sample_from_datasets")
        own = seed_or_drawn(seed)
        stops = true_or_false(stop_on_empty_dataset, "stop_on_empty_dataset")
        if rerandomize_each_iteration is None:
            again = seed is None
        else:
            again = true_or_false(rerandomize_each_iteration, "rerandomize_each_iteration")
        fixed: tuple[float, ...] | None
        if isinstance(weights, BaseDataset):
            nodes, fixed = (*nodes, weights._node), None
        else:
            fixed = (1.0,) * len(nodes) if weights is None else tuple(as_weights(weights, len(nodes)).tolist())
        node = Sample(nodes, user_origin(), stops, fixed, own, again)
        return BaseDataset._of(node)

    @staticmethod
    def choose_from_datasets(
        datasets: Sequence[Any], choice_dataset: Any, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """Returns elements of several datasets, each from the one that another dataset names.

        Args:
            datasets: the datasets, of one structure and dtypes.
            choice_dataset: a dataset of int64 numbers, from 0.
            stop_on_empty_dataset: whether to end when a dataset is chosen that has no more elements; otherwise the
                choice is passed over.

        Raises:
            ArgumentError: there are no datasets; or, while running, a choice is out of range.
            StructureError: the datasets differ in structure.
            DtypeError: they differ in dtypes, or the choices are not int64.

        Example:
            >>> from feedline import Dataset
            >>> letters = [Dataset.from_tensors(letter).repeat() for letter in ("a", "b")]
            >>> list(Dataset.choose_from_datasets(letters, Dataset.range(2).repeat(2)))
            [b'a', b'b', b'a', b'b']
        """
        from feedline.nodes.sample import Choose

        nodes = _nodes_of(datasets, "choose_from_datasets")
        if not isinstance(choice_dataset, BaseDataset):
            raise ArgumentTypeError(
                f"choice_dataset is {choice_dataset!r:.60}, not a dataset.", fix="Give a dataset of int64 numbers."
            )
        stops = true_or_false(stop_on_empty_dataset, "stop_on_empty_dataset")
        node = Choose((*nodes, choice_dataset._node), user_origin(), stops)
        return BaseDataset._of(node)


def _nodes_of(datasets: Any, method: str) -> tuple:
    if isinstance(datasets, BaseDataset):
        raise ArgumentTypeError(f"{method}() was given one dataset, not several.", fix="Give a list of datasets.")
    datasets = list(datasets)
    if not datasets:
        raise ArgumentError(f"{method}() was given no datasets.", fix="Give at least one.")
    for dataset in datasets:
        if not isinstance(dataset, BaseDataset):
            raise ArgumentTypeError(f"{method}() was given {dataset!r:.60}, not a dataset.", fix="Give datasets.")
    return tuple(dataset._node for dataset in datasets)
