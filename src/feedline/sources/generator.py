"""from_generator: elements that a Python function yields."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from feedline import random
from feedline.block import Block, BlockBuilder
from feedline.errors import (
    ArgumentError,
    ArgumentTypeError,
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
from feedline.sources.converter import Converter
from feedline.sources.plain_elements import ENDED, NONE_LEFT, PlainElements, as_iterator
from feedline.sparse import SparseTensor
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec
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
        return _GeneratorStream(self, epoch, packs=False)

    def open_packed(self, epoch: int, run: Run) -> Stream:
        return _GeneratorStream(self, epoch, packs=True)

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
            raise ArgumentTypeError(
                f"from_generator() needs a function that returns an iterator, not {type(function).__name__}.",
                fix="Give the generator function itself, without calling it.",
            )
    if output_signature is not None and output_types is not None:
        raise ArgumentTypeError(
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
            raise ArgumentTypeError(
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


_MOST_LOOKS = 3
"""How many elements are looked at, at the most, for whether those to come can be taken as plain ones."""

_REFUSED_SHARE = 1 / 16
"""Where more elements than this are not as plain as they seemed, each is looked at by itself from then on."""


class _GeneratorStream:
    """One run of the user's generator.

    Elements that are like the first one are taken many in one go (`PlainElements`), any others one by one.

    Args:
        node: the source.
        epoch: the epoch.
        packs: whether blocks may have `PackedRows` as columns.
    """

    def __init__(self, node: Generator, epoch: int, packs: bool) -> None:
        self._node = node
        self._epoch = epoch
        self._packs = packs
        self._iterator: Iterator[Any] | None = None
        self._started = False
        self._elements: Iterator[Any] = iter(())
        self._came: deque[Any] = deque()  # what the generator has given and no block has as yet
        self._position = 0
        self._error: Exception | None = None
        self._failure: Exception | None = None
        self._treedef = node.treedef
        self._converters: list[Converter] | None = None
        self._plain: PlainElements | None = None
        self._looks = 0
        self._refused = 0
        self._giver = called(node.function) if callable(node.function) else "the generator"
        if node.treedef is not None and node.specs is not None:
            names = component_names(node.treedef)
            self._converters = [Converter(spec, name, True) for spec, name in zip(node.specs, names, strict=True)]

    def next(self, limit: int) -> Block | None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        outer = random.outer_element()
        try:
            if not self._started:
                self._start()
            block = self._next_plain(limit) if self._goes_plain() else None
            return self._next_looked_at(limit) if block is None else block
        finally:
            random.leave_element(outer)

    def _start(self) -> None:
        self._started = True
        try:
            self._iterator = self._node.start()
            self._elements = as_iterator(self._iterator)
        except Exception as error:
            self._end(error)

    def _end(self, failure: Exception | None) -> None:
        """Asks for no more elements; what the generator raised is raised after those that it gave before."""
        self._elements = iter(())
        self._failure = failure

    def _goes_plain(self) -> bool:
        """Says whether the next elements are to be taken as plain ones; looks at one where none was seen as yet."""
        if self._plain is None and self._looks < _MOST_LOOKS:
            if not self._came:
                self._fetch()
            if self._came and self._treedef is not None and self._converters is not None:
                self._looks += 1
                self._plain = PlainElements.like(self._came[0], self._treedef, self._converters, self._packs)
        return self._plain is not None and len(self._came) <= 1

    def _fetch(self) -> bool:
        """Asks the generator for its next element; returns whether there was one."""
        random.enter_element(self._node.seed, self._epoch, self._position)
        try:
            element = next(self._elements, ENDED)
        except Exception as error:
            self._end(error)
            return False
        if element is ENDED:
            self._elements = iter(())
            return False
        self._came.append(element)
        return True

    def _next_plain(self, limit: int) -> Block | None:
        """Returns the next elements that are plain; None where the next is not."""
        plain, first, position = self._plain, list(self._came), self._position
        assert plain is not None
        self._came.clear()
        count = plain.begin(limit)
        random.enter_elements(self._node.seed, self._epoch, lambda: position + plain.taken)
        try:
            left = plain.take(first, self._elements, count)
        except Exception as error:
            self._end(error)
        else:
            if left is ENDED:
                self._elements = iter(())
            elif left is not NONE_LEFT:
                self._came.append(left)
                self._note_refusal()
        if not plain.taken:
            return None
        block = plain.block()
        if block is None:
            self._came.extendleft(reversed(plain.elements()))
            self._note_refusal()
        else:
            self._position += block.length
        return block

    def _note_refusal(self) -> None:
        self._refused += 1
        if self._refused > _MOST_LOOKS and self._refused > _REFUSED_SHARE * self._position:
            self._plain, self._looks = None, _MOST_LOOKS

    def _next_looked_at(self, limit: int) -> Block | None:
        """Returns the next elements, each looked at by itself."""
        only_these = len(self._came) if self._plain is not None or self._treedef is None else 0
        builder = self._builder(min(limit, only_these) or limit)
        try:
            while builder.length < builder.capacity and (self._came or (not only_these and self._fetch())):
                element = self._came.popleft()
                if isinstance(builder, FixedBlockBuilder):
                    builder.append_leaves(self._leaves(element))
                elif self._treedef is None:
                    builder.append(*self._learn(element))
                else:
                    builder.append(self._components(element), self._treedef)
                self._position += 1
        except Exception as error:
            located = self._located(error)
            self._position += 1
            if builder.length == 0:
                raise located from (None if located is error else error)
            self._error = located
        if builder.length:
            return builder.block()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            located = self._located(failure)
            self._position += 1
            raise located from (None if located is failure else failure)
        return None

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
            self._converters.append(Converter(spec, name, False))
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
        self._started = True
        self._came.clear()
        self._end(None)
        iterator, self._iterator = self._iterator, None
        if iterator is not None and hasattr(iterator, "close"):
            try:
                iterator.close()
            except ValueError:  # it is running in another thread, which will see the end by itself
                self._iterator = iterator
