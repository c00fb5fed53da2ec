"""Arrays whose first numbers are the header of a file: it was read as numbers outside of feedline's decoders."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.families.format.contents import contents_of
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.formats.signature import whole_file_format
from feedline.nodes.base import Node
from feedline.spec import dtype_name

_LOOKED_AT = 16
_FIRST_BYTES = 256
_DTYPES = tuple(np.dtype(name) for name in ("u1", "i1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"))

_SCALES = ((255.0, 0.0), (127.5, 127.5), (256.0, 0.0), (128.0, 128.0))
_ROUNDING = 0.25
"""How far from a whole number a byte may be that was divided by 255, in half precision too, and is multiplied again."""

_STARTS = ((b"\x93NUMPY\x01\0", "npy"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"))


def headers_read_as_numbers(rule: Rule, context: Context, told: Collection[Node]) -> Iterator[Finding]:
    """Yields a finding for the first step that gives arrays which begin with a file's header.

    Args:
        rule: the rule whose finding it is.
        context: the dataset.
        told: steps that were told about already.
    """
    for node in context.plan.nodes:
        if node in told or context.plan.gives_batches(node):
            continue
        elements = context.sample.at(node)
        for component in elements.components:
            for index, value in enumerate(component.values[:_LOOKED_AT]):
                found = header_in(value) if isinstance(value, np.ndarray) else None
                if found is None:
                    continue
                kind, contents = found
                held = contents_of(contents)
                first = ", ".join(str(number) for number in value.reshape(-1)[:4].tolist())
                yield rule.finding(
                    f"{component.name} begins with the header of {held.told if held else 'a ' + kind + ' file'}, "
                    "read as numbers.",
                    seen=f"{component.name} is {first}, ...; these are the bytes {contents[:8]!r}"
                    + (f", {held.header} bytes of header in all" if held and held.header else ""),
                    where=[elements.where(index)],
                    at=node,
                    fix=_fix(kind) + (f" It gives {dtype_name(held.dtype)} of shape {held.shape}."
                                      if held and held.dtype is not None else ""),
                )  # fmt: skip
                return


def header_in(values: np.ndarray) -> tuple[str, bytes] | None:
    """Returns the format whose header an array begins with, and these bytes; None where there is none.

    Args:
        values: numbers of any dtype: those of the file's bytes, also where they were cast since.

    Example:
        >>> import io
        >>> file = io.BytesIO(); np.save(file, np.arange(3, dtype=np.int32))
        >>> header_in(np.frombuffer(file.getvalue(), np.int32).astype(np.float64))[0]
        'npy'
        >>> header_in(np.arange(20)) is None
        True
    """
    if values.dtype.kind not in "iuf" or values.size < 2:
        return None
    flat = values.reshape(-1)[:_FIRST_BYTES]
    if not flat[0] or flat[0] != flat[0]:
        return None
    for dtype in _DTYPES:
        if dtype.kind == "f" and flat.dtype != dtype:
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            cast = flat.astype(dtype)
        exact = cast == flat
        count = len(flat) if exact.all() else int(exact.argmin())
        contents = cast[:count].tobytes() if dtype.kind != "f" else flat.astype(dtype).tobytes()
        kind = whole_file_format(contents)
        if kind is not None:
            return kind, contents
    if flat.dtype.kind != "f":
        return None
    return _rounded_header_in(flat) or _scaled_header_in(flat)


def _rounded_header_in(flat: np.ndarray) -> tuple[str, bytes] | None:
    """Returns the same for integers that were cast to floats of less precision since."""
    for start, kind in _STARTS:
        for dtype in _DTYPES:
            if dtype.kind == "f" or dtype.itemsize < 4:
                continue
            numbers = np.frombuffer(start[: len(start) // dtype.itemsize * dtype.itemsize], dtype)
            with np.errstate(over="ignore"):
                numbers = numbers.astype(flat.dtype)
            if len(flat) >= len(numbers) and (flat[: len(numbers)] == numbers).all():
                return kind, start
    return None


def _scaled_header_in(flat: np.ndarray) -> tuple[str, bytes] | None:
    """Returns the same for bytes that were scaled at once, as pixels are: to 0 to 1, or to -1 to 1."""
    for factor, offset in _SCALES:
        numbers = flat.astype(np.float64) * factor + offset
        whole = np.round(numbers)
        with np.errstate(invalid="ignore"):
            fits = (np.abs(numbers - whole) < _ROUNDING) & (whole >= 0) & (whole <= 255)
        count = len(fits) if fits.all() else int(fits.argmin())
        contents = whole[:count].astype(np.uint8).tobytes()
        kind = next((kind for start, kind in _STARTS if contents.startswith(start)), None)
        if kind is not None:
            return kind, contents
    return None


def _fix(kind: str) -> str:
    if kind == "npy":
        return "Read it with fl.io.decode_npy(fl.io.read_file(path)), or np.load(path)."
    return f"Read it with fl.io.decode_{kind.lower()}(fl.io.read_file(path), channels=3)."
