"""from_list: a list of elements as a dataset."""

from __future__ import annotations

from feedline.dataset import Dataset
from feedline.dataset.base import check_name
from feedline.errors import ArgumentError
from feedline.origin import user_origin
from feedline.structure import flatten


def from_list(elements: list, name: str | None = None) -> Dataset:
    """Returns the dataset of the elements of a list, whose arrays may differ in their lengths.

    Args:
        elements: the elements, of one structure.
        name: not used; `tf.data` has it.

    Raises:
        ArgumentError: it is no list, or empty.
        StructureError: an element has another structure than the first, or no components.
        DtypeError: a component has another dtype than the first one's.

    Example:
        >>> import feedline as fl
        >>> [(int(number), text) for number, text in fl.experimental.from_list([(1, "a"), (2, "b")])]
        [(1, b'a'), (2, b'b')]
    """
    from feedline.sources.arrays import slices_of_elements

    check_name(name, fix="Give all elements in one list.")
    if not isinstance(elements, list) or not elements:
        raise ArgumentError(
            f"from_list() was given {elements!r:.60}.", fix="Give a list of at least one element, or use range(0)."
        )
    if not flatten(elements[0])[0]:
        raise ArgumentError("the elements of the list hold nothing.", fix="Give elements with at least one array.")
    return Dataset(slices_of_elements(elements, user_origin()))
