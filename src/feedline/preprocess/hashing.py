"""Hash: categories as numbers without a vocabulary."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from feedline.errors import ArgumentError
from feedline.preprocess.step import CATEGORIES, Step
from feedline.spec import as_dtype, dtype_name


class Hash(Step):
    """Gives each value the number of one of some bins by its hash: for categories without number, such as user names.

    Nothing is learnt and nothing is unseen; different values may have the same number. The bins are those of
    `tf.strings.to_hash_bucket_fast`, and of `keras.layers.Hashing` without a salt; integers are hashed as their digits.

    Args:
        num_bins: how many bins there are.
        dtype: the dtype of the results.

    Raises:
        ArgumentError: `num_bins` is no whole number from 1 on.

    Example:
        >>> import feedline as fl
        >>> users = fl.Dataset.from_tensor_slices(["ann", "bob"])
        >>> fl.Preprocess(fl.preprocess.Hash(8)).fit(users)(["ann", "bob", "eve"])
        array([4, 1, 3])
    """

    kinds = CATEGORIES

    def __init__(self, num_bins: int, *, dtype: Any = "int64") -> None:
        if isinstance(num_bins, bool) or not isinstance(num_bins, int | np.integer) or num_bins < 1:
            raise ArgumentError(
                f"num_bins is {num_bins!r:.40}; it must be a whole number from 1 on.", fix="Write Hash(1000)."
            )
        self.num_bins = int(num_bins)
        self.dtype = dtype_name(as_dtype(dtype))
        if as_dtype(dtype).kind not in "iuf":
            raise ArgumentError(f"dtype is {self.dtype}, not one of numbers.", fix="Write dtype='int64'.")

    def transform(self, values: np.ndarray) -> np.ndarray:
        bins = [_hash_of(value) % self.num_bins for value in values.reshape(-1).tolist()]
        return np.array(bins, self.dtype).reshape(values.shape)


@lru_cache(1 << 16)
def _hash_of(value: bytes | int) -> int:
    from feedline.compat.tf.farmhash import fingerprint64

    return fingerprint64(value if isinstance(value, bytes) else str(int(value)).encode())
