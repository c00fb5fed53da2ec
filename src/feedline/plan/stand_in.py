"""What stands for the functions and modules that a function refers to, while it is traced."""

from __future__ import annotations

from typing import Any

from feedline.plan.prove import UnprovenError


class StandIn:
    """Stands for something that a function uses, which must not compare it or make a string of it.

    Python would answer for what stands there, by default: two of them for one function are not equal.
    """

    __slots__ = ()

    def _refuse(self, *args: Any) -> Any:
        raise UnprovenError("it compares functions or modules, or makes strings of them")

    __eq__ = __ne__ = __hash__ = __repr__ = __str__ = __format__ = _refuse  # type: ignore[assignment]
