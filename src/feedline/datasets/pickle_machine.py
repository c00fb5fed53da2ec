"""Running a pickle's opcodes, those that plain values are made of, in memory in proportion to the file.

CPython's own `Unpickler` believes what a file says: one damaged byte names a place in its memo for which it takes
64 GB, a tuple that is nested deeply enough ends the program when it becomes a key of a dict. Here the memo is a dict,
lengths are held against the file before anything is made, and nothing goes deeper with the nesting of values. Numbers,
which is nearly all of what a data set's file has, are found by one regular expression, and made by CPython.

Format: `pickletools` of the standard library describes each opcode.
"""

from __future__ import annotations

import codecs
import pickle
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

_NUMBERS = re.compile(rb"(?s:M..|K.|J....|[N\x88\x89]|G.{8})++")
_DIGITS = 100  # of a number: one that is larger takes its memory again wherever it is added to
_KEYS = (str, bytes, int, float, bool, type(None))  # the hash of a tuple may take forever, or all of the stack


class Instance(ABC):
    """What a pickle makes by a name that it gives, and then gives a state.

    Args:
        arguments: what the pickle would call it with.
    """

    def __init__(self, arguments: tuple) -> None:
        self.places: list[int] = []
        """Where it is in the memo."""

    @abstractmethod
    def with_state(self, state: Any, limit: int) -> tuple[Any, int]:
        """Returns what stands in its place from now on, and how many bytes were taken for that.

        Args:
            state: any value: whatever the file has.
            limit: how many bytes may be taken.
        """


