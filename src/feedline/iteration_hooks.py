"""What is done as an iteration begins, here or in a worker, for modules that the engine does not know."""

from __future__ import annotations

from collections.abc import Callable

_hooks: list[Callable[[], None]] = []


def as_iterations_begin(hook: Callable[[], None]) -> Callable[[], None]:
    """Has a function called whenever an iteration begins; returns it.

    Example:
        >>> @as_iterations_begin
        ... def forget() -> None:
        ...     pass
    """
    _hooks.append(hook)
    return hook


def iteration_begins() -> None:
    """Calls what is to be called."""
    for hook in _hooks:
        hook()
