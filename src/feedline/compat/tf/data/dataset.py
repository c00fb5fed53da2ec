"""Dataset: feedline's, with tensors in place of NumPy arrays.

A dataset is feedline's own, seen through `wrapped` and `plain`: every method is feedline's method of the same name,
whose arguments are made plain, whose functions are called with tensors, and whose result becomes a dataset of this kind
again. So a method that feedline gets is here as well.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import feedline
from feedline.compat.tf.errors import OutOfRangeError
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.shape import TensorShape
from feedline.compat.tf.tensor import as_tensor
from feedline.compat.tf.values import on_tensors, plain, wrapped
from feedline.nested import DatasetComponent


class Cardinality(int):
    """The number of elements, an `int` that has `.numpy()`, a dtype and a shape as TensorFlow's has."""

    dtype = np.dtype(np.int64)

    @property
    def shape(self) -> TensorShape:
        """The shape of a single value."""
        return TensorShape(())

    def numpy(self) -> np.int64:
        """Returns the number."""
        return np.int64(self)


class DatasetIterator:
    """Gives the elements of one epoch as tensors; `close()` ends it early.

    Args:
        iterator: feedline's iterator.
        dataset: the dataset that it goes through.
    """

    def __init__(self, iterator: Any, dataset: feedline.Dataset) -> None:
        self._iterator = iterator
        self._dataset = dataset

    @property
    def element_spec(self) -> Any:
        """The spec of the elements."""
        return self._dataset.element_spec

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        return wrapped(next(self._iterator))

    def get_next(self) -> Any:
        """Returns the next element.

        Raises:
            OutOfRangeError: there is none.
        """
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError("the dataset has ended.", fix="Use a `for` loop.") from None

    def get_next_as_optional(self) -> Any:
        """Returns the next element, if there is one, as a `tf.data.experimental.Optional`."""
        from feedline.compat.tf.data.optional import get_next_as_optional

        return get_next_as_optional(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._iterator, name)


class _NamesMissing(type(feedline.Dataset)):  # type: ignore[misc]  # whatever class of classes it has
    """Says for a name that `tf.data.Dataset` does not have here which is the nearest."""

    def __getattr__(cls, name: str) -> Any:
        raise missing_name("tf.data.Dataset", name, (known for known in dir(cls) if known[0] != "_"))


class Dataset(feedline.Dataset, metaclass=_NamesMissing):
    """A pipeline whose elements are tensors: `tf.data.Dataset` by feedline.

    The methods are those of `feedline.Dataset`. What is left to `as_numpy_iterator`, and to Keras, is plain NumPy.

    Example:
        >>> import feedline.compat.tf as tf
        >>> ds = tf.data.Dataset.from_tensor_slices([1, 2, 3]).map(lambda x: tf.cast(x, tf.float32) / 2)
        >>> [float(x.numpy()) for x in ds]
        [0.5, 1.0, 1.5]
    """

    def __getattr__(self, name: str) -> Any:
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property that raised an AttributeError: raise it again
        raise missing_name("tf.data.Dataset", name, (known for known in dir(type(self)) if known[0] != "_"))

    def __iter__(self) -> DatasetIterator:  # type: ignore[override]
        """Begins the next epoch and returns its iterator."""
        return DatasetIterator(plain_dataset(self).__iter__(), self)

    def as_numpy_iterator(self) -> Any:
        """Begins the next epoch and returns an iterator over its elements as plain NumPy arrays."""
        return plain_dataset(self).__iter__()

    def __getitem__(self, index: Any) -> Any:
        return wrapped(plain_dataset(self)[plain(index)])

    def __len__(self) -> int:
        return len(plain_dataset(self))

    def cardinality(self) -> Cardinality:
        """Returns the number of elements, `INFINITE_CARDINALITY` (-1) or `UNKNOWN_CARDINALITY` (-2)."""
        return Cardinality(plain_dataset(self).cardinality())

    def fingerprint(self) -> Any:
        """Returns a number that is the same for datasets of the same steps; see `feedline.Dataset.fingerprint`."""
        return as_tensor(plain_dataset(self).fingerprint())

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Returns what a function makes of this dataset."""
        return as_dataset(super().apply(transformation_func))

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: tuple | None = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Returns the dataset of what a Python generator yields; see `feedline.Dataset.from_generator`.

        The generator is called with plain arrays, as by TensorFlow, and may yield tensors.
        """
        return as_dataset(
            feedline.Dataset.from_generator(generator, output_types, output_shapes, plain(args), output_signature)
        )


def plain_dataset(dataset: feedline.Dataset) -> feedline.Dataset:
    """Returns feedline's own view of a dataset; both count the same epochs."""
    view = feedline.Dataset.__new__(feedline.Dataset)
    view.__dict__ = dataset.__dict__
    return view


def as_dataset(dataset: DatasetComponent) -> Dataset:
    """Returns a dataset of feedline's as one whose elements are tensors; both count the same epochs."""
    if isinstance(dataset, Dataset):
        return dataset
    view = Dataset.__new__(Dataset)
    view.__dict__ = dataset.__dict__
    return view


def _takes_function(parameter: str) -> bool:
    return parameter.endswith("_func") or parameter == "predicate"


def _method(original: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a method of feedline's for datasets of tensors."""
    signature = inspect.signature(original)
    functions = [name for name in signature.parameters if _takes_function(name)]
    bound = next(iter(signature.parameters), None) == "self"

    @functools.wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        if bound:
            args = (plain_dataset(args[0]), *(plain(value) for value in args[1:]))
        else:
            args = tuple(plain(value) for value in args)
        kwargs = {name: plain(value) for name, value in kwargs.items()}
        if functions:
            arguments = signature.bind(*args, **kwargs)
            for name in functions:
                if callable(arguments.arguments.get(name)):
                    arguments.arguments[name] = on_tensors(arguments.arguments[name])
            args, kwargs = arguments.args, arguments.kwargs
        return wrapped(original(*args, **kwargs))

    return method


_AS_THEY_ARE = {"element_spec", "explain", "node", "options", "profile", "report"}


def public_methods() -> Iterator[tuple[str, Any]]:
    """Yields the public methods of feedline's dataset, as they stand in their classes."""
    for name in dir(feedline.Dataset):
        if not name.startswith("_"):
            yield name, inspect.getattr_static(feedline.Dataset, name)


for _name, _attribute in public_methods():
    if _name in vars(Dataset) or _name in _AS_THEY_ARE:
        continue
    if isinstance(_attribute, staticmethod):
        setattr(Dataset, _name, staticmethod(_method(_attribute.__func__)))
    elif inspect.isfunction(_attribute) and not _name.startswith("to_"):
        setattr(Dataset, _name, _method(_attribute))
