"""FL407: images that are decoded to full size, only to be made small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feedline.check import costs
from feedline.check.calls import Call, as_bytes
from feedline.check.context import Context
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.io.decode_jpeg import decode_jpeg, is_jpeg
from feedline.nodes.arity import called
from feedline.nodes.map import Map
from feedline.report.profile import format_seconds

_LEAST_BYTES = 100_000
"""Smaller images are decoded quickly."""

_RATIOS = (8, 4, 2)
_LEAST_OTHER = 4
"""Only JPEGs can be decoded smaller. Others would have to be stored smaller, which is worth it for much larger ones."""


@dataclass(frozen=True)
class _Shrunk:
    """An image that was decoded and then made smaller.

    Args:
        node: the `map` that decoded it.
        decode: the call that did.
        size: its height and width.
        wanted: what was left of it.
        contents: the file, where it is a JPEG.
    """

    node: Map
    decode: Call
    size: tuple[int, int]
    wanted: tuple[int, int]
    contents: bytes | None

    @property
    def ratio(self) -> int:
        """How much smaller it could be decoded and still be no smaller than what is wanted; 1 for not at all."""
        fitting = (
            each
            for each in _RATIOS
            if all(-(-have // each) >= want for have, want in zip(self.size, self.wanted, strict=True))
        )
        return next(fitting, 1)


class DecodeThenResize(Rule):
    """Images are decoded to full size and made much smaller right behind that."""

    code = "FL407"
    name = "decode-then-resize"
    severity = "hint"
    needs = ("sample",)
    why = "Most of the pixels are computed only to be dropped; a JPEG can be decoded at 1/2, 1/4 or 1/8 of its size."

    def check(self, context: Context) -> Iterator[Finding]:
        found = [each for each in _shrunk(context) if each.decode.result.nbytes >= _LEAST_BYTES]
        for node in dict.fromkeys(each.node for each in found):
            images = [each for each in found if each.node is node]
            ratio = sorted(each.ratio for each in images)[len(images) // 2]
            jpegs = [each for each in images if each.contents is not None]
            if ratio < (2 if jpegs else _LEAST_OTHER):
                continue
            first = (jpegs or images)[0]
            seen = f"{first.decode.name} makes {_size(first.size)} pixels, of which {_size(first.wanted)} are left"
            seen += f"; so in {len(images)} of {len(images)} images that were followed" if len(images) > 1 else ""
            line = first.decode.origin
            yield self.finding(
                f"images are decoded to full size and then made {ratio} times smaller or more.",
                seen=seen + (_measured(first, ratio) if jpegs else ""),
                at=node,
                where=[str(line)] if line is not None else [],
                fix=_fix(images, bool(jpegs), ratio),
            )


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _shrunk(context: Context) -> Iterator[_Shrunk]:
    """Yields images of which it was seen how they were decoded and made smaller, in the same step or in later ones."""
    decoded: dict[int, list[tuple[Map, Call]]] = {}
    for node in context.plan.maps:
        if context.plan.gives_batches(node):
            continue
        calls = context.sample.calls(node)
        for call in calls.calls:
            place = int(calls.into.positions[call.element])
            if call.name in ("decode_jpeg", "decode_image", "decode_png", "decode_webp", "decode_bmp"):
                if isinstance(call.result, np.ndarray) and call.result.ndim == 3:
                    decoded.setdefault(place, []).append((node, call))
            elif call.name in ("resize", "resize_with_pad") and isinstance(call.result, np.ndarray):
                yield from _matching(decoded.get(place, []), call)


def _matching(decoded: list[tuple[Map, Call]], resize: Call) -> Iterator[_Shrunk]:
    given = resize.arguments.get("images", resize.arguments.get("image"))
    for number, (node, decode) in enumerate(decoded):
        size = decode.result.shape[:2]
        if not isinstance(given, np.ndarray) or given.ndim != 3 or given.shape[:2] != size:
            continue
        wanted = resize.result.shape[:2]
        if resize.name == "resize_with_pad":
            scale = min(want / have for want, have in zip(wanted, size, strict=True))
            wanted = tuple(max(1, round(scale * have)) for have in size)
        contents = as_bytes(decode.arguments.get("contents"))
        jpeg = contents is not None and bool(is_jpeg(contents)) and decode.arguments.get("ratio", 1) == 1
        yield _Shrunk(node, decode, size, wanted, contents if jpeg else None)
        del decoded[number]
        return


def _measured(image: _Shrunk, ratio: int) -> str:
    """Returns how long an image takes to decode, as it is and smaller, for people."""
    assert image.contents is not None
    channels = image.decode.arguments.get("channels") or 0
    full, small = (_seconds(image.contents, channels, each) for each in (1, ratio))
    return f"; {format_seconds(full)} to decode it, {format_seconds(small)} with ratio={ratio}"


def _seconds(contents: bytes, channels: int, ratio: int) -> float:
    taken = []
    for _ in range(3):
        start = costs.busy_clock()
        decode_jpeg(contents, channels=channels, ratio=ratio)
        taken.append(costs.busy_clock() - start)
    return min(taken)


def _fix(images: list[_Shrunk], jpegs: bool, ratio: int) -> str:
    first = images[0]
    wanted = _size(first.wanted)
    smaller = f"Or write the files anew once, no larger than needed for {wanted}."
    if (first.node.function.__module__ or "").startswith("feedline."):
        return f"Write the files anew once, no larger than needed for {wanted}: each epoch reads them smaller."
    if not jpegs:
        return f"Write the files anew once, no larger than needed for {wanted}; JPEGs could be decoded smaller, too."
    same = "The pixels change a little (each is the mean of several): do the same for the validation data."
    if min(each.ratio for each in images) == ratio and len({each.size for each in images}) == 1:
        return f"In {called(first.node.function)}, write fl.io.decode_jpeg(contents, ratio={ratio}). {same} {smaller}"
    return (
        f"In {called(first.node.function)}, take height and width of fl.io.extract_jpeg_shape(contents), and give "
        f"fl.io.decode_jpeg the largest ratio of 2, 4 and 8 that leaves no less than {wanted}. {same} {smaller}"
    )
