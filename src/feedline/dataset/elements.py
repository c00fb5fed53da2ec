"""Transformations of single elements: map, filter, enumerate, cache, prefetch, apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from feedline import random
from feedline.dataset.base import BaseDataset, check_function, number_or_autotune, whole_number
from feedline.errors import ArgumentTypeError, with_article
from feedline.nodes.base import AUTOTUNE
from feedline.origin import user_origin

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class ElementMethods(BaseDataset):
    """Transformations of single elements."""

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        synchronous: bool | None = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Returns the dataset of what a function makes of each element.

        Args:
            map_func: the function; the components of a tuple are its arguments. It gets and returns NumPy arrays.
                Random numbers in it come from `fl.image.random_*` or `fl.random`, which depend on the seed, the epoch
                and the element, not on the worker.
            num_parallel_calls: how many calls may run at one time: a number, `AUTOTUNE`, or None for one.
            deterministic: None or True to keep the order, which feedline keeps in any case: a seed gives the same bytes
                for every number of workers. An element that takes long holds up those behind it until it is done; they
                are computed meanwhile, as far as `prefetch` allows.
            synchronous: not used; `tf.data` has it.
            use_unbounded_threadpool: not used; `tf.data` has it.
            name: not used; `tf.data` has it.

        Raises:
            UserFunctionError: while running: the function raised; the error says where, and its cause is the original.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(3).map(lambda number: number * number)]
            [0, 1, 4]
        """
        from feedline.nodes.map import Map

        check_function(map_func, "map")
        if num_parallel_calls is not None:
            num_parallel_calls = number_or_autotune(num_parallel_calls, "num_parallel_calls", least=1)
        seed = random.fresh_seed()
        return self._of(Map((self._node,), user_origin(), map_func, num_parallel_calls, deterministic, seed))

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Returns the dataset of the elements for which a function returns True.

        Args:
            predicate: the function; the components of a tuple are its arguments.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(6).filter(lambda number: number % 2 == 0)]
            [0, 2, 4]
        """
        from feedline.nodes.filter import Filter

        check_function(predicate, "filter")
        return self._of(Filter((self._node,), user_origin(), predicate, random.fresh_seed()))

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Returns the dataset of pairs (number, element); the number is int64.

        Args:
            start: the first number.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [(int(number), text) for number, text in Dataset.from_tensor_slices(["a", "b"]).enumerate(5)]
            [(5, b'a'), (6, b'b')]
        """
        from feedline.nodes.enumerate import Enumerate

        return self._of(Enumerate((self._node,), user_origin(), whole_number(start, "start")))

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """Returns the dataset that keeps in memory, or on disk, what it has once read, for all later epochs.

        What is random before `cache` stays as it fell in the first epoch: put augmentation after it.

        Args:
            filename: where it is kept; empty for memory. It becomes a folder, with files of feedline's own format,
                that later programs read too. The first pass that comes to its end makes it, in one step; what fails
                before leaves nothing. One that holds elements of another structure, dtype or number is an error:
                remove it to have it made anew.
            name: not used; `tf.data` has it.

        Raises:
            StructureError: while running: the file holds the cache of another dataset.
            WriteError: while running: the disk is full, or another failure of writing.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.range(3).map(lambda number: number + 1).cache()
            >>> [int(number) for number in ds], [int(number) for number in ds]
            ([1, 2, 3], [1, 2, 3])
        """
        from feedline.dataset.storage import snapshot_node
        from feedline.nodes.cache import Cache

        if isinstance(filename, bytes | str) and not filename:
            return self._of(Cache((self._node,), user_origin()))
        return self._of(snapshot_node(self, "cache", filename))

    def prefetch(self, buffer_size: int | None, name: str | None = None) -> Dataset:
        """Returns the dataset that makes elements ready while the consumer works on those before them.

        Args:
            buffer_size: how many elements ahead, or `AUTOTUNE`, which None stands for too. After `batch` an element is
                a batch.
            name: not used; `tf.data` has it.

        Example:
            >>> import feedline as fl
            >>> len(list(fl.Dataset.range(10).batch(2).prefetch(fl.AUTOTUNE)))
            5
        """
        from feedline.nodes.prefetch import Prefetch

        size = AUTOTUNE if buffer_size is None else number_or_autotune(buffer_size, "buffer_size", least=0)
        return self._of(Prefetch((self._node,), user_origin(), size))

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Returns what a function makes of this dataset, for transformations of one's own in a chain of methods.

        Args:
            transformation_func: from dataset to dataset.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(9).apply(lambda ds: ds.take(2))]
            [0, 1]
        """
        check_function(transformation_func, "apply")
        result = transformation_func(self)
        if not isinstance(result, BaseDataset):
            raise ArgumentTypeError(
                f"the function given to apply() returned {with_article(type(result).__name__)}, not a dataset.",
                fix="Return the dataset from it: is a `return` missing?",
            )
        return result
