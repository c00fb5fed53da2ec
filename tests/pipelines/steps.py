"""Random pipelines: what they are drawn from, and how either library runs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from pipelines.elements import ROWS, Pair, leaves, map_leaves, parts_of, whole

RAGGED = [np.array([1, 2]), np.array([], int), np.array([3]), np.array([4, 5, 6])]

# what a map does, by name; every function takes the library and the element
MAPS = {
    "double": lambda lib, element: map_leaves(lib.double, element),
    "pair": lambda lib, element: (element, first_total(lib, element)),
    "names": lambda lib, element: {"b": element, "a": lib.total(leaves(element)[-1])},
    "namedtuple": lambda lib, element: Pair(first_total(lib, element), element),
    "grow": lambda lib, element: (first_total(lib, element), lib.fill(first_total(lib, element) % 3, np.int32(7))),
    "sequence": lambda lib, element: lib.fill(first_total(lib, element) % 5, lib.long(first_total(lib, element))),
    "total": lambda lib, element: first_total(lib, element),
    "long": lambda lib, element: lib.long(first_total(lib, element)),
    "twice": lambda lib, element: map_leaves(lib.pair, element),
    "none": lambda lib, element: (element, None),
}


def first_total(lib: Any, element: Any) -> Any:
    """Returns an int32 that stands for an element."""
    return lib.total(leaves(element)[0])


def source(lib: Any, kind: str, detail: Any) -> Any:
    """Returns a dataset to begin with."""
    if kind == "range":
        return lib.Dataset.range(*detail)
    if kind == "slices":
        return lib.Dataset.from_tensor_slices(ROWS[detail])
    if kind == "tensors":
        return lib.Dataset.from_tensors(ROWS[detail])
    if kind == "ragged":
        ragged = lib.ragged(RAGGED)
        return lib.Dataset.from_tensor_slices((ragged, np.arange(4))) if detail else lib.Dataset.from_tensors(ragged)
    if kind == "sequences":
        lengths, outer = detail
        shape = (None, 2) if outer else (None,)

        def sequences():
            for length in lengths:
                yield (
                    np.arange(2 * length, dtype=np.float32).reshape(length, 2)
                    if outer
                    else np.arange(length, dtype=np.float32)
                )

        return lib.Dataset.from_generator(sequences, output_signature=lib.TensorSpec(shape, np.float32))

    def numbers():
        for number in range(detail):
            yield number, np.arange(number % 3, dtype=np.float32)

    signature = (lib.TensorSpec((), np.int64), lib.TensorSpec((None,), np.float32))
    return lib.Dataset.from_generator(numbers, output_signature=signature)


def zipped(lib: Any, structure: Any) -> Any:
    """Returns the dataset of a structure of datasets, which None may be part of."""
    if parts_of(structure) is None:
        return structure
    if None in parts_of(structure):  # zip takes no None
        return zipped(lib, leaves(structure)[0])
    return lib.Dataset.zip(structure)


def inner_dataset(lib: Any, kind: str, element: Any) -> Any:
    """Returns the dataset that flat_map and interleave make of an element."""
    total = lib.long(first_total(lib, element))
    if kind == "repeat":
        return lib.Dataset.from_tensors(element).repeat(total % 4)
    if kind == "range":
        return lib.Dataset.range(total, total + total % 3)
    if kind == "batches":
        return lib.Dataset.range(total % 5).batch(2)
    if kind == "mapped":
        return lib.Dataset.range(3).map(lambda number: number + total)
    if kind == "filtered":
        return lib.Dataset.range(4).filter(lambda number: number % 2 == total % 2)
    return lib.Dataset.from_tensor_slices(element)


def apply(lib: Any, dataset: Any, step: tuple) -> Any:
    """Returns the dataset with one step more."""
    kind, *detail = step
    handler = HANDLERS.get(kind)
    return handler(lib, dataset, *detail) if handler else getattr(dataset, kind)(*detail)


def calls_of(lib: Any, calls: Any) -> Any:
    return lib.AUTOTUNE if calls == "auto" else calls


def _map(lib, dataset, function, calls):
    return dataset.map(lambda *element: MAPS[function](lib, whole(element)), num_parallel_calls=calls_of(lib, calls))


def _filter(lib, dataset, rest):
    return dataset.filter(lambda *element: first_total(lib, whole(element)) % 3 != rest)


def _take_while(lib, dataset, most):
    return dataset.take_while(lambda *element: first_total(lib, whole(element)) < most)


def _concatenate(lib, dataset, count):
    return dataset.concatenate(dataset.take(count))


def _zip(lib, dataset, other, kind):
    other = source(lib, *other)
    if kind == "args":
        return lib.Dataset.zip(dataset, other)
    pair = {"tuple": (dataset, other), "dict": {"m": dataset, "l": other}, "named": Pair(dataset, other)}[kind]
    return lib.Dataset.zip(pair)


def _interleave(lib, dataset, kind, cycle, block, calls):
    function = lambda *element: inner_dataset(lib, kind, whole(element))  # noqa: E731
    return dataset.interleave(function, cycle, block, num_parallel_calls=calls_of(lib, calls))


def _flat_map(lib, dataset, kind):
    return dataset.flat_map(lambda *element: inner_dataset(lib, kind, whole(element)))


def _window(lib, dataset, size, shift, stride, drop, then):
    windows = dataset.window(size, shift, stride, drop)
    if then == "keep":
        return windows
    if then == "batch":
        return windows.flat_map(lambda *window: zipped(lib, map_leaves(lambda part: part.batch(size), whole(window))))
    if then == "same":
        return windows.flat_map(lambda *window: zipped(lib, whole(window)))
    if then == "count":
        return windows.map(lambda *window: leaves(whole(window))[0].reduce(np.int64(0), lambda state, _: state + 1))
    return windows.flat_map(lambda *window: leaves(whole(window))[0].batch(2).map(lambda rows: lib.total(rows)))


def _group(lib, dataset, keys, size, then):
    def key(*element):
        return lib.long(first_total(lib, whole(element)) % keys) - 1

    def reduce(key, window):
        return {
            "batch": lambda: window.batch(size),
            "padded": lambda: window.padded_batch(2),
            "take": lambda: window.take(1),
            "key": lambda: lib.Dataset.zip((lib.Dataset.from_tensors(key).repeat(), window)),
            "none": lambda: lib.Dataset.range(0),
        }[then]()

    if size == 3:
        return dataset.group_by_window(key, reduce, window_size_func=lambda key: key + 2)
    return dataset.group_by_window(key, reduce, size)


def _bucket(lib, dataset, boundaries, sizes, options):
    def length(*element):
        return first_total(lib, whole(element)) % 7

    return dataset.bucket_by_sequence_length(length, boundaries, sizes[: len(boundaries) + 1], **dict(options))


def _scan(lib, dataset, kind):
    zero = np.int64(0)
    if kind == "sum":
        return dataset.scan(zero, lambda state, element: 2 * (state + lib.long(first_total(lib, element)),))
    if kind == "structure":
        return dataset.scan(
            {"n": zero, "last": np.int32(-1)},
            lambda state, element: ({"n": state["n"] + 1, "last": first_total(lib, element)}, (state, element)),
        )
    return dataset.scan(zero, lambda state, element: (state + 1, element))


def _choose(lib, dataset, choices, stop):
    others = [dataset, dataset.skip(1), dataset.take(1)]
    choice_dataset = lib.Dataset.from_tensor_slices(np.array(choices, np.int64))
    return lib.Dataset.choose_from_datasets(others, choice_dataset, stop)


def _sample(lib, dataset, which, stop):
    weights = [0.0, 0.0, 0.0]
    weights[which] = 0.5
    return lib.Dataset.sample_from_datasets([dataset, dataset.skip(1), dataset.take(2)], weights, 1, stop)


def _sample_in_turn(lib, dataset, turns, stop):
    weights = lib.Dataset.from_tensor_slices(np.eye(2, dtype=np.float32)[list(turns)])
    return lib.Dataset.sample_from_datasets([dataset, dataset.skip(1)], weights, 1, stop)


def _resample(lib, dataset):
    def which(*element):
        return first_total(lib, whole(element)) % 2

    return dataset.rejection_resample(which, [0.25, 0.75], [0.25, 0.75], seed=1)


def _failing(lib, dataset, divisor, calls):
    def fail(*element):
        total = first_total(lib, whole(element))
        return map_leaves(lambda leaf: lib.failing(leaf, total, divisor), whole(element))

    return dataset.map(fail, num_parallel_calls=calls_of(lib, calls)).ignore_errors()


def _forever(lib, dataset, count):
    return dataset.repeat().take(count)


def _options(lib, dataset):
    options = lib.Options()
    options.deterministic = True
    options.threading.private_threadpool_size = 2
    return dataset.with_options(options)


def _apply(lib, dataset, count):
    return dataset.apply(lambda before: before.skip(count))


def resolved(step: tuple, spec: Any) -> tuple:
    """Returns a step with its arguments in the structure of the elements, where they must have it."""
    if step[0] != "padded":
        return step
    _, size, drop, grow, values = step
    shapes = padding = None
    if grow is not None:
        shapes = map_leaves(lambda leaf: _padded_shape(leaf, grow), spec)
    if values is not None:
        given = iter(values)
        padding = map_leaves(lambda leaf: _padding_value(leaf, next(given, None)), spec)
    return "padded_batch", size, shapes, padding, drop


def _padded_shape(leaf: Any, grow: tuple[int, int]) -> list[int | None] | None:
    """Returns a padded shape: for each length, None, or one shorter, equal or longer, as `grow` says."""
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


HANDLERS = {
    "map": _map,
    "filter": _filter,
    "take_while": _take_while,
    "concatenate": _concatenate,
    "zip": _zip,
    "interleave": _interleave,
    "flat_map": _flat_map,
    "window": _window,
    "group": _group,
    "bucket": _bucket,
    "scan": _scan,
    "choose": _choose,
    "sample": _sample,
    "sample_in_turn": _sample_in_turn,
    "resample": _resample,
    "failing": _failing,
    "forever": _forever,
    "options": _options,
    "apply": _apply,
}

_calls = st.sampled_from([None, None, 1, 2, "auto"])
_inner = st.sampled_from(["repeat", "range", "batches", "mapped", "filtered", "rows"])

SOURCES = st.one_of(
    st.tuples(st.just("range"), st.sampled_from([(0,), (1,), (9,), (3, 8), (10, 0, -3), (5, 2), (0, 20, 7)])),
    st.tuples(st.just("slices"), st.sampled_from(sorted(ROWS))),
    st.tuples(st.just("tensors"), st.sampled_from(sorted(ROWS))),
    st.tuples(st.just("generator"), st.integers(0, 7)),
    st.tuples(st.just("sequences"), st.tuples(st.lists(st.integers(0, 5), max_size=6), st.booleans())),
    st.tuples(st.just("ragged"), st.booleans()),
)
STEPS = st.one_of(
    st.tuples(st.just("map"), st.sampled_from(sorted(MAPS)), _calls),
    st.tuples(st.just("filter"), st.integers(0, 2)),
    st.tuples(st.just("take_while"), st.integers(0, 9)),
    st.tuples(st.just("batch"), st.integers(1, 4), st.booleans()),
    st.tuples(
        st.just("padded"),
        st.integers(1, 4),
        st.booleans(),
        st.none() | st.tuples(st.integers(0, 3), st.integers(0, 3)),
        st.none() | st.tuples(st.none() | st.integers(0, 1), st.none() | st.integers(0, 1)),
    ),
    st.tuples(st.just("ragged_batch"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("unbatch")),
    st.tuples(
        st.just("rebatch"), st.integers(1, 4) | st.lists(st.integers(1, 3), min_size=1, max_size=3), st.booleans()
    ),
    st.tuples(st.just("take"), st.integers(-1, 6)),
    st.tuples(st.just("skip"), st.integers(-1, 4)),
    st.tuples(st.just("repeat"), st.integers(0, 3)),
    st.tuples(st.just("forever"), st.integers(0, 12)),
    st.integers(1, 3).flatmap(lambda n: st.tuples(st.just("shard"), st.just(n), st.integers(0, n - 1))),
    st.tuples(st.just("enumerate"), st.integers(-2, 3)),
    st.tuples(st.just("concatenate"), st.integers(0, 3)),
    st.tuples(st.just("zip"), SOURCES, st.sampled_from(["args", "tuple", "dict", "named"])),
    st.tuples(st.just("cache")),
    st.tuples(st.just("prefetch"), st.integers(0, 3)),
    st.tuples(st.just("interleave"), _inner, st.integers(1, 4) | st.none(), st.integers(1, 3) | st.none(), _calls),
    st.tuples(st.just("flat_map"), _inner),
    st.tuples(
        st.just("window"),
        st.integers(1, 4),
        st.none() | st.integers(1, 5),
        st.integers(1, 3),
        st.booleans(),
        st.sampled_from(["batch", "same", "count", "total", "keep"]),
    ),
    st.tuples(
        st.just("group"),
        st.integers(1, 4),
        st.integers(1, 4),
        st.sampled_from(["batch", "padded", "take", "key", "none"]),
    ),
    st.tuples(
        st.just("bucket"),
        st.sampled_from([(), (3,), (2, 4), (8,)]),
        st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
        st.sampled_from(
            [(), (("drop_remainder", True),), (("no_padding", True),), (("pad_to_bucket_boundary", True),)]
        ),
    ),
    st.tuples(st.just("scan"), st.sampled_from(["sum", "structure", "same"])),
    st.tuples(st.just("unique")),
    st.tuples(st.just("choose"), st.lists(st.integers(0, 3), max_size=7), st.booleans()),
    st.tuples(st.just("sample"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("sample_in_turn"), st.lists(st.integers(0, 1), min_size=1, max_size=7), st.booleans()),
    st.tuples(st.just("resample")),
    st.tuples(st.just("failing"), st.integers(2, 4), _calls),
    st.tuples(st.just("options")),
    st.tuples(st.just("apply"), st.integers(0, 2)),
)
LEARNT = {"map", "scan", "resample", "flat_map", "interleave", "group", "bucket", "failing", "window"}
"""Steps after which feedline learns the spec by running them, so that it may be more exact than TensorFlow's."""


