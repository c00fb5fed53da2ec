"""FL206: images whose red and blue are swapped between two sources."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from feedline import io
from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.content.colour_order import swapped_by_steps
from feedline.check.families.content.given import changing_step, given
from feedline.check.finding import Finding
from feedline.check.functions import FunctionFacts
from feedline.check.plan import Plan
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.concatenate import Concatenate
from feedline.nodes.sample import Mixture
from feedline.nodes.zip import Zip

_FEWEST = 30
_DEVIATIONS = 7
"""By how many standard deviations the difference of red and blue must differ between the two sources: for two parts of
one source that happens once in a hundred billion times."""

_MOST_WITH_EACH = 16
"""Of more sources, each is compared with the first and with the one before it."""

_CLEAR = 5
_MOST_A_SIDE = 32
_MOST_IMAGES = 256


class ChannelsSwapped(Rule):
    """Red and blue are swapped between two sources of images."""

    code = "FL206"
    name = "channels-swapped"
    severity = "warning"
    needs = ("sample",)
    why = (
        "What is red to the model in the one is blue to it in the other: it learns colours that are not there, or is "
        "measured on images in colours that it has never seen."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        for node in plan.of(Concatenate, Mixture, Zip):
            for first, second in _pairs(node.parents):
                found = self._by_code(plan, first, plan, second, node) or self._by_colour(context, first, second, node)
                if found is not None:
                    yield found
                    return
        if context.against is not None:
            other = context.against
            found = self._by_code(plan, plan.last, other.plan, other.plan.last, changing_step(other))
            if found is None:
                for one, another in zip(_images(given(context)), _images(given(other)), strict=False):
                    found = found or self._of_colours(one, another, ("this dataset", "the other"), changing_step(other))
            found = found or self._by_steps(context, other)
            if found is not None:
                yield found

    def _by_steps(self, context: Context, other: Context) -> Finding | None:
        """Tells of channels that only the steps of the one side reverse, by the same elements sent through both."""
        count = swapped_by_steps(context)
        if not count:
            return None
        ours, theirs = changing_step(context), changing_step(other)
        return self.finding(
            f"the steps of the {other.use} data give images with red and blue swapped, against those of the "
            f"{context.use} data.",
            seen=f"the same {count} element{'' if count == 1 else 's'} come out of both with the first and the last "
            "channel exchanged, and alike otherwise",
            where=[f"{ours.label()} of the {context.use} data, at {ours.origin}"],
            at=theirs,
            fix="Reverse the channels in both or in neither, in one function that is mapped in both: image[..., ::-1] "
            "or cv2.cvtColor(image, cv2.COLOR_BGR2RGB) belongs behind cv2.imread, and nowhere else.",
        )

    def _by_code(self, plan: Plan, first: Node, other: Plan, second: Node, at: Node) -> Finding | None:
        """Tells of images that OpenCV reads on the one side, and another library on the other."""
        ours, theirs = _reads(plan, first), _reads(other, second)
        if ours is None or theirs is None or (ours[0] == theirs[0]):
            return None
        blue, red = (ours, theirs) if ours[0] == "blue" else (theirs, ours)
        return self.finding(
            f"{blue[1]} gives the channels as blue, green, red; {red[1]} gives them as red, green, blue.",
            seen=f"{blue[1]} in {blue[2].label()}, and {red[1]} in {red[2].label()}",
            where=[f"{red[2].label()} at {red[2].origin}"],
            at=blue[2] if blue[2] is not red[2] else at,
            fix=f"Write image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB) behind {blue[1]} in {blue[2].label()}; or read "
            "both with fl.io.decode_image(fl.io.read_file(path)).",
        )

    def _by_colour(self, context: Context, first: Node, second: Node, at: Node) -> Finding | None:
        ours, theirs = _images(context.sample.at(first)), _images(context.sample.at(second))
        if len(ours) != 1 or len(theirs) != 1:
            return None
        places = [f"the first: {_source(first)}", f"the second: {_source(second)}"]
        return self._of_colours(ours[0], theirs[0], ("the first source", "the second"), at, places)

    def _of_colours(
        self, one: Component, other: Component, names: tuple[str, str], at: Node, places: Iterable[str] = ()
    ) -> Finding | None:
        ours, theirs = _colours(one), _colours(other)
        if ours is None or theirs is None or not _mirrored(ours, theirs):
            return None
        means = [
            np.mean([np.mean(row, axis=(0, 1)) for row in each.rows[:_MOST_IMAGES]], axis=0) for each in (one, other)
        ]
        told = [", ".join(f"{value:.3g}" for value in mean) for mean in means]
        return self.finding(
            "the images of two sources look alike with red and blue swapped, and not as they are.",
            seen=f"means of the three channels: {told[0]} in {len(ours)} images of {names[0]}, {told[1]} in "
            f"{len(theirs)} of {names[1]}",
            where=places,
            at=at,
            fix="Reverse the channels of the one that is BGR: image[..., ::-1], or cv2.cvtColor(image, "
            "cv2.COLOR_BGR2RGB); OpenCV (cv2.imread) gives BGR, all others RGB.",
        )


def _pairs(parents: tuple[Node, ...]) -> Iterator[tuple[Node, Node]]:
    if len(parents) <= _MOST_WITH_EACH:
        yield from combinations(parents, 2)
        return
    for before, parent in pairwise(parents):
        yield before, parent
        if before is not parents[0]:
            yield parents[0], parent


def _images(elements: Elements) -> list[Component]:
    """Returns the images in colour among the inputs."""
    found = [each for each in elements.components if each.role in ("x", None) and each.statistics.is_number]
    return [
        each for each in found if each.is_image and {shape[2] for shape in each.statistics.row_shapes} == {3}
    ]  # fmt: skip


def _source(node: Node) -> str:
    while node.parents:
        node = node.parents[0]
    return f"{node.label()} at {node.origin}"


def _colours(component: Component) -> np.ndarray | None:
    """Returns float64 `(images, 4)`: red minus blue of the means, of the deviations, and what is not changed by a swap.

    All are in units of the standard deviation of all values, so that images of several scales can be compared.
    """
    unit = component.statistics.std
    if len(component.rows) < _FEWEST or not unit:
        return None
    found = []
    for row in component.rows[:_MOST_IMAGES]:
        height, width = np.shape(row)[:2]
        pixels = np.asarray(row)[:: max(1, height // _MOST_A_SIDE), :: max(1, width // _MOST_A_SIDE)]
        pixels = pixels.reshape(-1, 3).astype(np.float64)
        mean, deviation = pixels.mean(axis=0), pixels.std(axis=0)
        found.append([mean[0] - mean[2], deviation[0] - deviation[2], mean[0] + mean[2] - 2 * mean[1],
                      deviation[0] + deviation[2] - 2 * deviation[1]])  # fmt: skip
    colours = np.array(found) / unit
    return colours if np.isfinite(colours).all() else None


def _mirrored(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Says whether the colours of two sources are alike when red and blue of one are swapped, and only then."""
    means = np.array([ours.mean(axis=0), theirs.mean(axis=0)])
    errors = np.array([each.std(axis=0) / len(each) ** 0.5 for each in (ours, theirs)]) + 1e-9
    both = np.sqrt((errors**2).sum(axis=0))
    difference, total = means[0] - means[1], means[0] + means[1]
    clear = (np.abs(means[:, 0]) > _CLEAR * errors[:, 0]).all() and means[0, 0] * means[1, 0] < 0
    differs = abs(difference[0]) > _DEVIATIONS * both[0]
    alike_swapped = abs(total[0]) < 0.25 * abs(difference[0]) + 3 * both[0]
    deviations_agree = abs(total[1]) <= abs(difference[1]) + 3 * both[1]
    spread = np.concatenate([ours, theirs]).std(axis=0)
    same_otherwise = (np.abs(difference[2:]) < np.maximum(4 * both[2:], 0.25 * spread[2:])).all()
    return bool(clear and differs and alike_swapped and deviations_agree and same_otherwise)


