"""Opcodes are run as CPython runs them, in memory in proportion to the file."""

from __future__ import annotations

import pickle
import pickletools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.datasets.pickle_machine import PickleMachine

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def refuse(module: str, name: str) -> None:
    raise pickle.UnpicklingError(f"{module}.{name}")


def run(contents: bytes, encoding: str = "ASCII") -> object:
    return PickleMachine(contents, encoding, refuse).run()


def values(bytes_too: bool) -> st.SearchStrategy:
    texts = st.text(st.characters(exclude_categories=()))  # lone surrogates too
    keys = st.one_of(texts, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none())
    leaves = keys | st.floats() | st.integers(-(1 << 260), 1 << 260) | (st.binary() if bytes_too else st.none())
    keys = keys | st.binary() if bytes_too else keys
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(keys, inner), st.lists(st.integers(0, 1 << 33))
        ),
    )


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(PROTOCOLS).flatmap(lambda number: st.tuples(values(number >= 3), st.just(number))))
def test_values_are_those_that_cpython_reads(value_and_protocol):
    value, protocol = value_and_protocol
    contents = pickle.dumps(value, protocol)
    for pickled in (contents, pickletools.optimize(contents), contents + b"what follows"):
        assert repr(run(pickled)) == repr(pickle.loads(pickled))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_long_values(protocol):
    value = {
        "numbers": list(range(-70000, 70000, 3)),
        "texts": ["é" * 300, "a" * 70000],
        "lists": [[1.5, None, True]] * 3,
    }
    found = run(pickle.dumps(value, protocol))
    assert found == value
    assert found["lists"][0] is found["lists"][2]


def test_lists_within_themselves():
    value: list = [1]
    value.append({"itself": value})
    found = run(pickle.dumps(value))
    assert found[1]["itself"] is found


OF_PYTHON_2 = {
    "protocol 0": b"(dp1\nS'it\\'s\\n'\np2\n(lp3\nI1\naL-2L\naI01\naF1.5\naNasV\\u00e9\\nx\np4\n"
    b"(S\"a\"\nI2\ntp5\nsS'c'\ng3\ns.",
    "protocol 1": b"}q\x01(U\x04dataq\x02](K\x01M\x01\x02J\xff\xff\xff\xffG?\xf8\x00\x00\x00\x00\x00\x00e"
    b"X\x02\x00\x00\x00\xc3\xa9)u.",
    "protocol 2": b"\x80\x02}q\x01(U\x04dataq\x02T\x00\x01\x00\x00"
    + b"abcdefgh" * 32
    + b"U\x01b\x8a\x01\xfeU\x01cI1\nu.",
}


@pytest.mark.parametrize("name", OF_PYTHON_2)
@pytest.mark.parametrize("encoding", ["ASCII", "latin-1", "bytes"])
def test_pickles_of_python_2(name, encoding):
    assert repr(run(OF_PYTHON_2[name], encoding)) == repr(pickle.loads(OF_PYTHON_2[name], encoding=encoding))


def lengths(opcode: bytes, size: int, *claims: int) -> list[bytes]:
    return [b"\x80\x04" + opcode + claim.to_bytes(size, "little") + b"abc." for claim in claims]


