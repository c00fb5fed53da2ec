"""The dataset helpers against Keras' own on TensorFlow."""

import importlib.util
import pathlib

import keras
import numpy as np
import pytest

import feedline.keras as fk

tf = pytest.importorskip("tensorflow")

_spec = importlib.util.spec_from_file_location("folders", pathlib.Path(__file__).parent / "folders.py")
folders = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(folders)

HERE = {
    "image": (fk.image_dataset_from_directory, keras.utils.image_dataset_from_directory),
    "text": (fk.text_dataset_from_directory, keras.utils.text_dataset_from_directory),
    "audio": (fk.audio_dataset_from_directory, keras.utils.audio_dataset_from_directory),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("helpers")
    folders.write_images(root / "image")
    folders.write_texts(root / "text")
    folders.write_audio(root / "audio")
    return root


def as_numpy(value):
    return value.to_list() if hasattr(value, "to_list") else value


def leaves(element):
    return [as_numpy(part) for part in (element if isinstance(element, tuple) else (element,))]


def same(ours, theirs, tolerance=0.0):
    """Checks that two datasets give the same elements in the same order."""
    ours, theirs = list(ours), list(theirs)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert type(mine) is tuple or not isinstance(other, tuple)
        for a, b in zip(leaves(mine), leaves(other), strict=True):
            if isinstance(a, list):
                assert a == b
                continue
            b = b.numpy() if hasattr(b, "numpy") else b
            if isinstance(a, bytes):
                assert a == b
                continue
            a, b = np.asarray(a), np.asarray(b)
            assert a.shape == b.shape
            assert a.dtype == b.dtype
            if tolerance and a.dtype == np.float32:
                np.testing.assert_allclose(a, b, atol=tolerance, rtol=0)
            else:
                np.testing.assert_array_equal(a, b)


def both(kind, root, capsys, **arguments):
    """Returns Keras' dataset and feedline's, which have printed the same."""
    mine, other = HERE[kind]
    directory = str(root / kind)
    theirs = other(directory, **arguments)
    said_by_keras = capsys.readouterr().out
    ours = mine(directory, **arguments)
    assert capsys.readouterr().out == said_by_keras
    return ours, theirs


LABELS = [
    {},
    {"label_mode": "categorical"},
    {"label_mode": None},
    {"labels": None},
]


@pytest.mark.parametrize("arguments", LABELS, ids=str)
@pytest.mark.parametrize("kind", ["image", "text", "audio"])
@pytest.mark.parametrize("batch_size", [3, None])
def test_labels(kind, root, capsys, arguments, batch_size):
    ours, theirs = both(kind, root, capsys, shuffle=False, batch_size=batch_size, **arguments)
    assert ours.class_names == theirs.class_names
    same(ours, theirs, tolerance=1e-3)


@pytest.mark.parametrize("kind", ["image", "text", "audio"])
def test_binary(kind, root, capsys):
    names = {"image": ["eel", "cat"], "text": ["good", "bad"], "audio": ["yes", "no"]}[kind]
    ours, theirs = both(kind, root, capsys, shuffle=False, label_mode="binary", class_names=names)
    assert ours.class_names == theirs.class_names == names
    same(ours, theirs, tolerance=1e-3)


@pytest.mark.parametrize("kind", ["image", "text", "audio"])
def test_given_labels(kind, root, capsys):
    count = {"image": 15, "text": 10, "audio": 8}[kind]
    for labels in ([index % 3 for index in range(count)], [index / 2 for index in range(count)]):
        ours, theirs = both(kind, root, capsys, shuffle=False, labels=labels)
        assert ours.class_names == theirs.class_names
        same(ours, theirs, tolerance=1e-3)


@pytest.mark.parametrize("kind", ["image", "text", "audio"])
@pytest.mark.parametrize("seed", [7, (1 << 32) - 1])
def test_the_same_files_are_for_validation(kind, root, capsys, seed):
    arguments = {"validation_split": 0.3, "seed": seed, "batch_size": None}
    ours, theirs = both(kind, root, capsys, subset="both", **arguments)
    assert type(ours) is type(theirs)
    same(ours[1], theirs[1], tolerance=1e-3)  # the validation part is in Keras' order too
    if kind == "image":
        assert [part.file_paths for part in ours] == [part.file_paths for part in theirs]
    for subset, part in zip(("training", "validation"), ours, strict=True):
        one, other = both(kind, root, capsys, subset=subset, **arguments)
        assert one.file_paths == part.file_paths
        assert one.class_names == other.class_names
        key = lambda element: (int(element[1]), np.asarray(as_numpy(element[0])).tobytes())  # noqa: E731
        assert len(list(one)) == len(list(other)) == len(part.file_paths)
        if kind != "image":  # pixels may differ in their last bits
            assert sorted(map(key, one)) == sorted((key((x.numpy(), y.numpy())) for x, y in other))


def test_given_labels_stay_with_their_files(root, capsys):
    labels = list(range(10))
    arguments = {"seed": 3, "batch_size": None, "verbose": False}
    ours = fk.text_dataset_from_directory(root / "text", labels=labels, **arguments)
    assert labels == list(range(10))  # Keras shuffles the user's own list
    theirs = keras.utils.text_dataset_from_directory(str(root / "text"), labels=labels, **arguments)
    key = lambda element: int(element[1])  # noqa: E731
    same(sorted(ours, key=key), sorted(theirs, key=key))


FITS = [None, "crop_to_aspect_ratio", "pad_to_aspect_ratio"]
METHODS = ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
NOT_IN_KERAS = [("gaussian", "crop_to_aspect_ratio"), ("mitchellcubic", "crop_to_aspect_ratio")]
METHODS_AND_FITS = [(method, fit) for method in METHODS for fit in FITS if (method, fit) not in NOT_IN_KERAS]


@pytest.mark.parametrize(("method", "fit"), METHODS_AND_FITS)
def test_interpolation_and_fit(root, capsys, method, fit):
    arguments = {fit: True} if fit else {}
    ours, theirs = both("image", root, capsys, shuffle=False, interpolation=method, image_size=(17, 23), **arguments)
    same(ours, theirs, tolerance=5e-3)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb"])
def test_layout(root, capsys, data_format, fit, color_mode):
    arguments = {fit: True} if fit else {}
    ours, theirs = both(
        "image",
        root,
        capsys,
        shuffle=False,
        data_format=data_format,
        color_mode=color_mode,
        image_size=(9, 7),
        **arguments,
    )
    same(ours, theirs, tolerance=1e-3)


def test_rgba(tmp_path, capsys):
    import feedline as fl

    random = np.random.default_rng(2)
    (tmp_path / "image" / "a").mkdir(parents=True)
    for index in range(3):
        image = random.integers(0, 256, (8, 9, (1, 3, 4)[index]), np.uint8)
        (tmp_path / "image" / "a" / f"{index}.png").write_bytes(fl.io.encode_png(image))
    ours, theirs = both("image", tmp_path, capsys, shuffle=False, color_mode="rgba", image_size=8)
    same(ours, theirs, tolerance=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (50, 3), (64, 64)])
