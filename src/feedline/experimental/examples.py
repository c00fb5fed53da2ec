"""parse_example_dataset and make_batched_features_dataset: batches of `tf.train.Example` records, parsed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, DtypeError, nearest_name
from feedline.nodes.base import AUTOTUNE
from feedline.readers import TFRecordDataset
from feedline.spec import TensorSpec, string


def parse_example_dataset(
    features: dict[str, Any], num_parallel_calls: int | None = 1, deterministic: bool | None = None
) -> Callable[[Dataset], Dataset]:
    """Returns, for `Dataset.apply`, what parses batches of `tf.train.Example` records.

    Args:
        features: for each name what it is, such as `fl.io.FixedLenFeature`.
        num_parallel_calls: as for `Dataset.map`.
        deterministic: as for `Dataset.map`.

    Raises:
        DtypeError: the dataset is not one of batches of strings.

    Example:
        >>> import feedline as fl
        >>> feature = fl.train.Feature(int64_list=fl.train.Int64List(value=[7]))
        >>> record = fl.train.Example(features=fl.train.Features(feature={"a": feature})).SerializeToString()
        >>> ds = fl.Dataset.from_tensors([record, record])
        >>> ds = ds.apply(fl.experimental.parse_example_dataset({"a": fl.io.FixedLenFeature([], "int64")}))
        >>> [element["a"].tolist() for element in ds]
        [[7, 7]]
    """
    if not isinstance(features, dict) or not features:
        raise ArgumentError(f"features is {features!r:.60}.", fix="Give a dict of at least one feature.")

    def parsed(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        if (
            not isinstance(spec, TensorSpec)
            or spec.dtype != string
            or (spec.shape is not None and len(spec.shape) != 1)
        ):
            raise DtypeError(
                f"parse_example_dataset is for batches of strings, and the elements are {spec!r:.80}.",
                fix="Batch the records first: dataset.batch(n).",
            )
        return dataset.map(_Parse(features), num_parallel_calls, deterministic)

    return parsed


class _Parse:
    """Parses a batch of records.

    Args:
        features: for each name what it is.
    """

    __name__ = "parse_example"

    def __init__(self, features: dict[str, Any]) -> None:
        self._features = features

    def __call__(self, records: Any) -> Any:
        from feedline.io import parse_example

        return parse_example(records, self._features)


def make_batched_features_dataset(
    file_pattern: Any,
    batch_size: int,
    features: dict[str, Any],
    reader: Callable[..., Dataset] | None = None,
    label_key: str | None = None,
    reader_args: list[Any] | None = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    reader_num_threads: int | None = None,
    parser_num_threads: int | None = None,
    sloppy_ordering: bool = False,
    drop_final_batch: bool = False,
) -> Dataset:
    """Returns the batches of the `tf.train.Example` records of files, parsed: a dict, or (dict, label).

    Args:
        file_pattern: a file, several, or glob patterns.
        batch_size: how many records a batch has. Batches are all full where `num_epochs` is None.
        features: for each name what it is, such as `fl.io.FixedLenFeature`.
        reader: from a file's name to the dataset of its records, which may be pairs of key and record; None for
            `TFRecordDataset`.
        label_key: the feature that is the label; None for none.
        reader_args: further arguments of `reader`.
        num_epochs: how often the records are gone through; None for ever.
        shuffle: whether files and records come in a random order.
        shuffle_buffer_size: how many records the buffer of the shuffle holds.
        shuffle_seed: the seed of that order.
        prefetch_buffer_size: how many batches are made ready ahead; None for `AUTOTUNE`.
        reader_num_threads: how many files are read by turns; None for one after the other.
        parser_num_threads: how many batches may be parsed at one time; None for 2.
        sloppy_ordering: not used; the order is the same each time.
        drop_final_batch: whether a last, smaller batch is left out.

    Raises:
        NoFilesError: no file matches a pattern.
        ArgumentError: there is no feature `label_key`, or an argument cannot work.

    Example:
        >>> import pathlib, tempfile
        >>> import feedline as fl
        >>> path = str(pathlib.Path(tempfile.mkdtemp()) / "numbers.tfrecord")
        >>> with fl.io.TFRecordWriter(path) as writer:
        ...     for number in range(3):
        ...         feature = fl.train.Feature(int64_list=fl.train.Int64List(value=[number]))
        ...         example = fl.train.Example(features=fl.train.Features(feature={"n": feature}))
        ...         writer.write(example.SerializeToString())
        >>> ds = fl.experimental.make_batched_features_dataset(
        ...     path, 2, {"n": fl.io.FixedLenFeature([], "int64")}, num_epochs=1, shuffle=False)
        >>> [element["n"].tolist() for element in ds]
        [[0, 1], [2]]
    """
    from feedline.sources.files import existing_files

    if label_key is not None and label_key not in features:
        nearest = nearest_name(label_key, features)
        fix = f"Did you mean {nearest!r}?" if nearest else f"The features are {', '.join(sorted(features))}."
        raise ArgumentError(f"there is no feature {label_key!r} to be the label.", fix=fix)
    files = sorted(existing_files(file_pattern))
    names = Dataset.from_tensor_slices(files)
    if shuffle:
        names = names.shuffle(len(files), shuffle_seed)
    read: Callable[..., Dataset] = TFRecordDataset if reader is None else reader
    arguments = reader_args or []
    dataset = names.interleave(
        lambda name: read(name, *arguments), num_parallel_calls=1 if reader_num_threads is None else reader_num_threads
    )
    if isinstance(dataset.element_spec, tuple):
        dataset = dataset.map(lambda key, record: record)
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(None if num_epochs is None else whole_number(num_epochs, "num_epochs", least=-1))
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    parallel = 2 if parser_num_threads is None else parser_num_threads
    dataset = dataset.apply(parse_example_dataset(features, parallel))
    if label_key is not None:
        dataset = dataset.map(_WithLabel(label_key))
    return dataset.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


class _WithLabel:
    """Takes the label out of the features.

    Args:
        key: its name.
    """

    __name__ = "take_label"

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, features: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        others = dict(features)
        label = others.pop(self._key)
        return others, label
