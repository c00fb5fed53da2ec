"""Options: how a dataset is to be run, under the names of `tf.data.Options`.

What feedline does in any case, or needs no telling, is taken and remembered; an option that does not exist is an error.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from feedline.errors import ArgumentError, ArgumentTypeError, NoSuchOptionError, nearest_name


class AutoShardPolicy(enum.IntEnum):
    """How a distributed dataset is shared among workers, for `options.experimental_distribute.auto_shard_policy`.

    It has no effect: a dataset gives all its elements until it is told to give a part of them, by `Dataset.shard`.
    """

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3


class AutotuneAlgorithm(enum.Enum):
    """How `tf.data` tunes its workers, for `options.autotune.autotune_algorithm`; feedline has a way of its own."""

    DEFAULT = 0
    HILL_CLIMB = 1
    GRADIENT_DESCENT = 2
    MAX_PARALLELISM = 3
    STAGE_BASED = 4


class ExternalStatePolicy(enum.Enum):
    """What `tf.data` does about state that it cannot save, for `options.experimental_external_state_policy`."""

    WARN = 0
    IGNORE = 1
    FAIL = 2


class _Group:
    """Options of one kind; only those named in `_types` can be set, to values of these types."""

    _types: ClassVar[dict[str, type]] = {}
    _defaults: ClassVar[dict[str, Any]] = {}
    _renamed: ClassVar[dict[str, str]] = {}

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_frozen", False)
        for name, value in values.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        name = self._renamed.get(name, name)
        kind = self._type_of(name)
        if issubclass(kind, _Group):
            return self._values.setdefault(name, kind())
        return self._values.get(name, self._defaults.get(name))

    def __setattr__(self, name: str, value: Any) -> None:
        name = self._renamed.get(name, name)
        kind = self._type_of(name)
        if self._frozen:
            raise ArgumentError(
                "options that a dataset has cannot be changed.",
                fix="Set them on an Options of your own, and give it to dataset.with_options(options).",
            )
        if kind is int and isinstance(value, np.integer):
            value = int(value)
        unset = value is None and not issubclass(kind, _Group)
        if not unset and not isinstance(value, kind):
            raise ArgumentTypeError(f"the option {name} is {value!r:.60}.", fix=f"Give {_example_of(kind)}.")
        if not unset:
            self._check(name, value)
        self._values[name] = value

    def _check(self, name: str, value: Any) -> None:
        """Checks a value that is of the right type.

        Raises:
            ArgumentError: it cannot be used all the same.
        """

    def __delattr__(self, name: str) -> NoReturn:
        raise ArgumentError(f"the option {name} cannot be deleted.", fix="Set it to None.")

    def _type_of(self, name: str) -> type:
        if name not in self._types:
            nearest = nearest_name(name, [*self._types, *self._renamed])
            raise NoSuchOptionError(
                f"there is no option {name!r}.",
                fix=f"Did you mean {nearest!r}?" if nearest else f"The options are {', '.join(sorted(self._types))}.",
            )
        return self._types[name]

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *self._types, *self._renamed})

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(other, name) == getattr(self, name) for name in self._types)

    def _set(self) -> dict[str, Any]:
        """Returns what is set; a group that was only looked at is not."""
        return {name: value for name, value in self._values.items() if not isinstance(value, _Group) or value._set()}

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in sorted(self._set().items()))
        return f"{type(self).__name__}({values})"

    def merge(self, other: Self) -> Self:
        """Returns these options with those that `other` sets; later changes of the two do not reach them."""
        merged = type(self)()
        for options in (self, other):
            for name, value in options._set().items():
                if isinstance(value, _Group):
                    value = merged._values.get(name, type(value)()).merge(value)
                merged._values[name] = value
        return merged

    def freeze(self) -> Self:
        """Makes these options refuse every change, and returns them."""
        object.__setattr__(self, "_frozen", True)
        for name, kind in self._types.items():
            if issubclass(kind, _Group):
                getattr(self, name).freeze()
        return self


def _example_of(kind: type) -> str:
    if issubclass(kind, enum.Enum):
        return f"one of {', '.join(f'{kind.__name__}.{member.name}' for member in kind)}"
    if issubclass(kind, _Group):
        return f"{kind.__name__}()"
    return {bool: "True or False", int: "a whole number", str: "text"}.get(kind, f"a {kind.__name__}")


class ThreadingOptions(_Group):
    """`private_threadpool_size`: how many threads AUTOTUNE may use; 0 or None for one a core."""

    _types = {"max_intra_op_parallelism": int, "private_threadpool_size": int}  # noqa: RUF012


class AutotuneOptions(_Group):
    """`cpu_budget`: how many workers AUTOTUNE may use; `ram_budget`: as `memory_budget` of `Options`. The others are
    taken and remembered; feedline measures in any case.
    """

    _types = {  # noqa: RUF012
        "autotune_algorithm": AutotuneAlgorithm,
        "cpu_budget": int,
        "enabled": bool,
        "initial_parallelism": int,
        "min_parallelism": int,
        "ram_budget": int,
    }


class DistributeOptions(_Group):
    """Taken and remembered: no dataset is distributed unless `Dataset.shard` says so."""

    _types = {"auto_shard_policy": AutoShardPolicy, "num_devices": int}  # noqa: RUF012
    _defaults = {"auto_shard_policy": AutoShardPolicy.AUTO}  # noqa: RUF012


class OptimizationOptions(_Group):
    """Taken and remembered; feedline's rewrites never change what comes out."""

    _types = dict.fromkeys(
        [
            "apply_default_optimizations",
            "filter_fusion",
            "filter_parallelization",
            "inject_prefetch",
            "map_and_batch_fusion",
            "map_and_filter_fusion",
            "map_fusion",
            "map_parallelization",
            "noop_elimination",
            "parallel_batch",
            "seq_interleave_prefetch",
            "shuffle_and_repeat_fusion",
        ],
        bool,
    )