def test_crop_rounds_as_keras_does(root, capsys, size):
    arguments = {"crop_to_aspect_ratio": True, "interpolation": "nearest", "image_size": size}
    same(*both("image", root, capsys, shuffle=False, **arguments))


@pytest.mark.parametrize("max_length", [0, 1, 6, 1000])
def test_max_length(root, capsys, max_length):
    same(*both("text", root, capsys, shuffle=False, max_length=max_length))


@pytest.mark.parametrize("arguments", [{"output_sequence_length": 5}, {"output_sequence_length": 0}, {"ragged": True}])
@pytest.mark.parametrize("batch_size", [3, None])
@pytest.mark.parametrize("labels", ["inferred", None])
def test_lengths_of_audio(root, capsys, arguments, batch_size, labels):
    ours, theirs = both("audio", root, capsys, shuffle=False, batch_size=batch_size, labels=labels, **arguments)
    same(ours, theirs)


def test_links_are_followed_when_asked(tmp_path, capsys):
    folders.write_texts(tmp_path / "text")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "linked.txt").write_text("linked")
    (tmp_path / "text" / "good" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "text" / "zebra").symlink_to(tmp_path / "elsewhere")
    for follow_links in (False, True):
        ours, theirs = both("text", tmp_path, capsys, shuffle=False, follow_links=follow_links)
        assert ours.class_names == theirs.class_names == ["bad", "good", "zebra"]
        same(ours, theirs)


def test_hidden_folders_and_names_of_all_kinds(tmp_path, capsys):
    for name in (".hidden", "b c", "Z", "é", "a.txt"):
        (tmp_path / "text" / name / "inner.d").mkdir(parents=True)
        for file in ("10.txt", "9.TXT", ".dot.txt", "inner.d/1.txt"):
            (tmp_path / "text" / name / file).write_text(name + file)
    (tmp_path / "text" / "loose.txt").write_text("no class")
    (tmp_path / "text" / "empty").mkdir()
    for labels in ("inferred", None):
        ours, theirs = both("text", tmp_path, capsys, shuffle=False, labels=labels)
        assert ours.class_names == theirs.class_names
        same(ours, theirs)


