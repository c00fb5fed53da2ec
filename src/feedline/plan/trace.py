"""Tracing: what a proven function computes, as a list of operations on slots.

The function runs once, on the first element of a block, with each array in a `Traced` that notes what is done to it.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedline import random
from feedline.classes import is_structured
from feedline.plan.methods import method_of
from feedline.plan.prove import Proof, UnprovenError, attrs_fields, check_class, prove
from feedline.plan.stand_in import StandIn
from feedline.strings import PackedStrings
from feedline.structure import Treedef, flatten

_MODULES = ("numpy", "feedline")
_NEW_RESULTS = (
    *(np.clip, np.sum, np.mean, np.std, np.var, np.prod, np.min, np.max, np.argmin, np.argmax, np.any, np.all),
    *(np.stack, np.concatenate),
)
"""Functions that return one of their arguments only where they were told, by its place, to write to it."""

_OUT_OF_ROUND = 2
"""The place of what `np.round` is to write to: it may also return its first argument, where that is of integers."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for a value in the arguments of an operation."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One call.

    Args:
        function: what is called.
        rule: how it is called on blocks.
        args: its arguments, with a `Slot` for each traced value.
        kwargs: its named arguments.
        results: the slots of the components of what it returns.
        samples: those components for the element that was traced.
        draws: for each seed, how many random numbers the element had drawn before.
        named: all arguments by their names; empty where the function has no signature.
        seed: the seed of the transformation whose random numbers it draws; None for the one that all are of.

    Attributes:
        taken: the slots in its arguments, found once: blocks ask for them again and again.
    """

    function: Callable[..., Any]
    rule: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[int, ...]
    samples: tuple[Any, ...]
    draws: dict[int | None, int]
    named: dict[str, Any]
    seed: int | None = None
    taken: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = slots_in((self.args, self.kwargs))
        object.__setattr__(self, "taken", tuple(slot.number for slot in found))  # as in any frozen dataclass


@dataclass(frozen=True, slots=True)
class Trace:
    """What a function computes.

    Args:
        proof: the proof of the function.
        inputs: the components of the element that was traced; they have the first slots.
        operations: in their order.
        outputs: for each component of the result its slot, or the constant that it is.
        treedef: the structure of the result.
        slots: how many there are.
        of_any_shape: whether the function did not look at a shape: what it computes of an element of another shape is
            then the same operations.
        draws_vary: whether how many random numbers an element draws depends on them: then each element has to draw its
            own, one after the other, from a stream of its own.
    """

    proof: Proof
    inputs: tuple[Any, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[Any, ...]
    treedef: Treedef
    slots: int
    of_any_shape: bool
    draws_vary: bool

    def samples(self) -> list[Any]:
        """Returns for each slot what the element that was traced has; None where no operation fills it any more."""
        samples: list[Any] = [*self.inputs, *(None for _ in range(self.slots - len(self.inputs)))]
        for operation in self.operations:
            for slot, sample in zip(operation.results, operation.samples, strict=True):
                samples[slot] = sample
        return samples


class Users:
    """Which operations of a trace use which values.

    Args:
        made: the trace.
    """

    def __init__(self, made: Trace) -> None:
        self._users: dict[int, list[Operation]] = {}
        for operation in made.operations:
            for slot in operation.taken:
                self._users.setdefault(slot, []).append(operation)
        self._returned = {output.number for output in made.outputs if type(output) is Slot}

    def of(self, slot: int) -> Sequence[Operation]:
        """Returns the operations that use a value."""
        return self._users.get(slot, ())

    def only_user(self, slot: int) -> Operation | None:
        """Returns the one use of a value; None where there are others, or the function returns it."""
        users = self.of(slot)
        return users[0] if len(users) == 1 and slot not in self._returned else None


def others_draw_between(steps: list[Operation], made: Trace) -> bool:
    """Says whether other operations draw random numbers between the first and the last of some steps.

    Where an element draws from a stream of its own, its numbers come in the order of calls.
    """
    places = [made.operations.index(step) for step in steps]
    between = made.operations[min(places) : max(places)]
    return any(draws(other) and other not in steps for other in between)


def draws(operation: Operation) -> bool:
    """Says whether random numbers are drawn, also by an operation that another was fused with."""
    if getattr(operation.rule, "draws", False):
        return True
    return any(draws(one) if type(one) is Operation else getattr(one, "draws", False) for one in operation.args)


def trace(function: Callable[..., Any], element: Any, rules: dict[Any, Callable[..., Any]]) -> Trace:
    """Traces a function on one element; the random numbers drawn are those of the element at hand.

    Raises:
        UnprovenError: it is not proven to work on blocks.
    """
    recorder = _Recorder(rules)
    proof = prove(function, recorder.replace)
    samples, treedef = flatten(element)
    for kind in _classes_in(element):
        check_class(kind, proof, f"the {kind.__name__}")
    traced = treedef.unflatten([recorder.new(sample) for sample in samples])
    try:
        with np.errstate(all="ignore"):  # the first element is computed again: then it warns, at the user's line
            result = proof.function(*traced) if type(traced) is tuple else proof.function(traced)
    except TypeError as error:
        if Traced.__name__ not in str(error):
            raise
        raise UnprovenError("it does to a value what is not known to work on blocks") from None
    if type(result) is list:
        result = tuple(result)
    leaves, result_tree = flatten(result)
    if not leaves:
        raise UnprovenError("it returns no arrays")
    if any(type(leaf) is list for leaf in leaves):
        raise UnprovenError("it returns a list within its result (np.stack makes an array of it)")
    if any(callable(leaf) and type(leaf) is not Traced for leaf in leaves):
        raise UnprovenError("it returns a function")
    outputs = tuple(Slot(leaf.slot) if type(leaf) is Traced else leaf for leaf in leaves)
    return Trace(
        proof,
        tuple(samples),
        tuple(recorder.operations),
        outputs,
        result_tree,
        recorder.slots,
        not recorder.looked_at_shapes,
        any(getattr(operation.rule, "draws_vary", False) for operation in recorder.operations),
    )


def _classes_in(element: Any) -> set[type]:
    """Returns the classes of the user's that hold the components of an element."""
    if type(element) in (tuple, list):
        parts = element
    elif isinstance(element, dict):
        parts = element.values()
    elif isinstance(element, tuple) or is_structured(type(element)):
        kind = type(element)
        names = getattr(kind, "_fields", None) or getattr(kind, "__dataclass_fields__", ()) or attrs_fields(kind)
        parts = [getattr(element, name) for name in names if hasattr(element, name)]
    else:
        return set()
    own = set() if type(element) in (tuple, list, dict) else {type(element)}
    return own.union(*map(_classes_in, parts))


