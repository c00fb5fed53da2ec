"""The maps in messages: names to features, or to lists of features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from feedline.errors import DtypeError, with_article
from feedline.formats.wire import DELIMITED, delimited, fields
from feedline.train.message import block, quoted, take


class MessageMap(MutableMapping):
    """Names to messages; a name that is not there yet is added by asking for it.

    Args:
        kind: the class of the messages.
        given: what to copy in.
    """

    __slots__ = ("_items", "_kind")

    def __init__(self, kind: type, given: Mapping[str, Any] | None) -> None:
        self._kind = kind
        self._items: dict[str, Any] = {}
        if given is not None:
            if not isinstance(given, Mapping):
                raise DtypeError(
                    f"a map of {kind.__name__} is made of a dict, not of {with_article(type(given).__name__)}.",
                    fix=f'Give a dict such as {{"name": {kind.__name__}(...)}}.',
                )
            for name, message in given.items():
                self[name] = message

    def _name(self, name: Any) -> str:
        if not isinstance(name, str):
            raise DtypeError(f"a feature's name is a str, not {name!r}.", fix="Give the name as a str.")
        return name

    def __getitem__(self, name: str) -> Any:
        found = self._items.get(self._name(name))
        if found is None:
            found = self._items[name] = self._kind()
        return found

    def __setitem__(self, name: str, message: Any) -> None:
        self._items[self._name(name)] = take(self._kind, message, "a map of features")

    def get(self, name: str, default: Any = None) -> Any:
        """Returns the message of this name, or the default; adds nothing."""
        return self._items.get(self._name(name), default)

    def get_or_create(self, name: str) -> Any:
        """Returns the message of this name, a new one where there is none."""
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __delitem__(self, name: str) -> None:
        del self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return self._items == (other._items if isinstance(other, MessageMap) else other)

    def __repr__(self) -> str:
        return repr(self._items)

    __hash__ = None  # type: ignore[assignment]

    def merge(self, entry: memoryview) -> None:
        """Adds a serialised map entry; it replaces one of the same name."""
        name, message = "", self._kind()
        for number, wire, value in fields(entry):
            if number == 1 and wire == DELIMITED:
                name = bytes(value).decode()
            elif number == 2 and wire == DELIMITED:
                message._merge(value)
        self._items[name] = message

    def text(self, field: str) -> list[str]:
        """Returns the entries as the lines of a field."""
        lines = []
        for name in sorted(self._items):
            lines += block(field, [f"key: {quoted(name)}", *block("value", self._items[name]._text())])
        return lines

    def MergeFrom(self, other: Mapping[str, Any]) -> None:
        """Copies all entries of another map, over those of the same names."""
        for name, message in other.items():
            self[self._name(name)].CopyFrom(message)

    def copy(self) -> MessageMap:
        """Returns a map of copies of the messages."""
        made = MessageMap(self._kind, None)
        made._items = {name: message._copy() for name, message in self._items.items()}
        return made

    def replace(self, other: MessageMap) -> None:
        """Takes over the messages of another map, which is not used any more."""
        self._items = other._items

    def payload(self) -> bytes:
        """Returns the map as the entries of field 1, sorted by name."""
        # Like protobuf's Python runtime (upb): by bytes, but a name after all that it begins, so 0xff ends each name.
        names = {name.encode() + b"\xff": name for name in self._items}
        entries = []
        for key in sorted(names):
            entry = delimited(1, key[:-1]) + delimited(2, self._items[names[key]]._payload())
            entries.append(delimited(1, entry))
        return b"".join(entries)
