"""Elements that were looked at, at one stage of a plan: their components, by role and name, with statistics."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import numpy as np
import optree

from feedline.block import Block
from feedline.check.statistics import Statistics
from feedline.nodes.base import Node
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import TensorSpec
from feedline.strings import as_plain_array

Role = Literal["x", "y", "sample_weight"]

LABEL_NAMES = frozenset({"label", "labels", "y", "target", "targets", "class", "classes", "category", "class_id"})
"""Keys of a dict that hold labels, in small letters."""

_WEIGHT_NAMES = frozenset({"sample_weight", "sample_weights", "weight", "weights"})


class Component:
    """One component of the elements at a stage.

    Args:
        name: how the user knows it: "x", "y", "x['image']", "the element".
        key: the last key of its path, where it is text ("image"); else "".
        role: what Keras takes it for; a dict's labels and weights are known by their keys. None where the elements
            are no (x, y) pairs.
        index: which of the components it is.
        values: its value in each element: arrays, NumPy scalars, bytes, ragged or sparse tensors.
        batched: whether these values are batches.
    """

    def __init__(self, name: str, key: str, role: Role | None, index: int, values: list[Any], batched: bool) -> None:
        self.name = name
        self.key = key
        self.role = role
        self.index = index
        self.values = values
        self.batched = batched

    @cached_property
    def rows(self) -> list[Any]:
        """Its value in each single element: the rows of the batches where it is batched, else the values."""
        return self.values if not self.batched else [row for value in self.values for row in rows_of(value)]

    @cached_property
    def statistics(self) -> Statistics:
        """What its values are like, of all elements together."""
        return Statistics(self.values, self.batched)

    @cached_property
    def hashes(self) -> list[bytes]:
        """A digest of each row: equal for equal bytes, shape and dtype."""
        return [digest(row) for row in self.rows]

    @property
    def dtype(self) -> np.dtype | None:
        """The dtype; None where nothing was looked at."""
        return self.statistics.dtype

    @property
    def is_image(self) -> bool:
        """Whether each row has the shape of an image: (height, width, 1, 3 or 4), at least 8 by 8."""
        shapes = self.statistics.row_shapes
        return bool(shapes) and all(
            len(shape) == 3 and min(shape[0] or 0, shape[1] or 0) >= 8 and shape[2] in (1, 3, 4) for shape in shapes
        )

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self.values)} values, {self.dtype}>"


class Elements:
    """The elements that were looked at, as one node gives them.

    Args:
        node: the node.
        positions: int64 `(count,)`, each element's position, or its number in a stream.
        epochs: int64 `(count,)`.
        blocks: the elements, in the order of the positions.
        batched: whether each is a batch.
    """

    def __init__(
        self, node: Node, positions: np.ndarray, epochs: np.ndarray, blocks: list[Block], batched: bool
    ) -> None:
        self.node = node
        self.positions = positions
        self.epochs = epochs
        self.blocks = blocks
        self.count = len(positions)
        self.batched = batched

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks:
            plain = block.plain()
            for row in range(plain.length):
                yield plain.row(row)

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """All components, in the order of the structure."""
        if not self.blocks:
            return ()
        found = []
        for index, (name, key, role) in enumerate(described(self.blocks[0].treedef)):
            values = [value for block in self.blocks for value in values_of(block.columns[index], block.length)]
            found.append(Component(name, key, role, index, values, self.batched))
        return tuple(found)

    def with_role(self, role: Role) -> tuple[Component, ...]:
        """Returns the components of a role: "x", "y" or "sample_weight"."""
        return tuple(component for component in self.components if component.role == role)

    @property
    def inputs(self) -> tuple[Component, ...]:
        """The components that a model takes; all of them where the elements are no pairs."""
        return tuple(component for component in self.components if component.role in ("x", None))

    @property
    def labels(self) -> tuple[Component, ...]:
        """The components that are labels."""
        return self.with_role("y")

    @property
    def rows(self) -> int:
        """How many single elements these are: the rows of all batches."""
        first = self.components[0] if self.components else None
        return 0 if first is None else len(first.rows)

    def where(self, index: int, row: int | None = None) -> str:
        """Says which element one of these is, with its source: "element 3, which is record 3 of a.tfrecord".

        Args:
            index: which of these, from 0.
            row: which row of it, where it is a batch.
        """
        position, epoch = int(self.positions[index]), int(self.epochs[index])
        kind = "batch" if self.batched else "element"
        place = f"{kind} {position}" + (f", row {row}" if row is not None else "")
        try:
            source = self.node.source_of(position, epoch, row)
        except Exception:  # a file that has gone: the place is told all the same
            source = ""
        return place + (f", which is {source}" if source else "")

    def where_row(self, row: int) -> str:
        """Says where a row of `Component.rows` is, as `where`.

        Args:
            row: its number among the rows of all these elements.
        """
        if not self.batched:
            return self.where(row)
        for index, value in enumerate(self.components[0].values):
            length = len(rows_of(value))
            if row < length:
                return self.where(index, row)
            row -= length
        return ""


def described(treedef: Any) -> list[tuple[str, str, Role | None]]:
    """Returns for each component of a structure its name, the last key of its path, and its role.

    Example:
        >>> from feedline.structure import flatten
        >>> described(flatten(({"image": 0, "size": 0}, 0))[1])
        [("x['image']", 'image', 'x'), ("x['size']", 'size', 'x'), ('y', '', 'y')]
        >>> described(flatten({"image": 0, "label": 0})[1])
        [("element['image']", 'image', 'x'), ("element['label']", 'label', 'y')]
    """
    structure = treedef.unflatten(range(treedef.num_leaves))
    paths = optree.treespec_paths(treedef)
    pairs = type(structure) is tuple and 2 <= len(structure) <= 3
    roles: tuple[Role, ...] = ("x", "y", "sample_weight")
    found: list[tuple[str, str, Role | None]] = []
    for path in paths:
        key = path[-1] if path and isinstance(path[-1], str) else ""
        if pairs:
            role = roles[path[0]]
            found.append((role + _text_of(path[1:]), key, role))
        elif type(structure) is tuple and len(structure) == 1:
            found.append(("x" + _text_of(path[1:]), key, "x"))
        elif isinstance(structure, dict) and path:
            found.append(("element" + _text_of(path), key, _role_by_key(str(path[0]))))
        else:
            found.append(("element" + _text_of(path) if path else "the element", key, None))
    return found


def _role_by_key(key: str) -> Role:
    small = key.lower()
    if small in LABEL_NAMES or small.endswith(("_label", "_labels", "_target", "_targets")):
        return "y"
    return "sample_weight" if small in _WEIGHT_NAMES else "x"


def _text_of(path: tuple[Any, ...]) -> str:
    return "".join(f"[{key!r}]" for key in path)


def values_of(column: Any, length: int) -> list[Any]:
    """Returns the values of a column of a block, one an element."""
    column = as_plain_array(column)
    return [as_plain_array(column[index]) for index in range(length)]


def rows_of(value: Any) -> Any:
    """Returns the rows of a batch."""
    if isinstance(value, SparseTensor):
        return [value]  # a batch of sparse rows is looked at as a whole
    if isinstance(value, RaggedTensor):
        return [value[row] for row in range(int(value.shape[0] or 0))]
    return value if isinstance(value, np.ndarray) and value.ndim else [value]


def bytes_of(spec: Any) -> int | None:
    """Returns how many bytes a spec's value takes; None where its shape leaves that open, and for strings.

    Example:
        >>> import feedline as fl
        >>> bytes_of(fl.TensorSpec((2, 3), "float64")), bytes_of(fl.TensorSpec((None, 3), "float64"))
        (48, None)
    """
    if not isinstance(spec, TensorSpec) or spec.shape is None or None in spec.shape or spec.dtype.kind not in "biufc":
        return None
    return math.prod(size for size in spec.shape if size is not None) * spec.dtype.itemsize


def digest(value: Any) -> bytes:
    """Returns a digest of a component's value: of its bytes, shape and dtype."""
    state = hashlib.blake2b(digest_size=12)
    if isinstance(value, bytes):
        state.update(value)
    elif isinstance(value, RaggedTensor):
        state.update(digest(value.values) + digest(np.asarray(value.row_splits)))
    elif isinstance(value, SparseTensor):
        state.update(digest(value.indices) + digest(value.values) + digest(value.dense_shape))
    else:
        array = np.asarray(value)
        state.update(f"{array.dtype} {array.shape}".encode())
        if array.dtype == object:
            for each in array.reshape(-1).tolist():
                state.update(digest(each))
        else:
            state.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data if array.size else b"")
    return state.digest()
