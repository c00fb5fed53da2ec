"""What the three functions on folders share; against what Keras wrote, and without TensorFlow."""

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")

import feedline as fl
import feedline.keras as fk
from feedline.errors import ArgumentError, ImageDecodeError, MissingFileError, NoFilesError

_spec = importlib.util.spec_from_file_location("folders", Path(__file__).parent / "folders.py")
folders = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(folders)

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "data" / "keras_files" / "splits.json").read_text(encoding="utf-8")
)
FUNCTIONS = [fk.image_dataset_from_directory, fk.text_dataset_from_directory, fk.audio_dataset_from_directory]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """The folder of tests/golden/make_keras_files.py."""
    folder = tmp_path_factory.mktemp("texts")
    for name, count in GOLDEN["classes"].items():
        (folder / name).mkdir()
        for index in range(count):
            (folder / name / f"{index}.txt").write_text(f"{name}/{index}.txt")
    return folder


@pytest.mark.parametrize("expected", GOLDEN["splits"], ids=lambda e: f"{e['seed']}-{e['validation_split']}")
def test_the_validation_files_are_those_of_keras(texts, expected):
    arguments = {"seed": expected["seed"], "validation_split": expected["validation_split"], "batch_size": None}
    training, validation = fk.text_dataset_from_directory(texts, subset="both", **arguments)
    assert [[text.decode(), int(label)] for text, label in validation] == expected["validation"]
    names = [os.path.relpath(path, texts) for path in validation.file_paths]
    assert names == [text for text, _ in expected["validation"]]
    everything = {os.path.relpath(path, texts) for path in training.file_paths + validation.file_paths}
    assert len(everything) == len(training.file_paths) + len(validation.file_paths) == 20
    alone = fk.text_dataset_from_directory(texts, subset="validation", **arguments)
    assert alone.file_paths == validation.file_paths


def test_each_epoch_has_another_order_of_the_same_elements(texts):
    dataset = fk.text_dataset_from_directory(texts, seed=1, batch_size=None, verbose=False)
    first, second = ([(text, int(label)) for text, label in dataset] for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second)
    assert all(sorted(GOLDEN["classes"])[label] == text.decode().split("/")[0] for text, label in first)
    again = fk.text_dataset_from_directory(texts, seed=1, batch_size=None, verbose=False)
    assert [(text, int(label)) for text, label in again] == first


def test_without_a_seed_the_global_one_decides(texts):
    def order():
        np.random.seed(5)  # noqa: NPY002
        return fk.text_dataset_from_directory(texts, verbose=False).file_paths

    assert order() == order()


def test_attributes_and_length(texts):
    dataset = fk.text_dataset_from_directory(texts, shuffle=False, batch_size=6, verbose=False)
    assert dataset.class_names == ["Z", "a c", "b"]
    assert len(dataset) == 4
    assert len(dataset.file_paths) == 20
    assert dataset[0][1].tolist() == [0] * 6
    assert isinstance(dataset, fl.Dataset)
    assert not hasattr(dataset.map(lambda text, label: text), "class_names")
    unlabelled = fk.text_dataset_from_directory(texts, labels=None, verbose=False)
    assert unlabelled.class_names is None


def test_prints(texts, capsys, tmp_path):
    fk.text_dataset_from_directory(texts)
    fk.text_dataset_from_directory(texts, labels=None)
    fk.text_dataset_from_directory(texts, seed=1, validation_split=0.2, subset="both")
    fk.text_dataset_from_directory(texts, verbose=False, seed=1, validation_split=0.2, subset="both")
    assert capsys.readouterr().out.splitlines() == [
        "Found 20 files belonging to 3 classes.",
        "Found 20 files.",
        "Found 20 files belonging to 3 classes.",
        "Using 16 files for training.",
        "Using 4 files for validation.",
    ]
    (tmp_path / "a").mkdir()
    for name in ("1.txt", "2.md", "3.MD", "README", ".DS_Store"):
        (tmp_path / "a" / name).write_text("")
    fk.text_dataset_from_directory(tmp_path)
    assert "Left out 3 files that are no text files: 2 .md, 1 no extension." in capsys.readouterr().out


