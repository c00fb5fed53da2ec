"""Every argument of TensorFlow's is an argument here, in its place and with its default; every name says something."""

import importlib
import inspect

import numpy as np
import pytest

import feedline as fl
import feedline.compat.tf as feedline_tf
from feedline.compat.tf import coverage

tensorflow = pytest.importorskip("tensorflow")

GRAPHS = "it is for graphs, and there are none here"
TRACING = "it is for TensorFlow's tracing of functions, and there is none here"

LEFT_OUT = {
    "tf.DType": "dtypes are NumPy's",
    "tf.dtypes.DType": "dtypes are NumPy's",
    "tf.RaggedTensor": "TensorFlow's own is not for users: tensors are made by the class methods",
    "tf.RaggedTensorSpec(flat_values_spec)": "values are tensors of one kind",
    "tf.Tensor": "it cannot be made",
    "tf.data.Dataset": "it cannot be made but by its methods",
    "tf.data.DatasetSpec(dataset_shape)": "feedline calls it shape",
    "tf.data.Iterator": "it is made by iter(dataset)",
    "tf.data.NumpyIterator": "it is made by dataset.as_numpy_iterator()",
    "tf.data.experimental.Optional": "it is made by its static methods",
    "tf.errors": "feedline's errors say what, where and a fix",
    "tf.RaggedTensor.consumers": GRAPHS,
    "tf.RaggedTensor.row_splits": "it is there in every ragged tensor, but not in the class",
    "tf.RaggedTensor.values": "it is there in every ragged tensor, but not in the class",
    "tf.SparseTensor.consumers": GRAPHS,
    "tf.SparseTensor.eval": GRAPHS,
    "tf.SparseTensor.graph": GRAPHS,
    "tf.SparseTensor.op": GRAPHS,
    "tf.SparseTensor.dense_shape": "it is there in every sparse tensor, but not in the class",
    "tf.SparseTensor.indices": "it is there in every sparse tensor, but not in the class",
    "tf.SparseTensor.values": "it is there in every sparse tensor, but not in the class",
    "tf.Tensor.OVERLOADABLE_OPERATORS": GRAPHS,
    "tf.Tensor.eval": GRAPHS,
    "tf.Tensor.experimental_ref": "tensors are no keys here",
    "tf.Tensor.name": GRAPHS,
    "tf.TensorShape.as_proto": TRACING,
    "tf.TensorShape.cast": TRACING,
    "tf.TensorShape.experimental_as_proto": TRACING,
    "tf.TensorShape.experimental_from_proto": TRACING,
    "tf.TensorShape.experimental_type_proto": TRACING,
    "tf.TensorShape.flatten": TRACING,
    "tf.TensorShape.from_tensors": TRACING,
    "tf.TensorShape.is_subtype_of": TRACING,
    "tf.TensorShape.most_specific_common_supertype": TRACING,
    "tf.TensorShape.placeholder_value": TRACING,
    "tf.TensorShape.to_tensors": TRACING,
}
"""What is left out on purpose: a whole function or class, or one argument of it in brackets."""

OTHER_DEFAULTS = {
    "tf.TensorSpec(shape)": "a spec of unknown rank needs no shape",
    "tf.transpose(name)": "names are not used",
}

CLASSES = ["RaggedTensor", "SparseTensor", "Tensor", "TensorShape"]


def theirs_of(title):
    """Returns TensorFlow's module, or class, of a title such as tf.io."""
    value = tensorflow
    for part in title.split(".")[1:]:
        value = getattr(value, part)
    return value


def default_of(parameter):
    """Returns a default as both libraries write it: dtypes are names."""
    value = parameter.default
    if value is inspect.Parameter.empty or value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return tuple(value)
    return getattr(value, "name", None) or np.dtype(value).name


