"""Random pipelines, run through tf.data and through feedline: the same elements, specs, cardinality and failures.

What the pipelines are made of stands in `pipelines/`. More of them, and others:

    FEEDLINE_PIPELINES=1000 FEEDLINE_PIPELINES_SEED=7 python -m pytest tests/test_pipelines_tensorflow.py
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.engine import ConjectureRunner

import feedline as fl

tf = pytest.importorskip("tensorflow")

sys.path.insert(0, str(Path(__file__).parent))

from pipelines.compare import plain, same, same_spec  # noqa: E402
from pipelines.libraries import Fl, tensorflow  # noqa: E402
from pipelines.rules import RANDOM, fits, learns, safe, unfit  # noqa: E402
from pipelines.sources import SOURCES  # noqa: E402
from pipelines.step import Step, code_of, run  # noqa: E402
from pipelines.steps import LAST, STEPS  # noqa: E402

Tf = tensorflow()

MOST = 40
"""How many elements of a pipeline are compared at the most."""

ALL = 500
"""How many, where the order is left to chance: then all are needed."""

PARTS = 12
"""Into how many tests the pipelines are split, so that they run side by side."""

EXAMPLES = int(os.environ.get("FEEDLINE_PIPELINES", "175"))
"""How many pipelines each part draws. FEEDLINE_PIPELINES asks for more, FEEDLINE_PIPELINES_SEED for others."""

SEED = int(os.environ.get("FEEDLINE_PIPELINES_SEED", "0"))

pytestmark = pytest.mark.filterwarnings("ignore:The .deterministic. argument has no effect")

PIPELINES = st.tuples(SOURCES, st.lists(STEPS, min_size=1, max_size=12), st.integers(1, 4), LAST, st.integers(0, 29))
"""A source, steps of which those are taken that fit, up to a number; what ends it; and a step taken in any case."""


class Built:
    """A pipeline of one library, as far as it could be built and run.

    Args:
        most: how many elements are read at the most.
    """

    def __init__(self, most: int = MOST) -> None:
        self.dataset = None
        self.most = most
        self.elements: list = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for element in itertools.islice(self.dataset, self.most):
                self.elements.append(plain(element))
        except Exception as error:
            self.error = error

    def again(self) -> None:
        self.elements, self.error = [], None
        self.run()


@tf.autograph.experimental.do_not_convert  # autograph has nothing to do here, and takes most of the time
def build_theirs(source: Step, steps: list[Step], most: int, last: Step | None, force: int) -> tuple[Built, list[Step]]:
    """Returns the pipeline of tf.data, and those steps that make sense, or one that makes none and was forced."""
    built, kept = Built(), [source]
    try:
        built.dataset = run(Tf, source)
        for number, step in enumerate([*steps, last]):
            if step is None or (step is not last and len(kept) > most):
                continue
            spec = built.dataset.element_spec
            if not safe(step, kept) or unfit(step, spec, kept):
                continue
            if fits(step, spec, kept) or number == force:
                kept.append(step.for_spec(spec))
                built.dataset = run(Tf, kept[-1], built.dataset)
    except Exception as error:
        built.dataset, built.error = None, error
    return built, kept


def build_ours(steps: list[Step]) -> Built:
    built = Built()
    try:
        for step in steps:
            built.dataset = run(Fl, step, built.dataset)
    except Exception as error:
        built.dataset, built.error = None, error
    return built


def check(source: Step, steps: list[Step], most: int, last: Step | None, force: int) -> None:
    """Runs a pipeline through both libraries, and compares all that comes out; a failure tells it as a program."""
    theirs, steps = build_theirs(source, steps, most, last, force)
    try:
        compare(theirs, build_ours(steps), steps)
    except AssertionError as error:
        error.add_note(f"\nThe pipeline:\n\n{code_of(steps)}\n")
        raise


def compare(theirs: Built, ours: Built, steps: list[Step]) -> None:
    kinds = {step.kind for step in steps}
    unordered = bool(kinds & RANDOM)
    for built in (theirs, ours):
        built.most = ALL if unordered else MOST
        if built.dataset is not None:
            built.run()
    bad_file = any("bad_file" in step.words for step in steps)
    if ours.error is not None and bad_file:
        assert isinstance(ours.error, fl.errors.FeedlineError), ours.error
        if not unordered:  # feedline looks at files before their first element, and then gives none of them
            same(theirs.elements[: len(ours.elements)], ours.elements)
        return
    if theirs.error is not None and any(map(leaves_out, steps)):
        if theirs.dataset is not None and not unordered:  # what is left out is not computed, so cannot fail
            same(theirs.elements, ours.elements[: len(theirs.elements)])
        return
    if any(map(learns, steps)) and unknowable(theirs, ours):
        return
    told = theirs.error is None and any("full_windows" in step.words for step in steps)  # tf.data says nothing of it
    assert told or (ours.error is None) == (theirs.error is None), (
        f"tf.data: {theirs.error!r} {theirs.error}\nfeedline: {ours.error!r}"
    )
    if ours.error is not None:
        assert isinstance(ours.error, fl.errors.FeedlineError), ours.error
    if theirs.dataset is None:
        return
    if unordered and ours.error is not None:
        return  # which elements come before the one that fails is as random as their order
    if len(theirs.elements) < len(ours.elements):
        theirs.again()  # what reads ahead of a failure, told or not, may once in thousands forget what came before it
    same_elements(theirs.elements, ours.elements, unordered)
    if ours.dataset is None:
        return
    # neither library knows the number of what repeats nothing at all, nor of a file that cannot be read
    if not bad_file and "forever" not in kinds:
        same_cardinality(theirs, ours, uncounted(steps))
    if theirs.elements:
        exact = not any(map(learns, steps))
        same_spec(theirs.dataset.element_spec, ours.dataset.element_spec, exact)
    if ours.error is None:  # and once more: a second epoch is as the first, where nothing is random
        again = [plain(element) for element in itertools.islice(ours.dataset, ours.most)]
        same_elements(theirs.elements, again, unordered)


def leaves_out(step: Step) -> bool:
    """Says whether a step leaves out elements, which feedline then does not compute, as far as it can."""
    return "drops" in step.words or "skip" in step.code or step.kind in ("shard", "zip")


def unknowable(theirs: Built, ours: Built) -> bool:
    """Says whether there is no element from which feedline could have learnt what tf.data knows by tracing."""
    unseen = theirs.dataset is None and ours.error is None and not ours.elements
    empty = isinstance(ours.error, fl.errors.EmptyDatasetError)
    stored = "has no elements, and what they would be" in str(ours.error)
    return unseen or (theirs.error is None and (empty or stored))


def same_elements(theirs: list, ours: list, unordered: bool) -> None:
    """Asserts that the elements are alike, in any order if need be."""
    if unordered:
        theirs, ours = sorted(map(repr, theirs)), sorted(map(repr, ours))
    same(theirs, ours)


def uncounted(steps: list[Step]) -> bool:
    """Says whether there may be a step whose number of elements feedline cannot know without running something."""
    learnt = [number for number, step in enumerate(steps) if learns(step)]
    rows = [number for number, step in enumerate(steps) if step.kind == "unbatch"]
    return any("reader" in step.words for step in steps) or bool(learnt and rows and learnt[0] < rows[-1])


def same_cardinality(theirs: Built, ours: Built, uncounted: bool) -> None:
    """Asserts that feedline's cardinality is TensorFlow's, or that feedline knows better."""
    said, known = int(theirs.dataset.cardinality()), ours.dataset.cardinality()
    if known == said or (uncounted and known == fl.UNKNOWN_CARDINALITY):
        return
    right = known >= 0 and (known == len(theirs.elements) < theirs.most or ours.error is not None)
    assert right, f"tf.data says {said}, feedline {known}, of {len(theirs.elements)} elements"


def check_part(part: int, examples: int) -> int:
    """Draws pipelines, checks them, and returns how many there were."""
    count = 0

    @hypothesis.seed(SEED * PARTS + part)
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(PIPELINES)
    def draw(pipeline) -> None:
        nonlocal count
        check(*pipeline)
        count += 1

    draw()
    return count


@pytest.fixture(autouse=True)
def no_variations(monkeypatch) -> None:
    """Keeps hypothesis from drawing five near copies of every pipeline: two of three were pipelines seen before."""
    monkeypatch.setattr(ConjectureRunner, "generate_mutations_from", lambda *_: None, raising=False)


INSIDE = "FEEDLINE_PIPELINES_INSIDE"
"""Set in the processes that the parts run in: the file to which they write how many pipelines were alike."""

SECONDS = 120 + 2 * EXAMPLES
TRIES = 3


@pytest.mark.parametrize("part", range(PARTS))
def test_same_elements(part: int, tmp_path: Path) -> None:
    """Runs a part in a process of its own, and again where TensorFlow stands still.

    While a graph is being built, tf.data's threads of an earlier pipeline may wait for Python's lock with TensorFlow's
    own lock on stack traces in hand: a deadlock within TensorFlow (`tf_stack.extract_stack`), seen once in thousands of
    pipelines. The pipelines of a part are the same in every try, so nothing is let off.
    """
    if INSIDE in os.environ:
        Path(os.environ[INSIDE]).write_text(str(check_part(part, EXAMPLES)))
        return
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    command += [f"{__file__}::test_same_elements[{part}]"]
    checked = tmp_path / "checked"
    environment = {**os.environ, INSIDE: str(checked)}
    for _ in range(TRIES):
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            continue
        assert done.returncode == 0, done.stdout + done.stderr
        assert int(checked.read_text()) >= EXAMPLES, done.stdout
        return
    pytest.fail(f"part {part} stood still {TRIES} times for {SECONDS} seconds")


BAD = [
    "lib.Dataset.range(0, 5, 0)",
    "lib.Dataset.from_tensor_slices((np.arange(3), np.arange(4)))",
    "lib.Dataset.from_tensor_slices(3)",
    "ds.batch(0)",
    "ds.batch(-1)",
    "ds.padded_batch(0)",
    "ds.padded_batch(2, [3])",
    "ds.batch(2).padded_batch(2, [1])",
    "ds.padded_batch(2, padding_values='x')",
    "ds.ragged_batch(0)",
    "ds.rebatch(2)",
    "ds.unbatch()",
    "ds.shard(2, 2)",
    "ds.shard(2, -1)",
    "ds.shard(0, 0)",
    "ds.shuffle(0)",
    "ds.take('a')",
    "ds.skip(1.5)",
    "ds.enumerate('a')",
    "ds.prefetch(-3)",
    "ds.window(0)",
    "ds.window(2, 0)",
    "ds.window(2, 1, 0)",
    "ds.interleave(lib.Dataset.range, 0)",
    "ds.interleave(lib.Dataset.range, 1, 0)",
    "ds.interleave(lib.Dataset.range, 1, 1, 0)",
    "ds.flat_map(lambda n: n)",
    "ds.map(lambda n: n, num_parallel_calls=0)",
    "ds.filter(lambda n: n)",
    "ds.take_while(lambda n: n)",
    "ds.scan(np.int64(0), lambda state, n: n)",
    "ds.scan(np.int32(0), lambda state, n: (n, n))",
    "ds.reduce(np.int32(0), lambda state, n: n)",
    "ds.reduce((np.int64(0), np.int64(0)), lambda state, n: n)",
    "ds.group_by_window(lambda n: n, lambda key, window: window)",
    "ds.group_by_window(lambda n: n, lambda key, window: window, 1, lambda key: key)",
    "ds.group_by_window(lambda n: n, lambda key, window: key, 1)",
    "ds.group_by_window(lambda n: n, lambda key, window: window, window_size_func=lambda key: key * 0)",
    "ds.bucket_by_sequence_length(lambda n: total(lib, n), [2, 4], [1])",
    "lib.Dataset.sample_from_datasets([])",
    "lib.Dataset.sample_from_datasets([ds, ds], [1.0])",
    "lib.Dataset.sample_from_datasets([ds, lib.Dataset.zip((ds, ds))])",
    "lib.Dataset.choose_from_datasets([], lib.Dataset.range(2))",
    "lib.Dataset.choose_from_datasets([ds, ds], lib.Dataset.range(3))",
    "lib.Dataset.choose_from_datasets([ds], lib.Dataset.from_tensor_slices(np.zeros(2, np.int32)))",
    "lib.Dataset.zip((ds, 3))",
    "ds.concatenate(lib.Dataset.zip((ds, ds)))",
    "ds.concatenate(lib.Dataset.from_tensors(np.float32(1)))",
    "lib.Dataset.zip((ds, ds)).unique()",
    "lib.Dataset.from_tensor_slices(np.zeros(3)).unique()",
    "ds.get_single_element()",
    "ds.take(0).get_single_element()",
    "len(ds.repeat())",
    "len(ds.filter(lambda n: n < 2))",
    "ds.apply(3)",
    "ds.map(3)",
]


@pytest.mark.parametrize("code", BAD)
def test_what_is_wrong_fails_in_both(code) -> None:
    source, step = Step("range", "lib.Dataset.range(4)"), Step("bad", code)
    theirs, ours = Built(), build_ours([source, step])
    try:
        theirs.dataset = run(Tf, step, run(Tf, source))
    except Exception as error:
        theirs.error = error
    for built in (theirs, ours):
        if built.dataset is not None:
            built.run()
    assert theirs.error is not None
    assert isinstance(ours.error, fl.errors.FeedlineError), ours.error


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