def accepted(step: tuple, spec: Any) -> bool:
    """Says whether feedline does with such elements what TensorFlow refuses to do."""
    kinds = {type(leaf).__name__ for leaf in leaves(spec)}
    padded = step[0] in ("padded", "bucket") or (step[0] == "group" and step[3] == "padded")
    return padded and not kinds <= {"TensorSpec", "DatasetSpec"}


def fits(step: tuple, spec: Any, before: list[tuple]) -> bool:
    """Says whether a step can do something with the elements that a spec of TensorFlow's describes."""
    kind = step[0]
    kinds = [type(leaf).__name__ for leaf in leaves(spec)]
    tensors = [leaf for leaf in leaves(spec) if type(leaf).__name__ in ("TensorSpec", "RaggedTensorSpec")]
    plain = all(name in ("TensorSpec", "NoneTensorSpec") for name in kinds)
    if "DatasetSpec" in kinds:
        return kind in ("take", "skip", "repeat", "enumerate", "prefetch", "concatenate", "options", "forever", "shard")
    if not tensors:
        return False
    ranks = [leaf.shape.rank for leaf in tensors]
    if kind in ("unbatch", "rebatch") or (kind in ("flat_map", "interleave") and step[1] == "rows"):
        return all(rank for rank in ranks)
    if kind == "unique":
        return len(kinds) == 1 and plain
    if kind in ("padded", "bucket") or (kind == "group" and step[3] == "padded"):
        if kind == "bucket" and any(name in LEARNT for name, *_ in before) and step[3]:
            return False  # to the boundary is padded what is not known to be of one length
        return kinds == ["TensorSpec"] * len(kinds) and None not in ranks
    if kind == "ragged_batch":  # after map TensorFlow may not know lengths that are all alike
        return not any(name in LEARNT for name, *_ in before)
    if kind == "failing" or (kind == "map" and step[1] in ("twice", "double")):
        return plain
    if kind == "window":
        return "NoneTensorSpec" not in kinds and plain
    return True
