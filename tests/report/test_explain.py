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
