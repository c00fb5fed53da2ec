"""group_by_reducer: a state for each key, that every element of the key changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import FeedlineError
from feedline.nodes.arity import called, check_arity, check_roles, function_name
from feedline.nodes.base import Failure
from feedline.nodes.group_by_window import whole_key
from feedline.nodes.scan import STATE_ROLES, same_state
from feedline.nodes.streamed import StreamedNode, arguments_of, call_user
from feedline.structure import as_component, map_structure

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class GroupByReducer(StreamedNode):
    """Gives, when all elements have come, what was made of those of each key, in the order of the keys.

    Args:
        key_function: from element to its key, a whole number.
        first_state: from the key to the state before its first element.
        reduce_function: from state and element to the new state.
        last_function: from the last state to what is given.
        seed: keys the random numbers drawn inside the functions.
    """

    key_function: Callable[..., Any]
    first_state: Callable[..., Any]
    reduce_function: Callable[..., Any]
    last_function: Callable[..., Any]
    seed: int

    name = "group_by_reducer"

    def check_parents(self) -> None:
        check_arity(self.key_function, self)
        check_roles(self.first_state, 1, "the key", self)
        check_roles(self.reduce_function, 2, STATE_ROLES, self)

    def label(self) -> str:
        return f"group_by_reducer({function_name(self.key_function)})"

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        states: dict[int, Any] = {}
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                if isinstance(element, Failure):
                    yield element
                    continue
                try:
                    self._take_in(states, element, epoch, position)
                except FeedlineError as error:  # the states stay as they were before this element
                    yield Failure(error)
        for position, key in enumerate(sorted(states)):
            try:
                state = states.pop(key)
                given = call_user(self.last_function, arguments_of(state), self, epoch, position, None, "the state")
            except FeedlineError as error:
                yield Failure(error)
            else:
                yield given

    def _take_in(self, states: dict[int, Any], element: Any, epoch: int, position: int) -> None:
        key = whole_key(
            call_user(self.key_function, arguments_of(element), self, epoch, position, self.seed),
            called(self.key_function),
        )
        if key in states:
            state = states[key]
        else:
            made = call_user(self.first_state, (np.int64(key),), self, epoch, position, None, "the key")
            state = map_structure(as_component, made)
        result = call_user(self.reduce_function, (state, element), self, epoch, position, self.seed, STATE_ROLES)
        states[key] = same_state(state, result, self.reduce_function, self.name)