class ServiceOptions(_Group):
    """Taken and remembered."""

    _types = {"pinned": bool}  # noqa: RUF012


class Options(_Group):
    """How a dataset is to be run.

    `deterministic=False` allows elements out of order; feedline keeps the order all the same, so that a seed gives the
    same bytes for every number of workers: an element that takes long holds up those behind it until it is done.

    Two options are feedline's own, and hold for the whole of a dataset. `executor` is by what functions run that may
    run in parallel: "inline", "threads" or "processes", each process with an interpreter of its own; without it, what
    was measured to be quickest is taken. `memory_budget` is how many bytes may be made ready ahead; without it, a
    quarter of the memory that the machine, or the container, has.

    Raises:
        NoSuchOptionError: an option is set, or asked for, that does not exist.
        ArgumentTypeError: an option is set to a value of another type.
        ArgumentError: the options are those that a dataset has.

    Example:
        >>> options = Options()
        >>> options.threading.private_threadpool_size = 2
        >>> options
        Options(threading=ThreadingOptions(private_threadpool_size=2))
    """

    _types = {  # noqa: RUF012
        "autotune": AutotuneOptions,
        "dataset_name": str,
        "deterministic": bool,
        "executor": str,
        "experimental_distribute": DistributeOptions,
        "experimental_external_state_policy": ExternalStatePolicy,
        "experimental_optimization": OptimizationOptions,
        "experimental_service": ServiceOptions,
        "experimental_slack": bool,
        "experimental_symbolic_checkpoint": bool,
        "experimental_warm_start": bool,
        "framework_type": list,
        "memory_budget": int,
        "threading": ThreadingOptions,
    }
    _renamed = {"experimental_deterministic": "deterministic", "experimental_threading": "threading"}  # noqa: RUF012

    def _check(self, name: str, value: Any) -> None:
        if name == "executor" and value not in EXECUTORS:
            nearest = nearest_name(value, EXECUTORS)
            raise ArgumentError(
                f"there is no executor {value!r}.",
                fix=f"Did you mean {nearest!r}?" if nearest else f"The executors are {', '.join(EXECUTORS)}.",
            )
        if name == "memory_budget" and value < 1:
            raise ArgumentError(f"memory_budget is {value} bytes.", fix="Give a positive number of bytes, or None.")


EXECUTORS = ("inline", "threads", "processes")
"""By what a pipeline may be run."""
