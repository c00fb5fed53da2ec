"""DatasetAdapter: a feedline dataset as Keras's trainers ask for data."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

import keras
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from feedline.errors import ArgumentError, FeedlineError
from feedline.keras.check import (
    check_cardinality,
    check_class_weight,
    check_complex,
    check_inputs,
    check_kinds,
    check_labels,
    check_rows,
    check_shapes,
    check_spec,
    components,
    open_where_inputs_are,
    split,
    takes_strings,
)
from feedline.keras.convert import (
    Converter,
    class_weights,
    jax_converter,
    tensorflow_converter,
    tensorflow_spec,
    to_numpy,
    torch_converter,
)
from feedline.keras.dense import Dense, Pad, as_pad, as_sparse
from feedline.keras.wait import EpochWait, WaitRecord
from feedline.keras.weights import KeptWeights
from feedline.nodes.base import Node, nodes_of
from feedline.sources.generator import Generator
from feedline.spec import merge_shapes
from feedline.structure import component_shape, flatten, map_structure, spec_of, with_shape

_END = object()


@dataclass
class _Opened:
    """A pass whose first batches have been drawn already."""

    iterator: Any
    batches: list[Any]
    seconds: float


class DatasetAdapter(DataAdapter):
    """A batched feedline dataset, for `fit`, `evaluate` and `predict` of a Keras model.

    A finite dataset starts anew each epoch. With `steps_per_epoch` one pass lives on across epochs until it ends, as
    with `tf.data`. Nothing is read before the first batch is asked for, and one pass at a time is open.

    Args:
        dataset: a batched dataset of `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`.
        strings: whether strings may go into the model (TensorFlow backend only).
        ragged: "pad" or a `Pad` makes ragged components dense.
        sparse: "dense" makes sparse components dense.

    Raises:
        StructureError: the elements have another structure.
        ShapeError: the dataset is not batched.
        ArgumentError: `ragged` or `sparse` is something else.
    """

    def __init__(self, dataset: Any, *, strings: bool = False, ragged: Any = None, sparse: Any = None) -> None:
        self.dataset = dataset
        self.strings = strings
        check_spec(dataset.element_spec)
        self._dense = Dense(dataset.element_spec, as_pad(ragged), as_sparse(sparse))
        self.spec = self._dense.spec
        self._names = [name for name, _ in components(split(self.spec))]
        self.wait = WaitRecord()
        self._class_weight: Mapping[int, float] | None = None
        self._open: dict[int, Any] = {}
        self._first: _Opened | None = None
        self._signature: Any = None
        self._may_build = True
        self._failure: BaseException | None = None
        self._model: Any = None
        self._weights: KeptWeights | None = None

    def for_run(
        self,
        model: Any,
        method: str,
        *,
        steps: int | None,
        steps_argument: str,
        class_weight: Mapping[int, float] | None = None,
        record: WaitRecord | None = None,
    ) -> DatasetAdapter:
        """Returns a fresh adapter for one call of `fit`, `evaluate` or `predict`, checked against the model.

        Args:
            model: the Keras model.
            method: "fit", "evaluate" or "predict".
            steps: how many batches make an epoch; None for all.
            steps_argument: the name of the argument that says so.
            class_weight: weights by class number.
            record: where waiting times go; this adapter's own when left out.

        Raises:
            FeedlineError: the dataset does not fit the call; see `feedline.keras.check`.
        """
        self._dense.check(model, method)
        check_kinds(self.spec, keras.backend.backend(), self.strings, takes_strings(model))
        check_inputs(model, self.spec)
        check_complex(model, self.spec, method)
        if method != "predict":
            check_labels(model, self.spec, method)
        check_cardinality(self.dataset.cardinality(), steps, method, steps_argument)
        run = DatasetAdapter.__new__(DatasetAdapter)
        run.__dict__.update(self.__dict__)
        run.wait = self.wait if record is None else record
        run._open, run._first, run._may_build, run._failure = {}, None, True, None
        run._model, run._weights, run._signature = model, KeptWeights(model), None
        if class_weight is not None:
            check_class_weight(class_weight, self.dataset.element_spec)
            if self._dense.weighs:
                raise ArgumentError(
                    "class_weight was given, but the labels are ragged.",
                    fix="Leave it out, and give ragged sample weights as the third part of each element.",
                )
            run._class_weight = class_weight
        return run

    def wait_share(self) -> float:
        """Returns the part of the time so far that a model waited for this dataset, from 0 to 1."""
        return self.wait.total().share

    @property
    def waits(self) -> list[EpochWait]:
        """The waiting time of each epoch so far."""
        return self.wait.epochs

    # What Keras's trainers call.

    def get_numpy_iterator(self) -> Iterator[Any]:
        """Returns the batches of one pass, as arrays."""
        return self._batches(lambda component, name: to_numpy(component))

    def get_jax_iterator(self) -> Iterator[Any]:
        """Returns the batches of one pass, as arrays that JAX takes."""
        return self._batches(jax_converter())

    def get_torch_dataloader(self) -> Any:
        """Returns a `torch.utils.data.DataLoader` of PyTorch tensors, on Keras's device."""
        from torch.utils.data import DataLoader, IterableDataset

        convert = torch_converter()

        class Batches(IterableDataset):
            def __iter__(batches) -> Iterator[Any]:
                return self._batches(convert)

        return DataLoader(Batches(), batch_size=None, collate_fn=_as_it_is)

    def get_tf_dataset(self) -> Any:
        """Returns a `tf.data.Dataset` of the batches; each pass over it is one pass over the dataset."""
        import tensorflow as tf

        if self._signature is None:
            self._signature = self._shapes_for_tensorflow()
        signature = map_structure(tensorflow_spec, self._signature)
        if self._class_weight is not None:
            x, y, _ = split(signature)
            labels = split(self._signature)[1]
            # Keras's weighted metrics need the rank: `class_weights` gives one dimension less than labels of several.
            shape = None if labels.shape is None else (None,) * max(1, len(labels.shape) - 1)
            signature = x, y, tf.TensorSpec(shape, keras.config.floatx())
        data = tf.data.Dataset.from_generator(self._tensorflow_batches, output_signature=signature)
        # TensorFlow would read one batch ahead in a thread of its own. Reading ahead is the dataset's `prefetch`; here
        # it would blur the waiting times, and close a pass in one thread while another reads from it.
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return data.with_options(options)

    @property
    def num_batches(self) -> int | None:
        """The number of batches in an epoch, None where it is unknown or infinite."""
        cardinality = self.dataset.cardinality()
        return cardinality if cardinality >= 0 else None

    @property
    def batch_size(self) -> int | None:
        """The number of elements in a batch, None where it is unknown."""
        for _, component in components(split(self.spec)):
            if component.shape:
                return component.shape[0]
        return None

    @property
    def has_partial_batch(self) -> bool | None:
        """Unknown before the end."""
        return None

    @property
    def partial_batch_size(self) -> int | None:
        """Unknown before the end."""
        return None

    def on_epoch_begin(self) -> None:
        """Called by Keras before an epoch."""
        self.wait.begin_epoch()
        if self._weights is not None:
            self._weights.keep()

    def on_epoch_end(self) -> None:
        """Called by Keras after an epoch, and when the data has ended."""
        self._may_build = False
        self.wait.end_epoch()
        self.raise_failure()

    def raise_failure(self) -> None:
        """Raises the error that ended the stream where TensorFlow could not carry it."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Closes every pass that is open; Keras drops its iterators without closing them."""
        self._first = None
        while self._open:
            self._open.popitem()[1].close()
        self.wait.end_epoch()

    def give_weights_back(self) -> None:
        """Undoes what a failure of this data has done to the model."""
        if self._weights is not None:
            self._weights.give_back()

    def open_first(self, count: int = 1) -> _Opened:
        """Begins a pass and draws its first batches, which the next iterator then yields.

        Args:
            count: how many batches, if there are as many.

        Returns:
            The pass, which the adapter keeps too.

        Raises:
            ArgumentError: the pass has no batch.
            FeedlineError: whatever is wrong with the first batch.
        """
        asked = perf_counter()
        if self._first is None:
            iterator = self.dataset.as_numpy_iterator()
            self._open[id(iterator)] = iterator
            self._first = _Opened(iterator, [], 0.0)
        opened = self._first
        try:
            while len(opened.batches) < count and not any(batch is _END for batch in opened.batches):
                opened.batches.append(self._next(opened.iterator))
            if opened.batches[0] is _END:
                raise ArgumentError("the dataset gave no batch at all.", fix="Check its take, skip and filter.")
            # Its lengths are known now, which may tell what the spec left open.
            check_inputs(self._model, map_structure(spec_of, opened.batches[0]))
        except BaseException:
            self._first = None
            del self._open[id(opened.iterator)]
            opened.iterator.close()
            raise
        opened.seconds += perf_counter() - asked
        return opened

    def _next(self, iterator: Iterator[Any]) -> Any:
        batch = next(iterator, _END)
        return batch if batch is _END else self._dense(batch)

    def _batches(self, convert: Converter) -> Iterator[Any]:
        """Yields the batches of one pass, checked, converted and timed."""
        opened = self._first or self.open_first()
        self._first = None
        iterator, waiting = opened.iterator, opened.batches
        asked = perf_counter() - opened.seconds
        number = 0
        goes_back = False
        try:
            first = batch = waiting.pop(0)
            while batch is not _END:
                batch = self._prepare(batch, number, convert)
                if number == 1 and self._weights is not None:
                    self._weights.let_go()
                ready = perf_counter()
                opened.seconds = ready - asked
                self.wait.draw(asked, ready)
                number += 1
                yield batch
                asked = perf_counter()
                # Neither may keep the buffers of a batch from being used again while the next one is made.
                first = batch = None
                batch = waiting.pop(0) if waiting else self._next(iterator)
        except GeneratorExit:
            # Keras draws one batch to build a model whose shapes are not known yet, then begins anew. The batch goes
            # back, so that an infinite dataset does not lose it and a finite one is not opened twice.
            goes_back = number == 1 and self._may_build and id(iterator) in self._open
            if goes_back:
                opened.batches.insert(0, first)
                self._first = opened
                self.wait.forget_epoch()
            raise
        finally:
            if not goes_back and self._open.pop(id(iterator), None) is not None:
                iterator.close()

    def _tensorflow_batches(self) -> Iterator[Any]:
        # TensorFlow would turn an error into text. It is kept here and raised by `on_epoch_end`, which Keras calls at
        # the end of the data.
        try:
            yield from self._batches(tensorflow_converter())
        except Exception as error:
            self._failure = error

    def _shapes_for_tensorflow(self) -> Any:
        """Returns the spec of the batches with None wherever a length may differ.

        After a `map` the spec tells the lengths of the first element, so more witnesses are asked: the first two
        batches, and the model, which knows what lengths of its inputs differ.
        """
        witnesses = [batch for batch in self.open_first(count=2).batches if batch is not _END]
        # Without a signature None says that a length is not known, not that it differs.
        unsigned = _has_unsigned_generator(self.dataset.node)

        def merged(spec: Any, *components: Any) -> Any:
            shapes = [component_shape(component) for component in components]
            start = shapes[0] if unsigned or not spec.shape else spec.shape
            return with_shape(spec, functools.reduce(merge_shapes, shapes, start))

        return open_where_inputs_are(self._model, map_structure(merged, self.spec, *witnesses))

    def _prepare(self, batch: Any, number: int, convert: Converter) -> Any:
        parts = split(batch)
        check_rows(parts, number)
        if self._signature is not None:
            check_shapes(parts, split(self._signature), number)
        leaves, treedef = flatten(batch)
        try:
            converted = treedef.unflatten(list(map(convert, leaves, self._names)))
        except FeedlineError as error:
            error.add_where(f"batch {number} of the epoch")
            error.add_where(f"{self.dataset.node.label()} at {self.dataset.node.origin}")
            raise
        if self._class_weight is None:
            return converted
        x, y, _ = split(converted)
        return x, y, convert(class_weights(parts[1], self._class_weight, keras.config.floatx()), "class_weight")


