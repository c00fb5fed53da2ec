"""Elements on their way to a device: the next ones are sent there before they are asked for.

Copies to a device, and what is computed on it, go on by themselves while Python waits for neither. So that the device
never waits for data, some elements more than were asked for are always under way.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from feedline.errors import FeedlineError, StructureError
from feedline.nested import DatasetComponent
from feedline.run.iterator import DatasetIterator
from feedline.structure import Treedef, component_names, flatten


class Carrier(Protocol):
    """Takes elements to a device."""

    def send(self, components: list[Any], treedef: Treedef) -> Any:
        """Begins to send an element.

        Args:
            components: its components.
            treedef: its structure.

        Returns:
            What `receive` wants.
        """

    def receive(self, sent: Any) -> list[Any]:
        """Returns the components as the user gets them."""

    def close(self) -> None:
        """Waits for what is under way, which nobody will receive."""


class LookAhead:
    """The elements of one epoch, on a device.

    What fails does so in its place: the elements before it are given first.

    Args:
        iterator: gives the elements.
        carrier: takes them to the device.
        depth: how many are sent before they are asked for.
    """

    def __init__(self, iterator: DatasetIterator, carrier: Carrier, depth: int) -> None:
        self._iterator = iterator
        self._carrier = carrier
        self._depth = depth
        self._number = 0
        self._given = 0
        self._sent: deque[tuple[Any, Treedef]] = deque()
        self._failure: Exception | None = None
        self._ended = False

    def __iter__(self) -> LookAhead:
        return self

    def __next__(self) -> Any:
        while not self._ended and len(self._sent) <= self._depth:
            try:
                self._sent.append(self._send(next(self._iterator)))
            except StopIteration:
                self._ended = True
            except Exception as error:
                self._ended, self._failure = True, error
        if not self._sent:
            self.close()
            failure, self._failure = self._failure, None
            raise failure or StopIteration
        sent, treedef = self._sent[0]
        components = self._carrier.receive(sent)  # where an interrupt comes here, the element is still to be had
        self._sent.popleft()
        self._given += 1
        return treedef.unflatten(components)

    def _send(self, element: Any) -> tuple[Any, Treedef]:
        self._number += 1
        components, treedef = flatten(element)
        try:
            return self._carrier.send(components, treedef), treedef
        except FeedlineError as error:
            error.add_where(f"element {self._number - 1} of the dataset")
            raise

    def state_dict(self) -> dict[str, Any]:
        """Returns where the iteration is, as `DatasetIterator.state_dict` does; what was sent ahead was not given."""
        return {**self._iterator.state_dict(), "given": self._given}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state, as `DatasetIterator.load_state_dict` does.

        Raises:
            StateError: it is no state, or that of another pipeline; the iterator stays where it is.
        """
        self._iterator.load_state_dict(state)
        self._number = self._given = int(state["given"])
        self._sent.clear()
        self._failure, self._ended = None, False

    def close(self) -> None:
        """Ends the iteration and lets go of its threads, files and generators."""
        self._ended = True
        self._iterator.close()
        self._sent.clear()
        self._carrier.close()


def is_text(component: Any) -> bool:
    """Says whether a component is a string, or strings in an array of any kind, which no device takes."""
    return isinstance(component, bytes) or component.dtype == object


def check_no_datasets(components: list[Any], treedef: Treedef, framework: str) -> None:
    """Checks that no component of an element is itself a dataset.

    Args:
        components: the components.
        treedef: the element's structure.
        framework: whose arrays they are to become.

    Raises:
        StructureError: one is.
    """
    for number, component in enumerate(components):
        if isinstance(component, DatasetComponent):
            raise StructureError(
                f"{component_names(treedef)[number]} is a dataset, and {framework} gets arrays.",
                fix="Make elements of it: flat_map(lambda window: window.batch(n)).",
            )
