"""Random pipelines: what they are drawn from, each step a piece of code that either library runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pipelines import functions
from pipelines.elements import ROWS, has_dataclass, leaves, map_leaves


@dataclass(frozen=True)
class Step:
    """One step of a pipeline.

    Args:
        kind: what it does, in a word.
        code: an expression of the dataset `ds` and the library `lib`.
        words: what else decides which elements it can be used on.
    """

    kind: str
    code: str
    words: tuple[str, ...] = ()

    def for_spec(self, spec: Any) -> Step:
        """Returns the step with its arguments in the structure of the elements, where they must have it."""
        return self


@dataclass(frozen=True)
class Padded(Step):
    """padded_batch, or bucket_by_sequence_length, with shapes and values in the structure of the elements.

    Args:
        grow: by how much each padded length is longer than the element's, plus one; 0 for None; None for no shapes.
        values: a padding value for each component; None for none.
    """

    grow: tuple[int, int] | None = None
    values: tuple[int | None, int | None] | None = None

    def for_spec(self, spec: Any) -> Step:
        shapes = None if self.grow is None else map_leaves(lambda leaf: _padded_shape(leaf, self.grow), spec)
        given = iter(self.values or ())
        values = None if self.values is None else map_leaves(lambda leaf: _padding_value(leaf, next(given, None)), spec)
        return Step(self.kind, self.code.format(shapes=repr(shapes), values=repr(values)), self.words)


def _padded_shape(leaf: Any, grow: tuple[int, int]) -> list[int | None] | None:
    if type(leaf).__name__ != "TensorSpec" or leaf.shape.rank is None:
        return None
    by = (*grow, 1, 1, 1)
    return [
        None if by[axis] == 0 else (2 if length is None else length) + by[axis] - 1
        for axis, length in enumerate(leaf.shape)
    ]


def _padding_value(leaf: Any, value: int | None) -> Any:
    if value is None or type(leaf).__name__ != "TensorSpec":
        return None
    return "pad" if leaf.dtype.name == "string" else leaf.dtype.as_numpy_dtype(value)


def run(lib: Any, step: Step, dataset: Any = None) -> Any:
    """Returns the dataset with one step more."""
    return eval(step.code, {**vars(functions), "lib": lib, "ds": dataset})


def code_of(steps: Sequence[Step]) -> str:
    """Returns a pipeline as a program: run in `tests/`, with the library of one's choice."""
    lines = [f"ds = {step.code}" for step in steps]
    head = ["from pipelines.functions import *", "from pipelines.libraries import Fl as lib  # or lib = tensorflow()"]
    return "\n".join([*head, *lines, "print(ds.element_spec, ds.cardinality(), *ds, sep='\\n')"])


def _drawn(kind: str, code: str, *arguments: Any, words: Any = lambda *drawn: ()) -> st.SearchStrategy[Step]:
    """Returns a strategy of steps: the arguments that are drawn fill the places in the code."""
    drawn = st.tuples(*(_strategy(argument) for argument in arguments))
    return drawn.map(lambda values: Step(kind, code.format(*values), tuple(words(*values))))


def _strategy(argument: Any) -> st.SearchStrategy:
    return argument if isinstance(argument, st.SearchStrategy) else st.sampled_from(argument)


_bool = st.booleans()
_calls = st.sampled_from([None, None, 1, 2, "lib.AUTOTUNE"])
_deterministic = st.sampled_from([None, True])  # False lets tf.data give them in any order
_inner = st.sampled_from(functions.INNER)

_OPTIONS = ["", "drop_remainder=True", "no_padding=True", "pad_to_bucket_boundary=True"]


def _drops(*drawn: Any) -> list[str]:
    return ["drops"] if drawn[1] else []


def _learns(*drawn: Any) -> list[str]:
    return ["learns"]


def _pads(*drawn: Any) -> list[str]:
    return ["pads"]


_GENERATOR = "lib.Dataset.from_generator({}, output_signature={})".format
_NUMBERS = "(lib.TensorSpec((), np.int64), lib.TensorSpec((None,), np.float32))"
_NAMED = "{{'n': lib.TensorSpec((), np.int32), 'text': lib.TensorSpec({}, lib.string)}}"
_lengths = st.lists(st.integers(0, 5), max_size=6)