WRONG = [
    ({"labels": "infered"}, "labels"),
    ({"labels": 3}, "labels"),
    ({"labels": [0] * 20, "class_names": ["b"]}, "class_names"),
    ({"labels": [0] * 19}, "19 labels and 20 files"),
    ({"labels": ["a"] * 20}, "not numbers"),
    ({"labels": None, "class_names": ["b"]}, "without labels"),
    ({"label_mode": "integer"}, "label_mode"),
    ({"label_mode": "binary"}, "2 classes"),
    ({"labels": [1, 2] * 10, "label_mode": "binary"}, "from 0 to 1"),
    ({"labels": [1, 2, 3, 4] * 5, "label_mode": "categorical"}, "from 0 to 3"),
    ({"labels": [0.0, 1.0] * 10, "label_mode": "categorical"}, "from 0 to 1"),
    ({"class_names": ["B"]}, "'B'"),
    ({"class_names": ["b", "b"]}, "twice"),
    ({"class_names": "b"}, "list of names"),
    ({"validation_split": 0.2}, "go together"),
    ({"subset": "training"}, "go together"),
    ({"validation_split": 0.0, "subset": "training"}, "go together"),
    ({"validation_split": 1.5, "subset": "both", "seed": 1}, "between 0 and 1"),
    ({"validation_split": "0.2", "subset": "both", "seed": 1}, "between 0 and 1"),
    ({"validation_split": 0.2, "subset": "test", "seed": 1}, "subset"),
    ({"validation_split": 0.2, "subset": "both"}, "needs a seed"),
    ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "not a single file"),
    ({"seed": -1}, "seed"),
    ({"seed": 1 << 32}, "seed"),
    ({"seed": 1.5}, "seed"),
    ({"batch_size": 0}, "batch_size"),
    ({"batch_size": "32"}, "batch_size"),
    ({"max_length": -1}, "max_length"),
    ({"format": "grain"}, "format"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=str)
def test_wrong_arguments(texts, arguments, words):
    with pytest.raises(ArgumentError) as caught:
        fk.text_dataset_from_directory(texts, **arguments)
    assert words in str(caught.value)
    assert caught.value.fix


@pytest.mark.parametrize("function", FUNCTIONS)
def test_folders_that_are_not_there(function, tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(MissingFileError, match=r"Did you mean .*pictures"):
        function(tmp_path / "picture")
    with pytest.raises(NoFilesError, match="no class folders"):
        function(tmp_path / "pictures")
    with pytest.raises(NoFilesError, match="empty"):
        function(tmp_path / "pictures", labels=None)
    with pytest.raises(ArgumentError, match="not on this machine"):
        function("gs://bucket/pictures")
    with pytest.raises(ArgumentError, match="path of a folder"):
        function(None)
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match="is a file"):
        function(tmp_path / "file")


def test_files_beside_the_class_folders(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "loose.txt").write_text("")
    with pytest.raises(NoFilesError, match=r"1 lie in the folder itself, such as 'loose.txt'"):
        fk.text_dataset_from_directory(tmp_path)
    (tmp_path / "a" / "note.md").write_text("")
    (tmp_path / "loose.txt").unlink()
    with pytest.raises(NoFilesError, match=r"only other files: 1 \.md"):
        fk.text_dataset_from_directory(tmp_path)


def test_a_link_to_a_folder_above_is_not_followed(texts, tmp_path):
    folders.write_texts(tmp_path / "t")
    (tmp_path / "t" / "bad" / "up").symlink_to(tmp_path / "t")
    dataset = fk.text_dataset_from_directory(tmp_path / "t", follow_links=True, verbose=False)
    assert len(dataset.file_paths) == len(set(map(os.path.realpath, dataset.file_paths))) == 10


def test_names_that_are_not_unicode(tmp_path):
    folder = os.path.join(os.fsencode(tmp_path), b"a\xff")
    os.mkdir(folder)
    with open(os.path.join(folder, b"\xfe.txt"), "wb") as file:
        file.write(b"\xff\0text")
    (text, label), *rest = fk.text_dataset_from_directory(tmp_path, batch_size=None, verbose=False)
    assert (text, label, rest) == (b"\xff\0text", 0, [])


