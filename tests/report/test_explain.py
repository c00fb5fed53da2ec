from __future__ import annotations

import tempfile

import numpy as np

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
    said = lines(fl.Dataset.range(10).batch(3).repeat(2).take(5))
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


def test_it_says_why_a_function_runs_element_by_element() -> None:
    said = lines(fl.Dataset.range(3).map(lambda number: number if number > 1 else -number))
    assert said[1].endswith("; runs element by element: it branches or loops")


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
