"""What runs on blocks gives the bytes that it gives element by element; what is not proven does not run on blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.plan import vectorise
from feedline.plan.vectorise import BlockFunction, why_not
from feedline.train import BytesList, Example, Feature, Features, FloatList, Int64List

OFFSET = 3
WANTED = {"number": fl.io.FixedLenFeature([], fl.int64), "row": fl.io.FixedLenFeature([4], fl.float32)}
LIST = [1, 2]


def halved(image):
    return image / 2.0


def with_the_rest(image, label):
    first, *others = image[0], image[1], image[2]
    return np.stack(others) - first, label


PROVEN = {
    "arithmetic": lambda image, label: (image * 2.0 + 1, label - OFFSET),
    "mixed ranks": lambda image, label: image * label,
    "scalars alone": lambda image, label: {"a": label % 7 // 2, "b": -label, "c": label > 5},
    "comparisons": lambda image, label: (image >= 0.5) & (image < 0.9),
    "a constant": lambda image, label: (image, 7, np.float32(0.5), b"text"),
    "a slice": lambda image, label: (image[1:, ::-1, 0], image[0, 0, 0], image[..., None]),
    "another dtype": lambda image, label: (image.astype("uint8"), fl.cast(label, fl.float32) / 255.0),
    "a cast and a division": lambda image, label: fl.cast(image.astype("uint8"), fl.float32) / 255.0,
    "a cast that is used twice": lambda image, label: (fl.cast(label, fl.float32), fl.cast(label, fl.float32) * 3),
    "a large number": lambda image, label: fl.cast(label * 123456789, fl.float32) - 0.1,
    "a cast on the right": lambda image, label: (1 - label.astype("float64"), 2 / (label.astype("float32") + 1)),
    "another shape": lambda image, label: image.reshape(-1, 3) + np.float32(1),
    "its own shape": lambda image, label: image * image.shape[0] + image.ndim,
    "numpy": lambda image, label: np.maximum(np.sqrt(image), 0.25) - np.minimum(image, label),
    "another function": lambda image, label: (halved(image), label),
    "an unpacked result": lambda image, label: (
        fl.image.convert_image_dtype(image, fl.uint8),
        fl.one_hot(label % 4, 4),
    ),
    "resizing": lambda image, label: fl.image.resize(image, [3, 9]),
    "nearest": lambda image, label: fl.image.resize(image, (7, 2), method="nearest"),
    "mirrors": lambda image, label: (fl.image.flip_left_right(image), fl.image.flip_up_down(image)),
    "crops": lambda image, label: fl.image.central_crop(image, 0.5),
    "row by row": lambda image, label: (fl.image.adjust_contrast(image, 2.0), np.stack([image, image])),
    "stacked": lambda image, label: (np.stack([image, image * 2]), np.stack((label, label), axis=-1)),
    "stacked further in": lambda image, label: np.stack([image, image + 1, image], axis=2),
    "put together": lambda image, label: (np.concatenate([image, image]), np.concatenate((image, image), axis=1)),
    "put together from the end": lambda image, label: np.concatenate([image, image], axis=-1),
    "arrays of scalars": lambda image, label: (np.array([label, label * 2]), np.asarray([image[0, 0, 0], label])),
    "arrays of rows": lambda image, label: np.array((image, image)),
    "reshaped by numpy": lambda image, label: (np.reshape(image, (-1, 3)), np.reshape(image, (6, -1), order="F")),
    "one axis more": lambda image, label: (np.expand_dims(image, 0), np.expand_dims(label, -1)),
    "one axis less": lambda image, label: np.squeeze(image[:1], axis=0),
    "the rest of a tuple": with_the_rest,
    "standardised": lambda image, label: fl.image.per_image_standardization(image),
    "a random flip": lambda image, label: fl.image.random_flip_left_right(image),
    "seeded": lambda image, label: fl.image.random_flip_up_down(image, seed=4),
    "several draws": lambda image, label: fl.image.random_brightness(
        fl.image.random_flip_left_right(fl.image.random_brightness(image, 0.3)), 0.2, seed=9
    ),
}
UNPROVEN = {
    "branches": (lambda image, label: image if label > 3 else -image, "branches"),
    "loops": (lambda image, label: [image for _ in range(2)], "uses|function|branches|calls"),
    "changes a value": (lambda image, label: LIST.append(label) or image, "LIST|branches"),
    "uses a list": (lambda image, label: image + LIST[0], "LIST, a list that may change"),
    "draws from numpy": (lambda image, label: image + np.random.random(), "not known to work on blocks"),  # noqa: NPY002
    "draws a shape": (lambda image, label: image + fl.random.uniform(()), "not known to work on blocks"),
    "an unknown function": (lambda image, label: np.linalg.norm(image), "not known to work on blocks"),
    "a builtin": (lambda image, label: float(label), r"calls float\(\)"),
    "picks by a value": (lambda image, label: image[label % 2], "picks by a value"),
    "a method": (lambda image, label: image.cumsum(), r"uses \.cumsum"),
    "asks a value": (lambda image, label: image * (not label), "uses|depends"),
    "draws element by element": (lambda image, label: image + fl.random.uniform((3,)), "not known|draws"),
}


def inplace(image, label):
    image += 1
    return image, label


def data(count: int = 70) -> fl.Dataset:
    generator = np.random.default_rng(0)
    return fl.Dataset.from_tensor_slices((generator.random((count, 6, 4, 3), np.float32), np.arange(count)))


def elements(dataset: fl.Dataset) -> list:
    return [[np.asarray(part) for part in _leaves(element)] for element in dataset]


def _leaves(element) -> list:
    if isinstance(element, dict):
        return [leaf for key in sorted(element) for leaf in _leaves(element[key])]
    return [leaf for part in element for leaf in _leaves(part)] if isinstance(element, tuple) else [element]


def both_ways(build, monkeypatch) -> tuple[list, list, list]:
    """Returns what a dataset gives on blocks and element by element, and the functions that ran on blocks."""
    ran = []
    original = BlockFunction.run

    def noted(self, block, *rest, **named):
        result = original(self, block, *rest, **named)
        ran.append((self, result is not None))
        return result

    monkeypatch.setattr(BlockFunction, "run", noted)
    on_blocks = elements(build())
    monkeypatch.setattr(vectorise, "LEAST_ROWS", 1 << 40)
    one_by_one = elements(build())
    monkeypatch.undo()
    return on_blocks, one_by_one, [function for function, done in ran if done]


def assert_same(ours: list, theirs: list) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert [part.dtype for part in one] == [part.dtype for part in other]
        assert [part.shape for part in one] == [part.shape for part in other]
        assert [part.tolist() if part.dtype == object else part.tobytes() for part in one] == [
            part.tolist() if part.dtype == object else part.tobytes() for part in other
        ]


@pytest.mark.parametrize("calls", [None, 2])
@pytest.mark.parametrize("name", PROVEN)
def test_the_same_bytes(name: str, calls, monkeypatch) -> None:
    def build():
        fl.random.set_seed(11)
        return data().map(PROVEN[name], num_parallel_calls=calls).batch(16).repeat(2)

    assert why_not(PROVEN[name]) is None
    on_blocks, one_by_one, ran = both_ways(build, monkeypatch)
    fl.random.set_seed(None)
    assert_same(on_blocks, one_by_one)
    assert ran


@pytest.mark.parametrize("name", UNPROVEN)
def test_what_is_not_proven_runs_element_by_element(name: str, monkeypatch) -> None:
    function, reason = UNPROVEN[name]

    def build():
        fl.random.set_seed(11)
        return data().map(function).batch(16)

    if name not in ("a method", "picks by a value", "asks a value", "draws element by element"):
        assert why_not(function) is not None
    ran = []
    original = BlockFunction.run

    def noted(self, *rest, **named):
        ran.append((original(self, *rest, **named), self.reason))
        return ran[-1][0]

    monkeypatch.setattr(BlockFunction, "run", noted)
    list(build())
    fl.random.set_seed(None)
    assert [result for result, _ in ran] == [None] * len(ran)
    assert re.search(reason, ran[-1][1])


def test_what_changes_its_argument_is_not_proven() -> None:
    assert "in place" in why_not(inplace)
    assert [batch[0].shape for batch in data(20).map(inplace).batch(10)] == [(10, 6, 4, 3)] * 2


def test_calls_that_are_not_plain_functions() -> None:
    class Adds:
        def __call__(self, number):
            return number + 1

    assert "Adds" in why_not(Adds())
    assert why_not(len) is not None
    assert fl.Dataset.range(20).map(Adds()).batch(20).get_single_element().tolist() == list(range(1, 21))


def test_a_global_that_is_bound_anew_counts_at_once(monkeypatch) -> None:
    dataset = fl.Dataset.range(1000).map(lambda number: number + OFFSET).batch(10)
    iterator = iter(dataset)
    given = [next(iterator) for _ in range(50)]
    assert given[-1].tolist() == list(range(493, 503))
    monkeypatch.setitem(globals(), "OFFSET", 1000)
    rest = list(iterator)
    assert rest[-1].tolist() == list(range(1990, 2000))


def test_a_closure_that_changes_counts_at_once() -> None:
    offset = 1

    def add(number):
        return number + offset

    iterator = iter(fl.Dataset.range(1000).map(add).batch(10))
    assert next(iterator).tolist() == list(range(1, 11))
    offset = 500
    assert list(iterator)[-1].tolist() == list(range(1490, 1500))


def test_features_that_change_count_at_once(tmp_path) -> None:
    path = records(tmp_path, 200)
    wanted = dict(WANTED)
    iterator = iter(fl.TFRecordDataset(path).map(lambda data: fl.io.parse_single_example(data, wanted)).batch(10))
    assert sorted(next(iterator)) == ["number", "row"]
    wanted["row"] = fl.io.FixedLenFeature([2, 2], fl.float32)
    assert list(iterator)[-1]["row"].shape == (10, 2, 2)


def records(tmp_path, count: int, bad: int | None = None) -> str:
    path = str(tmp_path / "a.tfrecord")
    with fl.io.TFRecordWriter(path) as writer:
        for number in range(count):
            feature = {
                "number": Feature(int64_list=Int64List(value=[number])),
                "row": Feature(float_list=FloatList(value=[number / 3] * (3 if number == bad else 4))),
                "text": Feature(bytes_list=BytesList(value=[b"%d" % number])),
            }
            writer.write(Example(features=Features(feature=feature)).SerializeToString())
    return path


def test_records(tmp_path, monkeypatch) -> None:
    path = records(tmp_path, 100)
    wanted = {**WANTED, "text": fl.io.FixedLenFeature([], fl.string)}

    def parse(record):
        parsed = fl.io.parse_single_example(record, wanted)
        return parsed["row"] * 2, parsed["text"], parsed["number"], record

    on_blocks, one_by_one, ran = both_ways(lambda: fl.TFRecordDataset(path).map(parse).batch(16), monkeypatch)
    assert_same(on_blocks, one_by_one)
    assert ran


def test_a_sequence_in_a_record_is_not_padded_to_those_of_other_records(tmp_path) -> None:
    path = str(tmp_path / "sequences.tfrecord")
    counts = [2] * 40 + [1, 2] * 30
    with fl.io.TFRecordWriter(path) as writer:
        for count in counts:
            feature = {"n": Feature(int64_list=Int64List(value=[7] * count))}
            writer.write(Example(features=Features(feature=feature)).SerializeToString())
    wanted = {"n": fl.io.FixedLenSequenceFeature([], "int64", allow_missing=True)}
    dataset = fl.TFRecordDataset(path).map(lambda record: fl.io.parse_single_example(record, wanted))
    assert [len(element["n"]) for element in dataset] == counts


@pytest.mark.parametrize("calls", [None, 2])
def test_an_error_is_that_of_the_element(tmp_path, calls) -> None:
    path = records(tmp_path, 100, bad=57)
    dataset = fl.TFRecordDataset(path).map(lambda data: fl.io.parse_single_example(data, WANTED)["number"], calls)
    given = []
    with pytest.raises(fl.errors.FeatureLengthError, match="'row'") as caught:
        given.extend(batch.tolist() for batch in dataset.batch(10))
    assert given == [list(range(start, start + 10)) for start in range(0, 50, 10)]
    assert "record 57 of" in str(caught.value)
    assert "test_vectorise.py" in str(caught.value)


def test_elements_of_other_shapes_go_one_by_one() -> None:
    images = [np.full((number % 3 + 1, 2), number, np.float32) for number in range(40)]
    dataset = fl.Dataset.from_generator(lambda: iter(images), output_signature=fl.TensorSpec((None, 2), "float32"))
    given = list(dataset.map(lambda image: image * 2).padded_batch(10))
    assert [batch.shape for batch in given] == [(10, 3, 2)] * 4
    assert [int(batch[row].max()) for batch in given for row in range(10)] == [2 * number for number in range(40)]


def test_a_batch_that_is_kept_does_not_change() -> None:
    iterator = iter(fl.Dataset.range(4000).map(lambda number: number * 2).batch(20))
    kept = [next(iterator) for _ in range(50)]
    copies = [batch.copy() for batch in kept]
    for batch in iterator:
        batch[:] = -1
    assert all(np.array_equal(one, other) for one, other in zip(kept, copies, strict=True))


def test_the_given_arrays_are_not_changed_by_who_gets_them() -> None:
    images = np.zeros((64, 4), np.float32)
    for batch in fl.Dataset.from_tensor_slices(images).map(lambda image: image).batch(8):
        batch += 1
    assert not images.any()


NUMBERS = st.sampled_from([0, 1, 2, 3, 7, 0.5, -1.5, 255, 1e-3])
STEPS = {
    "+": lambda value, number: value + number,
    "-": lambda value, number: number - value,
    "*": lambda value, number: value * number,
    "/": lambda value, number: value / (number + 1),
    "//": lambda value, number: value // (number + 1),
    "%": lambda value, number: value % (number + 2),
    "max": lambda value, number: np.maximum(value, number),
    "less": lambda value, number: value < number,
    "cast": lambda value, number: fl.cast(value, fl.float32),
    "image": lambda value, number: fl.image.convert_image_dtype(value, fl.float32),
    "slice": lambda value, number: value[..., ::-1],
    "abs": lambda value, number: abs(value),
}


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["uint8", "int32", "int64", "float32", "float64"]),
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), NUMBERS), min_size=1, max_size=4),
)
def test_chains_of_operations(dtype: str, chain: list) -> None:
    values = (np.arange(40 * 6).reshape(40, 2, 3) * 37 % 251).astype(dtype)
    first, second, third, fourth = (STEPS[chain[i % len(chain)][0]] for i in range(4))
    a, b, c, d = (chain[i % len(chain)][1] for i in range(4))

    def function(value):
        return fourth(third(second(first(value, a), b), c), d)

    def run(least):
        vectorise.LEAST_ROWS = least
        try:
            return elements(fl.Dataset.from_tensor_slices(values).map(function).batch(20))
        except (fl.errors.FeedlineError, TypeError) as error:
            return type(error)

    before = vectorise.LEAST_ROWS
    try:
        ours, theirs = run(8), run(1 << 40)
    finally:
        vectorise.LEAST_ROWS = before
    if isinstance(theirs, list):
        assert_same(ours, theirs)
    else:
        assert ours is theirs


@dataclass
class _Times:
    factor: int

    def __call__(self, number):
        return number * self.factor


def test_objects_without_a_hash_and_functions_without_a_module_are_explained() -> None:
    times = _Times(3)
    assert "calls times()" in why_not(lambda number: times(number))
    names: dict = {}
    exec("def double(number): return number * 2\ndef use(number): return double(number)", names)
    assert names["double"].__module__ is None
    dataset = fl.Dataset.range(20).map(names["use"])
    assert "runs on blocks" in str(dataset.explain())
    assert iter(dataset).state_dict()["given"] == 0


class _Counting(int):
    times = 0

    def __mul__(self, other):
        _Counting.times += 1
        return other + _Counting.times


def test_a_number_of_a_class_of_its_own_is_no_constant() -> None:
    count = _Counting(3)
    assert "_Counting" in why_not(lambda number: count * number)
    batch = fl.Dataset.range(200).map(lambda number: count * number * 0).batch(200).get_single_element()
    assert batch.tolist() == [0] * 200
    assert _Counting.times == 200


@pytest.mark.parametrize("size", [7, 16])
def test_batches_of_records(tmp_path, monkeypatch, size) -> None:
    path = records(tmp_path, 100)
    wanted = {**WANTED, "text": fl.io.FixedLenFeature([], fl.string)}

    def build():
        dataset = fl.TFRecordDataset(path).batch(size)
        return dataset.map(lambda batch: fl.io.parse_example(batch, wanted), num_parallel_calls=2).prefetch(4)

    on_blocks, one_by_one, ran = both_ways(build, monkeypatch)
    assert_same(on_blocks, one_by_one)
    assert ran


def test_large_elements_are_computed_one_after_the_other_into_the_block(monkeypatch) -> None:
    images = np.arange(10 * 400 * 400 * 3, dtype=np.uint8).reshape(10, 400, 400, 3)

    def run(function):
        return both_ways(lambda: fl.Dataset.from_tensor_slices(images).map(function).batch(10), monkeypatch)

    for function in (lambda image: fl.cast(image, fl.float32) / 255.0, lambda image: image.astype("float64") + image):
        on_blocks, one_by_one, ran = run(function)
        assert_same(on_blocks, one_by_one)
        assert ran


def test_an_array_that_is_changed_is_no_constant_any_more() -> None:
    offset = np.zeros(3, np.float32)
    dataset = fl.Dataset.from_tensor_slices(np.zeros((64, 3), np.float32)).map(lambda row: row + offset).batch(16)
    for number in range(3):
        assert [float(batch.sum()) for batch in dataset] == [48.0 * number] * 4
        offset += 1
    assert offset.tolist() == [3.0] * 3


def test_a_method_that_changes_an_array_does_so_once_an_element() -> None:
    counts = np.zeros(8, np.int64)
    dataset = fl.Dataset.from_tensor_slices(np.zeros(16, np.int64)).map(lambda row: (counts.partition(1), row)[1])
    assert [int(row) for row in dataset] == [0] * 16
    order = np.array([3, 2, 1])
    dataset = fl.Dataset.from_tensor_slices(np.zeros(16, np.int64)).map(lambda row: (order.sort(), row + order)[1])
    assert np.array_equal(next(iter(dataset)), [1, 2, 3])
