"""`tf.strings.unicode_*`: strings cut into characters, decoded to code points and encoded again."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.compat.tf.convert import need_kinds, to_array, whole
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import as_tensor
from feedline.compat.tf.text import each, parts
from feedline.errors import ArgumentError, DtypeError, ShapeError

_ENCODINGS = ("UTF-8", "UTF-16-BE", "UTF-32-BE")
"""The encodings that characters can be written in."""

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_REPLACEMENT = 0xFFFD


@dataclass(frozen=True, slots=True)
class _Reading:
    """How bytes become characters.

    Args:
        encoding: the name of the encoding.
        errors: "replace", "ignore" or "strict".
        replacement: the code point in place of what is no character.
        controls: whether control characters are replaced too.
    """

    encoding: str
    errors: str
    replacement: int
    controls: bool = False

    def __post_init__(self) -> None:
        _check_errors(self.errors)
        if not 0 <= self.replacement <= _LAST:
            raise ArgumentError(
                f"replacement_char is {self.replacement}.", fix=f"Give a code point from 0 to {_LAST}, such as 63."
            )
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ArgumentError(f"there is no encoding {self.encoding!r}.", fix='Use "UTF-8".') from None

    def characters(self, value: bytes) -> list[tuple[int, int]]:
        """Returns the code points in a string, and at which byte each begins.

        Raises:
            ArgumentError: with errors="strict", what is there is no character.
        """
        found: list[tuple[int, int]] = []
        position = 0
        while position < len(value):
            try:
                text, stop = value[position:].decode(self.encoding), len(value)
                bad = 0
            except UnicodeDecodeError as error:
                if self.errors == "strict":
                    raise ArgumentError(
                        f"byte {position + error.start} of the string {value[:40]!r} is no {self.encoding}.",
                        fix='Give errors="replace" or "ignore", or the right encoding.',
                    ) from None
                text = value[position : position + error.start].decode(self.encoding)
                stop, bad = position + error.end, error.end - error.start
            found += self._placed(text, position)
            if bad and self.errors == "replace":
                found.append((self.replacement, stop - bad))
            position = stop
        return found

    def _placed(self, text: str, position: int) -> list[tuple[int, int]]:
        result = []
        for character in text:
            code = ord(character)
            if self.controls and code < 32:
                if self.errors != "ignore":
                    result.append((self.replacement, position))
            else:
                result.append((code, position))
            position += len(character.encode(self.encoding))
        return result


def _check_errors(errors: str) -> None:
    if errors not in ("replace", "ignore", "strict"):
        raise ArgumentError(f"errors is {errors!r}.", fix='Use "replace", "ignore" or "strict".')


def _written(encoding: str) -> Callable[[int], bytes]:
    """Returns what writes a code point; one that is none becomes U+FFFD, as in TensorFlow."""
    if encoding not in _ENCODINGS:
        raise ArgumentError(f"the encoding is {encoding!r}.", fix=f"Use one of {', '.join(map(repr, _ENCODINGS))}.")
    return lambda code: chr(_REPLACEMENT if code in _SURROGATES else code).encode(encoding)


def unicode_split(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: Any = 65533, name: str | None = None
) -> Any:
    """Returns the characters of strings as strings.

    Args:
        input: strings.
        input_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".
        errors: what happens with bytes that are no character: "replace", "ignore" or "strict", an error.
        replacement_char: the code point that they are replaced with.
        name: not used.

    Raises:
        ArgumentError: with errors="strict", a string is not in the encoding.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.strings.unicode_split(["hé", "a"], "UTF-8").to_list()
        [[b'h', b'\\xc3\\xa9'], [b'a']]
    """
    write = _written(input_encoding)
    read = _Reading(input_encoding, errors, whole(replacement_char, "replacement_char"))
    return parts(input, lambda value: [write(code) for code, _ in read.characters(value)])


def unicode_split_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: Any = 65533, name: str | None = None
) -> Any:
    """Returns what `unicode_split` does, and at which byte each character begins."""
    read = _Reading(input_encoding, errors, whole(replacement_char, "replacement_char"))
    characters = unicode_split(input, input_encoding, errors, replacement_char)
    return characters, parts(input, lambda value: [place for _, place in read.characters(value)], np.int64)


def unicode_decode(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: Any = 65533,
    replace_control_characters: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Returns the code points of strings, int32.

    Args:
        input: strings.
        input_encoding: the encoding, such as "UTF-8", "UTF-16-BE" or "ISO-8859-1".
        errors: what happens with bytes that are no character: "replace", "ignore" or "strict", an error.
        replacement_char: the code point that they are replaced with.
        replace_control_characters: whether the characters below 32 are replaced too, or left out with "ignore".
        name: not used.

    Raises:
        ArgumentError: with errors="strict", a string is not in the encoding.
    """
    replacement = whole(replacement_char, "replacement_char")
    read = _Reading(input_encoding, errors, replacement, replace_control_characters)
    return parts(input, lambda value: [code for code, _ in read.characters(value)], np.int32)