LARGE = (4, 1 << 20, 1 << 30, (1 << 31) - 1, (1 << 32) - 1)
LARGER = (*LARGE, 1 << 35, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


@pytest.mark.parametrize("opcode", [b"B", b"X", b"T", b"\x8b"])
def test_lengths_beyond_the_file(opcode, at_most):
    for contents in lengths(opcode, 4, *LARGE):
        with at_most(64), pytest.raises(pickle.UnpicklingError, match="it ends"):
            run(contents)


@pytest.mark.parametrize("opcode", [b"\x8e", b"\x8d"])
def test_longer_lengths_beyond_the_file(opcode, at_most):
    for contents in lengths(opcode, 8, *LARGER):
        with at_most(64), pytest.raises(pickle.UnpicklingError, match="it ends"):
            run(contents)


def test_frames_hold_no_memory(at_most):
    for length in LARGER:
        with at_most(64):
            assert run(b"\x80\x04\x95" + length.to_bytes(8, "little") + b"]\x94.") == []


@pytest.mark.parametrize("index", [0, 1 << 20, (1 << 31) - 1, (1 << 32) - 1])
def test_places_in_the_memo_however_far(index, at_most):
    number = index.to_bytes(4, "little")
    with at_most(64):
        assert run(b"\x80\x02]r" + number + b"K\x01aj" + number + b"\x86.") == ([1], [1])
        assert run(b"]p%d\ng%d\n\x86." % (index << 20, index << 20)) == ([], [])


UNKNOWN = {
    "EXT1": b"\x82\x01.",
    "EXT2": b"\x83\x01\x00.",
    "EXT4": b"\x84\x01\x00\x00\x00.",
    "PERSID": b"Pabc\n.",
    "BINPERSID": b"K\x01Q.",
    "NEXT_BUFFER": b"\x97.",
    "READONLY_BUFFER": b"C\x01a\x98.",
    "BYTEARRAY8": b"\x96\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "DUP": b"]2\x86.",
    "POP": b"]]0.",
    "POP_MARK": b"](]1.",
    "EMPTY_SET, ADDITEMS": b"\x8f(K\x01\x90.",
    "FROZENSET": b"(K\x01\x91.",
    "INST": b"(ibuiltins\nlist\n.",
    "OBJ": b"(cbuiltins\nlist\no.",
    "NEWOBJ": b"N)\x81.",
    "NEWOBJ_EX": b"N)}\x92.",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_opcodes_that_no_data_set_has(name, at_most):
    with at_most(64), pytest.raises(pickle.UnpicklingError):
        run(UNKNOWN[name])


DEPTH = 100_000
NESTED = {
    "lists": b"]" * DEPTH + b"a" * (DEPTH - 1) + b".",
    "lists after marks": b"(" * DEPTH + b"l" * DEPTH + b".",
    "tuples": b")" + b"\x85" * DEPTH + b".",
    "dicts": b"}" + b"N}" * DEPTH + b"s" * DEPTH + b".",
    "lists, one of them twice in the next": b"]" + b"q\x00](h\x00h\x00e" * 1000 + b".",
    "dicts, one of them twice in the next": b"}" + b"q\x00}(K\x00h\x00K\x01h\x00u" * 1000 + b".",
    "tuples, one of them twice in the next": b")" + b"q\x00h\x00\x86" * 1000 + b".",
}


@pytest.mark.parametrize("name", NESTED)
def test_values_nested_deeply(name, at_most):
    with at_most(64):
        assert run(NESTED[name]) is not None


@pytest.mark.parametrize("name", ["tuples", "tuples, one of them twice in the next"])
def test_keys_that_cannot_be_hashed_in_time(name, at_most):
    for ends in (b"Ns.", b"Nu."):
        contents = (b"}" if ends == b"Ns." else b"}(") + NESTED[name][:-1] + ends
        with at_most(64), pytest.raises(pickle.UnpicklingError, match="it has a dict that no data set has"):
            run(contents)


@pytest.mark.parametrize(
    "contents",
    [
        b"L" + b"9" * 5000 + b"L\n.",
        b"I" + b"9" * 5000 + b"\n.",
        b"F" + b"9" * 5000 + b"\n.",
        b"\x8b\x00\x00\x01\x00" + bytes(1 << 16) + b".",
    ],
)
def test_numbers_of_thousands_of_digits(contents, at_most):
    with at_most(64), pytest.raises(pickle.UnpicklingError, match="digits"):
        run(contents)


def test_no_more_opcodes_than_allowed():
    contents = b"](" + b"K\x01" * 50 + b"e."
    assert PickleMachine(contents, "ASCII", refuse, most=5).run() == [1] * 50
    with pytest.raises(pickle.UnpicklingError, match="more values"):
        PickleMachine(contents, "ASCII", refuse, most=4).run()


WRONG = {
    "nothing": b"",
    "no end": b"]",
    "no value": b".",
    "no mark": b"Nt.",
    "within a mark": b"N(.",
    "an unknown opcode": b"\xff.",
    "half a number": b"J\x01\x02",
    "a number that is none": b"Ione\n.",
    "a line without an end": b"V abc",
    "text that is no UTF-8": b"X\x01\x00\x00\x00\xff.",
    "text that is not ASCII": b"U\x01\xff.",
    "text without quotes": b"Sabc\n.",
    "half an escape": b"S'\\x1'\n.",
    "a place that is empty": b"h\x01.",
    "appended to a dict": b"}Na.",
    "keys of a list": b"]NNs.",
    "a key without a value": b"}(Nu.",
    "a key that is a list": b"}]Ns.",
    "a call of a list": b"])R.",
    "a call without arguments": b"NNR.",
    "a state of a list": b"]Nb.",
    "a name that is none": b"NN\x93.",
    "a short tuple": b"N\x87.",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_an_unpickling_error(name):
    with pytest.raises(pickle.UnpicklingError):
        run(WRONG[name])


def example(protocol: int) -> bytes:
    name = b"b" if protocol > 2 else "b"
    return pickle.dumps({"a": [1, 300, 70000, 1.5, None, True], name: ("text", {"c": [[], ()]})}, protocol)


WHOLE = [*map(example, PROTOCOLS), *OF_PYTHON_2.values()]


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(WHOLE), st.data())
def test_damage_takes_no_memory(at_most, whole, data):
    contents = bytearray(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
    for _ in range(data.draw(st.integers(0, 3)) if contents else 0):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    with at_most(64):
        try:
            run(bytes(contents))
        except pickle.UnpicklingError:
            return
