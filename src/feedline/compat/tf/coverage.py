# ruff: noqa: E501 (rows of a table)
"""The table of what `feedline.compat.tf` covers, as docs/compat.md shows it.

python -m feedline.compat.tf.coverage > docs/compat.md
"""

from __future__ import annotations

import importlib
import itertools
import sys
from types import ModuleType

from feedline.compat.tf.missing import INSTEAD

MODULES = {
    "tf": "feedline.compat.tf",
    "tf.data": "feedline.compat.tf.data",
    "tf.data.experimental": "feedline.compat.tf.data.experimental",
    "tf.io": "feedline.compat.tf.io",
    "tf.io.gfile": "feedline.compat.tf.gfile",
    "tf.image": "feedline.compat.tf.image",
    "tf.audio": "feedline.compat.tf.audio",
    "tf.train": "feedline.compat.tf.train",
    "tf.math": "feedline.compat.tf.math",
    "tf.strings": "feedline.compat.tf.strings",
    "tf.ragged": "feedline.compat.tf.ragged",
    "tf.sparse": "feedline.compat.tf.sparse",
    "tf.random": "feedline.compat.tf.random",
    "tf.dtypes": "feedline.compat.tf.dtypes",
    "tf.debugging": "feedline.compat.tf.debugging",
    "tf.errors": "feedline.compat.tf.errors",
    "tf.compat": "feedline.compat.tf.compat",
    "tf.autograph": "feedline.compat.tf.autograph",
}

_HEAD = """# What `feedline.compat.tf` covers

<!-- Written by `python -m feedline.compat.tf.coverage > docs/compat.md`; a test holds it to the code. -->

```python
import feedline.compat.tf as tf  # in place of: import tensorflow as tf
```

An input pipeline written for TensorFlow then runs by feedline: sources, `map`, batches, `model.fit`. TensorFlow is not
needed, and not loaded. `tf.keras` is Keras 3 on the backend that you choose (`KERAS_BACKEND=jax`); for
`from tensorflow.keras import layers` write `from keras import layers`.

## Values

Every value is a `tf.Tensor`: a NumPy array with `.numpy()`, `.shape.as_list()`, `set_shape` and TensorFlow's operators.
The rules for dtypes are TensorFlow's: Python numbers become `int32` and `float32`, both sides of an operator must have
one dtype, and a Python number takes that of the other side. A dtype is NumPy's: `tensor.dtype == tf.float32` and
`tensor.dtype.name` work, `tensor.dtype.is_floating` does not; write `tensor.dtype.kind == "f"`. NumPy's functions take
tensors and return plain arrays. Keras, and `dataset.as_numpy_iterator()`, get plain arrays.

Functions run as they are called: there are no graphs. `tf.function` returns the function that it decorates, and the
shapes that a function in `map` sees are always known.

## What is different, and why

| TensorFlow | here | why |
|---|---|---|
| `tf.constant(300, tf.uint8)` is 44, `int_tensor + np.array([2.5])` adds 2 | `DtypeError` | numbers would change without a word |
| `py_function` of `np.float64(2.7)` for `Tout=tf.int32` is 2 | `DtypeError` | the same |
| `numpy_function` outside of `map` gives whatever dtype the function returns; within `map`, one that `Tout` does not say is an error | an error in both | the same code does the same everywhere |
| `py_function` of two values for a `Tout` that is one dtype gives the first | both, as one array | nothing is dropped without a word |
| `decode_raw` of an `.npy` file gives its header as numbers | `FileFormatError` that says `decode_npy` | the same |
| `from_tensor_slices` of a list of (sequence, label) pairs fails | a dataset of these pairs | it can only mean that |
| errors are `tf.errors.InvalidArgumentError` | feedline's, which have that name here too; those that TensorFlow calls `DataLossError` or `FailedPreconditionError` have these names as well | they say the record, the line and the fix |
| random numbers | feedline's own: the same distributions, other numbers; in `map` they follow from seed, epoch and element | the same for every number of workers |
| ragged dimensions of one length, as `RaggedTensor.from_tensor` makes them, show in shapes | as long as the tensor stays within one function: what comes out of a dataset shows None | elements are values and row splits |
| `tf.gather` of ragged rows that are too short takes values of the next row | error | another's values |
| `options.experimental_distribute`, `auto_shard_policy` among it, say how a dataset is shared among workers | taken, and without effect | a dataset is shared by `Dataset.shard` alone |
| regular expressions are RE2's | Python's, with RE2's syntax; `\\p{..}` is an error | RE2 is not a Python package |
| `tf.io.gfile` knows remote file systems | files of this machine | copy or mount them |

## Names that are not covered

They raise an `AttributeError` that names the nearest name, and for those below what to use instead.

"""


def public_names(module: ModuleType) -> list[str]:
    """Returns the names that a module covers."""
    return sorted(module.__all__)


def methods_of_datasets() -> list[str]:
    """Returns the methods and properties of a dataset."""
    dataset = importlib.import_module("feedline.compat.tf.data").Dataset
    inner = {"dtype", "node", "shape"}  # what a dataset has as a component of an element
    return sorted(name for name in dir(dataset) if not name.startswith("_") and name not in inner)


def table() -> str:
    """Returns the page.

    Example:
        >>> print(table().splitlines()[0])
        # What `feedline.compat.tf` covers
    """
    lines = [_HEAD + "| name | instead |", "|---|---|"]
    for (_, instead), names in itertools.groupby(sorted(INSTEAD, key=_by_hint), key=_by_hint):
        lines.append(f"| {', '.join(f'`{name}`' for name in sorted(names))} | {instead} |")
    for title, path in MODULES.items():
        module = importlib.import_module(path)
        lines += ["", f"## {title}", ""]
        lines += _listed(public_names(module))
        if title == "tf.data":
            lines += ["", "### tf.data.Dataset", ""]
            lines += _listed(methods_of_datasets())
    return "\n".join(lines) + "\n"


def _by_hint(name: str) -> tuple[str, str]:
    """Returns the module of a name, and what to use instead of it."""
    return name.rpartition(".")[0], INSTEAD[name]


def _listed(names: list[str]) -> list[str]:
    """Returns names in lines of at most 120 characters."""
    lines, line = [], ""
    for name in names:
        item = f"`{name}`"
        if line and len(line) + len(item) + 2 > 119:
            lines.append(line + ",")
            line = item
        else:
            line = f"{line}, {item}" if line else item
    return [*lines, line]


if __name__ == "__main__":
    sys.stdout.write(table())