SOURCES = st.one_of(
    _drawn("range", "lib.Dataset.range{}", ["(0)", "(9)", "(3, 8)", "(10, 0, -3)", "(5, 2)", "(0, 20, 7)"]),
    _drawn("range", "lib.Dataset.range({}, output_type=np.{})", (0, 1, 7), ["int32", "float32", "uint8", "int64"]),
    _drawn("slices", "lib.Dataset.from_tensor_slices({})", ROWS),
    _drawn("tensors", "lib.Dataset.from_tensors({})", ROWS),
    _drawn("generator", _GENERATOR("numbers({})", _NUMBERS), st.integers(0, 7)),
    _drawn("generator", _GENERATOR("named_numbers({})", _NAMED), st.integers(0, 7), ["()", "None"]),
    _drawn("generator", _GENERATOR("sequences({}, 2)", "lib.TensorSpec((None, 2), np.float32)"), _lengths),
    _drawn(
        "generator",
        _GENERATOR("sequences({})", "lib.TensorSpec({}, np.float32)"),
        _lengths,
        ["(None,)", "(None,)", "None", "(2,)"],
    ),
    _drawn(
        "generator",
        "lib.Dataset.from_generator(counted, (np.int64, np.float32), {}, args=({},))",
        ["((), (None,))", "None"],
        st.integers(0, 5),
    ),
    _drawn("generator", _GENERATOR("ragged_rows(lib)", "lib.RaggedTensorSpec((None, None), np.int64)")),
    _drawn(
        "ragged",
        "lib.Dataset.{}",
        [
            "from_tensor_slices((lib.ragged(RAGGED), np.arange(4)))",
            "from_tensor_slices(lib.ragged(RAGGED))",
            "from_tensors(lib.ragged(RAGGED))",
        ],
    ),
    _drawn("counter", "lib.Dataset.counter({}, {}).take({})", (0, 3), (1, -2), (0, 6)),
)

_padding = {
    "grow": st.none() | st.tuples(st.integers(0, 3), st.integers(0, 3)),
    "values": st.none() | st.tuples(st.none() | st.integers(0, 1), st.none() | st.integers(0, 1)),
}
_BOUNDARIES = [((), (3,)), ((3,), (2, 1)), ((2, 4), (1, 2, 3)), ((8,), (2, 2)), ((6,), (4, 1))]
_BUCKETS = "ds.bucket_by_sequence_length(lambda *e: total(lib, whole(e)) % 7, {}, {}, {})"


def _padded_batches(size: int, drop: bool, grow: Any, values: Any) -> Step:
    code = f"ds.padded_batch({size}, {{shapes}}, {{values}}, {drop})"
    return Padded("padded", code, ("pads",), grow, values)


def _buckets(sizes: Any, options: str, grow: Any, values: Any) -> Step:
    words = ("pads", "boundary") if "boundary" in options else ("pads",)
    if "no_padding" in options:
        return Step("bucket", _BUCKETS.format(*sizes, options), words)
    given = f"padded_shapes={{shapes}}, padding_values={{values}}, {options}"
    return Padded("bucket", _BUCKETS.format(*sizes, given), words, grow, values)