WINDOWS = [
    {"sequence_length": 4},
    {"sequence_length": 4, "sequence_stride": 3},
    {"sequence_length": 4, "sampling_rate": 2, "batch_size": None},
    {"sequence_length": 10, "sampling_rate": 2, "sequence_stride": 3, "batch_size": 4},
    {"sequence_length": 3, "start_index": 5, "end_index": 21},
    {"sequence_length": 3, "start_index": 5},
    {"sequence_length": 1, "end_index": 9, "batch_size": 2},
    {"sequence_length": 30},
]


@pytest.mark.parametrize("arguments", WINDOWS, ids=str)
@pytest.mark.parametrize(("shape", "dtype"), [((30,), "float64"), ((30, 2), "float32"), ((30, 2, 3), "uint8")], ids=str)
def test_windows(arguments, shape, dtype):
    data = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    for targets in (None, np.arange(30) * 10, np.arange(60.0).reshape(30, 2)):
        ours = fk.timeseries_dataset_from_array(data, targets, **arguments)
        same(ours, keras.utils.timeseries_dataset_from_array(data, targets, **arguments))


def test_windows_of_a_list_and_fewer_targets():
    data, targets = list(range(20)), list(range(100, 115))
    ours = fk.timeseries_dataset_from_array(data, targets, 3)
    same(ours, keras.utils.timeseries_dataset_from_array(data, targets, 3))


def test_shuffled_windows_are_the_same_windows():
    data = np.arange(50.0)
    arguments = {"sequence_length": 5, "sequence_stride": 2, "shuffle": True, "seed": 4, "batch_size": None}
    ours = fk.timeseries_dataset_from_array(data, data, **arguments)
    theirs = keras.utils.timeseries_dataset_from_array(data, data, **arguments)
    key = lambda element: float(element[1])  # noqa: E731
    same(sorted(ours, key=key), sorted(theirs, key=key))


SEQUENCES = [
    [[1], [2, 3], [4, 5, 6]],
    [[], [1]],
    [[[1, 2], [3, 4]], [[5, 6]]],
    [np.arange(3), np.arange(5)],
    [[0.5, 1.5], [2.5]],
]


@pytest.mark.parametrize("sequences", SEQUENCES, ids=str)
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 1, 2, 7])
def test_pad_sequences(sequences, padding, truncating, maxlen):
    arguments = {"padding": padding, "truncating": truncating, "maxlen": maxlen, "dtype": "float32", "value": -1.5}
    ours = fk.pad_sequences(sequences, **arguments)
    theirs = keras.utils.pad_sequences(sequences, **arguments)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_pad_text():
    for value in ("", "pad"):
        arguments = {"dtype": object, "value": value}
        ours = fk.pad_sequences([["a"], ["bc", "d"]], **arguments)
        assert ours.tolist() == keras.utils.pad_sequences([["a"], ["bc", "d"]], **arguments).tolist()


SIZES = [
    {"left_size": 0.8},
    {"right_size": 3},
    {"left_size": 2, "right_size": 3},
    {"left_size": 0.25, "right_size": 0.25},
    {"left_size": 0.5, "shuffle": True, "seed": 11},
    {"left_size": 7, "shuffle": True, "seed": 0},
]


@pytest.mark.parametrize("arguments", SIZES, ids=str)
def test_split(arguments):
    arrays = np.arange(22).reshape(11, 2), np.arange(11.0)
    dataset = tf.data.Dataset.from_tensor_slices({"x": arrays[0], "y": arrays[1]})
    import feedline as fl

    for given in (arrays[0], arrays):
        theirs = keras.utils.split_dataset(given, preferred_backend="tensorflow", **arguments)
        for mine, other in zip(fk.split_dataset(given, **arguments), theirs, strict=True):
            same(mine, other)
    pairs = tf.data.Dataset.from_tensor_slices(arrays)
    for given in (pairs, pairs.batch(3)):
        theirs = keras.utils.split_dataset(given, **arguments)
        for mine, other in zip(fk.split_dataset(given, **arguments), theirs, strict=True):
            same(mine, other)
        batched = fl.Dataset.from_tensor_slices(arrays)
        batched = batched.batch(3) if given is not pairs else batched
        for mine, other in zip(fk.split_dataset(batched, **arguments), theirs, strict=True):
            same(mine, other)
    left, _ = fk.split_dataset(dataset, **arguments)
    assert set(next(iter(left))) == {"x", "y"}
