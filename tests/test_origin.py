import subprocess
import sys

import feedline as fl
from feedline.origin import origin_in_traceback, user_origin


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
