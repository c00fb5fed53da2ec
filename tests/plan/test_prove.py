"""What must not run on blocks: functions whose answer would be that of the element they were traced on."""

from __future__ import annotations

import collections
import dataclasses
import enum
import random
import typing

import numpy as np
import pytest

import feedline as fl
from feedline.plan.vectorise import why_not

COUNT, CHANGE = 400, 200
"""The first blocks are compared with the function itself, so what differs comes behind them."""


def batched(elements, function):
    dataset = fl.Dataset.from_tensor_slices(elements).map(function).batch(32)
    return np.concatenate(list(dataset.as_numpy_iterator()))


def plain(elements, function):
    return np.stack([function(*each) if type(each) is tuple else function(each) for each in elements])


LABELS = np.array([b"dog"] * CHANGE + [b"cat"] * (COUNT - CHANGE), object)
PAIRS = np.arange(2 * COUNT, dtype=np.float32).reshape(COUNT, 2)


@pytest.mark.parametrize(
    ("elements", "function"),
    [
        (LABELS, lambda label: label == b"cat"),
        (LABELS, lambda label: label != b"dog"),
        (LABELS, lambda label: np.where(label == b"cat", 1, 0)),
        (LABELS, lambda label: (b"cat", b"cow").count(label)),
        (PAIRS, lambda pair: pair * (pair == [600, 601])),
        (PAIRS, lambda pair: pair * (pair == (600, 601))),
        (PAIRS, lambda pair: pair * (pair[0] == 600 + 0j)),
        (PAIRS, lambda pair: np.max(pair) * (f"{1}" == pair[0])),
    ],
)
def test_comparisons_are_those_of_each_element(elements, function) -> None:
    ours, expected = batched(elements, function), plain(elements, function)
    assert ours.tolist() == expected.tolist()
    assert ours[CHANGE:].any() == expected[CHANGE:].any()


def turned(change) -> list[np.ndarray]:
    """Returns as many values in images of two shapes, what `change` makes of each."""
    rng = np.random.default_rng(4)
    shapes = [(12, 20, 3)] * CHANGE + [(20, 12, 3)] * (COUNT - CHANGE)
    return [change(rng.integers(0, 256, shape, np.uint8)) for shape in shapes]


@pytest.mark.parametrize(
    "function",
    [
        lambda image: fl.image.resize(np.expand_dims(image, 0), (8, 8)),
        lambda image: fl.image.resize(np.squeeze(np.expand_dims(image, 0)), (8, 8)),
        lambda image: fl.image.resize(np.expand_dims(np.max(image, -1), -1), (8, 8)),
        lambda image: fl.image.resize(np.squeeze(np.expand_dims(image, (0, 2)), axis=(0, 2)), (8, 8)),
        lambda image: fl.image.resize(np.squeeze(image[None], 0), (8, 8)),
    ],
)
def test_axes_are_added_to_the_shape_that_each_image_has(function) -> None:
    contents = np.array(turned(fl.io.encode_png), object)

    def decode_and(content):
        return function(fl.io.decode_png(content, channels=3))

    ours, expected = batched(contents, decode_and), plain(contents, decode_and)
    assert ours.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "function",
    [
        lambda values, length: np.max(np.sum(np.reshape(values, (length, -1)), axis=0)),
        lambda values, length: np.max(np.reshape(values, (length, -1))[0]),
        lambda values, length: np.sum(np.expand_dims(values.reshape(2, 2), length - 1), axis=1).reshape(-1)[:2],
    ],
)
def test_a_shape_or_an_axis_may_be_the_elements_own(function) -> None:
    values = np.random.default_rng(1).normal(size=(COUNT, 4))
    lengths = np.where(np.arange(COUNT) < CHANGE, 2, 1)
    ours = batched((values, lengths), function)
    assert ours.tobytes() == plain(list(zip(values, lengths, strict=True)), function).tobytes()


class Point(typing.NamedTuple):
    x: typing.Any

    def drawn(self) -> typing.Any:
        return self.x if random.random() < 0.5 else -self.x

    @property
    def scaled(self) -> typing.Any:
        return self.x * SETTINGS["scale"]


@dataclasses.dataclass
class Sample:
    x: typing.Any

    def scaled(self) -> typing.Any:
        return self.x * SETTINGS["scale"]

    def __add__(self, other: typing.Any) -> typing.Any:
        return self.x + other * SETTINGS["scale"]


@dataclasses.dataclass(frozen=True)
class Plain:
    x: typing.Any
    unit: typing.ClassVar[str] = "px"

    def scaled(self) -> typing.Any:
        return self.x * SETTINGS["scale"]


class Mode(enum.Enum):
    SUM = 1

    def apply(self, value: typing.Any) -> typing.Any:
        return value * SETTINGS["scale"]


