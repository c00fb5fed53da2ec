"""Whether the consumer reads, or threads do, by how long reading takes."""

from feedline.run.pace import Pace


def test_what_takes_long_is_left_to_threads() -> None:
    pace = Pace(50e-6)
    for _ in range(1000):
        pace.note(1, 2e-3, 1e-3)
    assert not pace.quick
    assert abs(pace.each - 2e-3) < 1e-9


def test_what_waits_is_left_to_threads_though_it_costs_no_work() -> None:
    pace = Pace(50e-6)
    for _ in range(1000):
        pace.note(1, 0.1, 1e-6)
    assert not pace.quick


def test_what_takes_little_is_read_by_the_consumer() -> None:
    pace = Pace(50e-6)
    for _ in range(64):
        pace.note(1, 5e-6, 5e-6)
    assert pace.quick


def test_what_only_waits_for_the_lock_takes_little() -> None:
    pace = Pace(50e-6)
    for _ in range(200):
        pace.note(1, 300e-6, 10e-6)
    assert pace.quick


def test_short_iterators_take_little_as_a_whole() -> None:
    pace = Pace(50e-6)
    for _ in range(64):
        pace.note(1, 80e-6, 80e-6)
        pace.note(0, 10e-6, 10e-6)
    assert pace.quick


def test_threads_read_again_where_the_consumer_has_to_wait_and_go_on_longer_each_time() -> None:
    pace, lengths = Pace(50e-6), []
    for _ in range(3):
        count = 0
        while not pace.quick:
            pace.note(64, 600e-6, 300e-6)
            count += 1
        lengths.append(count)
        pace.note(64, 300e-6)
        assert pace.quick
        pace.note(64, 20e-3)
        assert not pace.quick
    assert lengths == [1, 4, 16]


def test_what_threads_end_meanwhile_says_nothing_of_the_consumer() -> None:
    pace = Pace(50e-6)
    pace.note(64, 300e-6, 300e-6)
    for _ in range(100):
        pace.note(64, 0.1, 0.1)
    assert pace.quick
