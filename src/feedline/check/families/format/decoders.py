"""FL105: content that is read with the decoder of another format."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from feedline.check.calls import Call, Calls, as_bytes
from feedline.check.context import Context
from feedline.check.families.format.contents import Contents, contents_of
from feedline.check.families.format.headers import headers_read_as_numbers
from feedline.check.families.format.inner import with_inner
from feedline.check.families.format.raised import alike
from feedline.check.families.format.whole_files import files_of_another_format
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.errors import AudioDecodeError, DtypeError, FileFormatError
from feedline.formats.image import TAKES
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.spec import as_dtype, dtype_name

_RAW = ("decode_raw", "decode_padded_raw")
_READS: dict[str, tuple[str, ...]] = {
    **TAKES,
    "decode_npy": ("npy",),
    "decode_wav": ("WAV",),
    "parse_tensor": ("serialised tensor",),
    "decode_raw": (),
    "decode_padded_raw": (),
}
"""Which kinds of contents each decoder takes."""


class WrongDecoder(Rule):
    """Content is read with the decoder of another format."""

    code = "FL105"
    name = "wrong-decoder"
    severity = "error"
    needs = ("sample",)
    why = (
        "A file has a header, and often its numbers are compressed: read as something else it gives numbers that mean "
        "nothing, which train as well as any others, or it ends the training with an error."
    )
    explains_errors = True

    def check(self, context: Context) -> Iterator[Finding]:
        for each in with_inner(context):
            yield from self._of_dataset(each, context)

    def _of_dataset(self, context: Context, whole: Context) -> Iterator[Finding]:
        told: set[Node] = set()
        for source, finding in files_of_another_format(self, context, whole):
            told.update((source, *context.plan.after(source)))
            yield finding
        for node in context.plan.of(Map):
            found = [] if node in told else list(self._of_calls(context, node, whole))
            if found:
                told.add(node)
            yield from found
        yield from headers_read_as_numbers(self, context, told)

    def _of_calls(self, context: Context, node: Map, whole: Context) -> Iterator[Finding]:
        calls = context.sample.calls(node)
        mistakes: dict[tuple[str, str], list[tuple[Call, Contents]]] = {}
        for call in calls.calls:
            if call.name in _READS:
                held = _mistaken(call, calls)
                if held is not None:
                    mistakes.setdefault((call.name, held.kind), []).append((call, held))
        for found in mistakes.values():
            yield self._finding(whole, node, calls, found)
        if not mistakes:
            yield from self._of_parts(node, calls)

    def _finding(self, context: Context, node: Map, calls: Calls, found: list[tuple[Call, Contents]]) -> Finding:
        call, held = found[0]
        contents = _contents(call) or b""
        path = path_of(call, contents, calls)
        looked = len({each.element for each in calls.calls})
        elements = len({each.element for each, _ in found})
        seen = f"{len(contents):,} bytes{_header_seen(call, held, contents)}"
        seen += f"; so in {elements} of {looked} elements whose calls were looked at"
        errors = [calls.errors[each.element] for each, _ in found if each.element in calls.errors]
        return self.finding(
            f"{call.name} is given {held.told}.",
            seen=seen,
            where=_places(call, calls, path),
            at=node,
            fix=_fix(call, held),
            explains=alike(errors, context),
        )

    def _of_parts(self, node: Map, calls: Calls) -> Iterator[Finding]:
        """Looks at what is read behind a header that is skipped: the header says of which dtype it is."""
        for call in calls.of(*_RAW):
            whole, path = _whole_npy(call, calls)
            held = contents_of(whole) if whole else None
            if held is None or held.dtype is None or held.shape == ():
                continue
            given = _contents(call) or b""
            skipped = len(whole) - len(given)
            dtype = as_dtype(call.arguments["out_type"])
            if skipped == held.header and dtype == held.dtype:
                continue
            if skipped != held.header:
                message = f"{skipped} bytes of an .npy file are skipped, but its header takes {held.header}."
            elif dtype.itemsize == held.dtype.itemsize and {dtype.kind, held.dtype.kind} <= {"i", "u"}:
                continue  # signed or not: of small numbers the same
            else:
                message = f"an .npy file of {dtype_name(held.dtype)} values is read as {dtype_name(dtype)}."
            yield self.finding(
                message,
                seen=f"{held.told}, with a header of {held.header} bytes; "
                f"{len(given):,} bytes were read as {dtype_name(dtype)}",
                where=_places(call, calls, path),
                at=node,
                fix="Write fl.io.decode_npy(contents) for the whole contents: it reads the header, and gives "
                f"{dtype_name(held.dtype)} of shape {held.shape}.",
            )
            return


def _contents(call: Call) -> bytes | None:
    """Returns the bytes that a decoder was given; of several the first."""
    given = next(iter(call.arguments.values()), None)
    if isinstance(given, np.ndarray | list | tuple) and np.ndim(given) and len(given):
        given = given[0]
    return as_bytes(given)


def _mistaken(call: Call, calls: Calls) -> Contents | None:
    """Returns what the contents are where they are of another format than the decoder takes; None where all is well."""
    contents = _contents(call)
    raised = calls.errors.get(call.element) if call.result is None else None
    if not contents or (call.result is not None and call.name not in _RAW):
        return None
    if raised is not None and not isinstance(raised, FileFormatError | AudioDecodeError | DtypeError):
        return None
    held = contents_of(contents, path_of(call, contents, calls))
    if held is None or held.kind in _READS[call.name] or not (held.evident or raised is not None):
        return None
    if call.name == "parse_tensor" and isinstance(raised, DtypeError):
        return None
    if held.kind == "path" and call.name in _RAW and raised is None:
        return None  # bytes of text to numbers may be meant
    return held


def path_of(call: Call, contents: bytes, calls: Calls) -> str:
    """Returns the file that contents were read from, as far as the element's calls tell; "" where they do not."""
    for other in calls.of("read_file"):
        if other.element == call.element and other.result == contents:
            return _as_text(other.arguments.get("filename"))
    return ""


