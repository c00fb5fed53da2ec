"""The steps that random pipelines are drawn from."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pipelines import functions
from pipelines.rules import RANDOM, learns
from pipelines.sources import SOURCES
from pipelines.step import Padded, Step, drawn

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


def _zip_with(other: Step) -> Step:
    words = (*other.words, "learns") if learns(other) else other.words
    return Step("zip", f"lib.Dataset.zip((ds, {other.code}))", words)


STEPS = st.one_of(
    drawn(
        "map",
        "ds.map(lambda *e: {}(lib, whole(e)), num_parallel_calls={}, deterministic={})",
        functions.MAPS,
        _calls,
        _deterministic,
        words=lambda function, *_: [function],
    ),
    drawn("map", "ds.map(lambda *e: {}(lib, whole(e)))", functions.MAPS, words=lambda function: [function]),
    drawn("filter", "ds.filter(lambda *e: total(lib, whole(e)) % 3 != {})", st.integers(0, 2)),
    drawn("take_while", "ds.take_while(lambda *e: total(lib, whole(e)) < {})", st.integers(0, 9)),
    drawn("batch", "ds.batch({}, {}, {})", st.integers(1, 4), _bool, _calls, words=_drops),
    st.builds(_padded_batches, st.integers(1, 4), _bool, **_padding),
    drawn("padded", "ds.padded_batch({}, padding_values={})", st.integers(1, 4), ("np.int64(1)", "b'x'"), words=_pads),
    drawn("ragged_batch", "ds.ragged_batch({}, {}, np.{})", st.integers(1, 3), _bool, ["int64", "int32"]),
    drawn("unbatch", "ds.unbatch()"),
    drawn(
        "rebatch", "ds.rebatch({}, {})", st.integers(1, 4) | st.lists(st.integers(1, 3), min_size=1, max_size=3), _bool
    ),
    drawn("take", "ds.take({})", st.integers(-1, 6)),
    drawn("skip", "ds.skip({})", st.integers(-1, 4)),
    drawn("repeat", "ds.repeat({})", st.integers(0, 3)),
    drawn("forever", "ds.repeat({}).take({})", ["", "-1", "None"], st.integers(0, 12)),
    st.integers(1, 3).flatmap(lambda n: drawn("shard", f"ds.shard({n}, {{}})", st.integers(0, n - 1))),
    drawn("enumerate", "ds.enumerate({})", st.integers(-2, 3)),
    drawn("concatenate", "ds.concatenate(ds.take({}))", st.integers(0, 3)),
    drawn(
        "zip",
        "lib.Dataset.zip({})",
        ["ds, lib.Dataset.range(3)", "(ds, ds)", "{'m': ds, 'l': lib.Dataset.range(9)}", "Pair(ds.skip(1), ds)"],
    ),
    st.tuples(SOURCES.filter(lambda other: other.kind not in RANDOM)).map(lambda drawn: _zip_with(*drawn)),
    drawn("cache", "ds.cache()"),
    drawn("prefetch", "ds.prefetch({})", (0, 1, 3, "lib.AUTOTUNE")),
    drawn(
        "interleave",
        "ds.interleave(lambda *e: {}(lib, whole(e)), {}, {}, {}, {})",
        _inner,
        st.integers(1, 4) | st.none(),
        st.integers(1, 3) | st.none(),
        _calls,
        _deterministic,
        words=lambda inner, *_: [inner],
    ),
    drawn("flat_map", "ds.flat_map(lambda *e: {}(lib, whole(e)))", _inner, words=lambda inner: [inner]),
    drawn(
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
        words=lambda *drawn: ["learns"] * bool(drawn[-1]) + ["full_windows"] * drawn[3],
    ),
    drawn(
        "group",
        "ds.group_by_window(lambda *e: long_total(lib, whole(e)) % {} - 1, "
        "lambda key, window: {}(lib, key, window), {})",
        st.integers(1, 4),
        functions.GROUPS,
        ["1", "2", "4", "window_size_func=lambda key: key + 2"],
        words=lambda _, function, __: ["pads"] if function == "group_padded" else [],
    ),
    st.builds(_buckets, st.sampled_from(_BOUNDARIES), st.sampled_from(_OPTIONS), **_padding),
    drawn(
        "scan",
        "ds.scan({}(lib, state, e))",
        [
            "np.int64(0), lambda state, e: scan_sum",
            "np.int64(0), lambda state, e: scan_count",
            "{'n': np.int64(0), 'last': np.int32(-1)}, lambda state, e: scan_structure",
        ],
    ),
    drawn("unique", "ds.unique()"),
    drawn(
        "choose",
        "lib.Dataset.choose_from_datasets([ds, ds.skip(1), ds.take(1)], "
        "lib.Dataset.from_tensor_slices(np.array({}, np.int64)), {})",
        st.lists(st.integers(0, 3), max_size=7),
        _bool,
    ),
    drawn(
        "sample",  # all of the weight on one: nothing is left to chance
        "lib.Dataset.sample_from_datasets([ds, ds.skip(1), ds.take(2)], {}, 1, {})",
        ["[0.5, 0.0, 0.0]", "[0.0, 0.5, 0.0]", "[0.0, 0.0, 2.0]"],
        _bool,
    ),
    drawn(
        "sample",
        "lib.Dataset.sample_from_datasets([ds, ds.skip(1)], "
        "lib.Dataset.from_tensor_slices(np.eye(2, dtype=np.float32)[{}]), 1, {})",
        st.lists(st.integers(0, 1), min_size=1, max_size=7),
        _bool,
    ),
    drawn(
        "mix",
        "lib.Dataset.sample_from_datasets([ds, ds.skip(1), ds.take(2)], {}, {}, False, {})",
        ["None", "[0.2, 0.5, 0.3]"],
        [None, 1],
        [None, True, False],
    ),
    drawn("shuffle", "ds.shuffle({}, {}, {})", (1, 3, 50), (None, 1), (None, True, False)),
    drawn("shuffle", "ds.shuffle({}, {}, {})", (1, 3, 50), (None, 1), (None, True, False)),
    drawn(
        "resample",
        "ds.rejection_resample(lambda *e: total(lib, whole(e)) % 2, [0.25, 0.75], [0.25, 0.75], seed=1)",
    ),
    drawn("ignored", "ds.map(lambda *e: fails(lib, whole(e), {}), {}).ignore_errors()", (2, 3, 4), _calls),
    drawn("failing", "ds.map(lambda *e: fails(lib, whole(e), {}), {})", (3, 4, 9), _calls),
    drawn("options", "with_options(lib, ds)"),
    drawn("apply", "ds.apply(lambda before: before.skip({}))", st.integers(0, 2)),
    drawn("stored", "ds.cache(lib.folder())"),
    drawn("stored", "ds.snapshot(lib.folder(), compression={})", ["'AUTO'", "None", "'GZIP'"]),
    drawn("stored", "saved(lib, ds, {})", [None, "'GZIP'"]),
    drawn(
        "stored",
        "saved(lib, ds, None, lambda files: files.interleave(lambda file: file, 2), {})",
        (1, 2),
        words=lambda _: ["reader", "learns"],
    ),
)

_last = st.one_of(
    drawn("reduce", "lib.Dataset.from_tensors(ds.reduce(np.int64(0), lambda s, e: s + long_total(lib, e)))"),
    drawn(
        "reduce", "lib.Dataset.from_tensors(ds.reduce((0, np.int64(0)), lambda state, e: reduce_pair(lib, state, e)))"
    ),
    drawn(
        "single", "lib.Dataset.from_tensors(ds{}.get_single_element())", ["", ".take(1)", ".batch(50)"], words=_learns
    ),
    drawn("endless", "ds.repeat()"),
)
LAST = st.tuples(st.integers(0, 3), _last).map(lambda drawn: drawn[1] if drawn[0] == 3 else None)
"""What may end a pipeline."""
