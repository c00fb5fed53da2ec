"""`feedline warmup`, and what programs do that find nothing compiled: in processes with a cache folder of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import feedline
from feedline.kernels import kernel_cache

SOURCE = Path(feedline.__file__).parents[1]

# What a program does, and how many kernels were compiled for it, parts of kernels included.
PROGRAM = """
import json, sys
import numpy as np
from numba.core import event

compiled = []


class Listener(event.Listener):
    def on_start(self, told):
        function = told.data["dispatcher"].py_func
        if function.__module__.startswith("feedline"):
            compiled.append(function.__name__)

    def on_end(self, told):
        pass


event.register("numba:compile", Listener())
import feedline as fl

if len(sys.argv) > 1:
    from feedline.kernels import kernel_cache

    kernel_cache.NOTICEABLE_SECONDS = float(sys.argv[1])
values = np.arange(300)
shuffled = list(fl.Dataset.from_tensor_slices(values).shuffle(300, seed=1).as_numpy_iterator())
print(json.dumps({"compiled": compiled, "sum": int(sum(shuffled))}))
"""

WHOLE_PROGRAM = """
import os, sys, tempfile
sys.argv[1:] = []
""" + PROGRAM.replace(
    "print(json",
    """
from feedline.kernels.compile import DECLARED

folder = tempfile.mkdtemp()
records = os.path.join(folder, "a.tfrecord")
features = {
    "image": fl.io.FixedLenFeature([], fl.string),
    "label": fl.io.FixedLenFeature([], fl.int64),
    "more": fl.io.VarLenFeature(fl.float32),
}
image = fl.io.encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
with fl.io.TFRecordWriter(records) as writer:
    for label in range(5):
        feature = {
            "image": fl.train.Feature(bytes_list=fl.train.BytesList(value=[bytes(image)])),
            "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[label])),
            "more": fl.train.Feature(float_list=fl.train.FloatList(value=[1.5] * label)),
        }
        writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())


def parse(record):
    found = fl.io.parse_single_example(record, features)
    image = fl.io.decode_png(found["image"], channels=3)
    return fl.image.resize(fl.image.adjust_hue(image, 0.1), [3, 3]) / 255.0, found["label"]


list(fl.TFRecordDataset(records).shuffle(5).map(parse).batch(2).as_numpy_iterator())
list(fl.TFRecordDataset(records).batch(2).map(lambda batch: fl.io.parse_example(batch, features)).as_numpy_iterator())
with open(os.path.join(folder, "a.csv"), "w") as file:
    file.write("1,2.5,a\\n2,0.1,b\\n")
list(fl.CsvDataset(os.path.join(folder, "a.csv"), [fl.int64, fl.float32, fl.string]).as_numpy_iterator())
image = np.zeros((1, 8, 8, 3), np.uint8)
for of in (image, image.astype(np.float32)):
    for method in ("nearest", "area", "bicubic", "bilinear"):
        fl.image.resize(of, (4, 4), method=method)
    fl.image.crop_and_resize(of, [[0, 0, 1, 1]], [0], (2, 2))
undeclared = [
    f"{dispatcher.py_func.__name__}{types}"
    for kernels in DECLARED.values()
    for dispatcher, signatures in kernels
    for types in dispatcher.overloads
    if signatures and types not in signatures
]
print(json.dumps({"undeclared": undeclared}), file=sys.stderr)
print(json""",
)


def environment(folder: Path, **others: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "FEEDLINE_CACHE")}
    return {**kept, "FEEDLINE_CACHE": str(folder), **others}


def run(code: str, folder: Path, *arguments: str, **others: str) -> tuple[dict, str]:
    """Runs a program; returns what it printed, and what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment(folder, **others),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), done.stderr


