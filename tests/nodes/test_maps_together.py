"""Maps that follow each other are computed as one where that gives the same bytes, and else one after the other."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.train import BytesList, Example, Feature, Features, Int64List

COUNT = 100
NUMBERS = (np.arange(COUNT * 8 * 8 * 3) * 7919 % 251).astype(np.uint8).reshape(COUNT, 8, 8, 3)
LABELS = np.arange(COUNT)
WANTED = {"image": fl.io.FixedLenFeature([], fl.string), "label": fl.io.FixedLenFeature([], fl.int64)}
MEAN = np.array([1.5, 2.5, 3.5], np.float32)


def element_by_element(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that is not proven, since it branches."""

    def called(*element: Any) -> Any:
        if not element:
            return None
        return function(*element)

    return called


def pipeline(source: fl.Dataset, functions, proven: bool = True, **options: Any) -> fl.Dataset:
    fl.random.set_seed(3)
    for function in functions:
        source = source.map(function if proven else element_by_element(function), **options)
    fl.random.set_seed(None)
    return source


def together(dataset: fl.Dataset) -> list[str]:
    return re.findall(r"^steps (.*) run together on blocks", dataset.explain(), re.MULTILINE)


def assert_same(ours: fl.Dataset, theirs: fl.Dataset) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        leaves, tree = fl.structure.flatten(mine)
        others, other_tree = fl.structure.flatten(other)
        assert tree == other_tree
        for leaf, expected in zip(leaves, others, strict=True):
            assert type(leaf) is type(expected)
            assert np.asarray(leaf).dtype == np.asarray(expected).dtype
            assert np.asarray(leaf).shape == np.asarray(expected).shape
            assert np.asarray(leaf).tolist() == np.asarray(expected).tolist()


def images() -> fl.Dataset:
    return fl.Dataset.from_tensor_slices((NUMBERS, LABELS))


CHAINS: dict[str, list[Callable[..., Any]]] = {
    "a cast and arithmetic": [lambda x, y: (fl.cast(x, fl.float32) * 2, y), lambda x, y: (x + 1, y)],
    "three": [lambda x, y: fl.cast(x, fl.float32), lambda x: x / 255, lambda x: (x - MEAN) / 0.25],
    "a dict": [lambda x, y: {"b": x, "a": y}, lambda d: {"c": d["b"] / 2, "d": d["a"] + d["a"]}],
    "tuples in tuples": [lambda x, y: ((fl.cast(x, fl.float32), y), {"z": y}), lambda p, d: (p[0] * 3, (d["z"], p[1]))],
    "a list": [lambda x, y: [x * 2.0, y], lambda x, y: (x - y, y)],
    "scalars": [lambda x, y: fl.cast(y, fl.float32) / 3, lambda y: y * y, lambda y: (y, -y)],
    "a constant passed on": [lambda x, y: (x, 0.5), lambda x, half: (half, x * 2.0)],
    "passed on as it is": [lambda x, y: (y, x), lambda y, x: (x, y)],
    "left out": [lambda x, y: (x / 3.0, y * 2), lambda x, y: y],
    "used twice": [lambda x, y: fl.cast(x, fl.float32), lambda x: (x * 2, x + 1, x)],
    "resized": [lambda x, y: (fl.image.resize(x, [5, 7]), y), lambda x, y: (x / 255.0 - 0.5, y)],
    "flipped first": [lambda x, y: fl.image.random_flip_left_right(x), lambda x: fl.cast(x, fl.float32) / 255],
    "flipped last": [lambda x, y: fl.cast(x, fl.float32) / 255, lambda x: fl.image.random_flip_up_down(x)],
    "flipped in the middle": [
        lambda x, y: (fl.image.resize(x, [6, 6]), y),
        lambda x, y: (fl.image.random_flip_left_right(x), y),
        lambda x, y: (x / 127.5 - 1, y),
    ],
    "cropped at random": [lambda x, y: fl.image.random_crop(x, [4, 4, 3]), lambda x: fl.cast(x, fl.float32) - 1],
    "drawn in each": [
        lambda x, y: fl.image.random_flip_left_right(x),
        lambda x: fl.image.random_flip_up_down(fl.image.random_flip_left_right(x)),
        lambda x: fl.image.random_brightness(fl.cast(x, fl.float32), 9.0),
    ],
    "seeds of their own": [
        lambda x, y: fl.image.random_flip_left_right(x, seed=5),
        lambda x: fl.image.random_brightness(x / 9, 0.3, seed=5),
    ],
    "a seed of its own": [lambda x, y: x * 2.0, lambda x: fl.image.random_brightness(x, 0.3, seed=5)],
    "added up": [lambda x, y: np.transpose(x / 7.0, (2, 0, 1)), lambda x: (np.sum(x), np.mean(x, axis=0))],
    "turned and summed": [lambda x, y: x[::-1, :, 0] / 3.0, lambda x: np.sum(x, axis=1)],
    "one hot": [lambda x, y: y % 5, lambda y: fl.one_hot(y, 5), lambda y: y * 0.9 + 0.02],
    "another shape": [lambda x, y: x.reshape(-1), lambda x: fl.cast(x, fl.float64) * 2, lambda x: x.reshape(64, 3)],
}


