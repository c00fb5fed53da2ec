from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import feedline as fl
from feedline.run.iterator import DatasetIterator

torch = pytest.importorskip("torch")
IMAGES = np.random.default_rng(0).random((50, 28, 28, 3), np.float32)
LABELS = np.arange(50)


@pytest.fixture
def given(monkeypatch) -> list:
    """The arrays that the dataset gives, as they are handed over."""
    arrays = []
    plain = DatasetIterator.__next__

    def noting(iterator):
        element = plain(iterator)
        arrays.append(element)
        return element

    monkeypatch.setattr(DatasetIterator, "__next__", noting)
    return arrays


@pytest.mark.parametrize("batch_size", [None, 7, 32])
def test_tensors_are_the_memory_of_the_arrays(given, batch_size) -> None:
    dataset = fl.Dataset.from_tensor_slices((IMAGES, LABELS))
    if batch_size:
        dataset = dataset.batch(batch_size)
    tensors = list(dataset.to_torch())
    assert len(given) == len(tensors) == len(dataset)
    for (image, _), (array, _) in zip(tensors, given, strict=True):
        assert image.data_ptr() == array.ctypes.data
        assert image.shape == array.shape


def test_values_structure_and_dtypes() -> None:
    class Point(NamedTuple):
        x: object
        y: object

    columns = {
        "image": IMAGES,
        "point": Point(LABELS.astype(np.int16), (LABELS * 0.5, LABELS > 3)),
        "wide": LABELS.astype(np.uint64),
        "half": IMAGES[:, 0, 0].astype(np.float16),
        "complex": LABELS * 1j,
    }
    dataset = fl.Dataset.from_tensor_slices(columns).batch(8)
    for tensors, arrays in zip(dataset.to_torch(), dataset, strict=True):
        assert list(tensors) == list(arrays)
        assert type(tensors["point"]) is Point
        pairs = [(tensors[name], arrays[name]) for name in ("image", "wide", "half", "complex")]
        pairs += [(tensors["point"].x, arrays["point"].x), *zip(tensors["point"].y, arrays["point"].y, strict=True)]
        for tensor, array in pairs:
            assert isinstance(tensor, torch.Tensor)
            assert tensor.device.type == "cpu"
            assert str(tensor.dtype) == f"torch.{array.dtype.name}"
            np.testing.assert_array_equal(tensor.numpy(), array)


def test_single_elements_are_tensors_too() -> None:
    image, label = next(iter(fl.Dataset.from_tensor_slices((IMAGES, LABELS)).to_torch()))
    assert image.shape == (28, 28, 3)
    assert label.shape == ()
    assert label.item() == 0


def test_dataclasses_pass() -> None:
    @dataclasses.dataclass
    class Example:
        image: object
        label: object

    dataset = fl.Dataset.from_tensor_slices((IMAGES, LABELS)).map(lambda image, label: Example(image, label)).batch(4)
    batch = next(iter(dataset.to_torch()))
    assert type(batch) is Example
    assert batch.image.shape == (4, 28, 28, 3)


def test_each_iteration_is_an_epoch_and_the_length_is_known() -> None:
    batches = fl.Dataset.range(40).shuffle(40, seed=1).batch(8).to_torch()
    assert len(batches) == 5
    epochs = [torch.cat(list(batches)).tolist() for _ in range(3)]
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert all(sorted(epoch) == list(range(40)) for epoch in epochs)
    with pytest.raises(fl.errors.UnknownCardinalityError):
        len(fl.Dataset.range(4).filter(lambda n: n > 1).to_torch())
    with pytest.raises(fl.errors.InfiniteDatasetError):
        len(fl.Dataset.range(4).repeat().to_torch())
    assert fl.Dataset.range(4).repeat().to_torch()
    assert len(list(fl.Dataset.range(4).filter(lambda n: n > 1).to_torch())) == 2