class _Recorder:
    """Collects the operations of one function."""

    def __init__(self, rules: dict[Any, Callable[..., Any]]) -> None:
        self.rules = rules
        self.operations: list[Operation] = []
        self.slots = 0
        self.looked_at_shapes = False

    def new(self, sample: Any) -> Traced:
        if not isinstance(sample, np.ndarray | np.generic | bytes | PackedStrings):
            raise UnprovenError(f"it handles a {type(sample).__name__}")
        self.slots += 1
        return Traced(self, self.slots - 1, sample)

    def replace(self, value: Any, proof: Proof) -> Any:
        if isinstance(value, types.ModuleType):
            if value.__name__.partition(".")[0] not in _MODULES:
                raise UnprovenError(f"it uses the module {value.__name__}")
            return _Module(self, value, proof)
        rule = self._rule_of(value)
        if rule is not None and hasattr(value, "feedline_reference"):
            look = value.feedline_reference
            proof.references.append((look, look()))
        return None if rule is None else _Recorded(self, value, rule)

    def _rule_of(self, value: Any) -> Callable[..., Any] | None:
        """Returns how a function runs on blocks; objects of feedline's that are called may say so themselves."""
        # What has a rule is hashable; an object of the user's that can be called need not be.
        if not callable(value) or isinstance(value, type) or not isinstance(value, Hashable):
            return None
        return self.rules.get(value) or getattr(type(value), "feedline_rule", None)

    def record(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        rule = self._rule_of(function)
        if rule is None:
            raise UnprovenError(f"it calls {getattr(function, '__name__', function)}()")
        if isinstance(function, np.ufunc) and (kwargs or len(args) != function.nin):
            raise UnprovenError(f"it calls {function.__name__} with more than values")
        if "out" in kwargs or (function is np.round and len(args) > _OUT_OF_ROUND):
            raise UnprovenError("it changes a value in place")
        before = random.draws_so_far()
        result = function(*_samples(args), **_samples(kwargs))
        if function in _NEW_RESULTS and any(result is part for part in flatten(_samples(args))[0]):
            raise UnprovenError("it changes a value in place")
        drawn = random.draws_so_far() != before
        if drawn and not getattr(rule, "draws", False):
            raise UnprovenError(f"{function.__name__}() draws its random numbers element by element")
        is_list = type(result) is list  # a list is an array where it is an element, but here several results
        leaves, treedef = flatten(tuple(result) if is_list else result)
        traced = [self.new(leaf) for leaf in leaves]
        slots, named_slots = _first_unnamed(function, _slots(args), _slots(kwargs))
        draws = {seed: count for seed, (count, _) in before.items()}
        results = tuple(leaf.slot for leaf in traced)
        names = _named(function, slots, named_slots)
        self.operations.append(Operation(function, rule, slots, named_slots, results, tuple(leaves), draws, names))
        made = treedef.unflatten(traced)
        return list(made) if is_list else made


def _first_unnamed(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns a call's arguments with the first not by its name, which is where rules look for what it is about."""
    if args or not kwargs or not isinstance(function, types.FunctionType):
        return args, kwargs
    first = next(iter(inspect.signature(function).parameters.values()))
    if first.name not in kwargs or first.kind is not first.POSITIONAL_OR_KEYWORD:
        return args, kwargs
    return (kwargs[first.name],), {name: value for name, value in kwargs.items() if name != first.name}


def _named(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(function, types.FunctionType):
        return {}
    return dict(inspect.signature(function).bind(*args, **kwargs).arguments)


def _samples(value: Any) -> Any:
    return replaced(value, Traced, lambda traced: traced.sample)


def _slots(value: Any) -> Any:
    return replaced(value, Traced, lambda traced: Slot(traced.slot))


def replaced(value: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Returns arguments with `change` of each value of one type in its place."""
    if type(value) is kind:
        return change(value)
    if type(value) in (tuple, list):
        return type(value)(replaced(part, kind, change) for part in value)
    if type(value) is dict:
        return {key: replaced(part, kind, change) for key, part in value.items()}
    return value


def slots_in(argument: Any) -> list[Slot]:
    """Returns the slots within arguments."""
    if type(argument) in (tuple, list):
        return [slot for part in argument for slot in slots_in(part)]
    if type(argument) is dict:
        return [slot for part in argument.values() for slot in slots_in(part)]
    return [argument] if type(argument) is Slot else []


class _Module(StandIn):
    """Stands in for a module."""

    stands_for_module = True

    def __init__(self, recorder: _Recorder, module: types.ModuleType, proof: Proof) -> None:
        self._recorder, self._module, self._proof = recorder, module, proof

    def __getattr__(self, name: str) -> Any:
        module = self._module
        try:
            value = getattr(module, name)
        except AttributeError:
            raise UnprovenError(f"{module.__name__} has no {name}") from None
        self._proof.references.append((lambda: getattr(module, name), value))
        replaced = self._recorder.replace(value, self._proof)
        if replaced is not None:
            return replaced
        if isinstance(value, int | float | str | np.dtype | type(None)) or (
            isinstance(value, type) and issubclass(value, np.generic)
        ):
            return value
        raise UnprovenError(f"it calls {module.__name__}.{name}(), which is not known to work on blocks")


class _Recorded(StandIn):
    """Stands in for a function that has a rule."""

    def __init__(self, recorder: _Recorder, function: Callable[..., Any], rule: Callable[..., Any]) -> None:
        self._recorder, self._function, self._rule = recorder, function, rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._recorder.record(self._function, *args, **kwargs)


def take_item(value: Any, key: Any) -> Any:
    """Returns `value[key]`."""
    return value[key]


def change_dtype(value: Any, dtype: Any) -> Any:
    """Returns `value.astype(dtype)`."""
    return value.astype(dtype)


def change_shape(value: Any, shape: Any) -> Any:
    """Returns `value.reshape(shape)`."""
    return value.reshape(shape)


def power(base: Any, exponent: Any) -> Any:
    """Returns `base**exponent`, which NumPy computes in other ways than `np.power` where the exponent is a constant."""
    return base**exponent


class Traced:
    """A value whose uses are noted.

    Args:
        recorder: where they are noted.
        slot: the value's number.
        sample: what it is for the element that is traced.
    """

    __slots__ = ("recorder", "sample", "slot")

    def __init__(self, recorder: _Recorder, slot: int, sample: Any) -> None:
        self.recorder, self.slot, self.sample = recorder, slot, sample

    @property
    def shape(self) -> tuple[int, ...]:
        self.recorder.looked_at_shapes = True
        return self._numbers().shape

    @property
    def ndim(self) -> int:
        return self._numbers().ndim

    @property
    def dtype(self) -> np.dtype:
        return self._numbers().dtype

    def _numbers(self) -> Any:
        if isinstance(self.sample, bytes | PackedStrings):
            raise UnprovenError("it computes with strings")
        return self.sample

    def astype(self, dtype: Any, *, copy: bool = True) -> Any:  # nothing is changed: a copy is as good as none
        self._numbers()
        return self.recorder.record(change_dtype, self, np.dtype(dtype))

    def reshape(self, *shape: Any) -> Any:
        self._numbers()
        lengths = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        if not all(type(length) is int for length in lengths):
            raise UnprovenError("it computes a shape")
        return self.recorder.record(change_shape, self, tuple(lengths))

    def __getitem__(self, key: Any) -> Any:
        parts = key if type(key) is tuple else (key,)
        if not all(_is_plain_index(part) for part in parts):
            raise UnprovenError("it picks by a value, as in x[x > 0] or x[i] (np.where may do)")
        self._numbers()
        return self.recorder.record(take_item, self, key)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            raise UnprovenError(f"it calls {ufunc.__name__} with more than values")
        return self.recorder.record(ufunc, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise UnprovenError(f"it calls {function.__name__}()")

    def __getattr__(self, name: str) -> Any:
        return method_of(self, name)


def _refusing(reason: str) -> Callable[..., Any]:
    def refuse(self: Traced, *others: Any) -> Any:
        raise UnprovenError(reason)

    return refuse


for _names, _reason in {
    "bool": "it asks whether a value is true",
    "len": "it asks for the length of a value (x.shape[0] may do)",
    "iter contains": "it goes through the values of an array",
    "int float index complex": "it makes a number of Python's of a value",
    "array": "it hands a value to a function that is not known to work on blocks",
    "call": "it calls a value",
    "setitem": "it changes a value in place",
    "hash": "it looks a value up",
    "str repr format bytes": "it makes a string of a value",
    "round": "it calls round() (write np.round)",
    "divmod rdivmod": "it calls divmod() (write x // y and x % y)",
    "matmul rmatmul": "it multiplies matrices, whose products may be added up in another order on blocks",
}.items():
    for _name in _names.split():
        setattr(Traced, f"__{_name}__", _refusing(_reason))


def _is_plain_index(part: Any) -> bool:
    if type(part) is slice:
        return all(bound is None or type(bound) is int for bound in (part.start, part.stop, part.step))
    return part is None or part is Ellipsis or type(part) is int


def _operator(function: Callable[..., Any], swapped: bool = False) -> Callable[[Traced, Any], Any]:
    def apply(self: Traced, other: Any) -> Any:
        if not isinstance(other, Traced | int | float | np.generic | np.ndarray):
            # Python would compare by identity then, and the answer would be the same for every element.
            raise UnprovenError(f"it combines a value with a {type(other).__name__}")
        self._numbers()
        return self.recorder.record(function, *((other, self) if swapped else (self, other)))

    return apply


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift,
    "rshift": np.right_shift, "pow": power,
}  # fmt: skip
for _name, _function in _ARITHMETIC.items():
    setattr(Traced, f"__{_name}__", _operator(_function))
    setattr(Traced, f"__r{_name}__", _operator(_function, swapped=True))
for _name, _ufunc in {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}.items():  # fmt: skip
    setattr(Traced, f"__{_name}__", _operator(_ufunc))


def _unary(ufunc: np.ufunc) -> Callable[[Traced], Any]:
    def apply(self: Traced) -> Any:
        self._numbers()
        return self.recorder.record(ufunc, self)

    return apply


for _name, _change in {"neg": np.negative, "abs": np.absolute, "invert": np.invert}.items():
    setattr(Traced, f"__{_name}__", _unary(_change))