class Scalar(np.float64):
    def times(self, value: typing.Any) -> typing.Any:
        return value * SETTINGS["scale"]


SETTINGS = {"scale": 2.0}
MODE, FACTOR, RECORD = Mode.SUM, Scalar(3.0), np.array((2.0,), [("s", float)])[()]
ONES = np.ones(COUNT, np.float32)


@pytest.mark.parametrize(
    ("elements", "function"),
    [
        (Point(ONES), lambda point: point.scaled),
        (Point(ONES), lambda point: (lambda: point)() and point),
        (Sample(ONES), lambda sample: sample.scaled()),
        (Sample(ONES), lambda sample: sample + 1),
        (ONES, lambda value: MODE.apply(value)),
        (ONES, lambda value: FACTOR.times(value)),
        (ONES, lambda value: value * RECORD["s"]),
    ],
)
def test_code_of_classes_is_not_taken_for_constant(elements, function, monkeypatch) -> None:
    monkeypatch.setitem(SETTINGS, "scale", 2.0)
    dataset = fl.Dataset.from_tensor_slices(elements).map(function).batch(50)
    batches = iter(dataset)
    next(batches), next(batches), next(batches)
    functions = list(dataset._timings.block_functions.values())
    assert all(each.reason is not None for each in functions) or why_not(function) is not None


def test_a_method_that_draws_is_called_for_each_element() -> None:
    dataset = fl.Dataset.from_tensor_slices(Point(np.ones(5000, np.float32))).map(lambda point: point.drawn()).batch(50)
    values = np.concatenate(list(dataset))
    assert 2000 < (values < 0).sum() < 3000


def test_fields_and_what_named_tuples_bring_run_on_blocks() -> None:
    for elements, function in (
        (Point(ONES), lambda point: point._replace(x=point.x * 2)),
        (Plain(ONES), lambda sample: sample.x * 2),
        (ONES, lambda value: value * MODE.value),
    ):
        dataset = fl.Dataset.from_tensor_slices(elements).map(function).batch(50)
        list(dataset)
        (block_function,) = dataset._timings.block_functions.values()
        assert block_function.reason is None


def test_a_dict_that_a_function_fills_is_its_own_to_fill() -> None:
    cache: dict = {}

    def first(value, known={}):  # noqa: B006
        return value - known.setdefault("first", value) - cache.setdefault("first", value)

    values = np.arange(3, 3 + COUNT, dtype=np.float32)
    dataset = fl.Dataset.from_tensor_slices(values).map(first).batch(32)
    assert np.concatenate(list(dataset)).tolist() == (values - 6).tolist()
    assert cache == {"first": 3.0}
    assert type(cache["first"]) is np.float32


@pytest.mark.parametrize("change", ["defaults", "named defaults", "code"])
def test_a_function_that_was_changed_is_proven_no_more(change) -> None:
    def scaled(value, factor=2.0, *, more=1.0):
        return value * factor * more

    def calling(value):
        return scaled(value)

    for function in (scaled, calling):
        scaled.__defaults__, scaled.__kwdefaults__ = (2.0,), {"more": 1.0}
        code = scaled.__code__
        dataset = fl.Dataset.from_tensor_slices(ONES).map(function).batch(20)
        batches = iter(dataset)
        for _ in range(10):
            assert next(batches).tolist() == [2.0] * 20
        if change == "defaults":
            scaled.__defaults__ = (5.0,)
        elif change == "named defaults":
            scaled.__kwdefaults__["more"] = 2.5
        else:
            scaled.__code__ = (lambda value, factor, more=None: value * factor + 3).__code__.replace(
                co_kwonlyargcount=1, co_argcount=2
            )
        try:
            assert list(batches)[-1].tolist() == [5.0] * 20
        finally:
            scaled.__code__ = code


def test_a_function_of_feedlines_that_was_replaced_has_no_rule(monkeypatch) -> None:
    from feedline.plan import rules

    rules.all_rules.cache_clear()
    monkeypatch.setattr(
        fl.image, "flip_left_right", lambda image: image if np.max(image) > 100 else image * np.uint8(2)
    )
    try:
        images = np.arange(COUNT, dtype=np.uint8).repeat(12).reshape(COUNT, 2, 2, 3)

        def function(image):
            return fl.image.flip_left_right(image)

        assert batched(images, function).tobytes() == plain(images, function).tobytes()
    finally:
        rules.all_rules.cache_clear()


