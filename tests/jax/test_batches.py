from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import feedline as fl
from feedline.run.iterator import DatasetIterator

jax = pytest.importorskip("jax")
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


@pytest.mark.parametrize("calls", [None, 2])
def test_large_batches_keep_their_memory(given, calls) -> None:
    dataset = fl.Dataset.from_tensor_slices(IMAGES).map(lambda image: image + 1, num_parallel_calls=calls).batch(16)
    arrays = list(dataset.take(3).to_jax())
    assert [array.unsafe_buffer_pointer() for array in arrays] == [array.ctypes.data for array in given]


def test_values_structure_and_dtypes() -> None:
    class Point(NamedTuple):
        x: object
        y: object

    columns = {
        "image": IMAGES,
        "point": Point(LABELS.astype(np.int16), (LABELS.astype(np.float32) * 0.5, LABELS > 3)),
        "half": IMAGES[:, 0, 0].astype(np.float16),
        "byte": LABELS.astype(np.uint8),
    }
    dataset = fl.Dataset.from_tensor_slices(columns).batch(8)
    for batch, arrays in zip(dataset.to_jax(), dataset, strict=True):
        assert list(batch) == list(arrays)
        assert type(batch["point"]) is Point
        pairs = [(batch[name], arrays[name]) for name in ("image", "half", "byte")]
        pairs += [(batch["point"].x, arrays["point"].x), *zip(batch["point"].y, arrays["point"].y, strict=True)]
        for array, want in pairs:
            assert isinstance(array, jax.Array)
            assert array.dtype == want.dtype
            np.testing.assert_array_equal(np.asarray(array), want)


def test_each_iteration_is_an_epoch_and_the_length_is_known() -> None:
    batches = fl.Dataset.range(40, output_type="int32").shuffle(40, seed=1).batch(8).to_jax()
    assert len(batches) == 5
    epochs = [np.concatenate(list(batches)).tolist() for _ in range(3)]
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert all(sorted(epoch) == list(range(40)) for epoch in epochs)
    with pytest.raises(fl.errors.UnknownCardinalityError):
        len(fl.Dataset.range(4).filter(lambda n: n > 1).to_jax())
    with pytest.raises(fl.errors.InfiniteDatasetError):
        len(fl.Dataset.range(4).repeat().to_jax())
    assert fl.Dataset.range(4).repeat().to_jax()


def test_a_training_loop() -> None:
    rng = np.random.default_rng(1)
    x = rng.random((512, 8), np.float32)
    y = x @ np.arange(8, dtype=np.float32)
    batches = fl.Dataset.from_tensor_slices((x, y)).shuffle(512, seed=0).batch(64).prefetch(fl.AUTOTUNE).to_jax()

    @jax.jit
    def step(weights, features, target):
        loss, gradient = jax.value_and_grad(lambda w: ((features @ w - target) ** 2).mean())(weights)
        return weights - 0.2 * gradient, loss

    weights, losses = jax.numpy.zeros(8), []
    for _ in range(40):
        for features, target in batches:
            weights, loss = step(weights, features, target)
        losses.append(float(loss))
    assert losses[-1] < 0.01 * losses[0]


@pytest.mark.parametrize("lookahead", [0, 2, 4])
def test_elements_are_sent_ahead_of_time(given, lookahead) -> None:
    batches = iter(fl.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(5).to_jax(lookahead=lookahead))
    next(batches)
    assert len(given) == 1 + lookahead
    next(batches)
    assert len(given) == 2 + lookahead
    assert len(list(batches)) == 8


def test_integers_that_jax_would_cut() -> None:
    dataset = fl.Dataset.from_tensor_slices({"id": np.array([1, 2, 1 << 40]), "x": np.zeros(3, np.float32)}).batch(1)
    batches = iter(dataset.to_jax())
    assert next(batches)["id"].dtype == np.int32
    next(batches)
    with pytest.raises(fl.errors.DtypeError, match=r"\['id'\](.|\n)*1099511627776(.|\n)*element 2(.|\n)*x64"):
        next(batches)


