"""`open_npz`: the arrays of a NumPy `.npz` file."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError
from feedline.formats.file_path import as_path
from feedline.formats.stores import is_url


def open_npz(filename: Any) -> dict[str, np.ndarray]:
    """Opens an `.npz` file, as `np.savez` writes it, and returns its arrays by name.

    Arrays that are stored plain stay in the file: a dataset of them may be larger than memory. Those that
    `np.savez_compressed` wrote are read whole. `Dataset.from_tensor_slices` takes the result, or some of its arrays.

    Args:
        filename: a path: `str`, `bytes` or a `pathlib.Path`.

    Raises:
        MissingFileError: there is no such file.
        ArgumentError: the file is not on this machine.
        FileFormatError: it is not an `.npz` file, or damaged.
        TensorDecodeError: an array in it is damaged, or holds Python objects, which are never unpickled.

    Example:
        >>> import tempfile
        >>> import feedline as fl
        >>> path = tempfile.mkdtemp() + "/digits.npz"
        >>> np.savez(path, x_train=np.zeros((3, 2)), y_train=[7, 8, 9], y_test=[1])
        >>> digits = fl.io.open_npz(path)
        >>> for x, y in fl.Dataset.from_tensor_slices((digits["x_train"], digits["y_train"])):
        ...     print(x, y)
        [0. 0.] 7
        [0. 0.] 8
        [0. 0.] 9
    """
    from feedline.formats.npz import read_npz
    from feedline.formats.open_file import open_descriptor

    path = as_path(filename, "open_npz")
    if is_url(path):
        raise ArgumentError(
            f"{path} is in a store, and arrays stay in files of this machine.", fix="Copy it here first."
        )
    with open(open_descriptor(path), "rb") as file:
        return read_npz(path, file)
