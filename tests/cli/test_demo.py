import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedline.cli.main import app


def installed(*packages: str) -> None:
    """Skips the test where a package is missing; imports none."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the demo with its temporary files in a folder."""
    installed("keras", "jax", "sklearn")
    return subprocess.run(
        [sys.executable, "-m", "feedline.cli.main", "demo", *arguments],
        env={**os.environ, "KERAS_BACKEND": "jax", "TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_short_demo_learns_and_tells_what_it_did(tmp_path) -> None:
    place = tmp_path / "kept"
    done = run(tmp_path, "--epochs", "3", "--folder", str(place), COLUMNS="80")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "with Keras on jax" in done.stdout
    assert "1,442 to train on in 4 TFRecords, 355 held out in 1" in done.stdout
    # All of the images are counted, also that which is looked at before the training.
    assert re.search(r"TFRecordDataset +1,442 ", done.stdout)
    assert re.search(r"map\(parse\) +1,442 ", done.stdout)
    assert re.search(r"map\(augment\) +4,326 ", done.stdout)
    accuracy = re.search(r"accuracy ([\d.]+) % on 355 digits", done.stdout)
    assert accuracy is not None
    assert float(accuracy[1]) > 80
    assert len(list(place.rglob("*.png"))) == 1797
    assert len(list(place.rglob("*.tfrecord"))) == 5
    assert "removed at the end" not in done.stdout
    assert list(tmp_path.iterdir()) == [place]


def test_on_a_narrow_terminal_no_line_is_broken_and_no_file_is_left(tmp_path) -> None:
    done = run(tmp_path, "--epochs", "1", COLUMNS="60")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "removed at the end" in done.stdout
    lines = done.stdout.splitlines()
    assert [line for line in lines if len(line) > 60 and str(tmp_path) not in line] == []
    # A line that was broken would go on at the margin.
    assert [line for line in lines if line and not re.match(r"   \S|   +stage|\d\. |─", line)] == []
    assert "…" not in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def no_temporary_files(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("no_temporary_files")
@pytest.mark.parametrize("backend", ["foo", "numpy", ""])
def test_a_backend_that_cannot_train_is_refused_at_once(backend, monkeypatch) -> None:
    installed("keras")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"KERAS_BACKEND is {backend!r}" in result.stderr
    assert "jax, torch, tensorflow" in result.stderr


@pytest.mark.usefixtures("no_temporary_files")
def test_without_scikit_learn_it_says_how_to_install_it(monkeypatch) -> None:
    installed("keras", "jax")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert "MissingPackageError" in result.stderr
    assert "pip install scikit-learn" in result.stderr


@pytest.mark.parametrize(
    ("blocked", "error"), [("images", "WriteError"), ("records", "FileExistsError"), (".", "WriteError")]
)
def test_a_folder_that_cannot_be_written_is_told_without_a_traceback(blocked, error, tmp_path, monkeypatch) -> None:
    installed("keras", "jax", "sklearn")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    folder = tmp_path / "demo"
    if blocked == ".":
        folder.write_bytes(b"")
    else:
        folder.mkdir()
        (folder / blocked).write_bytes(b"")
    result = CliRunner().invoke(app, ["demo", "--folder", str(folder)])
    assert result.exit_code == 1
    assert result.stderr.startswith(error)
    assert str(folder) in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("epochs", ["0", "-1", "many"])
def test_a_number_of_epochs_that_cannot_work_is_refused(epochs) -> None:
    result = CliRunner().invoke(app, ["demo", "--epochs", epochs])
    assert result.exit_code == 2
    assert "--epochs" in result.output