def test_64_bits_where_jax_is_told_to_have_them() -> None:
    with jax.enable_x64(True):
        batch = next(iter(fl.Dataset.from_tensor_slices((np.array([1 << 40]), np.array([0.1]))).batch(1).to_jax()))
        assert batch[0].tolist() == [1 << 40]
        assert batch[1].tolist() == [0.1]
    assert next(iter(fl.Dataset.from_tensor_slices(np.array([0.1])).to_jax())).dtype == np.float32


def test_strings_stay_what_they_are() -> None:
    dataset = fl.Dataset.from_tensor_slices((["a", "bc", "d"], [1, 2, 3]))
    assert next(iter(dataset.to_jax()))[0] == b"a"
    names, numbers = next(iter(dataset.batch(2).to_jax()))
    assert names.tolist() == [b"a", b"bc"]
    assert isinstance(numbers, jax.Array)


def test_a_ragged_component_is_its_values_and_row_splits() -> None:
    rows = [np.array([1, 2]), np.array([], np.int64), np.array([3, 4, 5])]
    dataset = fl.Dataset.from_tensor_slices((rows, np.arange(3, dtype=np.float32))).ragged_batch(2)
    ((values, splits), labels), ((more, _), _) = dataset.to_jax(device="cpu")
    assert all(isinstance(array, jax.Array) for array in (values, splits, labels))
    assert (values.tolist(), splits.tolist(), labels.tolist()) == ([1, 2], [0, 2, 2], [0.0, 1.0])
    assert more.tolist() == [3, 4, 5]


def test_a_sparse_component_is_a_bcoo() -> None:
    batch = next(iter(fl.Dataset.from_tensor_slices(np.eye(3)).sparse_batch(2, row_shape=[4]).to_jax()))
    assert batch.todense().tolist() == [[1, 0, 0, 0], [0, 1, 0, 0]]


def test_integers_in_ragged_components_that_jax_would_cut() -> None:
    dataset = fl.Dataset.from_tensor_slices({"id": [np.array([1, 1 << 40]), np.array([2])]}).ragged_batch(2)
    with pytest.raises(fl.errors.DtypeError, match=r"\['id'\](.|\n)*1099511627776(.|\n)*element 0(.|\n)*x64"):
        next(iter(dataset.to_jax()))


def test_what_jax_has_no_arrays_for() -> None:
    everywhere = jax.sharding.SingleDeviceSharding(jax.devices("cpu")[0])
    with pytest.raises(fl.errors.StructureError, match=r"ragged, which cannot be laid(.|\n)*element 0(.|\n)*to_tensor"):
        next(iter(fl.Dataset.from_tensor_slices([[1, 2], [3]]).ragged_batch(2).to_jax(everywhere)))
    sparse = fl.Dataset.from_tensor_slices(np.eye(3)).sparse_batch(2, row_shape=[3])
    with pytest.raises(fl.errors.StructureError, match=r"sparse, which cannot be laid(.|\n)*to_dense"):
        next(iter(sparse.to_jax(everywhere)))
    with pytest.raises(fl.errors.StructureError, match="dataset"):
        next(iter(fl.Dataset.range(9).window(3).to_jax()))


def test_devices() -> None:
    device = jax.devices("cpu")[0]
    dataset = fl.Dataset.range(4, output_type="int32").batch(4)
    for place in (device, "cpu"):
        assert next(iter(dataset.to_jax(device=place))).devices() == {device}
    for place in ("no such", 3, "tpu", jax.sharding.SingleDeviceSharding(device)):
        with pytest.raises(fl.errors.ArgumentError, match=r"cannot use the device(.|\n)*cpu"):
            dataset.to_jax(device=place)
    with pytest.raises(fl.errors.ArgumentError, match="a sharding and a device"):
        dataset.to_jax(jax.sharding.SingleDeviceSharding(device), device)


def test_an_iterator_goes_on_from_a_state() -> None:
    def build():
        return fl.Dataset.range(60, output_type="int32").shuffle(60, seed=5).batch(7).to_jax()

    iterator = iter(build())
    for _ in range(3):
        next(iterator)
    state = json.loads(json.dumps(iterator.state_dict()))
    rest = [batch.tolist() for batch in iterator]
    again = iter(build())
    again.load_state_dict(state)
    assert [batch.tolist() for batch in again] == rest
    assert len(rest) == 6


