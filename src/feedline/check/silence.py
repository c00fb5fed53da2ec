"""Which rules are silenced: at the call, and in the nearest pyproject.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from feedline.check.rule import all_rules
from feedline.errors import ArgumentError, FileFormatError, nearest_name

_PREFIX = re.compile(r"FL\d{0,3}")


def silenced(ignore: Iterable[str] | str, folder: str | os.PathLike[str] | None = None) -> frozenset[str]:
    """Returns the codes of the rules that are not to be run.

    Args:
        ignore: codes and beginnings of codes, such as "FL306" and "FL4", given at the call.
        folder: where the search for pyproject.toml begins; None for the current folder.

    Raises:
        ArgumentError: there is no such rule.
        FileFormatError: pyproject.toml cannot be read, or its list is none.
    """
    asked = [ignore] if isinstance(ignore, str) else list(ignore)
    codes = _codes_of(asked, "ignore")
    path = nearest_pyproject(folder)
    if path is not None:
        codes |= _codes_of(_ignored_in(path), f"[tool.feedline.check] ignore in {path}")
    return frozenset(codes)


def nearest_pyproject(folder: str | os.PathLike[str] | None = None) -> Path | None:
    """Returns the nearest pyproject.toml, in a folder or above it; None where there is none."""
    start = Path.cwd() if folder is None else Path(folder).absolute()
    for each in (start, *start.parents):
        if (each / "pyproject.toml").is_file():
            return each / "pyproject.toml"
    return None


def _ignored_in(path: Path) -> list[str]:
    try:
        settings: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise FileFormatError(f"pyproject.toml cannot be read: {error}", where=[str(path)]) from error
    for name in ("tool", "feedline", "check"):
        settings = settings.get(name, {}) if isinstance(settings, dict) else {}
    if not isinstance(settings, dict):
        raise FileFormatError(
            "[tool.feedline.check] is not a table.", where=[str(path)], fix='Write ignore = ["FL306"] under it.'
        )
    for name in settings:
        if name != "ignore":
            raise FileFormatError(
                f"[tool.feedline.check] has no setting {name!r}.", where=[str(path)], fix='Write ignore = ["FL306"].'
            )
    ignored = settings.get("ignore", [])
    if not isinstance(ignored, list):
        raise FileFormatError("ignore is not a list.", where=[str(path)], fix='Write ignore = ["FL306"].')
    return ignored


def _codes_of(asked: list[Any], place: str) -> set[str]:
    codes: set[str] = set()
    known = all_rules()
    names = {rule.name: code for code, rule in known.items()}
    for code in asked:
        if not isinstance(code, str):
            raise ArgumentError(f"{place} holds {code!r:.60}.", fix='Give codes such as "FL306" or "FL4".')
        matching = {each for each in known if each.startswith(code)} if _PREFIX.fullmatch(code) else set()
        if code in names:
            matching = {names[code]}
        if not matching:
            near = nearest_name(code.upper(), known) or nearest_name(code, names)
            hint = f"Did you mean {near!r}?" if near else 'Give codes such as "FL306" or "FL4".'
            raise ArgumentError(f"{place} names {code!r}, and there is no such rule.", fix=hint)
        codes |= matching
    return codes