NUMBERS = np.where(np.arange(COUNT) < CHANGE, 0, np.arange(COUNT))
ENDING_IN_ZEROS = np.array([b"dog"] * CHANGE + [b"cat\0"] * (COUNT - CHANGE), object)
LONG = np.array([b"d"] * CHANGE + [b"d" * 200] * (COUNT - CHANGE), object)
KINDS = np.array([b"cat", b"dog"])
NOT_NUMBERS = np.where(np.arange(COUNT) < CHANGE, 1.0, np.nan).reshape(COUNT, 1)


@pytest.mark.parametrize(
    ("elements", "function"),
    [
        (NUMBERS, lambda number: number * ("%r" % number == "np.int64(300)")),  # noqa: UP031
        (NUMBERS, lambda number: number * ("%a" % number == "np.int64(300)")),  # noqa: UP031
        (NUMBERS, lambda number: number * (b"%a" % number == b"np.int64(300)")),
        (NUMBERS, lambda number: number * ("%s" % number == "300")),  # noqa: UP031
        (NUMBERS, lambda number: number * ("{!r}".format(number) == "np.int64(300)")),  # noqa: UP032
        (NUMBERS, lambda number: number * ("{.__class__.__name__}".format(number) == "int64")),  # noqa: UP032
        (NUMBERS, lambda number: number * (number.__class__ == np.int64)),
        (NUMBERS, lambda number: number * (number.__repr__() == "np.int64(300)")),
        (NUMBERS, lambda number: number * (np.add == np.add)),
        (NUMBERS, lambda number: number * (np == np)),
        (NUMBERS, lambda number: number * ("%r" % np.add == "<ufunc 'add'>")),  # noqa: UP031
        (LONG, lambda text: text.__sizeof__()),
        (NOT_NUMBERS, lambda value: np.isnan(value) * ((value.copy(),) == (value,))),
        (ENDING_IN_ZEROS, lambda label: KINDS == label),  # noqa: SIM300
        (ENDING_IN_ZEROS, lambda label: np.not_equal(KINDS, label)),
    ],
)
def test_what_python_answers_by_default_is_not_the_answer(elements, function) -> None:
    assert batched(elements, function).tolist() == plain(elements, function).tolist()


def factor() -> float:
    return SETTINGS["scale"]


class Shown(typing.NamedTuple):
    x: typing.Any

    def __str__(self) -> str:
        return str(factor())


class Equal(typing.NamedTuple):
    x: typing.Any

    def __eq__(self, other: object) -> bool:
        return factor() == other

    __hash__ = None  # type: ignore[assignment]


class Replacing(Point):
    def _replace(self, **fields: typing.Any) -> typing.Any:
        return Point(fields["x"] * factor())


@dataclasses.dataclass
class Finished:
    x: typing.Any

    def __post_init__(self) -> None:
        self.factor = factor()


@dataclasses.dataclass
class WithFactor:
    x: typing.Any
    factor: float = dataclasses.field(init=False, default_factory=factor)


class Level(enum.Enum):
    LOW = 1

    def __init__(self, value: int) -> None:
        self.factor = factor()


FORMAT = "%s"
LEVEL = Level.LOW
MANY = np.ones(2000)


@pytest.mark.parametrize(
    ("elements", "function"),
    [
        (Shown(MANY), lambda point: point.x * 2.0 + point.x * 3 * (FORMAT % (point,) == "5.0")),
        (Equal(MANY), lambda point: point.x * 2.0 + point.x * 3 * (point == 5.0)),
        (Replacing(MANY), lambda point: point._replace(x=point.x).x),
        (Finished(MANY), lambda sample: sample.x * sample.factor),
        (WithFactor(MANY), lambda sample: sample.x * sample.factor),
        (collections.defaultdict(factor, x=MANY), lambda sample: sample["x"] * sample["factor"]),
        (MANY, lambda value: value * LEVEL.factor),
    ],
)
def test_what_a_class_computes_is_asked_for_each_element(elements, function, monkeypatch) -> None:
    monkeypatch.setitem(SETTINGS, "scale", 2.0)
    monkeypatch.setattr(LEVEL, "factor", 2.0)
    batches = iter(fl.Dataset.from_tensor_slices(elements).map(function).batch(20))
    for _ in range(10):
        assert next(batches).tolist() == [2.0] * 20
    monkeypatch.setitem(SETTINGS, "scale", 5.0)
    LEVEL.factor = 5.0
    assert list(batches)[-1].tolist() == [5.0] * 20


def test_what_an_enum_holds_sees_no_other_values_than_those_of_elements(monkeypatch) -> None:
    seen: list = []
    monkeypatch.setattr(LEVEL, "factor", seen)

    def remember(value):
        LEVEL.factor.append(value)
        return value

    list(fl.Dataset.from_tensor_slices(MANY).map(remember).batch(20))
    assert {type(value) for value in seen} == {np.float64}
    assert len(seen) == len(MANY)
