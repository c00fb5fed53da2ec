"""Every Python example of the README and of pages in `docs` runs as it stands."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
KERAS = (ROOT / "docs" / "keras.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
KERAS_EXAMPLES = re.findall(r"```python\n(.*?)```", KERAS, re.DOTALL)
PAGES = {
    name: re.findall(r"```python\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)
    for name in ("frameworks.md", "files.md", "preprocess.md", "processes.md")
}

# What the examples of docs/keras.md take for granted.
BEFORE = """
import keras, numpy as np
import feedline as fl
images, labels = np.random.rand(64, 8, 8, 1), np.random.randint(0, 10, 64)
held_out = fl.Dataset.from_tensor_slices((images, labels)).batch(32)
new_images = held_out.map(lambda image, label: image)
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
model.compile(loss="sparse_categorical_crossentropy")
for name in "ab":
    for number in range(5):
        fl.io.write_file(f"photos/{name}/{number}.png", fl.io.encode_png(np.zeros((8, 8, 3), np.uint8)))
"""


def test_there_are_examples():
    assert len(EXAMPLES) >= 2


def run(program: str, folder: pathlib.Path) -> None:
    pytest.importorskip("jax")
    pytest.importorskip("keras")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number, tmp_path):
    run(EXAMPLES[number], tmp_path)


def test_the_examples_of_the_keras_page_run_one_after_the_other(tmp_path):
    assert len(KERAS_EXAMPLES) >= 3
    run("\n".join([BEFORE, *KERAS_EXAMPLES]), tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_one_after_the_other(page, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("fsspec")
    assert len(PAGES[page]) >= 2
    before = "import numpy as np\nimages = np.random.rand(64, 8, 8).astype(np.float32)\nlabels = np.arange(64) % 10"
    run("\n".join([before, *PAGES[page]]), tmp_path)


def test_every_make_target_and_extra_that_is_named_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
    for page in [
        README,
        *(file.read_text("utf-8") for file in ROOT.glob("*/*.md")),
        (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
    ]:
        assert set(re.findall(r"(?:`|^ +)make ([a-z]+)", page, re.MULTILINE)) <= targets
        for named in re.findall(r"pip install .*\.\[([a-z,]+)\]", page):
            assert set(named.split(",")) <= extras


def test_every_link_leads_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_error_that_is_shown_is_what_a_user_gets(tmp_path):
    shown = re.search(r"```\n(feedline\.errors\.MissingFeatureError.*?)```", README, re.DOTALL)
    assert shown is not None
    program = """\
import feedline as fl

feature = {
    "image": fl.train.Feature(bytes_list=fl.train.BytesList(value=[b"..."])),
    "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[1])),
}
with fl.io.TFRecordWriter("photos.tfrecord") as writer:
    writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())
FEATURES = {"imaeg": fl.io.FixedLenFeature([], fl.string)}
def parse(record):
    features = fl.io.parse_single_example(record, FEATURES)
    return features["imaeg"]

ds = fl.TFRecordDataset("photos.tfrecord").map(parse).batch(2)
next(iter(ds))
"""
    (tmp_path / "train.py").write_text(program)
    result = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True)
    assert shown[1].strip() in result.stderr
