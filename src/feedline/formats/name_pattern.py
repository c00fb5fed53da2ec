"""Patterns of file names, as TensorFlow matches them."""

from __future__ import annotations

import re

SPECIAL = frozenset("*?[\\")
"""Signs that mean something in a pattern."""


def as_expression(part: str) -> str:
    """Returns the regular expression for one part of a pattern, which has no "/".

    `*` and `?` stand for anything, `[ab]` for one of two, `[!ab]` and `[^ab]` for none of them, and "\\" takes the next
    sign as it is.

    Example:
        >>> as_expression("a?.[!xy]")
        'a.\\\\.[^xy]'
    """
    expression, index = "", 0
    while index < len(part):
        sign = part[index]
        index += 1
        if sign == "*":
            expression += ".*"
        elif sign == "?":
            expression += "."
        elif (
            sign == "["
            and (end := part.find("]", index + 2 if part[index : index + 1] in ("!", "^") else index + 1)) > 0
        ):
            inside = part[index:end]
            negated = inside[0] in "!^"
            signs = "".join(sign if sign == "-" else re.escape(sign) for sign in inside[negated:])
            expression += f"[{'^' if negated else ''}{signs}]"
            index = end + 1
        else:
            if sign == "\\" and index < len(part):
                sign = part[index]
                index += 1
            expression += re.escape(sign)
    return expression
