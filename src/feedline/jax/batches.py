"""JaxBatches: a dataset whose elements are JAX arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax

from feedline.errors import ArgumentError
from feedline.jax.carrier import JaxCarrier
from feedline.lookahead import LookAhead

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class JaxBatches:
    """The elements of a dataset as JAX arrays; each `iter()` is the next epoch.

    Args:
        dataset: the dataset.
        sharding: how each component is laid out over devices: a `jax.sharding.Sharding` for all of them, or a
            structure of shardings like the elements'. Where it spans several processes, each process's dataset gives
            its own part of every batch.
        device: one device in place of a sharding, or the name of a platform such as "cpu"; None for JAX's default.
        lookahead: how many elements are sent before they are asked for.

    Raises:
        ArgumentError: there is no such device, or both `sharding` and `device` are given.

    Example:
        >>> import feedline as fl
        >>> batches = JaxBatches(fl.Dataset.range(5, output_type="int32").batch(2))
        >>> len(batches), [batch.tolist() for batch in batches]
        (3, [[0, 1], [2, 3], [4]])
    """

    def __init__(self, dataset: Dataset, sharding: Any = None, device: Any = None, lookahead: int = 2) -> None:
        if sharding is not None and device is not None:
            raise ArgumentError(
                "to_jax() was given a sharding and a device.", fix="Give one: a sharding says which devices it uses."
            )
        self.dataset = dataset
        self.sharding = sharding
        self.device = _known_device(device)
        self.lookahead = lookahead

    def __iter__(self) -> LookAhead:
        place = self.device if self.sharding is None else self.sharding
        return LookAhead(iter(self.dataset), JaxCarrier(place), self.lookahead)

    def __len__(self) -> int:
        """Returns the number of elements.

        Raises:
            InfiniteDatasetError: there is no end.
            UnknownCardinalityError: the number is known only by reading all of it.
        """
        return len(self.dataset)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        place = f"sharding={self.sharding}" if self.sharding is not None else f"device={self.device}"
        return f"{self.dataset!r}.to_jax({place})"


def _known_device(device: Any) -> Any:
    if device is None or isinstance(device, jax.Device):
        return device
    names = sorted({known.platform for known in jax.local_devices()} | {"cpu"})
    if isinstance(device, str):
        try:
            return jax.local_devices(backend=device)[0]
        except RuntimeError:
            pass
    hint = " A sharding goes into to_jax(sharding=...)." if isinstance(device, jax.sharding.Sharding) else ""
    raise ArgumentError(
        f"to_jax() cannot use the device {device!r:.60}.",
        fix=f"Give one of jax.devices(), or the name of a platform that is here: {', '.join(names)}.{hint}",
    )
