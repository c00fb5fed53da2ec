"""Regular expressions as TensorFlow understands them (RE2), by Python's `re`."""

from __future__ import annotations

import functools
import re
import string

from feedline.errors import ArgumentError

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\\x00-\\x7f", "blank": "\\t ", "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": re.escape(string.punctuation),
    "space": "\\t\\n\\v\\f\\r ", "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """Returns Python's pattern for one of RE2.

    Raises:
        ArgumentError: it is no pattern, or of a kind that Python's `re` does not have.
    """
    try:
        return re.compile(_translated(pattern), re.ASCII)
    except re.error as error:
        raise ArgumentError(f"the pattern {pattern!r:.80} is wrong: {error}.", fix="Mend the pattern.") from None


def _translated(pattern: str) -> str:
    lines = re.search(r"\(\?[a-zA-Z]*m", pattern) is not None
    parts = []
    place, inside = 0, False
    while place < len(pattern):
        character = pattern[place]
        if character == "\\":
            following = pattern[place + 1 : place + 2]
            if following in ("p", "P", "Q", "C"):
                raise ArgumentError(
                    f"the pattern {pattern!r:.80} has \\{following}, which Python's re does not have.",
                    fix="Write the characters out, for example [a-z].",
                )
            parts.append("\\Z" if following == "z" else "\\" + following)
            place += 2
            continue
        posix = re.match(r"\[:(\^?)(\w+):\]", pattern[place:]) if inside else None
        if posix is not None:
            if posix[1] or posix[2] not in _POSIX:
                raise ArgumentError(f"the pattern {pattern!r:.80} has {posix[0]}, which is not covered.")
            parts.append(_POSIX[posix[2]])
            place += len(posix[0])
            continue
        if inside:
            inside = character != "]"
            parts.append("\\[" if character == "[" else character)
        elif character == "[":
            opened = re.match(r"\[\^?\]?", pattern[place:])
            assert opened is not None
            parts.append(opened[0].replace("]", "\\]"))
            place += len(opened[0])
            inside = True
            continue
        else:
            parts.append("\\Z" if character == "$" and not lines else character)
        place += 1
    return "".join(parts)


def replaced(pattern: re.Pattern[str], text: str, rewrite: str, everywhere: bool) -> str:
    """Returns text with what matches replaced.

    RE2 goes on behind a match, and where an empty one would touch the match before it, one character further.
    """
    parts = []
    place, last = 0, -1
    while place <= len(text) and (match := pattern.search(text, place)) is not None:
        parts.append(text[place : match.start()])
        if match.start() == match.end() == last:
            parts.append(text[last : last + 1])
            place = last + 1
            continue
        parts.append(_rewritten(match, rewrite))
        place = last = match.end()
        if not everywhere:
            break
    return "".join([*parts, text[place:]])


def _rewritten(match: re.Match[str], rewrite: str) -> str:
    def part(escape: re.Match[str]) -> str:
        if escape[1] == "\\":
            return "\\"
        return match[int(escape[1])] or ""

    return re.sub(r"\\(.)", part, rewrite)


def check_rewrite(pattern: re.Pattern[str], rewrite: str) -> None:
    """Raises ArgumentError where a rewrite names a group that the pattern does not have."""
    for escape in re.finditer(r"\\(.?)", rewrite):
        if escape[1] != "\\" and not (escape[1].isdigit() and int(escape[1]) <= pattern.groups):
            raise ArgumentError(
                f"the rewrite {rewrite!r:.80} has {escape[0]!r}, and the pattern has {pattern.groups} groups.",
                fix="Use \\0 for the whole match, \\1 for its first group, and \\\\ for a backslash.",
            )