@pytest.mark.parametrize("calls", [None, 3, fl.AUTOTUNE])
@pytest.mark.parametrize("name", CHAINS)
def test_the_bytes_are_those_of_each_function_called_for_each_element(name: str, calls: int | None) -> None:
    dataset = pipeline(images(), CHAINS[name], num_parallel_calls=calls).batch(10)
    expected = pipeline(images(), CHAINS[name], proven=False).batch(10)
    for _ in range(2):
        assert_same(dataset, expected)
    if calls is None:
        count = len(CHAINS[name])
        assert together(dataset) == ["2 and 3" if count == 2 else "2, 3 and 4"], dataset.explain()


@pytest.mark.parametrize("name", ["three", "a dict", "flipped in the middle", "cropped at random"])
def test_in_a_stream_too(name: str) -> None:
    def streamed(proven: bool) -> fl.Dataset:
        source = images().filter(lambda x, y: y % 3 != 0)
        return pipeline(source, CHAINS[name], proven).batch(8).repeat(2)

    dataset = streamed(True)
    assert_same(dataset, streamed(False))
    assert len(together(dataset)) == 1


STEPS: list[Callable[..., Any]] = [
    lambda x: fl.cast(x, fl.float32),
    lambda x: x * 2,
    lambda x: x + 1,
    lambda x: x / 255.0,
    lambda x: x - MEAN,
    lambda x: x[::-1],
    lambda x: fl.image.flip_left_right(x),
    lambda x: fl.image.resize(x, [6, 5]),
    lambda x: fl.image.convert_image_dtype(x, fl.float32),
    lambda x: np.maximum(x, 3),
    lambda x: fl.image.random_flip_left_right(x),
    lambda x: fl.image.random_flip_up_down(x),
    lambda x: np.transpose(x, (1, 0, 2)),
    lambda x: fl.image.random_brightness(x, 0.2),
    lambda x: fl.image.random_crop(x, [3, 4, 3]),
    lambda x: fl.image.per_image_standardization(x),
    lambda x: np.sum(x, axis=0, keepdims=True) + x,
]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(range(len(STEPS))), min_size=2, max_size=5), st.sampled_from([7, 16]))
def test_whatever_the_steps(chosen: list[int], size: int) -> None:
    functions = [STEPS[number] for number in chosen]
    source = fl.Dataset.from_tensor_slices(NUMBERS)
    assert_same(pipeline(source, functions).batch(size), pipeline(source, functions, proven=False).batch(size))


def records() -> list[bytes]:
    PIL = pytest.importorskip("PIL.Image")
    made = []
    for number in range(40):
        image = np.resize(NUMBERS[number], (20 + number % 7, 30 - number % 5, 3))
        file = io.BytesIO()
        PIL.fromarray(image).save(file, "JPEG")
        features = {
            "image": Feature(bytes_list=BytesList(value=[file.getvalue()])),
            "label": Feature(int64_list=Int64List(value=[number])),
        }
        made.append(Example(features=Features(feature=features)).SerializeToString())
    return made


