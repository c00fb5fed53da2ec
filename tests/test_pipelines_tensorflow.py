"""Random pipelines, run through tf.data and through feedline: the same elements, specs, cardinality and failures.

What the pipelines are made of stands in `pipelines/`.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import feedline as fl

tf = pytest.importorskip("tensorflow")

sys.path.insert(0, str(Path(__file__).parent))

from pipelines.compare import MOST, plain, same, same_spec  # noqa: E402
from pipelines.libraries import Fl, tensorflow  # noqa: E402
from pipelines.steps import LEARNT, SOURCES, STEPS, accepted, apply, fits, resolved, source  # noqa: E402

Tf = tensorflow()

PARTS, EXAMPLES = 12, 175
"""Into how many tests the pipelines are split, so that they run side by side, and how many each draws."""

PIPELINES = st.tuples(SOURCES, st.lists(STEPS, min_size=1, max_size=6), st.integers(0, 19))


class Built:
    """A pipeline of one library, as far as it could be built and run."""

    def __init__(self) -> None:
        self.dataset = None
        self.elements: list = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for element in itertools.islice(self.dataset, MOST):
                self.elements.append(plain(element))
        except Exception as error:
            self.error = error


@tf.autograph.experimental.do_not_convert  # autograph has nothing to do here, and takes most of the time
def build_theirs(first: tuple, steps: list[tuple], force: int) -> tuple[Built, list[tuple]]:
    """Returns the pipeline of tf.data, and those steps that make sense, or one that makes none and was forced."""
    built, kept = Built(), []
    try:
        built.dataset = source(Tf, *first)
        for number, step in enumerate(steps):
            spec = built.dataset.element_spec
            if fits(step, spec, kept) or (number == force and not accepted(step, spec)):
                kept.append(resolved(step, spec))
                built.dataset = apply(Tf, built.dataset, kept[-1])
    except Exception as error:
        built.dataset, built.error = None, error
    return built, kept


def build_ours(first: tuple, steps: list[tuple]) -> Built:
    built = Built()
    try:
        built.dataset = source(Fl, *first)
        for step in steps:
            built.dataset = apply(Fl, built.dataset, step)
    except Exception as error:
        built.dataset, built.error = None, error
    return built


def check(first: tuple, steps: list[tuple], force: int) -> None:
    """Runs a pipeline through both libraries, and compares all that comes out."""
    theirs, steps = build_theirs(first, steps, force)
    ours = build_ours(first, steps)
    for built in (theirs, ours):
        if built.dataset is not None:
            built.run()
    if theirs.error is not None and ours.error is None and any(step[0] == "batch" and step[2] for step in steps):
        same(theirs.elements, ours.elements)  # what drop_remainder drops is not computed, so cannot fail
        return
    assert (ours.error is None) == (theirs.error is None), (theirs.error, ours.error)
    if ours.error is not None:
        assert isinstance(ours.error, fl.errors.FeedlineError), ours.error
    if theirs.dataset is None:
        return
    same(theirs.elements, ours.elements)
    if ours.dataset is None:
        return
    cardinality = int(theirs.dataset.cardinality())
    if ours.dataset.cardinality() != cardinality:  # feedline may know more; TensorFlow may even be wrong
        assert ours.dataset.cardinality() in (len(theirs.elements), fl.UNKNOWN_CARDINALITY) or ours.error is not None
        assert (
            cardinality != fl.INFINITE_CARDINALITY
            or len(theirs.elements) < MOST
            or any(step[0] in ("interleave", "sample_in_turn", "choose") for step in steps)
        )
    if theirs.elements:
        exact = not any(step[0] in LEARNT for step in steps)
        same_spec(theirs.dataset.element_spec, ours.dataset.element_spec, exact)
    if ours.error is None:  # and once more: a second epoch is as the first, where nothing is random
        same(theirs.elements, [plain(element) for element in itertools.islice(ours.dataset, MOST)])


def checked(part: int, examples: int):
    """Returns a function that draws pipelines and checks them."""

    @hypothesis.seed(part)
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(PIPELINES)
    def draw(pipeline) -> None:
        check(*pipeline)

    return draw


@pytest.mark.parametrize("part", range(PARTS))
def test_same_elements(part: int) -> None:
    checked(part, EXAMPLES)()


@pytest.mark.parametrize(
    "argument",
    [("batch", 0), ("batch", -1), ("shard", 2, 2), ("shard", 2, -1), ("shard", 0, 0), ("shuffle", 0), ("take", "a")],
)
def test_bad_arguments_fail_in_both(argument) -> None:
    assert build_theirs(("range", (4,)), [argument], 0)[0].error is not None
    assert isinstance(build_ours(("range", (4,)), [argument]).error, fl.errors.ArgumentError)


def test_buffered_shuffle_has_their_distribution() -> None:
    """Where each element of a stream lands, over many seeds: both libraries' counts come from one distribution."""
    count, buffer, runs = 6, 3, 400

    def table(lib, element_of):
        places = np.zeros((count, count))
        for seed in range(runs):
            order = element_of(lib, seed)
            places[order, np.arange(count)] += 1
        return places

    def theirs(lib, seed):
        return [int(x) for x in lib.Dataset.range(count).shuffle(buffer, seed=seed).as_numpy_iterator()]

    def ours(lib, seed):
        numbers = lib.Dataset.from_generator(lambda: iter(np.arange(count)))
        return [int(x) for x in numbers.shuffle(buffer, seed=seed)]

    a, b = table(Tf, theirs), table(Fl, ours)
    assert ((a == 0) == (b == 0)).all()  # an element can leave at most buffer - 1 places early, and nothing else
    seen = (a + b) > 0
    statistic = ((a - b)[seen] ** 2 / (a + b)[seen]).sum()
    # at most 30 cells vary freely; chi-square of 36 degrees of freedom exceeds 68 once in 1000 times; seeds are fixed
    assert statistic < 68


def test_the_specs_of_tensorflow_are_taken() -> None:
    signature = (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.string))
    dataset = fl.Dataset.from_generator(lambda: iter([(np.zeros(2, np.float32), "a")]), output_signature=signature)
    assert dataset.element_spec == (fl.TensorSpec((None,), "float32"), fl.TensorSpec((), "string"))
    ragged = fl.Dataset.from_generator(lambda: iter([]), output_signature=tf.RaggedTensorSpec((2, None), tf.int64))
    assert ragged.element_spec == fl.RaggedTensorSpec((2, None), "int64", 1)


def test_tensors_of_tensorflow_are_values() -> None:
    dataset = fl.Dataset.from_tensor_slices((tf.range(3), tf.constant(["a", "b", "c"])))
    assert [(int(a), b) for a, b in dataset] == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert [int(x) for x in dataset.map(lambda a, b: tf.cast(a, tf.int64) * 2)] == [0, 2, 4]