STEPS = st.one_of(
    _drawn(
        "map",
        "ds.map(lambda *e: {}(lib, whole(e)), num_parallel_calls={}, deterministic={})",
        functions.MAPS,
        _calls,
        _deterministic,
        words=lambda function, *_: [function],
    ),
    _drawn("map", "ds.map(lambda *e: {}(lib, whole(e)))", functions.MAPS, words=lambda function: [function]),
    _drawn("filter", "ds.filter(lambda *e: total(lib, whole(e)) % 3 != {})", st.integers(0, 2)),
    _drawn("take_while", "ds.take_while(lambda *e: total(lib, whole(e)) < {})", st.integers(0, 9)),
    _drawn("batch", "ds.batch({}, {}, {})", st.integers(1, 4), _bool, _calls, words=_drops),
    st.builds(_padded_batches, st.integers(1, 4), _bool, **_padding),
    _drawn("padded", "ds.padded_batch({}, padding_values={})", st.integers(1, 4), ("np.int64(1)", "b'x'"), words=_pads),
    _drawn("ragged_batch", "ds.ragged_batch({}, {}, np.{})", st.integers(1, 3), _bool, ["int64", "int32"]),
    _drawn("unbatch", "ds.unbatch()"),
    _drawn(
        "rebatch", "ds.rebatch({}, {})", st.integers(1, 4) | st.lists(st.integers(1, 3), min_size=1, max_size=3), _bool
    ),
    _drawn("take", "ds.take({})", st.integers(-1, 6)),
    _drawn("skip", "ds.skip({})", st.integers(-1, 4)),
    _drawn("repeat", "ds.repeat({})", st.integers(0, 3)),
    _drawn("forever", "ds.repeat({}).take({})", ["", "-1", "None"], st.integers(0, 12)),
    st.integers(1, 3).flatmap(lambda n: _drawn("shard", f"ds.shard({n}, {{}})", st.integers(0, n - 1))),
    _drawn("enumerate", "ds.enumerate({})", st.integers(-2, 3)),
    _drawn("concatenate", "ds.concatenate(ds.take({}))", st.integers(0, 3)),
    _drawn(
        "zip",
        "lib.Dataset.zip({})",
        ["ds, lib.Dataset.range(3)", "(ds, ds)", "{'m': ds, 'l': lib.Dataset.range(9)}", "Pair(ds.skip(1), ds)"],
    ),
    st.tuples(SOURCES).map(lambda other: Step("zip", f"lib.Dataset.zip((ds, {other[0].code}))")),
    _drawn("cache", "ds.cache()"),
    _drawn("prefetch", "ds.prefetch({})", (0, 1, 3, "lib.AUTOTUNE")),
    _drawn(
        "interleave",
        "ds.interleave(lambda *e: {}(lib, whole(e)), {}, {}, {}, {})",
        _inner,
        st.integers(1, 4) | st.none(),
        st.integers(1, 3) | st.none(),
        _calls,
        _deterministic,
        words=lambda inner, *_: [inner],
    ),
    _drawn("flat_map", "ds.flat_map(lambda *e: {}(lib, whole(e)))", _inner, words=lambda inner: [inner]),
    _drawn(
        "window",
        "ds.window({}, {}, {}, {}){}",
        st.integers(1, 4),
        st.none() | st.integers(1, 5),
        st.integers(1, 3),
        _bool,
        [
            "",
            ".flat_map(lambda *w: zipped(lib, whole(w)))",
            ".flat_map(lambda *w: window_batch(lib, whole(w)))",
            ".flat_map(lambda *w: window_total(lib, whole(w)))",
            ".map(lambda *w: window_count(lib, whole(w)))",
        ],
        words=lambda *drawn: ["learns"] if drawn[-1] else [],
    ),
    _drawn(
        "group",
        "ds.group_by_window(lambda *e: long_total(lib, whole(e)) % {} - 1, "
        "lambda key, window: {}(lib, key, window), {})",
        st.integers(1, 4),
        functions.GROUPS,
        ["1", "2", "4", "window_size_func=lambda key: key + 2"],
        words=lambda _, function, __: ["pads"] if function == "group_padded" else [],
    ),
    st.builds(_buckets, st.sampled_from(_BOUNDARIES), st.sampled_from(_OPTIONS), **_padding),
    _drawn(
        "scan",
        "ds.scan({}(lib, state, e))",
        [
            "np.int64(0), lambda state, e: scan_sum",
            "np.int64(0), lambda state, e: scan_count",
            "{'n': np.int64(0), 'last': np.int32(-1)}, lambda state, e: scan_structure",
        ],
    ),
    _drawn("unique", "ds.unique()"),
    _drawn(
        "choose",
        "lib.Dataset.choose_from_datasets([ds, ds.skip(1), ds.take(1)], "
        "lib.Dataset.from_tensor_slices(np.array({}, np.int64)), {})",
        st.lists(st.integers(0, 3), max_size=7),
        _bool,
    ),
    _drawn(
        "sample",  # all of the weight on one: nothing is left to chance
        "lib.Dataset.sample_from_datasets([ds, ds.skip(1), ds.take(2)], {}, 1, {})",
        ["[0.5, 0.0, 0.0]", "[0.0, 0.5, 0.0]", "[0.0, 0.0, 2.0]"],
        _bool,
    ),
    _drawn(
        "sample",
        "lib.Dataset.sample_from_datasets([ds, ds.skip(1)], "
        "lib.Dataset.from_tensor_slices(np.eye(2, dtype=np.float32)[{}]), 1, {})",
        st.lists(st.integers(0, 1), min_size=1, max_size=7),
        _bool,
    ),
    _drawn(
        "mix",
        "lib.Dataset.sample_from_datasets([ds, ds.skip(1), ds.take(2)], {}, {}, False, {})",
        ["None", "[0.2, 0.5, 0.3]"],
        [None, 1],
        [None, True, False],
    ),
    _drawn("shuffle", "ds.shuffle({}, {}, {})", (1, 3, 50), (None, 1), (None, True, False)),
    _drawn("shuffle", "ds.shuffle({}, {}, {})", (1, 3, 50), (None, 1), (None, True, False)),
    _drawn(
        "resample",
        "ds.rejection_resample(lambda *e: total(lib, whole(e)) % 2, [0.25, 0.75], [0.25, 0.75], seed=1)",
    ),
    _drawn("ignored", "ds.map(lambda *e: fails(lib, whole(e), {}), {}).ignore_errors()", (2, 3, 4), _calls),
    _drawn("failing", "ds.map(lambda *e: fails(lib, whole(e), {}), {})", (3, 4, 9), _calls),
    _drawn("options", "with_options(lib, ds)"),
    _drawn("apply", "ds.apply(lambda before: before.skip({}))", st.integers(0, 2)),
    _drawn("stored", "{}", ["ds.cache(lib.folder())", "ds.snapshot(lib.folder())", "saved(lib, ds)"]),
)

