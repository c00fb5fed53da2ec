import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.block import Block
from feedline.errors import FileFormatError
from feedline.sources.file_turns import FilesStream, order_by_turns
from feedline.structure import flatten

COUNTS = st.lists(st.integers(0, 9), max_size=6)


def by_turns(counts: list[int], turns: int) -> list[int]:
    """The order, told record by record."""
    starts = np.cumsum([0, *counts]).tolist()
    waiting = [list(range(starts[number], starts[number + 1])) for number in range(len(counts))]
    slots: list = [None] * turns
    order, turn = [], 0
    while waiting or any(slot is not None for slot in slots):
        if slots[turn] is None and waiting:
            slots[turn] = waiting.pop(0)
            continue
        if slots[turn]:
            order.append(slots[turn].pop(0))
        elif slots[turn] is not None:
            slots[turn] = None
        turn = (turn + 1) % turns
    return order


@settings(deadline=None, max_examples=200)
@given(COUNTS, st.integers(1, 7))
def test_the_order_of_an_index(counts, turns) -> None:
    assert order_by_turns(counts, turns).tolist() == by_turns(counts, turns)


class Reader:
    def __init__(self, first: int, count: int, size: int, log: list) -> None:
        self.numbers = list(range(first, first + count))
        self.size = size
        self.log = log
        log.append("open")

    def next_block(self, limit: int):
        if not self.numbers:
            return None
        part, self.numbers = self.numbers[: self.size], self.numbers[self.size :]
        return Block(len(part), [np.array(part)], flatten(0)[1])

    def close(self) -> None:
        self.log.append("close")


@settings(deadline=None, max_examples=200)
@given(COUNTS, st.integers(1, 7), st.integers(1, 5), st.integers(1, 9))
def test_the_order_of_a_stream(counts, turns, size, limit) -> None:
    log: list = []
    starts = np.cumsum([0, *counts])
    stream = FilesStream(
        range(len(counts)), lambda number: Reader(int(starts[number]), counts[number], size, log), turns
    )
    got: list[int] = []
    while (block := stream.next(limit)) is not None:
        assert 1 <= block.length <= limit
        got += block.columns[0].tolist()
    assert got == by_turns(counts, turns)
    assert stream.next(limit) is None
    assert log.count("open") == log.count("close") == len(counts)


def test_closing_early_closes_the_files_that_are_open() -> None:
    log: list = []
    stream = FilesStream(range(5), lambda number: Reader(number * 9, 9, 2, log), 3)
    for _ in range(4):
        stream.next(2)
    stream.close()
    assert log.count("open") == log.count("close") == 3
    assert stream.next(2) is None


def test_after_an_error_the_other_files_go_on() -> None:
    def open_file(number):
        if number == 1:
            raise FileFormatError("no")
        return Reader(number * 10, 2, 9, [])

    stream = FilesStream(range(3), open_file, 1)
    got, errors = [], 0
    while True:
        try:
            block = stream.next(5)
        except FileFormatError:
            errors += 1
            continue
        if block is None:
            break
        got += block.columns[0].tolist()
    assert got == [0, 1, 20, 21]
    assert errors == 1
