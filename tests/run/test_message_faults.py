"""Faults between the processes: each ends in an error, or the same elements come; nothing hangs and nothing leaks."""

from __future__ import annotations

import contextlib
import errno
import os
import pickle
import resource
import socket

import numpy as np
import pytest

import feedline as fl
from feedline.run.block_message import Writing
from feedline.run.channel import Channel
from feedline.run.connection import Connection, ConnectionLostError, DamagedMessageError


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def sent(message, array: np.ndarray | None = None) -> bytes:
    """Returns the bytes of a message."""
    connection, end = Connection.pair()
    writing = None
    if array is not None:
        writing = Writing()
        writing.add(array)
    with end:
        Channel(connection).send(message, writing)
        connection.close()
        return b"".join(iter(lambda: end.recv(1 << 16), b""))


def received(data: bytes):
    connection, end = Connection.pair()
    with end:
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)
        try:
            return Channel(connection).receive()
        finally:
            connection.close()


def test_a_message_that_is_cut_off_is_lost() -> None:
    data = sent(("done", list(range(20))), np.arange(4))
    before = descriptors()
    for length in range(0, len(data), 7):
        with pytest.raises(ConnectionLostError):
            received(data[:length])
    assert descriptors() == before


def test_a_flipped_byte_of_what_says_where_things_are_is_found() -> None:
    array = np.arange(4)
    data = sent(("done", list(range(20))), array)
    before = descriptors()
    for place in range(len(data) - array.nbytes):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        with pytest.raises((DamagedMessageError, ConnectionLostError)):
            received(bytes(damaged))
    assert descriptors() == before


@pytest.mark.parametrize("shorter", [1 << 16, 0])
def test_a_block_that_is_shorter_than_described_is_found(shorter) -> None:
    connection, end = Connection.pair()
    there = Channel(Connection(end))
    descriptor = os.memfd_create("short")
    os.ftruncate(descriptor, shorter)
    connection.send([pickle.dumps(([(0, 1 << 20)], [], [], (0, 1 << 20), "done"))], [descriptor])
    os.close(descriptor)
    before = descriptors()
    with pytest.raises(DamagedMessageError):
        there.receive()
    assert descriptors() == before
    connection.close()
    there.connection.close()


def test_descriptors_that_cannot_be_taken_are_told() -> None:
    connection, end = Connection.pair()
    there = Connection(end)
    before = descriptors()
    connection.send([b"two"], [0, 1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))), hard))
    filled = []
    try:
        while True:
            try:
                filled.append(os.dup(0))
            except OSError:
                break
        with pytest.raises(DamagedMessageError, match="ulimit -n"):
            there.receive()
    finally:
        for each in filled:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    there.close()
    connection.close()
    assert descriptors() == before - 2


def _socket_of_this_worker() -> int:
    for number in range(3, 256):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
                return number
    raise AssertionError


@pytest.mark.parametrize("fault", ["garbage", "part", "half closed", "all closed"])
def test_a_worker_whose_socket_breaks_is_replaced(fault, tmp_path) -> None:
    def function(number):
        if number == 13 and not (tmp_path / "once").exists():
            (tmp_path / "once").touch()
            where = _socket_of_this_worker()
            if fault == "garbage":
                os.write(where, b"garbage" * 100)
            elif fault == "part":
                os.write(where, sent("done")[:9])
                os._exit(0)
            elif fault == "half closed":
                socket.socket(fileno=os.dup(where)).shutdown(socket.SHUT_WR)
            else:
                os.closerange(3, 256)
        return np.full(20_000, number)

    dataset = fl.Dataset.range(40).map(function, 2).with_options(fl.Options(executor="processes"))
    assert [int(element[0]) for element in dataset] == list(range(40))


def test_a_worker_whose_socket_breaks_each_time_is_told() -> None:
    def function(number):
        if number == 13:
            os.write(_socket_of_this_worker(), b"garbage" * 100)
        return number

    dataset = fl.Dataset.range(40).map(function, 2).with_options(fl.Options(executor="processes"))
    with pytest.raises(fl.errors.WorkerDiedError, match="element 13"):
        list(dataset)


def test_memory_that_may_not_be_shared_is_told_and_the_next_iteration_is_right(monkeypatch) -> None:
    arrays = np.arange(60_000 * 20.0).reshape(20, 60_000)
    generated = fl.Dataset.from_generator(lambda: iter(arrays), output_signature=fl.TensorSpec((60_000,), np.float64))
    dataset = generated.map(lambda array: array + 1, 2).with_options(fl.Options(executor="processes"))
    expected = [array + 1 for array in arrays]
    np.testing.assert_array_equal(list(dataset), expected)
    iterator = iter(dataset)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", full)
        with pytest.raises(fl.errors.WorkerDiedError, match="cannot be sent to a worker process"):
            list(iterator)
    np.testing.assert_array_equal(list(dataset), expected)