_last = st.one_of(
    _drawn("reduce", "lib.Dataset.from_tensors(ds.reduce(np.int64(0), lambda s, e: s + long_total(lib, e)))"),
    _drawn(
        "reduce", "lib.Dataset.from_tensors(ds.reduce((0, np.int64(0)), lambda state, e: reduce_pair(lib, state, e)))"
    ),
    _drawn(
        "single", "lib.Dataset.from_tensors(ds{}.get_single_element())", ["", ".take(1)", ".batch(50)"], words=_learns
    ),
    _drawn("endless", "ds.repeat()"),
)
LAST = st.tuples(st.integers(0, 3), _last).map(lambda drawn: drawn[1] if drawn[0] == 3 else None)
"""What may end a pipeline."""

LEARNT = {"map", "scan", "resample", "flat_map", "interleave", "group", "bucket", "failing", "ignored"}
"""Steps after which feedline learns the spec by running them, so that it may be more exact than TensorFlow's."""

RANDOM = {"shuffle", "mix"}
"""Steps whose order is left to chance."""

UNORDERED = {"shuffle", "map", "filter", "cache", "prefetch", "options", "unbatch", "repeat", "flat_map", "interleave"}
UNORDERED |= {"unique", "ignored", "reduce"}
"""Steps that make the same set of any order of their elements."""

STORED = {"map", "filter", "batch", "padded", "prefetch", "enumerate", "options", "take_while", "scan", "reduce"}
"""Steps after one that stores elements: they read all of them, and once."""

CANNOT_FAIL = {"range", "slices", "tensors", "counter", "map", "filter", "take", "skip", "repeat", "forever", "shard"}
CANNOT_FAIL |= {"enumerate", "cache", "prefetch", "concatenate", "options", "shuffle", "apply", "zip"}
"""Steps that give all elements, whatever these are."""

OF_DATASETS = {"take", "skip", "repeat", "enumerate", "prefetch", "concatenate", "options", "forever", "shard"}
"""Steps that do not look at elements, which may then be datasets."""


def learns(step: Step) -> bool:
    """Says whether feedline learns the spec behind a step by running it."""
    return step.kind in LEARNT or "learns" in step.words


