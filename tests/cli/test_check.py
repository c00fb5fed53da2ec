"""`feedline check`, run as a program: what it prints, where, and how it exits."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import feedline

TRAIN = """\
import numpy as np
import feedline as fl

print("a line that the module prints")
x = np.random.default_rng(0).random((200, 8), np.float32)
y = np.arange(200) % 4
shuffled = fl.Dataset.from_tensor_slices((x, y)).shuffle(200)
healthy = shuffled.batch(32)
single = shuffled.batch(1)
held_out = shuffled.take(40).batch(32)
number = 3


def rest():
    return shuffled.skip(40).batch(32)


def needs(size):
    return shuffled.batch(size)


def raises():
    return {}["missing"]
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


def run(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "feedline.cli.main", "check", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ, check=False)


def test_a_healthy_dataset(folder: pathlib.Path) -> None:
    done = run(folder, "train:healthy")
    assert done.returncode == 0
    assert "nothing found; looked at all 200 elements" in done.stdout
    assert "a line that the module prints" not in done.stdout
    assert "a line that the module prints" in done.stderr


def test_warnings_do_not_fail(folder: pathlib.Path) -> None:
    done = run(folder, "train.py:single")
    assert done.returncode == 0
    assert "FL306 warning" in done.stdout
    assert "train.py:9: single = shuffled.batch(1)" in done.stdout


def test_errors_do(folder: pathlib.Path) -> None:
    done = run(folder, "train:rest", "--against", "train:held_out")
    assert done.returncode == 1
    assert "FL311 error" in done.stdout


def test_silenced(folder: pathlib.Path) -> None:
    done = run(folder, "train:rest", "--against", "train:held_out", "--ignore", "FL306,FL311")
    assert done.returncode == 0
    assert "silenced: FL306, FL311" in done.stdout
    (folder / "pyproject.toml").write_text('[tool.feedline.check]\nignore = ["FL3"]\n')
    assert run(folder, "train:rest", "--against", "train:held_out").returncode == 0


def test_json(folder: pathlib.Path) -> None:
    done = run(folder, "train:rest", "--against", "train:held_out", "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["ok"] is False
    (finding,) = [each for each in told["findings"] if each["code"] == "FL311"]
    assert (finding["file"], finding["line"], finding["severity"]) == ("train.py", 15, "error")
    assert finding["fix"]


def test_sarif(folder: pathlib.Path) -> None:
    done = run(folder, "train:single", "--format", "sarif", "--sample", "64")
    told = json.loads(done.stdout)
    assert told["version"] == "2.1.0"
    assert told["$schema"].endswith("sarif-schema-2.1.0.json")
    (ran,) = told["runs"]
    driver = ran["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("feedline", feedline.__version__)
    (result,) = ran["results"]
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "FL306"
    assert result["level"] == "warning"
    assert result["message"]["text"].startswith("every batch holds one element.")
    (place,) = result["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "train.py"}, "region": {"startLine": 9}}
    rule = driver["rules"][result["ruleIndex"]]
    assert rule["name"] == "BatchOfOne"
    assert rule["helpUri"].endswith("/FL306.md")
    assert rule["help"]["markdown"].startswith("# FL306: batch-of-one")
    assert rule["defaultConfiguration"] == {"level": "warning"}


def test_github(folder: pathlib.Path) -> None:
    done = run(folder, "train:single", "--format", "github")
    first = done.stdout.splitlines()[0]
    found = re.fullmatch(r"::warning file=train\.py,line=9,title=FL306 batch-of-one::(.*)", first)
    assert found
    assert "every batch holds one element.%0A" in found[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train:helthy"], "Did you mean 'healthy'?"),
        (["train:rises"], "Did you mean 'raises'?"),
        (["train:nope"], "Of datasets there are: "),
        (["trian:healthy"], "Did you mean 'train'?"),
        (["trian.py:healthy"], "Did you mean 'train.py'?"),
        (["train"], "module:name"),
        (["train:number"], "is 3, not a dataset"),
        (["train:needs"], "is a function that needs size"),
        (["train:raises"], "raised KeyError: 'missing'"),
        (["train:healthy", "--ignore", "FL399"], "there is no such rule"),
        (["train:healthy", "--model", "train:number"], "not a Keras model"),
        (["train:healthy", "--format", "xml"], "xml"),
        (["train:healthy", "--sample", "-1"], "--sample"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_checked(arguments: list[str], said: str, folder: pathlib.Path) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_module_that_raises(folder: pathlib.Path) -> None:
    (folder / "broken.py").write_text("import feedline as fl\nvalue = 1 / 0\n")
    done = run(folder, "broken:ds")
    assert done.returncode == 2
    assert "importing broken raised ZeroDivisionError" in done.stderr
    assert "broken.py:2: value = 1 / 0" in done.stderr
    (folder / "absent.py").write_text("import a_package_that_is_not_there\n")
    assert "No module named 'a_package_that_is_not_there'" in run(folder, "absent:ds").stderr


def test_a_module_in_another_folder(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "sizes.py").write_text("size = 32\n")
    (inner / "data.py").write_text(
        "import feedline as fl\nfrom sizes import size\nds = fl.Dataset.range(64).batch(size)\n"
    )
    assert run(folder, "inner/data.py:ds").returncode == 0


def test_a_model(folder: pathlib.Path) -> None:
    (folder / "models.py").write_text(
        "import keras\n\n\ndef model():\n"
        "    return keras.Sequential([keras.Input((8,), batch_size=32), keras.layers.Dense(4)])\n"
    )
    done = run(folder, "train:healthy", "--model", "models.py:model")
    assert done.returncode == 1
    assert "FL307 error" in done.stdout
