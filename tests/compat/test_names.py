"""Names: what is not covered says so, what is covered stands in docs/compat.md."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import feedline.compat.tf as tf
from feedline.compat.tf import coverage

PAGE = Path(__file__).parents[2] / "docs" / "compat.md"


def test_the_page_is_what_the_code_covers():
    assert PAGE.read_text() == coverage.table(), "run: python -m feedline.compat.tf.coverage > docs/compat.md"


@pytest.mark.parametrize("title", coverage.MODULES)
def test_every_name_on_the_page_is_there(title):
    module = importlib.import_module(coverage.MODULES[title])
    for name in coverage.public_names(module):
        if (title, name) != ("tf", "keras"):
            assert getattr(module, name) is not None or name == "newaxis", name
    for part in title.split(".")[1:]:
        module = tf if part == title.split(".")[1] else module
        module = getattr(module, part)
    assert module.__name__ == coverage.MODULES[title]


def test_there_is_no_name_that_tensorflow_does_not_have():
    tensorflow = pytest.importorskip("tensorflow")
    added = {"tf.io.decode_npy"}
    for title, path in coverage.MODULES.items():
        theirs = tensorflow
        for part in title.split(".")[1:]:
            theirs = getattr(theirs, part)
        ours = {f"{title}.{name}" for name in coverage.public_names(importlib.import_module(path))}
        have = {f"{title}.{name}" for name in dir(theirs)}
        assert ours - have - added == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.Datset", r"tf\.data\.Datset\. Did you mean tf\.data\.Dataset\?"),
        ("reduce_summ", r"Did you mean tf\.reduce_sum\?"),
        ("io.decode_pngs", r"Did you mean tf\.io\.decode_png\?"),
        ("image.resise", r"Did you mean tf\.image\.resize\?"),
        ("strings.lenght", r"Did you mean tf\.strings\.length\?"),
        ("Variable", r"Instead: use keras\.Variable"),
        ("GradientTape", "Instead"),
        ("lookup", "Instead: use a Python dict"),
        ("image.ssim_multiscale", "Instead: use ssim of the images resized"),
        ("io.serialize_sparse", "Instead: write the values as a feature"),
        ("train.ClusterSpec", r"Instead: .*Dataset\.shard"),
        ("train.Checkpoint", "Instead: use model.save_weights"),
        ("compat.v1", "Instead: write the code as in TensorFlow 2"),
        ("data.Dataset.from_tensor_slice", r"Did you mean tf\.data\.Dataset\.from_tensor_slices\?"),
        ("data.experimental.service", r"Instead: use Dataset\.shard"),
        ("data.experimental.AutoShardPolicies", r"Did you mean tf\.data\.experimental\.AutoShardPolicy\?"),
        ("normal", r"Instead: use tf\.random\.normal\."),
        ("decode_png", r"Instead: use tf\.io\.decode_png\."),
        ("math.softmax", "Instead: use keras.ops"),
        ("sparse.reduce_sum", "Instead: make it dense first"),
        ("ragged.cross", "Instead: use keras.layers.HashedCrossing"),
        ("xyzzy", r"does not cover tf\.xyzzy\. docs/compat\.md"),
        ("math.xyzzy", "docs/compat.md"), ("random.xyzzy", "docs/compat.md"), ("sparse.xyzzy", "docs/compat.md"),
        ("ragged.xyzzy", "docs/compat.md"), ("errors.xyzzy", "docs/compat.md"), ("dtypes.xyzzy", "docs/compat.md"),
        ("debugging.xyzzy", "docs/compat.md"), ("autograph.xyzzy", "docs/compat.md"),
        ("data.experimental.xyzzy", "docs/compat.md"), ("io.gfile.xyzzy", "docs/compat.md"),
    ],
)  # fmt: skip
def test_a_name_that_is_not_covered_says_so(name, text):
    value = tf
    *outer, last = name.split(".")
    for part in outer:
        value = getattr(value, part)
    with pytest.raises(AttributeError, match=text):
        getattr(value, last)
    assert not hasattr(value, last)


def test_the_version_says_whose_it_is():
    assert "feedline" in tf.__version__
    assert tf.__version__.startswith("2.")
    assert int(tf.__version__.split(".")[0]) >= 2


def test_importing_it_loads_no_framework():
    program = (
        "import sys, feedline.compat.tf as tf\n"
        "list(tf.data.Dataset.range(3).map(lambda x: tf.cast(x, tf.float32)).batch(2))\n"
        "print([name for name in ('tensorflow', 'keras', 'jax', 'torch', 'numba', 'cv2') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_keras_is_keras_and_takes_datasets():
    pytest.importorskip("keras")
    program = (
        "import feedline.compat.tf as tf, numpy as np\n"
        "model = tf.keras.Sequential([tf.keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "ds = tf.data.Dataset.from_tensor_slices((np.ones((8, 2), 'float32'), np.zeros(8, 'float32'))).batch(4)\n"
        "history = model.fit(ds.map(lambda x, y: (x * 2.0, y)), epochs=3, verbose=0, validation_data=ds)\n"
        "print(history.history['loss'][0] > history.history['loss'][-1])\n"
        "print(model.predict(ds, verbose=0).shape, np.asarray(model(tf.ones([3, 2]))).shape)\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    printed = subprocess.check_output([sys.executable, "-c", program], text=True, env=environment)
    assert printed.split("\n") == ["True", "(8, 1) (3, 1)", ""]


def test_a_method_that_a_dataset_does_not_have_says_so():
    with pytest.raises(AttributeError, match=r"Did you mean tf\.data\.Dataset\.padded_batch\?"):
        tf.data.Dataset.range(3).paded_batch(2)
