"""Dataset: the one class a user holds. Each method adds one node; the methods are in files by kind."""

from __future__ import annotations

import types

from feedline.dataset.checking import CheckingMethods
from feedline.dataset.elements import ElementMethods
from feedline.dataset.groups import GroupMethods
from feedline.dataset.mixing import MixingMethods
from feedline.dataset.order import OrderMethods
from feedline.dataset.output import OutputMethods
from feedline.dataset.sources import SourceMethods
from feedline.dataset.storage import StorageMethods
from feedline.dataset.streams import StreamMethods
from feedline.nested import register_dataset_class


class Dataset(
    SourceMethods,
    ElementMethods,
    OrderMethods,
    GroupMethods,
    StreamMethods,
    MixingMethods,
    StorageMethods,
    OutputMethods,
    CheckingMethods,
):
    """A pipeline: a source of elements and the transformations on them, run anew by each `iter()`.

    An element is a nested structure (tuple, dict, namedtuple) of NumPy arrays; a string is `bytes`. A dataset never
    changes: every method returns a new one. Each `iter()` begins a new epoch, with other random numbers.

    Example:
        >>> import feedline as fl
        >>> ds = fl.Dataset.from_tensor_slices({"x": [1, 2, 3], "y": [0.1, 0.2, 0.3]}).batch(2)
        >>> for batch in ds:
        ...     print(batch["x"], batch["y"])
        [1 2] [0.1 0.2]
        [3] [0.3]
    """


def _belong_to_dataset() -> None:
    """Lets messages, help() and pickle know the methods as those of `Dataset`."""
    for part in Dataset.__mro__[1:-1]:
        for name, value in vars(part).items():
            function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            if isinstance(function, types.FunctionType) and part.__module__.startswith(__name__):
                function.__qualname__, function.__module__ = f"Dataset.{name}", __name__


_belong_to_dataset()
register_dataset_class(Dataset)
