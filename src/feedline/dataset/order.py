"""Transformations that move positions, not data: shuffle, repeat, take, skip, shard, concatenate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from feedline.dataset.base import BaseDataset, check_name, seed_or_drawn, true_or_false, whole_number
from feedline.errors import ArgumentError, ArgumentTypeError
from feedline.nodes.base import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY
from feedline.origin import user_origin

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class OrderMethods(BaseDataset):
    """Transformations that move positions, not data."""

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = True,
        name: str | None = None,
    ) -> Dataset:
        """Returns the dataset in a random order, another one each epoch.

        An indexed dataset is shuffled over all its elements, whatever the buffer size, at no cost in memory. A stream
        keeps a buffer, from which a random element leaves for each that enters.

        Args:
            buffer_size: how many elements a stream's buffer holds; `UNKNOWN_CARDINALITY` (-2) for all of them.
            seed: the seed; None for `fl.random.set_seed`'s, or a new one each run of the program.
            reshuffle_each_iteration: whether each epoch has an order of its own; None means yes.
            name: not used; `tf.data` has it.

        Raises:
            ArgumentError: `buffer_size` is below 1, or all of a dataset without an end is asked for.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.range(100).shuffle(10, seed=1)
            >>> first, second = [int(n) for n in ds], [int(n) for n in ds]
            >>> sorted(first) == sorted(second) == list(range(100)), first == second
            (True, False)
        """
        from feedline.nodes.shuffle import Shuffle

        whole = isinstance(buffer_size, int) and buffer_size == UNKNOWN_CARDINALITY
        if whole and self._node.cardinality() == INFINITE_CARDINALITY:
            raise ArgumentError("buffer_size is -2, for all elements, and they never end.", fix="Give their number.")
        size = UNKNOWN_CARDINALITY if whole else whole_number(buffer_size, "buffer_size", least=1)
        own = seed_or_drawn(seed)
        given = True if reshuffle_each_iteration is None else reshuffle_each_iteration
        reshuffles = true_or_false(given, "reshuffle_each_iteration")
        return self._of(Shuffle((self._node,), user_origin(), size, own, reshuffles))

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """Returns the dataset again and again, each time a new epoch.

        Args:
            count: how often; None or -1 for ever.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(2).repeat(2)]
            [0, 1, 0, 1]
        """
        from feedline.nodes.repeat import Repeat

        turns = -1 if count is None else whole_number(count, "count", least=-1, special=" (-1 is for ever)")
        return self._of(Repeat((self._node,), user_origin(), turns))

    def take(self, count: int, name: str | None = None) -> Dataset:
        """Returns the dataset of the first elements.

        Args:
            count: how many; -1 for all.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(10).take(3)]
            [0, 1, 2]
        """
        from feedline.nodes.take import Take

        return self._of(Take((self._node,), user_origin(), whole_number(count, "count", least=-1)))

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """Returns the dataset without its first elements.

        Args:
            count: how many are left out; -1 for all.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(5).skip(3)]
            [3, 4]
        """
        from feedline.nodes.take import Skip

        return self._of(Skip((self._node,), user_origin(), whole_number(count, "count", least=-1)))

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Returns every `num_shards`-th element, beginning with number `index`: one worker's part.

        Args:
            num_shards: how many workers.
            index: which of them, from 0.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(7).shard(3, 1)]
            [1, 4]
        """
        from feedline.nodes.shard import Shard

        shards = whole_number(num_shards, "num_shards", least=1)
        which = whole_number(index, "index", least=0)
        if which >= shards:
            raise ArgumentError(
                f"index is {which} with num_shards {shards}.", fix=f"Give an index from 0 to {shards - 1}."
            )
        return self._of(Shard((self._node,), user_origin(), shards, which))

    def concatenate(self, dataset: Any, name: str | None = None) -> Dataset:
        """Returns this dataset's elements and then another's.

        Args:
            dataset: the other, of the same structure and dtypes.
            name: not used; `tf.data` has it.

        Raises:
            StructureError: the structures differ.
            DtypeError: the dtypes differ.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(2).concatenate(Dataset.range(5, 7))]
            [0, 1, 5, 6]
        """
        from feedline.nodes.concatenate import Concatenate

        check_name(name, "Concatenate one dataset at a time: a.concatenate(b).concatenate(c).")
        if not isinstance(dataset, BaseDataset):
            raise ArgumentTypeError(f"concatenate() was given {dataset!r:.60}, not a dataset.", fix="Give a dataset.")
        return self._of(Concatenate.of(self._node, dataset._node, user_origin()))
