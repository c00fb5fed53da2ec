"""What errors say: what is wrong, where in the user's own code, and how to mend it."""

import ast
import pathlib
import pickle
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

import feedline as fl
from feedline.errors import FeedlineError, nearest_name, with_article

# what is wrong as the pipeline is built, or is asked for something
MISTAKES = {
    "fl.Dataset.range(3).batch(0)": "ArgumentError",
    "fl.Dataset.range(3).window(0)": "ArgumentError",
    "fl.Dataset.range(3).shuffle(0)": "ArgumentError",
    "fl.Dataset.range(3).map(3)": "ArgumentTypeError",
    "fl.Dataset.range(3)[1.5]": "ArgumentTypeError",
    "fl.Dataset.range(3).get_single_element()": "ArgumentError",
    "fl.Dataset.from_tensor_slices(([1, 2], [1]))": "UnequalLengthsError",
    "fl.Dataset.from_tensor_slices([1, 'a'])": "DtypeError",
    "fl.TFRecordDataset('none.tfrecord')": "MissingFileError",
    "fl.TextLineDataset(['none.txt'])": "MissingFileError",
    "fl.FixedLengthRecordDataset('none.bin', 4)": "MissingFileError",
    "fl.Dataset.list_files('none/*.txt')": "NoFilesError",
    "fl.TFRecordDataset('none*.tfrecord')": "NoFilesError",
    "fl.Dataset.load('none')": "MissingFileError",
    "fl.Dataset.from_generator(x for x in range(3))": "ExhaustedGeneratorError",
    "len(fl.Dataset.range(3).repeat())": "InfiniteDatasetError",
    "len(fl.Dataset.range(3).filter(lambda x: True))": "UnknownCardinalityError",
    "fl.Dataset.range(3).repeat().save('none')": "InfiniteDatasetError",
    "fl.Dataset.range(3).concatenate(fl.Dataset.from_tensors(1.0))": "DtypeError",
    "fl.Dataset.range(3).concatenate(fl.Dataset.zip((fl.Dataset.range(3),)))": "StructureError",
    "fl.Dataset.zip(3)": "ArgumentTypeError",
    "fl.Dataset.range(3).unbatch()": "ShapeError",
    "fl.Dataset.range(3).map(lambda x, y: x)": "StructureError",
    "fl.Dataset.range(3).reduce((0, 0), lambda state, x: x)": "StructureError",
    "fl.TensorSpec((-3,))": "ArgumentError",
    "fl.io.read_file('none')": "MissingFileError",
    "fl.io.decode_raw(b'123', 'int16')": "TensorDecodeError",
}


