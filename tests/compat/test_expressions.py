"""A thousand small expressions, against what TensorFlow made of them."""

import json
from pathlib import Path

import pytest

import feedline.compat.tf as tf
from feedline.errors import FeedlineError

FOLDER = Path(__file__).parent
GOLDEN = json.loads((FOLDER.parent / "golden/data/compat/expressions.json").read_text())
DIFFERENCES = [line for line in (FOLDER / "differences.txt").read_text().splitlines() if not line.startswith("#")]


def test_the_golden_file_is_of_these_expressions():
    assert list(GOLDEN) == (FOLDER / "expressions.txt").read_text().splitlines()
    assert len(GOLDEN) > 900
    assert 150 < sum("error" in wanted for wanted in GOLDEN.values()) < 400


@pytest.mark.parametrize("part", range(20))
def test_as_tensorflow_has_it(part, evaluate, agree):
    wrong = {}
    for expression in list(GOLDEN)[part::20]:
        got = evaluate(tf, expression)
        if not agree(got, GOLDEN[expression]):
            wrong[expression] = (got, GOLDEN[expression])
    assert not wrong


@pytest.mark.parametrize("expression", DIFFERENCES)
def test_what_is_refused_says_why(expression, names_of):
    with pytest.raises(FeedlineError) as caught:
        eval(expression, names_of(tf))
    assert caught.value.fix


def test_every_function_is_in_an_expression():
    said = " ".join(GOLDEN)
    modules = {"tf": tf, "tf.math": tf.math, "tf.ragged": tf.ragged, "tf.sparse": tf.sparse, "S": tf.strings}
    missing = []
    for prefix, module in modules.items():
        for name in module.__all__:
            short = [f"tf.{name}("] if prefix == "tf.math" and name in tf.__all__ else []
            short += [f"tf.strings.{name}("] if prefix == "S" else []
            if callable(getattr(module, name)) and not any(text in said for text in (f"{prefix}.{name}(", *short)):
                missing.append(f"{prefix}.{name}")
    # types, which are not called, and what is tested on its own
    others = {
        "tf.DType", "tf.RaggedTensor", "tf.RaggedTensorSpec", "tf.SparseTensorSpec", "tf.Tensor",
    }  # fmt: skip
    assert set(missing) - others == set()
