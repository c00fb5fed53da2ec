"""Given: what a dataset gives to `fit`, component by component, as Keras splits it in x, y and sample_weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import optree

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.plan import written
from feedline.check.statistics import Statistics
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, dtype_name, string
from feedline.structure import flatten

ROLES = ("x", "y", "sample_weight")

Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """One component of what a dataset gives to `fit`.

    Args:
        name: as messages call it: "x['image']".
        role: "x", "y" or "sample_weight".
        path: the keys and positions that lead to it within its role.
        shape: the shape of a single element, None for lengths that vary; None where it is not known.
        dtype: its dtype.
        dense: whether it is neither ragged nor sparse nor a dataset.
        component: its values; None where none were looked at.
        elements: the elements that these are of.
    """

    name: str
    role: str
    path: tuple[Any, ...]
    shape: Shape | None
    dtype: np.dtype
    dense: bool
    component: Component | None
    elements: Elements | None = None

    @property
    def key(self) -> str:
        """The key under which it is given, where that is text."""
        return self.path[-1] if self.path and isinstance(self.path[-1], str) else ""

    @property
    def is_text(self) -> bool:
        """Whether it holds strings."""
        return self.dtype == string

    @property
    def is_float(self) -> bool:
        """Whether it holds floats."""
        return self.dtype.kind == "f" or self.dtype.name == "bfloat16"

    @property
    def is_number(self) -> bool:
        """Whether it holds integers, floats or bools, and is dense."""
        return self.dense and (self.is_float or self.dtype.kind in "iub")

    @property
    def values(self) -> Statistics | None:
        """What its values are like; None where none were looked at, or they are no integers or floats."""
        if self.component is None or not self.dense or not self.component.statistics.count:
            return None
        return self.component.statistics

    @property
    def told(self) -> str:
        """Its name, dtype and shape, for `seen`: "y is int64 of the shape () an element"."""
        return f"{self.name} is {dtype_name(self.dtype)} of the shape {self.shape} an element"

    def where(self, matches: Callable[[np.ndarray], Any]) -> list[str]:
        """Returns where the first value that is meant is; empty where none is.

        Args:
            matches: says of the values of a single element which are meant, or whether it is.
        """
        if self.component is None or self.elements is None:
            return []
        for row, value in enumerate(self.component.rows):
            if np.any(matches(np.asarray(value))):
                return [self.elements.where_row(row)]
        return []


class Given:
    """What a dataset gives to `fit`.

    Args:
        context: of the dataset.

    Attributes:
        structure: the elements' structure, of specs; None where it is not known: then there are no parts.
        parts: all components, in their order.
        batched: whether the elements are batches.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.structure = context.spec()
        self.batched = context.plan.gives_batches(context.plan.last) or context.sample.output.batched
        self.parts: tuple[Part, ...] = () if self.structure is None else tuple(self._parts())

    @property
    def is_tuple(self) -> bool:
        """Whether the elements are tuples, which Keras splits."""
        return isinstance(self.structure, tuple)

    def of(self, role: str) -> tuple[Part, ...]:
        """Returns the components of a role."""
        return tuple(part for part in self.parts if part.role == role)

    def structure_of(self, role: str) -> Any:
        """Returns the specs of a role in their structure; None where the elements have none of it."""
        if not self.is_tuple:
            return self.structure if role == "x" else None
        index = ROLES.index(role)
        return self.structure[index] if index < len(self.structure) else None

    def step(self, role: str = "x") -> Node:
        """Returns the step that a finding is about: the last `map` of the user's, else the source."""
        maps = [node for node in self.context.plan.chain if isinstance(node, Map)]
        return maps[-1] if maps else self.context.plan.chain[0]

    def mapped(self, part: Part, expression: str) -> str:
        """Returns the `map` that changes one component, as the user would write it.

        Args:
            part: the component.
            expression: its new value, with {} for the old one: "fl.one_hot({}, 10)".
        """
        names = ("x", "y", "w")[: len(self.structure) if self.is_tuple else 1]
        name = names[ROLES.index(part.role)] if self.is_tuple else "x"
        old = name + "".join(f"[{key!r}]" for key in part.path)
        new = expression.format(old)
        if part.path and isinstance(part.path[0], str):
            inner = new if len(part.path) == 1 else "..."
            new = f"{{**{name}, {part.path[0]!r}: {inner}}}"
        elif part.path:
            count = len(self.structure_of(part.role))
            items = [new if index == part.path[0] else f"{name}[{index}]" for index in range(count)]
            new = f"({', '.join(items)})"
        values = [new if each == name else each for each in names]
        result = f"({', '.join(values)}{',' if len(values) == 1 else ''})" if self.is_tuple else values[0]
        return f".map(lambda {', '.join(names)}: {result})"

    def written_map(self, part: Part, expression: str) -> str:
        """Returns a `map` with its place: ".map(lambda x, y: ...) in front of .batch(32)"."""
        return self.mapped(part, expression) + self.in_front

    @property
    def in_front(self) -> str:
        """Where a step for single elements goes: " in front of .batch(32)"; "" without batches."""
        batch = self.context.plan.batch
        return f" in front of {written(batch)}" if batch is not None else ""

    def _parts(self) -> list[Part]:
        structure = self.structure
        if self.is_tuple and not 1 <= len(structure) <= len(ROLES):
            return []
        specs, treedef = flatten(structure)
        output, single = self.context.sample.output, self._single
        found = []
        for index, (spec, path) in enumerate(zip(specs, optree.treespec_paths(treedef), strict=True)):
            role, rest = (ROLES[path[0]], path[1:]) if self.is_tuple else ("x", path)
            elements = output
            if single is not None and len(single.components) == len(specs):
                scalar = all(shape == () for shape in single.components[index].statistics.shapes)
                elements = single if scalar or not output.count else output
            component = elements.components[index] if len(elements.components) == len(specs) else None
            dense = not isinstance(spec, RaggedTensorSpec | SparseTensorSpec) and hasattr(spec, "shape")
            shape = self._row_shape(spec, component) if dense else None
            name = role + "".join(f"[{key!r}]" for key in rest)
            dtype = getattr(spec, "dtype", np.dtype(object))
            found.append(Part(name, role, tuple(rest), shape, dtype, dense and shape is not None, component, elements))
        return found

    @cached_property
    def _single(self) -> Elements | None:
        """The single elements, where nothing but batching follows them: more of them were looked at than of batches."""
        plan = self.context.plan
        if plan.batch is None or plan.elements not in plan.before(plan.last):
            return None
        return None if any(node.works for node in plan.after(plan.batch)) else self.context.sample.elements

    def _row_shape(self, spec: Any, component: Component | None) -> Shape | None:
        """Returns the shape of a single element: None for the lengths in which those that were looked at differ."""
        if component is not None and component.values:
            shapes = list(component.statistics.row_shapes)
            if not shapes or len({len(shape) for shape in shapes}) != 1:
                return None
            return tuple(lengths[0] if len(set(lengths)) == 1 else None for lengths in zip(*shapes, strict=True))
        if spec.shape is None or (self.batched and not spec.shape):
            return None
        return tuple(spec.shape[1:] if self.batched else spec.shape)