def run(mistake: str, filename: str, name: str = "__main__") -> Exception:
    """Returns what a line raises that stands in line 3 of a program of its own."""
    program = compile(f"import feedline as fl\n\n{mistake}  # the user's\n", filename, "exec")
    try:
        exec(program, {"__name__": name})
    except Exception as error:
        return error
    raise AssertionError(f"{mistake} did not raise")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_users_own_line_stands_in_the_message(mistake, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "program.py"
    path.write_text(f"import feedline as fl\n\n{mistake}  # the user's\n")
    error = run(mistake, str(path))
    assert type(error).__name__ == MISTAKES[mistake]
    lines = str(error).splitlines()
    assert lines[0] == error.what
    assert lines[0].endswith(".")
    assert re.search(r"where: .*program\.py:3: .*# the user's$", "\n".join(lines), re.MULTILINE)
    assert str(error).count("program.py:3") == 1
    assert lines[-1].startswith("  fix:   ")
    assert lines[-1].endswith((".", "?"))


@pytest.mark.parametrize(
    "filename", ["<string>", "<stdin>", "<ipython-input-1-0a1b>", "<python-input-0>", "/tmp/ipykernel_1/2345.py"]
)
@pytest.mark.parametrize("name", ["__main__", "", "feed"])
def test_lines_of_notebooks_and_of_programs_without_a_file(filename, name) -> None:
    for mistake in (
        "fl.Dataset.range(3).batch(0)",
        "len(fl.Dataset.range(3).repeat())",
        "fl.Dataset.range(2).unbatch()",
    ):
        assert f"{filename}:3" in str(run(mistake, filename, name))


@pytest.mark.parametrize("given", ["argument", "input"])
def test_lines_of_the_command_line(given) -> None:
    program = "import feedline as fl\nfl.Dataset.range(3).batch(0)\n"
    command = [sys.executable, "-c", program] if given == "argument" else [sys.executable, "-"]
    made = subprocess.run(command, input=program, capture_output=True, text=True, check=False)
    assert "batch_size is 0" in made.stderr
    assert f"where: {'<string>' if given == 'argument' else '<stdin>'}:2" in made.stderr


def test_within_pytest_it_is_the_tests_line() -> None:
    with pytest.raises(fl.errors.ArgumentError) as caught:
        fl.Dataset.range(3).batch(0)  # this line
    assert "test_errors.py:" in str(caught.value)
    assert "# this line" in str(caught.value)
    assert caught.value.line.filename == __file__


def test_places_that_are_known_better_are_told_in_place_of_the_line() -> None:
    error = FeedlineError("it is wrong.", where=["record 3 of a.tfrecord"], fix="Mend it.")
    assert str(error) == "it is wrong.\n  where: record 3 of a.tfrecord\n  fix:   Mend it."
    error.add_where("element 7")
    error.add_where("element 7")
    assert str(error).splitlines()[1:3] == ["  where: record 3 of a.tfrecord", "         element 7"]
    assert error.line is not None


def test_threads_of_the_users_own() -> None:
    caught = []

    def work():
        try:
            fl.Dataset.range(3).batch(0)  # in a thread
        except fl.errors.ArgumentError as error:
            caught.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "# in a thread" in caught[0]


def test_errors_survive_pickling() -> None:
    with pytest.raises(FeedlineError) as caught:
        fl.Dataset.range(3).batch(0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is fl.errors.ArgumentError
    assert str(again) == str(caught.value)
    assert again.line == caught.value.line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("it is wrong", "it is wrong."), ("it is wrong.", "it is wrong."), ("it is wrong..", "it is wrong."),
        ("is it wrong?", "is it wrong?"), ("it goes on ...", "it goes on ..."), ("wrong.\n", "wrong."), ("", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_sentence(text, told) -> None:
    assert FeedlineError(text).what == FeedlineError(text).args[0] == told


def test_what_another_library_said_gets_one_full_stop() -> None:
    for text in ("no such thing", "no such thing.", "no such thing..", "no such thing\n"):

        def fail(number, text=text):
            raise ValueError(text)

        with pytest.raises(fl.errors.UserFunctionError) as caught:
            list(fl.Dataset.range(1).map(fail))
        assert str(caught.value).splitlines()[0] == "fail() raised ValueError: no such thing."


def test_articles() -> None:
    said = {"Int64List": "an", "FloatList": "a", "int": "an", "str": "a", "ndarray": "an", "uint8": "a", "object": "an"}
    assert {noun: with_article(noun).split()[0] for noun in said} == said
    with pytest.raises(FeedlineError, match="an int"):
        fl.Dataset.range(2).flat_map(lambda n: 3).get_single_element()


def test_nearest_names() -> None:
    assert nearest_name("imaeg", ["image", "label"]) == "image"
    assert nearest_name("zzz", ["image", "label"]) is None
    assert nearest_name("image", []) is None


def messages() -> list[tuple[str, str]]:
    """Returns the texts that feedline's errors are made with, where these stand in the code as they are."""
    found = []
    root = pathlib.Path(fl.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in fl.errors.__all__ and name.endswith("Error"):
                texts = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "fix")]
                place = f"{path.relative_to(root)}:{node.lineno}"
                found.extend((place, end) for text in texts if (end := _end(text)))
    return found


def _end(text: ast.expr) -> str:
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return text.value
    if isinstance(text, ast.JoinedStr) and text.values:
        return _end(text.values[-1])
    return ""


def test_every_message_ends_with_one_mark() -> None:
    texts = messages()
    assert len(texts) > 400
    commands = ("pip install", "ffmpeg")
    wrong = [
        (place, text)
        for place, text in texts
        if (not text.endswith((".", "?", "!")) or text.endswith(".."))
        and not text.endswith("...")
        and not any(command in text for command in commands)
    ]
    assert wrong == []


def test_numbers_of_numpy_read_well_in_messages() -> None:
    with pytest.raises(fl.errors.ArgumentError, match=r"^batch_size is 0;"):
        fl.Dataset.range(3).batch(np.int64(0))