PHOTOS: list[Callable[..., Any]] = [
    lambda record: fl.io.parse_single_example(record, WANTED),
    lambda d: (fl.io.decode_jpeg(d["image"], channels=3), d["label"]),
    lambda image, label: (fl.image.resize(image, [16, 16]), label),
    lambda image, label: (fl.image.random_flip_left_right(image) / 255.0, label),
]


def test_records_are_parsed_decoded_and_resized_in_maps_of_their_own_though_photos_differ_in_size() -> None:
    source = fl.Dataset.from_tensor_slices(records())
    dataset = pipeline(source, PHOTOS).batch(10)
    assert_same(dataset, pipeline(source, PHOTOS, proven=False).batch(10))
    explained = dataset.explain()
    assert "steps 2, 3, 4 and 5 run together on blocks:\n" in explained
    assert "decode_jpeg, resize, random_flip_left_right, divide: photo after photo, straight into" in explained


def test_steps_that_run_together_are_not_said_to_run_element_by_element_for_their_first_few_elements() -> None:
    dataset = pipeline(fl.Dataset.from_tensor_slices(records()), PHOTOS[:3], num_parallel_calls=2)
    for _ in range(2):
        list(dataset)
    assert together(dataset) == ["2, 3 and 4"]
    assert "element by element" not in dataset.explain()


@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
def test_by_whatever_they_are_run_from_wherever_they_go_on(executor: str) -> None:
    options = fl.Options(executor=executor)

    def made(proven: bool) -> fl.Dataset:
        fl.random.set_seed(9)
        source = fl.Dataset.from_tensor_slices((NUMBERS, LABELS)).shuffle(COUNT, seed=1)
        chain = pipeline(source, CHAINS["flipped in the middle"], proven, num_parallel_calls=2)
        return chain.batch(8).repeat(2)

    expected = list(made(False))
    dataset = made(True).with_options(options)
    iterator = iter(dataset)
    begun = [next(iterator) for _ in range(9)]
    state = iterator.state_dict()
    rest = list(iterator)
    resumed = iter(dataset)
    resumed.load_state_dict(state)
    for found in ([*begun, *rest], [*begun, *resumed]):
        assert len(found) == len(expected)
        for (image, label), (other, number) in zip(found, expected, strict=True):
            assert image.tobytes() == other.tobytes()
            assert label.tobytes() == number.tobytes()
    assert "run together on blocks" in dataset.explain()


def test_where_elements_differ_in_how_much_they_draw_one_map_draws_and_the_rest_is_joined() -> None:
    functions = [
        lambda x, y: fl.image.random_flip_left_right(x),
        lambda x: fl.image.random_crop(x, [5, 5, 3]),
        lambda x: fl.cast(x, fl.float32),
    ]
    dataset = pipeline(images(), functions).batch(10)
    assert_same(dataset, pipeline(images(), functions, proven=False).batch(10))
    assert together(dataset) == ["3 and 4"]
    assert "steps 2, 3 and 4 do not run together: several draw random numbers, and" in dataset.explain()


@pytest.mark.parametrize(
    "made",
    [
        lambda source: source.map(lambda x: x * 2.0).map(element_by_element(lambda x: x + 1)),
        lambda source: source.map(lambda x: x * 2.0, num_parallel_calls=2).map(lambda x: x + 1, num_parallel_calls=3),
        lambda source: source.map(lambda x: x * 2.0, num_parallel_calls=2).map(lambda x: x + 1),
        lambda source: source.map(lambda x: x * 2.0).ignore_errors().map(lambda x: x + 1),
        lambda source: source.map(lambda x: x * 2.0).cache().map(lambda x: x + 1),
        lambda source: source.map(lambda x: x * 2.0).prefetch(2).map(lambda x: x + 1),
        lambda source: source.map(lambda x: x * 2.0).take(50).map(lambda x: x + 1),
    ],
    ids=["not proven", "other calls", "calls for one", "ignore_errors", "cache", "prefetch", "take"],
)
def test_what_is_not_plain_is_left_as_it_is(made) -> None:
    dataset = made(fl.Dataset.from_tensor_slices(NUMBERS)).batch(10)
    for batch, numbers in zip(dataset, np.split(NUMBERS, 10), strict=False):
        np.testing.assert_array_equal(batch, numbers * 2.0 + 1)
    assert together(dataset) == []


