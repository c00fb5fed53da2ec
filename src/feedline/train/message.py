"""What all messages share: the methods of protobuf's that users of `tf.train` call."""

from __future__ import annotations

from typing import Any, Self

from feedline.errors import ArgumentError, CorruptExampleError, DtypeError, no_such_name, with_article


class Message:
    """The base of the messages. A message is equal to another of its class that holds the same."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def SerializeToString(self, deterministic: bool | None = None) -> bytes:
        """Returns the message as bytes, always the same for the same contents: map keys are sorted, lists packed.

        Args:
            deterministic: accepted for protobuf's sake.
        """
        return self._payload()

    @classmethod
    def FromString(cls, serialized: bytes) -> Self:
        """Returns the message that these bytes hold.

        Raises:
            CorruptExampleError: the bytes are not such a message.
        """
        message = cls()
        message.MergeFromString(serialized)
        return message

    def ParseFromString(self, serialized: bytes) -> int:
        """Replaces the contents by those of these bytes; returns how many bytes were read."""
        self._assign(type(self).FromString(serialized))
        return len(serialized)

    def MergeFromString(self, serialized: bytes) -> int:
        """Adds the contents of these bytes, as if they had followed the message's own; returns how many were read."""
        if not isinstance(serialized, bytes | bytearray | memoryview):
            raise DtypeError(
                f"a serialised {type(self).__name__} is bytes, not {with_article(type(serialized).__name__)}.",
                fix="Give the bytes that SerializeToString() returned.",
            )
        try:
            self._merge(memoryview(serialized).cast("B"))
        except UnicodeDecodeError:
            raise CorruptExampleError(
                f"a name in the {type(self).__name__} is not UTF-8.", fix="Write the names as str."
            ) from None
        return len(serialized)

    def MergeFrom(self, other: Self) -> None:
        """Adds the contents of another message, as if its bytes had followed the message's own."""
        if type(other) is not type(self):
            raise DtypeError(
                f"{with_article(type(other).__name__)} cannot be merged into {with_article(type(self).__name__)}.",
                fix=f"Give {with_article(type(self).__name__)}.",
            )
        self._merge(memoryview(other._payload()))

    def SerializePartialToString(self, deterministic: bool = True) -> bytes:
        """Does what `SerializeToString` does: no field is required."""
        return self._payload()

    def CopyFrom(self, other: Self) -> None:
        """Replaces the contents by a copy of another message's."""
        if type(other) is not type(self):
            raise DtypeError(
                f"{with_article(type(self).__name__)} cannot be a copy of {with_article(type(other).__name__)}.",
                fix=f"Give {with_article(type(self).__name__)}.",
            )
        self._assign(other._copy())

    def Clear(self) -> None:
        """Removes all contents."""
        self._assign(type(self)())

    def ClearField(self, field_name: str) -> None:
        """Removes the contents of one field.

        Raises:
            ArgumentError: there is no such field.
        """
        names = [name for name in dir(type(self)) if isinstance(getattr(type(self), name), property)]
        if field_name not in names:
            raise ArgumentError(
                f"{with_article(type(self).__name__)} has no field {field_name!r}.", fix=f"Use one of {names}."
            )
        self._clear_field(field_name)

    def _clear_field(self, field_name: str) -> None:
        self.Clear()

    def DiscardUnknownFields(self) -> None:
        """Does nothing: fields that the message does not know are never kept."""

    def FindInitializationErrors(self) -> list[str]:
        """Returns an empty list: no field is required."""
        return []

    def ByteSize(self) -> int:
        """Returns how many bytes the serialised message has."""
        return len(self._payload())

    def IsInitialized(self) -> bool:
        """Returns True: no field is required."""
        return True

    def __eq__(self, other: object) -> bool:
        return self._contents() == other._contents() if isinstance(other, type(self)) else NotImplemented

    def __getattr__(self, name: str) -> Any:
        names = [one for one in dir(type(self)) if not one.startswith("_")]
        raise no_such_name(f"feedline.train.{type(self).__name__}", name, names)

    def __str__(self) -> str:
        return "".join(line + "\n" for line in self._text())

    def __repr__(self) -> str:
        return str(self) or f"{type(self).__name__}()"

    def __deepcopy__(self, memory: Any) -> Self:
        return self._copy()

    def __copy__(self) -> Self:
        return self._copy()

    def __reduce__(self) -> tuple:
        return (type(self).FromString, (self.SerializeToString(),))

    def _copy(self) -> Self:
        raise NotImplementedError

    def _payload(self) -> bytes:
        raise NotImplementedError

    def _merge(self, message: memoryview) -> None:
        raise NotImplementedError

    def _assign(self, other: Self) -> None:
        raise NotImplementedError

    def _contents(self) -> Any:
        raise NotImplementedError

    def _text(self) -> list[str]:
        raise NotImplementedError


def take(kind: type[Message], value: Any, owner: str) -> Any:
    """Returns a copy of a message that is to become part of another.

    Raises:
        DtypeError: it is no message of this class.
    """
    if type(value) is not kind:
        raise DtypeError(
            f"{owner} takes {with_article(kind.__name__)}, not {with_article(type(value).__name__)}.",
            fix=f"Wrap the value in feedline.train.{kind.__name__}(...).",
        )
    return value._copy()


def block(name: str, lines: list[str]) -> list[str]:
    """Returns the text of a message that is a field of another."""
    return [f"{name} {{", *("  " + line for line in lines), "}"]


def quoted(value: bytes | str) -> str:
    r"""Returns bytes, or a name, as protobuf's text format writes them.

    Example:
        >>> print(quoted(b'say "\x01"'))
        "say \"\001\""
    """
    named = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}
    codes = map(ord, value) if isinstance(value, str) else value
    highest = 0x110000 if isinstance(value, str) else 127
    return (
        '"' + "".join(named.get(c) or (chr(c) if 32 <= c < highest and c != 127 else f"\\{c:03o}") for c in codes) + '"'
    )
