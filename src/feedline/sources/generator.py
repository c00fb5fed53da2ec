"""from_generator: elements that a Python function yields."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.block import Block, BlockBuilder
from feedline.errors import (
    ArgumentError,
    EmptyDatasetError,
    ExhaustedGeneratorError,
    FeedlineError,
    SignatureError,
    with_article,
)
from feedline.fixed_block import FixedBlockBuilder, is_fixed
from feedline.nodes.arity import called, function_name
from feedline.nodes.base import UNKNOWN_CARDINALITY, Node, Stream
from feedline.nodes.map import locate_user_error
from feedline.origin import Origin
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec, dtype_name, shape_allows, string
from feedline.structure import (
    Treedef,
    as_component,
    as_spec,
    component_dtype,
    component_names,
    component_shape,
    describe_tree,
    flatten,
    is_spec,
    spec_of,
    with_shape,
)

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Generator(Node):
    """Runs the user's function anew for every epoch.

    Args:
        function: returns an iterator, or is an iterable that can be gone through again.
        arguments: what the function is called with.
        specs: the specs of the components, None where the first element decides.
        treedef: the structure, None likewise.
        seed: keys the random numbers drawn inside the function.
    """

    function: Any
    arguments: tuple[Any, ...]
    specs: tuple[Any, ...] | None
    treedef: Treedef | None
    seed: int

    name = "from_generator"
    one_by_one = True

    @property
    def spec_costs(self) -> bool:  # type: ignore[override]
        return self.treedef is None

    @cached_property
    def indexed(self) -> bool:
        return False

    @property
    def streamed_because(self) -> str:
        return "a generator gives only its next element"

    def label(self) -> str:
        return f"from_generator({function_name(self.function)})"

    def cardinality(self) -> int:
        return UNKNOWN_CARDINALITY

    def spec(self) -> Any:
        if self.treedef is not None:
            return self.treedef.unflatten(list(self.specs or ()))
        cached = self.__dict__.get("_spec")
        if cached is None:
            from feedline.run.context import Run
            from feedline.run.streams import first_block

            if first_block(self, Run(keeps=False)) is None:
                raise EmptyDatasetError(
                    "the generator gave no element, so its structure is not known.",
                    fix="Give output_signature, or mend the generator.",
                )
            cached = self.__dict__["_spec"]
        return cached

    def learn_spec(self, components: list[Any], treedef: Treedef) -> None:
        """Takes the spec from the first element of whatever runs first: a generator may be costly to start."""
        if "_spec" not in self.__dict__:
            specs = [spec_of(component) for component in components]
            learnt = treedef.unflatten([with_shape(spec, _unknown_lengths(spec)) for spec in specs])
            object.__setattr__(self, "_spec", learnt)

    def open(self, epoch: int, run: Run) -> Stream:
        return _GeneratorStream(self, epoch)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"element {position} of the generator"

    def start(self) -> Iterator[Any]:
        """Returns an iterator over the elements of one epoch.

        Raises:
            ExhaustedGeneratorError: it is the very iterator of an earlier epoch.
        """
        if not callable(self.function):
            return iter(self.function)
        iterator = self.function(*self.arguments)
        if not hasattr(iterator, "__next__"):
            if not hasattr(iterator, "__iter__"):
                raise ArgumentError(
                    f"{function_name(self.function)}() returned {with_article(type(iterator).__name__)}, "
                    "not an iterator.",
                    fix="Use yield in the function, or return an iterator or a list.",
                )
            return iter(iterator)
        used_up = getattr(iterator, "gi_frame", iterator) is None
        if used_up or self.__dict__.get("_last") is iterator:
            raise _exhausted(
                f"{function_name(self.function)}() returned the generator object of an earlier epoch, now used up."
            )
        object.__setattr__(self, "_last", iterator)
        return iterator


def _unknown_lengths(spec: Any) -> Any:
    return None if spec.shape is None else tuple(None for _ in spec.shape)


def _exhausted(what: str) -> ExhaustedGeneratorError:
    return ExhaustedGeneratorError(
        what,
        fix="Pass the function that makes the generator, not its result: from_generator(make_elements), "
        "or from_generator(lambda: make_elements(argument)).",
    )


def generator(
    function: Any, output_signature: Any, output_types: Any, output_shapes: Any, args: Any, origin: Origin
) -> Generator:
    """Returns the source of a generator function.

    Raises:
        ExhaustedGeneratorError: a generator object is given.
        ArgumentError: it is not callable, or the signature holds something that is no spec.
    """
    if not callable(function):
        if hasattr(function, "__next__"):
            raise _exhausted(
                f"from_generator() was given {with_article(type(function).__name__)} object, "
                "which would be empty in the second epoch."
            )
        if not hasattr(function, "__iter__"):
            raise ArgumentError(
                f"from_generator() needs a function that returns an iterator, not {type(function).__name__}.",
                fix="Give the generator function itself, without calling it.",
            )
    if output_signature is not None and output_types is not None:
        raise ArgumentError(
            "from_generator() was given output_signature and output_types.", fix="Give output_signature alone."
        )
    if output_types is not None:
        output_signature = _signature_of_types(output_types, output_shapes)
    arguments = () if args is None else tuple(as_component(value) for value in args)
    if output_signature is None:
        return Generator((), origin, function, arguments, None, None, random.fresh_seed())
    leaves, treedef = flatten(output_signature)
    for leaf in leaves:
        if not is_spec(leaf):
            raise ArgumentError(
                f"output_signature holds {leaf!r:.80}, which is not a TensorSpec.",
                fix="Give a structure of fl.TensorSpec(shape, dtype).",
            )
    specs = tuple(as_spec(leaf) for leaf in leaves)
    return Generator((), origin, function, arguments, specs, treedef, random.fresh_seed())


def _signature_of_types(types: Any, shapes: Any) -> Any:
    leaves, treedef = flatten(types)
    if shapes is None:
        return treedef.unflatten([TensorSpec(None, dtype) for dtype in leaves])
    parts = treedef.flatten_up_to(shapes) if len(leaves) > 1 else [shapes]
    return treedef.unflatten([TensorSpec(shape, dtype) for shape, dtype in zip(parts, leaves, strict=True)])


class _GeneratorStream:
    """One run of the user's generator."""

    def __init__(self, node: Generator, epoch: int) -> None:
        self._node = node
        self._epoch = epoch
        self._iterator: Iterator[Any] | None = None
        self._position = 0
        self._error: Exception | None = None
        self._ended = False
        self._treedef = node.treedef
        self._converters: list[Callable[[Any], Any]] | None = None
        self._giver = called(node.function) if callable(node.function) else "the generator"
        if node.treedef is not None and node.specs is not None:
            names = component_names(node.treedef)
            self._converters = [_Converter(spec, name, True) for spec, name in zip(node.specs, names, strict=True)]

    def next(self, limit: int) -> Block | None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._ended:
            return None
        builder = self._builder(limit)
        outer = random.outer_element()
        came = False
        try:
            if self._iterator is None:
                self._iterator = self._node.start()
            while builder.length < builder.capacity:
                random.enter_element(self._node.seed, self._epoch, self._position)
                came = False
                element = next(self._iterator, _END)
                came = True
                if element is _END:
                    self._ended = True
                    break
                if isinstance(builder, FixedBlockBuilder):
                    builder.append_leaves(self._leaves(element))
                elif self._treedef is None:
                    builder.append(*self._learn(element))
                else:
                    builder.append(self._components(element), self._treedef)
                self._position += 1
        except Exception as error:
            located = self._located(error)
            self._ended = not came  # an element that came, and is refused, does not end the generator
            self._position += 1
            if builder.length == 0:
                raise located from (None if located is error else error)
            self._error = located
        finally:
            random.leave_element(outer)
        return builder.block() if builder.length else None

    def _builder(self, limit: int) -> BlockBuilder | FixedBlockBuilder:
        specs, treedef = self._node.specs, self._node.treedef
        if specs is not None and treedef is not None and self._converters is not None and is_fixed(specs) and limit > 1:
            return FixedBlockBuilder(limit, specs, self._converters, treedef)
        return BlockBuilder(limit, self._giver)

    def _leaves(self, element: Any) -> list[Any]:
        assert self._treedef is not None
        try:
            return self._treedef.flatten_up_to(element)
        except (ValueError, TypeError):
            raise self._disagreement(element) from None

    def _components(self, element: Any) -> list[Any]:
        assert self._converters is not None
        return [convert(leaf) for convert, leaf in zip(self._converters, self._leaves(element), strict=True)]

    def _learn(self, element: Any) -> tuple[list[Any], Treedef]:
        """Takes the structure and the dtypes from the first element."""
        leaves, treedef = flatten(element)
        self._treedef = treedef
        components = [as_component(leaf) for leaf in leaves]
        names = component_names(treedef)
        self._converters = []
        for component, name in zip(components, names, strict=True):
            if isinstance(component, RaggedTensor):
                spec: Any = RaggedTensorSpec(None, component.dtype, component.ragged_rank)
            elif isinstance(component, SparseTensor):
                spec = SparseTensorSpec(None, component.dtype)
            else:
                shape = tuple(None for _ in component_shape(component))
                spec = TensorSpec(shape, component_dtype(component))
            self._converters.append(_Converter(spec, name, False))
        self._node.learn_spec(components, treedef)
        return components, treedef

    def _disagreement(self, element: Any) -> SignatureError:
        got = describe_tree(flatten(element)[1])
        assert self._treedef is not None
        signed = self._node.treedef is not None
        said = "output_signature says" if signed else "its first element was"
        fix = (
            f"Yield the structure of output_signature, or change it to match {got}."
            if signed
            else "Yield the same structure each time."
        )
        if isinstance(element, list):
            got, fix = f"a list of {len(element)}", "Yield a tuple: a list counts as one array."
        return SignatureError(
            f"{self._giver} gave {got} where {said} {describe_tree(self._treedef)}.",
            fix=fix,
        )

    def _located(self, error: Exception) -> FeedlineError:
        located = locate_user_error(error, self._node.function, self._node.label())
        located.add_where(f"element {self._position} of the generator")
        return located

    def close(self) -> None:
        self._ended = True
        iterator, self._iterator = self._iterator, None
        if iterator is not None and hasattr(iterator, "close"):
            try:
                iterator.close()
            except ValueError:  # it is running in another thread, which will see the end by itself
                self._iterator = iterator


