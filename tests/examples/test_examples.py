"""Every example runs, prints something, leaves nothing behind, and its own assertion holds."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NEEDS = {"tabular": ["pandas", "sklearn"], "opencv_with_processes": ["cv2"]}
SAYS = {
    "arrays": "accuracy on 500 images it has not seen",
    "database": "SQLite: 5,000 rows streamed",
    "generator": "without end",
    "opencv_with_processes": "processes left behind: 0",
    "png_and_npy_files": "the ball is found to within",
    "preprocess": "new customers are told right",
    "sequences": "filling",
    "tabular": "fruits",
    "tfrecords_of_images": "circle, square, cross",
}


def installed(*packages: str) -> None:
    """Skips the test where a package is missing."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


def run(name: str, folder: Path, **environment: str) -> str:
    """Runs an example with its temporary files in a folder, and returns what it prints."""
    process = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        env={**os.environ, "KERAS_BACKEND": "jax", "TMPDIR": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stdout[-2000:] + process.stderr[-4000:]
    return process.stdout


def test_the_table_and_the_tests_name_every_example():
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    assert names == set(SAYS)
    assert set(re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\)", (EXAMPLES / "README.md").read_text(), re.M)) == names


@pytest.mark.parametrize("name", sorted(SAYS))
def test_example(name, tmp_path):
    installed("keras", "jax", *NEEDS.get(name, []))
    said = run(name, tmp_path)
    assert SAYS[name] in said
    assert list(tmp_path.iterdir()) == []


def test_on_another_backend(tmp_path):
    installed("keras", "torch")
    assert SAYS["arrays"] in run("arrays", tmp_path, KERAS_BACKEND="torch")


def test_postgresql():
    """The server of the database example, with a real client, and stopped at the end."""
    installed("keras", "jax", "psycopg")
    spec = importlib.util.spec_from_file_location("database", EXAMPLES / "database.py")
    database = importlib.util.module_from_spec(spec)
    os.environ.setdefault("KERAS_BACKEND", "jax")
    spec.loader.exec_module(database)
    if database.find_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        said = run("database", Path(folder))
    assert "PostgreSQL: 5,000 rows streamed" in said