class PickleMachine:
    """Reads one pickle.

    Args:
        contents: bytes, with the pickle at their start.
        encoding: what Python 2's strings become; "bytes" leaves them bytes.
        named: returns what a module and a name stand for: a subclass of `Instance`, or None.
        most: how many opcodes are run, those of numbers that follow each other counted once. Each may make a list,
            which takes 70 times the memory of its byte. CIFAR-100 has 250,000.
    """

    def __init__(
        self,
        contents: bytes,
        encoding: str,
        named: Callable[[str, str], type[Instance] | None],
        most: int = 1 << 24,
    ) -> None:
        self._contents = contents
        self._encoding = encoding
        self._named = named
        self._most = most
        self._position = 0
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks below each mark
        self._memo: dict[int, Any] = {}
        # Arrays take no more than 8 bytes (a pointer) for each byte of the file, unless one state is used many times.
        self._limit = 8 * len(contents)

    def run(self) -> Any:
        """Returns the value that the pickle holds.

        Raises:
            pickle.UnpicklingError: it holds something else than plain values, or is damaged.
        """
        start = 0
        try:
            for _ in range(self._most):
                start = self._position
                opcode = self._contents[start : start + 1]
                self._position += 1
                if opcode == b".":
                    return self._stack.pop()
                _OPCODES[opcode](self)
        except pickle.UnpicklingError:
            raise
        except (LookupError, ValueError, OverflowError) as error:
            if start == len(self._contents):
                raise pickle.UnpicklingError(f"it ends too soon, after {start} bytes") from None
            raise pickle.UnpicklingError(f"it is damaged at byte {start}, or holds what no data set does") from error
        raise pickle.UnpicklingError("it has more values than any data set")

    def _take(self, length: int) -> bytes:
        """Returns the next bytes."""
        end = self._position + length
        if length < 0 or end > len(self._contents):
            raise pickle.UnpicklingError(f"it ends within the {length} bytes that begin at byte {self._position}")
        taken = self._contents[self._position : end]
        self._position = end
        return taken

    def _number(self, length: int) -> int:
        """Returns the next number of so many bytes."""
        return int.from_bytes(self._take(length), "little")

    def _line(self) -> bytes:
        """Returns the bytes up to the next end of a line."""
        end = self._contents.index(b"\n", self._position)
        taken = self._contents[self._position : end]
        self._position = end + 1
        return taken

    def _items(self) -> list[Any]:
        """Returns what is above the last mark, and takes it away."""
        items = self._stack
        self._stack = self._below.pop()
        return items

    def _mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _skip(self, length: int) -> None:
        self._take(length)

    def _numbers(self) -> None:
        """All numbers and constants that follow each other, made at once."""
        found = _NUMBERS.match(self._contents, self._position - 1)
        if found is None:
            raise pickle.UnpicklingError(f"it ends within the number at byte {self._position}")
        self._position = found.end()
        self._stack += pickle.loads(b"](%be." % found[0])

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _push_int(self) -> None:
        line = self._line()
        self._push(line == b"01" if line in (b"00", b"01") else int(self._short(line)))

    def _push_long(self, length: int) -> None:
        self._push(int.from_bytes(self._short(self._take(self._number(length))), "little", signed=True))

    def _short(self, number: bytes) -> bytes:
        if len(number) > _DIGITS:
            raise pickle.UnpicklingError(f"it has a number of {len(number)} digits before byte {self._position}")
        return number

    def _push_string(self, string: bytes) -> None:
        self._push(string if self._encoding == "bytes" else string.decode(self._encoding))

    def _push_quoted(self) -> None:
        line = self._line()
        if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
            raise pickle.UnpicklingError(f"it has a text without quotes before byte {self._position}")
        self._push_string(codecs.escape_decode(line[1:-1])[0])  # type: ignore[arg-type]

    def _push_text(self, length: int) -> None:
        self._push(self._take(self._number(length)).decode("utf-8", "surrogatepass"))

    def _push_tuple(self, length: int) -> None:
        if len(self._stack) < length:
            raise pickle.UnpicklingError(f"it has a tuple without its values before byte {self._position}")
        items = tuple(self._stack[-length:])
        del self._stack[-length:]
        self._push(items)

    def _push_dict(self) -> None:
        items = self._items()
        self._push({})
        self._set_items(items)

    def _append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise pickle.UnpicklingError(f"it appends to what is no list before byte {self._position}")
        target += items

    def _set_items(self, items: list[Any]) -> None:
        target, keys = self._stack[-1], items[::2]
        if type(target) is not dict or len(items) % 2 or any(type(key) not in _KEYS for key in keys):
            raise pickle.UnpicklingError(f"it has a dict that no data set has, before byte {self._position}")
        target.update(zip(keys, items[1::2], strict=True))

    def _pops(self, count: int) -> list[Any]:
        return [self._stack.pop() for _ in range(count)][::-1]

    def _get(self, place: int) -> None:
        self._push(self._memo[place])

    def _put(self, place: int) -> None:
        self._memo[place] = value = self._stack[-1]
        if isinstance(value, Instance):
            value.places.append(place)

    def _push_named(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise pickle.UnpicklingError(f"it has a name that is no text before byte {self._position}")
        self._push(self._named(module, name))

    def _reduce(self) -> None:
        named, arguments = self._pops(2)
        if not isinstance(named, type) or not isinstance(arguments, tuple):
            raise pickle.UnpicklingError(f"it calls what cannot be called, before byte {self._position}")
        self._push(named(arguments))

    def _build(self) -> None:
        instance, state = self._pops(2)
        if not isinstance(instance, Instance):
            raise pickle.UnpicklingError(f"it gives a state to what has none, before byte {self._position}")
        built, taken = instance.with_state(state, self._limit)
        self._limit -= taken
        for place in instance.places:
            self._memo[place] = built
        instance.places.clear()
        self._push(built)


_OPCODES: dict[bytes, Callable[[PickleMachine], Any]] = {
    # Those that are not here no plain value has: sets, objects of other classes, what is outside the file.
    b"\x80": lambda machine: machine._skip(1),  # PROTO
    b"\x95": lambda machine: machine._skip(8),  # FRAME
    b"(": PickleMachine._mark,
    **dict.fromkeys((b"M", b"K", b"J", b"N", b"\x88", b"\x89", b"G"), PickleMachine._numbers),
    b"I": PickleMachine._push_int,
    b"L": lambda machine: machine._push(int(machine._short(machine._line().removesuffix(b"L")))),
    b"\x8a": lambda machine: machine._push_long(1),
    b"\x8b": lambda machine: machine._push_long(4),
    b"F": lambda machine: machine._push(float(machine._short(machine._line()))),
    b"S": PickleMachine._push_quoted,
    b"U": lambda machine: machine._push_string(machine._take(machine._number(1))),
    b"T": lambda machine: machine._push_string(machine._take(machine._number(4))),
    b"C": lambda machine: machine._push(machine._take(machine._number(1))),
    b"B": lambda machine: machine._push(machine._take(machine._number(4))),
    b"\x8e": lambda machine: machine._push(machine._take(machine._number(8))),
    b"V": lambda machine: machine._push(machine._line().decode("raw-unicode-escape")),
    b"\x8c": lambda machine: machine._push_text(1),
    b"X": lambda machine: machine._push_text(4),
    b"\x8d": lambda machine: machine._push_text(8),
    b")": lambda machine: machine._push(()),
    b"t": lambda machine: machine._push(tuple(machine._items())),
    b"\x85": lambda machine: machine._push_tuple(1),
    b"\x86": lambda machine: machine._push_tuple(2),
    b"\x87": lambda machine: machine._push_tuple(3),
    b"]": lambda machine: machine._push([]),
    b"l": lambda machine: machine._push(machine._items()),
    b"a": lambda machine: machine._append(machine._pops(1)),
    b"e": lambda machine: machine._append(machine._items()),
    b"}": lambda machine: machine._push({}),
    b"d": PickleMachine._push_dict,
    b"s": lambda machine: machine._set_items(machine._pops(2)),
    b"u": lambda machine: machine._set_items(machine._items()),
    b"g": lambda machine: machine._get(int(machine._line())),
    b"h": lambda machine: machine._get(machine._number(1)),
    b"j": lambda machine: machine._get(machine._number(4)),
    b"p": lambda machine: machine._put(int(machine._line())),
    b"q": lambda machine: machine._put(machine._number(1)),
    b"r": lambda machine: machine._put(machine._number(4)),
    b"\x94": lambda machine: machine._put(len(machine._memo)),
    b"c": lambda machine: machine._push_named(machine._line().decode(), machine._line().decode()),
    b"\x93": lambda machine: machine._push_named(*machine._pops(2)),
    b"R": PickleMachine._reduce,
    b"b": PickleMachine._build,
}