_END = object()
_ORDER = {"u": 1, "i": 1, "f": 2, "c": 3}
"""Which kinds of numbers can become which: the same, and those with a higher number."""


def _bounds(dtype: np.dtype) -> tuple[float, float]:
    """Returns the least and the largest finite number of a dtype; the dtypes of machine learning are of kind V."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    if dtype.kind == "V":
        import ml_dtypes

        info = ml_dtypes.iinfo(dtype) if dtype.name.endswith("int4") else ml_dtypes.finfo(dtype)
        return float(info.min), float(info.max)
    return (-float(np.finfo(dtype).max), float(np.finfo(dtype).max)) if dtype.kind in "fc" else (0.0, 0.0)


class _Converter:
    """Turns what a generator gives for one component into a component of its spec.

    Args:
        spec: the spec.
        name: the component's name, for messages.
        asked: whether the user gave the spec, so that values are brought to its dtype where it can hold them.
    """

    __slots__ = ("_asked", "_dtype", "_exact", "_fast", "_largest", "_least", "_name", "_spec")

    def __init__(self, spec: Any, name: str, asked: bool) -> None:
        self._spec = spec
        self._name = name
        self._asked = asked
        self._dtype = spec.dtype
        self._fast = isinstance(spec, TensorSpec) and spec.dtype != string
        self._least, self._largest = _bounds(spec.dtype)
        self._exact = spec.shape if spec.shape is not None and None not in spec.shape else None

    def __call__(self, value: Any) -> Any:
        if self._fast and type(value) is np.ndarray and value.dtype == self._dtype:
            if value.shape == self._exact or shape_allows(self._spec.shape, value.shape):
                return value
            raise self._wrong_shape(value.shape)
        return self._convert(value)

    def _convert(self, value: Any) -> Any:
        spec, dtype = self._spec, self._dtype
        if isinstance(spec, RaggedTensorSpec | SparseTensorSpec):
            wanted = RaggedTensor if isinstance(spec, RaggedTensorSpec) else SparseTensor
            if not isinstance(value, wanted):
                raise SignatureError(
                    f"{self._name} is {with_article(type(value).__name__)} where {wanted.__name__} is expected.",
                    fix=f"Yield a fl.{wanted.__name__}, or change output_signature.",
                )
            component: Any = value
        elif isinstance(value, bool | int | float) and dtype != string:
            component = self._number(value)
        elif isinstance(value, list | tuple) and dtype != string:
            component = self._numbers(value)
        else:
            component = as_component(value)
            if isinstance(value, list | tuple) and component.size == 0:
                component = component.astype(dtype)  # an empty list says nothing of its dtype
        if component_dtype(component) != dtype:
            component = self._in_asked_dtype(component)
        if not shape_allows(spec.shape, component_shape(component)):
            raise self._wrong_shape(component_shape(component))
        return component

    def _number(self, value: bool | int | float) -> Any:
        kind = self._dtype.kind
        if isinstance(value, bool):
            allowed = kind == "b"
        elif isinstance(value, int):
            allowed = kind in "iufcV" and self._least <= value <= self._largest
        else:
            allowed = kind in "fcV" and (self._least <= value <= self._largest or not math.isfinite(value))
        if allowed:
            return self._dtype.type(value)
        raise SignatureError(
            f"{self._name} is the Python {type(value).__name__} {value!r}, "
            f"which {dtype_name(self._dtype)} cannot hold.",
            fix=self._fix("Yield a value that fits", f"say another dtype than {dtype_name(self._dtype)}"),
        )

    def _numbers(self, value: list | tuple) -> Any:
        """Returns a list of Python numbers as an array of the dtype, if that can hold them all."""
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.empty(0, object)
        same_kind = array.dtype.kind == self._dtype.kind or (array.dtype.kind in "iu" and self._dtype.kind in "iuf")
        if array.dtype in (np.int64, np.uint64, np.float64, np.bool_) and (same_kind or array.size == 0):
            with np.errstate(over="ignore"):
                cast = array.astype(self._dtype)
            held = np.isfinite(cast) == np.isfinite(array) if array.dtype.kind == "f" else cast == array
            if held.all():
                return cast
            raise SignatureError(
                f"{self._name} is a list with {array[~held][0]}, which {dtype_name(self._dtype)} cannot hold.",
                fix=self._fix("Yield values that fit", f"say another dtype than {dtype_name(self._dtype)}"),
            )
        return as_component(value)

    def _in_asked_dtype(self, value: Any) -> Any:
        """Returns an array in the dtype of the signature: as `tf.data` does, but never with other numbers.

        Floats are rounded to the precision that is asked for.
        """
        have, want = (_ORDER.get(dtype.kind) for dtype in (component_dtype(value), self._dtype))
        if not self._asked or have is None or want is None or have > want:
            raise self._wrong_dtype(value)
        with np.errstate(over="ignore", invalid="ignore"):
            cast = value.astype(self._dtype)
            if have > 1:
                held = np.isfinite(cast)
                if not held.all():
                    held |= ~np.isfinite(value)
            else:
                held = (cast.astype(value.dtype) == value) & ((cast < 0) == (value < 0))
        if not np.all(held):
            raise SignatureError(
                f"{self._name} has the {dtype_name(value.dtype)} {value[~np.asarray(held)].reshape(-1)[0]}, "
                f"which {dtype_name(self._dtype)} cannot hold.",
                fix=self._fix("Yield values that fit", f"say another dtype than {dtype_name(self._dtype)}"),
            )
        return cast

    def _fix(self, yielded: str, said: str) -> str:
        if not self._asked:
            return f"The first element decided, since there is no output_signature. {yielded}, or give one."
        return f"{yielded}, or {said} in output_signature."

    def _wrong_dtype(self, value: Any) -> SignatureError:
        got = dtype_name(component_dtype(value))
        return SignatureError(
            f"{self._name} is {got} where {dtype_name(self._dtype)} is expected ({self._spec}).",
            fix=self._fix(f"Yield it as {dtype_name(self._dtype)}", f"say dtype={got!r}"),
        )

    def _wrong_shape(self, shape: tuple) -> SignatureError:
        return SignatureError(
            f"{self._name} has shape {shape} where {self._spec.shape} is expected ({self._spec}).",
            fix=self._fix("Yield the shape that is expected", "put None there for a length that differs"),
        )
