"""The messages of `tf.train` that hold data: built, changed, serialised and read without TensorFlow or protobuf."""

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
