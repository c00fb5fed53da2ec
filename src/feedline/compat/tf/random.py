"""`tf.random` by feedline: the distributions are TensorFlow's, the numbers are not.

Within `Dataset.map` the numbers follow from the seed, the epoch and the element; see `feedline.random`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline import random
from feedline.compat.tf.convert import to_array, wholes
from feedline.compat.tf.making import lengths_of
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.compat.tf.values import plain
from feedline.errors import ArgumentError
from feedline.spec import as_dtype

__all__ = ["normal", "set_seed", "shuffle", "stateless_normal", "stateless_uniform", "truncated_normal", "uniform"]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.random", name, __all__)


def set_seed(seed: Any) -> None:
    """Sets the seed of all that has none of its own; see `feedline.random.set_seed`."""
    random.set_seed(None if seed is None else int(plain(seed)))


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = np.float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Returns uniform random numbers of [minval, maxval); integers need `maxval`."""
    return as_tensor(random.uniform(lengths_of(shape), plain(minval), plain(maxval), dtype, seed))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Returns normally distributed random numbers."""
    return as_tensor(random.normal(lengths_of(shape), plain(mean), plain(stddev), dtype, seed))


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Returns normally distributed random numbers, none of them further than two `stddev` from `mean`."""
    lengths = lengths_of(shape)
    generator = random.generator(seed)
    numbers = generator.standard_normal(lengths)
    while (far := np.abs(numbers) > 2).any():
        numbers = np.where(far, generator.standard_normal(lengths), numbers)
    return as_tensor(np.asarray(plain(mean) + plain(stddev) * numbers, as_dtype(dtype)))


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Returns the rows of a tensor in a random order."""
    array = to_array(value, None, "value")
    if array.ndim == 0:
        raise ArgumentError("a scalar has no rows to shuffle.", fix="Give a tensor of rank 1 or more.")
    return as_tensor(array[random.generator(seed).permutation(len(array))])


def _keyed(seed: Any) -> np.random.Generator:
    numbers = wholes(seed, "seed")
    if len(numbers) != 2:
        raise ArgumentError(f"seed is {seed!r:.60}.", fix="Give two integers, such as (1, 2).")
    return random.Stream(random.mix_all(3, *numbers)).generator()


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = np.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Returns uniform random numbers that follow from the seed, two integers, alone."""
    lengths, wanted, generator = lengths_of(shape), as_dtype(dtype), _keyed(seed)
    low, high = plain(minval), plain(maxval)
    if wanted.kind in "iu":
        if high is None:
            raise ArgumentError("integers need maxval.", fix="Give the bound above as maxval.")
        return as_tensor(np.asarray(generator.integers(low, high, lengths, wanted)))
    top = 1.0 if high is None else high
    numbers = np.asarray(low + (top - low) * generator.random(lengths), wanted)
    return as_tensor(np.minimum(numbers, np.nextafter(wanted.type(top), wanted.type(low))))


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = np.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Returns normally distributed random numbers that follow from the seed, two integers, alone."""
    numbers = _keyed(seed).standard_normal(lengths_of(shape))
    return as_tensor(np.asarray(plain(mean) + plain(stddev) * numbers, as_dtype(dtype)))