def warm_up(folder: Path, *arguments: str, **others: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "feedline.cli.main", "warmup", *arguments],
        env=environment(folder, **others),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which everything is compiled, and what the command said."""
    folder = tmp_path_factory.mktemp("warm")
    done = warm_up(folder, "--processes", "2")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_it_says_what_was_compiled_and_where_it_is(warm: tuple[Path, str]) -> None:
    folder, said = warm
    lines = said.splitlines()
    assert any(line.split()[:2] == ["bilinear", "1"] and "1 compiled" in line for line in lines)
    count, of, total, *_ = lines[-1].split()
    assert (of, count) == ("of", total)
    assert int(total) > 40
    assert str(folder) in lines[-1]


def test_a_program_compiles_nothing_after_it(warm: tuple[Path, str]) -> None:
    result, said = run(WHOLE_PROGRAM, warm[0])
    assert result == {"compiled": [], "sum": 44850}
    assert json.loads(said) == {"undeclared": []}


def test_it_does_nothing_the_second_time(warm: tuple[Path, str]) -> None:
    done = warm_up(warm[0])
    assert done.stdout.splitlines()[-1].startswith("0 of ")


def test_every_module_with_kernels_is_compiled() -> None:
    from feedline.kernels import compile_all

    folder = Path(compile_all.__file__).parent
    with_kernels = {path.stem for path in folder.glob("*.py") if "\n@kernel(" in path.read_text()}
    assert set(compile_all.MODULES) == with_kernels


def test_the_first_program_says_that_it_compiles_and_the_second_does_not(tmp_path: Path) -> None:
    result, said = run(PROGRAM, tmp_path, "0")
    assert "_mix" in result["compiled"]
    assert said.startswith("feedline: compiling for this machine")
    assert "feedline warmup" in said
    assert said.count("\n") == 1
    assert run(PROGRAM, tmp_path, "0") == ({"compiled": [], "sum": result["sum"]}, "")


def test_compiling_that_is_quick_is_not_worth_a_line(tmp_path: Path) -> None:
    result, said = run(PROGRAM, tmp_path, "1000")
    assert result["compiled"]
    assert said == ""


def test_where_nothing_can_be_written_it_compiles_and_says_why_again(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    first, said = run(PROGRAM, in_the_way, "0")
    again, _ = run(PROGRAM, in_the_way, "0")
    assert first["compiled"] == again["compiled"] != []
    assert first["sum"] == 44850
    assert "It cannot be kept" in said
    done = warm_up(in_the_way)
    assert done.returncode == 1
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_kept_where_the_folder_is_empty() -> None:
    _, said = run(PROGRAM, Path(), "0", FEEDLINE_CACHE="")
    assert "set FEEDLINE_CACHE to a folder" in said


def test_what_is_damaged_or_of_another_version_is_compiled_again(tmp_path: Path) -> None:
    run(PROGRAM, tmp_path)
    (kept,) = (tmp_path / "kernels").iterdir()
    files = sorted(path for path in kept.iterdir())
    assert files
    for number, path in enumerate(files):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] if number % 2 else data[:-1] + bytes([data[-1] ^ 1]))
    again, _ = run(PROGRAM, tmp_path)
    assert again["compiled"]
    assert run(PROGRAM, tmp_path)[0] == {"compiled": [], "sum": again["sum"]}
    kept.rename(kept.with_name("of-another-version"))
    assert run(PROGRAM, tmp_path)[0]["compiled"]
    assert not list((tmp_path / "kernels").glob("*/*.lock"))
    assert not list((tmp_path / "kernels").glob("*/*.part"))


def test_two_processes_at_once_compile_each_kernel_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM]
    both = [
        subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [json.loads(process.communicate()[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [result["sum"] for result in results] == [44850, 44850]
    names = [name for result in results for name in result["compiled"]]
    assert sorted(names) == sorted(set(names))


def test_an_installation_that_was_warmed_up_serves_users_that_may_not_write_to_it(tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(
        SOURCE / "feedline", installed / "feedline", ignore=shutil.ignore_patterns("__pycache__", "compiled")
    )
    kept = kernel_cache.own_folder()  # where the tests' own kernels are, compiled before the first test
    assert kept is not None
    compiled = installed / "feedline" / "kernels" / "compiled" / kept.name
    # All but those that shuffle are there already, to save time.
    shutil.copytree(kept, compiled, ignore=shutil.ignore_patterns("permute.*"))
    (compiled.parent / "of-another-version").mkdir()
    done = warm_up(tmp_path / "root", "--shared", PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("5 of ")
    assert str(compiled) in done.stdout
    assert os.listdir(compiled.parent) == [kept.name]
    assert not (tmp_path / "root").exists()
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    result, _ = run(PROGRAM, in_the_way, PYTHONPATH=str(installed))
    assert result == {"compiled": [], "sum": 44850}