def _as_text(path: object) -> str:
    plain = as_bytes(path)
    return os.fsdecode(plain) if plain is not None else str(path)


def _whole_npy(call: Call, calls: Calls) -> tuple[bytes, str]:
    """Returns the .npy file whose last bytes a call was given, and its name; empty where there is none."""
    given = _contents(call)
    for other in calls.of("read_file"):
        whole = other.result
        if other.element != call.element or not isinstance(whole, bytes) or given is None:
            continue
        if whole[:6] == b"\x93NUMPY" and 0 < len(given) < len(whole) and whole.endswith(given):
            return whole, _as_text(other.arguments.get("filename"))
    return b"", ""


def _places(call: Call, calls: Calls, path: str) -> list[str]:
    place = calls.into.where(call.element)
    places = [str(call.origin)] if call.origin is not None else []
    if path and path not in place:
        places.append(path)
    return [*places, place]


def _header_seen(call: Call, held: Contents, contents: bytes) -> str:
    if call.name not in _RAW or not held.header:
        return ""
    dtype = as_dtype(call.arguments["out_type"])
    numbers = held.header // dtype.itemsize
    return f"; the first {numbers} numbers that {call.name} gives are its header, {_first(contents, dtype)}..."


def _first(contents: bytes, dtype: np.dtype) -> str:
    count = min(4, len(contents) // dtype.itemsize)
    return ", ".join(map(str, np.frombuffer(contents, dtype, count).tolist()))


def _fix(call: Call, held: Contents) -> str:
    fix = f"{held.fix}, in place of fl.io.{call.name}" if held.fix.endswith("there") else held.fix
    if held.dtype is not None:
        fix += f": it gives {dtype_name(held.dtype)} of shape {held.shape}"
    return fix.replace(" there,", ",") + "."
