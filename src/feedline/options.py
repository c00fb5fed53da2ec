"""Options: how a dataset is to be run, under the names of `tf.data.Options`.

What feedline does in any case, or needs no telling, is taken and remembered; an option that does not exist is an error.
"""

from __future__ import annotations

from typing import Any, Self

from feedline.errors import ArgumentError, nearest_name


class _Group:
    """Options of one kind; only those named in `_defaults` can be set."""

    _defaults: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "_values", {})
        for name, value in values.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._known(name)
        return self._values.get(name, self._defaults[name])

    def __setattr__(self, name: str, value: Any) -> None:
        self._known(name)
        self._values[name] = value

    def _known(self, name: str) -> None:
        if name not in self._defaults:
            nearest = nearest_name(name, self._defaults)
            raise ArgumentError(
                f"there is no option {name!r}.",
                fix=f"Did you mean {nearest!r}?"
                if nearest
                else f"The options are {', '.join(sorted(self._defaults))}.",
            )

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._set() == self._set()

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


class ThreadingOptions(_Group):
    """`private_threadpool_size`: how many threads AUTOTUNE may use; 0 or None for one a core."""

    _defaults = {"max_intra_op_parallelism": None, "private_threadpool_size": None}  # noqa: RUF012


class AutotuneOptions(_Group):
    """Taken and remembered; feedline measures in any case."""

    _defaults = dict.fromkeys(
        ["autotune_algorithm", "cpu_budget", "enabled", "initial_parallelism", "min_parallelism", "ram_budget"]
    )


class DistributeOptions(_Group):
    """Taken and remembered."""

    _defaults = dict.fromkeys(["auto_shard_policy", "num_devices"])


class OptimizationOptions(_Group):
    """Taken and remembered; feedline's rewrites never change what comes out."""

    _defaults = dict.fromkeys(
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
        ]
    )


class ServiceOptions(_Group):
    """Taken and remembered."""

    _defaults = dict.fromkeys(["pinned"])


class Options(_Group):
    """How a dataset is to be run.

    `deterministic=False` allows elements out of order; feedline keeps the order all the same.

    Raises:
        ArgumentError: an option is set that does not exist.

    Example:
        >>> options = Options()
        >>> options.threading.private_threadpool_size = 2
        >>> options
        Options(threading=ThreadingOptions(private_threadpool_size=2))
    """

    _groups = {  # noqa: RUF012
        "autotune": AutotuneOptions,
        "experimental_distribute": DistributeOptions,
        "experimental_optimization": OptimizationOptions,
        "experimental_service": ServiceOptions,
        "threading": ThreadingOptions,
    }
    _defaults = {  # noqa: RUF012
        **dict.fromkeys(
            [
                "dataset_name",
                "deterministic",
                "experimental_deterministic",
                "experimental_external_state_policy",
                "experimental_slack",
                "experimental_symbolic_checkpoint",
                "experimental_threading",
                "experimental_warm_start",
                "framework_type",
            ]
        ),
        **dict.fromkeys(_groups),
    }

    def __getattr__(self, name: str) -> Any:
        if name in self._groups:
            return self._values.setdefault(name, self._groups[name]())
        return super().__getattr__(name)
