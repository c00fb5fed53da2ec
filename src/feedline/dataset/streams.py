"""Transformations that give only their next element: flat_map, interleave, window, group_by_window, scan, ..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.dataset.base import (
    BaseDataset,
    check_function,
    number_or_autotune,
    seed_or_drawn,
    true_or_false,
    whole_number,
)
from feedline.errors import ArgumentError, StructureError
from feedline.nodes.base import AUTOTUNE
from feedline.origin import user_origin
from feedline.structure import as_component, flatten

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class StreamMethods(BaseDataset):
    """Transformations that give only their next element."""

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """Returns the elements of the dataset that a function makes of each element, one dataset after the other.

        Args:
            map_func: from element to dataset.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.from_tensor_slices([[1, 2], [3, 4]]).flat_map(Dataset.from_tensor_slices)
            >>> [int(number) for number in ds]
            [1, 2, 3, 4]
        """
        from feedline.nodes.flat_map import FlatMap

        check_function(map_func, "flat_map")
        return self._of(FlatMap((self._node,), user_origin(), map_func, random.fresh_seed()))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: int | None = None,
        block_length: int | None = None,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Returns elements of several datasets, each made of an element by a function, by turns.

        Args:
            map_func: from element to dataset.
            cycle_length: how many datasets take turns. None or AUTOTUNE leaves it to the machine, as `tf.data` does:
                one a core; with num_parallel_calls no more than those, or one for three cores where that is AUTOTUNE.
                Give a number for one order everywhere.
            block_length: how many elements each gives in its turn; None for 1.
            num_parallel_calls: how many of the datasets threads read ahead at one time, each for two of its turns;
                AUTOTUNE for as many as take turns, but no more than 16, or than `Options` allow. As many more are
                begun before it is their turn. The elements and their order stay the same. Where elements take so little
                time that handing them over would cost as much, they are read when they are asked for. None to read no
                dataset before its turn.
            deterministic: not used; the order is kept. A dataset that is slow holds up the others for as long as its
                next element takes; they are read ahead meanwhile.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.range(1, 4).interleave(
            ...     lambda number: Dataset.from_tensors(number).repeat(3), cycle_length=2, block_length=2)
            >>> [int(number) for number in ds]
            [1, 1, 2, 2, 1, 2, 3, 3, 3]
        """
        from feedline.nodes.flat_map import Interleave
        from feedline.run.streams import available_cores

        check_function(map_func, "interleave")
        calls = num_parallel_calls
        if calls is not None:
            calls = number_or_autotune(calls, "num_parallel_calls", least=1)
        cycle = AUTOTUNE if cycle_length is None else number_or_autotune(cycle_length, "cycle_length", least=1)
        if cycle == AUTOTUNE:
            cores = available_cores()
            cycle = cores if calls is None else -(-cores // 3) if calls == AUTOTUNE else min(calls, cores)
        elif calls is not None and calls > cycle:
            raise ArgumentError(
                f"num_parallel_calls is {calls} with cycle_length {cycle}: no more datasets than that are open.",
                fix=f"Give {cycle} or less, or AUTOTUNE.",
            )
        block = 1 if block_length is None else whole_number(block_length, "block_length", least=1)
        return self._of(Interleave((self._node,), user_origin(), map_func, cycle, block, random.fresh_seed(), calls))

    def window(
        self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Returns windows of consecutive elements: each component becomes a dataset of its values in the window.

        Args:
            size: how many elements a window has.
            shift: by how many elements the next window begins later; None for `size`.
            stride: how far apart the elements of a window are.
            drop_remainder: whether windows that are not full are left out.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> windows = Dataset.range(5).window(3, shift=1, drop_remainder=True)
            >>> [batch.tolist() for batch in windows.flat_map(lambda window: window.batch(3))]
            [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
        """
        from feedline.nodes.window import Window

        size = whole_number(size, "size", least=1)
        drops = true_or_false(drop_remainder, "drop_remainder")
        step = size if shift is None else whole_number(shift, "shift", least=1)
        node = Window((self._node,), user_origin(), size, step, whole_number(stride, "stride", least=1), drops)
        return self._of(node)

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[[Any, Any], Any],
        window_size: int | None = None,
        window_size_func: Callable[[Any], Any] | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Gathers elements by key; each full window, and what is left at the end, goes through a function.

        Args:
            key_func: from element to key, a whole number.
            reduce_func: from key and dataset of a window to the dataset that takes its place.
            window_size: how many elements of one key make a window.
            window_size_func: the same as a function of the key; give one of the two.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.range(7).group_by_window(lambda n: n % 2, lambda key, window: window.batch(2), 2)
            >>> [batch.tolist() for batch in ds]
            [[0, 2], [1, 3], [4, 6], [5]]
        """
        from feedline.nodes.group_by_window import GroupByWindow

        check_function(key_func, "group_by_window")
        check_function(reduce_func, "group_by_window")
        if (window_size is None) == (window_size_func is None):
            raise ArgumentError(
                "group_by_window() needs window_size or window_size_func, and not both.", fix="Give one of the two."
            )
        if window_size is not None:
            size = whole_number(window_size, "window_size", least=1)
            window_size_func = lambda key: np.int64(size)  # noqa: E731
        check_function(window_size_func, "group_by_window")
        assert window_size_func is not None
        node = GroupByWindow((self._node,), user_origin(), key_func, reduce_func, window_size_func, random.fresh_seed())
        return self._of(node)

    def bucket_by_sequence_length(
        self,
        element_length_func: Callable[..., Any],
        bucket_boundaries: Sequence[int],
        bucket_batch_sizes: Sequence[int],
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Returns padded batches of elements of about one length, so that little is padded.

        Args:
            element_length_func: from element to its length.
            bucket_boundaries: where one bucket ends and the next begins, rising.
            bucket_batch_sizes: the batch size of each bucket, one more than boundaries.
            padded_shapes: as for `padded_batch`.
            padding_values: as for `padded_batch`.
            pad_to_bucket_boundary: whether to pad to the longest length that the bucket allows.
            no_padding: whether to use `batch` in place of `padded_batch`.
            drop_remainder: whether smaller last batches are left out.
            name: not used; `tf.data` has it.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> ds = Dataset.from_tensor_slices([np.arange(n) for n in (1, 5, 2, 6)])
            >>> [batch.shape for batch in ds.bucket_by_sequence_length(len, [4], [2, 2])]
            [(2, 2), (2, 6)]
        """
        from feedline.dataset.buckets import Buckets

        check_function(element_length_func, "bucket_by_sequence_length")
        buckets = Buckets(
            element_length_func,
            tuple(whole_number(value, "a bucket boundary") for value in bucket_boundaries),
            tuple(whole_number(value, "a bucket's batch size", least=1) for value in bucket_batch_sizes),
            padded_shapes,
            padding_values,
            true_or_false(pad_to_bucket_boundary, "pad_to_bucket_boundary"),
            true_or_false(no_padding, "no_padding"),
            true_or_false(drop_remainder, "drop_remainder"),
            user_origin(),
        )
        from feedline.nodes.group_by_window import GroupByWindow

        parents, seed = (self._node,), random.fresh_seed()
        return self._of(
            GroupByWindow(parents, user_origin(), buckets.key, buckets.batch, buckets.size, seed, buckets.spec)
        )

    def scan(
        self, initial_state: Any, scan_func: Callable[[Any, Any], tuple[Any, Any]], name: str | None = None
    ) -> Dataset:
        """Returns what a function makes of each element and a state that it hands on from element to element.

        Args:
            initial_state: the state before the first element, in any structure.
            scan_func: from (state, element) to (new state, what is given).
            name: not used; `tf.data` has it.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> ds = Dataset.range(5).scan(np.int64(0), lambda total, number: (total + number, total + number))
            >>> [int(number) for number in ds]
            [0, 1, 3, 6, 10]
        """
        from feedline.nodes.scan import Scan

        check_function(scan_func, "scan")
        leaves, treedef = flatten(initial_state)
        state = treedef.unflatten([as_component(leaf) for leaf in leaves])
        return self._of(Scan((self._node,), user_origin(), state, scan_func, random.fresh_seed()))

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Returns the elements before the first for which a function returns False.

        Args:
            predicate: the function; the components of a tuple are its arguments.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(10).take_while(lambda number: number < 3)]
            [0, 1, 2]
        """
        from feedline.nodes.scan import TakeWhile

        check_function(predicate, "take_while")
        return self._of(TakeWhile((self._node,), user_origin(), predicate, random.fresh_seed()))

    def unique(self, name: str | None = None) -> Dataset:
        """Returns each element once, the first of those that are equal; all given elements are remembered.

        Args:
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.from_tensor_slices([1, 37, 2, 37, 2, 1]).unique()]
            [1, 37, 2]
        """
        from feedline.nodes.unique import Unique

        return self._of(Unique((self._node,), user_origin()))

    def unbatch(self, name: str | None = None) -> Dataset:
        """Returns the rows of each element: the reverse of `batch`.

        Args:
            name: not used; `tf.data` has it.

        Raises:
            ShapeError: while running: a component has no rows, or another number of them than the others.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(5).batch(2).unbatch()]
            [0, 1, 2, 3, 4]
        """
        from feedline.nodes.unbatch import Unbatch

        return self._of(Unbatch((self._node,), user_origin()))

    def rebatch(self, batch_size: Any, drop_remainder: bool = False, name: str | None = None) -> Dataset:
        """Returns the same rows in batches of another size.

        Args:
            batch_size: the size; or several, which take turns.
            drop_remainder: whether a last batch that is not full is left out.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [batch.tolist() for batch in Dataset.range(8).batch(4).rebatch([2, 1, 1])]
            [[0, 1], [2], [3], [4, 5], [6], [7]]
        """
        from feedline.nodes.unbatch import Rebatch

        given = [batch_size] if np.ndim(batch_size) == 0 else list(batch_size)
        sizes = tuple(whole_number(size, "batch_size", least=0 if len(given) > 1 else 1) for size in given)
        if not any(sizes):
            raise ArgumentError(f"the batch sizes are {list(sizes)}.", fix="Give at least one that is 1 or more.")
        return self._of(Rebatch((self._node,), user_origin(), sizes, true_or_false(drop_remainder, "drop_remainder")))

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """Returns the dataset without the elements whose computing raises.

        Args:
            log_warning: whether each is told as a RuntimeWarning.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.from_tensor_slices(["1", "x", "3"]).map(lambda text: int(text)).ignore_errors()
            >>> [int(number) for number in ds]
            [1, 3]
        """
        from feedline.nodes.ignore_errors import IgnoreErrors

        return self._of(IgnoreErrors((self._node,), user_origin(), true_or_false(log_warning, "log_warning")))

    def rejection_resample(
        self,
        class_func: Callable[..., Any],
        target_dist: Any,
        initial_dist: Any = None,
        seed: int | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Returns pairs (class, element), with elements left out at random so that the classes come as wanted.

        Every element comes once at the most.

        Args:
            class_func: from element to class, a whole number from 0.
            target_dist: the share of each class that is wanted.
            initial_dist: the share of each class that there is; None to measure it.
            seed: the seed.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.range(1000).rejection_resample(lambda n: n % 10 // 9, [0.5, 0.5], [0.9, 0.1], seed=1)
            >>> 150 < len(list(ds)) < 250
            True
        """
        from feedline.nodes.resample import RejectionResample

        check_function(class_func, "rejection_resample")
        target = _distribution(target_dist, "target_dist")
        initial = None if initial_dist is None else _distribution(initial_dist, "initial_dist")
        if initial is not None and len(initial) != len(target):
            raise StructureError(
                f"target_dist has {len(target)} classes and initial_dist {len(initial)}.", fix="Give as many for both."
            )
        for number, (wanted, there) in enumerate(zip(target, initial or (), strict=False)):
            if wanted > 0 and there == 0:
                raise ArgumentError(
                    f"class {number} is wanted, {wanted:.3g} of all, but initial_dist says that there is none of it.",
                    fix="Give its share in initial_dist, or 0 in target_dist.",
                )
        own = seed_or_drawn(seed)
        return self._of(RejectionResample((self._node,), user_origin(), class_func, target, initial, own))


def _distribution(values: Any, name: str) -> tuple[float, ...]:
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or len(array) == 0 or not np.isfinite(array).all() or (array < 0).any() or array.sum() <= 0:
        raise ArgumentError(f"{name} is {values!r:.80}.", fix="Give a list of shares, none of them negative.")
    return tuple((array / array.sum()).tolist())