def test_a_damaged_file_is_named(tmp_path):
    folders.write_images(tmp_path)
    (tmp_path / "dog" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    dataset = fk.image_dataset_from_directory(tmp_path, shuffle=False, verbose=False)
    with pytest.raises(ImageDecodeError) as caught:
        list(dataset)
    assert str(tmp_path / "dog" / "0.png") in str(caught.value)
    assert "load_image" in str(caught.value)


def test_a_file_that_went_missing_is_named(tmp_path):
    folders.write_texts(tmp_path)
    dataset = fk.text_dataset_from_directory(tmp_path, verbose=False)
    os.remove(dataset.file_paths[3])
    with pytest.raises(MissingFileError) as caught:
        list(dataset)
    assert dataset.file_paths[3] in str(caught.value)


WRONG_IMAGES = [
    ({"color_mode": "RGB"}, "color_mode"),
    ({"image_size": (0, 5)}, "image_size"),
    ({"image_size": 5.5}, "image_size"),
    ({"interpolation": "linear"}, "interpolation"),
    ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "both"),
    ({"data_format": "channels"}, "data_format"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG_IMAGES, ids=str)
def test_wrong_arguments_of_images(tmp_path, arguments, words):
    with pytest.raises(ArgumentError, match=words):
        fk.image_dataset_from_directory(tmp_path, **arguments)


def test_crop_with_methods_that_keras_does_not_take(tmp_path):
    folders.write_images(tmp_path)
    for method in ("gaussian", "mitchellcubic"):
        arguments = {"interpolation": method, "image_size": (8, 8), "shuffle": False, "verbose": False}
        images, _ = next(iter(fk.image_dataset_from_directory(tmp_path, crop_to_aspect_ratio=True, **arguments)))
        assert images.shape == (15, 8, 8, 3)


def test_nearest_gives_bytes(tmp_path):
    folders.write_images(tmp_path)
    dataset = fk.image_dataset_from_directory(tmp_path, interpolation="NEAREST", image_size=3, verbose=False)
    images, labels = next(iter(dataset))
    assert images.dtype == np.uint8
    assert images.shape == (15, 3, 3, 3)
    assert labels.dtype == np.int32


def test_wrong_arguments_of_audio(tmp_path):
    folders.write_audio(tmp_path)
    with pytest.raises(ArgumentError, match="resample"):
        fk.audio_dataset_from_directory(tmp_path, sampling_rate=16000)
    with pytest.raises(ArgumentError, match="ragged"):
        fk.audio_dataset_from_directory(tmp_path, ragged=True, output_sequence_length=5)
    with pytest.raises(ArgumentError, match="output_sequence_length"):
        fk.audio_dataset_from_directory(tmp_path, output_sequence_length=-1)


def test_audio_lengths(tmp_path):
    folders.write_audio(tmp_path)
    padded, _ = next(iter(fk.audio_dataset_from_directory(tmp_path, shuffle=False, verbose=False)))
    assert padded.shape == (8, 9, 2)
    ragged, _ = next(iter(fk.audio_dataset_from_directory(tmp_path, shuffle=False, ragged=True, verbose=False)))
    assert [len(row) for row in ragged.to_list()] == [3, 5, 7, 9] * 2
    assert padded[0, :3].tolist() == ragged.to_list()[0]
    assert (padded[0, 3:] == 0).all()
    cut, _ = next(
        iter(fk.audio_dataset_from_directory(tmp_path, shuffle=False, output_sequence_length=4, verbose=False))
    )
    np.testing.assert_array_equal(cut[:, :3], padded[:, :3])


def test_trains_a_model(tmp_path):
    import keras

    for number, name in enumerate(("dark", "light")):
        (tmp_path / name).mkdir()
        for index in range(20):
            image = np.full((6, 6, 3), 200 * number + index, np.uint8)
            (tmp_path / name / f"{index}.png").write_bytes(fl.io.encode_png(image))
    training, validation = fk.image_dataset_from_directory(
        tmp_path, image_size=(6, 6), seed=1, validation_split=0.25, subset="both", verbose=False
    )
    model = keras.Sequential(
        [keras.layers.Rescaling(1 / 127.5, -1), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(training, epochs=5, validation_data=validation, verbose=0)
    assert model.evaluate(validation, verbose=0, return_dict=True)["accuracy"] == 1.0


def test_tensorflow_is_not_imported(tmp_path):
    folders.write_images(tmp_path / "image")
    folders.write_texts(tmp_path / "text")
    folders.write_audio(tmp_path / "audio")
    code = f"""
        import sys
        sys.modules["tensorflow"] = None
        import feedline.keras as fk
        for kind, function in (("image", fk.image_dataset_from_directory), ("text", fk.text_dataset_from_directory),
                               ("audio", fk.audio_dataset_from_directory)):
            dataset = function({str(tmp_path)!r} + "/" + kind, seed=1, validation_split=0.5, subset="training")
            assert sum(len(labels) for _, labels in dataset) == len(dataset.file_paths)
        left, right = fk.split_dataset(list(fk.timeseries_dataset_from_array([1, 2, 3], None, 2))[0], 1)
        print(len(left), len(right), fk.pad_sequences([[1], [2, 3]]).tolist())
    """
    for backend in ("jax", "torch"):
        if importlib.util.find_spec(backend) is None:
            continue
        process = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**os.environ, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert process.returncode == 0, process.stderr
        assert process.stdout.endswith("1 1 [[0, 1], [2, 3]]\n")
