"""`decode_npy`: the bytes of a NumPy `.npy` file to its array."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import TensorDecodeError


def decode_npy(contents: Any, name: str | None = None) -> np.ndarray:
    """Decodes the contents of an `.npy` file, as `np.save` writes it.

    TensorFlow has no such function, so that `.npy` files get read with `decode_raw`, which takes their header for
    numbers.

    Args:
        contents: the whole file, as `read_file` returns it.
        name: not used.

    Returns:
        The array with its own shape and dtype. It may be a read-only view of `contents`. Strings become an object
        array of `bytes`.

    Raises:
        TensorDecodeError: it is not an `.npy` file, is cut off, too long or damaged, or holds Python objects,
            which are never unpickled.

    Example:
        >>> import io
        >>> file = io.BytesIO(); np.save(file, np.arange(3, dtype=np.int32))
        >>> decode_npy(file.getvalue())
        array([0, 1, 2], dtype=int32)
    """
    from feedline.formats.npy import read_npy
    from feedline.formats.signature import as_contents

    return read_npy(as_contents(contents, "decode_npy", TensorDecodeError))
