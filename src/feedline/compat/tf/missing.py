"""What to say for a name that is not covered: the nearest that is, and what to use instead."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from feedline.errors import nearest_name

INSTEAD = {
    "tf.GradientTape": "train with model.fit, or take gradients with your Keras backend (jax.grad, torch.autograd)",
    "tf.Graph": "there are no graphs here: functions run as they are called",
    "tf.Module": "use keras.layers.Layer",
    "tf.Session": "there are no sessions here: functions run as they are called",
    "tf.TensorArray": "use a Python list and tf.stack",
    "tf.Variable": "use keras.Variable",
    "tf.audio.encode_wav": "use SciPy: scipy.io.wavfile.write",
    "tf.config": "set devices with your Keras backend; functions are always run eagerly",
    "tf.device": "leave it out: pipelines run on the CPU",
    "tf.distribute": "use keras.distribution, and Dataset.shard for the data",
    "tf.estimator": "use a Keras model",
    "tf.feature_column": "use Keras preprocessing layers, or functions in Dataset.map",
    "tf.linalg": "use tf.matmul or NumPy: numpy.linalg takes tensors",
    "tf.lite": "export the model with Keras",
    "tf.lookup": "use a Python dict in Dataset.map, or keras.layers.StringLookup",
    "tf.nest": "use optree or keras.tree",
    "tf.nn": "use keras.ops.nn in models; pipelines have tf.math and tf.image",
    "tf.numpy": "use NumPy: it takes tensors",
    "tf.placeholder": "give the value itself",
    "tf.profiler": "use Dataset.profile() and Dataset.explain()",
    "tf.queue": "use Dataset.prefetch",
    "tf.saved_model": "use model.save or model.export of Keras",
    "tf.signal": "use NumPy or SciPy: they take tensors",
    "tf.summary": "use keras.callbacks.TensorBoard",
    "tf.train.Checkpoint": "use model.save_weights",
    "tf.train.Saver": "use model.save_weights",
    "tf.compat.v1": "write the code as in TensorFlow 2",
    "tf.data.Iterator": "use iter(dataset)",
    "tf.data.Dataset.fingerprint": "compare what the two pipelines are made of: Dataset.explain()",
    "tf.data.experimental.AutoShardPolicy": "leave it out, and write Dataset.shard, one part for each worker",
    "tf.data.experimental.Counter": "use tf.data.Dataset.counter",
    "tf.data.experimental.RandomDataset": "use tf.data.Dataset.random",
    "tf.data.experimental.from_list": "use tf.data.Dataset.from_tensor_slices",
    "tf.data.experimental.load": "use tf.data.Dataset.load",
    "tf.data.experimental.make_batched_features_dataset": "use TFRecordDataset(..., features=...) and batch",
    "tf.data.experimental.map_and_batch": "use Dataset.map and Dataset.batch",
    "tf.data.experimental.parallel_interleave": "use Dataset.interleave",
    "tf.data.experimental.save": "use Dataset.save",
    "tf.data.experimental.snapshot": "use Dataset.snapshot",
    "tf.data.experimental.service": "use Dataset.shard, one part for each worker",
    "tf.io.read_npy": "use tf.io.decode_npy(tf.io.read_file(name)), which feedline adds",
    "tf.strings.to_hash_bucket": "use tf.strings.to_hash_bucket_fast",
    "tf.strings.to_hash_bucket_strong": "use tf.strings.to_hash_bucket_fast",
}


def missing_name(module: str, name: str, names: Iterable[str]) -> AttributeError:
    """Returns the error for a name that a module of `feedline.compat.tf` does not have.

    Args:
        module: the module as users write it ("tf.io").
        name: the name.
        names: those that it has.
    """
    if name.startswith("__"):
        return AttributeError(name)
    full = f"{module}.{name}"
    instead = INSTEAD.get(full)
    if instead is None and module in ("tf.io", "tf.image", "tf.train"):
        instead = importlib.import_module(f"feedline.{module[3:]}").INSTEAD.get(name)
    nearest = nearest_name(name, names)
    hint = f" Instead: {instead}." if instead else f" Did you mean {module}.{nearest}?" if nearest else ""
    return AttributeError(
        f"feedline.compat.tf does not cover {full}.{hint} docs/compat.md says what is covered.", name=name
    )
