"""What comes out: iteration, lengths, specs, plans, measurements, frameworks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.dataset.base import BaseDataset, check_function, whole_number
from feedline.errors import (
    ArgumentError,
    ArgumentTypeError,
    FeedlineError,
    InfiniteDatasetError,
    UnknownCardinalityError,
)
from feedline.nodes.base import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Node
from feedline.options import Options
from feedline.origin import user_origin
from feedline.structure import as_component, flatten

if TYPE_CHECKING:
    from feedline.dataset import Dataset
    from feedline.jax import JaxBatches
    from feedline.report.profile import Profile
    from feedline.run.iterator import DatasetIterator
    from feedline.torch import TorchBatches


class OutputMethods(BaseDataset):
    """What comes out of a dataset."""

    def __iter__(self) -> DatasetIterator:
        """Begins the next epoch and returns its iterator."""
        from feedline.run.iterator import DatasetIterator

        return DatasetIterator(self._node, self._epochs, self._timings)

    def as_numpy_iterator(self) -> DatasetIterator:
        """Begins the next epoch; the same as `iter()`, since elements are NumPy arrays in any case."""
        return iter(self)

    def cardinality(self) -> int:
        """Returns the number of elements, `INFINITE_CARDINALITY` (-1) or `UNKNOWN_CARDINALITY` (-2).

        Example:
            >>> from feedline import Dataset
            >>> Dataset.range(5).cardinality(), Dataset.range(5).repeat().cardinality()
            (5, -1)
        """
        return self._node.cardinality()

    def __len__(self) -> int:
        """Returns the number of elements.

        Raises:
            InfiniteDatasetError: there is no end.
            UnknownCardinalityError: the number is known only by reading all of it.
        """
        length = self.cardinality()
        if length == INFINITE_CARDINALITY:
            raise InfiniteDatasetError(
                "the dataset is infinite, so it has no length.", fix="Use take(n), or leave out repeat()."
            )
        if length == UNKNOWN_CARDINALITY:
            raise UnknownCardinalityError(
                "the number of elements is known only by reading them all.",
                fix="Count them with sum(1 for _ in ds), or ask ds.cardinality(), which answers -2 here.",
            )
        return length

    def __getitem__(self, index: int) -> Any:
        """Returns one element of the first epoch, by its position.

        Args:
            index: the position; negative ones count from the end.

        Raises:
            IndexError: there is no such element.
            ArgumentError: the dataset is streamed; `explain()` says why.

        Example:
            >>> from feedline import Dataset
            >>> int(Dataset.range(10).map(lambda number: number * 2)[4])
            8
        """
        from feedline.run.context import Run

        index = whole_number(index, "the index")
        if not self._node.indexed:
            raise ArgumentError(
                "this dataset is streamed: it can give only its next element.",
                fix="Iterate over it; ds.explain() says which step made it a stream.",
            )
        length = self.cardinality()
        position = index + length if index < 0 <= length else index
        if position < 0 or 0 <= length <= position:
            raise IndexError(f"there is no element {index} in a dataset of {length}")
        block = Run().read(self._node, np.array([position]), np.zeros(1, np.int64))
        return block.plain().row(0)

    def get_single_element(self, name: str | None = None) -> Any:
        """Returns the only element of a dataset of one.

        Raises:
            ArgumentError: there are none, or more.

        Example:
            >>> from feedline import Dataset
            >>> Dataset.range(5).batch(5).get_single_element()
            array([0, 1, 2, 3, 4])
        """
        iterator = iter(self)
        try:
            found = list(zip(range(2), iterator, strict=False))
        finally:
            iterator.close()
        if len(found) != 1:
            raise ArgumentError(
                f"the dataset has {'no elements' if not found else 'more than one element'}, not one.",
                fix="Use batch(n) or take(1) before get_single_element().",
            )
        return found[0][1]

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any], name: str | None = None) -> Any:
        """Returns the last state that a function makes of a state and each element.

        Args:
            initial_state: the state before the first element, in any structure.
            reduce_func: from (state, element) to the new state, of the same structure and dtypes.
            name: not used; `tf.data` has it.

        Raises:
            StructureError: the new state has another structure, or the function takes another number of arguments.
            UserFunctionError: the function raised.
            DtypeError: the new state has other dtypes.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> int(Dataset.range(5).reduce(np.int64(0), lambda total, number: total + number))
            10
        """
        from feedline.nodes.arity import arity_error, function_name
        from feedline.nodes.map import locate_user_error
        from feedline.nodes.scan import STATE_ROLES, same_state

        check_function(reduce_func, "reduce")
        stage = f"reduce({function_name(reduce_func)})"
        mistaken = arity_error(reduce_func, 2, STATE_ROLES, stage)
        if mistaken is not None:
            raise mistaken
        leaves, treedef = flatten(initial_state)
        state = treedef.unflatten([as_component(leaf) for leaf in leaves])
        with closing(iter(self)) as elements:
            for position, element in enumerate(elements):
                try:
                    result = reduce_func(state, element)
                except Exception as error:
                    located = locate_user_error(error, reduce_func, stage)
                    located.add_where(f"element {position}")
                    located.add_where(f"{stage} at {user_origin()}")
                    if located is error:
                        raise
                    raise located from error
                state = same_state(state, result, reduce_func, "reduce")
        return state

    def options(self) -> Options:
        """Returns the options that `with_options` has set on this dataset and those that it is made of.

        They cannot be changed: that would have no effect.
        """
        merged = Options()
        for options in reversed(_options_above(self._node)):
            merged = merged.merge(options)
        return merged.freeze()

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """Returns the dataset with options; those set here go before those set earlier.

        Args:
            options: a `feedline.Options`.
            name: not used; `tf.data` has it.

        Example:
            >>> import feedline as fl
            >>> options = fl.Options(deterministic=True)
            >>> fl.Dataset.range(3).with_options(options).options().deterministic
            True
        """
        from feedline.nodes.options import WithOptions

        if not isinstance(options, Options):
            raise ArgumentTypeError(f"with_options() was given {options!r:.60}.", fix="Give a feedline.Options.")
        return self._of(WithOptions((self._node,), user_origin(), Options().merge(options)))

    @property
    def element_spec(self) -> Any:
        """The structure of `TensorSpec`s that describes an element.

        After `map` it is learnt by running the function on the first element: lengths that differ from element to
        element may show as the first element's.

        Example:
            >>> from feedline import Dataset
            >>> Dataset.range(5).batch(2).element_spec
            TensorSpec(shape=(None,), dtype=int64)
        """
        try:
            return self._node.spec()
        except FeedlineError as error:
            if not getattr(error, "stage", None):  # no stage has run
                failing = _without_spec(self._node)
                error.add_where(f"{failing.label()} at {failing.origin}")
            raise

    def fingerprint(self) -> np.uint64:
        """Returns a number that is the same for datasets of the same steps, arguments, functions and data.

        Seeds, and how many workers there are, are no part of it. The state of an object that is called is not known.

        Example:
            >>> from feedline import Dataset
            >>> Dataset.range(5).fingerprint() == Dataset.range(5).fingerprint() != Dataset.range(6).fingerprint()
            True
        """
        from feedline.plan.fingerprint import fingerprint_of, steps_of

        return np.uint64(int(fingerprint_of(steps_of(self._node)), 16))

    def explain(self) -> str:
        """Returns the plan as text: each step, whether it is indexed or streamed, how functions are run, and why.

        What is said of a function is what happened to it, once it has run; before that, what its code and the first
        element tell. It also says by what the plan was run last, inline, by threads or by processes, and what was not
        tried yet.

        Example:
            >>> from feedline import Dataset
            >>> print(Dataset.range(9).filter(lambda number: number > 3).batch(2).explain())
            1. range               indexed, 9 elements
            2. filter(<lambda>)    streamed from here on: how many elements a filter keeps is known only by running it
            3. batch(2)            streamed
        """
        from feedline.report.explain import explain

        return explain(self._node, self._timings)

    def profile(self, seconds: float = 2.0) -> Profile:
        """Runs the dataset for a while and returns the time in each stage.

        Args:
            seconds: for how long at the most.
        """
        import time

        end = time.perf_counter() + seconds
        iterator = iter(self)
        try:
            for _ in iterator:
                if time.perf_counter() > end:
                    break
        finally:
            iterator.close()
        return self.report()

    def report(self) -> Profile:
        """Returns the time in each stage, over all iterations so far."""
        from feedline.report.profile import Profile

        return Profile.of(self._node, self._timings.snapshot(), self._timings)

    def to_keras(self, *, strings: bool = False, ragged: Any = None, sparse: Any = None) -> Any:
        """Returns the dataset as Keras takes it, for `model.fit`, `evaluate` and `predict` on every backend.

        Args:
            strings: whether strings may go into the model, which only the TensorFlow backend can take.
            ragged: "pad" fills ragged components up with 0 to the longest row of each batch, a `feedline.keras.Pad`
                with another value or in fewer lengths; sample weights leave out what was filled up in labels. Without
                it only the TensorFlow backend takes them.
            sparse: "dense" makes sparse components dense. Without it only the TensorFlow backend takes them and, for
                inputs, the JAX backend.

        Raises:
            MissingPackageError: Keras is not installed.
        """
        from feedline.keras.adapter import to_keras

        return to_keras(self, strings=strings, ragged=ragged, sparse=sparse)

    def to_torch(self, device: Any = None, *, lookahead: int = 2) -> TorchBatches:
        """Returns the dataset with PyTorch tensors for arrays, for training loops of one's own.

        On the CPU tensors share the memory of the arrays. To a GPU they are copied from page-locked memory, on a
        stream of their own, while the GPU computes. Ragged components become nested tensors in the jagged layout,
        sparse ones PyTorch's in the COO layout. Strings stay what they are: PyTorch has none. The result can be
        iterated over again and again, an epoch each time, and has a length where the dataset has one; its iterators
        have `state_dict()` and `load_state_dict()` as the dataset's.

        Args:
            device: where the tensors are wanted, such as "cuda"; None for PyTorch's default device, which is the CPU
                unless `torch.set_default_device` says otherwise.
            lookahead: how many elements are copied to a GPU before they are asked for.

        Raises:
            MissingPackageError: PyTorch is not installed.
            ArgumentError: there is no such device.
            StructureError: while running: a component is a dataset, or has more than one ragged dimension.
            DtypeError: while running: PyTorch has no such dtype.

        Example:
            >>> from feedline import Dataset
            >>> for x, y in Dataset.from_tensor_slices(([[1.0, 2.0], [3.0, 4.0]], [0, 1])).batch(2).to_torch():
            ...     print(x, y)
            tensor([[1., 2.], [3., 4.]]) tensor([0, 1], dtype=torch.int32)
        """
        depth = whole_number(lookahead, "lookahead", least=0)
        from feedline.torch import TorchBatches

        return TorchBatches(self, device, depth)  # type: ignore[arg-type]

    def to_jax(self, sharding: Any = None, device: Any = None, *, lookahead: int = 2) -> JaxBatches:
        """Returns the dataset with JAX arrays for arrays, for training loops of one's own.

        On the CPU large arrays keep their memory; to other devices they are copied while these compute. Strings stay
        what they are: JAX has none. float64 becomes float32, and 64-bit integers 32-bit ones, as ever in JAX unless
        `jax_enable_x64` is set; an integer that does not fit is an error. A ragged component becomes the pair of its
        values and row splits, a sparse one a `jax.experimental.sparse.BCOO`. The result can be iterated over again and
        again, an epoch each time, and has a length where the dataset has one; its iterators have `state_dict()` and
        `load_state_dict()` as the dataset's.

        Args:
            sharding: how each component is laid out over devices: a `jax.sharding.Sharding` for all of them, or a
                structure of shardings like the elements'. Where it spans several processes, each process's dataset
                gives its own part of every batch: see `shard()`.
            device: one of `jax.devices()` in place of a sharding, or the name of a platform such as "gpu"; None for
                JAX's default device.
            lookahead: how many elements are sent to the devices before they are asked for.

        Raises:
            MissingPackageError: JAX is not installed.
            ArgumentError: there is no such device, or both `sharding` and `device` are given.
            StructureError: while running: a component is a dataset, or ragged or sparse beside a `sharding`, or
                `sharding` has another structure than the elements.
            ShapeError: while running: a component cannot be laid out as `sharding` says.
            DtypeError: while running: an integer does not fit the 32 bits that JAX has for it.

        Example:
            >>> from feedline import Dataset
            >>> for x, y in Dataset.from_tensor_slices(([[1.0, 2.0], [3.0, 4.0]], [0, 1])).batch(2).to_jax():
            ...     print(x.sum(), y.dtype)
            10.0 int32
        """
        depth = whole_number(lookahead, "lookahead", least=0)
        from feedline.jax import JaxBatches

        return JaxBatches(self, sharding, device, depth)  # type: ignore[arg-type]


def _without_spec(node: Node) -> Node:
    """Returns the first node of a plan whose spec is an error, the parents of which have theirs."""
    for parent in node.parents:
        try:
            parent.spec()
        except FeedlineError:
            return _without_spec(parent)
    return node


def _options_above(node: Node) -> list[Options]:
    """Returns the options set on a node and those above it, the nearest first."""
    from feedline.nodes.options import WithOptions

    found = [node.options] if isinstance(node, WithOptions) else []
    for parent in node.parents:
        found.extend(_options_above(parent))
    return found