FOUR_DEVICES = """
import json, warnings
import jax, numpy as np
import feedline as fl
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P

warnings.simplefilter("error")
assert len(jax.devices()) == 4
mesh = Mesh(np.array(jax.devices()), ("batch",))
rows, whole = NamedSharding(mesh, P("batch")), NamedSharding(mesh, P())
x = np.arange(640 * 24 * 32, dtype=np.float32).reshape(640, 24, 32)
dataset = fl.Dataset.from_tensor_slices((x, np.arange(640))).map(lambda a, b: (a + 1, b), num_parallel_calls=2)
batches = dataset.batch(64, drop_remainder=True).prefetch(2).to_jax(rows)

kept = []
for _ in range(3):
    for number, (image, label) in enumerate(batches):
        assert image.sharding == rows and label.sharding == rows
        assert [shard.data.shape for shard in image.addressable_shards] == [(16, 24, 32)] * 4
        if number % 3:
            kept.append((number, image, image.addressable_shards[2].data, np.asarray(image.addressable_shards[1].data)))
for number, image, shard, view in kept:
    want = x[number * 64 :][:64] + 1
    assert np.array_equal(np.asarray(image), want)
    assert np.array_equal(np.asarray(shard), want[32:48])
    assert np.array_equal(view, want[16:32])

each = dataset.batch(64).to_jax((rows, whole))
image, label = next(iter(each))
assert image.sharding == rows and label.sharding == whole

total = jax.jit(lambda a: a.sum())
assert float(total(image)) == float((x[:64] + 1).sum())

said = []
for sharding, shown in [
    (rows, dataset.batch(30)),
    (NamedSharding(mesh, P(None, "batch")), dataset.batch(64)),
    ({"image": rows}, dataset.batch(64)),
]:
    try:
        list(shown.to_jax(sharding))
    except fl.errors.FeedlineError as error:
        said.append([type(error).__name__, str(error)])
uneven = iter(dataset.batch(600).to_jax(rows, lookahead=2))
next(uneven)
next(uneven)  # 40 rows, four each
assert len(list(dataset.batch(64).to_jax(device=jax.devices()[3]))) == 10
print(json.dumps(said))
"""


def test_four_devices() -> None:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
    run = subprocess.run(
        [sys.executable, "-c", FOUR_DEVICES],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    (uneven, short, other) = json.loads(run.stdout.splitlines()[-1])
    assert uneven[0] == "ShapeError"
    assert "component [0] of shape (30, 24, 32) cannot be laid out" in uneven[1]
    assert "drop_remainder=True" in uneven[1]
    assert short[0] == "ShapeError"
    assert "component [1] of shape (64,)" in short[1]
    assert other[0] == "StructureError"
    assert "not for elements of (*, *)" in other[1]


TWO_PROCESSES = """
import sys
import jax
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(sys.argv[2], 2, int(sys.argv[1]))
import numpy as np
import feedline as fl
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.array(jax.devices()), ("batch",))
rows, whole = NamedSharding(mesh, P("batch")), NamedSharding(mesh, P())
dataset = fl.Dataset.range(16, output_type="int32").shard(2, jax.process_index()).batch(4)
total = jax.jit(lambda batch: batch.sum(), out_shardings=whole)
for batch in dataset.to_jax(rows):
    own = np.concatenate([shard.data for shard in batch.addressable_shards]).tolist()
    print(batch.shape, int(total(batch)), own)
"""


def test_each_of_two_processes_gives_its_part() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_PROCESSES, str(number), address],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    said = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    lines = [[line for line in out.splitlines() if line.startswith("(")] for out, _ in said]
    assert lines[0] == ["(8,) 28 [0, 2, 4, 6]", "(8,) 92 [8, 10, 12, 14]"]
    assert lines[1] == ["(8,) 28 [1, 3, 5, 7]", "(8,) 92 [9, 11, 13, 15]"]


def test_without_jax_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["jax"] = None
import feedline as fl
try:
    fl.Dataset.range(3).to_jax()
except fl.errors.MissingPackageError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "to_jax() needs jax" in run.stdout
    assert "pip install jax" in run.stdout


def test_feedline_loads_jax_only_then() -> None:
    program = "import sys, feedline as fl; fl.Dataset.range(3).batch(2); print('jax' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_repr() -> None:
    assert "batch(2)" in repr(fl.Dataset.range(3).batch(2).to_jax())