def test_who_else_takes_elements_of_a_map_has_them() -> None:
    doubled = fl.Dataset.from_tensor_slices(NUMBERS).map(lambda x: x * 2.0)
    dataset = fl.Dataset.zip((doubled, doubled.map(lambda x: x + 1))).batch(10)
    for (first, second), numbers in zip(dataset, np.split(NUMBERS, 10), strict=True):
        np.testing.assert_array_equal(first, numbers * 2.0)
        np.testing.assert_array_equal(second, numbers * 2.0 + 1)


@pytest.mark.parametrize("calls", [None, 2])
@pytest.mark.parametrize("bad", [0, 5, 70])
@pytest.mark.parametrize("which", [0, 1])
def test_an_error_names_the_step_the_element_and_the_line(which: int, bad: int, calls: int | None) -> None:
    texts = [b"1,2"] * 100
    texts[bad] = b"1,2,3" if which == 0 else b"1,9"

    def parsed(text):
        return fl.io.decode_csv(text, [0, 0])

    def divided(a, b):
        return fl.cast(a, fl.float32) / fl.cast(b - 9, fl.float32), b

    dataset = fl.Dataset.from_tensor_slices(texts).map(parsed, num_parallel_calls=calls)
    dataset = dataset.map(divided, num_parallel_calls=calls).batch(10)
    with np.errstate(divide="raise"), pytest.raises(fl.errors.FeedlineError) as caught:
        list(dataset.with_options(fl.Options(executor="inline")))
    message = str(caught.value)
    assert f"element {bad}" in message
    assert f"map({['parsed', 'divided'][which]})" in message
    assert "test_maps_together.py" in message


def test_elements_before_one_that_raises_are_given() -> None:
    texts = [b"1,2"] * 100
    texts[57] = b"x"
    dataset = fl.Dataset.from_tensor_slices(texts).map(lambda text: fl.io.decode_csv(text, [0, 0]))
    dataset = dataset.map(lambda a, b: a + b)
    iterator = iter(dataset)
    assert [int(next(iterator)) for _ in range(57)] == [3] * 57
    with pytest.raises(fl.errors.FeedlineError, match="element 57"):
        next(iterator)
    assert [int(number) for number in dataset.ignore_errors()] == [3] * 99


def test_what_they_refer_to_may_change(monkeypatch) -> None:
    def made(x):
        return x + SHIFT

    dataset = fl.Dataset.from_tensor_slices(NUMBERS).map(lambda x: x * 2.0).map(made).batch(10)
    assert next(iter(dataset))[0, 0, 0, 0] == NUMBERS[0, 0, 0, 0] * 2.0 + 1
    list(dataset)
    assert together(dataset)
    monkeypatch.setitem(globals(), "SHIFT", 5)
    np.testing.assert_array_equal(np.concatenate(list(dataset)), NUMBERS * 2.0 + 5)
    assert "steps 2 and 3 do not run together: what it refers to has changed" in dataset.explain()
    assert not together(dataset)


SHIFT = 1


def test_elements_whose_shapes_vary_may_come_between_others() -> None:
    def given():
        for number in range(120):
            yield np.arange(12 if number // 20 % 2 else 6 + number % 5, dtype=np.float32)

    def made(proven: bool) -> fl.Dataset:
        source = fl.Dataset.from_generator(given, output_signature=fl.TensorSpec([None], fl.float32))
        return pipeline(source, [lambda x: x * 2 + 1, lambda x: (x / 3, np.sum(x))], proven)

    assert_same(made(True), made(False))


def test_the_report_says_whose_time_it_is() -> None:
    dataset = pipeline(images(), CHAINS["three"]).batch(10)
    list(dataset)
    list(dataset)
    report = dataset.report()
    assert [stage.elements for stage in report.stages] == [200, 200, 200, 200, 20]
    assert any(re.match(r"steps 2, 3 and 4 ran together.*: the time of step 4 is theirs", way) for way in report.ways)
    alone = images().map(lambda x, y: x * 2.0).batch(10)
    list(alone)
    assert not any("together" in way for way in alone.report().ways)