def safe(step: Step, before: Sequence[Step]) -> bool:
    """Says whether what a step gives can be compared, whatever the elements are."""
    kinds = {other.kind for other in before}
    if kinds & RANDOM and step.kind not in UNORDERED:
        return False
    if "stored" in kinds and step.kind not in STORED:
        return False
    if step.kind == "ignored" and not (
        kinds <= CANNOT_FAIL and "from_generator" not in "".join(s.code for s in before)
    ):
        return False  # where something else fails, and fails again and again, tf.data's ignore_errors never ends
    if step.kind == "stored" and "failing" in kinds:
        return False
    return not (step.kind in RANDOM and "failing" in kinds)


def unfit(step: Step, spec: Any, before: Sequence[Step]) -> bool:
    """Says whether feedline does with such elements what TensorFlow refuses to do, or gets wrong."""
    tensors = [leaf for leaf in leaves(spec) if type(leaf).__name__ in ("TensorSpec", "RaggedTensorSpec")]
    ragged_ranks = [leaf.ragged_rank for leaf in tensors if type(leaf).__name__ == "RaggedTensorSpec"]
    kinds = {other.kind for other in before}
    if "lib, " in step.code and any(type(leaf).__name__ == "DatasetSpec" for leaf in leaves(spec)):
        return True  # the functions of the pipelines know nothing of datasets
    if "pads" in step.words and has_dataclass(spec):
        return True  # tf.data asks for the length of a dataclass
    if step.kind == "resample" and isinstance(spec, tuple) and len(spec) == 1:
        return True  # tf.data takes the element out of a tuple of one here and there, as chance has it
    if (
        "batch" in step.code
        and min(ragged_ranks, default=2) < 1 + (step.kind == "rebatch")
        and any(map(learns, before))
    ):
        return True  # feedline has learnt of an array, not that it is a row of a ragged tensor
    if "pads" in step.words and (ragged_ranks or any(leaf.shape.rank is None for leaf in tensors)):
        return True  # tf.data pads no rows of ragged tensors, and nothing of unknown rank
    if step.kind in ("unbatch", "rebatch") and any(not all(leaf.shape[1:]) for leaf in tensors if leaf.shape.rank):
        return not ragged_ranks  # the process dies of unbatching rows with nothing in them
    if "repeat(0)" in step.code and "shuffle" in kinds:
        return True  # tf.data takes the two for one step, which refuses 0
    if min(ragged_ranks, default=1) < 1:
        if "batch" in step.code and kinds & {"unbatch", "rebatch"}:
            return True  # of rows of rows of ragged tensors tf.data makes batches that it cannot use further
        return "snapshot" in step.code  # tf.data forgets that they are rows of a ragged tensor
    return False


def fits(step: Step, spec: Any, before: Sequence[Step]) -> bool:
    """Says whether a step can do something with the elements that a spec of TensorFlow's describes."""
    kind = step.kind
    kinds = [type(leaf).__name__ for leaf in leaves(spec)]
    tensors = [leaf for leaf in leaves(spec) if type(leaf).__name__ in ("TensorSpec", "RaggedTensorSpec")]
    plain = all(name in ("TensorSpec", "NoneTensorSpec") for name in kinds)
    if "DatasetSpec" in kinds:
        return kind in OF_DATASETS
    if not tensors:
        return False
    ranks = [leaf.shape.rank for leaf in tensors]
    if kind in ("unbatch", "rebatch") or "inner_rows" in step.words:
        return all(rank for rank in ranks)
    if kind == "unique":
        return len(kinds) == 1 and plain
    if "pads" in step.words:
        if "boundary" in step.words and any(map(learns, before)):
            return False  # to the boundary is padded what is not known to be of one length
        return kinds == ["TensorSpec"] * len(kinds) and None not in ranks
    if kind == "ragged_batch":  # after map TensorFlow may not know lengths that are all alike
        return not any(map(learns, before))
    if kind in ("failing", "ignored") or "twice" in step.words or "double" in step.words:
        return plain
    if kind == "window":
        return "NoneTensorSpec" not in kinds and plain
    return True
