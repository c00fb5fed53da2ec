"""scan and take_while: what depends on the elements before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedline.errors import DtypeError, FeedlineError, StructureError
from feedline.nodes.arity import called, check_arity, check_roles, function_name
from feedline.nodes.base import Failure
from feedline.nodes.filter import truth_of
from feedline.nodes.streamed import StreamedNode, arguments_of, call_user
from feedline.spec import dtype_name
from feedline.structure import as_component, component_dtype, component_names, describe_tree, flatten, places_in

if TYPE_CHECKING:
    from feedline.run.context import Run


STATE_ROLES = "the state and the element"


def same_state(state: Any, new_state: Any, function: Callable[..., Any], stage: str) -> Any:
    """Returns a new state, checked to be like the one before it.

    Raises:
        StructureError: it has another structure.
        DtypeError: a component has another dtype.
    """
    old_leaves, treedef = flatten(state)
    new_leaves, new_treedef = flatten(new_state)
    places = places_in(new_treedef, treedef)
    if places is None:
        raise StructureError(
            f"{called(function)} in {stage} returned a state of {describe_tree(new_treedef)} "
            f"where the state before was {describe_tree(treedef)}.",
            fix="Return the state in the structure of initial_state.",
        )
    components = []
    for name, old, place in zip(component_names(treedef), old_leaves, places, strict=True):
        component = as_component(new_leaves[place])
        if component_dtype(component) != component_dtype(old):
            raise DtypeError(
                f"{called(function)} in {stage} returned {dtype_name(component_dtype(component))} for {name} of the "
                f"state where it was {dtype_name(component_dtype(old))}.",
                fix="Keep the state's dtype, or give initial_state in the dtype that the function returns.",
            )
        components.append(component)
    return treedef.unflatten(components)


@dataclass(frozen=True, eq=False)
class Scan(StreamedNode):
    """Carries a state from element to element.

    Args:
        initial_state: the state before the first element.
        function: from state and element to (new state, element given).
        seed: keys the random numbers drawn inside the function.
    """

    initial_state: Any
    function: Callable[..., Any]
    seed: int

    name = "scan"

    def check_parents(self) -> None:
        check_roles(self.function, 2, STATE_ROLES, self)

    def label(self) -> str:
        return f"scan({function_name(self.function)})"

    def cardinality(self) -> int:
        return self.parents[0].cardinality()

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        state = self.initial_state
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                if isinstance(element, Failure):
                    yield element
                    continue
                try:
                    state, given = self._step(state, element, epoch, position)
                except FeedlineError as error:  # the state stays as it was before this element
                    yield Failure(error)
                else:
                    yield given

    def _step(self, state: Any, element: Any, epoch: int, position: int) -> tuple[Any, Any]:
        """Returns the new state, and what is given for an element."""
        result = call_user(self.function, (state, element), self, epoch, position, self.seed, STATE_ROLES)
        if not isinstance(result, tuple) or len(result) != 2:
            raise StructureError(
                f"{called(self.function)} in scan returned {result!r:.60}, not a pair.",
                fix="Return (new_state, output).",
            )
        return same_state(state, result[0], self.function, "scan"), result[1]


@dataclass(frozen=True, eq=False)
class TakeWhile(StreamedNode):
    """The elements up to the first for which a function returns False.

    Args:
        predicate: the function.
        seed: keys the random numbers drawn inside the function.
    """

    predicate: Callable[..., Any]
    seed: int

    name = "take_while"
    spec_costs = False

    def check_parents(self) -> None:
        check_arity(self.predicate, self)

    def label(self) -> str:
        return f"take_while({function_name(self.predicate)})"

    def spec(self) -> Any:
        return self.parents[0].spec()

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                if isinstance(element, Failure):
                    yield element
                    continue
                try:
                    answer = call_user(self.predicate, arguments_of(element), self, epoch, position, self.seed)
                    stays = truth_of(answer, self.predicate, "take_while")
                except FeedlineError as error:
                    yield Failure(error)
                    continue
                if not stays:
                    return
                yield element