def unicode_decode_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: Any = 65533,
    replace_control_characters: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Returns what `unicode_decode` does, and at which byte each character begins."""
    replacement = whole(replacement_char, "replacement_char")
    read = _Reading(input_encoding, errors, replacement, replace_control_characters)
    codes = unicode_decode(input, input_encoding, errors, replacement_char, replace_control_characters)
    return codes, parts(input, lambda value: [place for _, place in read.characters(value)], np.int64)


def unicode_encode(
    input: Any, output_encoding: str, errors: str = "replace", replacement_char: Any = 65533, name: str | None = None
) -> Any:
    """Returns the strings that rows of code points make.

    Args:
        input: int32 code points; the innermost dimension is a string.
        output_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".
        errors: what happens with numbers that are no code points: "replace", "ignore" or "strict", an error.
        replacement_char: the code point that they are replaced with.
        name: not used.

    Raises:
        ArgumentError: with errors="strict", a number is no code point.
    """
    write, replacement = _written(output_encoding), whole(replacement_char, "replacement_char")
    _check_errors(errors)

    def text(codes: list[int]) -> bytes:
        return b"".join(write(code) for code in _code_points(codes, errors, replacement))

    if isinstance(input, RaggedTensor):
        values = input.values
        if isinstance(values, RaggedTensor) or len(values.shape) > 1:
            return input.with_values(unicode_encode(values, output_encoding, errors, replacement_char))
        rows = [text(row.numpy().tolist()) for row in input]
        return as_tensor(np.array([*rows, None], object)[:-1])
    array = to_array(input, None, "input")
    if array.size == 0:
        array = array.astype(np.int32)
    need_kinds(array, "iu", "unicode_encode")
    if array.dtype != np.int32:
        raise DtypeError(f"unicode_encode is for int32, and this is {array.dtype}.", fix="Use tf.cast first.")
    if array.ndim == 0:
        raise ShapeError("a single code point is no row of them.", fix="Give a list.")
    result = np.empty(array.shape[:-1], object)
    for place in np.ndindex(*result.shape):
        result[place] = text(array[place].tolist())
    return as_tensor(result)


def _code_points(codes: list[int], errors: str, replacement: int) -> list[int]:
    result = []
    for code in codes:
        if 0 <= code <= _LAST and code not in _SURROGATES:
            result.append(code)
        elif errors == "strict":
            raise ArgumentError(f"{code} is no code point.", fix='Give errors="replace" or "ignore".')
        elif errors == "replace":
            result.append(replacement)
    return result


def unicode_transcode(
    input: Any, input_encoding: str, output_encoding: str, errors: str = "replace", replacement_char: Any = 65533,
    replace_control_characters: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Returns strings in another encoding; the arguments are those of `unicode_decode` and `unicode_encode`."""
    write = _written(output_encoding)
    replacement = whole(replacement_char, "replacement_char")
    read = _Reading(input_encoding, errors, replacement, replace_control_characters)
    return each(input, lambda value: b"".join(write(code) for code, _ in read.characters(value)))