def test_a_training_loop() -> None:
    rng = np.random.default_rng(1)
    x = rng.random((512, 8), np.float32)
    y = (x @ np.arange(8, dtype=np.float32))[:, None]
    batches = fl.Dataset.from_tensor_slices((x, y)).shuffle(512, seed=0).batch(64).prefetch(fl.AUTOTUNE).to_torch()
    torch.manual_seed(0)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    losses = []
    for _ in range(30):
        for features, target in batches:
            loss = torch.nn.functional.mse_loss(model(features), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.01 * losses[0]


def test_strings_stay_what_they_are() -> None:
    dataset = fl.Dataset.from_tensor_slices((["a", "bc", "d"], [1, 2, 3]))
    name, number = next(iter(dataset.to_torch()))
    assert name == b"a"
    assert isinstance(number, torch.Tensor)
    names, _ = next(iter(dataset.batch(2).to_torch()))
    assert isinstance(names, np.ndarray)
    assert names.tolist() == [b"a", b"bc"]


def test_memory_that_pytorch_cannot_share_is_copied(tmp_path, recwarn) -> None:
    np.save(tmp_path / "a.npy", np.arange(6.0))
    read = fl.Dataset.from_tensors(str(tmp_path / "a.npy")).map(lambda path: fl.io.decode_npy(fl.io.read_file(path)))
    assert next(iter(read.to_torch())).tolist() == [0, 1, 2, 3, 4, 5]
    backwards = fl.Dataset.from_tensors(np.arange(6)).map(lambda array: array[::-1])
    assert next(iter(backwards.to_torch())).tolist() == [5, 4, 3, 2, 1, 0]
    assert [str(warning.message) for warning in recwarn if "writ" in str(warning.message)] == []


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_dtypes_of_ml_dtypes(name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.array([0.5, -1.5, 2.0, 96.0]).astype(getattr(ml_dtypes, name))
    batch = next(iter(fl.Dataset.from_tensor_slices(values).batch(4).to_torch()))
    assert batch.dtype is getattr(torch, name)
    assert batch.float().tolist() == [0.5, -1.5, 2.0, 96.0]


def test_ragged_components_are_nested_tensors() -> None:
    rows = [np.array([1.0, 2.0]), np.array([]), np.array([3.0, 4.0, 5.0])]
    dataset = fl.Dataset.from_tensor_slices((rows, np.arange(3))).ragged_batch(2)
    (first, labels), (second, _) = dataset.to_torch()
    assert first.is_nested
    assert first.layout is torch.jagged
    assert [row.tolist() for row in first.unbind()] == [[1.0, 2.0], []]
    assert [row.tolist() for row in second.unbind()] == [[3.0, 4.0, 5.0]]
    assert labels.tolist() == [0, 1]
    assert torch.nested.to_padded_tensor(first, -1.0).tolist() == [[1.0, 2.0], [-1.0, -1.0]]


def test_sparse_components_are_sparse_tensors() -> None:
    batch = next(iter(fl.Dataset.from_tensor_slices(np.eye(3)).sparse_batch(2, row_shape=[4]).to_torch()))
    assert batch.is_sparse
    assert batch.to_dense().tolist() == [[1, 0, 0, 0], [0, 1, 0, 0]]


def test_ragged_strings_stay_what_they_are() -> None:
    texts = fl.RaggedTensor(np.array([b"a", b"b", b"c"], object), [0, 2, 3])
    dataset = fl.Dataset.from_tensors((texts, 1))
    assert next(iter(dataset.to_torch()))[0].to_list() == [[b"a", b"b"], [b"c"]]


def test_what_pytorch_has_no_tensors_for() -> None:
    tables = [fl.RaggedTensor(np.arange(3), [0, 1, 3]), fl.RaggedTensor(np.arange(2), [0, 2])]
    twice = fl.Dataset.from_tensors(fl.RaggedTensor.from_rows(tables)).enumerate()
    with pytest.raises(fl.errors.StructureError, match=r"component \[1\] has 2 ragged(.|\n)*element 0(.|\n)*to_padded"):
        next(iter(twice.to_torch()))
    with pytest.raises(fl.errors.StructureError, match=r"dataset(.|\n)*flat_map"):
        next(iter(fl.Dataset.range(9).window(3).to_torch()))
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dataset = fl.Dataset.from_tensor_slices(np.arange(4).astype(ml_dtypes.int4)).batch(2)
    with pytest.raises(fl.errors.DtypeError, match=r"int4(.|\n)*cast"):
        next(iter(dataset.to_torch()))


@pytest.mark.parametrize("device", ["cuda:77", "no such", 3.5, "xpu"])
def test_a_device_that_is_not_there(device) -> None:
    with pytest.raises(fl.errors.ArgumentError, match=r"cannot use the device(.|\n)*cpu"):
        fl.Dataset.range(3).to_torch(device)


def test_the_default_device_is_pytorchs() -> None:
    torch.set_default_device("meta")
    try:
        assert next(iter(fl.Dataset.range(3).batch(3).to_torch())).device.type == "meta"
    finally:
        torch.set_default_device(None)
    assert next(iter(fl.Dataset.range(3).batch(3).to_torch())).device.type == "cpu"


@pytest.mark.parametrize("lookahead", [0, 2, 4])
def test_a_device_gets_elements_ahead_of_time(given, lookahead) -> None:
    batches = iter(fl.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(5).to_torch("meta", lookahead=lookahead))
    images, labels = next(batches)
    assert images.device.type == labels.device.type == "meta"
    assert (images.shape, images.dtype, labels.shape) == ((5, 28, 28, 3), torch.float32, (5,))
    assert len(given) == 1 + lookahead
    next(batches)
    assert len(given) == 2 + lookahead
    assert len(list(batches)) == 8


def test_nothing_is_drawn_ahead_on_the_cpu(given) -> None:
    next(iter(fl.Dataset.range(9).batch(2).to_torch(lookahead=5)))
    assert len(given) == 1


@pytest.mark.parametrize("lookahead", [-1, 1.5, "two", None])
def test_lookahead_is_a_number(lookahead) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="lookahead"):
        fl.Dataset.range(3).to_torch(lookahead=lookahead)


def test_it_is_an_iterable_dataset_of_pytorchs() -> None:
    batches = fl.Dataset.range(10).batch(4).to_torch()
    assert isinstance(batches, torch.utils.data.IterableDataset)
    loader = torch.utils.data.DataLoader(batches, batch_size=None)
    assert [batch.tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3
    with pytest.raises(fl.errors.ArgumentError, match="num_workers at 0"):
        list(torch.utils.data.DataLoader(batches, batch_size=None, num_workers=1))


def test_an_iterator_goes_on_from_a_state() -> None:
    def build():
        return fl.Dataset.range(60).shuffle(60, seed=5).batch(7).to_torch()

    iterator = iter(build())
    first = [next(iterator) for _ in range(3)]
    state = iterator.state_dict()
    rest = [batch.tolist() for batch in iterator]
    again = iter(build())
    again.load_state_dict(state)
    assert [batch.tolist() for batch in again] == rest
    assert len(first) + len(rest) == 9


def test_repr() -> None:
    assert "batch(2)" in repr(fl.Dataset.range(3).batch(2).to_torch())
    assert "device='cpu'" in repr(fl.Dataset.range(3).batch(2).to_torch())


def test_without_pytorch_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["torch"] = None
import feedline as fl
try:
    fl.Dataset.range(3).to_torch()
except fl.errors.MissingPackageError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "to_torch() needs torch" in run.stdout
    assert "pip install torch" in run.stdout


def test_feedline_loads_pytorch_only_then() -> None:
    program = "import sys, feedline as fl; fl.Dataset.range(3).batch(2); print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
