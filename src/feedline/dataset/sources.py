"""Where elements come from: the methods that begin a dataset."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.dataset.base import BaseDataset, check_name, seed_or_drawn, true_or_false, whole_number
from feedline.errors import ArgumentError, ArgumentTypeError
from feedline.origin import user_origin
from feedline.spec import as_dtype, dtype_name
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class SourceMethods(BaseDataset):
    """The methods that begin a dataset."""

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """Returns the dataset whose elements are the rows of arrays.

        Args:
            tensors: arrays that agree in their first dimension, in any structure: one array, a tuple, a dict, nested.
                Lists of paths or of text are arrays of strings. A list of tuples or dicts that is no array, such as
                (sequence, label) pairs with sequences of different lengths, is a list of elements. A pandas frame
                gives rows where all its columns are numbers, and a dict of columns otherwise; a scikit-learn bunch
                gives (data, target).
            name: not used; `tf.data` has it.

        Raises:
            UnequalLengthsError: the arrays have different numbers of rows.
            ShapeError: something is a single value.
            ArgumentError: `name` is not text, as in `from_tensor_slices(x, y)`.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> for x, y in Dataset.from_tensor_slices((np.arange(4).reshape(2, 2), [7, 8])):
            ...     print(x, y)
            [0 1] 7
            [2 3] 8
        """
        from feedline.sources.arrays import slices

        check_name(name, "Put the arrays into one tuple: from_tensor_slices((x, y)).")
        return BaseDataset._of(slices(tensors, user_origin()))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """Returns the dataset of one element.

        Args:
            tensors: the element, in any structure.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> list(Dataset.from_tensors([1, 2]))
            [array([1, 2], dtype=int32)]
        """
        from feedline.sources.arrays import tensors as tensors_node

        check_name(name, "Put the components into one tuple: from_tensors((x, y)).")
        return BaseDataset._of(tensors_node(tensors, user_origin()))

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: tuple | None = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Returns the dataset of what a Python generator yields; it is called anew for each epoch.

        Args:
            generator: a function that returns an iterator. It may yield elements or whole batches, and never end.
            output_types: dtypes, the older way to say what is yielded; `output_signature` says more.
            output_shapes: shapes, to go with `output_types`.
            args: arguments for the function, made arrays.
            output_signature: a structure of `TensorSpec`; None to take structure and dtypes from the first element.
            name: not used; `tf.data` has it.

        Raises:
            ExhaustedGeneratorError: a generator object was given, which would be empty in the second epoch.
            SignatureError: while running: an element is not what `output_signature` says.

        Example:
            >>> import feedline as fl
            >>> def count():
            ...     for number in range(3):
            ...         yield number, [number] * 2
            >>> signature = (fl.TensorSpec((), "int32"), fl.TensorSpec((2,), "int32"))
            >>> [(int(a), b.tolist()) for a, b in fl.Dataset.from_generator(count, output_signature=signature)]
            [(0, [0, 0]), (1, [1, 1]), (2, [2, 2])]
        """
        from feedline.sources.generator import generator as generator_node

        return BaseDataset._of(
            generator_node(generator, output_signature, output_types, output_shapes, args, user_origin())
        )

    @staticmethod
    def range(*args: int, output_type: Any = np.int64, name: str | None = None) -> Dataset:
        """Returns the dataset of numbers: `range(stop)`, `range(start, stop)` or `range(start, stop, step)`.

        Args:
            *args: as for Python's `range`.
            output_type: the dtype of the numbers.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.range(2, 10, 3)]
            [2, 5, 8]
        """
        from feedline.sources.range import Range

        if not 1 <= len(args) <= 3:
            raise ArgumentError(
                f"range() takes 1 to 3 numbers, not {len(args)}.", fix="Write range(start, stop, step)."
            )
        numbers = [whole_number(value, "an argument of range()") for value in args]
        if len(numbers) == 3 and numbers[2] == 0:
            raise ArgumentError("the step of range() is 0.", fix="Give a step that is not 0.")
        dtype = as_dtype(output_type)
        if dtype.kind not in "iuf":
            raise ArgumentTypeError(
                f"range() cannot give {dtype_name(dtype)}.", fix="Give an integer or float output_type."
            )
        span = range(*numbers)
        for number in (span[0], span[-1]) if span else ():
            if not _is_exact(number, dtype):
                raise ArgumentError(
                    f"range() reaches {number}, which {dtype.name} cannot hold.", fix="Give a wider output_type."
                )
        return BaseDataset._of(Range((), user_origin(), span, dtype))

    @staticmethod
    def random(
        seed: int | None = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> Dataset:
        """Returns the infinite dataset of random numbers: int64, uniform in [0, 2**32).

        Args:
            seed: the seed; None for `fl.random.set_seed`'s, or a new one each run of the program.
            rerandomize_each_iteration: whether each epoch has numbers of its own; None means no, as in `tf.data`.
            name: not used; `tf.data` has it.

        Example:
            >>> from feedline import Dataset
            >>> ds = Dataset.random(seed=4).take(3)
            >>> list(ds) == list(ds), all(0 <= number < 2**32 for number in ds)
            (True, True)
        """
        from feedline.sources.random_numbers import RandomNumbers

        own = seed_or_drawn(seed)
        given = False if rerandomize_each_iteration is None else rerandomize_each_iteration
        again = true_or_false(given, "rerandomize_each_iteration")
        return BaseDataset._of(RandomNumbers((), user_origin(), own, again))

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: Any = np.int64, name: str | None = None) -> Dataset:
        """Returns the infinite dataset of numbers: `start`, `start + step`, `start + 2 * step` and so on.

        Args:
            start: the first number.
            step: what comes on top each time.
            dtype: the dtype of the numbers. An integer that has reached the dtype's end goes on from the other one.
            name: not used; `tf.data` has it.

        Raises:
            ArgumentError: the dtype cannot hold `start` or `step`.

        Example:
            >>> from feedline import Dataset
            >>> [int(number) for number in Dataset.counter(start=5, step=-2).take(3)]
            [5, 3, 1]
        """
        from feedline.sources.counter import Counter

        kind = as_dtype(dtype)
        by = _held(step, kind, "step", backwards=True)
        return BaseDataset._of(Counter((), user_origin(), _held(start, kind, "start"), by))

    @staticmethod
    def list_files(
        file_pattern: Any, shuffle: bool | None = None, seed: int | None = None, name: str | None = None
    ) -> Dataset:
        """Returns the dataset of the names of files, and folders, that match.

        Args:
            file_pattern: a glob pattern, or several. `*` and `?` also stand for the point that hidden files begin with,
                and never for "/".
            shuffle: whether the order is random, another one each epoch; None means yes, as in `tf.data`.
            seed: the seed of the order.
            name: not used; `tf.data` has it.

        Raises:
            NoFilesError: no file matches.

        Example:
            >>> import pathlib, tempfile
            >>> from feedline import Dataset
            >>> folder = pathlib.Path(tempfile.mkdtemp())
            >>> for file in ("b.txt", "a.txt"):
            ...     _ = (folder / file).write_text("")
            >>> [pathlib.Path(name.decode()).name for name in Dataset.list_files(f"{folder}/*.txt", shuffle=False)]
            ['a.txt', 'b.txt']
        """
        from feedline.sources.arrays import slices
        from feedline.sources.files import match_names

        names = match_names(file_pattern)
        files = BaseDataset._of(slices(np.array([os.fsencode(name) for name in names], object), user_origin()))
        if shuffle is False:
            return files
        return files.shuffle(len(names), seed)

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Returns the dataset whose elements hold one element of each dataset; it ends with the shortest.

        Args:
            *args: the datasets; or one structure of datasets.
            datasets: the same, by name.
            name: not used; `tf.data` has it.

        Raises:
            ArgumentError: something given is not a dataset.

        Example:
            >>> from feedline import Dataset
            >>> [(int(a), int(b)) for a, b in Dataset.zip(Dataset.range(3), Dataset.range(10, 12))]
            [(0, 10), (1, 11)]
        """
        from feedline.nodes.zip import Zip

        if not args and datasets is None:
            raise ArgumentTypeError("zip() was given no datasets.", fix="Give at least one.")
        if args and datasets is not None:
            raise ArgumentTypeError("zip() was given datasets twice: by position and by name.", fix="Give them once.")
        structure = datasets if datasets is not None else args[0] if len(args) == 1 else args
        leaves, treedef = flatten(structure)
        if not leaves:
            raise ArgumentTypeError("zip() was given no datasets.", fix="Give at least one.")
        for leaf in flatten(structure, none_is_leaf=True)[0]:
            if not isinstance(leaf, BaseDataset):
                raise ArgumentTypeError(
                    f"zip() was given {leaf!r:.60}, which is not a dataset.",
                    fix="Give datasets, in tuples or dicts; make one with Dataset.from_tensor_slices.",
                )
        return BaseDataset._of(Zip(tuple(leaf._node for leaf in leaves), user_origin(), treedef))


def _held(value: Any, dtype: np.dtype, name: str, backwards: bool = False) -> np.generic:
    """Returns an argument of counter() in the dtype of its elements; one below 0 as what has the effect, if allowed."""
    number = np.asarray(value)
    if number.shape != () or number.dtype.kind not in "iuf" or dtype.kind not in "iuf":
        raise ArgumentError(
            f"{name} is {value!r:.60}, dtype {dtype.name}.", fix="Give a number, and a dtype of numbers."
        )
    with np.errstate(all="ignore"):
        held: Any = number.astype(dtype)[()]
    if backwards and dtype.kind == "u" and number.dtype.kind == "i" and -int(number) in range(np.iinfo(dtype).max + 1):
        return held  # which takes as much away once the sum goes on from the other end
    if dtype.kind in "iu" and not (number.dtype.kind in "iu" and int(held) == int(number)):
        raise ArgumentError(f"{name} is {value!r:.60}, which {dtype.name} cannot hold.", fix="Give another dtype.")
    return held


def _is_exact(number: int, dtype: np.dtype) -> bool:
    """Says whether a dtype holds a number and all whole numbers between it and 0."""
    if dtype.kind == "f":
        return abs(number) <= 1 << (np.finfo(dtype).nmant + 1)
    return np.iinfo(dtype).min <= number <= np.iinfo(dtype).max
