from __future__ import annotations

import tempfile
import warnings

import numpy as np
import pytest

import feedline as fl


def lines(dataset: fl.Dataset) -> list[str]:
    return dataset.explain().splitlines()


def test_each_step_is_a_line_in_the_users_words_from_source_to_end() -> None:
    def double(number):
        return number * 2

    said = lines(fl.Dataset.range(10).shuffle(4).map(double).batch(3).prefetch(fl.AUTOTUNE))
    assert [line.split()[0] for line in said] == ["1.", "2.", "3.", "4.", "5."]
    assert [line.split()[1] for line in said] == [
        "range",
        "shuffle(4)",
        "map(double)",
        "batch(3)",
        "prefetch(AUTOTUNE)",
    ]
    assert said[2].endswith("indexed, 10 elements; runs on blocks")
    assert said[3].endswith("indexed, 4 elements")


def test_states_stand_below_each_other() -> None:
    said = lines(fl.Dataset.range(10).batch(3).repeat(2).map(abs).take(5))
    assert len({line.index("indexed") for line in said}) == 1


def test_one_element_and_large_numbers_read_as_people_write_them() -> None:
    assert lines(fl.Dataset.range(1))[0].endswith("indexed, 1 element")
    assert lines(fl.Dataset.range(0))[0].endswith("indexed, 0 elements")
    assert lines(fl.Dataset.range(1_234_567))[0].endswith("indexed, 1,234,567 elements")
    assert lines(fl.Dataset.range(3).repeat())[1].endswith("indexed, endless")


def test_it_says_where_and_why_indexing_ends_and_only_there() -> None:
    said = lines(fl.Dataset.range(9).filter(lambda number: number > 3).map(lambda number: number).batch(2))
    assert said[0].endswith("indexed, 9 elements")
    assert "streamed from here on: " in said[1]
    assert said[2].endswith("  streamed; runs on blocks")
    assert said[3].endswith("  streamed")


def test_steps_that_only_move_positions_are_told_to_be_one() -> None:
    dataset = fl.Dataset.range(100).shuffle(100, seed=1).repeat(2).take(50).map(abs).shard(2, 0).batch(4).prefetch(2)
    assert lines(dataset)[-1] == "steps 2, 3 and 4 are one computation of positions: no element is moved"
    streamed = fl.Dataset.range(100).filter(bool).shuffle(10).repeat().take(5)
    assert not any("positions" in line for line in lines(streamed))


def test_a_generator_is_streamed_and_says_why() -> None:
    (said,) = lines(fl.Dataset.from_generator(lambda: iter(range(3))))
    assert "streamed from here on: " in said


def test_several_parents_are_indented_and_named_by_their_numbers() -> None:
    said = lines(fl.Dataset.zip(fl.Dataset.range(3).batch(2), fl.Dataset.range(4)))
    assert [line[:4] for line in said] == ["  1.", "  2.", "  3.", "4. z"]
    assert "of 2 and 3" in said[3]


def test_a_dataset_used_twice_is_named_by_one_step() -> None:
    numbers = fl.Dataset.range(3)
    assert lines(numbers.concatenate(numbers))[1].startswith("2. concatenate of 1 and 1 ")
    said = lines(fl.Dataset.zip(numbers.batch(2), numbers))
    assert [line.split()[1] for line in said] == ["range", "batch(2)", "zip"]
    assert said[2].startswith("3. zip of 2 and 1 ")


def way(dataset: fl.Dataset) -> str:
    """Returns what is said of how the second step, a map, is done."""
    return lines(dataset)[1].partition("; ")[2]


def rows(count: int = 200, shape: tuple[int, ...] = (3, 4)) -> fl.Dataset:
    return fl.Dataset.from_tensor_slices(np.random.default_rng(0).normal(size=(count, *shape)).astype(np.float32))


def _signed(value):
    if value.sum() > 0:
        return value
    return -value


def test_it_says_why_a_function_runs_element_by_element_and_where_and_what_to_write() -> None:
    line = _signed.__code__.co_firstlineno + 1
    said = way(fl.Dataset.range(3).map(_signed))
    assert said == f"runs element by element: it has an if on line {line} (np.where chooses between values)"
    said = way(fl.Dataset.range(3).map(lambda number: _signed(number)))
    assert said.endswith(f"it has an if on line {line}, in _signed() (np.where chooses between values)")
    assert way(rows().map(lambda row: row * len(row))).endswith("it calls len() (write x.shape[0])")


NOT_ON_BLOCKS = {
    "strings": (
        fl.Dataset.from_tensor_slices(["a"] * 50).map(lambda text: text + b"x"),
        "it combines a value with a bytes",
    ),
    "a method of strings": (
        fl.Dataset.from_tensor_slices(["a"] * 50).map(lambda text: text.decode()),
        "it uses .decode of a string",
    ),
    "matrices": (rows(shape=(3, 3)).map(lambda row: row @ row), "it multiplies matrices"),
    "picked values": (rows().map(lambda row: row[row > 9]), "it picks by a value"),
    "a list within": (rows().map(lambda row: (row, [row, row])), "it returns a list within its result"),
    "a method": (rows().map(lambda row: row.cumsum()), "it uses .cumsum of a value"),
}


