import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import feedline as fl
from feedline.origin import Origin, origin_in_traceback, user_line, user_origin


def test_the_users_line() -> None:
    origin = user_origin()
    assert origin.filename == __file__
    assert "origin = user_origin()" in str(origin)
    node = fl.Dataset.range(3).batch(2)._node
    assert str(node.origin).endswith("node = fl.Dataset.range(3).batch(2)._node")
    assert "test_origin.py:" in str(node.parents[0].origin)


def test_the_innermost_line_of_the_users_own() -> None:
    import json

    def inner():
        json.loads("{")  # mine

    try:
        inner()
    except ValueError as error:
        origin = origin_in_traceback(error.__traceback__)
    assert origin is not None
    assert "# mine" in str(origin)
    assert origin_in_traceback(None) is None


def test_the_line_of_a_step_in_a_chain() -> None:
    dataset = (
        fl.Dataset.range(3).map(lambda n: n).batch(2)  # this one
    )
    assert "# this one" in str(dataset._node.origin)


def test_without_a_file() -> None:
    program = (
        "import feedline as fl\n"
        "try:\n  list(fl.Dataset.range(1).map(lambda n: 1/0))\n"
        "except Exception as error: print(error)"
    )
    text = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert "<string>:3" in text
    assert "ZeroDivisionError" in text


def test_a_line_of_a_library_is_not_the_users() -> None:
    with ThreadPoolExecutor(1) as pool:  # called by a library, without a line of the user's between
        assert pool.submit(user_line).result() is None
        with pytest.raises(fl.errors.ArgumentError) as caught:
            pool.submit(fl.Dataset.range(3).batch, 0).result()
        assert caught.value.line is None
        assert "where" not in str(caught.value)
        line = pool.submit(lambda: user_line()).result()
    assert line is not None
    assert line.filename == __file__


def test_the_users_line_where_feedline_calls_the_user_back() -> None:
    lines = []

    def function(number):
        lines.append(user_line())  # within map
        return number

    list(fl.Dataset.range(1).map(function))
    assert "# within map" in str(lines[0])


def test_code_without_a_file_is_feedlines_where_its_module_is() -> None:
    for name, users in (("feedline.nodes.batch", False), ("feedline_extras", True), ("__main__", True), (None, True)):
        lines: list = []
        names = {"lines": lines, "user_line": user_line, "__name__": name}
        exec("lines.append(user_line())", names)
        assert (lines[0].filename == "<string>") is users


def test_names_of_files_are_short_where_they_can_be(tmp_path, monkeypatch) -> None:
    (tmp_path / "inside").mkdir()
    program = tmp_path / "inside" / "program.py"
    program.write_text("pass  # it\n")
    monkeypatch.chdir(tmp_path)
    assert str(Origin(str(program), 1)) == "inside/program.py:1: pass  # it"
    monkeypatch.chdir(tmp_path / "inside")
    assert str(Origin(str(program), 1)) == "program.py:1: pass  # it"
    (tmp_path / "beside").mkdir()
    monkeypatch.chdir(tmp_path / "beside")
    assert str(Origin(str(program), 1)) == f"{program}:1: pass  # it"
    assert str(Origin("<stdin>", 4)) == "<stdin>:4"