def _reads(plan: Plan, last: Node) -> tuple[str, str, Node] | None:
    """Returns in which order the channels are read on the way to a step, by what, and where; None where not known."""
    found: list[tuple[str, str, Node]] = []
    for node in plan.nodes:
        if node is not last and node not in plan.before(last):
            continue
        for facts in plan.functions(node):
            blue, red = facts.mentions(*_blue_first()), facts.mentions(*_red_first())
            if _may_reorder(facts):
                return None
            found += [("blue", blue[0], node)] if blue else []
            found += [("red", red[0], node)] if red else []
    orders = {order for order, _, _ in found}
    return found[0] if len(orders) == 1 else None


def _may_reorder(facts: FunctionFacts) -> bool:
    """Says whether a function may reverse the channels: by cvtColor, by a step of -1, or by a flip."""
    cv2 = sys.modules.get("cv2")
    known = [getattr(cv2, name, None) for name in ("cvtColor", "split")] + [np.flip]
    return bool(facts.mentions(*(each for each in known if each is not None))) or -1 in facts.constants


def _blue_first() -> list[Any]:
    cv2 = sys.modules.get("cv2")
    return [getattr(cv2, name) for name in ("imread", "imdecode") if hasattr(cv2, name)]


def _red_first() -> list[Any]:
    found: list[Any] = [io.decode_jpeg, io.decode_png, io.decode_image, io.decode_bmp, io.decode_gif]
    for module, name in (("PIL.Image", "open"), ("matplotlib.pyplot", "imread"), ("matplotlib.image", "imread"),
                         ("imageio.v3", "imread"), ("imageio.v2", "imread"), ("skimage.io", "imread"),
                         ("keras.utils", "load_img")):  # fmt: skip
        found += [value for value in [getattr(sys.modules.get(module), name, None)] if value is not None]
    return found