def _has_unsigned_generator(node: Node) -> bool:
    return any(isinstance(each, Generator) and each.treedef is None for each in nodes_of(node))


def _as_it_is(batch: Any) -> Any:
    return batch


def to_keras(
    dataset: Any,
    *,
    strings: bool = False,
    ragged: Literal["pad"] | Pad | None = None,
    sparse: Literal["dense"] | None = None,
) -> DatasetAdapter:
    """Returns a dataset as an object that `model.fit`, `evaluate` and `predict` take.

    Args:
        dataset: a batched dataset of `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`; each part may be a dict or a
            tuple of components.
        strings: whether strings may go into the model, which the TensorFlow backend alone can do.
        ragged: "pad" fills ragged components up with 0 to the longest row of each batch, a `feedline.keras.Pad` with
            another value or in fewer lengths. Where labels are ragged, sample weights leave out what was filled up.
            Without it ragged components stay what they are, which the TensorFlow backend alone can take.
        sparse: "dense" makes sparse components dense. Without it they stay what they are, which the TensorFlow and, for
            inputs, the JAX backend can take.

    Returns:
        A `DatasetAdapter`; it also knows how long models waited for it (`wait_share()`).

    Raises:
        StructureError: the elements have another structure.
        ShapeError: the dataset is not batched.
        ArgumentError: `ragged` or `sparse` is something else.
        DtypeError: the value to fill up with is none of an input's dtype.
    """
    return DatasetAdapter(dataset, strings=strings, ragged=ragged, sparse=sparse)
