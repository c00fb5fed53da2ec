"""Rows that a function on blocks takes from where they lie: the same bytes, and the given arrays stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.sources import arrays as source

ROWS = 150
MADE_OF_ONE = "one row many times"


def given_arrays() -> dict[str, np.ndarray]:
    """Returns arrays whose rows are large enough to be used where they lie, and some that cannot be."""
    values = np.random.default_rng(0).normal(size=(ROWS, 17, 21, 3)) * 10
    found: dict[str, np.ndarray] = {"bool": values > 0}
    for name in ("uint8", "float32", "float64", "float16", "int16", "complex64", ">f8", ">i4"):
        found[name] = (np.abs(values) if name == "uint8" else values).astype(name)
    for name in ("uint8", "float32", "float64"):
        array = found[name]
        memory = np.zeros(array.nbytes + 1, np.uint8)
        not_aligned = memory[1:].view(array.dtype).reshape(array.shape)
        not_aligned[:] = array
        constant = array.copy()
        constant.flags.writeable = False
        found[f"{name} not aligned"] = not_aligned
        found[f"{name} read only"] = constant
        found[f"{name} in Fortran order"] = np.asfortranarray(array)
        found[f"{name} of rows in Fortran order"] = np.ascontiguousarray(array.swapaxes(1, 3)).swapaxes(1, 3)
        found[f"{name} backwards"] = array[::-1]
        found[f"{name} {MADE_OF_ONE}"] = np.broadcast_to(array[:1], array.shape)
        found[f"{name} of small rows"] = array[:, :4, :5].copy()
    return found


GIVEN = given_arrays()
IN_PLACE = [*("bool", "uint8", "float32", "float64", "float16", "int16", "complex64", ">f8", ">i4")]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "unchanged": lambda row: row,
    "twice": lambda row: (row, row),
    "sums": lambda row: (np.sum(row), np.sum(row, axis=0)),
    "parts": lambda row: (row[:1], row[0]),
    "backwards": lambda row: row[::-1],
    "squeezed": lambda row: np.squeeze(row),
    "as an array": lambda row: np.asarray(row),
    "transposed": lambda row: np.transpose(row),
    "of its own dtype": lambda row: row.astype(row.dtype),
    "of one dimension": lambda row: row.reshape(-1),
    "computed": lambda row: (row + row) * row,
    "a chain": lambda row: (fl.cast(row, fl.float32) - 0.5) * 2.0,
}
OF_IMAGES = {
    "flipped": lambda row: fl.cast(fl.image.random_flip_left_right(row, seed=1), fl.float32) / 255.0,
    "resized": lambda row: fl.image.random_flip_left_right(fl.image.resize(row, [8, 8])) / 255.0,
}


def change_all(row):
    row[...] = row[..., ::-1].copy()
    return row


def change_what_numpy_returns(row):
    row = np.asarray(row)
    row.fill(1)
    return row


def change_a_part(row):
    part = row[:1]
    part |= part > 0
    return row


def change_with_numpy(row):
    np.add(row, 1, out=row, casting="unsafe")
    return np.sum(row)


CHANGING = [change_all, change_what_numpy_returns, change_with_numpy]

PREPARED = {
    "as it is": lambda dataset: dataset,
    "shuffled": lambda dataset: dataset.shuffle(ROWS, seed=1),
    "skipped": lambda dataset: dataset.skip(7),
    "sharded": lambda dataset: dataset.shard(2, 1),
    "repeated": lambda dataset: dataset.shuffle(ROWS, seed=1).repeat(2),
    "without an end": lambda dataset: dataset.repeat().shuffle(20, seed=1).take(130),
    "cached": lambda dataset: dataset.take(60).cache().repeat(2),
    "zipped": lambda dataset: fl.Dataset.zip((dataset.shuffle(ROWS, seed=1), dataset)).map(lambda one, other: one),
}


def element_by_element(function: Callable[..., Any]) -> Callable[..., Any]:
    def called_for_each(*element):
        if not element:  # no code that branches runs on blocks
            return None
        return function(*element)

    return called_for_each


@contextmanager
def rows_in_place() -> Iterator[list[int]]:
    """Gives a list of how many rows were used where they lie, in each block."""
    counts: list[int] = []
    whole = source._in_place

    def counted(column, positions):
        counts.append(len(positions))
        return whole(column, positions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_in_place", counted)
        yield counts


def all_of(dataset: fl.Dataset) -> list[tuple[np.ndarray, ...]]:
    fl.random.set_seed(1)
    return [batch if type(batch) is tuple else (batch,) for batch in dataset]


def check_alike(ours: list[tuple[np.ndarray, ...]], theirs: list[tuple[np.ndarray, ...]]) -> None:
    assert len(ours) == len(theirs)
    for ones, others in zip(ours, theirs, strict=True):
        for one, other in zip(ones, others, strict=True):
            assert one.dtype == other.dtype
            assert one.shape == other.shape
            assert one.tolist() == other.tolist() if one.dtype == object else one.tobytes() == other.tobytes()


def check(
    given: Any, function: Callable[..., Any], prepare=PREPARED["shuffled"], calls=None, options=None
) -> list[int]:
    """Checks what a map gives; returns how many rows were used where they lie, in each block."""
    results = []
    before = [array.tobytes() for array in given] if type(given) is tuple else given.tobytes()
    with rows_in_place() as counts:
        for each in (function, element_by_element(function)):
            fl.random.set_seed(1)
            dataset = prepare(fl.Dataset.from_tensor_slices(given)).map(each, calls).batch(16)
            results.append(all_of(dataset if options is None else dataset.with_options(options)))
    fl.random.set_seed(None)
    check_alike(*results)
    assert before == ([array.tobytes() for array in given] if type(given) is tuple else given.tobytes())
    return counts


@pytest.mark.filterwarnings("ignore:.*imaginary part")
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", GIVEN)
def test_arrays_of_all_kinds(name, function) -> None:
    counts = check(GIVEN[name], FUNCTIONS[function])
    assert bool(counts) or name not in IN_PLACE
    assert not counts or not name.endswith(("small rows", "Fortran order", "backwards", MADE_OF_ONE))


@pytest.mark.parametrize("function", OF_IMAGES)
@pytest.mark.parametrize("name", [name for name in GIVEN if name.startswith(("uint8", "float"))])
def test_images(name, function) -> None:
    check(GIVEN[name], OF_IMAGES[function], PREPARED["repeated"])


@pytest.mark.parametrize("prepared", PREPARED)
@pytest.mark.parametrize("name", ["uint8", "float64 read only", "float32 not aligned"])
def test_what_is_before_the_map(name, prepared) -> None:
    for function in ("unchanged", "a chain", "sums", "squeezed"):
        counts = check(GIVEN[name], FUNCTIONS[function], PREPARED[prepared])
        assert bool(counts) == (prepared not in ("cached", "zipped"))


@pytest.mark.parametrize("calls", [None, 2, 5, fl.AUTOTUNE])
@pytest.mark.parametrize("executor", [None, "inline", "threads"])
def test_workers_and_executors(calls, executor) -> None:
    options = None if executor is None else fl.Options(executor=executor)
    for function in ("unchanged", "a chain"):
        assert check(GIVEN["float64"], FUNCTIONS[function], PREPARED["repeated"], calls, options)


def chain(row):
    return (fl.cast(row, fl.float32) - 0.5) * 2.0


def test_other_processes() -> None:
    given = GIVEN["float32"]
    dataset = fl.Dataset.from_tensor_slices(given).repeat(3).map(chain, 2).batch(16)
    ours = all_of(dataset.with_options(fl.Options(executor="processes")))
    expected = ((given - np.float32(0.5)) * np.float32(2)).astype(np.float32)
    assert np.concatenate([batch for (batch,) in ours]).tobytes() == np.tile(expected, (3, 1, 1, 1)).tobytes()


@pytest.mark.parametrize("change", CHANGING)
@pytest.mark.parametrize("name", ["uint8", "float64", "int16", "float32 not aligned", "bool", "uint8 in Fortran order"])
def test_functions_that_write_to_their_argument(name, change) -> None:
    given = GIVEN[name].copy(order="K")
    assert not check(given, change, PREPARED["repeated"])
    assert not check(given, change_a_part if given.dtype.kind in "bui" else change, PREPARED["as it is"])


def test_functions_behind_others_that_write_to_their_argument() -> None:
    given = GIVEN["float64"].copy()
    before = given.tobytes()
    for function in FUNCTIONS.values():
        dataset = fl.Dataset.from_tensor_slices(given).shuffle(ROWS, seed=1).repeat(2).map(function)

        def change(*parts):
            for part in parts:
                if part.ndim:
                    part[...] = 0
            return parts

        for _ in dataset.map(change).batch(16):
            assert given.tobytes() == before


@pytest.mark.parametrize("calls", [None, 3])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_elements_are_the_users_own(function, calls) -> None:
    given = GIVEN["uint8"].copy()
    before = given.tobytes()
    dataset = fl.Dataset.from_tensor_slices(given).map(FUNCTIONS[function], calls).repeat(2)
    with rows_in_place() as counts:
        first = [part.tobytes() for parts in all_of(dataset) for part in parts]
        for parts in all_of(dataset):
            for part in parts:
                if part.ndim:
                    assert part.flags.writeable
                    part[...] = 0
        assert given.tobytes() == before
        assert [part.tobytes() for parts in all_of(dataset) for part in parts] == first
    assert counts


def test_what_is_beside_the_arrays() -> None:
    texts = np.array([f"text {number}" for number in range(ROWS)], object)
    labels = np.arange(ROWS, dtype=">i8")
    rows = GIVEN["float32"]
    counts = check((rows, labels, texts), lambda row, label, text: (row * 2.0, label + 1, text))
    assert counts
    check((rows, GIVEN["uint8 not aligned"], labels), lambda row, other, label: (other, row, label))
    check((labels, rows, rows), lambda label, row, other: (label, np.add(row, other)))
    small = GIVEN["float64 of small rows"]
    check((small, rows, labels), lambda one, row, label: (one, row[0], label))
    named = fl.Dataset.from_tensor_slices({"row": rows, "text": texts}).shuffle(ROWS, seed=1)
    batches = list(named.map(lambda element: {"row": element["row"] - 1, "text": element["text"]}).batch(16))
    order = [int(text.split()[1]) for batch in batches for text in batch["text"].tolist()]
    assert sorted(order) == list(range(ROWS))
    assert np.concatenate([batch["row"] for batch in batches]).tobytes() == (rows[order] - 1).tobytes()


def test_elements_by_their_position() -> None:
    rows = GIVEN["float64"]
    dataset = fl.Dataset.from_tensor_slices(rows).map(lambda row: row)
    list(dataset)
    list(dataset.batch(16))
    row = dataset[5]
    assert row.flags.writeable
    row[...] = 0
    assert dataset[5].tobytes() == rows[5].tobytes()


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_arrays_that_are_in_no_cache(dtype) -> None:
    count = (36 << 20) // (1100 * np.dtype(dtype).itemsize)
    given = np.arange(count * 1100, dtype=np.int64).astype(dtype).reshape(count, 1100)
    dataset = fl.Dataset.from_tensor_slices(given).shuffle(count, seed=3).take(640)
    expected = np.concatenate(list(dataset.batch(64)))
    with rows_in_place() as counts:
        mapped = dataset.map(lambda row: (fl.cast(row, fl.float32) - 0.5) / 3.0).batch(64)
        ours = np.concatenate(list(mapped))
    assert counts
    assert given.nbytes > 1 << 25
    (block_function,) = mapped._timings.block_functions.values()
    assert [operation.rule.__name__ for operation in block_function._trace.operations] == ["run_chain"]
    assert ours.tobytes() == ((expected.astype(np.float32) - np.float32(0.5)) / np.float32(3.0)).tobytes()
