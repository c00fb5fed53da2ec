"""The messages of `tf.train` that hold data: built, changed, serialised and read without TensorFlow or protobuf."""

from __future__ import annotations

from typing import Any

from feedline.errors import no_such_name
from feedline.train.example import Example
from feedline.train.feature import BytesList, Feature, Features, FloatList, Int64List
from feedline.train.sequence_example import FeatureList, FeatureLists, SequenceExample

__all__ = [
    "BytesList",
    "Example",
    "Feature",
    "FeatureList",
    "FeatureLists",
    "Features",
    "FloatList",
    "Int64List",
    "SequenceExample",
]

_WEIGHTS = "use model.save_weights and model.load_weights of Keras"
_BACKEND = "set it up with your Keras backend; give each worker its part of the data with Dataset.shard"
INSTEAD = {
    "Checkpoint": _WEIGHTS,
    "CheckpointManager": "use keras.callbacks.ModelCheckpoint or BackupAndRestore",
    "CheckpointOptions": _WEIGHTS,
    "CheckpointView": _WEIGHTS,
    "ClusterDef": _BACKEND,
    "ClusterSpec": _BACKEND,
    "Coordinator": "threads are run by Dataset.prefetch and num_parallel_calls",
    "ExponentialMovingAverage": "use ema_momentum and use_ema of Keras' optimizers",
    "JobDef": _BACKEND,
    "ServerDef": _BACKEND,
    "TrackableView": _WEIGHTS,
    "checkpoints_iterator": _WEIGHTS,
    "experimental": "it holds only parts of checkpoints; use model.save_weights of Keras",
    "get_checkpoint_state": _WEIGHTS,
    "latest_checkpoint": _WEIGHTS,
    "list_variables": _WEIGHTS,
    "load_checkpoint": _WEIGHTS,
    "load_variable": _WEIGHTS,
}


def __getattr__(name: str) -> Any:
    raise no_such_name("feedline.train", name, __all__, INSTEAD)