def differences(title, theirs, ours):
    """Returns what a signature lacks of TensorFlow's."""
    if title in LEFT_OUT or title.rpartition(".")[0] in ("tf.errors",):
        return []
    wanted, got = (inspect.signature(function).parameters for function in (theirs, ours))
    free = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    wanted = {name: each for name, each in wanted.items() if f"{title}({name})" not in LEFT_OUT}
    lack = [name for name, each in wanted.items() if name not in got and each.kind not in free]
    found = [f"lacks {name}" for name in lack]
    placed = [name for name, each in wanted.items() if name in got and each.kind not in free]
    own = [name for name in got if name in placed]
    if own != placed:
        found.append(f"has {own} in place of {placed}")
    positional = [name for name, each in got.items() if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    if not lack and positional[: len(placed)] != [name for name in placed if name in positional]:
        found.append(f"has other arguments among {placed}: {positional}")
    for name in placed:
        if f"{title}({name})" in OTHER_DEFAULTS or name == "name":
            continue
        if default_of(wanted[name]) != default_of(got[name]):
            found.append(f"{name} is {default_of(got[name])!r} and not {default_of(wanted[name])!r}")
    return found


def described(function):
    """Says whether Python knows a function's arguments."""
    try:
        inspect.signature(function)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("title", coverage.MODULES)
def test_functions_take_the_arguments_of_tensorflows(title):
    theirs, ours = theirs_of(title), importlib.import_module(coverage.MODULES[title])
    wrong, compared = {}, 0
    for name in coverage.public_names(ours):
        one, other = getattr(theirs, name, None), getattr(ours, name)
        if not callable(other) or not callable(one):
            continue
        full = f"{title}.{name}"
        if title == "tf.train" or not described(one):
            continue  # TensorFlow's are generated: tests/train has their arguments
        compared += 1
        found = differences(full, one, other)
        if found:
            wrong[full] = found
    assert not wrong
    assert compared > 0 or title in ("tf.train", "tf.autograph")


@pytest.mark.parametrize("name", CLASSES)
def test_classes_have_the_methods_of_tensorflows(name):
    theirs, ours = getattr(tensorflow, name), getattr(feedline_tf, name)
    wrong = {}
    for each in dir(theirs):
        full = f"tf.{name}.{each}"
        if each.startswith("_") or full in LEFT_OUT:
            continue
        if not hasattr(ours, each):
            wrong[full] = "is not there"
        elif callable(getattr(theirs, each)) and name != "Tensor":  # a tensor is an array, and has its methods
            found = differences(full, getattr(theirs, each), getattr(ours, each))
            if found:
                wrong[full] = found
    assert not wrong


DATASETS = {"feedline": fl.Dataset, "compat": feedline_tf.data.Dataset}


@pytest.mark.parametrize("library", DATASETS)
def test_datasets_have_the_methods_of_tensorflows(library):
    wrong = {}
    for name in dir(tensorflow.data.Dataset):
        theirs = getattr(tensorflow.data.Dataset, name)
        if name.startswith("_"):
            continue
        if not hasattr(DATASETS[library], name):
            wrong[name] = "is not there"
        elif callable(theirs):
            found = differences(f"tf.data.Dataset.{name}", theirs, getattr(DATASETS[library], name))
            if found:
                wrong[name] = found
    assert not wrong


READERS = ["TFRecordDataset", "TextLineDataset", "FixedLengthRecordDataset"]


@pytest.mark.parametrize("name", READERS)
def test_readers_take_the_arguments_of_tensorflows(name):
    theirs = getattr(tensorflow.data, name)
    for ours in (getattr(fl, name), getattr(feedline_tf.data, name)):
        assert not differences(f"tf.data.{name}", theirs, ours)


@pytest.mark.parametrize("name", sorted(fl.experimental.__all__))
def test_experimental_functions_take_the_arguments_of_tensorflows(name):
    theirs, ours = getattr(tensorflow.data.experimental, name), getattr(fl.experimental, name)
    if not name.endswith(("Options", "Policy", "Algorithm")):
        assert not differences(f"tf.data.experimental.{name}", theirs, ours)


@pytest.mark.parametrize("title", coverage.MODULES)
def test_every_name_that_is_not_covered_says_what_to_use(title):
    ours = importlib.import_module(coverage.MODULES[title])
    silent = []
    for name in dir(theirs_of(title)):
        if name.startswith("_") or name in ours.__all__:
            continue
        with pytest.raises(AttributeError) as caught:
            getattr(ours, name)
        if "Instead:" not in str(caught.value):
            silent.append(name)
    assert not silent


def test_reasons_are_of_what_there_is():
    for name in LEFT_OUT:
        title, _, argument = name.removesuffix(")").partition("(")
        theirs = theirs_of(title)
        assert not argument or argument in inspect.signature(theirs).parameters, name