@pytest.mark.parametrize("name", NOT_ON_BLOCKS)
def test_before_it_has_run_the_first_element_tells_what_the_code_alone_does_not(name: str) -> None:
    dataset, reason = NOT_ON_BLOCKS[name]
    before = way(dataset)
    assert before.startswith(f"runs element by element: {reason}")
    list(dataset.take(30).padded_batch(10)) if name == "picked values" else list(dataset)
    assert way(dataset) in (before, before.replace("runs", "ran", 1))


def test_nothing_is_called_to_tell_how_a_function_will_run() -> None:
    calls = []

    def load(number):
        calls.append(number)
        return number

    dataset = fl.Dataset.range(20).map(load).map(lambda number: number.cumsum())
    said = lines(dataset)
    assert said[1].endswith("it uses calls, a list that may change")
    assert said[2].endswith("runs on blocks, as far as its code tells")
    assert calls == []


def test_what_a_map_before_makes_is_known_too() -> None:
    dataset = rows().map(lambda row: row * 2).shuffle(5).batch(4).map(lambda batch: batch.cumsum())
    assert lines(dataset)[-1].endswith("it uses .cumsum of a value")
    assert lines(rows().map(lambda row: row[0, 0]).map(lambda number: number.sum()))[-1].endswith(
        "it uses .sum of a number (np.sum(value) may do)"
    )


def test_elements_of_other_shapes_are_told_before_and_after() -> None:
    ragged = fl.RaggedTensor(np.arange(120), np.r_[0, np.cumsum([1, 2] * 40)])
    dataset = fl.Dataset.from_tensor_slices(ragged).map(lambda row: row * 2)
    assert way(dataset) == "runs element by element: its elements differ in shape or dtype"
    list(dataset.padded_batch(10))
    dataset = fl.Dataset.from_tensor_slices(ragged).map(lambda row: row * 2)
    list(dataset)
    assert way(dataset) == "ran element by element: its elements differ in shape or dtype"


def test_once_it_has_run_what_happened_is_told() -> None:
    few = fl.Dataset.range(5).map(lambda number: number + 1)
    list(few)
    assert way(few) == "ran element by element: there were fewer than 8 at a time"
    late = fl.Dataset.from_tensor_slices(np.r_[np.ones(600), np.zeros(200)]).map(lambda number: 1 / number).batch(50)
    with np.errstate(divide="warn"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        list(late)
    assert "NumPy warns of some elements" in way(late)
    assert "divide by zero" in way(late)


def test_that_what_it_refers_to_has_changed_is_told() -> None:
    offset = 1

    def add(number):
        return number + offset

    dataset = fl.Dataset.range(20000).map(add).batch(10)
    iterator = iter(dataset)
    for _ in range(20):
        next(iterator)
    assert way(dataset) == "runs on blocks"
    offset = 2
    list(iterator)
    assert "element by element, after " in way(dataset)
    assert way(dataset).endswith(": what it refers to has changed")


def test_why_nothing_else_was_tried_is_told() -> None:
    dataset = fl.Dataset.range(500).map(lambda number: number + 1)
    list(dataset)
    assert lines(dataset)[-1].endswith("inline (no map has num_parallel_calls, and nothing is prefetched)")
    short = fl.Dataset.range(2).map(lambda number: number + 1, num_parallel_calls=fl.AUTOTUNE)
    list(short)
    assert lines(short)[-1].endswith("not tried: it was over before there was enough to measure)")
    list(asked := dataset.with_options(fl.Options(executor="inline")))
    assert lines(asked)[-1] == "up to step 3: inline"


def test_what_is_done_on_blocks_is_told_once_it_has_run() -> None:
    def load(path):
        image = fl.image.resize(fl.io.decode_png(fl.io.read_file(path), channels=3), [8, 8]) / 255.0
        image = fl.image.random_flip_left_right(image)
        return (image - 0.5) * 2.0

    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{number}.png" for number in range(16)]
        for path in paths:
            fl.io.write_file(path, fl.io.encode_png(np.zeros((12, 10, 3), np.uint8)))
        dataset = fl.Dataset.from_tensor_slices(paths).map(load).batch(16)
        assert "on blocks:" not in dataset.explain()
        list(dataset)
    said = lines(dataset)
    at = said.index("step 2 on blocks:")
    assert said[at + 1 : at + 5] == [
        "  read_file: many files in one call",
        "  decode_png: straight into the block",
        "  resize, divide: in one pass over memory, while the values are in the cache",
        "  random_flip_left_right, subtract, multiply: in one pass over memory, while the values are in the cache",
    ]


def test_nothing_is_told_of_a_function_that_is_called_for_each_element() -> None:
    dataset = fl.Dataset.range(64).map(lambda number: number if number else number + 1).batch(16)
    list(dataset)
    assert "on blocks" not in dataset.explain()
